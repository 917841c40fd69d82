"""Columns whose values do not stand in the record: constants, where it comes from, what is around it, and what no other column takes."""

import json
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mapping_oracle
import support
from mapping_case import MappingCase

META = """
table = "placed"
primary_key = ["source", "line"]

[[column]]
name = "source"
sql = "VARCHAR(255) NOT NULL"
meta = "source"

[[column]]
name = "line"
sql = "BIGINT UNSIGNED NOT NULL"
meta = "line"

[[column]]
name = "offset"
sql = "BIGINT NOT NULL"
meta = "offset"

[[column]]
name = "load"
sql = "INT NOT NULL"
meta = "load"

[[column]]
name = "loaded_at"
sql = "DATETIME(3) NOT NULL"
meta = "loaded_at"

[[column]]
name = "kind"
sql = "VARCHAR(20) NOT NULL"
value = "chat's \\"log\\""

[[column]]
name = "version"
sql = "DECIMAL(4,1)"
value = "2.5"

[[column]]
name = "token"
sql = "VARBINARY(4)"
value = "00ff"
decode = "hex"

[[column]]
name = "text"
sql = "VARCHAR(40)"
"""

OUTER = """
table = "owned"
records = "$.list.items[*]"
primary_key = ["version", "id"]

[[column]]
name = "version"
sql = "INT NOT NULL"
outer = "$.version"

[[column]]
name = "owner"
sql = "VARCHAR(12)"
outer = "$.list.owner.name"
null_if = "-"

[[column]]
name = "about"
sql = "JSON"
outer = "$.about"

[[column]]
name = "id"
sql = "INT NOT NULL"
"""

UNKNOWN = """
table = "loose"
primary_key = ["id"]
unknown = "rest"

[[column]]
name = "id"
sql = "VARCHAR(20) NOT NULL"
path = "$.meta.id"

[[column]]
name = "deep"
sql = "INT"
path = "$.meta.a.b"

[[column]]
name = "first"
sql = "INT"
path = "$.list[0]"

[[column]]
name = "whole"
sql = "JSON"

[[column]]
name = "rest"
sql = "JSON"
"""
SMALL_RANGES = ("--range-size", "8K")


def text_lines(seed, count):
    chance = random.Random(seed)
    for _ in range(count):
        yield chance.choice(["", "{}", '{"text":5}', "[]"] + 12 * [json.dumps({"text": chance.choice("aü\n") * chance.randrange(45)})])


class MetaTest(MappingCase):
    def facts(self, files):
        """Of all lines of (name, lines), in order."""
        (load, loaded_at), = self.database.sql("SELECT load_id, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', started_at) FROM chatload_loads")
        facts = []
        for name, lines in files:
            offset = 0
            for number, line in enumerate(lines, 1):
                facts.append({"source": str(name), "line": number, "offset": offset, "load": load, "loaded_at": int(loaded_at)})
                offset += len(line.encode()) + 1
        return facts

    def assert_loaded_from(self, mapping, run, files):
        facts = self.facts(files)
        lines = [line for _, lines in files for line in lines]
        rows, counts, _ = mapping_oracle.load(mapping, lines, "skip", lambda number: facts[number - 1])
        self.assertEqual({name: run.summary[name] for name in counts}, counts, run.stderr)
        self.assert_table(mapping, rows)

    def files(self, seed, counts):
        files = []
        for place, count in enumerate(counts):
            lines = list(text_lines(seed + place, count))
            files.append((self.lines_file(lines, f"{place}.json.gz"), lines))
        return files

    def test_each_row_says_where_it_comes_from(self):
        for order in ("file", "key"):
            with self.subTest(order=order):
                self.database.sql("DROP TABLE IF EXISTS placed")
                self.database.create_table()
                path, mapping = self.mapping(META)
                self.apply(path)
                files = self.files(1, (900, 20, 400))
                run = self.load(*(name for name, _ in files), "--mapping", path, "--order", order, "--connections", 3, *SMALL_RANGES)
                self.assert_loaded_from(mapping, run, files)

    def kill_in_its_midst(self, ranges, *words):
        """A load that has committed so many ranges; one that was too fast is done once more."""
        for _ in range(9):
            self.database.sql("DROP TABLE IF EXISTS placed")
            self.database.create_table()
            path, mapping = self.mapping(META)
            self.apply(path)
            loader = self.loader(*words, "--mapping", path)
            while loader.process.poll() is None and self.committed_ranges() < ranges:
                pass
            loader.kill()
            if self.database.sql("SELECT state FROM chatload_loads") == [["running"]]:
                return path, mapping
        self.fail("it always ends before it is killed")

    def test_a_load_that_goes_on_keeps_to_what_it_began_with(self):
        for order in ("file", "key"):
            with self.subTest(order=order):
                files = self.files(11, (12_000,))
                words = ("--order", order, "--connections", 1, *SMALL_RANGES)
                path, mapping = self.kill_in_its_midst(3, files[0][0], *words)
                words = ("--mapping", path, *words)
                renamed = files[0][0].rename(self.folder / "renamed.json.gz")
                run = self.load(renamed, *words)
                self.assertIn("continues load 1", run.stderr)
                self.assert_loaded_from(mapping, run, files)

    def test_a_load_that_is_continued_by_a_seek_index_counts_lines_from_the_files_beginning(self):
        files = self.files(21, (20_000,))
        support.run_chatload("index", files[0][0])
        words = ("--order", "file", "--connections", 1, *SMALL_RANGES)
        path, mapping = self.kill_in_its_midst(8, files[0][0], *words)
        run = self.load(files[0][0], "--mapping", path, *words)
        self.assertIn("its seek index tells where", run.stderr)
        self.assert_loaded_from(mapping, run, files)

    def test_check_knows_no_load_and_says_the_same_of_the_lines(self):
        path, mapping = self.mapping(META)
        (name, lines), = self.files(31, (500,))
        run = support.run_chatload("check", name, "--mapping", path)
        facts = {"source": str(name), "line": 1, "offset": 0, "load": 0, "loaded_at": 0}
        outcomes = [mapping_oracle.outcome(mapping, line, facts)[0] for line in lines]
        self.assertEqual(run.summary["valid"], outcomes.count("valid"))
        self.assertEqual(run.summary["rejected"], outcomes.count("rejected"))

    def test_a_constant_that_does_not_fit_is_said_at_once(self):
        path, _ = self.mapping(META.replace('value = "2.5"', "value = 12345"))
        done = support.run_chatload("schema", "print", "--mapping", path)
        self.assertEqual(done.exit_code, 64)
        self.assertIn("does not hold its value '12345'", done.stderr)
        path, _ = self.mapping(META)
        self.apply(path)
        self.database.sql("ALTER TABLE placed MODIFY kind VARCHAR(5) NOT NULL")
        run = self.load(self.lines_file(["{}"]), "--mapping", path)
        self.assert_refused(run, 3, "`kind`", "does not hold its value in the mapping")


def document(chance, first_id):
    values = {"version": chance.choice([1, 2, 2, 2, "x"]), "about": chance.choice([{"a": [1, "ü"]}, "t", 7]), "other": [{"version": 9}]}
    for name in chance.sample(sorted(values), chance.choice([0, 0, 1])):
        del values[name]
    owner = chance.choice([{"name": "Ann \\ \"q\""}, {"name": "-"}, {"name": "much too long"}, None, {}, "text"])
    items = [{"id": first_id + number} for number in range(chance.choice([0, 1, 50, 400]))]
    return {**values, "list": {"owner": owner, "items": items, "behind": 1}}


class OuterTest(MappingCase):
    def test_a_record_has_the_values_of_the_document_around_it(self):
        chance = random.Random(5)
        documents = [document(chance, number * 1_000) for number in range(40)]
        text = "\n".join(json.dumps(one, indent=chance.choice([None, 2])) for one in documents)
        lines, facts = [], []
        for one in documents:
            for item in one["list"]["items"]:
                lines.append(json.dumps(item))
                facts.append({"document": json.loads(json.dumps(one), parse_int=mapping_oracle.Number)})
        for order in ("file", "key"):
            with self.subTest(order=order):
                self.database.sql("DROP TABLE IF EXISTS owned")
                self.database.create_table()
                path, mapping = self.mapping(OUTER)
                self.apply(path)
                log = support.write_gzip(self.folder / "in.json.gz", text.encode())
                run = self.load(log, "--mapping", path, "--order", order, "--connections", 3, *SMALL_RANGES)
                self.assert_loaded_by(mapping, run, lines, "skip", lambda number: facts[number - 1])

    def test_a_value_behind_the_records_ends_the_input_with_its_byte(self):
        path, _ = self.mapping(OUTER)
        self.apply(path)
        log = self.lines_file(['{"list":{"items":[{"id":1}]},"version":1}'])
        self.assert_refused(self.load(log, "--mapping", path), 3, "must be before them, at byte 39")


def loose_record(chance, number):
    record = {
        "meta": {"id": f"id-{number}", "a": chance.choice([{"b": 5}, {"b": 1, "c": [1.5]}, {}]), "more": chance.choice([None, "x"])},
        "list": chance.choice([[1, 2], [], [7]]), "whole": {"in": "it"}, "extra \"key\"": {"s": [{}]}, "n": 18446744073709551615,
        "huge": chance.choice([2**64, 1, 1, 1]),
    }  # fmt: skip
    for name in chance.sample(["list", "whole", "extra \"key\"", "n", "huge"], chance.choice([0, 2, 5])):
        del record[name]
    return record


class UnknownTest(MappingCase):
    def lines(self):
        chance = random.Random(9)
        return [json.dumps(loose_record(chance, number)) for number in range(1_000)]

    def test_what_no_column_takes_comes_to_its_own(self):
        for order in ("file", "key"):
            with self.subTest(order=order):
                self.database.sql("DROP TABLE IF EXISTS loose")
                self.database.create_table()
                self.assert_loads(UNKNOWN, self.lines(), "--order", order, *SMALL_RANGES)

    def test_a_record_with_an_unknown_field_is_rejected(self):
        toml = UNKNOWN.replace('unknown = "rest"', 'unknown = "reject"').replace('[[column]]\nname = "rest"\nsql = "JSON"\n', "")
        plain = ['{"meta":{"id":"plain","a":{"b":1}},"list":[1,2],"whole":null}']
        self.assert_loads(toml, plain + self.lines())
        detail = self.database.sql("SELECT detail FROM chatload_rejects WHERE line = 2")
        self.assertRegex(detail[0][0], "unknown field at column [0-9]+")


if __name__ == "__main__":
    unittest.main()
