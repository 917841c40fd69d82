# ctest: long leaks
"""A load in key order: the table and counts of any other, whatever ends it in between; where it cannot be, and why."""

import gzip
import os
import pathlib
import re
import resource
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LedgerCase, apply, chat_log, line, wait_until

KEY_ORDER = ("--order", "key")
CLAIM = r"^INSERT INTO .?chatload_ranges"
ENDED = r"^UPDATE .?chatload_loads.? SET .?state"
IN_THE_STRETCHES = 12  # that claim: the log has 25 stretches, about, and all its ranges are one
LOOKS_FOR_RANGES = r"^SELECT .?source.?, .?range_number.? FROM .?chatload_ranges"
FREEZES = r"^UPDATE .?chatload_loads.? SET .?frozen_at"
HOLDS_THE_LOAD = r"^UPDATE .?chatload_fences"
ARRIVALS = (
    "CREATE TABLE arrivals (place INT AUTO_INCREMENT PRIMARY KEY, id VARBINARY(1020));"
    "CREATE TRIGGER arrives AFTER INSERT ON chat_messages FOR EACH ROW INSERT INTO arrivals (id) VALUES (NEW.id)"
)


class KeyOrderCase(LedgerCase):
    def is_recorded_in_key_order(self):
        return self.database.sql("""SELECT plan LIKE '%order = "key"%' FROM chatload_loads""") == [["1"]]


class KeyOrderTest(KeyOrderCase):
    def test_rows_arrive_in_the_order_of_their_keys_bytes(self):
        self.database.sql(ARRIVALS)
        keys = ["b", "a", "B", "é", "ab", "a ", "日本", "😀", "~"] + [f"{n * 7919 % 3001:04}" for n in range(3001)]
        path = self.write("log.json", "".join(line(key) for key in keys))
        run = self.load(path, *KEY_ORDER, "--connections", 1, *self.RANGE_SIZE)
        self.assert_loaded(run, apply(path), exit_code=0)
        self.assertIn("loads in key order, because --order asks for it", run.stderr)
        arrived = [bytes.fromhex(row[0]) for row in self.database.sql("SELECT HEX(id) FROM arrivals ORDER BY place")]
        self.assertEqual(arrived, sorted(key.encode() for key in keys))

    def test_all_lines_of_one_id_are_written_in_file_order_over_many_stretches(self):
        lines = [line("hot" if n % 3 else f"id-{n}", f"text {n} " + "x" * 60) for n in range(1500)]
        path = self.write("log.json", "".join(lines))
        for mode in ("skip", "replace"):
            with self.subTest(mode=mode):
                self.database.create_table()
                run = self.load(path, "--on-duplicate", mode, *KEY_ORDER, "--connections", 4, *self.RANGE_SIZE)
                self.assert_loaded(run, apply(path, on_duplicate=mode), exit_code=0)

    def test_a_load_of_nothing_to_write_is_done(self):
        for name, content, exit_code in (("blank", "\n \n", 0), ("bad", "bad\n" + line("1"), 1)):
            with self.subTest(name):
                self.database.create_table()
                path = self.write(f"{name}.json", content)
                self.assert_loaded(self.load(path, *KEY_ORDER), apply(path), exit_code=exit_code)

    def test_an_id_that_is_there_already_ends_a_load_that_fails_on_duplicates(self):
        path = self.write("log.json", line("b") + line("a") + line("b"))
        self.assert_refused(self.load(path, *KEY_ORDER, "--on-duplicate", "fail"), 3, "--on-duplicate is fail")
        self.assertEqual(self.rows_in_table(), 0)

    def test_rejects_are_exact_to_the_last_that_the_budget_allows(self):
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'text 1%')")
        detail = "SQLSTATE HY000" if self.server.kind == "mysql" else "SQLSTATE 23000"
        path = self.write_log()
        expected = apply(path, refuses=lambda row: detail if row[4].startswith("text 1") else None)
        total = len(expected.rejects)
        for budget in (total - 1, f"{(total - 1) / expected.lines:.4%}"):
            run = self.load(path, *KEY_ORDER, "--max-rejects", budget, *self.RANGE_SIZE)
            self.assert_refused(run, 2, "rejected lines", "--max-rejects allows")
            self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chatload_rejects WHERE raw IS NULL"), [["0"]])
        self.assert_loaded(self.load(path, "--max-rejects", total), expected)


    def test_the_server_has_no_part_in_the_sorting(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        words = (path, *KEY_ORDER, "--write-method", "insert", *self.RANGE_SIZE)
        self.assert_loaded(self.load(*words, to=door.url(self.database.name)), apply(path))
        asked = [statement for statement in door.statements if statement != "DO 1"]
        looks = next(at for at, statement in enumerate(asked) if re.match(LOOKS_FOR_RANGES, statement))
        self.assertEqual(asked[looks + 1], "START TRANSACTION")
        self.assertRegex(asked[looks + 2], FREEZES)  # once all is sorted
        self.assertRegex(asked[looks + 3], HOLDS_THE_LOAD)
        self.assertEqual(asked[looks + 4 : looks + 6], ["COMMIT", "START TRANSACTION"])
        self.assertRegex(asked[looks + 6], HOLDS_THE_LOAD)  # to record what was sorted

    def test_of_a_damaged_input_nothing_is_in_the_table_and_no_range_nor_reject_in_the_ledger(self):
        content = gzip.compress(chat_log(5000).encode())
        path = self.write("log.json.gz", content[: len(content) * 3 // 4])
        self.assert_refused(self.load(path, *KEY_ORDER, *self.RANGE_SIZE), 3, path, "truncated")
        self.assertEqual(self.rows_in_table(), 0)
        self.assertEqual(self.database.sql("SELECT 1 FROM chatload_rejects UNION SELECT 1 FROM chatload_ranges"), [])
        self.assertEqual(self.sources(), [["1", "log.json.gz", "released", "-"]])
        path.write_bytes(content)
        self.assert_loaded(self.load(path, *KEY_ORDER), apply(path), load=2)


class EndedTest(KeyOrderCase):
    def test_a_load_killed_while_its_ranges_are_recorded_is_finished_by_the_same_command(self):
        """With rejected lines for some transactions, of which the first is committed."""
        path = self.write("log.json", "".join(f"bad {n} {'x' * 300}\n{line(str(n))}" for n in range(8000)))
        for moment in ("before", "after"):
            with self.subTest(moment=moment):
                self.database.create_table()
                door = self.enterContext(proxy.Proxy(self.server.socket))
                loader = self.loader(path, *KEY_ORDER, *self.RANGE_SIZE, to=door.url(self.database.name))
                door.at(CLAIM, 2, **{moment: lambda _: loader.kill()}).wait()
                wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")
                self.assertGreater(self.committed_ranges(), 0)
                self.assertEqual(self.rows_in_table(), 0)
                self.assert_loaded(self.load(path), apply(path))

    def test_a_load_killed_among_its_stretches_is_finished_in_the_order_that_it_began_with(self):
        path = self.write_log()
        for words in ((), ("--order", "auto"), KEY_ORDER):
            with self.subTest(words):
                self.database.create_table()
                self.interrupt(path, *KEY_ORDER, *self.RANGE_SIZE)
                self.assertGreater(self.rows_in_table(), 0)
                self.assertTrue(self.is_recorded_in_key_order())
                run = self.load(path, *words)
                self.assert_loaded(run, apply(path))
                self.assertLess(run.summary["this_run"]["inserted"], run.summary["inserted"])

    def test_a_load_stopped_among_its_stretches_is_interrupted_and_the_same_command_finishes_it(self):
        path = self.write_log()
        with self.held_load(path, *KEY_ORDER, *self.RANGE_SIZE) as loader:
            loader.process.send_signal(signal.SIGTERM)
            run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assert_adds_up(run.summary)
        self.assertGreater(run.summary["inserted"], 0)
        self.assert_loaded(self.load(path, *KEY_ORDER), apply(path))

    def test_a_load_stopped_while_runs_are_merged_into_fewer_is_finished_by_the_same_command(self):
        """With the least memory there is, in which not all runs of so long a log can be merged at once."""
        path = self.write_log(lines=80_000)
        flags = [*KEY_ORDER, "--threads", 8, "--connections", 1, "--range-size", "64K", "--max-line", "4K"]
        words = [path, *flags, "--memory", self.least_memory(*flags)]
        door = self.enterContext(proxy.Proxy(self.server.socket))
        loader = self.loader(*words, to=door.url(self.database.name))
        wait_until(lambda: loader.says("merges its sorted runs into fewer first"), "runs are merged")
        door.stall()  # so that nothing is written, should the signal come late
        loader.process.send_signal(signal.SIGTERM)
        door.flow()
        run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assert_adds_up(run.summary)
        self.assert_loaded(self.load(*words), apply(path))

    def test_a_load_stopped_while_refused_lines_are_fetched_is_finished_by_the_same_command(self):
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'text 1%')")
        detail = "SQLSTATE HY000" if self.server.kind == "mysql" else "SQLSTATE 23000"
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        loader = self.loader(path, *KEY_ORDER, *self.RANGE_SIZE, to=door.url(self.database.name))
        stop = lambda _: loader.process.send_signal(signal.SIGTERM)
        door.at(r"^UPDATE .?chatload_rejects", before=stop).wait()
        run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assertNotEqual(self.database.sql("SELECT COUNT(*) FROM chatload_rejects WHERE raw IS NULL"), [["0"]])
        expected = apply(path, refuses=lambda row: detail if row[4].startswith("text 1") else None)
        self.assert_loaded(self.load(path, *KEY_ORDER), expected)

    def test_a_load_that_is_sorted_waits_for_a_server_that_denies_it_for_a_while(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        user = f"{self.database.name}@localhost"
        self.database.sql(f"CREATE USER {user}; GRANT ALL ON {self.database.name}.* TO {user}")
        self.addCleanup(self.server.sql, f"DROP USER {user}")

        def deny(link):
            self.server.sql(f"ALTER USER {user} ACCOUNT LOCK")
            link.cut()

        denial = door.at(HOLDS_THE_LOAD, before=deny)
        to = door.url(self.database.name).replace("root@", f"{self.database.name}@")
        loader = self.loader(path, *KEY_ORDER, *self.RANGE_SIZE, to=to)
        denial.wait()
        wait_until(lambda: loader.says("ccount is locked") or loader.process.poll() is not None, "the load waits")
        self.server.sql(f"ALTER USER {user} ACCOUNT UNLOCK")
        self.assert_loaded(loader.finish(), apply(path))

    def test_connections_that_the_server_closes_while_a_load_is_sorted_are_opened_again_without_a_word(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        idle = lambda control: [link.cut() for link in list(door.links) if link is not control]
        closed = door.at(HOLDS_THE_LOAD, before=idle)
        run = self.load(path, *KEY_ORDER, "--connections", 3, *self.RANGE_SIZE, to=door.url(self.database.name))
        closed.wait()
        self.assert_loaded(run, apply(path))
        self.assertNotIn("trying again", run.stderr)

    def spill_files(self, loader):
        """Of a load with the --spill-dir that the log stands in, as links to nameless files."""
        return [file for file in pathlib.Path(f"/proc/{loader.process.pid}/fd").iterdir()
                if str(self.folder) in os.readlink(file) and "(deleted)" in os.readlink(file)]  # fmt: skip

    def test_a_load_that_is_stopped_closes_its_books_before_its_spill_is_freed(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        words = (path, *KEY_ORDER, "--spill-dir", self.folder, *self.RANGE_SIZE)
        loader = self.loader(*words, to=door.url(self.database.name))
        files = []
        door.at(CLAIM, IN_THE_STRETCHES, before=lambda _: loader.process.send_signal(signal.SIGTERM))
        door.at(ENDED, before=lambda _: files.extend(self.spill_files(loader))).wait()
        self.assertEqual(loader.finish().exit_code, 4)
        self.assertTrue(files)

    def test_a_spill_that_is_damaged_ends_the_load_and_the_same_command_finishes_it(self):
        path = self.write("log.json", chat_log(20_000))
        with self.held_load(path, *KEY_ORDER, "--spill-dir", self.folder, *self.RANGE_SIZE, key="id-1") as loader:
            spills = [file for file in self.spill_files(loader) if os.stat(file).st_size > 100_000]
            self.assertTrue(spills)
            for file in spills:
                with open(file, "r+b") as spill:
                    spill.seek(-1000, os.SEEK_END)
                    spill.write(bytes(500))
        run = loader.finish()
        self.assert_refused(run, 3, self.folder)
        self.assert_adds_up(run.summary)
        self.assert_loaded(self.load(path), apply(path))

    def test_of_a_file_that_changed_after_it_was_sorted_no_row_is_written(self):
        content = chat_log(2500)
        cut = 10 * 8600
        fewer_ranges = content[:cut] + " " * (len(content) - 70_000 - cut) + content[-70_000:]
        path = self.write("log.json", content)
        door = self.enterContext(proxy.Proxy(self.server.socket))
        loader = self.loader(path, *KEY_ORDER, *self.RANGE_SIZE, to=door.url(self.database.name))
        door.at(CLAIM, 2, before=lambda _: loader.kill()).wait()  # the first stretch's
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")
        ranges = self.committed_ranges()
        path.write_text(fewer_ranges)
        self.assert_refused(self.load(path), 3, path, "load 1", "--restart")
        self.assertEqual((self.rows_in_table(), self.committed_ranges()), (0, ranges))
        path.write_text(content)
        self.assert_loaded(self.load(path), apply(path))

    def test_restart_and_reload_begin_anew_in_key_order(self):
        path = self.write_log()
        self.interrupt(path, *KEY_ORDER, *self.RANGE_SIZE)
        for flag in ("--restart", "--reload"):
            run = self.load(path, *KEY_ORDER, flag, *self.RANGE_SIZE)
            self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
            self.assert_adds_up(run.summary)
            self.assertIsNone(support.first_difference(self.database, apply(path)))
        self.assertEqual(run.summary["inserted"], 0)

    def test_another_order_than_the_recorded_one_is_refused(self):
        path = self.write_log()
        self.interrupt(path, *KEY_ORDER, *self.RANGE_SIZE)
        self.assert_refused(self.load(path, "--order", "file"), 64, "--order is now file", "began with key", "--restart")

    def test_a_stretch_of_other_rows_than_recorded_is_refused(self):
        path = self.write("log.json", chat_log(2500))
        self.interrupt(path, *KEY_ORDER, *self.RANGE_SIZE)
        self.database.sql("UPDATE chatload_ranges SET digest = REVERSE(digest) WHERE kind = 'stretch' LIMIT 1")
        self.assert_refused(self.load(path), 3, "load 1", "--restart")

    def test_where_the_disk_has_no_room_auto_warns_and_a_load_in_key_order_goes_on_only_when_it_has(self):
        """Of a file whose beginning promises more rows than the disk has room for; behind it, a hole."""
        ids = (f"id-{n * 7919 % 100_003}" for n in range(100_000))
        path = self.write("log.json", "".join(line(key, "x" * 255) for key in ids))
        disk = os.statvfs(self.folder)
        os.truncate(path, 2 * disk.f_bavail * disk.f_frsize)
        words = ("--spill-dir", self.folder, *self.RANGE_SIZE)
        with self.held_load(path, *words, "--indexes", "keep", key="id-7919") as loader:
            self.assertRegex(loader.errors.read_text(), "warning: .*file order, because it cannot be sorted by key")
            loader.kill()
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")
        self.database.sql("UPDATE chatload_loads SET plan = REPLACE(plan, 'order = \"file\"', 'order = \"key\"')")
        self.assertTrue(self.is_recorded_in_key_order())
        again = self.loader(path, *words).finish()
        self.assert_refused(again, 3, path, "sorting it by key takes about", self.folder)
        self.assertEqual(self.committed_ranges(), 0)

    def test_a_load_in_key_order_goes_on_with_a_stream_of_the_same_bytes(self):
        path = self.write_log()
        name = ("--source-id", "night")
        self.interrupt(path, *KEY_ORDER, *name, *self.RANGE_SIZE)
        with path.open("rb") as stream:
            self.assert_loaded(self.load("-", *name, stdin=stream), apply(path))

    def test_a_full_spill_disk_costs_nothing_but_time(self):
        path = self.write_log(lines=20_000)

        tiny_files = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        run = self.load(path, *KEY_ORDER, "--spill-dir", self.folder, preexec_fn=tiny_files)
        self.assert_refused(run, 3, self.folder, "--spill-dir")
        self.assertEqual(self.rows_in_table(), 0)
        self.assert_loaded(self.load(path), apply(path))


class ServerCrashTest(KeyOrderCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server(name=f"keyed-{support.SERVER_KIND}", options=("--innodb-buffer-pool-size=64M",))

    def test_the_run_outlives_a_server_that_is_killed_and_restarted_among_the_stretches(self):
        path = self.write_log()
        expected = apply(path)
        door = self.enterContext(proxy.Proxy(self.server.socket))

        def kill_and_restart(link):
            rows.append(self.rows_in_table())
            self.server.kill()
            self.server.start()
            link.cut()

        for moment in ("before", "after"):
            with self.subTest(moment=moment):
                self.database.create_table()
                rows = []
                restart = door.at(CLAIM, IN_THE_STRETCHES, **{moment: kill_and_restart})
                run = self.load(path, *KEY_ORDER, *self.RANGE_SIZE, to=door.url(self.database.name))
                restart.wait()
                self.assertTrue(0 < rows[0] < len(expected.rows), rows)
                self.assert_loaded(run, expected)


class SeveralInputsTest(KeyOrderCase):
    def promising(self, name, mebibytes):
        """A file that begins with rows in no order; the rest are filtered lines, which only make it long."""
        rows = [line(f"{name}-{n * 7919 % 100_003}") for n in range(20_000)]
        other = line("", "x" * 65_000, type="typing")
        return self.write(f"{name}.json", "".join([*rows, *[other] * (mebibytes * 16)]))

    def test_order_and_indexes_are_decided_once_for_all_inputs(self):
        first, second = self.promising("few", 9), self.promising("many", 240)
        run = self.load(first, second)
        for decision in (
            f"{first} and 1 more: loads in key order, because the ids of about .* rows come in no order",
            r"Builds 2 secondary indexes \(.*\) after the load, because the table is empty",
        ):
            self.assertEqual(len(re.findall(decision, run.stderr)), 1, (decision, run.stderr))
        self.assertEqual(len(re.findall("loads in .* order|secondary indexes .* because", run.stderr)), 2, run.stderr)
        expected = apply(first, second)
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertEqual(support.loader_counts(run.summary), expected.counts(), run.stderr)
        self.assertIsNone(support.first_difference(self.database, expected))


class OrderThatCannotBeTest(KeyOrderCase):
    def assert_in_file_order(self, run, why):
        self.assertEqual((run.exit_code, run.summary["status"]), (0, "done"), run.stderr)
        self.assertRegex(run.stderr, f"warning: .*loads in file order, because .*{why}")
        self.assertFalse(self.is_recorded_in_key_order())

    def test_standard_input_is_loaded_in_file_order_and_says_why(self):
        with open(self.write("log.json", line("b") + line("a")), "rb") as file:
            self.assert_in_file_order(self.load("-", *KEY_ORDER, stdin=file), "read once only")

    def test_a_key_whose_collation_is_not_binary_is_loaded_in_file_order_and_says_why(self):
        self.database.sql("ALTER TABLE chat_messages MODIFY id VARCHAR(255) COLLATE utf8mb4_general_ci NOT NULL")
        path = self.write("log.json", line("b") + line("A") + line("a"))
        self.assert_in_file_order(self.load(path, *KEY_ORDER), "utf8mb4_general_ci")

    def test_a_load_that_fell_back_to_file_order_is_finished_by_the_same_command(self):
        self.database.sql("ALTER TABLE chat_messages MODIFY id VARCHAR(255) COLLATE utf8mb4_general_ci NOT NULL")
        path = self.write_log()
        self.interrupt(path, *KEY_ORDER, *self.RANGE_SIZE)
        run = self.load(path, *KEY_ORDER, *self.RANGE_SIZE)
        self.assertIn("began in file order and keeps to it", run.stderr)
        self.assert_loaded(run, apply(path))

    def test_a_temporary_directory_that_is_not_there_is_no_matter_to_a_load_in_file_order(self):
        path = self.write_log()
        run = self.load(path, env={**os.environ, "TMPDIR": str(self.folder / "none")})
        self.assert_loaded(run, apply(path))

    def test_a_spill_directory_that_is_not_there_is_a_usage_error(self):
        run = self.load(self.write_log(), *KEY_ORDER, "--spill-dir", self.folder / "none")
        self.assert_refused(run, 64, "--spill-dir", "none")


if __name__ == "__main__":
    unittest.main()
