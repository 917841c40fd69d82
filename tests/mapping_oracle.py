"""What a mapping makes of a line, by docs/mapping.md alone: its own reading of the TOML, with the standard library.

`outcome()` gives (kind, value): ("valid", row), ("filtered", None), ("blank", None) or ("rejected", (reason, column)).
A row has a value for each column, as `canonical()` gives them for what a table holds. `facts` of a record are what does
not stand in it: "source", "line", "offset", "load", "loaded_at" in microseconds, and "document", what is around it.
"""

import base64
import binascii
import csv
import datetime
import decimal
import json
import math
import os
import re
import struct
import tomllib

IS_MYSQL = os.environ.get("CHATLOAD_TEST_SERVER") == "mysql"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
EPOCH_NANOSECONDS = {"epoch_s": 10**9, "epoch_ms": 10**6, "epoch_us": 10**3, "epoch_ns": 1}
RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))", re.ASCII
)
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
BITS = {"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32, "BIGINT": 64}
DAY = 86_400_000_000
FLOAT_MAX = float.fromhex("0x1.fffffep127")


class Rejected(Exception):
    """The reason is its message."""


class Filtered(Exception):
    pass


class Number(str):
    """A JSON number as it is written."""


class Type:
    def __init__(self, sql):
        found = re.fullmatch(r"(\w+)\s*(?:\(([^)]*)\))?(.*)", sql.strip(), re.DOTALL)
        self.name, self.args, rest = found[1].upper(), found[2] or "", found[3]
        self.unsigned = "UNSIGNED" in rest.upper()
        self.nullable = "NOT NULL" not in rest.upper()
        default = re.search(r"DEFAULT\s+('(?:[^']|'')*'|[^\s]+)", rest, re.IGNORECASE)
        self.default = default and default[1].upper() != "NULL" and default[1].strip("'").replace("''", "'")
        self.is_loose = "general_ci" in rest
        self.is_padded = self.is_loose or re.search(r"COLLATE\s+\w+_bin\b", rest, re.IGNORECASE) and "0900" not in rest and "nopad" not in rest

    def fraction(self):
        return int(self.args or 0)

    def members(self):
        return [member.replace("''", "'") for member in re.findall(r"'((?:[^']|'')*)'", self.args)]


def reference(lookup, folder, queries):
    """The rows of a lookup by their keys: of a file, or of `queries` by the lookup's name."""
    if "query" in lookup:
        rows = queries[lookup["name"]]
    elif lookup["file"].endswith(".csv"):
        with open(folder / lookup["file"], newline="", encoding="utf-8-sig") as file:
            rows = [{name: text or None for name, text in row.items()} for row in csv.DictReader(file)]
    else:
        text = (folder / lookup["file"]).read_text()
        numbers = {"parse_int": Number, "parse_float": Number}
        rows = json.loads(text, **numbers) if text.startswith("[") else [json.loads(line, **numbers) for line in text.splitlines()]
    return {str(member(row, lookup["key"])): row for row in rows}


def member(row, name):
    """What stands in reference data under that name, which is a path where it begins with `$`."""
    return value_at(row, name) if name.startswith("$") else row.get(name)


class Mapping:
    def __init__(self, text, folder=None, queries=None):
        self.file = tomllib.loads(text)
        self.table = self.file["table"]
        self.columns = self.file["column"]
        for column in self.columns:
            column.setdefault("null_if", self.file.get("null_if", []))
        self.key = self.file["primary_key"]
        self.lookups = {one["name"]: (one, reference(one, folder, queries)) for one in self.file.get("lookup", [])}
        self.types = {column["name"]: Type(column["sql"]) for column in self.columns}

    def names(self):
        return [column["name"] for column in self.columns]

    def key_of(self, row):
        """Equal where the server calls the keys equal: its padding collations do not see spaces at a text's end."""
        values = dict(zip(self.names(), row))
        return tuple(self.folded(self.types[name], values[name]) for name in self.key)

    @staticmethod
    def folded(sql_type, value):
        value = value.rstrip(" ") if sql_type.is_padded else value
        return value.lower() if sql_type.is_loose else value


def steps(path):
    """`$.a."b c"[0]` as ["a", "b c", 0]."""
    path = path if path.startswith("$") else "$." + path
    found = re.findall(r'''\.([^."[]+)|\.("(?:[^"\\]|\\.)*")|\[(\d+)\]''', path[1:])
    return [int(index) if index else plain or json.loads(quoted, strict=False) for plain, quoted, index in found]


MISSING = object()


def value_at(record, path):
    """MISSING, or what stands there; Rejected where what should hold it is something else."""
    for step in steps(path):
        if record is None:
            return None
        if isinstance(step, str) != isinstance(record, dict) or not isinstance(record, (dict, list)):
            raise Rejected("wrong_type")
        if isinstance(step, str):
            record = record.get(step, MISSING)
        else:
            record = record[step] if step < len(record) else MISSING
        if record is MISSING:
            return MISSING
    return record


def kind_of(value):
    if isinstance(value, Number):
        return "integer" if re.fullmatch(r"-?[0-9]+", value) else "number"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "container"


def own_kinds(column, sql_type):
    if sql_type.name in BITS:
        return {"integer"}
    if sql_type.name in ("DECIMAL", "DOUBLE", "FLOAT"):
        return {"integer", "number"}
    if sql_type.name == "BOOLEAN":
        return {"boolean"}
    if sql_type.name == "JSON":
        return {"string", "integer", "number", "boolean", "container"}
    if sql_type.name in ("DATE", "DATETIME", "TIMESTAMP"):
        return {"integer" if form.startswith("epoch") else "string" for form in times_of(column, sql_type)}
    return {"string"}


def listed(value):
    return value if isinstance(value, list) else [value]


def times_of(column, sql_type):
    return listed(column.get("time", "%Y-%m-%d" if sql_type.name == "DATE" else "rfc3339"))


def text_limits(sql_type, text):
    if sql_type.name in ("VARCHAR", "CHAR") and len(text) > int(sql_type.args):
        raise Rejected("too_long")
    if sql_type.name == "CHAR" and text.endswith(" "):
        raise Rejected("bad_encoding")
    if sql_type.name == "TINYTEXT" and len(text.encode()) > 255:
        raise Rejected("too_long")
    return text


def to_time(form, value, takes_epoch_texts):
    """Microseconds; None where it is no such time; Rejected where it is one that cannot be."""
    if form in EPOCH_NANOSECONDS:
        if not re.fullmatch(r"-?[0-9]+", value, re.ASCII) or (kind_of(value) == "string" and not takes_epoch_texts):
            return None
        microseconds, rest = divmod(int(value) * EPOCH_NANOSECONDS[form], 1_000)
        if rest:
            raise Rejected("too_precise")
        return microseconds
    if kind_of(value) != "string":
        return None
    if form != "rfc3339":
        if " " not in form:
            value = re.sub("(?<![0-9 ]) +(?=[0-9])", "", value)  # C skips spaces in front of numbers, and Python does not
        if form.startswith("%Y") and (short := re.match(r"[0-9]{1,3}(?![0-9])", value)):  # C takes it, and Python does not
            in_this_age = f"{int(short[0]) + 2000}" + value[short.end() :]
            if to_time(form, in_this_age, takes_epoch_texts) is not None:
                raise Rejected("timestamp_out_of_range")
            return None
        try:
            when = datetime.datetime.strptime(value, form)
        except ValueError:
            return None
        return (when.replace(tzinfo=when.tzinfo or datetime.timezone.utc) - EPOCH) // MICROSECOND
    found = RFC3339.fullmatch(value)
    if not found:
        return None
    try:
        when = datetime.datetime(*map(int, found.groups()[:6]), tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
    fraction = (found[7] or "").ljust(6, "0")
    if int(found[9] or 0) > 23 or int(found[10] or 0) > 59:
        return None
    if fraction[6:].strip("0"):
        raise Rejected("too_precise")
    offset = (int(found[9] or 0) * 60 + int(found[10] or 0)) * (-1 if found[8] == "-" else 1)
    return (when - EPOCH) // MICROSECOND + int(fraction[:6]) - offset * 60_000_000


def read_time(column, sql_type, value):
    if kind_of(value) == "number":
        raise Rejected("bad_timestamp")
    fault = None
    for form in times_of(column, sql_type):
        try:
            microseconds = held_time(sql_type, to_time(form, value, "string" in listed(column.get("accept", []))))
        except Rejected as rejected:
            fault = fault or rejected
            continue
        if microseconds is not None:
            return microseconds
    raise fault or Rejected("bad_timestamp")


def held_time(sql_type, microseconds):
    if microseconds is None:
        return None
    first, last = (1_000_000, 2_147_483_647_000_000)
    if sql_type.name != "TIMESTAMP":
        first, last = -30_610_224_000_000_000, 253_402_300_799_999_999
    if not first <= microseconds <= last:
        raise Rejected("timestamp_out_of_range")
    step = DAY if sql_type.name == "DATE" else 10 ** (6 - sql_type.fraction())
    if microseconds % step:
        raise Rejected("too_precise")
    return microseconds


def read_decimal(sql_type, value):
    if not NUMBER.fullmatch(value):
        raise Rejected("bad_number")
    digits, fraction = (int(part) for part in sql_type.args.split(","))
    number = decimal.Decimal(value)
    if number and sql_type.unsigned and number < 0:
        raise Rejected("out_of_range")
    if number and number.adjusted() + 1 > digits - fraction:
        raise Rejected("out_of_range")
    if number and number.normalize().as_tuple().exponent < -fraction:
        raise Rejected("too_precise")
    return number.normalize() + 0


def read_floating(sql_type, value):
    if not NUMBER.fullmatch(value):
        raise Rejected("bad_number")
    number = float(value)
    if sql_type.name == "FLOAT":
        if abs(number) > FLOAT_MAX:
            raise Rejected("out_of_range")
        number = struct.unpack("f", struct.pack("f", number))[0]
    if math.isinf(number) or (number == 0 and decimal.Decimal(value) != 0) or (sql_type.unsigned and number < 0):
        raise Rejected("out_of_range")
    return number + 0.0  # a server may give -0 back as 0


def decoded(how, text):
    try:
        if how == "uuid":
            if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
                raise Rejected("bad_encoding")
            return bytes.fromhex(text.replace("-", ""))
        if how == "hex":
            if not re.fullmatch(r"([0-9a-fA-F]{2})*", text):
                raise Rejected("bad_encoding")
            return bytes.fromhex(text)
        raw = base64.b64decode(text, validate=True)
        if base64.b64encode(raw).decode() != text:
            raise Rejected("bad_encoding")
        return raw
    except (binascii.Error, ValueError):
        raise Rejected("bad_encoding") from None


def has_huge_integer(value):
    if isinstance(value, Number):
        return kind_of(value) == "integer" and not -(2**63) <= int(value) < 2**64
    if isinstance(value, dict):
        return any(map(has_huge_integer, value.values()))
    return isinstance(value, list) and any(map(has_huge_integer, value))


def has_infinite(value):
    """Whether MySQL's JSON has no number for some value in it."""
    if isinstance(value, dict):
        return any(map(has_infinite, value.values()))
    return any(map(has_infinite, value)) if isinstance(value, list) else isinstance(value, float) and math.isinf(value)


def plain(value):
    """JSON with numbers as Python has them."""
    if isinstance(value, Number):
        return int(value) if kind_of(value) == "integer" else float(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def read(column, sql_type, value):
    kind = kind_of(value)
    can_be_null = sql_type.nullable and not column.get("required", False)
    if kind == "string" and can_be_null and value in listed(column["null_if"]):
        return None
    accepted = own_kinds(column, sql_type) | set(listed(column.get("accept", [])))
    is_time = sql_type.name in ("DATE", "DATETIME", "TIMESTAMP")
    if kind not in accepted and not (is_time and kind == "number" and "integer" in accepted):
        raise Rejected("wrong_type")
    if is_time:
        return read_time(column, sql_type, value)
    if sql_type.name in BITS:
        if not re.fullmatch(r"-?[0-9]+", value, re.ASCII):
            raise Rejected("bad_number")
        bits = BITS[sql_type.name]
        least, most = (0, 2**bits - 1) if sql_type.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if not least <= int(value) <= most:
            raise Rejected("out_of_range")
        return int(value)
    if sql_type.name == "DECIMAL":
        return read_decimal(sql_type, value)
    if sql_type.name in ("DOUBLE", "FLOAT"):
        return read_floating(sql_type, value)
    if sql_type.name == "BOOLEAN":
        if kind == "boolean":
            return int(value)
        if value not in ("0", "1"):
            raise Rejected("out_of_range")
        return int(value)
    if sql_type.name == "JSON":
        if has_huge_integer(value):
            raise Rejected("too_precise")
        return plain(value)
    text = str(value) if kind != "boolean" else str(value).lower()
    text = "0" if kind == "integer" and text == "-0" else text
    if sql_type.name == "ENUM":
        if text not in sql_type.members():
            raise Rejected("not_a_member")
        return text
    if sql_type.name == "SET":
        given = text.split(",") if text else []
        if given != [member for member in sql_type.members() if member in given]:
            raise Rejected("not_a_member")
        return text
    if sql_type.name == "UUID":
        decoded("uuid", text)
        return text.lower()
    if "decode" in column:
        raw = decoded(column["decode"], text)
        if not raw and not column.get("empty", True):
            raise Rejected("empty_id")
        if sql_type.args and len(raw) > int(sql_type.args):
            raise Rejected("too_long")
        if sql_type.name == "BINARY" and len(raw) < int(sql_type.args):
            raise Rejected("bad_encoding")
        return raw
    if not text and not column.get("empty", True):
        raise Rejected("empty_id")
    return text_limits(sql_type, text)


def own_text(column, sql_type, text):
    """What the mapping itself says, as a value of the column."""
    kind = "integer" if sql_type.name == "BOOLEAN" else "string"
    text = str(int(text)) if isinstance(text, bool) else str(text)
    everything = {**column, "accept": ["string", "integer", "number", "boolean"], "null_if": [], "empty": True}
    return read(everything, sql_type, Number(text) if kind == "integer" else text)


def mapped_paths(mapping):
    for column in mapping.columns:
        if column.keys() & {"value", "meta", "outer"} or column["name"] == mapping.file.get("unknown"):
            continue
        path = column.get("path", '$."' + column["name"] + '"')
        yield from map(steps, path.values() if isinstance(path, dict) else [path])


def rest_of(record, paths):
    """What no path leads to or through."""
    rest = {}
    for key, value in record.items():
        behind = [path[1:] for path in paths if path[:1] == [key]]
        if not behind:
            rest[key] = value
        elif [] not in behind and isinstance(value, dict) and (inner := rest_of(value, behind)):
            rest[key] = inner
    return rest


def unknown_fields(mapping, record):
    paths = list(mapped_paths(mapping))
    return {} if [] in paths else rest_of(record, paths)


def cell(mapping, column, record, kind, facts):
    sql_type = mapping.types[column["name"]]
    if "value" in column:
        return own_text(column, sql_type, column["value"])
    if column.get("meta") == "loaded_at":
        step = 10 ** (6 - sql_type.fraction())
        return facts["loaded_at"] // step * step
    if "meta" in column:
        value = facts[column["meta"]]
        return read(column, sql_type, value if column["meta"] == "source" else Number(value))
    if column["name"] == mapping.file.get("unknown"):
        rest = unknown_fields(mapping, record)
        return None if sql_type.nullable and not rest else read(column, sql_type, rest)
    required = column.get("required", False) or column["name"] in mapping.key
    path = column.get("path", '$."' + column["name"] + '"')
    if "outer" in column:
        record, path = facts["document"], column["outer"]
    if isinstance(path, dict):
        path = path.get(kind)
    substitute = sql_type.nullable or bool(sql_type.default is not None and sql_type.default is not False)
    if path is None:
        if not substitute:
            raise Rejected("missing_field")
        return default_of(sql_type)
    value = value_at(record, path)
    if value is None:
        if required or not sql_type.nullable:
            raise Rejected("null_field")
        return None
    if value is MISSING:
        if required or not substitute:
            raise Rejected("missing_field")
        return default_of(sql_type)
    return looked_up(mapping, column, sql_type, value) if "lookup" in column else read(column, sql_type, value)


def looked_up(mapping, column, sql_type, value):
    name, field = column["lookup"].split(".", 1)
    lookup, rows = mapping.lookups[name]
    can_be_null = sql_type.nullable and not column.get("required", False)
    if kind_of(value) not in ("string", "integer"):
        raise Rejected("wrong_type")
    if kind_of(value) == "string" and can_be_null and value in listed(column["null_if"]):
        return None
    if str(value) not in rows:
        missing = lookup.get("missing", "reject")
        if missing == "null":
            return None
        raise Filtered if missing == "filter" else Rejected("lookup_missing")
    found = member(rows[str(value)], field)
    if found is None or found is MISSING:
        if not can_be_null:
            raise Rejected("null_field")
        return None
    return own_text(column, sql_type, found)


def default_of(sql_type):
    if sql_type.default in (None, False):
        return None
    if sql_type.name in BITS or sql_type.name == "BOOLEAN":
        return int(sql_type.default)
    return decimal.Decimal(sql_type.default) if sql_type.name == "DECIMAL" else sql_type.default


def limit_of(sql_type, limit):
    if sql_type.name not in ("DATE", "DATETIME", "TIMESTAMP"):
        return decimal.Decimal(str(limit))
    return to_time("%Y-%m-%d" if len(limit) == 10 else "rfc3339", limit, False)


def holds(condition, value, sql_type):
    """What a condition says of a text, a number or a time."""
    if "is_null" in condition and (value is None) != condition["is_null"]:
        return False
    bounds = {"above": lambda a, b: a > b, "below": lambda a, b: a < b, "at_least": lambda a, b: a >= b, "at_most": lambda a, b: a <= b}
    given = [(bounds[name], limit_of(sql_type, condition[name])) for name in bounds if name in condition]
    if value is None:
        return not given and not condition.keys() & {"in", "not_in"}
    if "in" in condition and str(value) not in listed(condition["in"]):
        return False
    if "not_in" in condition and str(value) in listed(condition["not_in"]):
        return False
    return all(bound(decimal.Decimal(value), limit) for bound, limit in given)


def refuse(word):
    raise ValueError(word)


def first_wins(pairs):
    record = {}
    for key, value in pairs:
        record.setdefault(key, value)
    return record


def outcome(mapping, line, facts=None):
    if not line.strip(" \t\v\f\r"):
        return "blank", None
    try:
        numbers = {"parse_int": Number, "parse_float": Number, "parse_constant": refuse}
        record = json.loads(line, object_pairs_hook=first_wins, **numbers)
        line.encode(), json.dumps(record, ensure_ascii=False).encode()  # neither has a surrogate without its partner
    except ValueError:
        return "rejected", ("invalid_json", None)
    if not isinstance(record, dict):
        return "rejected", ("not_an_object", None)
    conditions = mapping.file.get("only", [])
    kind_column = mapping.file.get("kind")
    columns = sorted(mapping.columns, key=lambda column: column["name"] != kind_column)
    row, kind, is_filtered = {}, None, False
    for column in columns:
        name = column["name"]
        try:
            row[name] = cell(mapping, column, record, kind, facts)
        except Filtered:
            row[name], is_filtered = None, True
        except Rejected as rejected:
            return "rejected", (str(rejected), name)
        if name == kind_column:
            kind = row[name] or ""
            if is_filtered:
                return "filtered", None
            if not all(holds(one, row[name], mapping.types[name]) for one in conditions if one["column"] == name):
                return "filtered", None
    if mapping.file.get("unknown") == "reject" and unknown_fields(mapping, record):
        return "rejected", ("unknown_field", None)
    if is_filtered:
        return "filtered", None
    if not all(holds(one, row[one["column"]], mapping.types[one["column"]]) for one in conditions):
        return "filtered", None
    if IS_MYSQL and any(has_infinite(row[name]) for name, sql_type in mapping.types.items() if sql_type.name == "JSON"):
        return "rejected", ("refused_by_server", None)
    return "valid", [row[name] for name in mapping.names()]


def load(mapping, lines, mode="skip", facts_of=lambda number: None):
    """(rows by key, counts, rejects as (line number, reason, column)) of lines loaded one after the other. Without a key,
    the rows are by their line's number."""
    rows, counts, rejects = {}, dict.fromkeys(("inserted", "updated", "duplicate", "filtered", "rejected", "blank"), 0), []
    for number, line in enumerate(lines, 1):
        kind, value = outcome(mapping, line, facts_of(number))
        if kind == "rejected":
            rejects.append((number, *value))
        if kind != "valid":
            counts[kind] += 1
            continue
        key = mapping.key_of(value) if mapping.key else number
        outcome_of_row = "inserted" if key not in rows else "duplicate" if mode == "skip" else "updated"
        counts[outcome_of_row] += 1
        if outcome_of_row != "duplicate":
            rows[key] = value
    return rows, counts, rejects


def query(mapping):
    """What reads a table so that canonical() understands it."""
    parts = []
    for name, sql_type in mapping.types.items():
        quoted = "`" + name.replace("`", "``") + "`"
        if sql_type.name in ("DATE", "DATETIME", "TIMESTAMP"):
            value = f"DATE_FORMAT({quoted}, '%Y-%m-%d %H:%i:%s.%f')"
        elif sql_type.name in BITS or sql_type.name in ("BOOLEAN", "DECIMAL", "DOUBLE"):
            value = quoted
        elif sql_type.name == "FLOAT":
            value = f"{quoted} + 0e0"  # a server shows six digits of a FLOAT
        elif sql_type.name == "UUID":
            value = f"HEX(CAST({quoted} AS CHAR))"
        else:
            value = f"HEX({quoted})"
        parts.append(f"IFNULL(CONCAT('is ', {value}), 'NULL')")
    return f"SELECT {', '.join(parts)} FROM `{mapping.table}`"


def canonical(sql_type, text):
    """A value of query()'s, as outcome() has it."""
    if text == b"NULL":
        return None
    text = text.removeprefix(b"is ")
    if sql_type.name in ("DATE", "DATETIME", "TIMESTAMP"):
        when = datetime.datetime.strptime(text.decode(), "%Y-%m-%d %H:%M:%S.%f")
        return (when.replace(tzinfo=datetime.timezone.utc) - EPOCH) // MICROSECOND
    if sql_type.name in BITS or sql_type.name == "BOOLEAN":
        return int(text)
    if sql_type.name == "DECIMAL":
        return decimal.Decimal(text.decode()).normalize() + 0
    if sql_type.name in ("DOUBLE", "FLOAT"):
        return float(text) + 0.0
    raw = bytes.fromhex(text.decode())
    if sql_type.name == "JSON":
        return json.loads(raw)
    return raw if sql_type.name.endswith(("BINARY", "BLOB")) else raw.decode()
