-- How long was each operator in each state, and what are they now? From the status rows: a status holds from its time
-- to the operator's next status; of two at one second the one with the greater id comes later. The last one of each
-- operator is open and adds no time. Operators, states and ids are told apart by their bytes, whatever collations the
-- columns have: 'Online' is not 'online'.
WITH `statuses` AS (
  SELECT
    `from`,
    CAST(`from` AS BINARY) AS `from_bytes`,
    CAST(`id` AS BINARY) AS `id_bytes`,
    COALESCE(`data`, '') AS `state`,
    UNIX_TIMESTAMP(`timestamp`) AS `begins`
  FROM `chat_messages`
  WHERE CAST(`type` AS BINARY) = 'status'
),
`spells` AS (
  SELECT
    `from`,
    `from_bytes`,
    `state`,
    CAST(`state` AS BINARY) = 'online' AS `is_online`,
    `begins`,
    LEAD(`begins`) OVER (PARTITION BY `from_bytes` ORDER BY `begins`, `id_bytes`) AS `ends`
  FROM `statuses`
)
SELECT
  MIN(`from`) AS `operator`,
  COUNT(*) AS `status_changes`,
  COALESCE(SUM(CASE WHEN `is_online` THEN `ends` - `begins` END), 0) AS `online_seconds`,
  COALESCE(SUM(CASE WHEN NOT `is_online` THEN `ends` - `begins` END), 0) AS `other_seconds`,
  MAX(CASE WHEN `ends` IS NULL THEN `state` END) AS `last_state`,
  MAX(`begins`) AS `last_change_epoch`
FROM `spells`
GROUP BY `from_bytes`
ORDER BY `online_seconds` DESC, `from_bytes`;
