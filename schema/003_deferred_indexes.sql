-- The secondary indexes that a load has dropped to build them once, when its rows are in. A row is written before its
-- index is dropped, and deleted after that is there again; whether it is there, only the table itself says. Any load
-- into the table, and `chatload schema apply`, builds what is missing.
CREATE TABLE IF NOT EXISTS `chatload_indexes` (
  `target_table` VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `index_name` VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `position` INT UNSIGNED NOT NULL,         -- among the table's indexes, whose order is kept
  `definition` TEXT NOT NULL,               -- as SHOW CREATE TABLE has it: KEY `site_id` (`site_id`)
  `noted_at` DATETIME(6) NOT NULL,          -- UTC
  PRIMARY KEY (`target_table`, `index_name`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;
