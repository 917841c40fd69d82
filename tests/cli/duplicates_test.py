"""`check --duplicates`: how many records have the key of an earlier one, and how many of those differ from it."""

import json
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

MAPPING = """
table = "t"
primary_key = ["day", "n"]
[[column]]
name = "n"
sql = "INT NOT NULL"
accept = "string"
[[column]]
name = "day"
sql = "VARCHAR(20) NOT NULL"
[[column]]
name = "note"
sql = "VARCHAR(20)"
[[column]]
name = "at_line"
sql = "BIGINT NOT NULL"
meta = "line"
"""


class DuplicatesTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.mapping = self.folder / "m.toml"
        self.mapping.write_text(MAPPING)

    def check(self, *files, mapping=None, flags=()):
        run = support.run_chatload("check", *files, "--mapping", mapping or self.mapping, "--duplicates", *flags)
        return run, run.summary

    def write(self, name, records):
        path = self.folder / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    def test_counts_are_those_of_a_dictionary_of_keys_in_the_order_of_files_and_lines(self):
        chance = random.Random(5)
        records = []
        for _ in range(40_000):
            number = chance.randrange(15_000)
            records.append(
                {
                    "n": chance.choice([number, str(number), f"0{number}"]),
                    "day": chance.choice(["mon", "tue\u00e9", "a\\b"]),
                    "note": chance.choice([None, "", "x"]) if chance.random() < 0.3 else "same",
                }
            )
        files = [self.write("a.json", records[:25_000]), self.write("b.json", records[25_000:])]
        first, duplicate, differing = {}, 0, 0
        for record in records:
            key = record["day"], int(record["n"])
            note = first.setdefault(key, record)["note"]
            duplicate += first[key] is not record
            differing += note != record["note"]
        for flags in ((), ("--range-size", "16K", "--threads", "4"), ("--memory", "96M", "--threads", "1")):
            run, summary = self.check(*files, flags=flags)
            self.assertEqual(run.exit_code, 0, run.stderr)
            self.assertEqual((summary["duplicate"], summary["differing"]), (duplicate, differing), flags)
            self.assertEqual(summary["valid"], 40_000)

    def test_the_first_record_that_differs_is_named_with_the_one_that_it_repeats(self):
        first = self.write("a.json", [{"n": 1, "day": "mon"}, {"n": 2, "day": "mon"}, {"n": 1, "day": "mon"}])
        second = self.write("b.json", [{"n": 3, "day": "mon"}, {"n": 2, "day": "mon", "note": "new"}])
        run, summary = self.check(first, second)
        self.assertEqual((summary["duplicate"], summary["differing"]), (2, 1))
        self.assertIn(f"line 2 of {first} and line 2 of {second} share a key and differ in `note`", run.stderr)
        self.assertIn("2 of the valid lines have the key of an earlier one, 1 of them with other values", run.stdout)

    def test_a_key_that_only_the_server_compares_and_no_key_are_refused(self):
        log = self.write("a.json", [{"n": 1, "day": "mon"}])
        for old, new in (("VARCHAR(20) NOT NULL", "VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL"), ('"day", "n"', "")):
            other = self.folder / "other.toml"
            other.write_text(MAPPING.replace(old, new))
            run, _ = self.check(log, mapping=other)
            self.assertEqual(run.exit_code, 64)
            self.assertIn("--duplicates", run.stderr)


if __name__ == "__main__":
    unittest.main()
