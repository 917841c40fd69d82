# ctest: mariadb
"""--metrics of loads that come to rows: its figures are the summary's, and a failure keeps the last success."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

LINES = 3000
SAMPLE = re.compile(r'^(\w+)\{table="chat_messages",file="chatload.prom"(?:,(?:\w+)="([^"]*)")?(?:,\w+="([^"]*)")?\} (\S+)$', re.MULTILINE)


class MetricsTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.enterContext(support.Database(support.Server()))
        self.database.sql(support.schema())
        self.log = support.generate(self.folder / "chat.json.gz", lines=LINES, ids="v4")

    def load(self, *words, to=None):
        """The exit code, the summary and the metrics, each by its name and its label's value."""
        summary, metrics = self.folder / "summary.json", self.folder / "chatload.prom"
        words = ["load", self.log, "--to", to or self.database.url, "--progress", "none", "--retry-for", "0",
                 "--summary", summary, "--metrics", metrics, *words]  # fmt: skip
        done = subprocess.run([support.CHATLOAD, *map(str, words)], capture_output=True, text=True)
        samples = {(name, label): value for name, label, _, value in SAMPLE.findall(metrics.read_text())}
        return done, json.loads(summary.read_text()), samples

    def test_the_figures_are_those_of_the_run(self):
        done, summary, metrics = self.load("--order", "key", "--indexes", "defer")
        self.assertEqual(done.returncode, 1, done.stderr)
        for outcome in ("inserted", "updated", "duplicate", "filtered", "rejected", "blank"):
            self.assertEqual(int(metrics["chatload_last_run_lines", outcome]), summary["this_run"][outcome], outcome)
        for reason, count in summary["rejects_by_reason"].items():
            self.assertEqual(int(metrics["chatload_last_run_rejects", reason]), count, reason)
        self.assertEqual(int(metrics["chatload_last_run_bytes", "compressed"]), self.log.stat().st_size)
        self.assertEqual(int(metrics["chatload_last_run_bytes", "decompressed"]), summary["bytes_decompressed"])
        duration = float(metrics["chatload_last_run_duration_seconds", ""])
        self.assertAlmostEqual(duration, summary["seconds"], delta=0.001)
        stages = [float(metrics["chatload_last_run_stage_seconds", stage]) for stage in ("sort", "write", "indexes")]
        self.assertTrue(all(stage > 0 for stage in stages), stages)
        self.assertLess(sum(stages), duration)
        self.assertGreater(int(metrics["chatload_last_run_peak_memory_bytes", ""]), 4_000_000)
        version = support.Server().sql("SELECT VERSION()")[0][0]
        text = (self.folder / "chatload.prom").read_text()
        self.assertRegex(text, f'server="MariaDB {re.escape(version)}"}} 1\n$')

    def test_what_is_loaded_already_is_a_success_without_lines(self):
        _, _, first = self.load()
        done, summary, metrics = self.load()
        self.assertEqual(summary["status"], "already_loaded")
        self.assertEqual(int(metrics["chatload_last_run_lines", "inserted"]), 0)
        success = ("chatload_last_success_timestamp_seconds", "")
        self.assertGreater(float(metrics[success]), float(first[success]))

    def test_a_failure_keeps_the_last_success(self):
        _, _, first = self.load()
        done, _, metrics = self.load("--reload", to=self.database.url.replace(self.database.name, "no_such_database"))
        self.assertEqual((done.returncode, metrics["chatload_last_run_exit_code", ""]), (3, "3"), done.stderr)
        success = ("chatload_last_success_timestamp_seconds", "")
        self.assertEqual(metrics[success], first[success])

    def test_an_exceeded_budget_is_no_success(self):
        done, _, metrics = self.load("--max-rejects", "0")
        self.assertEqual((done.returncode, metrics["chatload_last_run_exit_code", ""]), (2, "2"), done.stderr)
        self.assertNotIn(("chatload_last_success_timestamp_seconds", ""), metrics)


if __name__ == "__main__":
    unittest.main()
