INSERT INTO `chatload_loads` (`load_id`, `target_table`, `source`, `source_key`, `attempt`, `source_stamp`, `source_digest`, `source_bytes`, `plan`, `limits`, `owner`, `runner`, `lock_name`, `state`, `superseded_by`, `started_at`, `finished_at`, `exit_code`, `ranges`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `bytes_compressed`, `bytes_decompressed`, `witnesses`, `table_made_at`) VALUES
  (41, 'chat_messages', 'interrupted.json.gz', 'file:28de16c13d745778d28e62a4004d9249', 1, '11111:11111111:1111:1111111111111111111:1111111111111111111', NULL, 1358, 'on-duplicate = "skip"\ntype = ["message", "status"]\nrange-size = 8192\nmax-line = 1048576\norder = "file"\nindexes = "keep"\n', '`type` 50, `id` 255, `from` 255, `site_id` 50, `data` 255', '00000000000000000000000000000029', 'loader, process 17 @7d03b2a1.1846213.17', 'chatload:00000000000000000000000000000004', 'running', NULL, '2025-11-29 10:00:00.000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO `chatload_ranges` (`load_id`, `range_number`, `begin_byte`, `length_bytes`, `digest`, `compressed_end`, `first_line`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `witness`) VALUES
  (41, 0, 0, 8341, '8627b512464a4e7dd34cf780e992e6f4', 1358, 1, 9, 8, 0, 1, 0, 0, 0, 'interrupted-094'),
  (41, 1, 8341, 8357, 'b926b51483942c5196eb3e3b63073437', 1358, 10, 11, 8, 0, 0, 1, 1, 1, 'interrupted-097'),
  (41, 2, 16698, 8350, '0a64ee1c1ff0cee076088e2e4eb1d954', 1358, 21, 9, 9, 0, 0, 0, 0, 0, 'interrupted-090');
INSERT INTO `chatload_rejects` (`load_id`, `line`, `byte_offset`, `reason`, `field`, `detail`, `raw`, `raw_is_cut`) VALUES
  (41, 15, 12056, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 14', 0);
INSERT INTO `chat_messages` (`id`, `from`, `type`, `site_id`, `data`, `timestamp`) VALUES
  ('interrupted-000', 'v', 'message', 1, CONCAT('0 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:00'),
  ('interrupted-003', 'v', 'message', 1, CONCAT('11 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:11'),
  ('interrupted-006', 'v', 'message', 1, CONCAT('22 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:22'),
  ('interrupted-010', 'v', 'message', 1, CONCAT('3 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:03'),
  ('interrupted-013', 'v', 'message', 1, CONCAT('17 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:17'),
  ('interrupted-016', 'v', 'message', 1, CONCAT('25 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:25'),
  ('interrupted-020', 'v', 'message', 1, CONCAT('6 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:06'),
  ('interrupted-026', 'v', 'message', 1, CONCAT('28 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:28'),
  ('interrupted-033', 'v', 'message', 1, CONCAT('20 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:20'),
  ('interrupted-037', 'v', 'message', 1, CONCAT('1 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:01'),
  ('interrupted-043', 'v', 'message', 1, CONCAT('23 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:23'),
  ('interrupted-047', 'v', 'message', 1, CONCAT('4 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:04'),
  ('interrupted-050', 'v', 'message', 1, CONCAT('15 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:15'),
  ('interrupted-053', 'v', 'message', 1, CONCAT('26 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:26'),
  ('interrupted-057', 'v', 'message', 1, CONCAT('7 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:07'),
  ('interrupted-060', 'v', 'message', 1, CONCAT('18 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:18'),
  ('interrupted-067', 'v', 'message', 1, CONCAT('10 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:10'),
  ('interrupted-070', 'v', 'message', 1, CONCAT('21 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:21'),
  ('interrupted-074', 'v', 'message', 1, CONCAT('2 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:02'),
  ('interrupted-077', 'v', 'message', 1, CONCAT('13 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:13'),
  ('interrupted-080', 'v', 'message', 1, CONCAT('24 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:24'),
  ('interrupted-087', 'v', 'message', 1, CONCAT('16 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:16'),
  ('interrupted-090', 'v', 'message', 1, CONCAT('27 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:27'),
  ('interrupted-094', 'v', 'message', 1, CONCAT('8 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:08'),
  ('interrupted-097', 'v', 'message', 1, CONCAT('19 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:19');
