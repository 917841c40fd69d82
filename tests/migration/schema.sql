-- The table that chatload loads by default; row-contract.md in the documentation says what each column takes.
--
-- One text for both servers. MySQL runs /*!80017 ... */ and takes /*M! ... */ for a comment, MariaDB the other way
-- round. They give `id` the collation that compares bytes and does not pad, so that 'a' and 'a ' are two ids, and keep
-- MariaDB, whatever its settings, from adding DEFAULT and ON UPDATE CURRENT_TIMESTAMP to `timestamp`.
/*M! SET STATEMENT explicit_defaults_for_timestamp = 1 FOR */
CREATE TABLE IF NOT EXISTS `chat_messages` (
  `id` VARCHAR(255) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M! COLLATE utf8mb4_nopad_bin */ NOT NULL,
  `from` VARCHAR(255) NOT NULL,
  `type` VARCHAR(50),
  `site_id` VARCHAR(50) NOT NULL,
  `data` VARCHAR(255) DEFAULT '',
  `timestamp` TIMESTAMP NOT NULL,
  PRIMARY KEY (`id`),
  KEY `site_id` (`site_id`),
  KEY `timestamp` (`timestamp`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- The ledger: which loads there were, which ranges of them are committed, and the lines that were rejected. chatload
-- writes it in the transactions that write the rows; sql/ has queries to read it with.
--
-- Times are UTC.

-- A load is one source into one table, over as many runs as it takes.
CREATE TABLE IF NOT EXISTS `chatload_loads` (
  `load_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `target_table` VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `source` TEXT NOT NULL,             -- as the user wrote it, last
  -- What finds the load again: a digest of size, head and tail; with --source-id its name; else unique.
  `source_key` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `attempt` INT UNSIGNED NOT NULL,    -- 1, and one more for each --restart and --reload
  `source_stamp` VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin, -- device, inode, size and times of a file
  `source_digest` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin,    -- XXH3-128 of all compressed bytes, once they are in
  `source_bytes` BIGINT UNSIGNED,     -- compressed, where known beforehand
  `plan` TEXT NOT NULL,               -- the settings that decide the outcome, as a configuration file of chatload
  `limits` TEXT NOT NULL,             -- what the table's columns held when the load began
  `owner` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,   -- the run that may write; changes hands at once
  `runner` VARCHAR(255) NOT NULL,     -- host and process of that run, for people
  `lock_name` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- IS_USED_LOCK() of it: a run is alive
  `state` VARCHAR(16) NOT NULL,       -- running, done, failed or interrupted
  `superseded_by` BIGINT UNSIGNED,    -- the load that --restart or --reload began in place of this one
  `started_at` DATETIME(6) NOT NULL,
  `finished_at` DATETIME(6),          -- when state last became other than running
  `exit_code` TINYINT UNSIGNED,       -- of the run that finished
  -- Once all lines are in; until then they are the sums over chatload_ranges.
  `ranges` BIGINT UNSIGNED,
  `lines` BIGINT UNSIGNED,
  `inserted` BIGINT UNSIGNED,
  `updated` BIGINT UNSIGNED,
  `duplicate` BIGINT UNSIGNED,
  `filtered` BIGINT UNSIGNED,
  `rejected` BIGINT UNSIGNED,
  `blank` BIGINT UNSIGNED,
  `bytes_compressed` BIGINT UNSIGNED,
  `bytes_decompressed` BIGINT UNSIGNED,
  PRIMARY KEY (`load_id`),
  UNIQUE KEY `source_key` (`source_key`, `target_table`, `attempt`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- A range that is committed, until its load is done; or a stretch: rows of many ranges that follow one another in key
-- order, which has 0 bytes. Of a load in key order, a range has only the lines that make no row.
CREATE TABLE IF NOT EXISTS `chatload_ranges` (
  `load_id` BIGINT UNSIGNED NOT NULL,
  `range_number` BIGINT UNSIGNED NOT NULL,  -- from 0, in file order; stretches, in key order, behind
  `begin_byte` BIGINT UNSIGNED NOT NULL,    -- in the decompressed stream
  `length_bytes` BIGINT UNSIGNED NOT NULL,
  `digest` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,  -- XXH3-128 of its bytes
  `compressed_end` BIGINT UNSIGNED NOT NULL, -- compressed bytes read when the range was cut: how far the load is; of a
                                            -- stretch, such a share of all as its last row's place is of all rows
  `first_line` BIGINT UNSIGNED NOT NULL,    -- from 1
  `lines` BIGINT UNSIGNED NOT NULL,
  `inserted` BIGINT UNSIGNED NOT NULL,
  `updated` BIGINT UNSIGNED NOT NULL,
  `duplicate` BIGINT UNSIGNED NOT NULL,
  `filtered` BIGINT UNSIGNED NOT NULL,
  `rejected` BIGINT UNSIGNED NOT NULL,
  `blank` BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (`load_id`, `range_number`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- A rejected line of a committed range; chatload rejects exports them.
CREATE TABLE IF NOT EXISTS `chatload_rejects` (
  `load_id` BIGINT UNSIGNED NOT NULL,
  `line` BIGINT UNSIGNED NOT NULL,          -- from 1
  `byte_offset` BIGINT UNSIGNED NOT NULL,   -- of the line in the decompressed stream
  `reason` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `field` VARCHAR(64),
  `detail` TEXT,                            -- what is wrong and where, or the server's SQLSTATE and message
  `raw` LONGBLOB NOT NULL,                  -- the line, without its line end
  `raw_is_cut` TINYINT NOT NULL DEFAULT 0,  -- line_too_long only: raw is the line's head and tail, joined
  PRIMARY KEY (`load_id`, `line`),
  KEY `reason` (`load_id`, `reason`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- The files of schema/ that have been applied.
CREATE TABLE IF NOT EXISTS `chatload_migrations` (
  `number` INT UNSIGNED NOT NULL,
  `name` VARCHAR(64) NOT NULL,
  `applied_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`number`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

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

-- Witnesses: keys of rows that were in the table when the ledger said so. Before a run trusts the ledger it looks them
-- up, so that a table that was emptied, dropped or restored is noticed.

-- The key of one row of the range or stretch, as the line has it, in UTF-8. NULL: the range has no row in the table, or
-- was committed before this migration.
SET @add_column = IF(EXISTS(SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
  AND TABLE_NAME = 'chatload_ranges' AND COLUMN_NAME = 'witness'), 'DO 0',
  'ALTER TABLE `chatload_ranges` ADD COLUMN `witness` BLOB');
PREPARE add_column FROM @add_column;
EXECUTE add_column;
DEALLOCATE PREPARE add_column;

-- Up to 16 of those, spread over the load, once all lines are in: hexadecimal, with commas between. NULL: the load was
-- done before this migration.
SET @add_column = IF(EXISTS(SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
  AND TABLE_NAME = 'chatload_loads' AND COLUMN_NAME = 'witnesses'), 'DO 0',
  'ALTER TABLE `chatload_loads` ADD COLUMN `witnesses` MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin');
PREPARE add_column FROM @add_column;
EXECUTE add_column;
DEALLOCATE PREPARE add_column;

-- The server's CREATE_TIME of the table when the load was done: another one means that the table was made or rebuilt
-- since.
SET @add_column = IF(EXISTS(SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
  AND TABLE_NAME = 'chatload_loads' AND COLUMN_NAME = 'table_made_at'), 'DO 0',
  'ALTER TABLE `chatload_loads` ADD COLUMN `table_made_at` DATETIME');
PREPARE add_column FROM @add_column;
EXECUTE add_column;
DEALLOCATE PREPARE add_column;

INSERT INTO `chatload_migrations` (`number`, `name`, `applied_at`) VALUES
  (1, 'chat_messages', UTC_TIMESTAMP(6)),
  (2, 'ledger', UTC_TIMESTAMP(6)),
  (3, 'deferred_indexes', UTC_TIMESTAMP(6)),
  (4, 'witnesses', UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE `number` = `chatload_migrations`.`number`;
