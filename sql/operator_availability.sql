-- How long was each operator in each state, and what are they now? From the status rows: a status holds from its time
-- to the operator's next status; of two at one second the one with the greater id comes later. The last one of each
-- operator is open and adds no time.
WITH `spells` AS (
  SELECT
    `from`,
    `data` AS `state`,
    UNIX_TIMESTAMP(`timestamp`) AS `begins`,
    LEAD(UNIX_TIMESTAMP(`timestamp`)) OVER (PARTITION BY `from` ORDER BY `timestamp`, `id`) AS `ends`
  FROM `chat_messages`
  WHERE `type` = 'status'
)
SELECT
  `from` AS `operator`,
  COUNT(*) AS `status_changes`,
  COALESCE(SUM(CASE WHEN `state` = 'online' THEN `ends` - `begins` END), 0) AS `online_seconds`,
  COALESCE(SUM(CASE WHEN `state` <> 'online' THEN `ends` - `begins` END), 0) AS `other_seconds`,
  MAX(CASE WHEN `ends` IS NULL THEN `state` END) AS `last_state`,
  MAX(`begins`) AS `last_change_epoch`
FROM `spells`
GROUP BY `from`
ORDER BY `online_seconds` DESC, `from`;
