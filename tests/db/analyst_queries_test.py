"""The queries in sql/ give the expected rows of a small table made by hand, on the server in CHATLOAD_TEST_SERVER."""

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


def checksum(rows):
    texts = (",".join([text.encode().hex().upper() for text in row[:5]] + [str(row[5])]) for row in rows)
    return sum(zlib.crc32(text.encode()) for text in texts)


class AnalystQueriesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = support.Database(support.Server())
        cls.enterClassContext(cls.database)
        cls.database.create_table()
        values = ",".join("('%s','%s','%s','%s','%s',FROM_UNIXTIME(%d))" % row for row in ROWS)
        cls.database.sql(f"INSERT INTO chat_messages VALUES {values}")

    def rows_of(self, name, zone="+00:00"):
        query = (support.ROOT / "sql" / name).read_text()
        return [tuple(row) for row in self.database.sql(f"SET time_zone = '{zone}';\n{query}")]

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


if __name__ == "__main__":
    unittest.main()
