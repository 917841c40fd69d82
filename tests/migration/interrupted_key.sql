INSERT INTO `chatload_loads` (`load_id`, `target_table`, `source`, `source_key`, `attempt`, `source_stamp`, `source_digest`, `source_bytes`, `plan`, `limits`, `owner`, `runner`, `lock_name`, `state`, `superseded_by`, `started_at`, `finished_at`, `exit_code`, `ranges`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `bytes_compressed`, `bytes_decompressed`, `witnesses`, `table_made_at`) VALUES
  (51, 'chat_messages', 'interrupted_key.json.gz', 'file:3af16ec39e761f0cc9aa589e3f54e0ae', 1, '11111:11111111:1111:1111111111111111111:1111111111111111111', NULL, 1369, 'on-duplicate = "skip"\ntype = ["message", "status"]\nrange-size = 8192\nmax-line = 1048576\norder = "key"\nindexes = "keep"\n', '`type` 50, `id` 255, `from` 255, `site_id` 50, `data` 255', '00000000000000000000000000000033', 'loader, process 17 @7d03b2a1.1846213.17', 'chatload:00000000000000000000000000000005', 'running', NULL, '2025-11-29 10:00:00.000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO `chatload_ranges` (`load_id`, `range_number`, `begin_byte`, `length_bytes`, `digest`, `compressed_end`, `first_line`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `witness`) VALUES
  (51, 0, 0, 8377, 'af8fe8c8d9fd4992a3b79315a04e65c1', 1369, 1, 0, 0, 0, 0, 0, 0, 0, NULL),
  (51, 1, 8377, 8393, '0029dea24a8ae0963fa610e86b636f88', 1369, 10, 3, 0, 0, 0, 1, 1, 1, NULL),
  (51, 2, 16770, 8386, 'e03f078d575346218b87f872f7a6be64', 1369, 21, 0, 0, 0, 0, 0, 0, 0, NULL),
  (51, 3, 25156, 8392, '0eb381e45036601d2f21824a9b580bc4', 1369, 30, 2, 0, 0, 0, 1, 1, 0, NULL),
  (51, 4, 33548, 8393, '74ccd20c5d492e94ee6ef78a56613b6e', 1369, 40, 1, 0, 0, 0, 0, 1, 0, NULL),
  (51, 5, 41941, 8386, 'd7d4bde5142cfa04899cc09b8ad0ae4a', 1369, 50, 2, 0, 0, 0, 1, 0, 1, NULL),
  (51, 6, 50327, 7, '849b6b6ab7ea4d731f8b7a93f4401e51', 1369, 60, 1, 0, 0, 0, 0, 1, 0, NULL),
  (51, 7, 0, 0, 'e4474598938b839abaad7cf6d7576250', 241, 0, 9, 9, 0, 0, 0, 0, 0, 'interrupted_key-019'),
  (51, 8, 0, 0, '10aa034f8077ea2c6c9eff61fe4547e2', 483, 0, 9, 8, 0, 1, 0, 0, 0, 'interrupted_key-036');
INSERT INTO `chatload_rejects` (`load_id`, `line`, `byte_offset`, `reason`, `field`, `detail`, `raw`, `raw_is_cut`) VALUES
  (51, 15, 12108, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 14', 0),
  (51, 30, 25156, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 29', 0),
  (51, 45, 38210, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 44', 0),
  (51, 60, 50327, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 59', 0);
INSERT INTO `chat_messages` (`id`, `from`, `type`, `site_id`, `data`, `timestamp`) VALUES
  ('interrupted_key-000', 'v', 'message', 1, CONCAT('0 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:00'),
  ('interrupted_key-003', 'v', 'message', 1, CONCAT('11 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:11'),
  ('interrupted_key-006', 'v', 'message', 1, CONCAT('22 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:22'),
  ('interrupted_key-009', 'v', 'message', 1, CONCAT('33 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:33'),
  ('interrupted_key-010', 'v', 'message', 1, CONCAT('3 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:03'),
  ('interrupted_key-013', 'v', 'message', 1, CONCAT('17 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:17'),
  ('interrupted_key-015', 'v', 'message', 1, CONCAT('55 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:55'),
  ('interrupted_key-016', 'v', 'message', 1, CONCAT('25 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:25'),
  ('interrupted_key-019', 'v', 'message', 1, CONCAT('36 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:36'),
  ('interrupted_key-020', 'v', 'message', 1, CONCAT('6 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:06'),
  ('interrupted_key-022', 'v', 'message', 1, CONCAT('47 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:47'),
  ('interrupted_key-025', 'v', 'message', 1, CONCAT('58 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:58'),
  ('interrupted_key-026', 'v', 'message', 1, CONCAT('28 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:28'),
  ('interrupted_key-029', 'v', 'message', 1, CONCAT('39 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:39'),
  ('interrupted_key-032', 'v', 'message', 1, CONCAT('50 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:50'),
  ('interrupted_key-033', 'v', 'message', 1, CONCAT('20 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:20'),
  ('interrupted_key-036', 'v', 'message', 1, CONCAT('31 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:31');
