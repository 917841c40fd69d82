"""The oracle against expectations written by hand: what judges the loader must be right itself."""

import gzip
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle

LINE = '{"id":"a","type":"message","from":"visitor12","site_id":"3","timestamp":1479816000,"data":{"message":"hello"}}'


def outcome(raw, **filters):
    """The row, None for a filtered line, or the reject as (reason, field)."""
    raw = raw if isinstance(raw, bytes) else raw.encode()
    try:
        return oracle.row_of(raw, oracle.Filter(**filters))
    except oracle.Reject as reject:
        return reject.reason, reject.field


def with_value(key, value):
    """LINE with the JSON text of one key replaced."""
    parts = {"id": '"a"', "type": '"message"', "from": '"v"', "site_id": '"3"', "timestamp": "7"}
    parts["data"] = '{"message":"m"}'
    parts[key] = value
    return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"


class RowTest(unittest.TestCase):
    def test_message_line_gives_its_row(self):
        self.assertEqual(outcome(LINE), ("a", "visitor12", "message", "3", "hello", 1479816000))

    def test_status_line_takes_data_status(self):
        line = '{"id":"b","type":"status","from":"o","site_id":3,"timestamp":"12","data":{"status":"online"}}'
        self.assertEqual(outcome(line), ("b", "o", "status", "3", "online", 12))

    def test_escapes_are_decoded(self):
        row = outcome(with_value("data", r'{"message":"\ud83d\ude00\u0000\n\/\""}'))
        self.assertEqual(row[4], "\U0001f600\0\n/\"")

    def test_first_value_of_a_repeated_key_counts(self):
        self.assertEqual(outcome(LINE[:-1] + ',"id":"second","data":7}')[0], "a")
        self.assertEqual(outcome(with_value("data", r'{"mess\u0061ge":"1","message":"2"}'))[4], "1")

    def test_integer_site_is_its_decimal_text(self):
        for text, site in (("0", "0"), ("-0", "0"), ("-12", "-12"), ("9" * 50, "9" * 50)):
            self.assertEqual(outcome(with_value("site_id", text))[3], site)

    def test_unmapped_type_asked_for_has_no_data(self):
        self.assertEqual(outcome(with_value("type", '"join"'), types=["join"])[2:5], ("join", "3", ""))
        self.assertIsNone(outcome(with_value("type", '"join"')))

    def test_limits_count_characters(self):
        self.assertEqual(len(outcome(with_value("from", '"' + "語" * 255 + '"'))[1]), 255)
        self.assertEqual(outcome(with_value("from", '"' + "語" * 256 + '"')), ("too_long", "from"))
        self.assertEqual(outcome(with_value("site_id", "1" * 51)), ("too_long", "site_id"))

    def test_ignored_numbers_may_be_of_any_size(self):
        for number in ("1e999999", "9" * 10000, "-0.0e-99999", "1" + "0" * 400 + ".5"):
            self.assertEqual(outcome(LINE[:-1] + f',"n":{number}}}')[0], "a")

    def test_depth_of_1024_is_the_last_that_is_valid(self):
        self.assertEqual(outcome(LINE[:-1] + ',"n":' + "[" * 1023 + "]" * 1023 + "}")[0], "a")
        self.assertEqual(outcome(LINE[:-1] + ',"n":' + "[" * 1024 + "]" * 1024 + "}"), ("invalid_json", None))
        self.assertEqual(outcome(LINE[:-1] + ',"n":"' + '[\\"' * 5000 + '"}')[0], "a")
        self.assertEqual(outcome("[" * 1000000), ("invalid_json", None))

    def test_instants_filter_from_since_to_before_until(self):
        self.assertEqual(outcome(with_value("timestamp", "10"), since=10, until=11)[5], 10)
        self.assertIsNone(outcome(with_value("timestamp", "10"), since=11))
        self.assertIsNone(outcome(with_value("timestamp", "10"), until=10))
        self.assertIsNone(outcome(with_value("timestamp", "10"), sites=["4"]))


class RejectTest(unittest.TestCase):
    def test_broken_text(self):
        lone = (r'"\ud83d"', r'"\ude00"', r'"\ude00\ud83d"', r'"\ud83d \ude00"', r'"\ud83d\n"', r'"\ud83d\\ude00"')
        values = ("NaN", "-Infinity", "01", '"\t"', "1.", ".5", "+1", "0x1", "tru", r'"\u12g4"', r'"\u00e"', "[1,,2]")
        whole = ("{", "{}{}", "{} x", '{"a":1,}', "{'a':1}", "\ufeff{}", "\xa0{}", r'{"\udfff":1}', r'{"a":1,"a":"\ud83d"}')
        for text in (*(f'{{"a":{value}}}' for value in lone + values), *whole):
            self.assertEqual(outcome(text), ("invalid_json", None), text)

    def test_escaped_backslash_before_u_is_no_surrogate(self):
        self.assertEqual(outcome(with_value("from", r'"\\ud83d"'))[1], r"\ud83d")

    def test_bytes_that_are_no_utf8(self):
        for broken in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xfe", b"\xe2\x82"):
            self.assertEqual(outcome(b'{"a":"%s"}' % broken), ("invalid_utf8", None), broken)
            self.assertEqual(outcome(broken), ("invalid_utf8", None), broken)

    def test_values_that_are_no_objects(self):
        for text in ("[]", "1", "null", '"x"', " true ", "-1e5"):
            self.assertEqual(outcome(text), ("not_an_object", None), text)

    def test_each_field_missing_null_and_of_the_wrong_type(self):
        wrong = {"type": "1", "id": "1", "from": "{}", "site_id": "1.0", "data": "[]", "timestamp": "false"}
        for key, text in wrong.items():
            self.assertEqual(outcome(with_value(key, text)), ("wrong_type", key))
            self.assertEqual(outcome(with_value(key, "null")), ("null_field", key))
            self.assertEqual(outcome(with_value(key, "0").replace(f'"{key}"', '"other"')), ("missing_field", key))

    def test_inner_data_field(self):
        self.assertEqual(outcome(with_value("data", '{"status":"x"}')), ("missing_field", "data"))
        self.assertEqual(outcome(with_value("data", '{"message":null}')), ("null_field", "data"))
        self.assertEqual(outcome(with_value("data", '{"message":1}')), ("wrong_type", "data"))

    def test_timestamps(self):
        bad = ("1.0", "1e3", '""', '"x"', '"1 "', '"+1"', '"1\\n"', '"-"', '"١"')
        out = ("0", "-0", "-1", "2147483648", '"2147483648"', "9" * 5000, '"-' + "9" * 5000 + '"', '"000"', '"-5"')
        for text in bad:
            self.assertEqual(outcome(with_value("timestamp", text)), ("bad_timestamp", "timestamp"), text)
        for text in out:
            self.assertEqual(outcome(with_value("timestamp", text)), ("timestamp_out_of_range", "timestamp"), text)
        self.assertEqual(outcome(with_value("timestamp", "2147483647"))[5], 2147483647)
        self.assertEqual(outcome(with_value("timestamp", '"' + "0" * 5000 + '1"'))[5], 1)

    def test_first_fault_in_the_contract_s_order_counts(self):
        self.assertEqual(outcome('{"type":"message","timestamp":null,"id":""}'), ("empty_id", "id"))
        self.assertEqual(outcome('{"type":"message","timestamp":null,"id":"a"}'), ("missing_field", "from"))
        self.assertIsNone(outcome('{"type":"join"}'))


class FaultTest(unittest.TestCase):
    def test_fault_is_named_with_its_column(self):
        for line, fault in (
            (b'{"a":1}{"b":2}', "more behind the object at column 8"),
            (b"[1] x", "more behind the array at column 5"),
            (b'"a" 1', "more behind the value at column 5"),
            (b'{"a":"x', "ends inside a string"),
            (b'{"a":"x\\', "ends inside a string"),
            (b'{"a":1', "ends inside an object"),
            (b'{"a":[1,', "ends inside an array"),
            (b" \xef\xbb\xbf{}", "byte order mark at column 2"),
            (b" \0{}", "NUL at column 2"),
            (b'["\0"]', "NUL at column 3"),
            (b'["\t"]', "control character at column 3"),
            (b'["\\x"]', "bad escape at column 3"),
            (b'["\\u12"]', "bad escape at column 3"),
            (b'["\\ud83d"]', "lone surrogate at column 3"),
            (b'["\\ud83d\\ude00\\ude00"]', "lone surrogate at column 15"),
            (b"[01]", "bad number at column 2"),
            (b"[nul]", "not a JSON value at column 2"),
            (b"[1,]", "a value is missing at column 4"),
            (b"{a:1}", "a key in double quotes is missing at column 2"),
            (b'{"a" 1}', "':' is missing at column 6"),
            (b'{"a":1 2}', "',' or '}' is missing at column 8"),
            (b"[1 2]", "',' or ']' is missing at column 4"),
            (b"[" * 1025, "nested too deep at column 1025"),
        ):
            self.assertEqual(oracle.fault_of(line), fault)
            with self.assertRaises(oracle.Reject) as raised:
                oracle.parse_json(line)
            self.assertEqual((raised.exception.reason, raised.exception.detail), ("invalid_json", fault))

    def test_good_text_has_no_fault(self):
        deep = b"[" * 1024 + b"]" * 1024
        spaced, text = b' { "a" : [ ] , "b":{}, "c":[-0.5e+3,null]}\t', b'"\\ud83d\\ude00\\u0000"'
        for line in (LINE.encode(), spaced, text, b"true", deep):
            self.assertIsNone(oracle.fault_of(line))

    def test_first_byte_that_is_no_utf8_is_named(self):
        for line, column in ((b"\xff", 1), ("é".encode() + b"\xe2\x82", 3), (b"a\xed\xa0\x80", 2)):
            with self.assertRaises(oracle.Reject) as raised:
                oracle.parse_json(line)
            self.assertEqual(raised.exception.detail, f"not UTF-8 at column {column}")


class ApplyTest(unittest.TestCase):
    def apply(self, content, **options):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            with open(path, "wb") as file:
                file.write(content)
            return oracle.apply([path], **options)

    def log(self, *ids):
        lines = (LINE.replace('"a"', f'"{key}"').replace("hello", f"text {i}") + "\n" for i, key in enumerate(ids))
        return "".join(lines).encode()

    def texts(self, result):
        return [(row[0], row[4]) for row in result.columns()]

    def test_skip_keeps_the_first_line_of_an_id(self):
        result = self.apply(self.log("a", "b", "a"))
        self.assertEqual(self.texts(result), [(b"a", b"text 0"), (b"b", b"text 1")])
        self.assertEqual([result.counts()[name] for name in ("inserted", "duplicate", "updated")], [2, 1, 0])

    def test_replace_keeps_the_last_line_of_an_id(self):
        result = self.apply(self.log("a", "b", "a"), on_duplicate="replace")
        self.assertEqual(self.texts(result), [(b"a", b"text 2"), (b"b", b"text 1")])
        self.assertEqual([result.counts()[name] for name in ("inserted", "duplicate", "updated")], [2, 0, 1])

    def refusing(self, *refused):
        """Of a, b, a, a, whose texts tell them apart: what a server that refuses these texts leaves, for each mode."""
        refuses = lambda row: "no" if row[4] in refused else None
        content = self.log("a", "b", "a", "a")
        return [self.apply(content, on_duplicate=mode, refuses=refuses) for mode in ("skip", "replace")]

    def test_refused_line_owns_nothing_and_the_next_of_its_id_takes_its_place(self):
        skipped, replaced = self.refusing("text 0", "text 3")
        self.assertEqual(self.texts(skipped), [(b"b", b"text 1"), (b"a", b"text 2")])
        self.assertEqual(self.texts(replaced), [(b"b", b"text 1"), (b"a", b"text 2")])
        for result in (skipped, replaced):
            counts = result.counts()
            self.assertEqual([counts[name] for name in ("valid", "inserted", "rejected")], [2, 2, 2])
            self.assertEqual(counts["duplicate"] + counts["updated"], 0)

    def test_line_is_refused_whose_id_is_there_already(self):
        for result in self.refusing("text 2"):
            length = len(self.log("a"))
            self.assertEqual(result.rejects, [(3, 2 * length, "refused_by_server", None)])
            self.assertEqual(result.counts()["duplicate"] + result.counts()["updated"], 1)

    def test_server_judges_only_what_the_contract_and_the_filters_let_through(self):
        asked = []
        content = b"{\n" + self.log("a") + with_value("type", '"join"').encode() + b"\n"
        self.apply(content, refuses=lambda row: asked.append(row[0]))
        self.assertEqual(asked, ["a"])

    def test_rejected_lines_are_kept_with_what_the_server_said(self):
        result = self.apply(b"{\r\n" + self.log("a"), refuses=lambda row: "no")
        texts = [("ends inside an object", b"{"), ("no", self.log("a").rstrip(b"\n"))]
        self.assertEqual(result.reject_texts, texts)

    def test_ids_differ_by_case_and_trailing_space(self):
        self.assertEqual(self.apply(self.log("a", "A", "a ")).counts()["inserted"], 3)

    def test_rejects_have_line_and_offset(self):
        good = self.log("a")
        result = self.apply(oracle.BOM + good + b"\r\n{\n" + good)
        self.assertEqual(result.rejects, [(3, 3 + len(good) + 2, "invalid_json", None)])
        self.assertEqual((result.lines, result.blank, result.valid), (4, 1, 2))

    def test_line_max_leaves_out_the_line_end(self):
        line = LINE.encode()
        for end in (b"\n", b"\r\n", b""):
            self.assertEqual(self.apply(line + end, line_bytes_max=len(line)).counts()["inserted"], 1)
            rejects = self.apply(line + end, line_bytes_max=len(line) - 1).rejects
            self.assertEqual(rejects, [(1, 0, "line_too_long", None)])

    def test_over_long_line_is_too_long_even_if_it_is_white_space_only(self):
        result = self.apply(b" " * 2_000_000 + b"\n" + b" " * oracle.LINE_BYTES_MAX + b"\n")
        self.assertEqual(result.rejects, [(1, 0, "line_too_long", None)])
        self.assertEqual((result.lines, result.blank), (2, 1))

    def test_over_long_line_keeps_its_head_and_its_tail(self):
        for maximum, kept in ((1, b"0"), (4, b"0189"), (5, b"01289")):
            result = self.apply(b"0123456789\r\n", line_bytes_max=maximum)
            self.assertEqual(result.reject_texts, [(f"{10 - maximum} bytes are cut out of its middle", kept)])

    def test_nuls_and_byte_order_marks_in_front_of_a_line_are_no_part_of_it(self):
        content = b""
        for lead in (oracle.BOM, bytes(2_000_000), oracle.BOM + bytes(3) + oracle.BOM, b""):
            content += lead + LINE.encode() + b"\n"
        result = self.apply(content + bytes(7) + b"{}", line_bytes_max=len(LINE))
        self.assertEqual((result.lines, result.valid), (5, 4))
        self.assertEqual(result.rejects, [(5, len(content) + 7, "missing_field", "type")])

    def test_line_of_nuls_and_byte_order_marks_only_is_blank(self):
        for content, lines in ((oracle.BOM, 1), (bytes(9) + b"\r\n", 1), (oracle.BOM + b" \n\0", 2), (b"", 0)):
            result = self.apply(content)
            self.assertEqual((result.lines, result.blank, result.rejects), (lines, lines, []))

    def test_table_lines_are_hex_in_order_of_ids(self):
        self.assertEqual(next(iter(self.apply(self.log("b", "a")).table_lines())),
                         b"61\t76697369746F723132\t6D657373616765\t33\t746578742031\t1479816000")

    def test_every_gzip_member_is_read(self):
        content = b"".join(gzip.compress(member) for member in (self.log("a"), b"", self.log("b")))
        self.assertEqual(self.apply(content).lines, 2)

    def test_load_data_line_escapes_what_would_end_a_field(self):
        result = self.apply((with_value("data", r'{"message":"\t\n\\\u0000"}') + "\n").encode())
        lines = [oracle.load_data_line(columns) for columns in result.columns()]
        self.assertEqual(lines, [b"a\tv\tmessage\t3\t\\t\\n\\\\\\0\t1970-01-01 00:00:07\n"])


if __name__ == "__main__":
    unittest.main()
