"""Ledgers of before a load had sources, as tests/migration/ has them, are carried over by migrations 5 and 6."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import MySQLdb
import oracle
import support

LEDGERS = support.ROOT / "tests/migration"
MIGRATIONS = [support.ROOT / "schema" / name for name in ("005_sources.sql", "006_fences.sql", "007_references.sql")]
TABLES = ("loads", "sources", "fences", "references", "ranges", "rejects", "indexes", "migrations")
WITH_LOADS = ("loads", "ranges", "rejects")
ORDERS = {"loads": "load_id", "sources": "load_id", "fences": "load_id", "references": "digest, part", "ranges": "load_id, kind, range_number",
          "rejects": "load_id, line", "indexes": "index_name", "migrations": "number"}  # fmt: skip
MOVED = {"source_key": "source_key", "attempt": "attempt", "source_stamp": "stamp", "source_digest": "digest",
         "source_bytes": "bytes"}  # fmt: skip
COPIED = ("load_id", "target_table", "superseded_by", "ranges", "lines", "filtered", "rejected", "blank")
WRITTEN = ("inserted", "updated", "duplicate")  # of a load in key order they are the load's alone
LEDGER_NAMES = sorted(path.name.partition(".")[0] for path in LEDGERS.glob("*.json.gz"))


def ranges(count):
    """As (source, number, kind)."""
    return [("1", str(number), "range") for number in range(count)]


def stretches(count):
    """In key order, behind the seven ranges of each log."""
    return ranges(7) + [("0", str(number), "stretch") for number in range(count)]


# Of each: the states of its sources, the order of the loads, whether they are frozen and all read, and its ranges.
WANTED = {
    "done": (["done"], "file", False, True, []),
    "done_key": (["done"], "key", True, True, []),
    "done_uncompacted": (["done"], "file", False, True, ranges(7)),
    "interrupted": (["waiting"], "file", False, False, ranges(3)),
    "interrupted_key": (["waiting"], "key", True, False, stretches(2)),
    "damaged": (["failed"], "file", False, False, ranges(6)),
    "damaged_key": (["failed"], "key", True, False, ranges(6)),
    "superseded": (["waiting", "waiting"], "file", False, False, ranges(3) + ranges(2)),
    "refused": (["waiting"], "file", False, False, ranges(5)),
    "refused_key": (["waiting"], "key", True, False, stretches(6)),
    "owed": (["done"], "file", False, True, ranges(7)),
}


class MigrationCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def setUp(self):
        self.database = self.enterContext(support.Database(self.server))

    def statements(self, name):
        """What makes that ledger."""
        common = LEDGERS / f"{name}.sql"
        return (common if common.exists() else LEDGERS / f"{name}.{self.server.kind}.sql").read_text()

    def restore(self, *names, only=""):
        """Those statements of the ledgers that begin with `only`, in a database of an older chatload."""
        tables = self.database.sql("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")
        sql = "".join(f"DROP TABLE `{table}`;\n" for (table,) in tables) + (LEDGERS / "schema.sql").read_text()
        for name in names:
            rows = [text for text in self.statements(name).split(";\n") if text and text.startswith(only)]
            sql += "".join(f"{text};\n" for text in rows)
        self.database.sql(sql)

    def columns(self, table):
        return [name for (name,) in self.database.sql(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
            f" AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION")]  # fmt: skip

    def rows(self, table, order):
        """Each as a mapping of its columns to texts."""
        columns = self.columns(table)
        names = ", ".join(f"`{name}`" for name in columns)
        return [dict(zip(columns, row)) for row in self.database.sql(f"SELECT {names} FROM {table} ORDER BY {order}")]

    def migrated(self):
        return {table: self.rows(f"chatload_{table}", ORDERS[table]) for table in TABLES}

    def schema(self, verb):
        return support.run_chatload("schema", verb, "--to", self.database.url)

    def apply(self):
        run = self.schema("apply")
        self.assertEqual(run.exit_code, 0, run.stderr)
        return run.stdout


class MigratedTest(MigrationCase):
    def test_a_ledger_is_carried_over_whole(self):
        self.assertEqual(sorted(WANTED), LEDGER_NAMES)
        for name, wanted in WANTED.items():
            with self.subTest(name):
                self.restore(name)
                orders = {**ORDERS, "ranges": "load_id, length_bytes = 0, range_number"}
                old = [table for table in TABLES if table not in ("sources", "fences", "references")]
                before = {table: self.rows(f"chatload_{table}", orders[table]) for table in old}
                messages = self.rows("chat_messages", "id")
                self.apply()
                after = self.migrated()
                self.assert_sources(before["loads"], after["sources"], *wanted[:2])
                self.assert_loads(before["loads"], after["loads"], *wanted[1:4])
                self.assert_ranges(before["ranges"], after["ranges"], wanted[4])
                self.assertEqual(after["rejects"], list(map(self.migrated_reject, before["rejects"])))
                self.assertEqual(self.rows("chat_messages", "id"), messages)
                owed = before["indexes"] if name == "owed" else []
                self.assertEqual((len(owed), after["indexes"]), (2 if name == "owed" else 0, []))

    def migrated_reject(self, row):
        """The text of a line that the server refused is missing until all stretches are written."""
        is_missing = (row["raw"], row["reason"]) == ("", "refused_by_server")
        return {**row, "source": "1", "raw": "NULL" if is_missing else row["raw"]}

    def assert_sources(self, loads, found, states, order):
        written = lambda load: {name: load[name] if order == "file" else "NULL" for name in WRITTEN}
        valid = lambda load: "NULL" if load["lines"] == "NULL" else str(int(load["inserted"]) + int(load["duplicate"]))
        wanted = [
            {**{name: load[name] for name in COPIED}, **written(load), **{new: load[old] for old, new in MOVED.items()}, "source": "1",
             "name": load["source"], "name_digest": "NULL", "why": "NULL", "valid": valid(load), "state": state}
            for load, state in zip(loads, states, strict=True)
        ]  # fmt: skip
        self.assertEqual(found, wanted)

    def assert_loads(self, before, found, order, is_frozen, is_all_read):
        for old, new in zip(before, found, strict=True):
            frozen_at, all_read_at = new.pop("frozen_at"), new.pop("all_read_at")
            kept = {name: value for name, value in old.items() if name not in MOVED}
            owner = old["owner"] if old["state"] == "done" else ""
            self.assertEqual(new, {**kept, "owner": owner, "order": order, "beat": "NULL"})
            self.assertEqual((frozen_at != "NULL", all_read_at != "NULL"), (is_frozen, is_all_read))
            if old["state"] == "done":
                self.assertEqual(all_read_at, old["finished_at"])

    def assert_ranges(self, before, found, wanted):
        self.assertEqual([(row["source"], row["range_number"], row["kind"]) for row in found], wanted)
        changed = ("source", "range_number", "kind")
        kept = lambda rows: [{name: row[name] for name in row if name not in changed} for row in rows]
        by_place = lambda row: (row["load_id"], row["kind"] == "stretch", int(row["range_number"]))
        self.assertEqual(kept(sorted(found, key=by_place)), kept(before))

    def test_what_is_done_is_said_once(self):
        self.restore("interrupted_key")
        said = self.apply()
        for line in (
            "chatload_sources: created", "chatload_ranges: the column `source` is added",
            "chatload_loads: the column `source_key` is dropped", "chatload_fences: created",
            "chatload_loads: the column `beat` is added", "chatload_references: created",
        ):  # fmt: skip
            self.assertEqual(said.count(f"{line}\n"), 1, said)
        self.assertNotRegex(self.apply(), "created|added|dropped")
        check = self.schema("check")
        self.assertEqual((check.exit_code, check.stdout.splitlines()[-1]), (0, "ledger: can be used"), check.stderr)

    def test_a_load_that_is_half_forgotten_stays_so(self):
        self.restore("interrupted")
        self.database.sql("UPDATE chatload_loads SET owner = 'nobody', source_key = 'forgotten:41'")
        self.apply()
        self.assertEqual(self.database.sql("SELECT owner FROM chatload_loads"), [["nobody"]])
        self.assertEqual(self.database.sql("SELECT source_key FROM chatload_sources"), [["forgotten:41"]])

    def test_it_is_refused_while_a_run_of_a_load_is_alive(self):
        self.restore("interrupted")
        runner = MySQLdb.connect(user="root", unix_socket=self.server.socket, database=self.database.name)
        with contextlib.closing(runner):
            runner.query("DO (SELECT GET_LOCK(lock_name, 0) FROM chatload_loads)")
            run = self.schema("apply")
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertIn("Load 41 (interrupted.json.gz) is running (loader, process 17); let that finish", run.stderr)
        self.assertEqual(self.columns("chatload_sources"), [])
        self.assertNotEqual(self.database.sql("SELECT owner FROM chatload_loads"), [[""]])
        self.apply()


class CrashTest(MigrationCase):
    """A migration that ended between any two of its statements is finished by the next one."""

    def setUp(self):
        super().setUp()
        texts = [statement for path in MIGRATIONS for statement in path.read_text().split(";\n")]
        self.migration = [statement for statement in texts if statement.strip()]

    def restore_all(self):
        self.restore(*LEDGER_NAMES, only=tuple(f"INSERT INTO `chatload_{table}`" for table in WITH_LOADS))

    def state(self):
        """Definitions and rows; of a time that a run takes, whether it is there."""
        definitions = self.database.sql(
            "SELECT TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLLATION_NAME"
            " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2;"
            "SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE FROM information_schema.STATISTICS"
            " WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2, 3"
        )
        rows = self.migrated()
        for row in rows["loads"]:
            row.update((name, row[name] != "NULL") for name in ("frozen_at", "all_read_at"))
        for row in rows["migrations"]:
            del row["applied_at"]
        return definitions, rows

    def print(self):
        subprocess.run(self.server.client(self.database.name), input=support.schema(), text=True, check=True)

    def test_each_way_to_the_end_leads_to_the_same(self):
        self.restore_all()
        self.apply()
        undisturbed = self.state()
        self.assertEqual(len(undisturbed[1]["loads"]), len(LEDGER_NAMES) + 1)
        for count in range(len(self.migration) + 1):
            for finish in (self.apply, self.print):
                with self.subTest(statements=count, finish=finish.__name__):
                    self.restore_all()
                    self.database.sql(";\n".join(["DO 0", *self.migration[:count]]))
                    finish()
                    self.assertEqual(self.state(), undisturbed)
        self.print()
        self.assertEqual(self.state(), undisturbed)

    def test_two_at_once_do_no_harm(self):
        self.restore_all()
        words = [support.CHATLOAD, "schema", "apply", "--to", self.database.url]
        both = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(2)]
        self.assertEqual([one.wait() for one in both], [0, 0])
        found = self.state()
        self.restore_all()
        self.apply()
        self.assertEqual(found, self.state())

    def test_a_table_that_was_dropped_since_is_made_as_it_is_now(self):
        self.restore_all()
        self.apply()
        definitions = self.state()[0]
        for table in TABLES:
            for finish in (self.apply, self.print):
                with self.subTest(table, finish=finish.__name__):
                    self.database.sql(f"DROP TABLE chatload_{table}")
                    finish()
                    self.assertEqual(self.state()[0], definitions)


class ResumeTest(MigrationCase):
    """The same command after the migration."""

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def log(self, name):
        """The file that the ledger is of; mended where it was damaged."""
        path = pathlib.Path(shutil.copy(LEDGERS / f"{name}.json.gz", self.folder))
        if name.startswith("damaged"):
            content = path.read_bytes()
            path.write_bytes(content[:-8] + bytes(byte ^ 0xFF for byte in content[-8:-4]) + content[-4:])
        return path

    def refusal(self, name):
        """What the table says to a row, for the oracle."""
        return lambda row: "polite" if name.startswith("refused") and "refuse" in row[4] else None

    def load(self, path):
        return support.run_chatload("load", path.name, "--to", self.database.url, cwd=self.folder)

    def test_a_load_goes_on_and_one_that_is_done_is_known(self):
        for name in LEDGER_NAMES:
            with self.subTest(name):
                self.restore(name)
                self.apply()
                path = self.log(name)
                expected = oracle.apply([path], refuses=self.refusal(name))
                run = self.load(path)
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertEqual(run.summary["status"], "already_loaded" if name.startswith("done") else "done")
                self.assertIsNone(support.first_difference(self.database, expected))
                self.assertEqual(run.summary["rejected"], len(expected.rejects))
                self.assertEqual(self.rows("chatload_indexes", "index_name"), [])
                self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chatload_rejects WHERE raw IS NULL"), [["0"]])
                again = self.load(path)
                self.assertEqual((again.exit_code, again.summary["status"]), (1, "already_loaded"), again.stderr)


if __name__ == "__main__":
    unittest.main()
