"""Content made to break a loader ends in rows or rejects as the row contract says, and changes nothing else."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

MIB = 1024 * 1024
REJECTS = (
    "SELECT line, byte_offset, reason, IFNULL(field, ''), IFNULL(detail, ''), HEX(raw), raw_is_cut"
    " FROM chatload_rejects ORDER BY line"
)


def line(number, end=b"\n", **values):
    """A sound line whose members may be replaced by JSON text (bytes); its id is the number."""
    parts = {"id": b'"%d"' % number, "type": b'"message"', "from": b'"v"', "site_id": b'"3"', "timestamp": b"1479816"}
    parts["data"] = b'{"message":"m"}'
    parts.update(values)
    return b"{" + b",".join(b'"%s":%s' % (key.encode(), text) for key, text in parts.items()) + b"}" + end


def message(text):
    return b'{"message":"' + text + b'"}'


class HostileContentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "log.json.gz"

    def load(self, *members, methods=support.WRITE_METHODS):
        """Loads the gzip members, compares table, counts and rejects with the oracle's, and returns the oracle's result."""
        support.write_gzip(self.path, *members)
        result = oracle.apply([self.path])
        for method in methods:
            with self.subTest(method=method):
                self.load_and_compare(result, "--write-method", method)
        return result

    def load_and_compare(self, result, *flags):
        with support.Database(self.server) as database:
            database.create_table()
            run = support.run_chatload("load", self.path, "--to", database.url, "--connections", 2, *flags)
            everything_rejected = result.rejects and len(result.rejects) == result.lines - result.blank
            self.assertEqual(run.exit_code, 2 if everything_rejected else 1 if result.rejects else 0, run.stderr)
            self.assertNotRegex(run.stderr, "LOAD DATA|again with INSERT")  # nothing took its place
            self.assertEqual(support.loader_counts(run.summary), result.counts())
            self.assertIsNone(support.first_difference(database, result))
            self.assertEqual(database.sql(REJECTS), [
                [str(number), str(offset), reason, field or "", detail or "", raw.hex().upper(),
                 str(int(reason == "line_too_long"))]
                for (number, offset, reason, field), (detail, raw) in zip(result.rejects, result.reject_texts)
            ])  # fmt: skip
            self.assertEqual(database.sql("SHOW TABLES LIKE 'chat%messages'"), [["chat_messages"]])

    def test_every_byte_raw_in_each_text(self):
        bytes_ = [bytes([byte]) for byte in range(256) if byte != 0x0A]
        result = self.load(
            b"".join(line(byte[0], data=message(b"<" + byte + b">")) for byte in bytes_),
            b"".join(line(1000 + byte[0], **{"from": b'"' + byte + b'"'}) for byte in bytes_),
            b"".join(line(2000 + byte[0], id=b'"i' + byte + b'"') for byte in bytes_),
            b"".join(line(3000 + byte[0], site_id=b'"' + byte + b'"') for byte in bytes_),
        )
        self.assertEqual(result.counts()["inserted"], 4 * (128 - 32 - 2))  # ASCII but controls, quote and backslash

    def test_every_code_unit_below_256_escaped(self):
        lines = (line(unit, data=message(b"<\\u%04x>" % unit), id=b'"\\u%04X"' % unit) for unit in range(256))
        result = self.load(b"".join(lines))
        self.assertEqual(result.counts()["inserted"], 256)

    def test_every_pair_of_what_sql_and_load_data_find_special(self):
        special = [*"'\"\\\0\n\r\t\x1a%_;`#?", "-- ", "/*", "*/", "\\N", "\\'"]
        texts = [json.dumps(first + second).encode() for first in special for second in special]
        lines = (line(i, data=b'{"message":%s}' % text, **{"from": text}) for i, text in enumerate(texts))
        result = self.load(b"".join(lines))
        self.assertEqual(result.counts()["inserted"], len(texts))

    def test_text_that_would_end_the_statement(self):
        drop = "'); DROP TABLE chat_messages; -- "
        texts = [drop, "\\" + drop, "\\\\" + drop, '"' + drop, "x' OR '1'='1", "\\", "'", "''", "\\\\'"]
        self.load(b"".join(line(i, data=json.dumps({"message": text}).encode()) for i, text in enumerate(texts)))

    def test_four_byte_and_edge_utf8(self):
        points = [0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF]
        raw = b"".join(line(i, data=message(chr(point).encode())) for i, point in enumerate(points))
        escaped = b"".join(
            line(100 + i, data=json.dumps({"message": chr(point)}).encode()) for i, point in enumerate(points)
        )
        self.assertEqual(self.load(raw, escaped).counts()["inserted"], 2 * len(points))

    def test_broken_utf8_is_rejected_alone(self):
        overlong = [b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x88\x80\x80\x80"]
        surrogates_and_beyond = [b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80"]
        cut = [b"\xff", b"\xfe", b"\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc3"]
        broken = overlong + surrogates_and_beyond + cut
        result = self.load(b"".join(line(2 * i, data=message(bad)) + line(2 * i + 1) for i, bad in enumerate(broken)))
        self.assertEqual(result.counts()["rejects_by_reason"]["invalid_utf8"], len(broken))
        self.assertEqual(result.counts()["inserted"], len(broken))

    def test_text_at_and_beyond_the_limits(self):
        lines = []
        for text in ("x", "é", "語", "😀"):
            for length in (254, 255, 256, 1000):
                many = (text * length).encode()
                lines += [line(len(lines), data=message(many)), line(1000 + len(lines), **{"from": b'"%s"' % many})]
                lines += [line(0, id=b'"%s"' % many)]
            for length in (50, 51):
                lines += [line(2000 + len(lines), site_id=b'"%s"' % (text * length).encode())]
        counts = self.load(b"".join(lines)).counts()
        self.assertEqual((counts["inserted"], counts["rejects_by_reason"]["too_long"]), (28, 28))

    def test_ids_that_only_bytes_tell_apart(self):
        ids = ["a", "A", "a ", "a  ", " a", "á", "a\u0301", "ª", "ａ", "a\0", "a\u200b", "ß", "ss", "ẞ", "i", "ı", "I"]
        result = self.load(b"".join(line(0, id=json.dumps(key).encode()) for key in ids * 2))
        self.assertEqual(result.counts()["inserted"], len(ids))

    def test_line_of_100_mib_costs_only_itself(self):
        huge = line(1, data=message(b"x" * (100 * MIB)))
        result = self.load(line(0) + huge + line(2), line(3, end=b"") + b"\r\n" + huge[:-1], methods=("load-data",))
        self.assertEqual(result.counts()["rejects_by_reason"]["line_too_long"], 2)
        self.assertEqual(result.counts()["inserted"], 3)

    def test_line_of_100_mib_within_max_line_is_judged_by_its_columns(self):
        support.write_gzip(self.path, line(0) + line(1, note=b'"' + b"x" * (100 * MIB) + b'"') + line(2))
        with support.Database(self.server) as database:
            database.create_table()
            flags = ("--max-line", "128M", "--connections", 1)
            run = support.run_chatload("load", self.path, "--to", database.url, *flags)
            self.assertEqual((run.exit_code, run.summary and run.summary["inserted"]), (0, 3), run.stderr)

    def test_over_long_line_of_white_space_only_is_too_long(self):
        counts = self.load(line(0) + b" " * (2 * MIB) + b"\n" + b" " * MIB + b"\n" + line(1)).counts()
        self.assertEqual((counts["inserted"], counts["blank"]), (2, 1))
        self.assertEqual(counts["rejects_by_reason"]["line_too_long"], 1)

    def test_line_ends(self):
        ends = line(0, b"\r\n") + b"\r\n" + line(1, b"\r\r\n") + b" \t \n" + line(2, b" \n") + b"\n\n" + line(3, b"\r")
        counts = self.load(ends).counts()
        self.assertEqual((counts["lines"], counts["inserted"], counts["blank"]), (8, 4, 4))

    def test_last_line_without_newline(self):
        self.assertEqual(self.load(line(0) + line(1, end=b"")).counts()["inserted"], 2)

    def test_byte_order_mark_in_front_of_any_line_is_skipped(self):
        result = self.load(oracle.BOM + line(0) + oracle.BOM, line(1) + b" " + oracle.BOM + line(2))
        counts = result.counts()
        self.assertEqual((counts["inserted"], counts["rejects_by_reason"]["invalid_json"]), (2, 1))

    def test_each_way_to_be_no_json_is_told_with_its_column(self):
        broken = [
            line(0)[:-1] + line(1)[:-1], line(0, data=message(b"\\ud83d"))[:-1], line(0)[:40], line(0)[:-2],
            b'{"a":[1', b"[", b" " + oracle.BOM + line(0)[:-1], b" \0{}", b'{"a":"\t"}', b'{"a":"\\x"}', b"hello",
            b'{"a":01}', b'{"a":,}', b"{a:1}", b'{"a" 1}', b'{"a":1 2}', b"[1 2]", b"[" * 1025, b'"a" 1', b"[] 1",
            b'{"a":"\xe2\x82"}', "é".encode() + b"\xff",
        ]  # fmt: skip
        result = self.load(b"".join(text + b"\n" + line(1 + i) for i, text in enumerate(broken)))
        self.assertEqual(len({detail.split(" at column")[0] for detail, _ in result.reject_texts}), 20)

    def test_nuls_in_front_of_a_line_are_skipped_however_many_they_are(self):
        lines = [bytes(number) + line(index) for index, number in enumerate((4096, 1, 3 * MIB, 0, 9 * MIB))]
        counts = self.load(b"".join(lines) + bytes(2 * MIB) + b"\n" + bytes(5)).counts()
        self.assertEqual((counts["lines"], counts["inserted"], counts["blank"]), (7, 5, 2))

    def test_byte_order_mark_alone_is_a_blank_line(self):
        self.assertEqual(self.load(oracle.BOM).counts()["blank"], 1)

    def test_ten_thousand_empty_members(self):
        empty = [b""] * 5000
        half = len(line(1)) // 2
        result = self.load(*empty, line(0), line(1)[:half], *empty, line(1)[half:])
        self.assertEqual(result.counts()["inserted"], 2)

    def test_nesting_bombs(self):
        def nested(number, key, depth):
            return line(number, **{key: b"[" * depth + b"]" * depth})

        open_ended = b"[" * MIB + b"\n" + b'{"a":' * (MIB // 5) + b"\n"
        closed = nested(1, "data", 1100) + nested(2, "x", 500_000) + nested(3, "x", 1023) + nested(4, "x", 1024)
        counts = self.load(line(0) + open_ended + closed).counts()
        self.assertEqual((counts["inserted"], counts["rejects_by_reason"]["invalid_json"]), (2, 5))

    def test_only_bad_lines_end_with_exit_code_2(self):
        self.assertEqual(self.load(b"nonsense\n\nnull\n").counts()["rejected"], 2)


if __name__ == "__main__":
    unittest.main()
