"""What the tests of whole loads in the ledger share: a log with everything in it, and a load that is held in its midst.

A load is held by a row: another session inserts the id of one of its lines and does not commit, so the load's own
INSERT of that id waits, and with one connection every range in front of it is committed and none behind it.
"""

import contextlib
import gzip
import json
import math
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

DEADLINE_S = 60
POLL_S = 0.1  # a look costs the machine some 10 ms
OUTCOMES = ("inserted", "updated", "duplicate", "filtered", "rejected", "blank")
LOG_LINE = re.compile(r"[0-9T:-]+Z (info|warning|error): (.+)")
REJECTS_QUERY = (
    "SELECT line, byte_offset, reason, IFNULL(field, ''), IFNULL(detail, ''), HEX(raw) FROM chatload_rejects"
    " WHERE load_id = {} ORDER BY line"
)
LINES = 1000
HELD = f"id-{LINES // 2 + 1}"  # an id of one line only, in the middle of chat_log()


def wait_until(is_so, what):
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {DEADLINE_S} s")
        time.sleep(POLL_S)


def line(key, text="m", **values):
    data = {"message": text}
    members = {"id": key, "type": "message", "from": "v", "site_id": "3", "timestamp": 7, "data": data, **values}
    return json.dumps(members) + "\n"


def chat_log(lines=LINES):
    """Lines of some 200 bytes: ids that come again near and far with other texts, bad, blank and filtered lines."""
    parts = []
    for number in range(lines):
        key = number - 3 if number % 10 == 5 else number // 2 if number % 10 == 8 else number
        text = f"text {number} " + "x" * 100
        if number % 50 == 49:
            parts.append(f"bad {number}\n")
        elif number % 50 == 24:
            parts.append(" \n")
        elif number % 50 == 12:
            parts.append(line(f"id-{key}", text, type="typing"))
        else:
            parts.append(line(f"id-{key}", text, site_id=str(number % 4)))
    return "".join(parts)


class Loader:
    """A `chatload load` under way; as a context it leaves nothing behind."""

    def __init__(self, folder, words, progress="none", **popen_options):
        self.summary = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "summary.json"
        self.errors = self.summary.with_name("stderr")
        words = [support.CHATLOAD, "load", *words, "--summary", self.summary, "--progress", progress]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                list(map(str, words)), stdout=subprocess.DEVNULL, stderr=errors, **popen_options
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """SIGKILL, and waits for the end."""
        self.process.kill()
        self.process.wait()

    def says(self, text):
        return text in self.errors.read_text()

    def finish(self):
        self.process.wait(DEADLINE_S)
        done = subprocess.CompletedProcess(self.process.args, self.process.returncode, "", self.errors.read_text())
        return support.run_of(done, self.summary)


def ask_to_stop(loader):
    """SIGINT; returns when it was handled."""
    loader.process.send_signal(signal.SIGINT)
    status = pathlib.Path(f"/proc/{loader.process.pid}/status")
    caught = lambda: int(re.search(r"SigCgt:\s*([0-9a-f]+)", status.read_text())[1], 16)
    wait_until(lambda: not caught() >> (signal.SIGINT - 1) & 1, "SIGINT was handled")


class LedgerCase(unittest.TestCase):
    RANGE_SIZE = ("--range-size", "8K")  # 25 ranges of chat_log(), about

    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.enterContext(support.Database(self.server))
        self.database.create_table()

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_log(self, name="log.json.gz", lines=LINES):
        return support.write_gzip(self.folder / name, chat_log(lines).encode())

    def load(self, *words, to=None, **popen_options):
        return support.run_chatload("load", *words, "--to", to or self.database.url, **popen_options)

    def loader(self, *words, to=None, **popen_options):
        return self.enterContext(Loader(self.folder, [*words, "--to", to or self.database.url], **popen_options))

    @contextlib.contextmanager
    def session(self, statements, user="root"):
        """Another session in the database that has run the statements; it ends, and rolls back, with the context."""
        with contextlib.closing(self.server.connect(self.database.name, user)) as connection:
            for _ in support.rows_of(connection, statements):
                pass
            yield

    def row_held(self, key=HELD):
        """Keeps a load waiting at the line of that id."""
        return self.session(
            "START TRANSACTION; INSERT INTO chat_messages (`id`, `from`, `type`, `site_id`, `data`, `timestamp`)"
            f" VALUES ('{key}', '', '', '', '', '2016-11-22')"
        )

    def is_held(self):
        # INNODB_TRX is no use: it shows what it showed as long as it is asked ten times a second.
        return self.server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")[0][1] != "0"

    def committed_ranges(self, load=1):
        return int(self.database.sql(f"SELECT COUNT(*) FROM chatload_ranges WHERE load_id = {load}")[0][0])

    @contextlib.contextmanager
    def held_load(self, *words, key=HELD, **options):
        """A load that has committed all ranges in front of the one with the id, and goes on after the context."""
        with self.row_held(key):
            loader = self.loader(*words, "--connections", 1, **options)
            wait_until(lambda: self.is_held() or loader.process.poll() is not None, f"the load waits for {key}")
            self.assertIsNone(loader.process.poll(), loader.errors.read_text())
            yield loader

    def interrupt(self, *words, key=HELD, **options):
        """A load that is killed when some but not all of its ranges are committed; returns how many."""
        with self.held_load(*words, key=key, **options) as loader:
            loader.kill()
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")
        ranges = self.committed_ranges()
        self.assertGreater(ranges, 0)
        return ranges

    def least_memory(self, *flags):
        """What a load with the flags says that it takes, which it rounds to a tenth of a MiB."""
        memory, path = "1M", self.write("one.json", line("1"))
        while refusal := re.search(r"which take ([\d.]+) MiB", self.load(path, *flags, "--memory", memory).stderr):
            memory = f"{math.ceil((float(refusal[1]) + 0.05) * 1024)}K"
            self.database.create_table()
        self.database.create_table()
        return memory

    def rows_in_table(self):
        return int(self.database.sql("SELECT COUNT(*) FROM chat_messages")[0][0])

    def loads(self):
        """Of each its number, the latest attempt at any of its sources, its state, and the load that supersedes it."""
        return self.database.sql(
            "SELECT l.load_id, MAX(s.attempt), l.state, IFNULL(l.superseded_by, '-') FROM chatload_loads l"
            " LEFT JOIN chatload_sources s ON s.load_id = l.load_id GROUP BY l.load_id ORDER BY l.load_id"
        )

    def sources(self):
        """Of each its load, its file's name, its state, and the load that supersedes it."""
        rows = self.database.sql(
            "SELECT load_id, name, state, IFNULL(superseded_by, '-') FROM chatload_sources ORDER BY load_id, source"
        )
        return [[load, pathlib.Path(name).name, *more] for load, name, *more in rows]

    def recorded_counts(self, load):
        """What the ledger's ranges come to, of a load that is not done."""
        sums = ", ".join(f"CAST(SUM(`{name}`) AS SIGNED)" for name in ("lines", *OUTCOMES))
        row = self.database.sql(f"SELECT {sums} FROM chatload_ranges WHERE load_id = {load}")[0]
        return dict(zip(("lines", *OUTCOMES), map(int, row)))

    def assert_adds_up(self, summary):
        self.assertEqual(summary["lines"], sum(summary[name] for name in OUTCOMES), summary)
        self.assertEqual(summary["rejected"], sum(summary["rejects_by_reason"].values()), summary)

    def assert_loaded(self, run, expected, load=1, exit_code=1, status="done"):
        """Table, rejects and counts are the oracle's."""
        self.assertEqual(run.exit_code, exit_code, run.stderr)
        self.assertEqual(run.summary["status"], status)
        self.assert_adds_up(run.summary)
        self.assertEqual(support.loader_counts(run.summary), expected.counts(), run.stderr)
        self.assert_in_database(expected, load)

    def assert_in_database(self, expected, load=1):
        self.assertIsNone(support.first_difference(self.database, expected))
        self.assert_rejects(expected, load)
        self.assertEqual(self.database.sql(f"SELECT state FROM chatload_loads WHERE load_id = {load}"), [["done"]])
        self.assertEqual(self.committed_ranges(load), 0)

    def assert_rejects(self, expected, load=1):
        """The ledger has the oracle's rejects; what the server said has to hold what the oracle says."""
        found = self.database.sql(REJECTS_QUERY.format(load))
        for row, reject, (detail, raw) in zip(found, expected.rejects, expected.reject_texts):
            number, offset, reason, field = reject
            self.assertEqual(row[:4] + row[5:], [str(number), str(offset), reason, field or "", raw.hex().upper()])
            self.assertIn(detail or "", row[4])
            self.assertTrue(reason == "refused_by_server" or (detail or "") == row[4], row)
            self.assertEqual(bool(detail), bool(row[4]), row)
        self.assertEqual(len(found), len(expected.rejects))

    def assert_refused(self, run, exit_code, *parts):
        """One error that has all parts."""
        self.assertEqual(run.exit_code, exit_code, run.stderr)
        events = filter(None, map(LOG_LINE.fullmatch, run.stderr.splitlines()))
        errors = [event[2] for event in events if event[1] == "error"]
        self.assertEqual(len(errors), 1, run.stderr)
        for part in parts:
            self.assertIn(str(part), errors[0])
        return errors[0]


def rejects_in_file(path):
    """A --rejects file's records as (line, offset, reason, field, detail, raw)."""
    keys = ("line", "offset", "reason", "field", "detail", "raw")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [tuple(json.loads(text).get(key) for key in keys) for text in file]


def rejects_of(expected):
    """The oracle's, as rejects_in_file() has them."""
    return [(*reject, detail, raw.decode()) for reject, (detail, raw) in zip(expected.rejects, expected.reject_texts)]


def apply(*paths, **options):
    return oracle.apply([str(path) for path in paths], **options)
