-- May the next stage begin? One row for it to poll: `complete` is 1 if loads were started in the last 24 hours and all
-- of them are done, else 0, and `why` says which ones are not. A load that --restart or --reload began anew does not
-- count, its successor does. One whose state is running but whose named lock nobody holds has died: run its command
-- again. One that is done has lost its rows where chat_messages is empty: it counts as failed, and --reload loads it
-- again.
--
-- Where chat_messages itself was dropped, the server refuses this query with error 1146, which is no "complete" either:
-- `chatload schema apply` makes the table, and this query then names the loads whose rows are gone.
--
-- Ask the server that is loaded: its named locks are not replicated.
SELECT
  `loads` > 0 AND `done` = `loads` AS `complete`,
  `loads`,
  `done`,
  `running`,
  `interrupted`,
  `failed`,
  CASE
    WHEN `loads` = 0 THEN 'no load was started in the last 24 hours'
    WHEN `done` = `loads` THEN 'all are done'
    ELSE `unfinished`
  END AS `why`
FROM (
  SELECT
    COUNT(*) AS `loads`,
    COALESCE(SUM(`is_now` = 'done'), 0) AS `done`,
    COALESCE(SUM(`is_now` = 'running'), 0) AS `running`,
    COALESCE(SUM(`is_now` IN ('interrupted', 'died')), 0) AS `interrupted`,
    COALESCE(SUM(`is_now` IN ('failed', 'emptied')), 0) AS `failed`,
    -- The server cuts a list that is longer than group_concat_max_len.
    GROUP_CONCAT(
      CASE WHEN `is_now` <> 'done' THEN CONCAT('load ', `load_id`, ' ', `is_now`, ': ', `source`) END
      ORDER BY `load_id` SEPARATOR '; '
    ) AS `unfinished`
  FROM (
    SELECT
      `load_id`,
      `source`,
      CASE
        WHEN `state` = 'running' AND IS_USED_LOCK(`lock_name`) IS NULL THEN 'died'
        WHEN `state` = 'done' AND (`inserted` > 0 OR `updated` > 0 OR `duplicate` > 0)
          AND `target_table` = 'chat_messages' AND NOT EXISTS (SELECT 1 FROM `chat_messages`) THEN 'emptied'
        ELSE `state`
      END AS `is_now`
    FROM `chatload_loads`
    WHERE `started_at` >= UTC_TIMESTAMP() - INTERVAL 24 HOUR AND `superseded_by` IS NULL
  ) AS `recent`
) AS `night`;
