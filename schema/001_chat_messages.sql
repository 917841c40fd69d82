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
