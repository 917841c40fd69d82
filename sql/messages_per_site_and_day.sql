-- How many messages and status changes did each site see on each day (UTC)? One row a site and day, the sum at the end
-- of each site: day is NULL there. Sites, people and types are told apart by their bytes, whatever collations the
-- columns have.
SELECT `site_id`, `day`, `messages`, `status_changes`, `people`
FROM (
  SELECT
    `site_bytes`,
    MIN(`site_id`) AS `site_id`,
    `day`,
    COALESCE(SUM(`type_bytes` = 'message'), 0) AS `messages`,
    COALESCE(SUM(`type_bytes` = 'status'), 0) AS `status_changes`,
    COUNT(DISTINCT `from_bytes`) AS `people`
  FROM (
    SELECT
      `site_id`,
      CAST(`site_id` AS BINARY) AS `site_bytes`,
      CAST(`type` AS BINARY) AS `type_bytes`,
      CAST(`from` AS BINARY) AS `from_bytes`,
      -- The zone of the session must not move a message to another day.
      CAST(CONVERT_TZ(`timestamp`, @@session.time_zone, '+00:00') AS DATE) AS `day`
    FROM `chat_messages`
  ) AS `daily`
  GROUP BY `site_bytes`, `day` WITH ROLLUP
) AS `sums`
WHERE `site_bytes` IS NOT NULL
ORDER BY `site_bytes`, `day` IS NULL, `day`;
