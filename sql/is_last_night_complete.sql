-- May the next stage begin? One row for it to poll: `complete` is 1 if loads were started in the last 24 hours and all
-- of their sources are done, else 0, and `why` says which ones are not. A source that was loaded anew does not count,
-- its successor does: after --restart or --reload, and where a file that was loaded in part is there as a whole. One
-- that its load went on without is missing until it is loaded, under its name or with its bytes. One whose load is
-- running while nobody holds the load's named lock has died: run its command again. One that is done has lost its rows
-- where chat_messages is empty: it counts as failed, and --reload loads it again.
--
-- Where chat_messages itself was dropped, the server refuses this query with error 1146, which is no "complete" either:
-- `chatload schema apply` makes the table, and this query then names the sources whose rows are gone.
--
-- Ask the server that is loaded: its named locks are not replicated.
SELECT
  `sources` > 0 AND `done` = `sources` AS `complete`,
  `loads`,
  `sources`,
  `done`,
  `running`,
  `interrupted`,
  `failed`,
  CASE
    WHEN `loads` = 0 THEN 'no load was started in the last 24 hours'
    WHEN `done` = `sources` THEN 'all are done'
    ELSE `unfinished`
  END AS `why`
FROM (
  SELECT
    COUNT(DISTINCT `load_id`) AS `loads`,
    COUNT(*) AS `sources`,
    COALESCE(SUM(`is_now` = 'done'), 0) AS `done`,
    COALESCE(SUM(`is_now` = 'running'), 0) AS `running`,
    COALESCE(SUM(`is_now` IN ('interrupted', 'died')), 0) AS `interrupted`,
    COALESCE(SUM(`is_now` IN ('failed', 'released', 'emptied')), 0) AS `failed`,
    -- The server cuts a list that is longer than group_concat_max_len.
    GROUP_CONCAT(
      CASE WHEN `is_now` <> 'done' THEN CONCAT('load ', `load_id`, ' ', `is_now`, ': ', `name`) END
      ORDER BY `load_id`, `source` SEPARATOR '; '
    ) AS `unfinished`
  FROM (
    SELECT
      `loads`.`load_id`,
      `of_load`.`source`,
      COALESCE(`of_load`.`name`, `loads`.`source`) AS `name`,
      CASE
        WHEN `of_load`.`state` = 'released' THEN 'released'
        -- All of its lines may be there while indexes are not.
        WHEN `of_load`.`state` = 'done' AND (`loads`.`state` = 'done' OR `loads`.`all_read_at` IS NULL) THEN
          CASE WHEN `loads`.`target_table` = 'chat_messages' AND NOT EXISTS (SELECT 1 FROM `chat_messages`) AND (
            `of_load`.`valid` > 0 OR EXISTS (
              SELECT 1
              FROM `chatload_ranges` AS `ranges`
              WHERE `ranges`.`load_id` = `of_load`.`load_id` AND `ranges`.`source` = `of_load`.`source`
                AND (`ranges`.`inserted` > 0 OR `ranges`.`updated` > 0 OR `ranges`.`duplicate` > 0)
            )) THEN 'emptied' ELSE 'done' END
        WHEN `loads`.`state` = 'running' AND IS_USED_LOCK(`loads`.`lock_name`) IS NULL THEN 'died'
        WHEN `loads`.`state` = 'running' THEN 'running'
        WHEN `of_load`.`state` = 'failed' OR `loads`.`state` = 'done' AND `of_load`.`state` = 'waiting' THEN 'failed'
        ELSE `loads`.`state`
      END AS `is_now`
    FROM `chatload_loads` AS `loads`
    LEFT JOIN `chatload_sources` AS `of_load` ON `of_load`.`load_id` = `loads`.`load_id`
    WHERE `loads`.`started_at` >= UTC_TIMESTAMP() - INTERVAL 24 HOUR AND `of_load`.`superseded_by` IS NULL
      AND NOT (COALESCE(`of_load`.`state`, '') = 'released' AND EXISTS (
        SELECT 1
        FROM `chatload_sources` AS `later`
        WHERE `later`.`target_table` = `of_load`.`target_table` AND `later`.`load_id` > `of_load`.`load_id`
          AND `later`.`state` = 'done'
          AND (`later`.`name_digest` = `of_load`.`name_digest`
            OR `later`.`source_key` = `of_load`.`source_key` AND `later`.`attempt` > `of_load`.`attempt`)
      ))
  ) AS `recent`
) AS `night`;
