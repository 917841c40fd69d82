# ctest: optimised
"""SIGKILL at random times: run again to the end, the load is what it would have been.

CHATLOAD_LONG=1 kills 200 times and insists that 150 of the kills found some but not all ranges committed.

The same with a table that is emptied, dropped or restored in between: a run that says that all is well is right, and one
that refuses names the flag that makes it so.
"""

import itertools
import random
import re
import time
import unittest

import binlog
import harness
import support

KILLS = 200 if support.IS_LONG else 12
PARTIAL_KILLS_MIN = 150 if support.IS_LONG else 6
STRETCH_KILLS_MIN = 20 if support.IS_LONG else 1
KILLS_PER_LOAD_MAX = 4
LOSSES = 100 if support.IS_LONG else 8
LOSSES_PER_LOAD_MAX = 3
REFUSED = r"load \d+ .*(--restart|--reload)"
ORDERS = ("file", "key")
RUNS_MAX = 10 * KILLS
EARLIEST, LATEST = 0.1, 1.0  # a kill, as a share of an undisturbed run's time


class KillTest(harness.FaultTest):
    lines, range_size = 15_000, "64K"  # so that a kill finds a load in its midst
    server_options = ("--log-bin", "--binlog-format=ROW", "--local-infile=1")

    def setUp(self):
        self.duration_s, self.ranges = {}, {}
        for order, method in itertools.product(ORDERS, support.WRITE_METHODS):
            with self.table(method) as database:
                begin = time.monotonic()
                run = self.load(database.url, order=order, method=method)
                self.duration_s[order, method] = time.monotonic() - begin
                self.assert_loaded(database, run)
                self.ranges[order] = int(database.sql("SELECT ranges FROM chatload_loads")[0][0])
            self.assertGreaterEqual(self.ranges[order], 40)
        self.kills = self.partial_kills = self.stretch_kills = self.runs = 0

    def test_killed_loads_end_as_undisturbed_ones(self):
        loads = 0
        while self.kills < KILLS:
            self.assertLess(self.runs, RUNS_MAX, "too few runs lived long enough to be killed")
            loads += 1
            dice = random.Random(loads)
            mode, connections = dice.choice(("skip", "replace")), dice.choice((1, 2, 4, 8))
            order, indexes = dice.choice(ORDERS), dice.choice(("keep", "defer"))
            method = dice.choice(support.WRITE_METHODS)
            flags = {"mode": mode, "connections": connections, "order": order, "indexes": indexes, "method": method}
            with self.subTest(load=loads, **flags), self.table(method) as database:
                binlog.forget_past(self.server)
                run = self.load_through_kills(database, dice, **flags)
                self.assert_loaded(database, run, mode)
                self.assert_inserted_once(database, mode)
        print(f"{self.kills} kills in {loads} loads; after {self.partial_kills} some but not all ranges were committed,"
              f" after {self.stretch_kills} some stretches")  # fmt: skip
        self.assertGreaterEqual(self.partial_kills, PARTIAL_KILLS_MIN)
        self.assertGreaterEqual(self.stretch_kills, STRETCH_KILLS_MIN)

    def load_through_kills(self, database, dice, order, method, **flags):
        """The run that went to its end."""
        flags |= {"order": order, "method": method}
        for _ in range(min(dice.randint(1, KILLS_PER_LOAD_MAX), KILLS - self.kills)):
            self.runs += 1
            with self.loader(database.url, **flags) as loader:
                if loader.ends_within(dice.uniform(EARLIEST, LATEST) * self.duration_s[order, method]):
                    return loader.finish()
                loader.kill()
            self.kills += 1
            stretches = "SELECT COUNT(*) > 0 FROM chatload_ranges WHERE kind = 'stretch'"
            self.stretch_kills += database.sql(stretches) == [["1"]]
            self.partial_kills += 0 < (self.committed(database) or 0) < self.ranges[order]
        return self.load(database.url, **flags)

    def test_no_run_is_a_success_over_a_table_that_lost_rows(self):
        loads = losses = refusals = 0
        while losses < LOSSES:
            loads += 1
            self.assertLess(loads, 10 * LOSSES, "too few loads met a loss")
            dice = random.Random(-loads)
            method = dice.choice(support.WRITE_METHODS)
            flags = {"mode": dice.choice(("skip", "replace")), "connections": dice.choice((1, 4)), "method": method,
                     "order": dice.choice(ORDERS), "indexes": dice.choice(("keep", "defer"))}  # fmt: skip
            with self.subTest(load=loads, **flags), self.table(method) as database:
                lost, refused = self.load_through_losses(database, dice, **flags)
                losses += lost
                refusals += refused
        print(f"{losses} losses in {loads} loads, {refusals} runs refused")
        self.assertGreater(refusals, losses // 4)

    def load_through_losses(self, database, dice, mode, **flags):
        """How many times the table lost rows, and how many runs were refused for it."""
        losses = [dice.choice(("truncate", "drop", "restore")) for _ in range(dice.randint(1, LOSSES_PER_LOAD_MAX))]
        kills, thrown, refused, more = dice.randint(1, KILLS_PER_LOAD_MAX), 0, 0, ()
        duration_s = self.duration_s[flags["order"], flags["method"]]
        while True:
            with self.loader(database.url, mode=mode, more=more, **flags) as loader:
                if kills > 0 and not loader.ends_within(dice.uniform(EARLIEST, LATEST) * duration_s):
                    loader.kill()
                    kills, run = kills - 1, None
                else:
                    run = loader.finish()
            more = ()
            if run and run.exit_code == 3:
                self.assertGreater(thrown, 0, run.stderr)
                self.assert_failed(run, REFUSED)
                more = (re.search(REFUSED, run.stderr)[1],)
                refused += 1
                continue
            if run:
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertIsNone(support.first_difference(database, self.expected(mode)), run.stderr)
                self.assertEqual(database.sql("SHOW CREATE TABLE chat_messages"), self.definition)
                if not losses:
                    return thrown, refused
            if losses and (run or dice.random() < 0.7):
                self.lose(database, losses.pop())
                thrown += 1

    def lose(self, database, how):
        """A restored table has the rows that were there at the first loss."""
        copies = database.sql("SHOW TABLES LIKE 'copy'")
        if not copies:
            database.sql("CREATE TABLE copy AS SELECT * FROM chat_messages")
        if how == "truncate":
            database.sql("TRUNCATE chat_messages")
        else:
            self.make_table_anew(database, rows_of="copy" if how == "restore" else None)

    def assert_inserted_once(self, database, mode):
        """The binary log shows each of the table's ids once, and no other."""
        inserted = sorted(binlog.inserted_ids(self.server, database.name))
        self.assertEqual(len(inserted), len(set(inserted)))
        self.assertEqual(inserted, sorted(self.expected(mode).rows))


if __name__ == "__main__":
    unittest.main()
