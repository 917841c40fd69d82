-- Witnesses: keys of rows that were in the table when the ledger said so. Before a run trusts the ledger it looks them
-- up, so that a table that was emptied, dropped or restored is noticed.

-- The key of one row of the range or stretch, as the line has it, in UTF-8. NULL: the range has no row in the table, or
-- was committed before this migration.
ALTER TABLE `chatload_ranges` ADD COLUMN `witness` BLOB;

-- Up to 16 of those, spread over the load, once all lines are in: hexadecimal, with commas between. NULL: the load was
-- done before this migration.
ALTER TABLE `chatload_loads` ADD COLUMN `witnesses` MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin;

-- The server's CREATE_TIME of the table when the load was done: another one means that the table was made or rebuilt
-- since.
ALTER TABLE `chatload_loads` ADD COLUMN `table_made_at` DATETIME;
