# ctest: tools
"""--metrics: what Prometheus' own tool says of it, whatever the run came to, and that alerts, dashboard and documentation
name the metrics that there are. Loads that come to rows are in tests/db/metrics_test.py."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

ALERTS = support.ROOT / "packaging/prometheus/alerts.yml"
DASHBOARD = support.ROOT / "packaging/grafana/chatload.json"
NOWHERE = "mysql://nobody@localhost/nothing?socket=/nonexistent/socket"
NAME = re.compile(r"\bchatload_last_[a-z_]+\b")
BEFORE = "# TYPE chatload_last_success_timestamp_seconds gauge\n"
LAST_SUCCESS = 'chatload_last_success_timestamp_seconds{table="chat_messages",file="chatload.prom"} 1479816000.000\n'


class MetricsCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.metrics = self.folder / "chatload.prom"
        self.log = support.write_gzip(self.folder / "chat.json.gz", support.chat_line().encode())

    def load(self, *words):
        """Its exit code and what it said."""
        words = ["load", self.log, "--to", NOWHERE, "--metrics", self.metrics, "--retry-for", "0", *words]
        done = subprocess.run([support.CHATLOAD, *map(str, words)], capture_output=True, text=True)
        return done.returncode, done.stderr


class FailedRunTest(MetricsCase):
    def test_a_run_without_a_server_leaves_metrics_that_promtool_has_nothing_against(self):
        code, said = self.load()
        self.assertEqual(code, 3, said)
        text = self.metrics.read_text()
        checked = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))
        self.assertIn('chatload_last_run_exit_code{table="chat_messages",file="chatload.prom"} 3\n', text)
        self.assertIn('chatload_last_run_inputs{table="chat_messages",file="chatload.prom",status="not_reached"} 1\n', text)
        self.assertNotIn("chatload_last_success", text)
        self.assertEqual(sorted(self.folder.iterdir()), [self.log, self.metrics])

    def test_the_last_success_of_the_file_that_is_there_stays(self):
        self.metrics.write_text(BEFORE + LAST_SUCCESS)
        self.load()
        self.assertIn(LAST_SUCCESS, self.metrics.read_text())
        self.load("--source-id", "night")
        self.assertNotIn("chatload_last_success", self.metrics.read_text())

    def test_another_file_in_its_place_is_no_success(self):
        for text in (b"\xff\x00binary", b"", b"x" * 2_000_000):
            self.metrics.write_bytes(text)
            self.load()
            self.assertNotIn("chatload_last_success", self.metrics.read_text())

    def test_wrong_usage_is_no_run(self):
        self.assertEqual(self.load("--since", "never")[0], 64)
        self.assertFalse(self.metrics.exists())

    def test_metrics_that_cannot_be_written_are_refused_before_the_run(self):
        for words in (["--summary", self.metrics], ["--rejects", self.metrics]):
            code, said = self.load(*words)
            self.assertEqual(code, 64)
            self.assertIn("and --metrics name the same file.", said)
        self.metrics = self.folder / "none" / "chatload.prom"
        code, said = self.load()
        self.assertEqual(code, 64)
        self.assertIn("there is no folder", said)


class NamesTest(MetricsCase):
    def setUp(self):
        super().setUp()
        self.metrics.write_text(BEFORE + LAST_SUCCESS)
        self.load()
        self.names = set(re.findall(r"^# TYPE (\S+) gauge$", self.metrics.read_text(), re.MULTILINE))

    def test_the_alerts_are_rules_of_prometheus_and_fire_when_they_should(self):
        subprocess.run([PROMTOOL, "check", "rules", ALERTS], check=True, capture_output=True)
        rules = pathlib.Path(__file__).with_name("alerts_test.yml")
        done = subprocess.run([PROMTOOL, "test", "rules", rules], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        used = set(NAME.findall(ALERTS.read_text()))
        self.assertTrue(used)
        self.assertLessEqual(used, self.names)

    def test_each_panel_of_the_dashboard_shows_metrics_that_there_are(self):
        dashboard = json.loads(DASHBOARD.read_text())
        shown = set()
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                used = set(NAME.findall(target["expr"]))
                self.assertTrue(used, panel["title"])
                self.assertLessEqual(used, self.names, panel["title"])
                shown |= used
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
        self.assertIn("chatload_last_success_timestamp_seconds", shown)

    def test_the_documentation_lists_each_metric(self):
        page = (support.ROOT / "docs/operating.md").read_text()
        self.assertEqual(set(re.findall(r"^\| `(chatload_last_[a-z_]+)", page, re.MULTILINE)), self.names)


if __name__ == "__main__":
    PROMTOOL = support.require_tool("promtool", '. "$0/scripts/lib/promtool.sh" && promtool_path', "the test of metrics and alerts")
    unittest.main()
