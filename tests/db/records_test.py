"""Records that are no lines: values, and elements of an array, in documents of any size.

The oracle reads the documents with Python's json, and gets their records as lines.
"""

import gzip
import json
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mapping_oracle
import support
from ledger_case import rejects_in_file
from mapping_case import MappingCase

TOML = """
table = "events"
records = "{records}"
primary_key = ["id"]
indexes = [["at"]]
time = "at"

[[column]]
name = "id"
sql = "VARCHAR(40) NOT NULL"

[[column]]
name = "at"
sql = "DATETIME(3) NOT NULL"

[[column]]
name = "name"
sql = "VARCHAR(20)"
path = "$.user.name"

[[column]]
name = "n"
sql = "INT"

[[column]]
name = "tags"
sql = "JSON"
"""
SMALL_RANGES = ("--range-size", "8K")


def record(chance, domain):
    good = {
        "id": f"id-{chance.randrange(domain)}",
        "at": f"2024-05-01T12:00:{chance.randrange(60):02}.{chance.randrange(1000):03}Z",
        "user": {"name": chance.choice(["ann", "quote \" and \\", "}]", "ü😀", "new\nline"]), "more": [[], {}]},
        "n": chance.randrange(1000),
        "tags": chance.choice([[], ["a", {"b": "[{\\"}], "text", None]),
    }
    if chance.random() < 0.1:
        good[chance.choice(list(good))] = chance.choice([None, 5.5, "x" * 50, [1]])
    return chance.choice([good] * 40 + [7, "a string", None, [good], True, -1.5e3, ""])


def records(seed, count=1_500):
    chance = random.Random(seed)
    return [record(chance, count // 2) for _ in range(count)]


def around(values, indent=None):
    document = {"Version": 1, "Other": [{"Records": ["no"]}], "nested": {"Records": values}, "z": "\u00fc"}
    return json.dumps(document, indent=indent, ensure_ascii=False)


class RecordsCase(MappingCase):
    def records_mapping(self, form, name="mapping.toml"):
        toml = TOML.replace("{records}", form)
        return self.mapping(toml, name)

    def document(self, text, name="in.json.gz"):
        return support.write_gzip(self.folder / name, text.encode())

    def assert_loads_records(self, values, text, form, *words, mode="skip"):
        path, mapping = self.records_mapping(form)
        self.database.sql("DROP TABLE IF EXISTS events")
        self.database.create_table()
        self.apply(path)
        run = self.load(self.document(text), "--mapping", path, "--on-duplicate", mode, *words)
        self.assert_loaded_by(mapping, run, list(map(json.dumps, values)), mode)
        self.assertEqual(run.summary["lines"], len(values))


class RecordsTest(RecordsCase):
    def test_elements_of_an_array_are_loaded_as_lines_are(self):
        for order in ("file", "key"):
            for mode in ("skip", "replace"):
                for indent in (None, 2):
                    with self.subTest(order=order, mode=mode, indent=indent):
                        values = records(1)
                        text = around(values, indent)
                        words = ("--order", order, "--connections", 3, *SMALL_RANGES)
                        self.assert_loads_records(values, text, "$.nested.Records[*]", *words, mode=mode)

    def test_values_are_loaded_whatever_stands_between(self):
        values = records(2)
        chance = random.Random(2)
        text = "".join(json.dumps(value, indent=chance.choice([None, 1])) + chance.choice([" ", "\n", "\r\n\n"]) for value in values)
        self.assert_loads_records(values, text, "values", *SMALL_RANGES)
        objects = [value for value in values if isinstance(value, dict)]
        self.assert_loads_records(objects, "".join(map(json.dumps, objects)), "values", *SMALL_RANGES)

    def test_documents_follow_one_another_in_a_file_and_in_many(self):
        path, mapping = self.records_mapping("$.nested.Records[*]")
        self.apply(path)
        values = records(3)
        parts = [values[:500], values[500:501], [], values[501:]]
        first = self.document("".join(map(around, parts[:2])), "a.json.gz")
        second = self.document("\ufeff" + "\n".join(map(around, parts[2:])), "b.json.gz")
        run = self.load(first, second, "--mapping", path, "--order", "file", *SMALL_RANGES)
        rows, counts, _ = mapping_oracle.load(mapping, list(map(json.dumps, values)))
        self.assertEqual({name: run.summary[name] for name in counts}, counts, run.stderr)
        self.assert_table(mapping, rows)

    def test_a_reject_has_the_records_own_place_and_text(self):
        values = [{"id": "a", "at": "2024-05-01T12:00:00Z"}, {"id": 5}, {"id": "b", "at": "never"}, 7]
        text = around(values, 2)
        path, _ = self.records_mapping("$.nested.Records[*]")
        out = self.folder / "rejects.json.gz"
        support.run_chatload("check", self.document(text), "--mapping", path, "--rejects", out)
        found = rejects_in_file(out)
        self.assertEqual([(line, reason) for line, _, reason, *_ in found],
                         [(2, "wrong_type"), (3, "bad_timestamp"), (4, "not_an_object")])  # fmt: skip
        for line, offset, _, _, _, raw in found:
            self.assertEqual(text.encode()[offset : offset + len(raw.encode())].decode(), raw)
            self.assertEqual(json.loads(raw), values[line - 1])

    def test_rejects_can_be_loaded_as_values(self):
        values = [{"id": f"{number}", "at": "2024-05-01T12:00:00Z", "n": number, "user": {"name": "x" * 30}} for number in range(20)]
        path, mapping = self.records_mapping("$.nested.Records[*]")
        self.apply(path)
        run = self.load(self.document(around(values, 1)), "--mapping", path)
        self.assertEqual(run.summary["rejected"], 20, run.stderr)
        self.database.sql("ALTER TABLE events MODIFY name VARCHAR(60)")
        mended = self.folder / "mended.json.gz"
        done = support.run_chatload("rejects", "1", "--raw", "-o", mended, "--to", self.database.url)
        self.assertEqual(done.exit_code, 0, done.stderr)
        run = self.load(mended, "--mapping", path, "--records", "values")
        self.assertEqual((run.exit_code, run.summary["inserted"]), (0, 20), run.stderr)

    def test_a_load_that_was_killed_goes_on_where_it_was(self):
        values = records(4, 4_000)
        path, mapping = self.records_mapping("$.nested.Records[*]")
        self.apply(path)
        log = self.document(around(values))
        words = ("--mapping", path, "--order", "file", "--connections", 1, *SMALL_RANGES)
        loader = self.loader(log, *words)
        while loader.process.poll() is None and self.committed_ranges() < 3:
            pass
        loader.kill()
        self.assertGreater(self.committed_ranges(), 0)
        self.assert_loaded_by(mapping, self.load(log, *words), list(map(json.dumps, values)), "skip")

    def test_damage_ends_the_file_at_its_byte_and_what_stands_in_front_stays(self):
        values = [{"id": f"{number}", "at": "2024-05-01T12:00:00Z"} for number in range(2_000)]
        whole = around(values)
        place = whole.index('{"id": "1500"')
        for damaged, what in ((whole[:place], "does not end"), (whole[:place] + "}" + whole[place:], "a JSON value is missing")):
            with self.subTest(what=what):
                path, _ = self.records_mapping("$.nested.Records[*]")
                self.database.sql("DROP TABLE IF EXISTS events")
                self.database.create_table()
                self.apply(path)
                run = self.load(self.document(damaged), "--mapping", path, "--order", "file", *SMALL_RANGES)
                self.assert_refused(run, 3, what, f"at byte {place:,} " if "missing" in what else "at byte ")
                rows = int(self.database.sql("SELECT COUNT(*) FROM events")[0][0])
                self.assertGreater(rows, 500)
                self.assertLessEqual(rows, 1_500)

    def test_a_record_that_the_server_refuses_has_its_own_text_in_either_order(self):
        values = [{"id": f"{number}", "at": "2024-05-01T12:00:00Z", "n": number % 10} for number in range(100)]
        for order in ("file", "key"):
            for indent in (None, 2):
                with self.subTest(order=order, indent=indent):
                    path, _ = self.records_mapping("$.nested.Records[*]")
                    self.database.sql("DROP TABLE IF EXISTS events")
                    self.database.create_table()
                    self.apply(path)
                    self.database.sql("ALTER TABLE events ADD CONSTRAINT small CHECK (n < 9)")
                    run = self.load(self.document(around(values, indent)), "--mapping", path, "--order", order)
                    self.assertEqual(run.summary["rejected"], 10, run.stderr)
                    raws = [json.loads(raw) for (raw,) in self.database.sql("SELECT raw FROM chatload_rejects ORDER BY line")]
                    self.assertEqual(raws, [value for value in values if value["n"] == 9])

    def test_a_load_goes_on_with_its_own_records_only(self):
        path, _ = self.records_mapping("$.nested.Records[*]")
        self.apply(path)
        values = [{"id": f"{number}", "at": "2024-05-01T12:00:00Z"} for number in range(500)] + [7] * 5
        log = self.document(around(values))
        run = self.load(log, "--mapping", path, "--max-rejects", 2, "--order", "file", *SMALL_RANGES)
        self.assertEqual(run.exit_code, 2, run.stderr)
        run = self.load(log, "--mapping", path, "--records", "values")
        self.assert_refused(run, 3, "--records is now values", "began with $.nested.Records[*]")

    def test_types_that_are_all_filtered_are_named(self):
        log = self.document(json.dumps([{"id": "1", "type": "typing"}] * 3))
        run = support.run_chatload("check", log, "--records", "$[*]")
        self.assertIn("their types are `typing` (3)", run.stderr)

    def test_a_document_without_the_array_is_a_failed_file(self):
        path, _ = self.records_mapping("$.nothing[*]")
        self.apply(path)
        run = self.load(self.document(around([])), "--mapping", path)
        self.assert_refused(run, 3, "has no array at the path of the records")

    def test_the_built_in_mapping_reads_arrays_by_a_flag(self):
        lines = [json.dumps({"id": f"{n}", "type": "message", "from": "v", "site_id": "3", "timestamp": 7, "data": {"message": "m"}})
                 for n in range(50)]  # fmt: skip
        log = self.document("[" + ",\n".join(lines) + "]")
        self.assertIn("JSON array", self.load(log).stderr)
        run = self.load(log, "--records", "$[*]")
        self.assertEqual((run.exit_code, run.summary["inserted"]), (0, 50), run.stderr)

    def test_a_wrong_form_is_wrong_usage(self):
        for form in ("rows", "$.a", "$.a[*].b"):
            self.assert_refused(self.load("x.json", "--records", form), 64, "--records", form)
        path, _ = self.records_mapping("values")
        done = support.run_chatload("copy", self.document("{}"), "--mapping", path, "-o", self.folder / "out.json.gz")
        self.assertEqual(done.exit_code, 64)
        self.assertIn("copy copies lines", done.stderr)


if __name__ == "__main__":
    unittest.main()
