-- Does the table hold what the load's summary says? One row a type and one for the whole (type is '(all)'): the rows,
-- which after a first load into an empty table equal `inserted`, how many sites and senders they name, the span of
-- time, and a checksum that is the same for the same rows in whatever order they came.
SELECT
  COALESCE(`type`, '(all)') AS `type`,
  COUNT(*) AS `rows`,
  COUNT(DISTINCT `site_id`) AS `sites`,
  COUNT(DISTINCT `from`) AS `senders`,
  SUM(`data` = '') AS `rows_without_text`,
  MIN(UNIX_TIMESTAMP(`timestamp`)) AS `first_epoch`,
  MAX(UNIX_TIMESTAMP(`timestamp`)) AS `last_epoch`,
  -- HEX, so that no character set and no text can make two different rows alike.
  SUM(CRC32(CONCAT_WS(
    ',', HEX(`id`), HEX(`from`), HEX(`type`), HEX(`site_id`), HEX(`data`), UNIX_TIMESTAMP(`timestamp`)
  ))) AS `checksum`
FROM `chat_messages`
GROUP BY `type` WITH ROLLUP;
