-- The data of lookups that a load began with, so that a run that continues it finds the same.
--
-- By content: loads that looked up the same share its rows. They are needed while a load that is not done has their
-- digest in its plan. Others are removed a day after their last use (ledger/reference_ledger.cc).
CREATE TABLE IF NOT EXISTS `chatload_references` (
  `digest` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,   -- XXH3-128 of the whole text
  `part` INT UNSIGNED NOT NULL,       -- of the text, from 0
  `text` MEDIUMBLOB NOT NULL,         -- as COMPRESS() makes it (ledger/reference_ledger.cc)
  `used_at` DATETIME(6) NOT NULL,     -- when a load last began with it, or up to an hour before
  PRIMARY KEY (`digest`, `part`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;
