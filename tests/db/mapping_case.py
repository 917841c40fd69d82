"""What the tests of mappings share: JSON lines, and the comparison of what became of them with the oracle."""

import json
import unittest.mock

import mapping_oracle
import support
from ledger_case import LedgerCase


class Raw(str):
    """JSON as it is to be written."""


def dumped(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{dumped(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumped, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def comparable(row):
    """A text, in which the order of JSON's keys, which MySQL changes, does not show."""
    return repr([json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value for value in row])


class MappingCase(LedgerCase):
    def mapping(self, toml, name="mapping.toml"):
        return self.write(name, toml), mapping_oracle.Mapping(toml, self.folder)

    def apply(self, path, *words):
        done = support.run_chatload("schema", "apply", "--mapping", path, "--to", self.database.url, *words)
        self.assertEqual(done.exit_code, 0, done.stderr)
        return done.stdout

    def lines_file(self, lines, name="in.json.gz"):
        return support.write_gzip(self.folder / name, "".join(line + "\n" for line in lines).encode())

    def without_server(self):
        """The oracle speaks of a command that asks no server."""
        return unittest.mock.patch.object(mapping_oracle, "IS_MYSQL", False)

    def assert_table(self, mapping, rows):
        types = list(mapping.types.values())
        found = [
            [mapping_oracle.canonical(*pair) for pair in zip(types, row)]
            for row in self.server.rows(mapping_oracle.query(mapping), self.database.name)
        ]
        if not mapping.key:
            self.assertEqual(sorted(map(comparable, found)), sorted(map(comparable, rows.values())))
            return
        by_key = {mapping.key_of(row): row for row in found}
        self.assertEqual(len(by_key), len(found))
        self.assertEqual(sorted(map(repr, by_key)), sorted(map(repr, rows)))
        for key, values in rows.items():
            self.assertEqual(by_key[key], values, key)

    def assert_rejects(self, load, rejects):
        query = f"SELECT line, reason, IFNULL(field, '') FROM chatload_rejects WHERE load_id = {load} ORDER BY line"
        rows = self.server.rows(query, self.database.name)
        found = [(int(line), reason.decode(), field.decode() or None) for line, reason, field in rows]
        self.assertEqual(found, rejects)

    def assert_loads(self, toml, lines, *words, mode="skip"):
        path, mapping = self.mapping(toml)
        self.apply(path)
        run = self.load(self.lines_file(lines), "--mapping", path, "--on-duplicate", mode, *words)
        self.assert_loaded_by(mapping, run, lines, mode)
        return run

    def assert_loaded_by(self, mapping, run, lines, mode, facts_of=lambda number: None):
        """Table, counts and rejects are the oracle's."""
        rows, counts, rejects = mapping_oracle.load(mapping, lines, mode, facts_of)
        self.assertEqual(run.exit_code, 1 if rejects else 0, run.stderr)
        self.assertEqual({name: run.summary[name] for name in counts}, counts)
        self.assert_table(mapping, rows)
        self.assert_rejects(1, rejects)
