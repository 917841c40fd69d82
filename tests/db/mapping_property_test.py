"""Random mappings, random tables and random records, good and broken: what becomes of each is what the oracle says, and a
table holds what the JSON says.

CHATLOAD_LONG=1: more of them.
"""

import json
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mapping_oracle
import support
from mapping_case import MappingCase, Raw, dumped
from mapping_test import anything, moment, numeral, text

IS_MARIADB = support.SERVER_KIND == "mariadb"
SEEDS = range(400) if support.IS_LONG else range(20)
RECORDS = 250
NUMBERS = ["-1", "0", "7", "127", "128", "-129", "32768", "8388608", "2147483648", "4294967296", "9223372036854775808", "18446744073709551615"]
UUIDS = ["00112233-4455-6677-8899-aabbccddeeff", "FFFFFFFF-0000-1111-2222-333333333333", "g0112233-4455-6677-8899-aabbccddeeff"]


def quoted(name):
    return json.dumps(name, ensure_ascii=False)


class Columns:
    """A mapping's columns, made by chance."""

    def __init__(self, chance):
        self.chance = chance
        self.file = []  # the keys of each column, as the mapping has them
        self.there = []  # the type that the table has

    def toss(self, probability):
        return self.chance.random() < probability

    def kind(self):
        """(type in the mapping, type in the table, keys of the column, a value that mostly fits)."""
        chance, kind = self.chance, self.chance.randrange(15)
        if kind <= 2:
            length, other = chance.choice([1, 5, 30]), chance.choice([1, 5, 30, 60])
            there = chance.choice([f"VARCHAR({other})", f"VARCHAR({length})", "TINYTEXT"])
            accept = chance.sample(["integer", "number", "boolean"], chance.randrange(4))
            value = lambda: chance.choice([text(chance)[:other], anything(chance) if accept else text(chance)])
            return f"VARCHAR({length})", there, {"accept": accept} if accept else {}, value
        if kind == 3:
            return "CHAR(6)", f"CHAR({chance.choice([4, 6, 9])})", {}, lambda: chance.choice(["", "a", "abc", "é", "x ", "longer7"])
        if kind <= 6:
            names = ["TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT"]
            wanted, there = (chance.choice(names) + chance.choice(["", " UNSIGNED"]) for _ in range(2))
            value = lambda: chance.choice([Raw(chance.choice(NUMBERS)), chance.choice(NUMBERS), chance.randrange(100)])
            return wanted, there, {"accept": ["string"]} if self.toss(0.4) else {}, value
        if kind == 7:
            value = lambda: chance.choice([Raw("1.25"), Raw("-3e1"), Raw("99999.999"), "12.5", numeral(chance)])
            return "DECIMAL(6,2)", chance.choice(["DECIMAL(6,2)", "DECIMAL(9,3)", "DECIMAL(4,0)"]), {"accept": ["string"]} if self.toss(0.5) else {}, value
        if kind == 8:
            name = chance.choice(["DOUBLE", "FLOAT"])
            return name, name, {}, lambda: chance.choice([1.5, -2, 0.1, 1e300, 1e-50, numeral(chance)])
        if kind == 9:
            return "BOOLEAN", "BOOLEAN", {"accept": ["integer"]} if self.toss(0.5) else {}, lambda: chance.choice([True, False, 0, 1, 2])
        if kind == 10:
            name = chance.choice(["DATETIME", "TIMESTAMP"])
            digits, other = chance.choice([0, 3, 6]), chance.choice([0, 3, 6])
            formats = chance.sample(["rfc3339", "epoch_ms", "epoch_s", "%d/%b/%Y:%H:%M:%S %z"], chance.choice([1, 2]))
            null = " NULL"  # a TIMESTAMP that does not say so is another column
            return f"{name}({digits}){null}", f"{name}({other}){null}", {"time": formats}, lambda: moment(chance)
        if kind == 11:
            return "DATE", "DATE", {}, lambda: chance.choice(["2024-02-29", "2023-02-29", "1000-01-01", "0999-12-31", moment(chance)])
        if kind == 12:
            members = ["red", "it's", "2", "ünï"]
            there = members + ["more"] if self.toss(0.5) else members[:3]
            sql = lambda words: "ENUM(" + ",".join("'" + word.replace("'", "''") + "'" for word in words) + ")"
            return sql(members), sql(there), {}, lambda: chance.choice([*members, "more", "Red", "1", ""])
        if kind == 13:
            how = chance.choice(["hex", "base64", "uuid"])
            values = {"hex": ["", "00ff", "0", "zz"], "base64": ["", "AP8=", "AP8", "AAECAwQFBgcICQ=="], "uuid": UUIDS}[how]
            name = "VARBINARY(16)" if how == "uuid" else chance.choice(["VARBINARY(4)", "VARBINARY(16)", "BLOB"])
            return name, name, {"decode": how}, lambda: chance.choice(values)
        return "JSON", "JSON", {}, lambda: anything(chance)

    def path(self, name):
        """(path as it is written, where that is)."""
        way = self.chance.randrange(6)
        steps = {3: ["in", name], 4: ["a key", "x.y", name], 5: ["list of " + name, 1]}.get(way, [name])
        written = "$" + "".join(f"[{step}]" if isinstance(step, int) else "." + (step if step.isidentifier() and step.isascii() else quoted(step)) for step in steps)
        return written, steps

    def add(self, name, is_key):
        wanted, there, keys, value = self.kind()
        written, steps = self.path(name)
        column = {"name": name, "path": written, **keys}
        can_have_default = wanted.startswith(("VARCHAR", "TINYINT", "INT", "ENUM")) and not is_key
        nullable = not is_key and self.toss(0.7)
        declaration = wanted.removesuffix(" NULL") + (" NULL" if nullable else " NOT NULL")
        if can_have_default and self.toss(0.3):
            declaration += " DEFAULT '2'" if wanted.startswith(("VARCHAR", "ENUM")) else " DEFAULT 2"
        column["sql"] = declaration
        if not is_key and self.toss(0.15):
            column["required"] = True
        if wanted.startswith(("VARCHAR", "CHAR")) and self.toss(0.3):
            column["empty"] = False
        if nullable and not column.get("required") and self.toss(0.3):
            column["null_if"] = self.chance.sample(["-", "", "plain", "0"], 2)
        self.file.append((column, steps, value))
        self.there.append(there.removesuffix(" NULL") + (" NULL" if nullable else " NOT NULL"))


def toml_of(table, key, columns, top):
    lines = [f"table = {quoted(table)}", f"primary_key = {json.dumps(key)}", *top]
    for column in columns:
        lines.append("\n[[column]]")
        lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in column.items()]
    return "\n".join(lines) + "\n"


def put(record, steps, value):
    for place, step in enumerate(steps):
        is_last = place + 1 == len(steps)
        fresh = value if is_last else [] if isinstance(steps[place + 1], int) else {}
        if isinstance(step, int):
            record.extend([None] * (step + 1 - len(record)))
            record[step] = fresh
        elif is_last or step not in record:
            record[step] = fresh
        record = record[step]


def broken(chance, line):
    """A byte more, less or other; or the line's beginning."""
    at = chance.randrange(len(line)) if line else 0
    return chance.choice([line[:at], line[:at] + chance.choice('{}[],:"0e.-x \\') + line[at:], line[:at] + line[at + 1 :], line[:at] + chance.choice('"{,5') + line[at + 1 :]])


class Example:
    def __init__(self, seed):
        self.chance = chance = random.Random(seed)
        columns = Columns(chance)
        names = [f"c{number}" for number in range(chance.choice([1, 2, 4, 7]))]
        columns_of_key = chance.choice([[], [], names[:1], names[:2]])
        for name in names:
            columns.add(name, name in columns_of_key)
        self.fields = columns.file
        sqls = [column["sql"] for column, _, _ in columns.file]
        self.key = [name for name in columns_of_key if not columns.file[names.index(name)][0]["sql"].startswith(("JSON", "TINYTEXT", "BLOB", "DECIMAL", "DOUBLE", "FLOAT"))]
        for place, name in enumerate(names):
            if name in self.key and columns.there[place].startswith("TINYTEXT"):
                columns.there[place] = sqls[place]
        top = []
        if chance.random() < 0.25:
            top.append('unknown = "reject"')
        elif chance.random() < 0.4:
            top.append('unknown = "rest"')
            columns.file.append(({"name": "rest", "sql": "JSON"}, None, None))
            columns.there.append("JSON")
        if chance.random() < 0.5:
            columns.file.append(({"name": "its line", "sql": "INT UNSIGNED NOT NULL", "meta": "line"}, None, None))
            columns.there.append(chance.choice(["TINYINT UNSIGNED NOT NULL", "BIGINT NOT NULL"]))
        if chance.random() < 0.5:
            columns.file.append(({"name": "same", "sql": "VARCHAR(9)", "value": "é'\\"}, None, None))
            columns.there.append("VARCHAR(9)")
        self.file = toml_of("made", self.key, [column for column, _, _ in columns.file], top)
        # Of the same columns, with the table's types; and, for the oracle, with what holds of both.
        there = [{**column, "sql": sql} for (column, _, _), sql in zip(columns.file, columns.there)]
        self.table = toml_of("made", self.key, there, top)
        self.both = toml_of("made", self.key, [{**one, "sql": self.of_both(column["sql"], one["sql"])} for one, (column, _, _) in zip(there, columns.file)], top)

    @staticmethod
    def of_both(wanted, there):
        """The table's type, but for a time's digits, and the mapping's default."""
        if wanted.startswith(("DATETIME", "TIMESTAMP")):
            digits = [mapping_oracle.Type(sql).fraction() for sql in (wanted, there)]
            there = there.replace(f"({digits[1]})", f"({min(digits)})")
        default = wanted.partition(" DEFAULT ")[2]
        return there + (" DEFAULT " + default if default else "")

    def lines(self):
        chance = self.chance
        for _ in range(RECORDS):
            record = {"unmapped": 5} if chance.random() < 0.1 else {}
            for _, steps, value in chance.sample(self.fields, len(self.fields)):
                if steps and chance.random() < 0.95:
                    put(record, steps, value() if chance.random() < 0.95 else anything(chance))
            line = dumped(record)
            yield broken(chance, line) if chance.random() < 0.1 else line


class PropertyTest(MappingCase):
    def test_what_becomes_of_a_record_is_what_the_oracle_says(self):
        done, valid, rejected = 0, 0, set()
        for seed in SEEDS:
            with self.subTest(seed=seed):
                example = Example(seed)
                self.database.sql("DROP TABLE IF EXISTS made")
                self.database.create_table()
                self.apply(self.write("table.toml", example.table))
                if not self.has_same_default(example):
                    continue
                path = self.write("mapping.toml", example.file)
                mapping = mapping_oracle.Mapping(example.both, self.folder)
                lines = [line for line in example.lines() if "\n" not in line]
                way = random.Random(seed)
                words = ["--mapping", path, "--connections", way.choice([1, 3]), "--range-size", "8K", "--max-rejects", "100%"]
                mode = "skip"
                if mapping.key:
                    mode = way.choice(["skip", "replace"])
                    words += ["--on-duplicate", mode, "--order", way.choice(["file", "key"])]
                if not IS_MARIADB:
                    words += ["--write-method", way.choice(["insert", "auto"])]
                facts = lambda number: {"line": str(number)}
                if not any(mapping_oracle.outcome(mapping, line, facts(number))[0] == "valid" for number, line in enumerate(lines, 1)):
                    continue  # such a file is refused as a whole
                run = self.load(self.lines_file(lines), *words)
                self.assert_loaded_by(mapping, run, lines, mode, facts)
                done, valid = done + 1, valid + run.summary["inserted"]
                rejected |= {reason for reason, count in run.summary["rejects_by_reason"].items() if count}
        self.assertGreater(done, len(SEEDS) // 2)
        self.assertGreater(valid, len(SEEDS) * 10)
        self.assertGreater(len(rejected), 8, rejected)

    def has_same_default(self, example):
        """A default that the table's type does not hold ends the load before it begins, which other tests are about."""
        run = support.run_chatload("schema", "check", "--mapping", self.write("mapping.toml", example.file), "--to", self.database.url)
        if run.exit_code != 0:
            self.assertRegex(run.stderr + run.stdout, "DEFAULT|value in the mapping")
        return run.exit_code == 0


if __name__ == "__main__":
    unittest.main()
