-- Who writes most? The twenty senders with the most messages, operators left out, and on how many sites, from when to
-- when (in the session's time zone). An operator is whoever has sent a status. Names are told apart by their bytes,
-- whatever collations the columns have: 'Ann', 'ann' and 'ann ' are three senders.
SELECT
  MIN(`from`) AS `from`,
  COUNT(*) AS `messages`,
  COUNT(DISTINCT CAST(`site_id` AS BINARY)) AS `sites`,
  MIN(`timestamp`) AS `first_message`,
  MAX(`timestamp`) AS `last_message`
FROM (
  SELECT `from`, CAST(`from` AS BINARY) AS `from_bytes`, `site_id`, `timestamp`
  FROM `chat_messages`
  WHERE CAST(`type` AS BINARY) = 'message'
) AS `written`
WHERE
  `from_bytes` NOT IN (SELECT CAST(`from` AS BINARY) FROM `chat_messages` WHERE CAST(`type` AS BINARY) = 'status')
GROUP BY `from_bytes`
ORDER BY `messages` DESC, `from_bytes`
LIMIT 20;
