"""Inputs, runs and loads beside one another, and what a load needs of the server and its account."""

import gzip
import os
import pathlib
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import pages
import proxy
import support
from ledger_case import LedgerCase, apply, line, wait_until

USER = "chatload_several"
AT_ONCE = ("--retry-for", "1s", "--wait-lock", "0s")  # and does not wait for the held row, should it get so far


class SeveralInputsTest(LedgerCase):
    def setUp(self):
        super().setUp()
        self.good = self.write("good.json", line("a") + line("b"))
        self.corrupt = self.write("corrupt.json.gz", self.write_log().read_bytes()[:-4])
        self.with_rejects = self.write("rejects.json", line("c") + "bad\n")
        self.missing = self.folder / "missing.json"

    def states(self):
        """Of each source its load, name and state."""
        return [row[:3] for row in self.sources()]

    def inputs(self, run, *keys):
        return [tuple(one.get(key) for key in keys) for one in run.summary["inputs"]]

    def test_all_inputs_are_one_load_and_the_worst_exit_code_counts(self):
        run = self.load(self.good, self.with_rejects, self.good)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
        self.assertEqual(self.states(), [["1", "good.json", "done"], ["1", "rejects.json", "done"]])
        self.assertEqual(self.database.sql("SELECT source FROM chatload_loads"), [[f"{self.good} and 1 more"]])
        self.assertEqual((run.summary["lines"], run.summary["this_run"]["lines"]), (4, 4))
        self.assertIn(f"{self.good} is the same file as {self.good}; it is read once.", run.stderr)

    def test_names_of_one_file_are_one_input(self):
        link, hard_link = self.folder / "link.json", self.folder / "hard.json"
        link.symlink_to(self.with_rejects.name)
        hard_link.hardlink_to(self.with_rejects)
        rejects = self.folder / "rejects.json.gz"
        words = (self.with_rejects, link, self.good, hard_link, os.path.relpath(self.good), self.folder / "g*.json")
        for status, this_run in ("done", 4), ("already_loaded", 0):
            run = self.load(*words, "--rejects", rejects)
            self.assertEqual((run.exit_code, run.summary["status"]), (1, status), run.stderr)
            self.assertEqual((run.summary["lines"], run.summary["this_run"]["lines"]), (4, this_run))
            self.assertEqual(self.inputs(run, "input", "status", "load"),
                             [(str(path), status, 1) for path in (self.with_rejects, self.good)])
            self.assertEqual(len(gzip.decompress(rejects.read_bytes()).splitlines()), 1)
            said = f"4 of 6 inputs are files that were named before ({link} is the same file as {self.with_rejects})"
            self.assertIn(said, run.stderr)
        run = support.run_chatload("check", *words)
        self.assertEqual((run.summary["lines"], run.summary["rejected"]), (4, 1))

    def test_files_of_the_same_bytes_count_once(self):
        copy = self.write("copy.json", self.with_rejects.read_bytes())
        rejects = self.folder / "rejects.json.gz"
        anew, known = {"done", "same_as_another"}, {"already_loaded", "same_as_another"}
        for flags, inserted, attempts, statuses in (
            ((), 3, 1, anew), (("--reload",), 0, 2, anew), (("--restart",), 0, 2, known), ((), 0, 2, known),
        ):  # fmt: skip
            run = self.load(self.with_rejects, self.good, copy, "--rejects", rejects, *flags)
            self.assertEqual((run.exit_code, run.summary["lines"]), (1, 4), run.stderr)
            self.assertEqual(run.summary["this_run"]["inserted"], inserted)
            self.assertEqual(len(gzip.decompress(rejects.read_bytes()).splitlines()), 1)
            self.assertEqual({status for _, status in self.inputs(run, "input", "status")}, statuses)
            self.assertIn(f"{copy}: holds the same bytes as {self.with_rejects}, an input before it", run.stderr)
            self.assertEqual(self.inputs(run, "status", "same_as")[-1], ("same_as_another", str(self.with_rejects)))
            self.assertEqual(self.database.sql("SELECT MAX(attempt) FROM chatload_sources"), [[str(attempts)]])
        run = support.run_chatload("check", self.with_rejects, self.good, copy, "--rejects", rejects)
        self.assertEqual((run.exit_code, run.summary["lines"], run.summary["rejected"]), (1, 4, 1), run.stderr)
        self.assertEqual(len(gzip.decompress(rejects.read_bytes()).splitlines()), 1)
        self.assertIn(f"{copy}: holds the same bytes as {self.with_rejects}; its lines count once", run.stderr)

    def test_an_unfinished_load_that_two_inputs_come_to_counts_once(self):
        copy = self.write("copy.json.gz", self.corrupt.read_bytes())
        run = self.load(self.corrupt, copy, *self.RANGE_SIZE)
        self.assertEqual((run.exit_code, run.summary["status"]), (3, "failed"), run.stderr)
        self.assertGreater(run.summary["lines"], 0)
        self.assertEqual(run.summary["lines"], self.recorded_counts(1)["lines"])
        self.assert_adds_up(run.summary)

    def test_an_input_that_fails_does_not_stop_the_next_one(self):
        run = self.load(self.missing, self.corrupt, self.with_rejects, self.good, "--connections", 1)
        self.assertEqual((run.exit_code, run.summary["status"]), (3, "failed"), run.stderr)
        ends = {"missing.json": "failed", "corrupt.json.gz": "failed", "rejects.json": "done", "good.json": "done"}
        self.assertEqual(self.states(), [["1", name, state] for name, state in ends.items()])
        self.assertEqual(self.inputs(run, "status"), [(state,) for state in ends.values()])
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chat_messages WHERE id IN ('a', 'b', 'c')"), [["3"]])
        self.assert_adds_up(run.summary)
        self.assertEqual(run.summary["inserted"], self.rows_in_table())

    def test_an_input_that_fails_stops_the_next_one_with_fail_fast(self):
        run = self.load(self.good, self.corrupt, self.with_rejects, "--fail-fast")
        self.assertEqual((run.exit_code, run.summary["status"]), (3, "failed"), run.stderr)
        ends = {"good.json": "done", "corrupt.json.gz": "failed", "rejects.json": "waiting"}
        self.assertEqual(self.states(), [["1", name, state] for name, state in ends.items()])
        self.assertEqual(self.inputs(run, "status"), [("done",), ("failed",), ("not_reached",)])
        self.assertIn(f"Skipped 1 of 3 inputs, starting with {self.with_rejects};", run.stderr)

    def test_a_table_that_is_altered_between_two_loads_of_a_command_is_looked_at_anew(self):
        """What can be read once only is a load of its own."""
        door = self.enterContext(proxy.Proxy(self.server.socket))
        alter = "ALTER TABLE chat_messages ADD UNIQUE KEY other (site_id, id)"
        done = door.at(r"^UPDATE `chatload_loads` SET `all_read_at`", after=lambda _: self.database.sql(alter))
        with open(self.with_rejects, "rb") as stdin:
            run = self.load(self.good, "-", to=door.url(self.database.name), stdin=stdin)
        done.wait()
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
        self.assertEqual(self.states(), [["1", "good.json", "done"], ["2", "-", "done"]])
        self.assertIn("-: one connection writes in file order, because `chat_messages` has another unique key", run.stderr)

    def test_an_exceeded_budget_does_not_stop_the_next_input(self):
        run = self.load(self.with_rejects, self.good, "--max-rejects", 0)
        self.assertEqual((run.exit_code, run.summary["status"]), (2, "budget_exceeded"), run.stderr)
        self.assertEqual([row[2] for row in self.states()], ["failed", "done"])

    def test_a_load_that_another_run_holds_does_not_stop_the_next_input(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            run = self.load(path, self.good, *AT_ONCE)
            self.assertEqual((run.exit_code, run.summary["inserted"]), (3, 2), run.stderr)
        self.assertEqual(loader.finish().exit_code, 1)

    def test_a_corrupt_file_that_was_mended_is_finished_under_its_new_key(self):
        self.assertEqual(self.load(self.corrupt, *self.RANGE_SIZE).exit_code, 3)
        self.corrupt.write_bytes(self.write_log().read_bytes())
        run = self.load(self.corrupt)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
        self.assertIsNone(support.first_difference(self.database, apply(self.corrupt)))


    def test_a_connection_that_is_lost_while_the_table_or_the_ledger_is_looked_at_is_opened_again(self):
        questions = (("information_schema.COLUMNS", 1), ("information_schema.COLUMNS", 2), ("chatload_migrations", 1),
                     ("@@sync_binlog", 1))  # fmt: skip
        for question, nth in questions:
            with self.subTest(f"{question}, {nth}"), proxy.Proxy(self.server.socket) as door:
                self.database.create_table()
                cut = door.at(question, nth, before=proxy.Link.cut)
                run = self.load(self.good, self.with_rejects, to=door.url(self.database.name))
                self.assertTrue(cut.done.is_set())
                self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)


class SeveralRunsTest(LedgerCase):
    def test_a_second_run_of_a_load_is_refused_and_names_the_process_that_has_it(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            run = self.load(path, *self.RANGE_SIZE, *AT_ONCE)
            self.assert_refused(run, 3, "another run", f"process {loader.process.pid}", "--wait-lock")
            self.assertEqual(run.summary["lines"], 0)
            self.assertEqual([row[2] for row in self.loads()], ["running"])
        self.assert_loaded(loader.finish(), apply(path))

    def test_a_second_run_with_restart_is_refused_too(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            self.assert_refused(self.load(path, "--restart", *AT_ONCE), 3, f"process {loader.process.pid}")
        self.assert_loaded(loader.finish(), apply(path))

    def test_a_second_run_that_waits_finds_the_load_done(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            second = self.loader(path, "--wait-lock", "100s")
            wait_until(lambda: second.says("waiting for up to 100 s (--wait-lock)"), "the second run waits")
        self.assert_loaded(loader.finish(), apply(path))
        self.assert_loaded(second.finish(), apply(path), status="already_loaded")

    def test_a_second_run_that_waits_finishes_what_was_killed(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            second = self.loader(path, "--wait-lock", "100s")
            wait_until(lambda: second.says("waiting for up to 100 s (--wait-lock)"), "the second run waits")
            loader.kill()
        self.assert_loaded(second.finish(), apply(path))

    def test_a_run_straight_after_kill_9_waits_for_the_lock_and_finishes_the_load(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            second = self.loader(path)
            wait_until(lambda: second.says("waiting for up to 15 s (--wait-lock)"), "the second run waits")
            self.assertTrue(second.says(f"another run holds this load's lock ({socket.gethostname()}, process"))
            loader.kill()
        self.assert_loaded(second.finish(), apply(path))

    def test_a_process_that_is_gone_while_the_server_keeps_its_lock_is_named_as_gone(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        with self.held_load(path, *self.RANGE_SIZE, to=door.url(self.database.name)) as loader:
            alive = self.load(path, *AT_ONCE)
            door.hold_ends()
            loader.kill()
            gone = self.load(path, *AT_ONCE)
            door.flow()
        who = f"process {loader.process.pid}, connection"
        self.assertNotIn("gone", self.assert_refused(alive, 3, who))
        self.assert_refused(gone, 3, who, "that process is gone, and the server frees its lock within 4 min")
        self.assert_loaded(self.load(path), apply(path))

    def test_a_wait_that_is_over_is_a_refusal(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            self.assert_refused(self.load(path, "--wait-lock", "300ms", "--retry-for", "1s"), 3, f"process {loader.process.pid}")

    def test_loads_of_two_files_into_one_table_finish_side_by_side(self):
        own = [line(f"{name}-{i}", "own") for name in "ab" for i in range(3000)]
        common = [line(f"both-{i}", "common") for i in range(3000)]
        first = self.write("a.json", "".join(own[:3000] + common))
        second = self.write("b.json", "".join(common[::-1] + own[3000:]))
        with self.row_held("both-1500"):
            loaders = [self.loader(path, "--connections", 4, "--range-size", "16K") for path in (first, second)]
            running = "SELECT COUNT(DISTINCT load_id) FROM chatload_ranges"
            wait_until(lambda: self.database.sql(running) == [["2"]], "both have committed something")
        runs = [loader.finish() for loader in loaders]
        for run in runs:
            self.assertEqual((run.exit_code, run.summary["lines"]), (0, 6000), run.stderr)
            self.assert_adds_up(run.summary)
        self.assertEqual(sum(run.summary["inserted"] for run in runs), 9000)
        self.assertEqual(sum(run.summary["duplicate"] for run in runs), 3000)
        self.assertIsNone(support.first_difference(self.database, apply(first, second)))


class ServerTest(LedgerCase):
    def refused(self, *parts):
        run = self.load(self.write("log.json", line("1")))
        self.assert_refused(run, 3, *parts)
        self.assertEqual(self.rows_in_table(), 0)

    def test_a_ledger_that_is_missing_names_the_command_that_creates_it(self):
        self.database.sql("DROP TABLE chatload_loads, chatload_sources, chatload_ranges, chatload_rejects, chatload_indexes,"
                          " chatload_fences, chatload_references, chatload_migrations")
        self.refused("ledger", "`chatload schema apply`")

    def test_a_ledger_that_is_old_names_the_command_that_brings_it_up_to_date(self):
        self.database.sql("DELETE FROM chatload_migrations WHERE number = 2")
        self.refused("lacks migration 2", "`chatload schema apply`")

    def test_a_table_of_the_ledger_that_is_missing_is_named(self):
        for table in ("chatload_loads", "chatload_sources", "chatload_ranges", "chatload_rejects",
                      "chatload_indexes", "chatload_fences", "chatload_references"):
            with self.subTest(table):
                self.database.create_table()
                self.database.sql(f"DROP TABLE {table}")
                self.refused(table, "`chatload schema apply`")

    def set_global(self, name, value):
        before = self.server.sql(f"SELECT @@global.{name}")[0][0]
        self.addCleanup(self.server.sql, f"SET GLOBAL {name} = {before}")
        self.server.sql(f"SET GLOBAL {name} = {value}")

    def test_a_server_that_may_lose_what_it_commits_is_named_once(self):
        path = self.write("log.json", line("1"))
        self.assertNotIn("may lose", self.load(path).stderr)
        self.set_global("innodb_flush_log_at_trx_commit", 2)
        run = self.load(path, "--reload")
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertEqual(run.stderr.count("innodb_flush_log_at_trx_commit is 2"), 1, run.stderr)


class LeastPrivilegeTest(LedgerCase):
    def account(self):
        """The URL of a user with the documented grants and no others."""
        grants = pages.grants().replace(" chat.", f" `{self.database.name}`.").replace("loader@", f"{USER}@")
        self.server.sql(f"DROP USER IF EXISTS {USER}@'%'; CREATE USER {USER}@'%'; {grants}")
        self.addCleanup(self.server.sql, f"DROP USER {USER}@'%'")
        url = self.server.url
        return url._replace(netloc=f"{USER}@{url.hostname}", path=f"/{self.database.name}").geturl()

    def test_the_documented_grants_are_enough(self):
        url = self.account()
        path, rejects = self.write_log(), self.folder / "rejects.json.gz"
        for mode in ("skip", "replace"):
            words = (path, "--on-duplicate", mode, *self.RANGE_SIZE, "--rejects", rejects)
            with self.subTest(mode=mode):
                for table in ("chat_messages", "chatload_loads", "chatload_sources", "chatload_ranges",
                              "chatload_rejects", "chatload_fences", "chatload_references"):
                    self.database.sql(f"TRUNCATE TABLE {table}")
                self.interrupt(*words, to=url)
                self.assert_loaded(self.load(*words, to=url), apply(path, on_duplicate=mode))
                self.assertEqual(self.load(*words, to=url).summary["status"], "already_loaded")
                self.assertEqual(self.load(path, "--reload", to=url).exit_code, 1)
        for words in (["schema", "check"], ["loads"], ["rejects", "1"], ["loads", "forget", "2"]):
            with self.subTest(words):
                done = subprocess.run([support.CHATLOAD, *words, "--to", url], capture_output=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
