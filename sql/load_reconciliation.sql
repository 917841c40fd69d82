-- Does the ledger add up? One row a load: its lines, what became of them, and in `verdict` "ok" or what differs. Each
-- line has exactly one outcome, and each rejected line is kept in chatload_rejects. A load that is done has its counts in
-- chatload_loads, which are the sums over its sources; of any other those of its committed ranges are summed, so this may
-- be asked while loads run. Where chat_messages has no row at all, no load into it is ok that had some. Where
-- chat_messages itself was dropped, the server refuses this query with error 1146: `chatload schema apply` makes the
-- table.
SELECT
  `load_id`,
  `target_table`,
  `source`,
  `sources`,
  `state`,
  `lines`,
  `accounted`,
  `rejected`,
  `rejects_kept`,
  COALESCE(NULLIF(CONCAT_WS(
    '; ',
    CASE WHEN `lines` <> `accounted` THEN CONCAT(`lines`, ' lines, but ', `accounted`, ' outcomes') END,
    CASE WHEN `rejected` <> `rejects_kept` THEN CONCAT(`rejected`, ' rejected, but ', `rejects_kept`, ' kept') END,
    CASE WHEN `lines_of_sources` <> `lines` THEN CONCAT(`lines`, ' lines, but ', `lines_of_sources`, ' in its sources') END,
    CASE WHEN `accounted_of_sources` <> `lines_of_sources`
      THEN CONCAT(`lines_of_sources`, ' lines in its sources, but ', `accounted_of_sources`, ' outcomes')
    END,
    CASE WHEN `rejected_of_sources` <> `rejected`
      THEN CONCAT(`rejected`, ' rejected, but ', `rejected_of_sources`, ' in its sources')
    END,
    CASE WHEN `lines` IS NULL OR `accounted` IS NULL THEN 'done, but without counts' END,
    CASE WHEN `has_rows` AND `target_table` = 'chat_messages' AND NOT EXISTS (SELECT 1 FROM `chat_messages`)
      THEN 'its rows are gone: chat_messages is empty'
    END
  ), ''), 'ok') AS `verdict`
FROM (
  SELECT
    `loads`.`load_id`,
    `loads`.`target_table`,
    `loads`.`source`,
    COALESCE(`of_sources`.`sources`, 0) AS `sources`,
    `loads`.`state`,
    CASE WHEN `loads`.`state` = 'done' THEN COALESCE(`of_sources`.`lines`, 0) END AS `lines_of_sources`,
    CASE WHEN `loads`.`state` = 'done' THEN COALESCE(`of_sources`.`accounted`, 0) END AS `accounted_of_sources`,
    CASE WHEN `loads`.`state` = 'done' THEN COALESCE(`of_sources`.`rejected`, 0) END AS `rejected_of_sources`,
    CASE WHEN `loads`.`state` = 'done' THEN `loads`.`lines` ELSE COALESCE(`of_ranges`.`lines`, 0) END AS `lines`,
    CASE WHEN `loads`.`state` = 'done'
      THEN `loads`.`inserted` + `loads`.`updated` + `loads`.`duplicate` + `loads`.`filtered` + `loads`.`rejected`
        + `loads`.`blank`
      ELSE COALESCE(`of_ranges`.`accounted`, 0)
    END AS `accounted`,
    CASE WHEN `loads`.`state` = 'done' THEN `loads`.`rejected` ELSE COALESCE(`of_ranges`.`rejected`, 0)
    END AS `rejected`,
    CASE WHEN `loads`.`state` = 'done'
      THEN `loads`.`inserted` > 0 OR `loads`.`updated` > 0 OR `loads`.`duplicate` > 0
      ELSE COALESCE(`of_ranges`.`has_rows`, 0)
    END AS `has_rows`,
    COALESCE(`of_rejects`.`kept`, 0) AS `rejects_kept`
  FROM `chatload_loads` AS `loads`
  LEFT JOIN (
    SELECT
      `load_id`,
      SUM(`lines`) AS `lines`,
      SUM(`inserted` + `updated` + `duplicate` + `filtered` + `rejected` + `blank`) AS `accounted`,
      SUM(`rejected`) AS `rejected`,
      MAX(`inserted` > 0 OR `updated` > 0 OR `duplicate` > 0) AS `has_rows`
    FROM `chatload_ranges`
    GROUP BY `load_id`
  ) AS `of_ranges` ON `of_ranges`.`load_id` = `loads`.`load_id`
  LEFT JOIN (
    SELECT
      `load_id`,
      COUNT(*) AS `sources`,
      SUM(`lines`) AS `lines`,
      SUM(`valid` + `filtered` + `rejected` + `blank`) AS `accounted`,
      SUM(`rejected`) AS `rejected`
    FROM `chatload_sources`
    GROUP BY `load_id`
  ) AS `of_sources` ON `of_sources`.`load_id` = `loads`.`load_id`
  LEFT JOIN (
    SELECT `load_id`, COUNT(*) AS `kept` FROM `chatload_rejects` GROUP BY `load_id`
  ) AS `of_rejects` ON `of_rejects`.`load_id` = `loads`.`load_id`
) AS `counted`
ORDER BY `load_id`;
