"""What the tests of reading over the network share: logs, what a command makes of them from disk, and how it may fail."""

import base64
import contextlib
import functools
import gzip
import os
import pathlib
import random
import re
import shutil
import tempfile
import unittest
import zlib

import support
from remote import web_server
from remote.fault_proxy import FaultProxy

COUNTS = ("lines", "valid", "filtered", "rejected", "blank", "rejects_by_reason", "bytes_compressed", "bytes_decompressed")
AT_ONCE = ("--retry-for", "1s")
# Enough for all that a schedule of faults does, and little where nothing helps.
PATIENT = ("--retry-for", "20s")
ERROR = re.compile(r"(?m)^[0-9T:-]+Z error: (.+)$")


def counts(summary):
    return {name: summary[name] for name in COUNTS}


@functools.cache
def check_from_disk(*paths_and_times):
    run = support.run_chatload("check", *(path for path, _ in paths_and_times))
    return run.exit_code, counts(run.summary)


def random_lines(size):
    """Valid lines whose texts cannot be compressed to much less than half, so many bytes of them or some more."""
    source = random.Random(3)
    lines, length = [], 0
    while length < size:
        text = base64.b64encode(source.randbytes(150)).decode()
        lines.append(f"{support.chat_line(len(lines), data={'message': text})}\n".encode())
        length += len(lines[-1])
    return b"".join(lines)


def stored(text):
    """A gzip as large as its text, so that many ranges of it are read, and inflated in no time."""
    compressor = zlib.compressobj(0, wbits=31)
    return compressor.compress(text) + compressor.flush()


class RemoteCase(unittest.TestCase):
    """Logs are made in `served`, which is the class's; commands run with a home folder without credentials."""

    secrets = (web_server.PASSWORD,)

    @classmethod
    def setUpClass(cls):
        cls.served = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.home = self.folder / "home"
        self.home.mkdir()

    def log(self, name="log.json.gz", lines=2000, **options):
        """Some 300 KB of lines, with all kinds of bad ones, in a gzip of that name."""
        return support.generate(self.served / name, **({"lines": lines, "malformed": 3} | options))

    def big_log(self, name="big.json.gz", lines=80_000):
        """20 MB, stored: what several requests are needed for."""
        path = self.served / name
        if not path.exists():
            path.write_bytes(stored(big_text(lines)))
        return path

    def variables(self, **others):
        kept = {name: value for name, value in os.environ.items() if not re.match("AWS_|.*_proxy$|SSL_CERT", name, re.I)}
        return {**kept, "HOME": str(self.home), **others}

    def run_command(self, *words, **options):
        options.setdefault("env", self.variables())
        run = support.run_chatload(*words, timeout=120, **options)
        said = f"{run.stdout}{run.stderr}{run.summary}"
        for secret in self.secrets:
            self.assertNotIn(secret, said)
        return run

    def check(self, *words, **options):
        return self.run_command("check", *words, **options)

    def assert_same_check(self, run, *paths):
        """Of the same counts as one of the files on disk."""
        exit_code, expected = check_from_disk(*((path, path.stat().st_mtime_ns) for path in paths))
        self.assertEqual(run.exit_code, exit_code, run.stderr)
        self.assertIsNotNone(run.summary, run.stderr)
        self.assertEqual(counts(run.summary), expected, run.stderr)

    def assert_failed(self, run, *parts):
        """With exit code 3 and one error, a sentence that has all parts; returns it."""
        self.assertEqual(run.exit_code, 3, run.stderr)
        errors = ERROR.findall(run.stderr)
        self.assertEqual(len(errors), 1, run.stderr)
        self.assertNotRegex(errors[0], r"terminate called|std::|curl_easy|CURLE_")
        for part in parts:
            self.assertRegex(errors[0], part)
        return errors[0]

    def assert_right_or_failed(self, run, *paths):
        """True if it was right. What must never be is a success of other counts."""
        if run.exit_code == 3:
            self.assert_failed(run)
            return False
        self.assert_same_check(run, *paths)
        return True

    def proxy_to(self, server, plan=None):
        return self.enterContext(FaultProxy(server.address(), plan))

    @contextlib.contextmanager
    def replaced(self, path):
        """A function that puts other bytes in the file's place; the file is as it was behind the context."""
        kept = self.folder / "kept"
        shutil.copy2(path, kept)
        try:
            yield functools.partial(replace, path)
        finally:
            shutil.copy2(kept, path)


class WebCase(RemoteCase):
    """Each class has nginx over `served`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.web = cls.enterClassContext(web_server.WebServer(cls.served))

    def proxy(self, plan=None):
        return self.proxy_to(self.web, plan)


def replace(path):
    """By a file of another size, as a whole: it has a time and an ETag of its own."""
    made = path.with_name(f"{path.name}.new")
    made.write_bytes(path.read_bytes() + gzip.compress(b"\n"))
    made.rename(path)


@functools.cache
def big_text(lines):
    with tempfile.TemporaryDirectory() as folder:
        path = support.generate(pathlib.Path(folder) / "log.json.gz", lines=lines, malformed=1)
        with gzip.open(path) as file:
            return file.read()
