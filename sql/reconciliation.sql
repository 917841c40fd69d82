-- Does the table hold what the load's summary says? One row a type, told apart by its bytes ('(none)' where it is NULL,
-- which no load writes), and a last one for the whole ('(all)'): the rows, which after a first load into an empty table
-- equal `inserted`, how many sites and senders they name, the span of time, and a checksum that is the same for the
-- same rows in whatever order they came.
SELECT
  CASE WHEN `type_bytes` IS NULL THEN '(all)' ELSE MIN(`type`) END AS `type`,
  COUNT(*) AS `rows`,
  COUNT(DISTINCT CAST(`site_id` AS BINARY)) AS `sites`,
  COUNT(DISTINCT CAST(`from` AS BINARY)) AS `senders`,
  SUM(CHAR_LENGTH(COALESCE(`data`, '')) = 0) AS `rows_without_text`,
  MIN(UNIX_TIMESTAMP(`timestamp`)) AS `first_epoch`,
  MAX(UNIX_TIMESTAMP(`timestamp`)) AS `last_epoch`,
  -- HEX, so that bytes count and no text can hold the comma between columns; a NULL is a word that HEX cannot give.
  -- CRC32 has 32 bits: different sums prove that rows differ, equal ones only make it unlikely.
  SUM(CRC32(CONCAT_WS(
    ',', HEX(`id`), HEX(`from`), COALESCE(HEX(`nullable_type`), 'NULL'), HEX(`site_id`),
    COALESCE(HEX(`data`), 'NULL'), UNIX_TIMESTAMP(`timestamp`)
  ))) AS `checksum`
FROM (
  SELECT
    `id`,
    `from`,
    COALESCE(`type`, '(none)') AS `type`,
    CAST(COALESCE(`type`, '(none)') AS BINARY) AS `type_bytes`,
    `type` AS `nullable_type`,
    `site_id`,
    `data`,
    `timestamp`
  FROM `chat_messages`
) AS `loaded`
GROUP BY `type_bytes` WITH ROLLUP;
