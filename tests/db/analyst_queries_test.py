"""The queries in sql/ give the expected rows of small tables made by hand, on the server in CHATLOAD_TEST_SERVER.

Texts are the same only if their bytes are, whatever the server's default collation.
"""

import pathlib
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


if __name__ == "__main__":
    unittest.main()
