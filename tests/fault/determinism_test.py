# ctest: optimised
"""Whatever the connections, the ranges' size, the order of rows, the way to write them, the number of files and the
kills: one table and one set of counts for each duplicates mode.

CHATLOAD_LONG=1 takes the whole grid and a longer log.
"""

import itertools
import random
import time
import unittest

import harness
import support

MODES = ("skip", "replace")
CONNECTIONS = (1, 2, 8) if support.IS_LONG else (1, 8)
ORDERS = ("file", "key")
RANGE_SIZES = ("16K", "64K", "1M") if support.IS_LONG else ("16K", "256K")
KILLS = 4 if support.IS_LONG else 1


class DeterminismTest(harness.FaultTest):
    lines, seed = (100_000 if support.IS_LONG else 3_000), 2

    def test_one_table_and_one_set_of_counts_for_each_mode(self):
        dice = random.Random(1)
        for mode in MODES:
            checksums = {method: set() for method in support.WRITE_METHODS}
            for number, grid in enumerate(itertools.product(CONNECTIONS, RANGE_SIZES, ORDERS)):
                method = support.write_method(number)
                flags = dict(zip(("connections", "range_size", "order"), grid), mode=mode, method=method)
                with self.subTest(**flags):
                    begin = time.monotonic()
                    checksums[method].add(self.checksum_after_kills([], flags))
                    kills_s = [dice.uniform(0, time.monotonic() - begin) for _ in range(KILLS)]
                    checksums[method].add(self.checksum_after_kills(kills_s, flags))
            self.assertEqual([len(found) for found in checksums.values()], [1, 1], mode)

    def checksum_after_kills(self, seconds, flags):
        with self.table(flags["method"]) as database:
            for limit_s in seconds:
                with self.loader(database.url, **flags) as loader:
                    loader.ends_within(limit_s)
            self.assert_loaded(database, self.load(database.url, **flags), flags["mode"])
            return database.sql("CHECKSUM TABLE chat_messages")[0][1]


class FolderDeterminismTest(DeterminismTest):
    """The same lines in 40 files."""

    files = 40


if __name__ == "__main__":
    unittest.main()
