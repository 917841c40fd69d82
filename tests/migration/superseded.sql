INSERT INTO `chatload_loads` (`load_id`, `target_table`, `source`, `source_key`, `attempt`, `source_stamp`, `source_digest`, `source_bytes`, `plan`, `limits`, `owner`, `runner`, `lock_name`, `state`, `superseded_by`, `started_at`, `finished_at`, `exit_code`, `ranges`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `bytes_compressed`, `bytes_decompressed`, `witnesses`, `table_made_at`) VALUES
  (81, 'chat_messages', 'superseded.json.gz', 'file:05c5f76cd3d89cf1345f7c1bf0776e0e', 1, '11111:11111111:1111:1111111111111111111:1111111111111111111', NULL, 1356, 'on-duplicate = "skip"\ntype = ["message", "status"]\nrange-size = 8192\nmax-line = 1048576\norder = "file"\nindexes = "keep"\n', '`type` 50, `id` 255, `from` 255, `site_id` 50, `data` 255', '', 'loader, process 17 @7d03b2a1.1846213.17', 'chatload:00000000000000000000000000000008', 'running', 82, '2025-11-29 10:00:00.000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (82, 'chat_messages', 'superseded.json.gz', 'file:05c5f76cd3d89cf1345f7c1bf0776e0e', 2, '11111:11111111:1111:1111111111111111111:1111111111111111111', NULL, 1356, 'on-duplicate = "skip"\ntype = ["message", "status"]\nrange-size = 8192\nmax-line = 1048576\norder = "file"\nindexes = "keep"\n', '`type` 50, `id` 255, `from` 255, `site_id` 50, `data` 255', '00000000000000000000000000000052', 'loader, process 17 @7d03b2a1.1846213.17', 'chatload:00000000000000000000000000000008', 'running', NULL, '2025-11-29 10:00:00.000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO `chatload_ranges` (`load_id`, `range_number`, `begin_byte`, `length_bytes`, `digest`, `compressed_end`, `first_line`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `witness`) VALUES
  (81, 0, 0, 8332, '9993f627640f12bf22c439c7203a800b', 1356, 1, 9, 8, 0, 1, 0, 0, 0, 'superseded-094'),
  (81, 1, 8332, 8348, 'c041cc2647138d8a30fe5aecfe6b6358', 1356, 10, 11, 8, 0, 0, 1, 1, 1, 'superseded-097'),
  (81, 2, 16680, 8341, '0ccaaf0233fd44f2752c8c54159a00f9', 1356, 21, 9, 9, 0, 0, 0, 0, 0, 'superseded-090'),
  (82, 0, 0, 8332, '9993f627640f12bf22c439c7203a800b', 1356, 1, 9, 0, 0, 9, 0, 0, 0, 'superseded-094'),
  (82, 1, 8332, 8348, 'c041cc2647138d8a30fe5aecfe6b6358', 1356, 10, 11, 0, 0, 8, 1, 1, 1, 'superseded-097');
INSERT INTO `chatload_rejects` (`load_id`, `line`, `byte_offset`, `reason`, `field`, `detail`, `raw`, `raw_is_cut`) VALUES
  (81, 15, 12043, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 14', 0),
  (82, 15, 12043, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 14', 0);
INSERT INTO `chat_messages` (`id`, `from`, `type`, `site_id`, `data`, `timestamp`) VALUES
  ('superseded-000', 'v', 'message', 1, CONCAT('0 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:00'),
  ('superseded-003', 'v', 'message', 1, CONCAT('11 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:11'),
  ('superseded-006', 'v', 'message', 1, CONCAT('22 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:22'),
  ('superseded-010', 'v', 'message', 1, CONCAT('3 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:03'),
  ('superseded-013', 'v', 'message', 1, CONCAT('17 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:17'),
  ('superseded-016', 'v', 'message', 1, CONCAT('25 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:25'),
  ('superseded-020', 'v', 'message', 1, CONCAT('6 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:06'),
  ('superseded-026', 'v', 'message', 1, CONCAT('28 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:28'),
  ('superseded-033', 'v', 'message', 1, CONCAT('20 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:20'),
  ('superseded-037', 'v', 'message', 1, CONCAT('1 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:01'),
  ('superseded-043', 'v', 'message', 1, CONCAT('23 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:23'),
  ('superseded-047', 'v', 'message', 1, CONCAT('4 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:04'),
  ('superseded-050', 'v', 'message', 1, CONCAT('15 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:15'),
  ('superseded-053', 'v', 'message', 1, CONCAT('26 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:26'),
  ('superseded-057', 'v', 'message', 1, CONCAT('7 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:07'),
  ('superseded-060', 'v', 'message', 1, CONCAT('18 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:18'),
  ('superseded-067', 'v', 'message', 1, CONCAT('10 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:10'),
  ('superseded-070', 'v', 'message', 1, CONCAT('21 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:21'),
  ('superseded-074', 'v', 'message', 1, CONCAT('2 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:02'),
  ('superseded-077', 'v', 'message', 1, CONCAT('13 refuse ', REPEAT('😀', 200), ''), '2016-11-22 12:00:13'),
  ('superseded-080', 'v', 'message', 1, CONCAT('24 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:24'),
  ('superseded-087', 'v', 'message', 1, CONCAT('16 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:16'),
  ('superseded-090', 'v', 'message', 1, CONCAT('27 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:27'),
  ('superseded-094', 'v', 'message', 1, CONCAT('8 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:08'),
  ('superseded-097', 'v', 'message', 1, CONCAT('19 ', REPEAT('😀', 200), ''), '2016-11-22 12:00:19');
