# ctest: leaks
"""chatload loads, loads forget and rejects, on ledger rows that the tests write themselves."""

import datetime
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import pages
import support

KEYS = {
    "load", "state", "source", "target_table", "attempt", "sources", "sources_failed", "started_at", "finished_at", "done_share", "lines", "inserted",
    "updated", "duplicate", "filtered", "rejected", "blank", "exit_code", "superseded_by", "runner",
}  # fmt: skip
RAW_LINES = [b'{"id":"1"}', b'{"a":\xff\\}', "{\"é\":'\"\t\0}".encode(), b"", b"{}\r"]


def quoted(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class LedgerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()
        cls.ddl = support.schema()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.enterContext(support.Database(self.server))
        self.database.sql(self.ddl)

    def insert(self, table, **values):
        names = ", ".join(f"`{name}`" for name in values)
        self.database.sql(f"INSERT INTO {table} ({names}) VALUES ({', '.join(map(quoted, values.values()))})")

    def add_load(self, load, **values):
        """A load of one source that was interrupted."""
        of_source = {name: values.pop(name) for name in ("source_key", "attempt", "bytes") if name in values}
        row = {
            "load_id": load, "target_table": "chat_messages", "source": f"in{load}.json.gz", "plan": "", "limits": "",
            "owner": "0" * 32, "runner": "host 1", "lock_name": self.lock_name(load), "state": "interrupted",
            "started_at": "2016-11-22 12:00:00.250000", "finished_at": "2016-11-22 12:01:00",
        } | values  # fmt: skip
        self.insert("chatload_loads", **row)
        shared = {name: row[name] for name in ("target_table", "superseded_by") if name in row}
        state = "done" if row["state"] == "done" else "waiting"
        self.add_source(load, 1, **{"name": row["source"], "state": state} | shared | of_source)

    def add_source(self, load, source, **values):
        row = {"load_id": load, "source": source, "target_table": "chat_messages", "source_key": f"key{load}.{source}",
               "attempt": 1, "bytes": 1000, "name": f"in{load}.{source}.gz", "state": "waiting"}  # fmt: skip
        self.insert("chatload_sources", **row | values)

    def lock_name(self, load):
        return f"{self.database.name}.{load}"

    def add_range(self, load, number, **values):
        row = {"begin_byte": 0, "length_bytes": 1, "digest": "0" * 32, "compressed_end": 500, "first_line": 1}
        counts = dict.fromkeys(("lines", "inserted", "updated", "duplicate", "filtered", "rejected", "blank"), 0)
        self.insert("chatload_ranges", load_id=load, range_number=number, **row | counts | values)

    def add_reject(self, load, line, raw, **values):
        row = {"byte_offset": 10 * line, "reason": "invalid_json", "field": None, "detail": None}
        self.insert("chatload_rejects", load_id=load, line=line, raw=raw, **row | values)

    def hold_lock(self, load):
        """Another connection holds the load's lock until the test ends."""
        client = subprocess.Popen(
            self.database.server.client(self.database.name, "--unbuffered"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.addCleanup(client.wait)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.stdin.close)
        client.stdin.write(f"SELECT GET_LOCK('{self.lock_name(load)}', 0);\n".encode())
        client.stdin.flush()
        self.assertEqual(client.stdout.readline(), b"1\n")

    def chatload(self, *words, exit_code=0):
        """Standard output, once the command has ended with the exit code."""
        run = self.run_chatload(*words)
        self.assertEqual(run.returncode, exit_code, run.stderr)
        return run.stdout

    def run_chatload(self, *words):
        command = [support.CHATLOAD, *map(str, words), "--to", self.database.url]
        return subprocess.run(command, capture_output=True)

    def refusal(self, *words):
        """The one sentence on standard error of a command that ends with exit code 3."""
        run = self.run_chatload(*words)
        self.assertEqual((run.returncode, run.stdout), (3, b""), run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        return run.stderr.decode()

    def loads(self):
        """The list's objects by load."""
        return {entry["load"]: entry for entry in json.loads(self.chatload("loads", "--format", "json"))}

    def rows(self, table):
        return [int(row[0]) for row in self.database.sql(f"SELECT load_id FROM {table} ORDER BY load_id")]


class ListTest(LedgerTest):
    def test_a_load_that_is_done_has_its_own_totals(self):
        totals = {"lines": 21, "inserted": 6, "updated": 5, "duplicate": 4, "filtered": 3, "rejected": 2, "blank": 1}
        self.add_load(1, state="done", exit_code=1, source='a"\n.gz', **totals)
        self.add_range(1, 0, lines=9, inserted=9)  # not compacted yet
        (entry,) = self.loads().values()
        self.assertEqual(set(entry), KEYS)
        self.assertLessEqual(totals.items(), entry.items())
        self.assertEqual((entry["state"], entry["done_share"], entry["exit_code"]), ("done", 1, 1))
        self.assertEqual((entry["source"], entry["target_table"], entry["attempt"]), ('a"\n.gz', "chat_messages", 1))
        self.assertEqual(entry["started_at"], "2016-11-22T12:00:00.250000Z")
        self.assertEqual(entry["finished_at"], "2016-11-22T12:01:00.000000Z")
        self.assertEqual((entry["superseded_by"], entry["runner"]), (None, "host 1"))

    def test_a_load_that_is_not_done_has_the_sums_of_its_ranges(self):
        self.add_load(1)
        self.add_load(2)
        self.add_range(1, 0, lines=7, inserted=2, duplicate=5, compressed_end=250)
        self.add_range(1, 3, lines=8, updated=3, filtered=3, rejected=1, blank=1, compressed_end=750)
        entry = self.loads()[1]
        counts = {"lines": 15, "inserted": 2, "updated": 3, "duplicate": 5, "filtered": 3, "rejected": 1, "blank": 1}
        self.assertLessEqual(counts.items(), entry.items())
        self.assertEqual((entry["state"], entry["done_share"]), ("interrupted", 0.75))
        self.assertEqual((self.loads()[2]["lines"], self.loads()[2]["done_share"]), (0, 0))

    def test_a_source_of_unknown_size_has_no_share(self):
        self.add_load(1, source="-", bytes=None)
        self.assertIsNone(self.loads()[1]["done_share"])

    def test_a_load_runs_while_somebody_holds_its_lock_and_is_interrupted_when_nobody_does(self):
        for load in (1, 2):
            self.add_load(load, state="running")
        self.hold_lock(1)
        states = {load: (entry["state"], entry["finished_at"]) for load, entry in self.loads().items()}
        self.assertEqual(states, {1: ("running", None), 2: ("interrupted", None)})

    def test_a_superseded_load_does_not_run_although_its_successor_holds_the_lock(self):
        self.add_load(1, state="running", superseded_by=2)
        self.add_load(2, state="running", lock_name=self.lock_name(1), attempt=2)
        self.hold_lock(1)
        states = {load: (entry["state"], entry["superseded_by"]) for load, entry in self.loads().items()}
        self.assertEqual(states, {1: ("interrupted", 2), 2: ("running", None)})

    def test_the_table_has_a_line_a_load(self):
        self.add_load(1)
        self.add_range(1, 0, lines=1234, inserted=1234, compressed_end=999)
        header, line = self.chatload("loads").decode().splitlines()
        self.assertEqual(header.split()[:4], ["LOAD", "STATE", "STARTED", "DONE"])
        self.assertEqual(
            line.split(),
            ["1", "interrupted", "2016-11-22T12:00:00Z", "99%", "1,234", "1,234", "0", "0", "0", "0", "0", "1", "in1.json.gz"],
        )
        self.assertEqual(line.index("in1"), header.rindex("SOURCE"))


class ForgetTest(LedgerTest):
    def test_a_load_its_ranges_and_its_rejects_go_and_no_others(self):
        for load in (1, 2):
            self.add_load(load)
            for number in range(3):
                self.add_range(load, number)
                self.add_reject(load, number + 1, b"{}")
        out = self.chatload("loads", "forget", 1).decode()
        self.assertEqual(out, "load 1 of in1.json.gz: forgotten, with 3 ranges and 3 rejected lines; its rows stay\n")
        self.assertEqual(self.rows("chatload_loads"), [2])
        self.assertEqual(self.rows("chatload_ranges"), [2, 2, 2])
        self.assertEqual(self.rows("chatload_rejects"), [2, 2, 2])

    def test_more_rows_than_one_statement_deletes_go(self):
        self.add_load(1)
        self.database.sql(
            "INSERT INTO chatload_rejects (load_id, line, byte_offset, reason, raw)"
            " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000),"
            " m (j) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2)"
            " SELECT 1, j * 1000 + i, 0, 'invalid_json', '' FROM n, m WHERE j < 2 OR i < 501"
        )
        self.assertIn(b"2,500 rejected lines", self.chatload("loads", "forget", 1))
        self.assertEqual(self.rows("chatload_rejects"), [])

    def test_earlier_attempts_at_the_source_go_too_and_later_ones_stay(self):
        for load, successor in ((1, 2), (2, 3), (3, None)):
            self.add_load(load, source_key="same", attempt=load, superseded_by=successor)
        self.add_load(4, source_key="same", target_table="other")
        self.chatload("loads", "forget", 2)
        self.assertEqual(self.rows("chatload_loads"), [3, 4])

    def test_a_load_that_runs_is_refused_and_stays(self):
        self.add_load(1, state="running")
        self.add_range(1, 0)
        self.hold_lock(1)
        self.assertIn("a run of it is alive", self.refusal("loads", "forget", 1))
        self.assertEqual((self.rows("chatload_loads"), self.rows("chatload_ranges")), ([1], [1]))
        self.assertEqual(self.database.sql("SELECT owner FROM chatload_loads"), [["0" * 32]])

    def test_a_load_whose_run_died_is_forgotten(self):
        self.add_load(1, state="running")
        self.chatload("loads", "forget", 1)
        self.assertEqual(self.rows("chatload_loads"), [])

    def test_a_load_that_is_being_forgotten_has_no_owner_and_is_no_source_s(self):
        """A trigger stops the forgetting half way; the next one ends it."""
        self.add_load(1)
        self.add_range(1, 0)
        self.database.sql(
            "CREATE TRIGGER keep BEFORE DELETE ON chatload_ranges FOR EACH ROW"
            " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept'"
        )
        self.assertIn("kept", self.refusal("loads", "forget", 1))
        self.assertEqual(self.database.sql("SELECT owner FROM chatload_loads"), [["nobody"]])
        self.assertEqual(self.database.sql("SELECT source_key FROM chatload_sources"), [["forgotten:1:1"]])
        self.database.sql("DROP TRIGGER keep")
        self.chatload("loads", "forget", 1)
        self.assertEqual((self.rows("chatload_loads"), self.rows("chatload_ranges")), ([], []))

    def test_old_loads_go_and_those_that_run_or_ended_lately_stay(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        old, young = (f"{now - datetime.timedelta(days=days):%Y-%m-%d %H:%M:%S}" for days in (31, 29))
        self.add_load(1, finished_at=old)
        self.add_load(2, finished_at=young, started_at=old)
        self.add_load(3, state="running", finished_at=None, started_at=old)
        self.add_load(4, state="running", finished_at=None, started_at=old)
        self.add_load(5, state="done", finished_at=old)
        self.hold_lock(4)
        out = self.chatload("loads", "forget", "--older-than", "30d").decode()
        self.assertEqual([line.split()[1] for line in out.splitlines()], ["1", "3", "5"])
        self.assertEqual(self.rows("chatload_loads"), [2, 4])
        self.assertEqual(self.chatload("loads", "forget", "--older-than", "30d"), b"no load is that old\n")


class RejectsTest(LedgerTest):
    def add_rejects(self):
        self.add_load(1)
        self.add_load(2)
        for index, raw in reversed(list(enumerate(RAW_LINES))):
            self.add_reject(1, index + 1, raw)
        self.add_reject(1, 6, b"{}", reason="refused_by_server", detail="SQLSTATE 45000: n\u00f6", field=None)
        self.add_reject(1, 7, b"{}", reason="too_long", field="from")
        self.add_reject(1, 8, b"xxx", reason="line_too_long", raw_is_cut=1)
        self.add_reject(2, 1, b"another load's")

    def test_records_are_as_the_rejects_flag_writes_them(self):
        self.add_rejects()
        records = [json.loads(line) for line in self.chatload("rejects", 1).split(b"\n")[:-1]]
        self.assertEqual([record["line"] for record in records], list(range(1, 9)))
        self.assertEqual(
            records[0],
            {"input": "in1.json.gz", "reason": "invalid_json", "field": None, "line": 1, "offset": 10, "raw": '{"id":"1"}'},
        )
        self.assertEqual(records[1]["raw_base64"], "eyJhIjr/XH0=")
        self.assertEqual([record.get("raw", "").encode() for record in records[2:5]], RAW_LINES[2:])
        self.assertEqual((records[5]["reason"], records[5]["detail"]), ("refused_by_server", "SQLSTATE 45000: n\u00f6"))
        self.assertEqual((records[6]["reason"], records[6]["field"]), ("too_long", "from"))
        self.assertTrue(records[7]["raw_cut"])

    def test_raw_lines_are_the_bytes_of_the_source_without_those_that_are_cut(self):
        self.add_rejects()
        run = self.run_chatload("rejects", 1, "--raw")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(run.stdout, b"".join(raw + b"\n" for raw in [*RAW_LINES, b"{}", b"{}"]))
        self.assertIn(b"1 lines were longer than --max-line and are left out", run.stderr)

    def test_output_file_is_gzipped(self):
        self.add_rejects()
        path = self.folder / "rejects.json.gz"
        out = self.chatload("rejects", 1, "--raw", "-o", path).decode()
        self.assertEqual(out, f"load 1: 7 rejected lines in {path}\n")
        self.assertEqual(gzip.decompress(path.read_bytes()), self.chatload("rejects", 1, "--raw"))
        self.assertEqual([entry.name for entry in self.folder.iterdir()], [path.name])

    def test_output_file_stays_as_it_was_where_the_export_fails(self):
        self.add_rejects()
        self.add_reject(1, 9, b"", reason="of_tomorrow")
        path = self.folder / "rejects.json.gz"
        path.write_text("before")
        self.assertIn("'of_tomorrow', which this chatload does not know", self.refusal("rejects", 1, "-o", path))
        self.assertEqual(path.read_text(), "before")
        self.assertEqual([entry.name for entry in self.folder.iterdir()], [path.name])

    def test_more_rejects_than_a_page_come_in_the_order_of_their_lines(self):
        self.add_load(1)
        values = ", ".join(f"(1, {line}, 0, 'invalid_json', 'raw {line}')" for line in range(2500, 0, -1))
        self.database.sql(f"INSERT INTO chatload_rejects (load_id, line, byte_offset, reason, raw) VALUES {values}")
        expected = [b"raw %d" % line for line in range(1, 2501)]
        self.assertEqual(self.chatload("rejects", 1, "--raw").splitlines(), expected)

    def test_a_reader_that_has_seen_enough_is_no_failure(self):
        self.add_load(1)
        values = ", ".join(f"(1, {line}, 0, 'invalid_json', REPEAT('x', 10000))" for line in range(1, 101))
        self.database.sql(f"INSERT INTO chatload_rejects (load_id, line, byte_offset, reason, raw) VALUES {values}")
        command = [support.CHATLOAD, "rejects", "1", "--raw", "--to", self.database.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
            export.stdout.read(1)
            export.stdout.close()
            self.assertEqual((export.stderr.read(), export.wait()), (b"", 0))

    def test_standard_output_that_is_full_is_a_failure(self):
        self.add_rejects()
        command = [support.CHATLOAD, "rejects", "1", "--raw", "--to", self.database.url]
        with open("/dev/full", "wb") as full:
            export = subprocess.run(command, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(export.returncode, 3)
        self.assertIn(b"No space left on device", export.stderr)

    def test_a_load_without_rejects_exports_nothing(self):
        self.add_load(1, state="done")
        run = self.run_chatload("rejects", 1)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, b"", b""))

    def test_of_a_load_that_is_not_done_they_are_said_to_be_those_so_far(self):
        self.add_rejects()
        run = self.run_chatload("rejects", 1)
        self.assertEqual((run.returncode, run.stdout.count(b"\n")), (0, 8))
        self.assertIn(b"warning: Load 1 is not done: these are the lines that it has rejected so far.\n", run.stderr)


class GrantsTest(LedgerTest):
    def test_the_documented_grants_are_enough(self):
        user = f"loader_{os.getpid()}"
        grants = re.findall(r"^GRANT .*;$", pages.grants(), re.MULTILINE)
        self.assertEqual(len(grants), 11)
        self.database.sql(f"CREATE USER {user}@'%'")
        self.addCleanup(self.server.sql, f"DROP USER {user}@'%'")
        for grant in grants:
            self.database.sql(grant.replace(" chat.", f" `{self.database.name}`.").replace("loader@", f"{user}@"))
        self.add_load(1, state="done")
        self.add_range(1, 0)
        self.add_reject(1, 1, b"{}")
        url = self.server.url._replace(netloc=f"{user}@localhost", path=f"/{self.database.name}").geturl()
        for words in (["loads"], ["rejects", 1], ["loads", "forget", 1]):
            with self.subTest(words):
                command = [support.CHATLOAD, *map(str, words), "--to", url]
                done = subprocess.run(command, capture_output=True)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.rows("chatload_loads"), [])


class NoLedgerTest(LedgerTest):
    COMMANDS = (["loads"], ["loads", "forget", 1], ["loads", "forget", "--older-than", "1d"], ["rejects", 1])

    def test_an_unknown_load_is_named(self):
        for words in (["loads", "forget", 7], ["rejects", 7]):
            with self.subTest(words):
                self.assertIn("The ledger has no load 7; `chatload loads` lists", self.refusal(*words))

    def test_tables_that_are_missing_name_the_command_that_creates_them(self):
        self.database.sql("DROP TABLE chatload_loads, chatload_sources, chatload_ranges, chatload_rejects, chatload_fences, chatload_references, chatload_migrations")
        for words in self.COMMANDS:
            with self.subTest(words):
                self.assertIn("`chatload schema apply`", self.refusal(*words))

    def test_an_empty_ledger_is_an_empty_list(self):
        self.assertEqual(json.loads(self.chatload("loads", "--format", "json")), [])
        self.assertEqual(len(self.chatload("loads").splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
