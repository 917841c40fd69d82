-- A load is what one command was asked for, and a source is a part of it: a file, a pipe. What the ledger says of a
-- source moves from its load to a row of its own. A load of before this migration becomes a load of one source.
--
-- Every statement may run again after a crash between any two of them. The last one drops the column that they ask for.

-- A run of an older chatload writes nothing more from here on, because its load has no owner. The owner 'nobody' marks
-- a load that is half forgotten, and stays.
-- if: `chatload_loads`.`source_key`
UPDATE `chatload_loads` SET `owner` = '' WHERE `state` <> 'done' AND `owner` <> 'nobody';

CREATE TABLE IF NOT EXISTS `chatload_sources` (
  `load_id` BIGINT UNSIGNED NOT NULL,
  `source` INT UNSIGNED NOT NULL,     -- its place in the load, from 1: the order of the lines is (source, line)
  `target_table` VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- What finds the source again: a digest of size, head and tail; with --source-id its name; else unique.
  `source_key` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `attempt` INT UNSIGNED NOT NULL,    -- 1, and one more each time that it is loaded anew
  `name` TEXT NOT NULL,               -- as the user wrote it, last
  `name_digest` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin,   -- XXH3-128 of that
  `stamp` VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin,     -- device, inode, size and times of a file
  `digest` VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin,     -- of all compressed bytes, once they are read
  `bytes` BIGINT UNSIGNED,            -- compressed, where known beforehand
  `state` VARCHAR(16) NOT NULL,       -- waiting, done, failed or released: no longer a part of the load
  `why` TEXT,                         -- what ended it, where it failed
  `superseded_by` BIGINT UNSIGNED,    -- the load that has it in place of this one
  -- Once it is read to its end. What became of its valid lines is known of a load in file order: where its rows are
  -- sorted, that is the load's alone.
  `ranges` BIGINT UNSIGNED,
  `lines` BIGINT UNSIGNED,
  `valid` BIGINT UNSIGNED,
  `filtered` BIGINT UNSIGNED,
  `rejected` BIGINT UNSIGNED,
  `blank` BIGINT UNSIGNED,
  `inserted` BIGINT UNSIGNED,
  `updated` BIGINT UNSIGNED,
  `duplicate` BIGINT UNSIGNED,
  PRIMARY KEY (`load_id`, `source`),
  UNIQUE KEY `source_key` (`target_table`, `source_key`, `attempt`),
  KEY `name` (`target_table`, `name_digest`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- The order in which the load's rows are written: file or key.
ALTER TABLE `chatload_loads` ADD COLUMN `order` VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'file';

-- When the set of a load in key order was fixed: its rows were sorted together, so that it needs all of its sources.
ALTER TABLE `chatload_loads` ADD COLUMN `frozen_at` DATETIME(6);

-- When the last line was in, so that only the indexes were left to be built.
ALTER TABLE `chatload_loads` ADD COLUMN `all_read_at` DATETIME(6);

-- What the row is: a range, or a stretch.
ALTER TABLE `chatload_ranges` ADD COLUMN `kind` VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'range';

-- Of a stretch, whose rows come from any source, 0. The key changes with the column, in one statement.
ALTER TABLE `chatload_ranges` ADD COLUMN `source` INT UNSIGNED NOT NULL DEFAULT 1,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (`load_id`, `source`, `range_number`);

-- The text of a line that the server refused may be gone with its source.
ALTER TABLE `chatload_rejects` ADD COLUMN `source` INT UNSIGNED NOT NULL DEFAULT 1,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (`load_id`, `source`, `line`),
  MODIFY COLUMN `raw` LONGBLOB;

-- if: `chatload_loads`.`source_key`
UPDATE `chatload_loads` SET
  `order` = IF(`plan` LIKE '%\norder = "key"\n%', 'key', 'file'),
  `all_read_at` = IF(`state` = 'done' OR `source_digest` IS NOT NULL,
    COALESCE(`all_read_at`, `finished_at`, UTC_TIMESTAMP(6)), NULL);

-- if: `chatload_loads`.`source_key`
UPDATE `chatload_ranges` SET `kind` = IF(`length_bytes` = 0, 'stretch', 'range');

-- A row of a stretch that the server refused, whose text was not filled in yet.
-- if: `chatload_loads`.`source_key`
UPDATE `chatload_rejects` SET `raw` = NULL WHERE `raw` = '' AND `reason` = 'refused_by_server';

-- if: `chatload_loads`.`source_key`
UPDATE `chatload_loads` AS l SET l.`frozen_at` = COALESCE(l.`frozen_at`, l.`all_read_at`, UTC_TIMESTAMP(6))
  WHERE l.`order` = 'key' AND (l.`all_read_at` IS NOT NULL
    OR EXISTS (SELECT 1 FROM `chatload_ranges` AS r WHERE r.`load_id` = l.`load_id`));

-- Stretches stood behind the ranges.
-- if: `chatload_loads`.`source_key`
UPDATE `chatload_ranges` AS s JOIN (SELECT `load_id`, COUNT(*) AS `count` FROM `chatload_ranges` WHERE `kind` = 'range'
  GROUP BY `load_id`) AS r ON r.`load_id` = s.`load_id`
  SET s.`range_number` = s.`range_number` - r.`count`, s.`source` = 0
  WHERE s.`kind` = 'stretch' AND s.`source` = 1 AND s.`range_number` >= r.`count`;

-- if: `chatload_loads`.`source_key`
INSERT INTO `chatload_sources` (`load_id`, `source`, `target_table`, `source_key`, `attempt`, `name`, `stamp`, `digest`,
  `bytes`, `state`, `superseded_by`, `ranges`, `lines`, `valid`, `filtered`, `rejected`, `blank`, `inserted`,
  `updated`, `duplicate`)
  SELECT `load_id`, 1, `target_table`, `source_key`, `attempt`, `source`, `source_stamp`, `source_digest`,
    `source_bytes`, CASE WHEN `state` = 'done' OR `source_digest` IS NOT NULL THEN 'done'
    WHEN `state` = 'failed' THEN 'failed' ELSE 'waiting' END, `superseded_by`, `ranges`, `lines`,
    `inserted` + `updated` + `duplicate`, `filtered`, `rejected`, `blank`, IF(`order` = 'file', `inserted`, NULL),
    IF(`order` = 'file', `updated`, NULL), IF(`order` = 'file', `duplicate`, NULL) FROM `chatload_loads`
  ON DUPLICATE KEY UPDATE `attempt` = `chatload_sources`.`attempt`;

-- if: `chatload_loads`.`source_key`
ALTER TABLE `chatload_loads` DROP KEY `source_key`,
  DROP COLUMN `source_key`,
  DROP COLUMN `attempt`,
  DROP COLUMN `source_stamp`,
  DROP COLUMN `source_digest`,
  DROP COLUMN `source_bytes`;
