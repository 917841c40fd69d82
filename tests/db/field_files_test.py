"""Files as people have them (tests/field): what each comes to, in the table, in the ledger and in what the run says."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

FIELD = support.ROOT / "tests/field"


class Loads:
    """Table, counts and rejects are the oracle's; standard error has the parts of `said`."""

    def __init__(self, exit_code, said=()):
        self.exit_code, self.said = exit_code, said


class Refused:
    """One error with these parts; no load in the ledger, or one that failed and has nothing."""

    def __init__(self, *parts, is_begun=False, exit_code=3):
        self.parts, self.is_begun, self.exit_code = parts, is_begun, exit_code


OUTCOMES = {
    "case01-zero-padded": Loads(0),
    "case02-bom-in-second-member": Loads(0),
    "case02-newline-between-members": Refused("holds bytes that are not gzip after its last member", is_begun=True),
    "case02-no-final-newline": Loads(1, ["invalid_json", "more behind the object at column"]),
    "case04-html": Refused("is an HTML page", "cat", "download the file again"),
    "case04-plain": Loads(0),
    "case05-twice": Refused("is gzip inside gzip", "| gzip -dc |"),
    "case08-array": Refused("is a JSON array", "jq -c '.[]'"),
    "case09-joined": Refused("JSON objects without line ends", "jq -c ."),
    "case09-joined-long": Refused("JSON objects without line ends", "jq -c ."),
    "case11-half-emoji": Loads(1, ["invalid_json", "lone surrogate at column"]),
    "case12-milliseconds": Refused("none of its 2,000 lines", "look like milliseconds", exit_code=2),
    "case12-slack-ts": Loads(2, ["bad_timestamp", "look like seconds with a fraction"]),
    "case13-nul-4k": Loads(0),
    "case13-nul-3m": Loads(0),
}


class FieldFilesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def test_every_file_has_an_outcome(self):
        self.assertEqual({path.name.removesuffix(".json.gz") for path in FIELD.iterdir()}, set(OUTCOMES))

    def test_each_file_comes_to_its_outcome(self):
        for name, outcome in OUTCOMES.items():
            with self.subTest(file=name), support.Database(self.server) as database:
                database.create_table()
                path = FIELD / f"{name}.json.gz"
                run = support.run_chatload("load", path, "--to", database.url)
                (self.assert_loads if isinstance(outcome, Loads) else self.assert_refused)(run, database, path, outcome)

    def assert_loads(self, run, database, path, outcome):
        expected = oracle.apply([path])
        self.assertEqual(run.exit_code, outcome.exit_code, run.stderr)
        for part in outcome.said:
            self.assertIn(part, run.stderr)
        self.assertEqual(support.loader_counts(run.summary), expected.counts(), run.stderr)
        self.assertIsNone(support.first_difference(database, expected))
        found = database.sql("SELECT line, byte_offset, reason, IFNULL(field, '') FROM chatload_rejects ORDER BY line")
        self.assertEqual(found, [[str(a), str(b), c, d or ""] for a, b, c, d in expected.rejects])

    def assert_refused(self, run, database, path, outcome):
        self.assertEqual(run.exit_code, outcome.exit_code, run.stderr)
        errors = re.findall(r"error: (.*)", run.stderr)
        self.assertEqual(len(errors), 1, run.stderr)
        for part in (str(path), *outcome.parts):
            self.assertIn(part, errors[0])
        self.assertEqual(database.sql("SELECT state FROM chatload_loads"), [["failed"]] if outcome.is_begun else [])
        for table in ("chat_messages", "chatload_ranges", "chatload_rejects"):
            self.assertEqual(database.sql(f"SELECT COUNT(*) FROM {table}"), [["0"]])

    def test_of_a_pipe_of_another_kind_nothing_is_written(self):
        with support.Database(self.server) as database, open(FIELD / "case08-array.json.gz", "rb") as file:
            database.create_table()
            run = support.run_chatload("load", "-", "--to", database.url, stdin=file)
            self.assertEqual(run.exit_code, 3, run.stderr)
            self.assertIn("standard input is a JSON array", run.stderr)
            for table in ("chatload_loads", "chatload_ranges", "chatload_rejects"):
                self.assertEqual(database.sql(f"SELECT COUNT(*) FROM {table}"), [["0"]])


if __name__ == "__main__":
    unittest.main()
