"""A load of whose first lines none fits ends before anything is written: exit code 2, an empty ledger, whole indexes."""

import gzip
import json
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support
from support import chat_line as line

FIRST_LINES = 10_000
INDEXES = "SELECT COUNT(DISTINCT index_name) FROM information_schema.statistics WHERE table_schema = DATABASE() " \
          "AND table_name = 'chat_messages'"


class HopelessTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = support.Database(self.server)
        self.database.__enter__()
        self.addCleanup(self.database.__exit__)
        self.database.create_table()
        self.indexes = self.database.sql(INDEXES)

    def file(self, lines):
        return support.write_gzip(self.folder / "log.json.gz", "".join(one + "\n" for one in lines).encode())

    def load(self, *words, **options):
        return support.run_chatload("load", *words, "--to", self.database.url, **options)

    def assert_nothing_was_written(self):
        for table in ("chatload_loads", "chat_messages", "chatload_ranges", "chatload_rejects"):
            self.assertEqual(self.database.sql(f"SELECT COUNT(*) FROM {table}"), [["0"]])
        self.assertEqual(self.database.sql(INDEXES), self.indexes)

    def test_in_either_order_nothing_is_written_and_a_rerun_says_the_same(self):
        path = self.file([line(number, timestamp=1479816000000) for number in range(FIRST_LINES)] +
                         [line(number) for number in range(300_000)])
        said = set()
        for order in ("auto", "file", "key"):
            for _ in range(2):
                run = self.load(path, "--order", order, "--max-rejects", "100%", "--indexes", "defer")
                self.assertEqual(run.exit_code, 2, run.stderr)
                self.assertEqual(run.summary["status"], "budget_exceeded")
                self.assertIn("Nothing was loaded.", run.stderr)
                said.update(re.findall(r"error: (.*)", run.stderr))
                self.assert_nothing_was_written()
        self.assertEqual(len(said), 1, said)
        self.assertIn("none of its first 10,000 lines can be loaded", said.pop())

    def test_of_a_pipe_nothing_is_written(self):
        path = self.file(["[1]"] * FIRST_LINES + [line()])
        for words in ([], ["--source-id", "night"], ["--source-id", "night"]):
            with open(path, "rb") as file:
                run = self.load("-", *words, "--indexes", "defer", stdin=file)
            self.assertEqual(run.exit_code, 2, run.stderr)
            self.assertIn("none of its first 10,000 lines can be loaded", run.stderr)
            self.assert_nothing_was_written()

    def test_a_pipe_with_hope_is_loaded_from_its_first_byte(self):
        path = self.file(["[1]"] * (FIRST_LINES - 1) + [line(number) for number in range(5_000)])
        with open(path, "rb") as file:
            run = self.load("-", stdin=file)
        self.assertEqual(run.exit_code, 1, run.stderr)
        expected = oracle.apply([path])
        self.assertEqual(support.loader_counts(run.summary), expected.counts())
        self.assertIsNone(support.first_difference(self.database, expected))

    def test_a_short_input_keeps_all_of_its_rejects_and_a_rerun_says_the_same(self):
        path = self.file(["[1]"] * 1_000)
        for _ in range(2):
            run = self.load(path, "--max-rejects", "100%")
            self.assertEqual(run.exit_code, 2, run.stderr)
            self.assertIn("none of its 1,000 lines can be loaded", run.stderr)
            self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chatload_rejects"), [["1000"]])

    def test_the_first_rejects_are_in_the_rejects_file(self):
        target = self.folder / "rejects.json.gz"
        run = self.load(self.file(["[1]"] * 5_000), "--rejects", target)
        self.assertEqual(run.exit_code, 2, run.stderr)
        with gzip.open(target, "rt") as file:
            self.assertEqual([json.loads(one)["line"] for one in file], list(range(1, 1_001)))

    def test_texts_that_are_too_long_can_be_loaded_once_the_column_is_wide_enough(self):
        path = self.file([line(number, data={"message": "m" * 300}) for number in range(2_000)])
        run = self.load(path)
        self.assertEqual(run.exit_code, 2, run.stderr)
        self.assertIn("widen it with ALTER TABLE first", run.stderr)
        self.database.sql("ALTER TABLE chat_messages MODIFY data VARCHAR(400)")
        run = self.load(path)
        self.assertEqual(run.exit_code, 0, run.stderr)

    def test_types_are_named_where_every_line_is_filtered_out(self):
        path = self.file([line(number, type="join") for number in range(50)])
        for order in ("file", "key"):
            run = self.load(path, "--order", order, "--reload")
            self.assertEqual(run.exit_code, 0, run.stderr)
            self.assertIn("all of its 50 lines are filtered out, so there is nothing to load; their types are `join` (50)",
                          run.stderr)


if __name__ == "__main__":
    unittest.main()
