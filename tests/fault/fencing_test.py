"""Runs of one load exclude one another, one that was overtaken writes nothing more, lost commits are noticed."""

import gzip
import threading
import time
import unittest

import fault_log
import harness
import oracle
import proxy

BEGIN = r"^START TRANSACTION"
CLAIM = r"^INSERT INTO .?chatload_ranges"
ROWS_DONE = r"^REPLACE INTO .?chatload_ranges"
COMMIT = r"^COMMIT"
TAKEOVER = r"^UPDATE .?chatload_loads.? SET .?owner"
NTH = 20  # of about 48 ranges
SIGNAL_DEADLINE_S = 5


class FencingTest(harness.FaultTest):
    def setUp(self):
        self.database = self.enterContext(self.table())
        self.door = self.enterContext(proxy.Proxy(self.server.socket))

    def through_door(self, **flags):
        return self.loader(self.door.url(self.database.name), **flags)

    def test_second_run_of_a_load_says_who_holds_it(self):
        stalled = self.door.at(CLAIM, NTH, before=lambda _: self.door.stall())
        with self.through_door() as first:
            stalled.wait()
            self.assert_failed(self.load(self.database.url, wait_lock="0s"), rf"\b{first.pid}\b")
            self.door.flow()
            self.assert_loaded(self.database, first.finish())

    def test_second_run_that_waits_finds_the_load_done(self):
        stalled = self.door.at(CLAIM, NTH, before=lambda _: self.door.stall())
        with self.through_door() as first:
            stalled.wait()
            with self.loader(self.database.url) as second:
                self.door.flow()
                for run in (first.finish(), second.finish()):
                    self.assert_loaded(self.database, run)

    def kill_lock_holder(self):
        self.server.kill_connection(self.database.sql("SELECT IS_USED_LOCK(lock_name) FROM chatload_loads")[0][0])

    def stopped_at(self, pattern, nth, first):
        """Has `first` stopped by SIGSTOP before its nth such statement reaches the server, and without its named lock.
        Returns (the trigger's link, a function that lets it go on)."""
        reached, may_go_on = threading.Event(), threading.Event()

        def stop(_):
            first.stop()
            reached.set()
            may_go_on.wait(harness.DEADLINE_S)

        self.door.at(pattern, nth, before=stop)
        self.enterContext(first)
        self.assertTrue(reached.wait(harness.DEADLINE_S))
        self.kill_lock_holder()

        def go_on():
            first.go_on()
            may_go_on.set()

        self.addCleanup(go_on)
        return go_on

    def assert_was_overtaken(self, run):
        self.assert_failed(run, r"(?i)another run|took .*over|taken over")

    def test_stopped_run_wakes_after_another_took_over(self):
        first = self.through_door(connections=1)
        go_on = self.stopped_at(BEGIN, NTH, first)
        self.assert_loaded(self.database, self.load(self.database.url))
        go_on()
        self.assert_was_overtaken(first.finish())
        self.assert_in_database(self.database)

    def test_stopped_run_wakes_while_another_is_writing(self):
        first = self.through_door(connections=1)
        go_on = self.stopped_at(BEGIN, NTH, first)
        second = self.through_door()
        writing = self.door.at(CLAIM, NTH, after=lambda _: None)
        with second:
            writing.wait()
            go_on()
            self.assert_was_overtaken(first.finish())
            self.assert_loaded(self.database, second.finish())

    def test_commit_on_its_way_while_another_takes_over_counts_once(self):
        first = self.through_door(connections=1)
        go_on = self.stopped_at(COMMIT, NTH, first)
        takeover = self.door.at(TAKEOVER, before=lambda _: None)
        with self.through_door() as second:
            takeover.wait()
            go_on()
            self.assert_was_overtaken(first.finish())
            self.assert_loaded(self.database, second.finish())

    def lose_first_range(self):
        """Takes the first range out of the database, as a failover that loses a transaction does."""
        (load, begin, length), *_ = self.database.sql(
            "SELECT load_id, begin_byte, length_bytes FROM chatload_ranges WHERE range_number = 0"
        )
        part = self.folder / "first-range.json"
        with gzip.open(self.logs[0]) as file:
            part.write_bytes(file.read(int(length)))
        self.assertEqual(begin, "0")
        lost = oracle.apply([part], refuses=fault_log.refuses)
        ids = ", ".join(f"X'{key.hex()}'" for key in lost.rows)
        self.database.sql(
            f"START TRANSACTION; DELETE FROM chat_messages WHERE id IN ({ids});"
            f" DELETE FROM chatload_rejects WHERE load_id = {load} AND line <= {lost.lines};"
            f" DELETE FROM chatload_ranges WHERE load_id = {load} AND range_number = 0; COMMIT"
        )

    def test_commit_that_the_server_lost_ends_the_run_and_the_next_one_mends_it(self):
        def lose(_):
            self.door.stall()
            self.door.cut_all()
            self.lose_first_range()
            self.door.flow()

        lost = self.door.at(ROWS_DONE, NTH, before=lose)
        with self.through_door() as loader:
            run = loader.finish()
        lost.wait()
        self.assert_failed(run, r"(?i)range.*(lost|missing|gone|no longer)|(lost|missing|gone|no longer).*range")
        self.assert_loaded(self.database, self.load(self.database.url))

    def test_sigterm_while_the_server_stalls_ends_in_time(self):
        stalled = self.door.at(ROWS_DONE, NTH, before=lambda _: self.door.stall())
        with self.through_door() as loader:
            stalled.wait()
            begin = time.monotonic()
            loader.terminate()
            run = loader.finish()
            self.assertLess(time.monotonic() - begin, SIGNAL_DEADLINE_S)
        self.door.cut_all()
        self.door.flow()
        self.assertEqual(run.exit_code, 4, run.stderr)
        self.assert_loaded(self.database, self.load(self.database.url))

    def test_sigterm_in_mid_load_leaves_what_the_next_run_finishes(self):
        loader = self.through_door()
        terminated = self.door.at(CLAIM, NTH, before=lambda _: loader.terminate())
        with loader:
            run = loader.finish()
        terminated.wait()
        self.assertEqual(run.exit_code, 4, run.stderr)
        self.assertEqual(self.database.sql("SELECT state FROM chatload_loads"), [["interrupted"]])
        self.assert_loaded(self.database, self.load(self.database.url))


if __name__ == "__main__":
    unittest.main()
