-- Who writes most? The twenty senders with the most messages, operators left out, and on how many sites, from when to
-- when (in the session's time zone). An operator is whoever has sent a status.
SELECT
  `from`,
  COUNT(*) AS `messages`,
  COUNT(DISTINCT `site_id`) AS `sites`,
  MIN(`timestamp`) AS `first_message`,
  MAX(`timestamp`) AS `last_message`
FROM `chat_messages`
WHERE
  `type` = 'message'
  AND `from` NOT IN (SELECT `from` FROM `chat_messages` WHERE `type` = 'status')
GROUP BY `from`
ORDER BY `messages` DESC, `from`
LIMIT 20;
