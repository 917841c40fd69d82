"""Any JSON into any table: what a mapping says is what a table holds, whichever way the rows were sent, and what is rejected.

The oracle (mapping_oracle.py) reads the same TOML and the same lines with Python's standard library.
"""

import base64
import gzip
import itertools
import json
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mapping_oracle
import support
from mapping_case import MappingCase, Raw, dumped

IS_MARIADB = support.SERVER_KIND == "mariadb"
RECORDS = 3_000

ALL_TYPES = """
table = "all_types"
primary_key = ["id"]
indexes = [["happened"], ["small", "member"]]
time = "happened"
null_if = ["-"]

[[column]]
name = "id"
sql = "VARCHAR(40) NOT NULL"
path = "$.meta.id"
accept = ["string", "integer"]
empty = false

[[column]]
name = "note"
sql = "VARCHAR(30) NULL"

[[column]]
name = "body"
sql = "TEXT NOT NULL"
accept = ["string", "number", "integer", "boolean"]

[[column]]
name = "small"
sql = "TINYINT DEFAULT 7"

[[column]]
name = "large"
sql = "BIGINT UNSIGNED"
accept = "string"
null_if = ""

[[column]]
name = "price"
sql = "DECIMAL(8,3) NOT NULL DEFAULT 0"
accept = ["string"]

[[column]]
name = "ratio"
sql = "DOUBLE"

[[column]]
name = "is_on"
sql = "BOOLEAN"
accept = "integer"

[[column]]
name = "day"
sql = "DATE"

[[column]]
name = "happened"
sql = "DATETIME(3)"
time = ["rfc3339", "epoch_ms", "%d/%b/%Y:%H:%M:%S %z"]

[[column]]
name = "seen"
sql = "TIMESTAMP(6) NULL"

[[column]]
name = "extra"
sql = "JSON"

[[column]]
name = "member"
sql = "ENUM('red','it''s','2')"

[[column]]
name = "token"
sql = "VARBINARY(16)"
decode = "uuid"

[[column]]
name = "raw"
sql = "BLOB"
decode = "base64"

[[column]]
name = "odd `name`"
sql = "VARBINARY(4)"
path = '$."a key".list[1]'
decode = "hex"

[[column]]
name = "share"
sql = "FLOAT"

[[column]]
name = "code"
sql = "CHAR(6)"

[[column]]
name = "tags"
sql = "SET('a','it''s','2')"

[[column]]
name = "mark"
sql = "BINARY(4)"
decode = "hex"

[[column]]
name = "essay"
sql = "MEDIUMTEXT"

[[column]]
name = "image"
sql = "LONGBLOB"
decode = "base64"
"""
if IS_MARIADB:
    ALL_TYPES += """
[[column]]
name = "uuid"
sql = "UUID"
"""

BY_KIND = """
table = "events"
primary_key = ["key"]
kind = "kind"

[[column]]
name = "key"
sql = "VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"

[[column]]
name = "kind"
sql = "VARCHAR(20)"
path = "$.what.kind"

[[column]]
name = "text"
sql = "VARCHAR(50) DEFAULT 'none'"
path = { say = "$.what.words", shout = "$.what.WORDS" }
required = true

[[only]]
column = "kind"
in = ["say", "shout", "hum"]
"""

EPOCH_OR_TEXT = """
table = "times"
primary_key = ["id"]

[[column]]
name = "id"
sql = "VARCHAR(9) NOT NULL"

[[column]]
name = "at"
sql = "DATETIME NOT NULL"
time = ["rfc3339", "epoch_s"]
"""

SAID = """
table = "said"
primary_key = ["id"]
kind = "kind"

[[column]]
name = "id"
sql = "VARCHAR(20) NOT NULL"

[[column]]
name = "kind"
sql = "VARCHAR(20)"

[[column]]
name = "n"
sql = "INT"

[[column]]
name = "note"
sql = "VARCHAR(20)"

[[column]]
name = "at"
sql = "DATETIME(6)"
time = "epoch_us"

[[column]]
name = "seen"
sql = "TIMESTAMP(6) NULL"
time = "epoch_ns"

[[only]]
"""


def text(chance):
    return chance.choice(["", "-", "plain", "tab\there", "line\nbreak", "quote ' \" \\", "\0nul", "\\N", "NULL", "ünïcödé", "😀" * 3,
                          "x" * 30, "x" * 31, "é" * 30, " space ", chance.choice("abc") * chance.randrange(40)])  # fmt: skip


def number(chance):
    return chance.choice([0, 1, -1, 127, 128, -128, -129, 2**63, 2**64 - 1, 2**64, -(2**63), 10**30, 0.5, -2.25, 1e300, 1.0,
                          "-0", "1e2", "12345.678", "99999.999", "100000", "0.0005", "1.2340", "1E400", "1e-400", "-0.0", "5e-1"])  # fmt: skip


def moment(chance):
    return chance.choice(["2024-05-01T12:00:00Z", "2024-05-01t12:00:00.125+02:00", "2024-05-01 12:00:00.1234Z", "2024-02-30T00:00:00Z",
                          "1969-12-31T23:59:59.999Z", "0999-12-31T00:00:00Z", "9999-12-31T23:59:59.999Z", "2024-05-01", "2024-13-01",
                          "01/May/2024:12:00:00 +0200", "31/Feb/2024:12:00:00 +0000", "yesterday", "", 1714564800123, 1714564800, -5, 0,
                          "1714564800123", "2024-05-01T12:00:00.1234567Z", "2024-05-01T12:00:00.100000000Z", 2**63])  # fmt: skip


def numeral(chance):
    value = number(chance)
    return Raw(value) if isinstance(value, str) else value


def anything(chance):
    return chance.choice([text(chance), numeral(chance), True, False, None, [], {}, [1, {"a": None}], {"b": "ü\n", "c": [1.5, 2**64]}])


def one_record(chance, keys):
    """Mostly good; now and then some member is missing, null, or anything."""
    good = {
        "meta": {"id": f"id-{chance.randrange(keys)}"},
        "note": text(chance)[:30],
        "body": "body " + text(chance),
        "small": chance.randrange(-128, 128),
        "large": chance.choice([2**64 - 1, "12", 0, ""]),
        "price": chance.choice([1, 12345.678, "99999.999", Raw("1e2"), Raw("5e-1")]),
        "ratio": chance.choice([0, 0.1, 1e300, -2.5]),
        "is_on": chance.choice([True, False, 0, 1]),
        "day": "2024-02-29",
        "happened": chance.choice(["2024-05-01T12:00:00.125+02:00", 1714564800123, "01/May/2024:12:00:00 +0200"]),
        "seen": "2024-05-01T12:00:00.000001Z",
        "extra": chance.choice([{"a": [1, "ü"]}, [], "text", 1.5, True]),
        "member": chance.choice(["red", "it's", "2"]),
        "token": "00112233-4455-6677-8899-aabbccddeeff",
        "raw": chance.choice(["", "AP8=", "AAEC"]),
        "a key": {"list": [0, chance.choice(["", "00ff", "DEADbeef"])]},
        "share": chance.choice([0, 0.1, -2.5, 16777217, Raw("3.4028234e38"), Raw("1e-45"), Raw("-1e-45")]),
        "code": chance.choice(["", "a", " a", "é" * 6, "a\0b"]),
        "tags": chance.choice(["", "a", "it's", "a,2", "a,it's,2"]),
        "mark": chance.choice(["00000000", "FF00ff00", "61612020"]),
        "essay": chance.choice(["", text(chance), "é" * 33_000 if chance.random() < 0.02 else "😀"]),
        "image": chance.choice(["", "AA==", base64.b64encode(bytes(range(256))).decode()]),
        "uuid": chance.choice(["00112233-4455-6677-8899-aabbccddeeff", "FFFFFFFF-0000-1111-2222-00000000000A"]),
    }
    odd = {
        "meta": lambda: chance.choice([{"id": chance.choice([5, -7, "", None, "y" * 41, 1.5])}, {}, None, "text", []]),
        "note": lambda: text(chance),
        "body": lambda: anything(chance),
        "small": lambda: numeral(chance),
        "large": lambda: chance.choice([numeral(chance), str(number(chance)), "-", " 1"]),
        "price": lambda: chance.choice([numeral(chance), str(number(chance)), "1.", "+1"]),
        "ratio": lambda: numeral(chance),
        "is_on": lambda: chance.choice([2, "true", 1.0, -1]),
        "day": lambda: moment(chance),
        "happened": lambda: moment(chance),
        "seen": lambda: moment(chance),
        "extra": lambda: anything(chance),
        "member": lambda: chance.choice(["Red", "1", "", "3", 2]),
        "token": lambda: chance.choice(["00112233445566778899aabbccddeeff", "g0112233-4455-6677-8899-aabbccddeeff", "", "-"]),
        "raw": lambda: chance.choice(["A", "AP8", "AP9=", "A P8=", "====", "A=AA", "-"]),
        "a key": lambda: chance.choice([{"list": [1]}, {"list": ["x", "0"]}, {"list": ["x", "zz"]}, {"list": [0, "0011223344"]}, [], {}]),
        "share": lambda: chance.choice([numeral(chance), Raw("7e-46"), Raw("-1e-50"), Raw("3.4028235e38"), "1"]),
        "code": lambda: chance.choice(["a ", " ", "longer7", 7]),
        "tags": lambda: chance.choice(["2,a", "a,a", "a,", ",", "A", "1", "3", 2]),
        "mark": lambda: chance.choice(["", "-", "00", "0011223344", "0011223g"]),
        "essay": lambda: anything(chance),
        "image": lambda: chance.choice(["A", "AP9=", "-", 7]),
        "uuid": lambda: chance.choice(["00112233445566778899aabbccddeeff", "g0112233-4455-6677-8899-aabbccddeeff", "", "-", 7]),
    }  # fmt: skip
    for name in chance.sample(sorted(odd), chance.choice([0, 0, 0, 1, 2])):
        how = chance.randrange(4)
        if how == 0:
            del good[name]
        else:
            good[name] = None if how == 1 else anything(chance) if how == 2 else odd[name]()
    members = list(good.items())
    chance.shuffle(members)
    return dict(members)


def all_types_lines(seed, count=RECORDS):
    chance = random.Random(seed)
    for _ in range(count):
        yield chance.choice(["", "[]", '{"half":', "7"]) if chance.random() < 0.01 else dumped(one_record(chance, count // 2))


def by_kind_lines(seed, count=1_000):
    chance = random.Random(seed)
    for _ in range(count):
        what = {"kind": chance.choice(["say", "shout", "hum", "run", None, 5]), "words": text(chance)[:50], "WORDS": "LOUD"}
        for name in chance.sample(sorted(what), chance.choice([0, 0, 1])):
            del what[name]
        yield dumped({"key": f"k{chance.randrange(count)}", "what": chance.choice([what, what, what, None, "text"])})


class EveryWayTest(MappingCase):
    def test_the_table_and_the_rejects_are_the_oracles_whichever_way_rows_are_sent(self):
        ways = itertools.product(("insert", "load-data"), ("file", "key"), ("skip", "replace"))
        for seed, (method, order, mode) in enumerate(ways):
            if mode == "replace" and method == "load-data":
                continue
            if method == "load-data" and IS_MARIADB:
                continue  # its JSON is a text with a CHECK, which LOAD DATA would not be strict about
            with self.subTest(method=method, order=order, mode=mode):
                self.database.sql("DROP TABLE IF EXISTS all_types")
                self.database.create_table()
                lines = list(all_types_lines(seed))
                self.assert_loads(ALL_TYPES, lines, "--write-method", method, "--order", order, *self.RANGE_SIZE, mode=mode)

    def test_load_data_sends_bytes_and_nulls(self):
        toml = ALL_TYPES.replace('sql = "JSON"', 'sql = "VARCHAR(40)"')
        run = self.assert_loads(toml, list(all_types_lines(99)), "--write-method", "load-data", *self.RANGE_SIZE)
        self.assertNotIn("INSERT", run.stderr)

    def test_a_table_with_a_trigger_gets_literals(self):
        path, mapping = self.mapping(ALL_TYPES)
        self.apply(path)
        self.database.sql("CREATE TRIGGER marks BEFORE INSERT ON all_types FOR EACH ROW SET NEW.note = NEW.note")
        lines = list(all_types_lines(7))
        run = self.load(self.lines_file(lines), "--mapping", path)
        rows, counts, rejects = mapping_oracle.load(mapping, lines)
        self.assertEqual({name: run.summary[name] for name in counts}, counts)
        self.assert_table(mapping, rows)

    def test_a_string_of_digits_is_an_epoch_only_where_strings_are_accepted(self):
        lines = [dumped({"id": key, "at": at}) for key, at in (("a", "20240501"), ("b", 20240501), ("c", "2024-05-01T00:00:00Z"))]
        for accept, day, rejects in (("", None, [(1, "bad_timestamp", "at")]), ('accept = "string"', "1970-08-23", [])):
            with self.subTest(accept=accept):
                self.database.sql("DROP TABLE IF EXISTS times")
                self.database.create_table()
                self.assert_loads(EPOCH_OR_TEXT + accept, lines)
                self.assert_rejects(1, rejects)
                days = dict(self.database.sql("SELECT id, DATE(at) FROM times"))
                self.assertEqual((days.get("a"), days["b"], days["c"]), (day, "1970-08-23", "2024-05-01"))

    def test_each_condition_lets_through_what_it_says(self):
        good = {"kind": "say", "n": 5, "at": 1714521600_000_001, "seen": 1714521600_000_002_000}
        records = {
            "good": {}, "typing": {"kind": "typing"}, "typing alone": {"kind": "typing", "n": "bad"}, "kind null": {"kind": None},
            "n 4": {"n": 4}, "n 6": {"n": 6}, "n null": {"n": None}, "n bad": {"n": "bad"}, "noted": {"note": "x"},
            "at 0": {"at": 1714521600_000_000}, "seen 0": {"seen": 1714521600_000_000_000}, "seen bad": {"seen": 1714521600_000_000_001},
        }  # fmt: skip
        lines = [dumped({"id": key, **good, **changes}) for key, changes in records.items()]
        valid = set(records) - {"n bad", "seen bad", "typing alone"}
        for condition, filtered in (
            ("column = 'kind'\nnot_in = ['typing']", {"typing", "kind null"}),
            ("column = 'note'\nis_null = true", {"noted"}),
            ("column = 'note'\nis_null = false", valid - {"noted"}),
            ("column = 'n'\nnot_in = ['5', '6']", valid - {"n 4"}),
            ("column = 'n'\nabove = 4\nbelow = 6", {"n 4", "n 6", "n null"}),
            ("column = 'at'\nabove = '2024-05-01'", {"at 0"}),
            ("column = 'at'\nbelow = '2024-05-01T00:00:00.000001Z'", valid - {"at 0"}),
            ("column = 'seen'\nat_most = '2024-05-01'", valid - {"seen 0"}),
        ):
            with self.subTest(condition):
                self.database.sql("DROP TABLE IF EXISTS said")
                self.database.create_table()
                self.assert_loads(SAID + condition, lines)
                self.assertEqual({key for (key,) in self.database.sql("SELECT id FROM said")}, valid - filtered)

    def test_a_value_by_kind_and_a_filter(self):
        self.assert_loads(BY_KIND, list(by_kind_lines(1)))


class MappingTest(MappingCase):
    def test_check_says_the_same_without_a_database(self):
        path, mapping = self.mapping(ALL_TYPES)
        lines = list(all_types_lines(11))
        run = support.run_chatload("check", self.lines_file(lines), "--mapping", path)
        with self.without_server():
            _, counts, rejects = mapping_oracle.load(mapping, lines)
        reasons = {}
        for _, reason, _ in rejects:
            reasons[reason] = reasons.get(reason, 0) + 1
        self.assertEqual({name: count for name, count in run.summary["rejects_by_reason"].items() if count}, reasons)
        self.assertEqual(run.summary["valid"], counts["inserted"] + counts["duplicate"])

    def test_only_and_since_compare_the_mappings_columns(self):
        path, mapping = self.mapping(ALL_TYPES)
        lines = list(all_types_lines(12))
        words = ("--mapping", path, "--only", "member=red", "--only", "member=2", "--only", "is_on=1", "--since", "2024-05-01")
        run = support.run_chatload("check", self.lines_file(lines), *words)
        wanted = 0
        names = mapping.names()
        with self.without_server():
            outcomes = [mapping_oracle.outcome(mapping, line) for line in lines]
        for kind, row in outcomes:
            if kind != "valid":
                continue
            row = dict(zip(names, row))
            since = 1714521600_000_000
            wanted += row["member"] in ("red", "2") and row["is_on"] == 1 and (row["happened"] or 0) >= since
        self.assertEqual(run.summary["valid"], wanted)

    def test_a_value_that_its_column_never_has_is_refused(self):
        path, _ = self.mapping(SAID + "column = 'note'\nin = 'x'")
        log = self.lines_file(['{"id":"a","kind":"say","n":5,"note":"x"}'])
        for value in ("abc", "5.0", "2147483648"):
            refused = support.run_chatload("check", log, "--mapping", path, "--only", f"n={value}")
            self.assert_refused(refused, 64, f"--only: the column 'n' is never '{value}'; it is the digits of an integer from -2147483648")
        self.assertEqual(support.run_chatload("check", log, "--mapping", path, "--only", "n=5").exit_code, 0)

    def test_copy_keeps_what_the_mapping_takes(self):
        path, mapping = self.mapping(ALL_TYPES)
        lines = list(all_types_lines(13, 500))
        out = self.folder / "out.json.gz"
        run = support.run_chatload("copy", self.lines_file(lines), "--mapping", path, "-o", out)
        self.assertEqual(run.exit_code, 1, run.stderr)
        with self.without_server():
            valid = [line for line in lines if mapping_oracle.outcome(mapping, line)[0] == "valid"]
        self.assertEqual(gzip.decompress(out.read_bytes()).decode(), "".join(line + "\n" for line in valid))

    def test_a_file_goes_into_each_mappings_table_once(self):
        path, mapping = self.mapping(BY_KIND)
        other, _ = self.mapping(BY_KIND.replace('"events"', '"others"'), "other.toml")
        self.apply(path)
        self.apply(other)
        log = self.lines_file(by_kind_lines(2))
        for words in (("--mapping", path), ("--mapping", other)):
            self.assertEqual(self.load(log, *words).exit_code, 1)
            self.assertEqual(self.load(log, *words).summary["this_run"]["lines"], 0)
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM events"), self.database.sql("SELECT COUNT(*) FROM others"))
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chatload_loads")[0][0], "2")

    def test_a_load_goes_on_with_its_own_mapping_only(self):
        path, _ = self.mapping(BY_KIND)
        self.apply(path)
        log = self.lines_file(by_kind_lines(3, 2_000))
        stopped = self.load(log, "--mapping", path, *self.RANGE_SIZE, "--max-rejects", 5, "--order", "file")
        self.assertEqual(stopped.exit_code, 2, stopped.stderr)
        changed, _ = self.mapping(BY_KIND.replace("VARCHAR(50)", "VARCHAR(60)"), "changed.toml")
        refused = self.load(log, "--mapping", changed, "--max-rejects", "100%")
        self.assertEqual(refused.exit_code, 3, refused.stderr)
        self.assertIn("VARCHAR(60)", refused.stderr)
        self.assertIn("VARCHAR(50)", refused.stderr)
        other, _ = self.mapping(BY_KIND.replace('"hum"]', '"sing"]'), "other.toml")
        refused = self.load(log, "--mapping", other, "--max-rejects", "100%")
        self.assertEqual(refused.exit_code, 3, refused.stderr)
        self.assertIn('only "kind"', refused.stderr)
        commented, mapping = self.mapping("# the same\n" + BY_KIND, "commented.toml")
        self.assertEqual(self.load(log, "--mapping", commented, "--max-rejects", "100%").exit_code, 1)
        self.assert_table(mapping, mapping_oracle.load(mapping, list(by_kind_lines(3, 2_000)))[0])


class DuplicateModeTest(MappingCase):
    LINES = ['{"id":"a","n":1}', '{"id":"a","n":2}', '{"id":"b","n":3}']
    TOML = 'table = "t"\nprimary_key = ["id"]\n{}\n[[column]]\nname = "id"\nsql = "VARCHAR(9) NOT NULL"\n[[column]]\nname = "n"\nsql = "INT"\n'

    def loaded(self, mode, *words):
        path, _ = self.mapping(self.TOML.format(f'on_duplicate = "{mode}"' if mode else ""))
        self.database.sql("DROP TABLE IF EXISTS t")
        self.database.create_table()
        self.apply(path)
        run = self.load(self.lines_file(self.LINES), "--mapping", path, *words)
        return run.exit_code, self.database.sql("SELECT n FROM t ORDER BY n")

    def test_the_mapping_says_what_becomes_of_duplicates_unless_a_flag_does(self):
        self.assertEqual(self.loaded(""), (0, [["1"], ["3"]]))
        self.assertEqual(self.loaded("replace"), (0, [["2"], ["3"]]))
        self.assertEqual(self.loaded("fail"), (3, []))
        self.assertEqual(self.loaded("fail", "--on-duplicate", "replace"), (0, [["2"], ["3"]]))


    def test_a_load_goes_on_with_the_mode_that_it_began_with_only(self):
        self.assertEqual(self.loaded("fail")[0], 3)
        path, _ = self.mapping(self.TOML.format('on_duplicate = "skip"'))
        self.assert_refused(self.load(self.folder / "in.json.gz", "--mapping", path), 64, "on_duplicate", "began with fail", "--restart")
        self.assertEqual(self.load(self.folder / "in.json.gz", "--mapping", path, "--restart").exit_code, 0)


class TableTest(MappingCase):
    def check_schema(self, path):
        done = support.run_chatload("schema", "check", "--mapping", path, "--to", self.database.url)
        return done.exit_code, done.stdout + done.stderr

    def test_apply_makes_the_table_that_check_accepts_once(self):
        path, _ = self.mapping(ALL_TYPES)
        self.assertIn("all_types: created", self.apply(path))
        self.assertIn("all_types: is there already, left as it is", self.apply(path))
        self.assertEqual(self.check_schema(path)[0], 0)
        printed = support.run_chatload("schema", "print", "--mapping", path).stdout
        with support.Database(self.server) as other:
            other.sql(printed)
            self.assertEqual(
                other.sql("SHOW CREATE TABLE all_types")[0][1], self.database.sql("SHOW CREATE TABLE all_types")[0][1]
            )

    def test_the_tables_limits_hold(self):
        toml = BY_KIND.replace("VARCHAR(50)", "VARCHAR(9)")
        path, _ = self.mapping(toml)
        self.apply(path)
        wider = mapping_oracle.Mapping(BY_KIND)
        self.database.sql("ALTER TABLE events MODIFY `text` TEXT")
        lines = list(by_kind_lines(4))
        self.load(self.lines_file(lines), "--mapping", path)
        rows, _, rejects = mapping_oracle.load(wider, lines)
        self.assert_table(wider, rows)
        self.assert_rejects(1, rejects)

    def test_all_that_does_not_fit_is_said_at_once(self):
        path, _ = self.mapping(ALL_TYPES)
        self.apply(path)
        self.database.sql(
            "ALTER TABLE all_types MODIFY small VARCHAR(9), MODIFY day DATETIME, MODIFY raw TEXT, DROP COLUMN ratio,"
            " ADD COLUMN more INT NOT NULL"
        )
        code, said = self.check_schema(path)
        self.assertEqual(code, 3, said)
        for part in ("`small` is varchar(9), where TINYINT is needed", "`day` is datetime, where DATE is needed",
                     "`raw` is text, where BINARY, VARBINARY or BLOB is needed", "no column `ratio`", "`more`, which no line fills"):  # fmt: skip
            self.assertIn(part, said)

    def test_a_wrong_mapping_is_wrong_usage_and_names_the_place(self):
        path = self.write("wrong.toml", "table = 't'\nprimary_key = ['id']\ncolumn = 1\n")
        done = support.run_chatload("check", self.lines_file(["{}"]), "--mapping", path)
        self.assertEqual(done.exit_code, 64)
        self.assertIn(f"{path}:3:10: each is a table of its own: [[column]].", done.stderr)


if __name__ == "__main__":
    unittest.main()
