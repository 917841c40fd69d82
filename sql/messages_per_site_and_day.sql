-- How many messages and status changes did each site see on each day (UTC)? One row a site and day, the sum at the end
-- of each site: day is NULL there.
SELECT
  `site_id`,
  `day`,
  SUM(`type` = 'message') AS `messages`,
  SUM(`type` = 'status') AS `status_changes`,
  COUNT(DISTINCT `from`) AS `people`
FROM (
  SELECT
    `site_id`,
    `type`,
    `from`,
    -- The zone of the session must not move a message to another day.
    CAST(CONVERT_TZ(`timestamp`, @@session.time_zone, '+00:00') AS DATE) AS `day`
  FROM `chat_messages`
) AS `daily`
GROUP BY `site_id`, `day` WITH ROLLUP
HAVING `site_id` IS NOT NULL;
