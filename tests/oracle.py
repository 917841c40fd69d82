#!/usr/bin/env python3
"""What chatload must make of a chat log, computed independently: Python's standard library, one line at a time.

It follows the row contract (schema/row-contract.md) literally and shares no code and no library with the
loader. `apply` gives the final rows, the counts and the rejects of a load into an empty table; the command line prints
them:

    oracle.py FILE... [--rows rows.tsv] [--counts counts.json] [--rejects rejects.tsv] [options as the loader's]

rows.tsv holds the rows in the order of their ids' bytes: HEX of id, from, type, site_id and data, and epoch seconds.
"""

import argparse
import datetime
import gzip
import json
import re
import sys

REASONS = (
    "invalid_json", "invalid_utf8", "not_an_object", "missing_field", "null_field", "wrong_type", "empty_id",
    "too_long", "bad_timestamp", "timestamp_out_of_range", "line_too_long", "refused_by_server",
    "out_of_range", "too_precise", "bad_number", "not_a_member", "bad_encoding",
    "unknown_field", "lookup_missing",
)
CHARACTERS_MAX = {"id": 255, "from": 255, "type": 50, "site_id": 50, "data": 255}
TIMESTAMP_MIN, TIMESTAMP_MAX = 1, 2**31 - 1
DEPTH_MAX = 1024
LINE_BYTES_MAX = 1024 * 1024
BOM = b"\xef\xbb\xbf"
SEPARATOR = b"\xff"  # stands in no UTF-8 text, so it parts the columns of a row that is kept in memory


class Reject(Exception):
    def __init__(self, reason, field=None, detail=None):
        super().__init__(reason)
        self.reason, self.field, self.detail = reason, field, detail


class Integer(str):
    """A JSON number without fraction and exponent, as written: integers of any length, and -0, stay what they are."""


class Real(str):
    """A JSON number with a fraction or an exponent, as written."""


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def object_with_first_values(pairs):
    return dict(reversed(pairs))


DECODER = json.JSONDecoder(
    object_pairs_hook=object_with_first_values, parse_int=Integer, parse_float=Real, parse_constant=refuse_constant
)
LEAD = re.compile(rb"\0*(?:%s\0*)*" % BOM)  # no part of the line that it stands in front of
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
DECIMAL = re.compile(r"-?[0-9]+")
# For fault_of, over bytes. A string's good beginning: text, short escapes, code units, surrogate pairs.
WHITE_SPACE = re.compile(rb"[ \t\r\n]*")
STRING_BEGIN = re.compile(
    rb'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*"
)
CODE_UNIT = re.compile(rb"\\u[0-9a-fA-F]{4}")
WORD = re.compile(rb'[^\x00-\x1f "{}\[\]:,]+')
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
# Far above DEPTH_MAX: how deep a line is, is judged by depth_of, never by where the interpreter gives up.
sys.setrecursionlimit(20000)


def depth_of(text):
    depth = deepest = 0
    for character in STRING.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def has_lone_surrogate(text):
    """Of valid JSON, whose backslashes all stand in strings."""
    high_ends_at = None
    for escape in ESCAPE.finditer(text):
        unit = int(escape[1], 16) if escape[1] else 0
        is_low = 0xDC00 <= unit <= 0xDFFF
        follows_high = high_ends_at is not None and high_ends_at == escape.start()
        if is_low != follows_high:
            return True
        if high_ends_at is not None and not follows_high:
            return True
        high_ends_at = escape.end() if 0xD800 <= unit <= 0xDBFF else None
    return high_ends_at is not None


class Fault(Exception):
    """Why a line is no JSON text; with no column where it ends too early."""

    def __init__(self, what, at=None):
        super().__init__(what if at is None else f"{what} at column {at + 1}")


def fault_of(line):
    """What is wrong with a line that is UTF-8 and not blank, as its reject says it; None if nothing is."""
    try:
        at, root = 0, "value"
        opened = []  # closing brackets of the open containers
        wants = "value"
        while wants != "separator" or opened:
            at = WHITE_SPACE.match(line, at).end()
            here = line[at : at + 1]
            if wants in ("first key", "first value") and here == opened[-1]:
                at, wants = at + 1, "separator"
                opened.pop()
            elif wants in ("first key", "key"):
                at = WHITE_SPACE.match(line, string_end(line, at, opened)).end()
                if line[at : at + 1] != b":":
                    raise unexpected(line, at, opened, "':' is missing")
                at, wants = at + 1, "value"
            elif wants == "separator":
                if here == opened[-1]:
                    opened.pop()
                elif here == b",":
                    wants = "key" if opened[-1] == b"}" else "value"
                else:
                    raise unexpected(line, at, opened, f"',' or '{opened[-1].decode()}' is missing")
                at += 1
            elif here in (b"{", b"["):
                if len(opened) == DEPTH_MAX:
                    raise Fault("nested too deep", at)
                if not opened:
                    root = "object" if here == b"{" else "array"
                opened.append(b"}" if here == b"{" else b"]")
                at, wants = at + 1, "first key" if here == b"{" else "first value"
            else:
                at, wants = scalar_end(line, at, opened), "separator"
        at = WHITE_SPACE.match(line, at).end()
        if at < len(line):
            raise unexpected(line, at, opened, f"more behind the {root}")
    except Fault as fault:
        return str(fault)
    return None


def unexpected(line, at, opened, what):
    if at == len(line) and opened:
        return Fault("ends inside an object" if opened[-1] == b"}" else "ends inside an array")
    if line.startswith(BOM, at):
        return Fault("byte order mark", at)
    return control_character(line, at) or Fault(what, at)


def control_character(line, at):
    if at == len(line) or line[at] >= 0x20:
        return None
    return Fault("control character" if line[at] else "NUL", at)


def string_end(line, at, opened):
    """Of a key."""
    if line[at : at + 1] != b'"':
        raise unexpected(line, at, opened, "a key in double quotes is missing")
    end = STRING_BEGIN.match(line, at).end()
    rest = line[end : end + 2]
    if rest[:1] == b'"':
        return end + 1
    if rest in (b"", b"\\"):
        raise Fault("ends inside a string")
    if rest[:1] != b"\\":
        raise control_character(line, end)
    raise Fault("lone surrogate" if CODE_UNIT.match(line, end) else "bad escape", end)


def scalar_end(line, at, opened):
    if line[at : at + 1] == b'"':
        return string_end(line, at, opened)
    word = WORD.match(line, at)
    if not word or line.startswith(BOM, at):
        raise unexpected(line, at, opened, "a value is missing")
    if word[0][:1] in b"-0123456789":
        if not NUMBER.fullmatch(word[0]):
            raise Fault("bad number", at)
    elif word[0] not in (b"true", b"false", b"null"):
        raise Fault("not a JSON value", at)
    return word.end()


def parse_json(raw):
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Reject("invalid_utf8", detail=f"not UTF-8 at column {error.start + 1}") from None
    if raw.count(b"[") + raw.count(b"{") > DEPTH_MAX and depth_of(text) > DEPTH_MAX:
        raise Reject("invalid_json", detail=fault_of(raw))
    try:
        value = DECODER.decode(text)
    except ValueError:
        raise Reject("invalid_json", detail=fault_of(raw)) from None
    if b"\\u" in raw and has_lone_surrogate(text):
        raise Reject("invalid_json", detail=fault_of(raw))
    return value


def member(parent, key, field):
    if key not in parent:
        raise Reject("missing_field", field)
    value = parent[key]
    if value is None:
        raise Reject("null_field", field)
    return value


def text_of(parent, key, field):
    value = member(parent, key, field)
    if type(value) is not str:
        raise Reject("wrong_type", field)
    return fitting(value, field)


def fitting(text, field):
    if len(text) > CHARACTERS_MAX[field]:
        raise Reject("too_long", field)
    return text


def id_of(line):
    value = text_of(line, "id", "id")
    if value == "":
        raise Reject("empty_id", "id")
    return value


def site_of(line):
    value = member(line, "site_id", "site_id")
    if type(value) is Integer:
        return fitting("0" if value == "-0" else str(value), "site_id")
    return text_of(line, "site_id", "site_id")


def data_of(line, kind):
    if kind not in ("message", "status"):
        return ""
    data = member(line, "data", "data")
    if type(data) is not dict:
        raise Reject("wrong_type", "data")
    return text_of(data, kind, "data")


def timestamp_of(line):
    value = member(line, "timestamp", "timestamp")
    if type(value) not in (str, Integer, Real):
        raise Reject("wrong_type", "timestamp")
    if not DECIMAL.fullmatch(value):
        raise Reject("bad_timestamp", "timestamp")
    digits = value.lstrip("-").lstrip("0")
    seconds = int(digits or "0") if len(digits) <= 20 else TIMESTAMP_MAX + 1
    if value.startswith("-") or not TIMESTAMP_MIN <= seconds <= TIMESTAMP_MAX:
        raise Reject("timestamp_out_of_range", "timestamp")
    return seconds


class Filter:
    """The loader's --type, --site, --since (inclusive) and --until (exclusive); seconds since 1970 UTC."""

    def __init__(self, types=(), sites=(), since=None, until=None):
        self.types = frozenset(types or ("message", "status"))
        self.sites = frozenset(sites)
        self.since = TIMESTAMP_MIN if since is None else since
        self.until = TIMESTAMP_MAX + 1 if until is None else until

    def takes_rest(self, site, seconds):
        return (not self.sites or site in self.sites) and self.since <= seconds < self.until


def row_of(raw, line_filter):
    """The row (id, from, type, site_id, data, seconds), or None where a filter drops the line; raises Reject."""
    line = parse_json(raw)
    if type(line) is not dict:
        raise Reject("not_an_object")
    kind = member(line, "type", "type")
    if type(kind) is not str:
        raise Reject("wrong_type", "type")
    if kind not in line_filter.types:
        return None
    fitting(kind, "type")
    row = (id_of(line), text_of(line, "from", "from"), kind, site_of(line), data_of(line, kind), timestamp_of(line))
    return row if line_filter.takes_rest(row[3], row[5]) else None


class Result:
    """What a load into an empty table leaves behind; a reject is (line number from 1, byte offset, reason, field)."""

    def __init__(self):
        self.rows = {}  # id as UTF-8 → the other columns, joined; in file order of the lines that inserted
        self.rejects = []
        self.reject_texts = []  # of each of rejects: (detail, what is kept of the line)
        self.lines = self.blank = self.filtered = self.valid = self.repeated = 0
        self.ends = []  # counts() at the end of each file
        self.replaces = False
        self.skips_first = False

    def counts(self):
        by_reason = dict.fromkeys(REASONS, 0)
        for _, _, reason, _ in self.rejects:
            by_reason[reason] += 1
        return {
            "lines": self.lines,
            "inserted": len(self.rows),
            "updated": self.repeated if self.replaces else 0,
            "duplicate": 0 if self.replaces else self.repeated,
            "filtered": self.filtered,
            "rejected": len(self.rejects),
            "blank": self.blank,
            "valid": self.valid,
            "rejects_by_reason": by_reason,
        }

    def columns(self):
        """Every row as (id, from, type, site_id, data, seconds), bytes, in file order."""
        for key, rest in self.rows.items():
            yield (key, *rest.split(SEPARATOR))

    def table_lines(self):
        """Every row as a line of rows.tsv, without its newline, in the order of ids."""
        rows = self.rows
        for key in sorted(rows):
            sender, kind, site, data, seconds = rows[key].split(SEPARATOR)
            texts = (key, sender, kind, site, data)
            yield "\t".join([text.hex().upper() for text in texts]).encode() + b"\t" + seconds


def refuses_nothing(_):
    return None


def add_line(result, raw, line_filter, refuses):
    row = row_of(raw, line_filter)
    if row is None:
        result.filtered += 1
        return
    if result.skips_first and row[0].encode("utf-8") in result.rows and not result.replaces:
        result.valid += 1
        result.repeated += 1
        return
    detail = refuses(row)
    if detail is not None:
        raise Reject("refused_by_server", detail=detail)
    result.valid += 1
    *texts, seconds = row
    key, *rest = [text.encode("utf-8") for text in texts]
    if key not in result.rows:
        result.rows[key] = SEPARATOR.join((*rest, b"%d" % seconds))
        return
    result.repeated += 1
    if result.replaces:
        result.rows[key] = SEPARATOR.join((*rest, b"%d" % seconds))


def apply_line(result, line, number, offset, line_filter, line_bytes_max=LINE_BYTES_MAX, refuses=refuses_nothing):
    """One line, with its end, of a file in which it stands at `number` and `offset`; see apply."""
    raw = without_line_end(line)
    lead = LEAD.match(raw).end()
    raw = raw[lead:]
    result.lines += 1
    try:
        if len(raw) > line_bytes_max:
            raise Reject("line_too_long", detail=f"{len(raw) - line_bytes_max} bytes are cut out of its middle")
        if not raw.strip(b" \t\r\n\v\f"):
            result.blank += 1
        else:
            add_line(result, raw, line_filter, refuses)
    except Reject as reject:
        result.rejects.append((number, offset + lead, reject.reason, reject.field))
        result.reject_texts.append((reject.detail, kept_of(raw, line_bytes_max)))


def kept_of(raw, line_bytes_max):
    """The line, or the first and the last half of line_bytes_max bytes of it; of an odd number the head has one more."""
    if len(raw) <= line_bytes_max:
        return raw
    tail = line_bytes_max // 2
    return raw[: line_bytes_max - tail] + raw[len(raw) - tail :]


def without_line_end(line):
    if line.endswith(b"\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(b"\n") else line


def open_input(path):
    with open(path, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else open(path, "rb")


def apply(paths, line_filter=None, on_duplicate="skip", line_bytes_max=LINE_BYTES_MAX, refuses=refuses_nothing, skips_first=False):
    """Loads the files, one after the other, into an empty table; line numbers and offsets start anew in each.

    `refuses` stands for what the server says to a row: None, or a detail, by which the line is refused_by_server and
    owns nothing, whether its id is there already or not; with skips_first the server sees no line that skip skips.

    A line over line_bytes_max is line_too_long whatever it holds, white space only too: whoever drains such a line does
    not look at its middle.
    """
    line_filter = line_filter or Filter()
    result = Result()
    result.replaces = on_duplicate == "replace"
    result.skips_first = skips_first
    for path in paths:
        offset = 0
        with open_input(path) as file:
            for number, line in enumerate(file, 1):
                apply_line(result, line, number, offset, line_filter, line_bytes_max, refuses)
                offset += len(line)
        result.ends.append(result.counts())
    return result


LOAD_DATA_SPECIAL = re.compile(rb"[\\\t\n\x00]")
LOAD_DATA_ESCAPES = {b"\\": b"\\\\", b"\t": b"\\t", b"\n": b"\\n", b"\x00": b"\\0"}


def load_data_line(columns):
    """A row of Result.columns() as a line of LOAD DATA's default format, its timestamp in UTC."""
    *texts, seconds = columns
    text = [LOAD_DATA_SPECIAL.sub(lambda found: LOAD_DATA_ESCAPES[found[0]], text) for text in texts]
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return b"\t".join((*text, moment.strftime("%Y-%m-%d %H:%M:%S").encode())) + b"\n"


def instant(text):
    """RFC 3339, a date (its midnight UTC), or seconds since 1970 UTC."""
    if DECIMAL.fullmatch(text):
        return int(text)
    moment = datetime.datetime.fromisoformat(text)
    return int(moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).timestamp())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="+", metavar="FILE")
    parser.add_argument("--type", action="append", default=[])
    parser.add_argument("--site", action="append", default=[])
    parser.add_argument("--since", type=instant)
    parser.add_argument("--until", type=instant)
    parser.add_argument("--on-duplicate", choices=("skip", "replace"), default="skip")
    parser.add_argument("--line-max", type=int, default=LINE_BYTES_MAX, metavar="BYTES")
    parser.add_argument("--rows", metavar="FILE", help="the final table; - for standard output")
    parser.add_argument("--rejects", metavar="FILE", help="line, byte offset, reason, field; - for standard output")
    parser.add_argument("--counts", metavar="FILE", help="JSON; standard output unless given")
    options = parser.parse_args()

    line_filter = Filter(options.type, options.site, options.since, options.until)
    result = apply(options.inputs, line_filter, options.on_duplicate, options.line_max)

    def write(path, lines):
        with sys.stdout.buffer if path == "-" else open(path, "wb") as file:
            file.writelines(line + b"\n" for line in lines)

    if options.rows:
        write(options.rows, result.table_lines())
    if options.rejects:
        write(options.rejects, ("\t".join(str(part or "") for part in reject).encode() for reject in result.rejects))
    if options.counts or not (options.rows == "-" or options.rejects == "-"):
        write(options.counts or "-", [json.dumps(result.counts(), indent=2).encode()])


if __name__ == "__main__":
    main()
