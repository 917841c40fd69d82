-- Who may write into a load, and whether its run is alive.
--
-- Every statement may run again after a crash between any two of them. A load of before this migration has no fence and
-- no beat: the run that takes it over makes its fences.

-- The right to write into a load, a row for each connection of its run. A transaction that writes first counts up its
-- connection's row where the token is its own; no such row means that another run has taken the load over, in a
-- transaction that made all of these rows anew. On one server the row's lock decides which of the two comes first; in a
-- cluster, where no lock reaches another node, the change of the same row does.
CREATE TABLE IF NOT EXISTS `chatload_fences` (
  `load_id` BIGINT UNSIGNED NOT NULL,
  `slot` INT UNSIGNED NOT NULL,       -- 0 is the connection that keeps the books, the others write
  `token` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,  -- the load's owner
  `transactions` BIGINT UNSIGNED NOT NULL,  -- that were begun: what each of them changes
  PRIMARY KEY (`load_id`, `slot`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- With --share: counted up all the time by the run that has the load. NULL: its run sends no beat.
ALTER TABLE `chatload_loads` ADD COLUMN `beat` BIGINT UNSIGNED;
