"""SIGKILL at random times: run again to the end, the load is what it would have been.

CHATLOAD_LONG=1 kills 200 times and insists that 150 of the kills found some but not all ranges committed.
"""

import itertools
import random
import time
import unittest

import binlog
import harness
import support

KILLS = 200 if support.IS_LONG else 12
PARTIAL_KILLS_MIN = 150 if support.IS_LONG else 6
STRETCH_KILLS_MIN = 20 if support.IS_LONG else 1
KILLS_PER_LOAD_MAX = 4
ORDERS = ("file", "key")
RUNS_MAX = 10 * KILLS
EARLIEST, LATEST = 0.1, 1.0  # a kill, as a share of an undisturbed run's time


class KillTest(harness.FaultTest):
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
            stretches = "SELECT COUNT(*) > 0 FROM chatload_ranges WHERE length_bytes = 0"
            self.stretch_kills += database.sql(stretches) == [["1"]]
            self.partial_kills += 0 < (self.committed(database) or 0) < self.ranges[order]
        return self.load(database.url, **flags)

    def assert_inserted_once(self, database, mode):
        """The binary log shows each of the table's ids once, and no other."""
        inserted = sorted(binlog.inserted_ids(self.server, database.name))
        self.assertEqual(len(inserted), len(set(inserted)))
        self.assertEqual(inserted, sorted(self.expected(mode).rows))


if __name__ == "__main__":
    unittest.main()
