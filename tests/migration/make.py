"""Makes the ledgers of a chatload before migration 5 that stand beside this file, each with the log that it is of.

    CHATLOAD_BIN=RELEASED/chatload PYTHONPATH=tests /usr/bin/python3 tests/migration/make.py

was run once, with the last chatload that made such ledgers; a later one refuses. It starts both servers, each of which
loads the same logs, and kills the loads at a statement. schema.sql is what that chatload printed, NAME.sql the rows of
its tables, in files of their own, NAME.mysql.sql and NAME.mariadb.sql, where the servers say different things. What no
run repeats, tokens, processes and times, is written as something that is always the same.
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fault"))
import proxy
import support

SERVERS = ("mariadb", "mysql")
TABLES = ("chatload_loads", "chatload_ranges", "chatload_rejects", "chatload_indexes", "chat_messages")
LINES = 60
PROTECT = "ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE '%refuse%')"
FLAGS = ("--range-size", "8K", "--connections", "1", "--write-method", "insert", "--wait-lock", "20s")
DEADLINE_S = 60

CLAIM = r"^INSERT INTO .?chatload_ranges"
COMPACT = r"^DELETE FROM .?chatload_ranges"
FETCHED = r"^UPDATE .?chatload_rejects"
BUILD = r"^ALTER TABLE .*ADD "

# Each: what is done to chat_messages first, and the runs, as their flags and the statement, with its number, before
# which the run is killed. Of a log called damaged the last member's checksum is wrong.
LEDGERS = {
    "done": ("", [("--order file", None)]),
    "done_key": ("", [("--order key", None)]),
    "done_uncompacted": ("", [("--order file", (COMPACT, 1))]),
    "interrupted": ("", [("--order file", (CLAIM, 4))]),
    "interrupted_key": ("", [("--order key", (CLAIM, 4))]),
    "damaged": ("", [("--order file", None)]),
    "damaged_key": ("", [("--order key", None)]),
    "superseded": ("", [("--order file", (CLAIM, 4)), ("--order file --restart", (CLAIM, 3))]),
    "refused": (PROTECT, [("--order file", (CLAIM, 6))]),
    "refused_key": (PROTECT, [("--order key", (FETCHED, 1))]),
    "owed": ("", [("--order file --indexes defer", (BUILD, 1))]),
}


def log_line(name, number):
    """Some 900 bytes; an id comes again, and every tenth text is one that PROTECT refuses."""
    if number % 15 == 14:
        return f"bad {number}"
    if number % 20 == 9:
        return ""
    key = number - 3 if number % 12 == 5 else number
    text = f"{number} {'refuse ' if number % 10 == 3 else ''}" + "\N{GRINNING FACE}" * 200
    kind = "typing" if number % 20 == 12 else "message"
    line = support.chat_line(number, id=f"{name}-{key * 37 % 101:03}", type=kind, data={"message": text})
    return json.dumps(json.loads(line), ensure_ascii=False)


def write_log(name):
    lines = [f"{log_line(name, number)}\n".encode() for number in range(LINES)]
    path = support.write_gzip(HERE / f"{name}.json.gz", b"".join(lines[:40]), b"".join(lines[40:]))
    if name.startswith("damaged"):
        content = path.read_bytes()
        path.write_bytes(content[:-8] + bytes(byte ^ 0xFF for byte in content[-8:-4]) + content[-4:])
    return path


def run(database, path, flags, stop):
    with tempfile.TemporaryDirectory() as folder, proxy.Proxy(database.server.socket) as door:
        loader = subprocess.Popen(
            [support.CHATLOAD, "load", path.name, "--to", door.url(database.name), *FLAGS, *flags.split(),
             "--progress", "none", "--spill-dir", folder], cwd=HERE, stderr=subprocess.PIPE,
        )  # fmt: skip

        def kill(link):
            loader.kill()
            loader.wait()
            link.cut()  # so that the server does not see the statement

        if stop:
            door.at(*stop, before=kill).wait()
        errors = loader.communicate()[1]
        if loader.returncode not in ((-signal.SIGKILL,) if stop else (0, 1, 3)):
            raise RuntimeError(f"{path.name}: {loader.returncode}: {errors.decode()}")
    deadline = time.monotonic() + DEADLINE_S
    while database.server.connections(database.name):
        if time.monotonic() > deadline:
            raise TimeoutError("the server keeps a killed run's connections")
        time.sleep(0.1)


def steady(load, column, value):
    """The cell of that load's row, unless no run repeats it."""
    if not value:
        return value
    if column in ("started_at", "noted_at"):
        return b"2025-11-29 10:00:00.000000"
    if column == "finished_at":
        return b"2025-11-29 10:01:00.000000"
    if column == "table_made_at":
        return b"2025-11-29 09:00:00"
    if column == "owner":
        return b"%032x" % int(load)
    if column == "lock_name":
        return b"chatload:%032x" % (int(load) // 10)
    if column == "runner":
        return b"loader, process 17 @7d03b2a1.1846213.17"
    if column == "source_stamp":
        return re.sub(rb"\d", b"1", value)
    return value


def literal(value):
    """A text in which a character comes often is short."""
    if value is None:
        return "NULL"
    if re.fullmatch(rb"0|[1-9][0-9]*", value):
        return value.decode()
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"X'{value.hex()}'"
    head, repeated, count, tail = text, "", 0, ""
    if many := re.search(r"(.)\1{50,}", text):
        head, repeated, count, tail = text[: many.start()], many[1], len(many[0]), text[many.end() :]
    quote = lambda part: "'" + part.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    if not repeated:
        return quote(text)
    return f"CONCAT({quote(head)}, REPEAT('{repeated}', {count}), {quote(tail)})"


def dump(database):
    text = ""
    for table in TABLES:
        columns = [name for (name,) in database.sql(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
            f" AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION")]  # fmt: skip
        cells = ", ".join(f"HEX(CAST(`{name}` AS BINARY))" for name in columns)
        rows = []
        for row in database.sql(f"SELECT {cells} FROM {table} ORDER BY `{columns[0]}`, `{columns[1]}`"):
            values = [None if cell == "NULL" else bytes.fromhex(cell) for cell in row]
            rows.append(f"  ({', '.join(literal(steady(values[0], *cell)) for cell in zip(columns, values))})")
        if rows:
            names = ", ".join(f"`{name}`" for name in columns)
            text += f"INSERT INTO `{table}` ({names}) VALUES\n" + ",\n".join(rows) + ";\n"
    return text


def ledger(server, number, name):
    """The statements that make it again, behind schema.sql."""
    prepare, runs = LEDGERS[name]
    with support.Database(server) as database:
        database.create_table()
        database.sql(f"ALTER TABLE chatload_loads AUTO_INCREMENT = {number * 10 + 1}")
        if prepare:
            database.sql(prepare)
        for flags, stop in runs:
            run(database, HERE / f"{name}.json.gz", flags, stop)
        more = [prepare] if prepare else []
        definition = str(database.sql("SHOW CREATE TABLE chat_messages"))
        for index in ("site_id", "timestamp"):
            if f"KEY `{index}`" not in definition:
                more.append(f"ALTER TABLE chat_messages DROP KEY `{index}`")
        return dump(database).replace(database.name, "chat") + "".join(f"{statement};\n" for statement in more)


def main():
    (HERE / "schema.sql").write_text(support.schema())
    for name in LEDGERS:
        write_log(name)
    made = {name: {} for name in LEDGERS}
    for kind in SERVERS:
        server = support.Server(kind, f"ledgers-{kind}")
        for number, name in enumerate(LEDGERS, 1):
            made[name][kind] = ledger(server, number, name)
    for name, texts in made.items():
        for old in HERE.glob(f"{name}.*sql"):
            old.unlink()
        if len(set(texts.values())) == 1:
            (HERE / f"{name}.sql").write_text(texts["mysql"])
        else:
            for kind, text in texts.items():
                (HERE / f"{name}.{kind}.sql").write_text(text)


if __name__ == "__main__":
    main()
