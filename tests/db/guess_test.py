"""guess, schema apply, load: any log is in a table in three commands, with nothing rejected and nothing lost."""

import base64
import decimal
import gzip
import json
import pathlib
import random
import re
import shlex
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mapping_oracle
import support
from ledger_case import LedgerCase


def app_log(chance, number):
    return {"id": f"{chance.getrandbits(64):016x}", "level": chance.choice(["info", "error"]), "ms": round(chance.random() * 1000, 3),
            "at": f"2024-05-{1 + number % 28:02d}T12:00:{number % 60:02d}.{number % 1000:03d}Z", "user": {"name": f"user {number}", "age": number % 90},
            "tags": ["a"] * (number % 3), "ok": number % 2 == 0}  # fmt: skip


def web_log(_, number):
    return {"request_id": f"r-{number}", "time": "01/May/2024:12:00:00 +0200", "status": 200 + number % 4, "bytes": number * 1000,
            "referer": None if number % 3 else "https://example.com/ü", "ratio": 1 / (number + 1), "path": "/" + "x" * (number % 300)}  # fmt: skip


def tracker(_, number):
    event = {"ts": 1714564800000 + number, "uuid": f"00112233-4455-6677-8899-{number:012x}", "props": {"n": number} if number % 2 else {}}
    if number % 5 == 0:
        event["ref"] = {"a": {"b": {"c": "deep"}}, "quote \" key": 'it\'s "quoted" \\ here'}
    return event


def orders(_, number):
    return {"order": number + 10**12, "price": f"{number}.50", "date": f"2024-02-{1 + number % 28:02d}", "007": "007", "Id": "x", "ID": "y",
            "huge": 2**70 + number, "mixed": [number, "text", True, 1.5, None][number % 5], "empty": {}, "nothing": None}  # fmt: skip


def messages(_, number):
    return {"_id": {"$oid": f"{number:024x}"}, "text": "é😀\n\t\0" * (number % 50), "long": "y" * (20_000 if number == 7 else 3),
            "created_at": f"2024-05-01 12:00:{number % 60:02d}", "edited": [None, 5, "x"][number % 3], "blob": base64.b64encode(bytes([number % 256])).decode()}  # fmt: skip


def audit(chance, number):
    event = {"eventVersion": "1.08", "eventTime": f"2024-05-01T12:{number % 60:02d}:00Z", "eventID": f"{number:08x}-0000-4000-8000-000000000000",
             "userIdentity": {"type": "IAMUser", "sessionContext": {"attributes": {"mfa": "false"}}}, "readOnly": number % 2 == 0,
             "requestParameters": None if number % 4 else {"bucket": f"b{number % 9}", "key": ["a", {"b": None}]}}  # fmt: skip
    return {**event, "errorCode": "AccessDenied"} if chance.random() < 0.1 else event


def chat_export(_, number):
    return {"type": "message", "ts": f"{1714564800 + number}.{number:06d}", "user": f"U{number % 12:04d}", "text": "<@U1> *hi* \\ \" " * (number % 4),
            "reactions": [{"name": "+1", "count": number % 5}] if number % 6 == 0 else [], "thread": {"reply_count": number % 3, "latest": None}}  # fmt: skip


def sensor(chance, number):
    return {"seq": number, "time": 1714564800 + number, "temp": round(chance.uniform(-40, 60), 2), "pressure": 101325.0 + number / 8, "tiny": 1e-9 * number,
            "state": ["ok", "", "failed"][number % 3], "flags": [True, False, None][number % 3], "raw": [number, -number]}  # fmt: skip


def pods(chance, number):
    labels = {name: f"v{number % 3}" for name in chance.sample(["app", "tier", "pod-template/hash", "a.b"], 2)}
    return {"metadata": {"uid": f"pod-{number}", "labels": labels, "created_at": f"2024-05-01T12:00:00.{number:06d}+02:00"}, "level": 30 + number % 2,
            "count": 2**40 + number, "spec": {"containers": [{"image": "x"}] * (number % 3)}, "Reason": "" if number % 2 else "Évicted"}  # fmt: skip


def trades(_, number):
    return {"uuid": f"{number:032x}", "price": float(f"{number}.{number % 100:02d}"), "qty": number - 500, "side": "buy" if number % 2 else "sell",
            "venue": {"code": f"{number % 4:03d}", "fee": 0}, "at": f"2024-05-{1 + number % 28:02d}T00:00:00", "note": None}  # fmt: skip


LOGS = {"app": app_log, "web": web_log, "tracker": tracker, "orders": orders, "messages": messages, "audit": audit, "chat": chat_export,
        "sensor": sensor, "pods": pods, "trades": trades}  # fmt: skip
RECORDS = 1_000


def records_of(name):
    chance = random.Random(name)
    return [LOGS[name](chance, number) for number in range(RECORDS)]


def put(record, steps, value):
    for step in steps[:-1]:
        record = record.setdefault(step, {})
    record[steps[-1]] = value


def rebuilt(column, sql_type, value):
    """The JSON value that a table's one was."""
    if sql_type.name == "BOOLEAN":
        return bool(value)
    if sql_type.name == "DECIMAL":
        return float(value) if value % 1 else int(value)
    if sql_type.name in ("DATETIME", "DATE"):
        return ("time", value)
    if "accept" in column and sql_type.name in ("VARCHAR", "TEXT"):
        return ("text", value)
    return value


def expected(column, sql_type, value):
    """The record's value in the same form."""
    if sql_type.name in ("DATETIME", "DATE"):
        text = mapping_oracle.Number(value) if isinstance(value, int) else value
        return ("time", mapping_oracle.read_time(column, sql_type, text))
    if "accept" in column and sql_type.name in ("VARCHAR", "TEXT"):
        return ("text", value if isinstance(value, str) else json.dumps(value))
    return value


class GuessTest(LedgerCase):
    def guess(self, *words):
        done = support.run_chatload("guess", *words)
        return done.exit_code, done.stdout, done.stderr

    def test_every_log_is_loaded_whole_in_three_commands(self):
        for name in LOGS:
            with self.subTest(name):
                records = records_of(name)
                lines = "".join(json.dumps(record, ensure_ascii=name == "web") + "\n" for record in records)
                log = support.write_gzip(self.folder / f"{name}.json.gz", lines.encode())
                path = self.folder / f"{name}.toml"
                self.assertEqual(self.guess(log, "-o", path), (0, "", ""))
                self.assert_is_loaded_whole(log, path, records)

    def assert_is_loaded_whole(self, log, path, records):
        applied = support.run_chatload("schema", "apply", "--mapping", path, "--to", self.database.url)
        self.assertEqual(applied.exit_code, 0, applied.stderr)
        run = self.load(log, "--mapping", path)
        self.assertEqual((run.exit_code, run.summary["inserted"]), (0, len(records)), run.stderr)
        self.assert_nothing_is_lost(mapping_oracle.Mapping(path.read_text()), records)

    def assert_nothing_is_lost(self, mapping, records):
        types = mapping.types
        key = next(column for column in mapping.columns if [column["name"]] == mapping.key)
        rows = {}
        for row in self.server.rows(mapping_oracle.query(mapping), self.database.name):
            values = dict(zip(types, (mapping_oracle.canonical(*pair) for pair in zip(types.values(), row))))
            rows[str(values[key["name"]])] = values
        for record in records:
            key_value = mapping_oracle.value_at(record, key["path"])
            row = rows[str(key_value)]
            covered = {}
            for column in mapping.columns:
                sql_type, steps = types[column["name"]], mapping_oracle.steps(column["path"])
                value = mapping_oracle.value_at(record, column["path"])
                put(covered, steps, True)
                if value in (mapping_oracle.MISSING, None):
                    self.assertIsNone(row[column["name"]], column)
                else:
                    found = rebuilt(column, sql_type, row[column["name"]])
                    self.assertEqual(found, expected(column, sql_type, value), column)
            self.assert_covered(record, covered)

    def assert_covered(self, record, covered):
        """Every value of the record is in some column."""
        for name, value in record.items():
            self.assertIn(name, covered)
            if isinstance(value, dict) and isinstance(covered[name], dict):
                self.assert_covered(value, covered[name])

    def test_any_key_becomes_a_column(self):
        keys = ["a\tb", "a\nb", "\x00", "\x7f", "\"\\", "🙂", "🙃", "x🙂y", " ", "", "ü", "`", "'", "$.a[0]", "a.b", "[", "\ufffd", "\u2028", "k" * 70]
        records = [{"id": f"r{number}", **{key: f"{number} {place}" for place, key in enumerate(keys)}} for number in range(3)]
        records[1]["left\nout"] = [2**64]
        for is_ascii in (True, False):
            with self.subTest(is_ascii):
                log = self.write(f"chatload_{is_ascii}.json", "".join(json.dumps(one, ensure_ascii=is_ascii) + "\n" for one in records))
                path = self.folder / "odd.toml"
                self.assertEqual(self.guess(log, "-o", path), (0, "", ""))
                self.assert_is_loaded_whole(log, path, [{"id": one["id"], **{key: one[key] for key in keys}} for one in records])

    def test_no_digit_of_a_number_is_lost(self):
        numbers = {
            "amount": ["1234567.123456789012345678", "-0.5", "7", "1"],
            "long": ["7" * 35 + "." + "3" * 30, "-" + "9" * 35 + ".1", "0.0", "1"],
            "longer": ["7" * 36 + "." + "3" * 30, "0.1", "-5", "1"],
            "mixed": ["1152921504606846977", "0.1234567", "-1", "2"],
            "exponent": ["1.2345678901234567890e3", "5e-05", "1", "2"],
            "double": ["0.3333333333333333", "0.14285714285714285", "1e300", "5e-05"],
        }
        log = self.write("in.json", "".join("{" + f'"id":"r{n}",' + ",".join(f'"{name}":{texts[n]}' for name, texts in numbers.items()) + "}\n" for n in range(4)))
        path = self.folder / "numbers.toml"
        self.assertEqual(self.guess(log, "-o", path), (0, "", ""))
        types = {column["name"]: column["sql"].split()[0] for column in tomllib.loads(path.read_text())["column"]}
        self.assertEqual(types, {"id": "VARCHAR(16)", "amount": "DECIMAL(29,18)", "long": "DECIMAL(65,30)", "longer": "VARCHAR(128)",
                                 "mixed": "DECIMAL(30,7)", "exponent": "VARCHAR(32)", "double": "DOUBLE"})  # fmt: skip
        self.assertEqual(support.run_chatload("schema", "apply", "--mapping", path, "--to", self.database.url).exit_code, 0)
        run = self.load(log, "--mapping", path)
        self.assertEqual((run.exit_code, run.summary["inserted"]), (0, 4), run.stderr)
        for name, texts in numbers.items():
            rows = self.server.sql(f"SELECT `{name}` FROM `in` ORDER BY id", self.database.name)
            self.assertEqual([decimal.Decimal(row[0]) for row in rows], [decimal.Decimal(text) for text in texts], name)

    def test_a_log_without_a_key_is_said_to_have_none(self):
        log = self.write("in.json", '{"a":1}\n{"a":1}\n')
        code, out, said = self.guess(log)
        self.assertEqual(code, 0, said)
        self.assertEqual(tomllib.loads(out)["primary_key"], [])
        self.assertIn("# no field is in every record and different in each", out)

    def test_what_is_no_record_is_counted_in_the_first_line(self):
        log = self.write("in.json", '{"id":"a"}\n\n[]\n{"id":\n{"id":"b","more":null}\n')
        code, out, _ = self.guess(log)
        self.assertEqual(code, 0)
        self.assertIn("from all 2 records; 2 records are no JSON object, or too long", out.splitlines()[0])
        self.assertEqual([column["name"] for column in tomllib.loads(out)["column"]], ["id", "more"])

    def test_a_sample_is_said_to_be_one(self):
        log = support.write_gzip(self.folder / "in.json.gz", b"".join(b'{"id":"%d"}\n' % n for n in range(1_000_000)))
        code, out, _ = self.guess(log, "--sample", "1M", "--table", "some `table`")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\A# Guessed by chatload from the first [\d,]+ records")
        self.assertEqual(tomllib.loads(out)["table"], "some `table`")

    def test_no_record_at_all_is_an_error(self):
        code, _, said = self.guess(self.write("in.json", "\n[1]\n"))
        self.assertEqual(code, 3)
        self.assertIn("no record is a JSON object", said)
        self.assertNotIn("--records", said)

    def test_a_line_that_is_longer_than_max_line_is_left_out(self):
        log = self.write("in.json", '{"id":"a"}\n{"long":"' + "x" * 10_000_000 + '"}\n')
        code, out, _ = self.guess(log)
        self.assertEqual(code, 0)
        self.assertIn("from all 1 records; 1 records are no JSON object, or too long", out.splitlines()[0])
        self.assertEqual([column["name"] for column in tomllib.loads(out)["column"]], ["id"])


class RecordsTest(LedgerCase):
    """One line with all records in it: guess says which --records reads them."""

    HINT = "To read each element of the array in it as a record, add --records "

    def guess(self, text, *words):
        done = support.run_chatload("guess", self.write("in.json", text), *words)
        return done.exit_code, done.stdout, done.stderr

    def elements(self, count=3):
        return [{"id": f"a{number}", "text": "x" * 500} for number in range(count)]

    def test_an_object_with_one_array_of_objects_is_guessed_as_a_record_and_the_array_is_named(self):
        for key, form in (("Records", "'$.Records[*]'"), ("my\tkey", "'$.\"my\\tkey\"[*]'"), ("🙂", "'$.\"🙂\"[*]'")):
            with self.subTest(key):
                text = json.dumps({"version": [1], key: self.elements()}) + "\n"
                code, out, said = self.guess(text)
                self.assertEqual((code, [column["path"] for column in tomllib.loads(out)["column"]][0]), (0, "$.version"))
                self.assertTrue(said.endswith(f"in.json: the whole input is one record. {self.HINT}{form}.\n"), said)
                self.assert_reads(text, form)

    def test_an_object_that_is_longer_than_max_line_names_its_array_in_the_error(self):
        text = json.dumps({"Records": self.elements(10_000)})
        code, out, said = self.guess(text)
        self.assertEqual((code, out), (3, ""))
        self.assertRegex(said, r"no record is a JSON object of up to 1 MiB \(--max-line\), .*" + re.escape(self.HINT + "'$.Records[*]'."))
        self.assert_reads(text, "'$.Records[*]'", 10_000)

    def test_arrays_of_objects_are_named_in_the_error(self):
        text = (json.dumps(self.elements()) + "\n") * 2
        code, _, said = self.guess(text)
        self.assertEqual(code, 3)
        self.assertIn(self.HINT + "'$[*]'.", said)
        self.assert_reads(text, "'$[*]'", 6)

    def test_each_of_many_inputs_can_be_such_an_object(self):
        text = json.dumps({"Records": self.elements()})
        code, _, said = self.guess(text, self.write("more.json", text))
        self.assertEqual(code, 0)
        self.assertIn(self.HINT + "'$.Records[*]'.", said)

    def test_records_with_arrays_of_objects_are_no_reason_to_say_anything(self):
        one = json.dumps({"items": self.elements()}) + "\n"
        two = json.dumps({"items": self.elements(), "more": self.elements()})
        for text in (one * 2, two, json.dumps({"items": [1, {}]}), json.dumps({"a": {"b": [[{}]]}}), '{"\\u009b":[{}]}'):
            with self.subTest(text[:20]):
                code, _, said = self.guess(text)
                self.assertEqual((code, said), (0, ""))

    def assert_reads(self, text, form, count=3):
        code, out, said = self.guess(text, "--records", shlex.split(form)[0])
        self.assertEqual((code, said), (0, ""))
        self.assertIn(f"from all {count:,} records", out.splitlines()[0])


class DifferenceTest(LedgerCase):
    def difference(self, records, mapping, *words):
        log = support.write_gzip(self.folder / "new.json.gz", "".join(json.dumps(one) + "\n" for one in records).encode())
        done = support.run_chatload("guess", log, "--diff", mapping, *words)
        self.assertEqual(done.exit_code, 0, done.stderr)
        return done.stdout

    def test_nothing_is_new_in_what_a_mapping_was_guessed_from(self):
        for name in LOGS:
            with self.subTest(name):
                records = records_of(name)
                log = support.write_gzip(self.folder / "log.json.gz", "".join(json.dumps(one) + "\n" for one in records).encode())
                guessed = self.folder / "guessed.toml"
                self.assertEqual(support.run_chatload("guess", log, "-o", guessed).exit_code, 0)
                self.assertIn("no field is without a column", self.difference(records, guessed))

    def test_what_is_new_can_be_put_behind_the_mapping(self):
        old = [{"id": f"a{n}", "user": {"name": "x"}, "gone": 1} for n in range(20)]
        new = [{"id": f"b{n}", "user": {"name": "x", "age": n}, "more": [n], "ID": "y"} for n in range(20)]
        log = support.write_gzip(self.folder / "log.json.gz", "".join(json.dumps(one) + "\n" for one in old).encode())
        guessed = self.folder / "guessed.toml"
        self.assertEqual(support.run_chatload("guess", log, "-o", guessed).exit_code, 0)
        more = self.difference(new, guessed)
        self.assertEqual([column["name"] for column in tomllib.loads(more)["column"]], ["user_age", "more", "ID_2"])
        self.assertIn("#   gone\n", more)
        guessed.write_text(guessed.read_text().replace('sql = "INT NOT NULL"', 'sql = "INT"') + more)
        self.assertIn("no field is without a column", self.difference(new, guessed))
        checked = support.run_chatload("check", self.folder / "new.json.gz", "--mapping", guessed)
        self.assertEqual((checked.exit_code, checked.summary["valid"]), (0, 20), checked.stderr)

    def test_a_mapping_needs_no_types(self):
        mapping = self.write("m.toml", """
            table = "t"
            primary_key = ["id"]
            time = "at"
            [[column]]
            name = "id"
            [[column]]
            name = "at"
            time = "epoch_s"
            [[column]]
            name = "gone"
            [[column]]
            name = "yes"
            value = true
            [[column]]
            name = "line"
            meta = "line"
        """)
        more = self.difference([{"id": "a", "at": 1714564800, "Line": 5}], mapping)
        self.assertEqual([column["name"] for column in tomllib.loads(more)["column"]], ["Line_2"])
        self.assertIn("for these columns:\n#   gone\n\n", more)

    def test_a_new_tables_name_makes_no_sense_beside_an_old_mapping(self):
        done = support.run_chatload("guess", "x.json", "--diff", "m.toml", "--table", "t")
        self.assertEqual(done.exit_code, 64)
        self.assertIn("and --diff has one", done.stderr)


if __name__ == "__main__":
    unittest.main()
