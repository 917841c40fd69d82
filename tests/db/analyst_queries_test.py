"""The queries in sql/ give the expected rows of small tables made by hand, on the server in CHATLOAD_TEST_SERVER.

Texts are the same only if their bytes are, whatever the server's default collation.
"""

import contextlib
import pathlib
import subprocess
import sys
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

DAY = 1479772800  # 2016-11-22T00:00:00Z
ROWS = (
    ("m1", "ann", "message", "1", "hello", DAY + 10),
    ("m2", "ann", "message", "1", "", DAY + 86399),
    ("m3", "ann", "message", "2", "next day", DAY + 86400),
    ("m4", "bob", "message", "1", "hi", DAY + 86400),
    ("m5", "op1", "message", "1", "how can I help", DAY + 20),
    ("s1", "op1", "status", "1", "online", DAY + 100),
    ("s2", "op1", "status", "1", "away", DAY + 160),
    ("s3", "op1", "status", "1", "online", DAY + 200),
    ("s4", "op1", "status", "1", "offline", DAY + 1200),
    ("s5", "op2", "status", "2", "offline", DAY + 300),
    ("s6", "op2", "status", "2", "online", DAY + 300),
)
# Names that servers take for one or for two, by their default collations: only bytes are the same everywhere.
ALIKE_ROWS = (
    ("a1", "ann", "message", "x", "hi", DAY + 1),
    ("a2", "Ann", "message", "X", " ", DAY + 2),
    ("a3", "ann ", "message", "x ", "", DAY + 3),
    ("a4", "ann", "message", "x", "hi", DAY + 4),
    ("a5", "Op", "status", "x", "online", DAY + 10),
    ("a6", "op", "status", "x", "online", DAY + 20),
    ("a7", "op", "status", "x", "Online", DAY + 25),
    ("a8", "Op", "status", "x", "offline", DAY + 40),
    ("a9", "op", "message", "x", "hi", DAY + 50),
    ("aa", "OP", "message", "x", "hi", DAY + 50),
    ("ab", "ann", "Message", "x", None, DAY + 5),
    ("ac", "ann", None, "x", None, DAY + 6),
)


def checksum(rows):
    hexed = ([text.encode().hex().upper() if text is not None else "NULL" for text in row[:5]] for row in rows)
    texts = (",".join(texts + [str(row[5])]) for texts, row in zip(hexed, rows))
    return sum(zlib.crc32(text.encode()) for text in texts)


def literal(value):
    return "NULL" if value is None else str(value) if type(value) is int else f"'{value}'"


class QueriesTest(unittest.TestCase):
    rows = ()

    @classmethod
    def setUpClass(cls):
        cls.database = support.Database(support.Server())
        cls.enterClassContext(cls.database)
        cls.database.create_table()
        template = "(%s,%s,%s,%s,%s,FROM_UNIXTIME(%s))"
        values = ",".join(template % tuple(literal(value) for value in row) for row in cls.rows)
        cls.database.sql(f"INSERT INTO chat_messages VALUES {values}")

    def rows_of(self, name, zone="+00:00"):
        query = (support.ROOT / "sql" / name).read_text()
        return [tuple(row) for row in self.database.sql(f"SET time_zone = '{zone}';\n{query}")]


class AnalystQueriesTest(QueriesTest):
    rows = ROWS

    def test_messages_per_site_and_day_in_any_session_zone(self):
        expected = [
            ("1", "2016-11-22", "3", "4", "2"),
            ("1", "2016-11-23", "1", "0", "1"),
            ("1", "NULL", "4", "4", "3"),
            ("2", "2016-11-22", "0", "2", "1"),
            ("2", "2016-11-23", "1", "0", "1"),
            ("2", "NULL", "1", "2", "2"),
        ]
        for zone in ("+00:00", "+09:00", "-11:00"):
            self.assertEqual(self.rows_of("messages_per_site_and_day.sql", zone), expected, zone)

    def test_busiest_visitors_leaves_operators_out(self):
        self.assertEqual(self.rows_of("busiest_visitors.sql"), [
            ("ann", "3", "2", "2016-11-22 00:00:10", "2016-11-23 00:00:00"),
            ("bob", "1", "1", "2016-11-23 00:00:00", "2016-11-23 00:00:00"),
        ])  # fmt: skip

    def test_operator_availability_adds_up_closed_spells(self):
        self.assertEqual(self.rows_of("operator_availability.sql"), [
            ("op1", "4", "1060", "40", "offline", str(DAY + 1200)),
            ("op2", "2", "0", "0", "online", str(DAY + 300)),
        ])  # fmt: skip

    def test_reconciliation_counts_and_sums_each_type(self):
        messages, statuses = ROWS[:5], ROWS[5:]
        self.assertEqual(self.rows_of("reconciliation.sql"), [
            ("message", "5", "2", "3", "1", str(DAY + 10), str(DAY + 86400), str(checksum(messages))),
            ("status", "6", "2", "2", "0", str(DAY + 100), str(DAY + 1200), str(checksum(statuses))),
            ("(all)", "11", "2", "4", "1", str(DAY + 10), str(DAY + 86400), str(checksum(ROWS))),
        ])  # fmt: skip


class TextsAlikeTest(QueriesTest):
    rows = ALIKE_ROWS

    def test_sites_and_people_are_not_merged(self):
        self.assertEqual(self.rows_of("messages_per_site_and_day.sql"), [
            ("X", "2016-11-22", "1", "0", "1"),
            ("X", "NULL", "1", "0", "1"),
            ("x", "2016-11-22", "4", "4", "4"),
            ("x", "NULL", "4", "4", "4"),
            ("x ", "2016-11-22", "1", "0", "1"),
            ("x ", "NULL", "1", "0", "1"),
        ])  # fmt: skip

    def test_senders_are_not_merged_nor_taken_for_operators(self):
        found = [row[:3] for row in self.rows_of("busiest_visitors.sql")]
        self.assertEqual(found, [("ann", "2", "1"), ("Ann", "1", "1"), ("OP", "1", "1"), ("ann ", "1", "1")])

    def test_operators_and_states_are_not_merged(self):
        self.assertEqual(self.rows_of("operator_availability.sql"), [
            ("Op", "2", "30", "0", "offline", str(DAY + 40)),
            ("op", "2", "5", "0", "Online", str(DAY + 25)),
        ])  # fmt: skip

    def test_types_are_not_merged_and_null_is_not_the_whole(self):
        def summed(kind, rows, sites, senders, without_text):
            times = [row[5] for row in rows]
            figures = (len(rows), sites, senders, without_text, min(times), max(times), checksum(rows))
            return (kind, *map(str, figures))

        of = {kind: [row for row in ALIKE_ROWS if row[2] == kind] for kind in (None, "Message", "message", "status")}
        self.assertEqual(self.rows_of("reconciliation.sql"), [
            summed("(none)", of[None], 1, 1, 1),
            summed("Message", of["Message"], 1, 1, 1),
            summed("message", of["message"], 3, 5, 1),
            summed("status", of["status"], 1, 2, 0),
            summed("(all)", ALIKE_ROWS, 3, 6, 3),
        ])  # fmt: skip


OUTCOMES = ("inserted", "updated", "duplicate", "filtered", "rejected", "blank")


class LedgerQueriesTest(unittest.TestCase):
    """Each test writes the ledger rows that it asks about."""

    def setUp(self):
        self.database = support.Database(support.Server())
        self.enterContext(self.database)
        self.database.create_table()
        self.database.sql("INSERT INTO chat_messages VALUES ('1', '', '', '', '', '2016-11-22')")

    def insert(self, table, **values):
        names, literals = ", ".join(f"`{name}`" for name in values), ", ".join(map(str, values.values()))
        self.database.sql(f"INSERT INTO {table} ({names}) VALUES ({literals})")

    def insert_load(self, load, state="done", hours_ago=1, **more):
        """Without sources."""
        texts = {"target_table": "chat_messages", "source": f"{load}.gz", "plan": "", "limits": "", "owner": "0",
                 "runner": "host 1", "lock_name": self.lock(load), "state": state}  # fmt: skip
        quoted = {name: f"'{text}'" for name, text in texts.items()}
        started = f"UTC_TIMESTAMP() - INTERVAL {hours_ago} HOUR"
        self.insert("chatload_loads", load_id=load, started_at=started, **quoted, **more)

    def insert_source(self, load, source, state, name=None, key=None, attempt=1, **more):
        name = name or f"{load}-{source}.gz"
        texts = {"target_table": "chat_messages", "source_key": key or f"file:{load}-{source}", "name": name,
                 "name_digest": f"digest of {name}", "state": state}  # fmt: skip
        quoted = {name: f"'{text}'" for name, text in texts.items()}
        self.insert("chatload_sources", load_id=load, source=source, attempt=attempt, **quoted, **more)

    def insert_loaded(self, load, state="done", superseded_by="NULL", **more):
        """With a source, whose counts are the load's."""
        self.insert_load(load, state, superseded_by=superseded_by, **more)
        counts = {name: more[name] for name in ("lines", "filtered", "rejected", "blank") if name in more}
        if counts:
            counts["valid"] = sum(more[name] for name in ("inserted", "updated", "duplicate"))
        source_state = state if state in ("done", "failed") else "waiting"
        self.insert_source(load, 1, source_state, f"{load}.gz", superseded_by=superseded_by, **counts)

    def insert_range(self, load, number, **counts):
        others = {"begin_byte": 0, "length_bytes": 1, "digest": "'0'", "compressed_end": 1, "first_line": 1}
        self.insert("chatload_ranges", load_id=load, range_number=number, **others, **counts)

    def insert_reject(self, load, line):
        self.insert("chatload_rejects", load_id=load, line=line, byte_offset=0, reason="'invalid_json'", raw="'x'")

    def lock(self, load):
        return f"{self.database.name}:{load}"

    @contextlib.contextmanager
    def run_alive(self, load):
        """Its named lock is held, as by a run."""
        words = [*self.database.server.client(), "--unbuffered"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            client.stdin.write(f"SELECT GET_LOCK('{self.lock(load)}', 0);\n")
            client.stdin.flush()
            self.assertEqual(client.stdout.readline(), "1\n")
            yield
            client.stdin.close()

    def rows_of(self, name):
        # A session elsewhere than in UTC asks: the ledger's times are UTC.
        query = (support.ROOT / "sql" / name).read_text()
        return [tuple(row) for row in self.database.sql(f"SET time_zone = '+09:00';\n{query}")]

    def verdicts(self):
        return [row[4:] for row in self.rows_of("load_reconciliation.sql")]

    def night(self):
        (row,) = self.rows_of("is_last_night_complete.sql")
        return row

    def test_a_load_that_adds_up_is_ok_whether_done_or_not(self):
        done = dict(zip(OUTCOMES, (10, 1, 2, 3, 2, 4)))
        self.insert_loaded(1, lines=22, **done)
        self.insert_loaded(2, "running")
        self.insert_range(2, 0, lines=4, **dict(zip(OUTCOMES, (1, 1, 0, 1, 1, 0))))
        self.insert_range(2, 3, lines=2, **dict(zip(OUTCOMES, (0, 0, 1, 0, 0, 1))))
        for load, line in ((1, 4), (1, 5), (2, 3)):
            self.insert_reject(load, line)
        self.insert_loaded(3, "failed")
        self.assertEqual(self.rows_of("load_reconciliation.sql"), [
            ("1", "chat_messages", "1.gz", "1", "done", "22", "22", "2", "2", "ok"),
            ("2", "chat_messages", "2.gz", "1", "running", "6", "6", "1", "1", "ok"),
            ("3", "chat_messages", "3.gz", "1", "failed", "0", "0", "0", "0", "ok"),
        ])  # fmt: skip

    def test_a_done_load_is_told_by_its_row_while_its_ranges_are_still_there(self):
        self.insert_loaded(1, lines=2, **dict(zip(OUTCOMES, (2, 0, 0, 0, 0, 0))))
        self.insert_range(1, 1, lines=1, **dict(zip(OUTCOMES, (1, 0, 0, 0, 0, 0))))
        self.assertEqual(self.verdicts(), [("done", "2", "2", "0", "0", "ok")])

    def test_lines_without_an_outcome_and_rejects_that_are_missing_are_named(self):
        self.insert_loaded(1, lines=5, **dict(zip(OUTCOMES, (3, 0, 0, 0, 1, 0))))
        self.insert_loaded(2, "interrupted")
        self.insert_range(2, 0, lines=1, **dict(zip(OUTCOMES, (1, 0, 0, 0, 1, 0))))
        for line in (1, 2):
            self.insert_reject(2, line)
        self.insert_loaded(3)
        self.assertEqual(self.verdicts(), [
            ("done", "5", "4", "1", "0", "5 lines, but 4 outcomes; 1 rejected, but 0 kept;"
             " 5 lines in its sources, but 4 outcomes"),
            ("interrupted", "1", "2", "1", "2", "1 lines, but 2 outcomes; 1 rejected, but 2 kept"),
            ("done", "NULL", "NULL", "NULL", "0", "done, but without counts"),
        ])  # fmt: skip

    def test_a_load_that_has_other_counts_than_its_sources_is_named(self):
        zeros = {"filtered": 0, "rejected": 0, "blank": 0}
        for load, (lines, valid, rejected) in enumerate(((4, 4, 0), (5, 4, 0), (5, 4, 1), (5, 5, 0)), 1):
            self.insert_load(load, lines=5, inserted=5, updated=0, duplicate=0, **zeros)
            self.insert_source(load, 1, "done", lines=0, valid=0, **zeros)
            self.insert_source(load, 2, "done", lines=lines, valid=valid, filtered=0, rejected=rejected, blank=0)
            self.insert_source(load, 3, "released")
        rows = self.rows_of("load_reconciliation.sql")
        self.assertEqual([(row[3], row[-1]) for row in rows], [
            ("3", "5 lines, but 4 in its sources"),
            ("3", "5 lines in its sources, but 4 outcomes"),
            ("3", "0 rejected, but 1 in its sources"),
            ("3", "ok"),
        ])  # fmt: skip

    def test_a_load_whose_rows_are_gone_with_all_others_is_named(self):
        rows = dict(zip(OUTCOMES, (1, 0, 0, 0, 0, 0)))
        self.insert_loaded(1, lines=1, **rows)
        self.insert_loaded(2, lines=0, **dict.fromkeys(OUTCOMES, 0))
        self.insert_loaded(3, "interrupted")
        self.insert_range(3, 0, lines=1, **rows)
        self.database.sql("TRUNCATE chat_messages")
        gone = "its rows are gone: chat_messages is empty"
        self.assertEqual([row[-1] for row in self.verdicts()], [gone, "ok", gone])
        self.assertEqual(self.night(), ("0", "3", "3", "1", "0", "1", "1", "load 1 emptied: 1.gz; load 3 interrupted: 3.gz"))

    def test_over_a_dropped_table_the_queries_fail_as_they_say_and_schema_apply_helps(self):
        self.insert_loaded(1, lines=1, **dict(zip(OUTCOMES, (1, 0, 0, 0, 0, 0))))
        self.database.sql("DROP TABLE chat_messages")
        for name in ("load_reconciliation.sql", "is_last_night_complete.sql"):
            query = (support.ROOT / "sql" / name).read_text()
            self.assertIn("error 1146", query)
            words = self.database.server.client(self.database.name)
            run = subprocess.run(words, input=query, capture_output=True, text=True, check=False)
            self.assertIn("ERROR 1146", run.stderr)
            self.assertEqual(run.stdout, "")
        subprocess.run([support.CHATLOAD, "schema", "apply", "--to", self.database.url], check=True, capture_output=True)
        self.assertEqual(self.night()[-1], "load 1 emptied: 1.gz")
        self.assertEqual([row[-1] for row in self.verdicts()], ["its rows are gone: chat_messages is empty"])

    def test_a_night_without_loads_is_not_complete(self):
        self.assertEqual(self.night(), ("0", "0", "0", "0", "0", "0", "0", "no load was started in the last 24 hours"))
        self.insert_loaded(1, hours_ago=25)
        self.assertEqual(self.night()[:2], ("0", "0"))

    def test_a_night_is_complete_when_all_of_its_loads_are_done(self):
        self.insert_loaded(1, hours_ago=23)
        self.insert_loaded(2)
        self.insert_loaded(3, "failed", hours_ago=25)
        self.insert_loaded(4, "failed", superseded_by=2)
        self.assertEqual(self.night(), ("1", "2", "2", "2", "0", "0", "0", "all are done"))

    def test_every_load_that_is_not_done_is_named(self):
        self.insert_loaded(1)
        for load, state in ((2, "running"), (3, "running"), (4, "interrupted"), (5, "failed")):
            self.insert_loaded(load, state)
        with self.run_alive(2):
            why = "load 2 running: 2.gz; load 3 died: 3.gz; load 4 interrupted: 4.gz; load 5 failed: 5.gz"
            self.assertEqual(self.night(), ("0", "5", "5", "1", "1", "2", "1", why))

    def test_every_source_of_a_load_that_is_not_done_is_named(self):
        for load, state in ((1, "failed"), (2, "running"), (3, "done")):
            self.insert_load(load, state)
            self.insert_source(load, 1, "done")
            self.insert_source(load, 2, "failed" if load == 1 else "waiting")
        with self.run_alive(2):
            why = "load 1 failed: 1-2.gz; load 2 running: 2-2.gz; load 3 failed: 3-2.gz"
            self.assertEqual(self.night(), ("0", "3", "6", "3", "1", "0", "2", why))

    def test_a_load_of_which_only_the_indexes_are_missing_is_not_done(self):
        self.insert_load(1, "interrupted", all_read_at="UTC_TIMESTAMP()")
        self.insert_source(1, 1, "done")
        self.assertEqual(self.night(), ("0", "1", "1", "0", "0", "1", "0", "load 1 interrupted: 1-1.gz"))

    def test_a_source_that_another_load_has_in_its_place_does_not_count(self):
        self.insert_load(1, "failed")
        self.insert_source(1, 1, "done")
        self.insert_source(1, 2, "failed", superseded_by=2)
        self.insert_loaded(2)
        self.assertEqual(self.night(), ("1", "2", "2", "2", "0", "0", "0", "all are done"))

    def test_a_source_that_was_released_is_missing_until_it_or_one_of_its_name_is_done(self):
        released = "load 2 released: 2-1.gz"
        for name, key, attempt, state, is_there in (
            ("2-1.gz", None, 1, "done", True), ("2-1.gz", None, 1, "waiting", False), ("x", None, 1, "done", False),
            ("x", "file:2-1", 2, "done", True), ("x", "file:2-1", 2, "waiting", False),
        ):  # fmt: skip
            with self.subTest(name=name, key=key, state=state):
                self.database.sql("DELETE FROM chatload_loads; DELETE FROM chatload_sources")
                self.insert_load(1)
                self.insert_source(1, 1, "done", "2-1.gz", key="before")
                self.insert_load(2)
                self.insert_source(2, 1, "released")
                self.insert_source(2, 2, "done")
                self.assertEqual(self.night(), ("0", "2", "3", "2", "0", "0", "1", released))
                self.insert_load(3, "done" if state == "done" else "interrupted")
                self.insert_source(3, 1, state, name, key=key, attempt=attempt)
                night = self.night()
                self.assertEqual((night[0], released in night[-1]), ("1" if is_there else "0", not is_there))

    def test_one_load_that_runs_keeps_a_night_from_being_complete(self):
        self.insert_loaded(1)
        self.insert_loaded(2, "running")
        with self.run_alive(2):
            self.assertEqual(self.night(), ("0", "2", "2", "1", "1", "0", "0", "load 2 running: 2.gz"))
        self.assertEqual(self.night()[0], "0")


if __name__ == "__main__":
    unittest.main()
