"""How far a load is, as its progress line and `chatload loads` have it, while it waits in its midst."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LINES, LedgerCase, apply, wait_until

CLAIM = r"^INSERT INTO .?chatload_ranges"
BUILD = r"^ALTER TABLE .* ADD KEY"
RANGES = 25  # about, of the log
OFTEN = ("--progress-interval", "100ms")


class ProgressCase(LedgerCase):
    def setUp(self):
        super().setUp()
        self.path = self.write_log()
        self.door = self.enterContext(proxy.Proxy(self.server.socket))

    def stalled(self, pattern, *words, nth=1, range_size=LedgerCase.RANGE_SIZE):
        """A load of which no statement gets through from that one on, until door.flow()."""
        stalled = self.door.at(pattern, nth, before=lambda _: self.door.stall())
        to = self.door.url(self.database.name)
        loader = self.loader(self.path, *range_size, "--connections", 1, *words, *OFTEN, to=to, progress="lines")
        wait_until(lambda: stalled.done.is_set() or loader.process.poll() is not None, pattern)
        self.assertIsNone(loader.process.poll(), loader.errors.read_text())
        return loader

    def line_said(self, loader, pattern):
        """The groups of the last progress line that begins so and is whole, once there is one."""
        found = []

        def is_said():
            found[:] = re.findall(rf"info: {pattern}$", loader.errors.read_text(), re.MULTILINE)
            return found

        wait_until(is_said, pattern)
        return found[-1]

    def done_share(self):
        words = [support.CHATLOAD, "loads", "--format", "json", "--to", self.database.url]
        (load,) = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        return load["done_share"]

    def assert_ends(self, loader):
        self.door.flow()
        self.assert_loaded(loader.finish(), apply(self.path))
        self.assertEqual(self.done_share(), 1)


class KeyOrderTest(ProgressCase):
    def test_the_first_half_sorts(self):
        self.path = support.generate(self.folder / "long.json.gz", lines=80_000)
        loader = self.stalled(CLAIM, "--order", "key", "--threads", 1, range_size=())
        speeds = r"[1-9][\d,]* rows/s, [1-9][\d.]* MB/s, \d+ rejected"
        self.line_said(loader, rf"1 of 2, sorts by key: \d+ %, {speeds}, \d:\d\d left, waits for (inflate|parse)")
        self.assertEqual(self.done_share(), 0)
        self.assert_ends(loader)

    def test_the_second_half_writes_and_has_not_forgotten_the_rejects_of_the_first(self):
        loader = self.stalled(CLAIM, "--order", "key", nth=1 + RANGES // 2)
        bad = LINES // 50
        share = self.line_said(loader, rf"2 of 2, writes in key order: (\d+) %, .* MB/s, {bad} rejected, .*")
        self.assertTrue(10 < int(share) < 90, share)
        self.assertTrue(0.55 < self.done_share() < 0.95, self.done_share())
        self.assert_ends(loader)


class StepsTest(ProgressCase):
    def test_while_sorted_ranges_are_recorded_the_line_says_so(self):
        loader = self.stalled(CLAIM, "--order", "key")
        self.line_said(loader, r"records ranges: 0 %")
        self.assert_ends(loader)

    def test_while_refused_lines_are_fetched_the_line_says_how_far_that_is(self):
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'text 99%')")
        loader = self.stalled(r"^UPDATE .?chatload_rejects", "--order", "key")
        self.assertGreater(int(self.line_said(loader, r"fetches refused lines: (\d+) %, \d:\d\d left")), 0)
        self.door.flow()
        self.assertEqual(loader.finish().exit_code, 1)

    def test_while_a_touched_file_is_compared_the_line_says_how_far_that_is(self):
        self.interrupt(self.path, *self.RANGE_SIZE)
        os.utime(self.path)
        loader = self.stalled(r"^SELECT .?begin_byte.?, .* FROM .?chatload_ranges", nth=10)
        self.assertGreater(int(self.line_said(loader, r"compares what is loaded: (\d+) %, \d:\d\d left")), 0)
        self.assert_ends(loader)

    def test_while_a_pipe_is_compared_with_the_load_that_is_done_the_line_says_how_far_that_is(self):
        self.load(self.path, "--source-id", "night")
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        loader = self.loader(pipe, "--source-id", "night", *OFTEN, to=self.database.url, progress="lines")
        content = self.path.read_bytes()
        with open(pipe, "wb") as writer:
            writer.write(content[: len(content) // 2])
            writer.flush()
            self.line_said(loader, r"compares all bytes: 0\.\d MB done")
            writer.write(content[len(content) // 2 :])
        self.assert_loaded(loader.finish(), apply(self.path), status="already_loaded")

    def test_while_sorted_runs_are_merged_the_line_says_how_far_that_is(self):
        path = support.generate(self.folder / "long.json", lines=600_000)
        flags = ("--order", "key", "--threads", 8, "--connections", 1, "--range-size", "64K", "--max-line", "4K")
        loader = self.loader(path, *flags, "--memory", self.least_memory(*flags), *OFTEN, to=self.database.url, progress="lines")
        self.assertGreater(int(self.line_said(loader, r"merges sorted runs: (\d+) %, \d:\d\d left")), 0)


class IndexesTest(ProgressCase):
    def test_while_indexes_are_built_the_line_says_so_and_names_no_speed(self):
        for order in ("file", "key"):
            with self.subTest(order):
                self.database.create_table()
                loader = self.stalled(BUILD, "--order", order, "--indexes", "defer")
                self.line_said(loader, r"builds indexes: 0:\d\d so far, waits for MySQL")
                self.assert_ends(loader)


if __name__ == "__main__":
    unittest.main()
