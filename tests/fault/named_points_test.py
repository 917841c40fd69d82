# ctest: long
"""SIGKILL at each point where a crash could cost a range or double it; the next run ends as an undisturbed load."""

import functools
import gzip
import signal
import time
import unittest

import harness
import proxy
import support

CLAIM = r"^INSERT INTO .?chatload_ranges"
ROWS_DONE = r"^REPLACE INTO .?chatload_ranges"
LOAD_DATA = r"^LOAD DATA"
COMMIT = r"^COMMIT"
REJECTS = r"^INSERT INTO .?chatload_rejects"
DONE = r"^UPDATE .?chatload_loads.? SET .*done"
COMPACT = r"^DELETE FROM .?chatload_ranges"
SOURCES_DONE = r"^UPDATE .?chatload_sources.* AS .?digest"
MARKS_EVERY_S = 1.5  # at most
NTH = 20  # of about 48 ranges
POINTS = (
    ("after", CLAIM, False),
    ("before", ROWS_DONE, False),
    ("before", ROWS_DONE, True),
    ("after", ROWS_DONE, True),
)


class NamedPointsCase(harness.FaultTest):
    def kill_at(self, moment, pattern, nth=1, at_its_commit=False, **flags):
        """Kills a load before or after that statement, or the COMMIT of its transaction; another run goes to the end.
        Returns how many ranges were committed between the two (None: the load was done), and the last run.
        """
        flags = {"connections": 1, "method": "insert", **flags}
        with self.table(flags["method"]) as database, proxy.Proxy(self.server.socket) as door:
            loader = self.loader(door.url(database.name), indexes="defer", **flags)
            if at_its_commit:
                door.at(pattern, nth, before=lambda link: door.at(COMMIT, link=link, **{moment: loader.kill}))
            else:
                door.at(pattern, nth, **{moment: loader.kill})
            with loader:
                run = loader.finish()
            self.assertEqual(run.exit_code, -signal.SIGKILL, f"never at {pattern}: {run.stderr}")
            committed = self.committed(database)
            run = self.load(database.url, **flags)
            self.assert_loaded(database, run)
            return committed, run


class NamedPointsTest(NamedPointsCase):
    def test_after_the_claim(self):
        committed, _ = self.kill_at("after", CLAIM, NTH)
        self.assertEqual(committed, NTH - 1)

    def test_after_the_rows(self):
        committed, _ = self.kill_at("before", ROWS_DONE, NTH)
        self.assertEqual(committed, NTH - 1)

    def test_rows_that_load_data_never_got(self):
        """Before the server sees the statement, and when it has asked for the rows. A range may take two of them."""
        for moment in ("before", "after"):
            with self.subTest(moment=moment):
                committed, _ = self.kill_at(moment, LOAD_DATA, NTH, method="load-data")
                self.assertTrue(NTH // 2 <= committed < NTH, committed)

    def test_commit_that_the_server_never_saw(self):
        committed, _ = self.kill_at("before", ROWS_DONE, NTH, at_its_commit=True)
        self.assertEqual(committed, NTH - 1)

    def test_commit_whose_reply_was_never_heard(self):
        committed, _ = self.kill_at("after", ROWS_DONE, NTH, at_its_commit=True)
        self.assertEqual(committed, NTH)

    def test_a_load_in_key_order_that_is_killed_among_its_stretches_is_finished(self):
        """Of which all ranges were committed at once, by the first claim."""
        for number, (moment, pattern, at_its_commit) in enumerate(POINTS):
            method = support.write_method(number)
            with self.subTest(moment=moment, pattern=pattern, at_its_commit=at_its_commit, method=method):
                nth = NTH + 1 if pattern == CLAIM else NTH
                committed, _ = self.kill_at(moment, pattern, nth, at_its_commit, order="key", method=method)
                stretches = committed - self.ranges
                self.assertEqual(stretches, NTH if (moment, at_its_commit) == ("after", True) else NTH - 1)

    def test_a_load_in_key_order_that_is_killed_while_its_ranges_are_recorded_has_all_of_them_or_none(self):
        points = (("before", REJECTS, False), ("after", CLAIM, False), ("before", CLAIM, True), ("after", CLAIM, True))
        for moment, pattern, at_its_commit in points:
            with self.subTest(moment=moment, pattern=pattern, at_its_commit=at_its_commit):
                committed, _ = self.kill_at(moment, pattern, 1, at_its_commit, order="key")
                self.assertEqual(committed, self.ranges if (moment, at_its_commit) == ("after", True) else 0)

    @functools.cached_property
    def ranges(self):
        """How many the log has: each ends with the first newline at or behind its begin and the range size."""
        size = int(self.range_size.removesuffix("K")) << 10
        with gzip.open(self.logs[0]) as file:
            text = file.read()
        ranges = begin = 0
        while begin < len(text):
            ranges, begin = ranges + 1, text.find(b"\n", begin + size) + 1 or len(text)
        return ranges

    def test_points_among_eight_connections(self):
        for number, (moment, pattern, at_its_commit) in enumerate(POINTS):
            method = support.write_method(number)
            with self.subTest(moment=moment, pattern=pattern, at_its_commit=at_its_commit, method=method):
                committed, _ = self.kill_at(moment, pattern, NTH, at_its_commit, connections=8, method=method)
                self.assertTrue(0 < committed < 2 * NTH, committed)

    def test_before_done(self):
        committed, run = self.kill_at("before", DONE)
        self.assertGreaterEqual(committed, 40)
        self.assertEqual(run.summary["status"], "done")

    def test_after_done_and_during_compaction(self):
        for moment, pattern in (("after", DONE), ("before", COMPACT), ("after", COMPACT)):
            with self.subTest(moment=moment, pattern=pattern):
                committed, run = self.kill_at(moment, pattern)
                self.assertIsNone(committed)
                self.assertEqual(run.summary["status"], "already_loaded")


class SmallFilesTest(NamedPointsCase):
    """Several of which are written in one transaction."""

    files, lines, range_size = 90, 90 * 60, "64K"
    NTH = 6

    @functools.cached_property
    def ranges_in_front(self):
        """Of each transaction, how many ranges there are in those up to it: a range takes its bytes and 1 KiB."""
        size = int(self.range_size.removesuffix("K")) << 10
        ends, held = [], 0
        for number, log in enumerate(self.logs):
            with gzip.open(log) as file:
                taken = len(file.read()) + 1024
            if held + taken > size:
                ends, held = [*ends, number], 0
            held += taken
        return [*ends, len(self.logs)]

    def test_each_transaction_has_several_ranges(self):
        self.assertGreater(self.ranges_in_front[0], 2)
        self.assertGreater(len(self.ranges_in_front), 2 * self.NTH)

    def test_a_transaction_of_several_ranges_in_doubt_is_committed_whole_or_not_at_all(self):
        for moment, pattern, at_its_commit in (*POINTS, ("before", CLAIM, False)):
            with self.subTest(moment=moment, pattern=pattern, at_its_commit=at_its_commit):
                committed, _ = self.kill_at(moment, pattern, self.NTH, at_its_commit)
                transactions = self.NTH if (moment, at_its_commit) == ("after", True) else self.NTH - 1
                self.assertEqual(committed, self.ranges_in_front[transactions - 1])

    def test_a_run_that_loses_its_connection_at_the_commit_looks_all_ranges_of_the_transaction_up(self):
        for moment in ("before", "after"):
            for connections in (1, 4):
                with self.subTest(moment=moment, connections=connections), self.table() as database:
                    with proxy.Proxy(self.server.socket) as door:
                        cut = {moment: proxy.Link.cut}
                        lost = door.at(ROWS_DONE, self.NTH, before=lambda link: door.at(COMMIT, link=link, **cut))
                        run = self.load(door.url(database.name), connections=connections, method="insert")
                        lost.wait()
                    self.assert_loaded(database, run)

    def test_a_killed_run_has_marked_the_files_done_that_were_and_the_next_one_reads_the_others_alone(self):
        with self.table() as database, proxy.Proxy(self.server.socket) as door:
            # The last file of a transaction is marked when the next one is committed, if the last mark is old enough. On
            # a slow machine one that was on its way may make it too young; then it is the transaction after that.
            def outlast_the_interval(_):
                time.sleep(MARKS_EVERY_S)

            def outlast_the_interval_and_kill_at_the_next_mark(_):
                outlast_the_interval(_)
                door.at(SOURCES_DONE, after=loader.kill)

            door.at(CLAIM, self.NTH, before=outlast_the_interval_and_kill_at_the_next_mark)
            door.at(CLAIM, self.NTH + 1, before=outlast_the_interval)
            with self.loader(door.url(database.name), connections=1, method="insert") as loader:
                run = loader.finish()
            self.assertEqual(run.exit_code, -signal.SIGKILL, run.stderr)
            done = int(database.sql("SELECT COUNT(*) FROM chatload_sources WHERE state = 'done'")[0][0])
            self.assertIn(done, self.ranges_in_front[self.NTH - 2 : self.NTH])
            run = self.load(database.url, connections=1, method="insert")
            self.assert_loaded(database, run)
            ends = [one["status"] for one in run.summary["inputs"]]
            self.assertEqual(ends, ["already_loaded"] * done + ["done"] * (self.files - done))


if __name__ == "__main__":
    unittest.main()
