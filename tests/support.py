"""What the Python tests share: the binaries, a sandbox server, a database of one's own, the table against the oracle.

Environment: CHATLOAD_BIN and CHATGEN_BIN (build/dev), CHATLOAD_TEST_SERVER (mariadb or mysql; mariadb), CHATLOAD_LONG=1
for the tests' full size.
"""

import atexit
import contextlib
import functools
import gzip
import itertools
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse

import MySQLdb
import oracle
from MySQLdb.constants import CLIENT

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHATLOAD = os.environ.get("CHATLOAD_BIN", str(ROOT / "build/dev/chatload"))
CHATGEN = os.environ.get("CHATGEN_BIN", str(ROOT / "build/dev/bench/chatgen"))
SERVER_KIND = os.environ.get("CHATLOAD_TEST_SERVER", "mariadb")
EXIT_SKIPPED = 77
WRITE_METHODS = ("insert", "load-data")
IS_LONG = os.environ.get("CHATLOAD_LONG", "") not in ("", "0")


def skip(why):
    """Ends the script with the exit code that ctest takes for "skipped"."""
    name = pathlib.Path(sys.argv[0]).name
    print("*" * 70, f"*  SKIPPED: {name}: {why}", "*" * 70, sep="\n", file=sys.stderr)
    sys.exit(EXIT_SKIPPED)


def need_programs(*names):
    """Skips the script where one of these programs is not installed."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    if missing := [name for name in names if not shutil.which(name, path=path)]:
        skip(f"{', '.join(missing)} not found; run scripts/setup --packaging")


def write_method(number):
    """One of both for the case of that number in a grid, so that each value of the grid's dimensions meets both."""
    return WRITE_METHODS[number.bit_count() % 2]


def sandbox(command, kind, name, *more):
    words = [str(ROOT / "scripts/sandbox"), command, "--server", kind, "--name", name, *more]
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=command != "status")


def free_port():
    """Of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def make_certificate(folder, host="localhost"):
    """The path of a certificate for that host, signed by itself, in the folder; its key is in PATH.key."""
    path = pathlib.Path(folder) / f"{host}.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", f"{path}.key", "-out", path]  # fmt: skip
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    return path


def make_public_key(path):
    """An RSA public key in PEM at `path`, whose private key nobody has."""
    words = ["sh", "-c", 'openssl genrsa 2048 | openssl rsa -pubout -out "$0"', path]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    return path


def rows_of(connection, statements):
    """Runs statements and yields the rows of all results, each a list of bytes."""
    connection.query(statements)
    has_more = True
    while has_more:
        if result := connection.use_result():
            while found := result.fetch_row(1000):
                for row in found:
                    yield [b"NULL" if value is None else value for value in row]
        has_more = connection.next_result() == 0


class Server:
    """A sandbox server, started if need be and then stopped and wiped at exit; one that runs already is left running."""

    def __init__(self, kind=None, name=None, options=()):
        self.kind = kind or SERVER_KIND
        self.name = name or os.environ.get("CHATLOAD_TEST_SANDBOX", f"test-{self.kind}")
        self.options = options
        was_running = sandbox("status", self.kind, self.name).returncode == 0
        if not was_running or options:
            self.start()
        if not was_running:
            atexit.register(sandbox, "stop", self.kind, self.name, "--fresh")
        self.url = urllib.parse.urlsplit(sandbox("url", self.kind, self.name).stdout.strip())
        self.socket = urllib.parse.parse_qs(self.url.query)["socket"][0]

    def pid(self):
        return int(re.search(r"process (\d+)", sandbox("status", self.kind, self.name).stdout)[1])

    def start(self):
        sandbox("start", self.kind, self.name, "--", *self.options)

    def kill(self):
        """SIGKILL; returns when the server is gone."""
        process = os.pidfd_open(self.pid())
        signal.pidfd_send_signal(process, signal.SIGKILL)
        select.select([process], [], [])
        os.close(process)
        # MySQL does not start beside a lock file whose process is there, be it only as a zombie.
        pathlib.Path(f"{self.socket}.lock").unlink(missing_ok=True)

    def connections(self, database):
        """The ids of the connections that use the database."""
        # MySQL's PROCESSLIST fails while a statement in it holds an emoji; MariaDB has the other off by default.
        query = "SELECT ID FROM information_schema.PROCESSLIST WHERE DB"
        if self.kind == "mysql":
            query = "SELECT PROCESSLIST_ID FROM performance_schema.threads WHERE PROCESSLIST_DB"
        return [int(row[0]) for row in self.sql(f"{query} = '{database}'")]

    def kill_connection(self, number):
        """KILL, unless the connection is gone already."""
        with contextlib.suppress(MySQLdb.OperationalError):
            self.sql(f"KILL {number}")

    def url_of(self, database):
        return self.url._replace(path=f"/{database}").geturl()

    def client(self, database=None, *options):
        """The words that start the client: tab-separated rows, UTC, as they come."""
        words = ["mariadb", "--no-defaults", "--user=root", f"--socket={self.socket}"]
        words += ["--default-character-set=utf8mb4", "--init-command=SET time_zone = '+00:00'"]
        words += ["--batch", "--raw", "--quick", "--skip-column-names"]
        return words + list(options) + ([database] if database else [])

    def connect(self, database="", user="root"):
        """A connection of one's own, in UTC."""
        return MySQLdb.connect(
            user=user, unix_socket=self.socket, database=database, charset="utf8mb4", use_unicode=False, conv={},
            init_command="SET time_zone = '+00:00'", autocommit=True, client_flag=CLIENT.MULTI_STATEMENTS,
        )  # fmt: skip

    @functools.cached_property
    def schema_applied(self):
        """Makes what schema() ends with, in a quarter of its time: most of that alters tables that it has just made."""
        with Database(self) as database:
            database.sql(schema())
            tables = [database.sql(f"SHOW CREATE TABLE `{table}`")[0][1] for table in database.tables()]
            migrations = database.sql("SELECT number, name FROM chatload_migrations")
        rows = ", ".join(f"({number}, '{name}', UTC_TIMESTAMP(6))" for number, name in migrations)
        return ";\n".join([*tables, f"INSERT INTO chatload_migrations (number, name, applied_at) VALUES {rows}"])

    def rows(self, statements, database=""):
        """Runs statements in a session of their own and yields the rows of all results, each a list of bytes."""
        connection = self.connect(database)
        with contextlib.closing(connection):
            yield from rows_of(connection, statements)

    def sql(self, statements, database=""):
        """Runs statements and returns the rows of all results, each a list of texts."""
        return [list(map(bytes.decode, row)) for row in self.rows(statements, database)]


@functools.cache
def schema():
    """What `chatload schema apply` does to an empty database."""
    return subprocess.run([CHATLOAD, "schema", "print"], check=True, stdout=subprocess.PIPE, text=True).stdout


class Database:
    """A database of its own, dropped on exit: `with Database(server) as database`."""

    numbers = itertools.count()

    def __init__(self, server):
        self.server = server
        self.name = f"test_{os.getpid()}_{next(self.numbers)}"
        self.url = server.url_of(self.name)

    def __enter__(self):
        self.server.sql(f"CREATE DATABASE `{self.name}` CHARACTER SET utf8mb4")
        return self

    def __exit__(self, *_):
        self.server.sql(f"DROP DATABASE `{self.name}`")

    def sql(self, statements):
        return self.server.sql(statements, self.name)

    def tables(self):
        rows = self.sql("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")
        return [name for (name,) in rows]

    def create_table(self):
        """The shipped chat_messages and an empty ledger."""
        drops = (f"DROP TABLE `{table}`;\n" for table in self.tables() if table.startswith("chat"))
        self.sql("".join(drops) + self.server.schema_applied)


@contextlib.contextmanager
def full_pipe():
    """A pipe that takes no more, as its reader does not read."""
    reader, writer = os.pipe()
    with open(reader, "rb"), open(writer, "wb") as full:
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while os.write(writer, b"x"):
                pass
        os.set_blocking(writer, True)
        yield full


class Run:
    """A finished chatload: exit_code, stdout, stderr, and the summary file's object where one was written."""

    def __init__(self, done, summary):
        self.exit_code, self.stdout, self.stderr, self.summary = done.returncode, done.stdout, done.stderr, summary


def run_of(done, summary):
    """The Run of a finished process that was given --summary `summary`."""
    return Run(done, json.loads(summary.read_text()) if summary.exists() else None)


def run_chatload(*words, **popen_options):
    """Runs `chatload WORDS...`; load, check and copy get --summary and no progress."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "summary.json"
        more = ["--summary", str(path), "--progress", "none"] if words[0] in ("load", "check", "copy") else []
        done = subprocess.run([CHATLOAD, *map(str, words), *more], capture_output=True, text=True, **popen_options)
        return run_of(done, path)


def generate(path, **options):
    """chatgen's log at `path`: generate(path, lines=1000, ids="v4")."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    subprocess.run([CHATGEN, *words, "-o", str(path)], check=True)
    return path


def chat_line(number=0, **members):
    """A valid line without its line end; the number makes its id and time, and members replace or add others."""
    return json.dumps({"id": f"f{number}", "type": "message", "from": "v", "site_id": "1",
                       "timestamp": 1479816000 + number, "data": {"message": "m"}, **members})  # fmt: skip


def write_gzip(path, *members):
    """One gzip member for each bytes of `members`."""
    with open(path, "wb") as file:
        for member in members:
            file.write(gzip.compress(member, 1, mtime=0))
    return path


def require_tool(name, look, what):
    """The path that the line of bash `look` prints, $0 being the repository; skips the script where it
    prints none."""
    found = subprocess.run(["bash", "-c", look, ROOT], stdout=subprocess.PIPE, text=True).stdout.strip()
    if not found:
        skip(f"{what} needs {name}; run scripts/setup and read why it is not there")
    return found


TABLE_QUERY = (
    "SELECT HEX(`id`), HEX(`from`), HEX(`type`), HEX(`site_id`), HEX(`data`), UNIX_TIMESTAMP(`timestamp`)"
    " FROM `chat_messages` ORDER BY `id`"
)


def first_difference(database, result):
    """Where chat_messages and the oracle's result differ first, as a sentence; None if they are equal, row for row."""
    found = map(b"\t".join, database.server.rows(TABLE_QUERY, database.name))
    for number, (row, expected) in enumerate(itertools.zip_longest(found, result.table_lines()), 1):
        if row != expected:
            return f"row {number} by id: the table holds {readable(row)}, the oracle {readable(expected)}"
    return None


def readable(row):
    if row is None:
        return "no such row"
    *texts, seconds = row.split(b"\t")
    return str([bytes.fromhex(text.decode()) if text != b"NULL" else None for text in texts] + [int(seconds)])


def loader_counts(summary):
    """The part of a summary that oracle.Result.counts() has too; `valid` is the sum where a load has none."""
    counts = {name: summary.get(name, 0) for name in oracle.Result().counts()}
    counts["valid"] = summary.get("valid") or counts["inserted"] + counts["updated"] + counts["duplicate"]
    return counts
