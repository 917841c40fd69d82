"""Each folder of examples/ is a mapping, an input, and what becomes of it (examples/README.md)."""

import csv
import json
import pathlib
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from mapping_case import MappingCase

EXAMPLES = sorted(path.parent for path in (support.ROOT / "examples").glob("*/mapping.toml"))
ESCAPES = {"\\": "\\", "t": "\t", "n": "\n"}


def unescaped(field):
    if field == "\\N":
        return None
    parts = iter(field)
    return "".join(ESCAPES[next(parts)] if c == "\\" else c for c in parts)


def lines_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return header, rows


class ExamplesTest(MappingCase):
    def json_columns(self, mapping):
        return [column["name"] for column in mapping["column"] if column["sql"].upper().startswith("JSON")]

    def assert_example(self, folder, *words):
        mapping = tomllib.loads((folder / "mapping.toml").read_text())
        self.apply(folder / "mapping.toml")
        run = self.load(folder / "input.json", "--mapping", folder / "mapping.toml", *words)
        header, rejects = lines_of(folder / "rejects.tsv")
        self.assertEqual(header, ["line", "reason", "field"])
        self.assertEqual(run.exit_code, 1 if rejects else 0, run.stderr)
        self.assert_rejects(1, [(int(line), reason, field or None) for line, reason, field in rejects])
        header, rows = lines_of(folder / "rows.tsv")
        as_json = [header.index(name) for name in self.json_columns(mapping)]
        expected = [list(map(unescaped, row)) for row in rows]
        values = [name if "(" in name else f"`{name}`" for name in header]
        columns = ", ".join(f"IFNULL(CONCAT('is ', {value}), 'NULL')" for value in values)
        found = [
            [None if value == b"NULL" else value.decode().removeprefix("is ") for value in row]
            for row in self.server.rows(f"SELECT {columns} FROM `{mapping['table']}`", self.database.name)
        ]
        for row in (*expected, *found):
            for at in as_json:
                row[at] = row[at] and json.dumps(json.loads(row[at]), sort_keys=True)
        self.assertEqual(sorted(map(repr, found)), sorted(map(repr, expected)))
        return mapping

    def test_each_input_becomes_the_rows_and_rejects_beside_it(self):
        self.assertGreaterEqual(len(EXAMPLES), 5)
        for folder in EXAMPLES:
            has_key = tomllib.loads((folder / "mapping.toml").read_text())["primary_key"]
            for order in ("file", "key") if has_key else ("file",):
                with self.subTest(folder.name, order=order), support.Database(self.server) as database:
                    self.database = database
                    self.database.create_table()
                    self.assert_example(folder, "--order", order)

    def test_a_mapping_is_guessed_for_each_input(self):
        for folder in EXAMPLES:
            records = tomllib.loads((folder / "mapping.toml").read_text()).get("records", "lines")
            with self.subTest(folder.name):
                done = support.run_chatload("guess", folder / "input.json", "--records", records)
                self.assertEqual(done.exit_code, 0, done.stderr)
                self.assertEqual(tomllib.loads(done.stdout).get("records", "lines"), records)


if __name__ == "__main__":
    unittest.main()
