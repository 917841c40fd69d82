INSERT INTO `chatload_loads` (`load_id`, `target_table`, `source`, `source_key`, `attempt`, `source_stamp`, `source_digest`, `source_bytes`, `plan`, `limits`, `owner`, `runner`, `lock_name`, `state`, `superseded_by`, `started_at`, `finished_at`, `exit_code`, `ranges`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `bytes_compressed`, `bytes_decompressed`, `witnesses`, `table_made_at`) VALUES
  (71, 'chat_messages', 'damaged_key.json.gz', 'file:f4273c996d717069ddd911c4d8e3b6d2', 1, '11111:11111111:1111:1111111111111111111:1111111111111111111', NULL, 1358, 'on-duplicate = "skip"\ntype = ["message", "status"]\nrange-size = 8192\nmax-line = 1048576\norder = "key"\nindexes = "keep"\n', '`type` 50, `id` 255, `from` 255, `site_id` 50, `data` 255', '00000000000000000000000000000047', 'loader, process 17 @7d03b2a1.1846213.17', 'chatload:00000000000000000000000000000007', 'failed', NULL, '2025-11-29 10:00:00.000000', '2025-11-29 10:01:00.000000', 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO `chatload_ranges` (`load_id`, `range_number`, `begin_byte`, `length_bytes`, `digest`, `compressed_end`, `first_line`, `lines`, `inserted`, `updated`, `duplicate`, `filtered`, `rejected`, `blank`, `witness`) VALUES
  (71, 0, 0, 8341, '56a97c5a5b50a46da0ff28dcdea9620d', 1350, 1, 0, 0, 0, 0, 0, 0, 0, NULL),
  (71, 1, 8341, 8357, '40b27b99c7d0ddcaf7ab4c8aa26df487', 1350, 10, 3, 0, 0, 0, 1, 1, 1, NULL),
  (71, 2, 16698, 8350, '8a5af5422b88fdcdbf3e9a237553c41c', 1350, 21, 0, 0, 0, 0, 0, 0, 0, NULL),
  (71, 3, 25048, 8356, '412d3d75fe49a76419679820e11cff71', 1350, 30, 2, 0, 0, 0, 1, 1, 0, NULL),
  (71, 4, 33404, 8357, '2f1ddaec3ab5ea37e68f8767608a95ab', 1350, 40, 1, 0, 0, 0, 0, 1, 0, NULL),
  (71, 5, 41761, 8350, '1aceb6d7d8b8670a8be252ba9b6dad2f', 1350, 50, 2, 0, 0, 0, 1, 0, 1, NULL);
INSERT INTO `chatload_rejects` (`load_id`, `line`, `byte_offset`, `reason`, `field`, `detail`, `raw`, `raw_is_cut`) VALUES
  (71, 15, 12056, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 14', 0),
  (71, 30, 25048, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 29', 0),
  (71, 45, 38046, 'invalid_json', NULL, 'not a JSON value at column 1', 'bad 44', 0);
