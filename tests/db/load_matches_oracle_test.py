# ctest: long leaks
"""A load's table, counts and rejects equal the oracle's, for any parallelism, range size, duplicates mode and way to write.

CHATLOAD_LONG=1 takes ten times the lines, and 2,000,000 with range sizes of 64 KiB, 4 MiB and 64 MiB.
"""

import gzip
import itertools
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

CONNECTIONS = (1, 2, 8)
MODES = ("skip", "replace")
LINES = 60_000 if support.IS_LONG else 6_000


class LoadMatchesOracleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def generate(self, **options):
        return support.generate(pathlib.Path(self.folder.name) / f"{self.id()}.json.gz", **options)

    def load_and_compare(self, path, result, *flags, connections, mode, range_size="4M"):
        with support.Database(self.server) as database:
            database.create_table()
            run = support.run_chatload(
                "load", path, "--to", database.url, "--connections", connections, "--on-duplicate", mode,
                "--range-size", range_size, *flags,
            )  # fmt: skip
            self.assertEqual(run.exit_code, 1 if result.rejects else 0, run.stderr)
            if mode == "skip":
                self.assertNotRegex(run.stderr, "LOAD DATA|again with INSERT")  # nothing took its place
            self.assertEqual(support.loader_counts(run.summary), result.counts())
            self.assertIsNone(support.first_difference(database, result))

    def check_all_ways(self, path, range_sizes):
        for mode in MODES:
            result = oracle.apply([path], on_duplicate=mode)
            for number, (connections, range_size) in enumerate(itertools.product(CONNECTIONS, range_sizes)):
                method = support.write_method(number)
                flags = {"connections": connections, "mode": mode, "range_size": range_size}
                with self.subTest(method=method, **flags):
                    self.load_and_compare(path, result, "--write-method", method, **flags)

    def test_time_ordered_ids(self):
        path = self.generate(lines=LINES, ids="v1", malformed=2, duplicates=10, members=3)
        self.check_all_ways(path, ("32K", "512K"))

    def test_random_ids(self):
        path = self.generate(lines=LINES, ids="v4", malformed=2, duplicates=10, seed=2)
        self.check_all_ways(path, ("32K", "512K"))

    @unittest.skipUnless(support.IS_LONG, "CHATLOAD_LONG=1 loads two million lines eighteen times")
    def test_two_million_lines(self):
        path = self.generate(lines=2_000_000, seed=3)
        self.check_all_ways(path, ("64K", "4M", "64M"))

    def test_few_ids_repeated_often(self):
        path = pathlib.Path(self.folder.name) / "few.json.gz"
        line = '{"id":"%d","type":"message","from":"v%d","site_id":%d,"timestamp":%d,"data":{"message":"text %d"}}\n'
        content = "".join(line % (i * i % 97, i, i, i + 1, i) for i in range(LINES // 3))
        support.write_gzip(path, content.encode())
        self.check_all_ways(path, ("4K", "64K"))

    def test_filters(self):
        path = self.generate(lines=LINES, malformed=2)
        for flags, line_filter in (
            (["--type", "message"], oracle.Filter(types=["message"])),
            (["--type", "typing", "--type", "status"], oracle.Filter(types=["typing", "status"])),
            (["--site", "3", "--site", "17"], oracle.Filter(sites=["3", "17"])),
            (["--since", "2016-11-22T12:20:00Z", "--until", "1479818400"],
             oracle.Filter(since=1479817200, until=1479818400)),
        ):  # fmt: skip
            with self.subTest(flags=flags):
                result = oracle.apply([path], line_filter)
                self.load_and_compare(path, result, *flags, connections=2, mode="skip", range_size="64K")

    def test_rejects_file_holds_every_reject_in_file_order(self):
        path = self.generate(lines=LINES, malformed=10)
        rejects = pathlib.Path(self.folder.name) / "rejects.json.gz"
        result = oracle.apply([path])
        self.load_and_compare(path, result, "--rejects", rejects, connections=2, mode="skip", range_size="64K")
        with gzip.open(rejects, "rt", encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        found = [(record["line"], record["offset"], record["reason"], record["field"]) for record in records]
        self.assertEqual(found, result.rejects)


class CheckMatchesOracleTest(unittest.TestCase):
    def test_check_counts_what_the_file_alone_tells(self):
        with tempfile.TemporaryDirectory() as folder:
            path = support.generate(pathlib.Path(folder) / "log.json.gz", lines=50_000, malformed=5, members=7)
            run = support.run_chatload("check", path)
            expected = oracle.apply([path]).counts()
            found = support.loader_counts(run.summary)
            for key in ("lines", "valid", "filtered", "rejected", "blank", "rejects_by_reason"):
                self.assertEqual(found[key], expected[key], key)


if __name__ == "__main__":
    unittest.main()
