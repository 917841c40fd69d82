"""A mapping that says no type of a column takes the table's, with its NOT NULL and its DEFAULT."""

import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from mapping_case import MappingCase

TABLE = """CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  code CHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  note VARCHAR(20) NOT NULL DEFAULT 'it''s none',
  state ENUM('new','it''s done') NOT NULL DEFAULT 'new',
  price DECIMAL(8,2) DEFAULT -1.50,
  paid BOOLEAN NOT NULL DEFAULT TRUE,
  seen_by BOOLEAN,
  at DATETIME(3) NOT NULL,
  seen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  more TEXT,
  path VARCHAR(20) NOT NULL DEFAULT 'a\\\\b',
  place GEOMETRY
)"""
NAMES = ("id", "code", "note", "state", "price", "paid", "seen_by", "at", "seen", "more")
FULL = {"id": 18446744073709551615, "code": "ab", "note": "n", "state": "it's done", "price": 2.25, "paid": False,
        "at": "2024-05-01T12:00:00.125Z", "seen": "2024-05-01T12:00:01Z", "more": "text"}  # fmt: skip
LEAST = {"id": 1, "code": "c", "at": "2024-05-01T12:00:00Z", "seen": "2024-05-01T12:00:02Z"}


def mapping_of(names, **sql):
    columns = (f'[[column]]\nname = "{name}"\n' + (f'sql = "{sql[name]}"\n' if name in sql else "") for name in names)
    return 'table = "orders"\nprimary_key = ["id"]\n' + "".join(columns)


class TableTypesTest(MappingCase):
    def setUp(self):
        super().setUp()
        self.database.create_table()
        self.database.sql(TABLE)

    def write_log(self, *records):
        return self.write("in.json", "".join(json.dumps(record) + "\n" for record in records))

    maxDiff = None

    def test_values_are_taken_as_the_tables_columns_are_declared(self):
        bad = [{**LEAST, "id": -1}, {**LEAST, "id": 2, "code": "toolong"}, {**LEAST, "id": 3, "state": "old"},
               {**LEAST, "id": 4, "price": 1.234}, {**LEAST, "id": 5, "paid": 1}, {"id": 6, "code": "c"}]  # fmt: skip
        path = self.write("m.toml", mapping_of(NAMES))
        run = self.load(self.write_log(FULL, LEAST, *bad), "--mapping", path)
        self.assertEqual((run.summary["inserted"], run.summary["rejected"]), (2, len(bad)), run.stderr)
        rows = self.database.sql("SELECT id, code, note, state, price, paid, seen_by, at, more FROM orders ORDER BY id")
        self.assertEqual(
            rows,
            [
                ["1", "c", "it's none", "new", "-1.50", "1", "NULL", "2024-05-01 12:00:00.000", "NULL"],
                ["18446744073709551615", "ab", "n", "it's done", "2.25", "0", "NULL", "2024-05-01 12:00:00.125", "text"],
            ],
        )

    def test_a_default_that_no_mapping_can_have_is_none(self):
        path = self.write("m.toml", mapping_of((*NAMES, "path")))
        run = self.load(self.write_log({**LEAST, "path": ""}, {**LEAST, "id": 2}), "--mapping", path)
        self.assertEqual((run.summary["inserted"], run.summary["rejects_by_reason"]["missing_field"]), (1, 1), run.stderr)

    def test_check_and_schema_print_take_them_of_limits_from_and_ask_for_it(self):
        path = self.write("m.toml", mapping_of(NAMES))
        log = self.write_log(FULL, {**LEAST, "code": "toolong"})
        for words in (["check", log], ["schema", "print"]):
            run = support.run_chatload(*words, "--mapping", path)
            self.assertEqual(run.exit_code, 64)
            self.assertIn("--limits-from", run.stderr)
        run = support.run_chatload("check", log, "--mapping", path, "--limits-from", self.database.url)
        self.assertEqual((run.exit_code, run.summary["valid"], run.summary["rejected"]), (1, 1, 1), run.stderr)
        run = support.run_chatload("schema", "print", "--mapping", path, "--limits-from", self.database.url)
        self.assertIn("`price` DECIMAL(8,2) NULL DEFAULT '-1.50'", run.stdout.partition(";")[0])
        self.assertEqual(support.run_chatload("schema", "check", "--mapping", path, "--to", self.database.url).exit_code, 0)

    def test_a_column_that_the_table_lacks_or_no_mapping_fills_is_said_with_its_place(self):
        for names, message in ((("id", "gone"), "the table 'orders' is not there, or has no such column"),
                               (("id", "place"), "is geometry in the table, which no mapping can fill")):  # fmt: skip
            path = self.write("m.toml", mapping_of(names))
            run = support.run_chatload("load", self.write_log(FULL), "--mapping", path, "--to", self.database.url)
            self.assertEqual(run.exit_code, 64)
            self.assertIn(f"{path}:6:", run.stderr)
            self.assertIn(message, run.stderr)

    def test_a_server_that_goes_away_meanwhile_is_asked_again_as_the_load_retries(self):
        path = self.write("m.toml", mapping_of(NAMES))
        log = self.write_log(FULL, LEAST)
        with proxy.Proxy(self.server.socket) as server:
            server.at("information_schema.COLUMNS", before=proxy.Link.cut)
            run = support.run_chatload("load", log, "--mapping", path, "--to", server.url(self.database.name))
            self.assertEqual((run.exit_code, run.summary["inserted"]), (0, 2), run.stderr)
            server.at("information_schema.COLUMNS", before=proxy.Link.cut)
            run = support.run_chatload("load", log, "--mapping", path, "--to", server.url(self.database.name), "--retry-for", "0s")
            self.assertEqual(run.exit_code, 3, run.stderr)

    def test_a_wait_for_the_server_is_said_in_the_format_of_the_log_and_ends_with_a_signal(self):
        path = self.write("m.toml", mapping_of(NAMES))
        nowhere = "mysql://root@localhost/test?socket=/nonexistent/socket"
        words = [support.CHATLOAD, "load", self.write_log(FULL), "--mapping", path, "--to", nowhere, "--log-format", "json"]
        with subprocess.Popen(list(map(str, words)), stderr=subprocess.PIPE, text=True) as run:
            self.assertIn("trying again", json.loads(run.stderr.readline())["message"])
            run.terminate()
            self.assertEqual(run.wait(), 4, run.stderr.read())

    def test_a_resume_goes_on_while_the_columns_are_declared_as_they_were(self):
        path = self.write("m.toml", mapping_of(NAMES))
        log = self.write_log(LEAST, {**LEAST, "id": 1})
        words = ["load", log, "--mapping", path, "--to", self.database.url, "--on-duplicate", "fail"]
        self.assertEqual(support.run_chatload(*words).exit_code, 3)
        self.assertIn("continues load 1", support.run_chatload(*words).stderr)
        self.database.sql("ALTER TABLE orders MODIFY note VARCHAR(30) NOT NULL")
        run = support.run_chatload(*words)
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertIn("VARCHAR(30)", run.stderr)


if __name__ == "__main__":
    unittest.main()
