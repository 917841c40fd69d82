"""What the fault tests share: a server of their own, a loader that can be killed, and what must be there at the end."""

import contextlib
import functools
import gzip
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import fault_log
import oracle
import support

DEADLINE_S = 240
REJECTS_QUERY = (
    "SELECT line, byte_offset, reason, IFNULL(field, ''), IFNULL(detail, ''), HEX(raw), raw_is_cut"
    " FROM chatload_rejects ORDER BY source, line"
)
LOAD_COUNTS = ("lines", "inserted", "updated", "duplicate", "filtered", "rejected", "blank")


class Loader:
    """`chatload load WORDS...`; runs as a context, which kills what it leaves behind."""

    def __init__(self, *words):
        self.words = [support.CHATLOAD, "load", *words]

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.summary = pathlib.Path(self.folder.name) / "summary.json"
        self.errors = pathlib.Path(self.folder.name) / "stderr"
        words = [*self.words, "--summary", self.summary, "--progress", "none"]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(list(map(str, words)), stdout=errors, stderr=errors)
        self.pid = self.process.pid
        return self

    def __exit__(self, *_):
        self.kill()
        self.folder.cleanup()

    def kill(self, link=None):
        """SIGKILL, and waits for the end. As a proxy's action it keeps back the statement, or the answer, too."""
        self.process.kill()
        self.process.wait()
        if link:
            link.cut()

    def stop(self):
        """SIGSTOP, and returns when every thread has stopped."""
        self.process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + DEADLINE_S
        threads = pathlib.Path(f"/proc/{self.pid}/task")
        while not all("State:\tT" in status.read_text() for status in threads.glob("*/status")):
            if time.monotonic() > deadline:
                raise TimeoutError("the loader did not stop")

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def ends_within(self, seconds):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.returncode is not None

    def finish(self, deadline_s=DEADLINE_S):
        """The finished run; raises TimeoutError, with what it said, if it does not end."""
        if not self.ends_within(deadline_s):
            raise TimeoutError(f"chatload still runs after {deadline_s} s: {self.errors.read_text()}")
        done = subprocess.CompletedProcess(self.process.args, self.process.returncode, "", self.errors.read_text())
        return support.run_of(done, self.summary)


class FaultTest(unittest.TestCase):
    """A case of which all loads take the same log, into tables that refuse some of its lines or, as LOAD DATA is only
    for such, into tables that refuse none."""

    lines, range_size = (15_000, "64K") if support.IS_LONG else (3_750, "16K")
    seed, refusals = 1, 1.0
    files = 1  # that have the log, one after the other
    server_options = ()  # with any, the case has a server of its own

    @classmethod
    def setUpClass(cls):
        name = f"{pathlib.Path(sys.argv[0]).stem}-{support.SERVER_KIND}" if cls.server_options else None
        cls.server = support.Server(name=name, options=cls.server_options)
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        log = fault_log.write_log(cls.folder / "log.json.gz", cls.lines, cls.seed, cls.refusals)
        cls.logs = [log] if cls.files == 1 else cls.split(log, cls.files)

    @classmethod
    def split(cls, log, count):
        """The lines in that many files, which are a little longer each than the one before."""
        with gzip.open(log) as file:
            lines = file.readlines()
        ends = [len(lines) * (count + number) * number // (2 * count * count) for number in range(1, count)]
        return [support.write_gzip(cls.folder / f"{number:02}.json.gz", b"".join(lines[begin:end]))
                for number, (begin, end) in enumerate(zip([0, *ends], [*ends, len(lines)]))]  # fmt: skip

    @classmethod
    @functools.cache
    def outcome(cls, mode, is_protected):
        return oracle.apply(cls.logs, on_duplicate=mode, **({"refuses": fault_log.refuses} if is_protected else {}))

    def expected(self, mode="skip"):
        """Of a load into the latest table()."""
        return self.outcome(mode, self.is_protected)

    @contextlib.contextmanager
    def table(self, method="insert"):
        """A database whose chat_messages refuses lines, unless it is for LOAD DATA."""
        with support.Database(self.server) as database:
            database.create_table()
            self.is_protected = method != "load-data"
            if self.is_protected:
                database.sql(fault_log.PROTECT_SQL)
            self.definition = database.sql("SHOW CREATE TABLE chat_messages")
            yield database

    def loader(
        self, to, mode="skip", connections=4, range_size=None, order="file", indexes="auto", method="auto",
        wait_lock="60s", more=(),
    ):
        """It waits for the named lock: the server may need a moment to notice that a killed run is gone."""
        return Loader(
            *self.logs, "--to", to, "--on-duplicate", mode, "--connections", connections,
            "--range-size", range_size or self.range_size, "--order", order, "--indexes", indexes,
            "--write-method", method, "--wait-lock", wait_lock, *more,
        )  # fmt: skip

    def load(self, to, **flags):
        with self.loader(to, **flags) as loader:
            return loader.finish()

    def make_table_anew(self, database, rows_of=None):
        """As table() made it, with no rows or those of another table."""
        # The server's CREATE_TIME has seconds: a table that is made anew within one keeps its time.
        made_at = (
            "SELECT UTC_TIMESTAMP() > CREATE_TIME FROM information_schema.TABLES"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'chat_messages'"
        )
        while database.sql(made_at) == [["0"]]:
            time.sleep(0.1)
        create = "\n".join("\t".join(cells) for cells in self.definition).partition("\t")[2]
        rows = f"; INSERT INTO chat_messages SELECT * FROM {rows_of}" if rows_of else ""
        database.sql(f"DROP TABLE chat_messages; {create}{rows}")

    def committed(self, database):
        """How many ranges the ledger holds of a load that is not done; None of one that is, or that has not begun."""
        states = database.sql("SELECT state FROM chatload_loads")
        if not states or states[0][0] == "done":
            return None
        return int(database.sql("SELECT COUNT(*) FROM chatload_ranges")[0][0])

    def assert_loaded(self, database, run, mode="skip"):
        """Table, rejects and counts are those of an undisturbed load, in the ledger and in what the last run said."""
        expected = self.expected(mode)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual(support.loader_counts(run.summary), expected.counts(), run.stderr)
        self.assert_in_database(database, mode)

    def assert_in_database(self, database, mode="skip"):
        expected = self.expected(mode)
        self.assertIsNone(support.first_difference(database, expected))
        self.assert_rejects(database, expected)
        columns = ", ".join(f"`{name}`" for name in LOAD_COUNTS)
        counts = [str(expected.counts()[name]) for name in LOAD_COUNTS]
        loads = database.sql(f"SELECT state, exit_code, {columns} FROM chatload_loads")
        self.assertEqual(loads, [["done", "1", *counts]])
        self.assertEqual(database.sql("SELECT COUNT(*) FROM chatload_ranges"), [["0"]])
        self.assertEqual(database.sql("SHOW CREATE TABLE chat_messages"), self.definition)
        self.assertEqual(database.sql("SELECT * FROM chatload_indexes"), [])

    def assert_rejects(self, database, expected):
        said = fault_log.refusal_detail(self.server.kind, database.name)
        wanted = [
            [str(line), str(offset), reason, field or "", said if reason == "refused_by_server" else detail or "",
             raw.hex().upper(), "0"]
            for (line, offset, reason, field), (detail, raw) in zip(expected.rejects, expected.reject_texts)
        ]
        found = database.sql(REJECTS_QUERY)
        for row, other in zip(found, wanted):
            self.assertEqual(row, other)
        self.assertEqual(len(found), len(wanted))

    def assert_failed(self, run, pattern):
        """Exit code 3 and one error, which is like the pattern."""
        self.assertEqual(run.exit_code, 3, run.stderr)
        errors = re.findall(r"^\S+ error: (.*)", run.stderr, re.MULTILINE)
        self.assertEqual(len(errors), 1, run.stderr)
        self.assertRegex(errors[0], pattern)
