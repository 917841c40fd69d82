# ctest: mariadb tools
"""--report and `chatload report`, looked at in a browser: on a wide and on a narrow screen, light and dark.

CHATLOAD_REPORT_PICTURE=FILE.png keeps a picture of a report there, for the documentation.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import browser
import support

LINES = 100_000  # so many that there is a speed to show
PICTURE = os.environ.get("CHATLOAD_REPORT_PICTURE")
HOSTILE = '<img src="http://x.example/" onerror="alert(1)"></pre><script>console.log("run")</script> \u202e \x1b[2J'


class ReportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(browser.Browser(CHROMIUM))
        cls.server = support.Server()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.enterContext(support.Database(self.server))
        self.database.create_table()
        self.log = support.generate(self.folder / "chat.json.gz", lines=2000, ids="v4")
        self.page = self.folder / "report.html"

    def version(self):
        return self.database.sql("SELECT VERSION()")[0][0].partition("-MariaDB")[0]

    def load(self, *words, log=None, to=None):
        """The exit code and the summary; the report is at self.page."""
        summary = self.folder / "summary.json"
        words = ["load", log or self.log, "--to", to or self.database.url, "--progress", "none", "--retry-for", "0",
                 "--summary", summary, "--report", self.page, *words]  # fmt: skip
        done = subprocess.run([support.CHATLOAD, *map(str, words)], capture_output=True, text=True)
        return done, json.loads(summary.read_text())

    def show(self, path=None, width=1280, **options):
        """The page, which no browser has anything against."""
        page = self.browser.show(path or self.page, width, **options)
        self.assertEqual(page.complaints, [])
        self.assertEqual(page.requests, [f"file://{path or self.page}"])
        self.assertLessEqual(page.width, width)
        return page

    def assert_shows(self, page, *parts):
        for part in parts:
            self.assertIn(part, page.text)

    def test_a_load_is_told_on_wide_and_narrow_screens_light_and_dark(self):
        log = support.generate(self.folder / "night.json.gz", lines=LINES, ids="v4")
        done, summary = self.load("--order", "key", "--indexes", "defer", log=log)
        self.assertEqual(done.returncode, 1, done.stderr)
        inserted, rejected = f"{summary['inserted']:,}", f"{summary['rejected']:,}"
        brightness = {}
        for width, dark in ((1280, False), (400, False), (1280, True), (400, True)):
            page = self.show(width=width, dark=dark)
            with self.subTest(width=width, dark=dark):
                self.assert_shows(page, "Loaded", f"{inserted} rows inserted", f"{rejected} of {LINES:,} lines rejected",
                                  "The counts add up.", "chatload rejects 1", "invalid_json:", "rows a second, at most",
                                  "what it waited for", "sorts by key", "writes in key order", "builds indexes",
                                  "Slowest transactions", "stretch 0 in key order", "exit code 1",
                                  f"MariaDB {self.version()}", "secondary index", "range-size", "--order asks for it", "INSERT, prepared")  # fmt: skip
                pixels = page.pixels()
                self.assertGreater(len(set(pixels)), 50)
                brightness[width, dark] = sum(map(sum, pixels)) / len(pixels) / 3
        self.assertGreater(min(brightness[1280, False], brightness[400, False]), 200)
        self.assertLess(max(brightness[1280, True], brightness[400, True]), 80)
        self.assertLess(self.page.stat().st_size, 200_000)

    def test_what_stands_in_rejected_lines_is_shown_and_does_nothing(self):
        lines = [support.chat_line(1), HOSTILE, json.dumps({"id": HOSTILE * 20, "type": "message"}), support.chat_line(2)]
        log = support.write_gzip(self.folder / 'a<b>"&.json.gz', "\n".join(lines).encode() + b"\n\xff\x00\n")
        done, summary = self.load(log=log)
        self.assertEqual((done.returncode, summary["rejected"]), (1, 3), done.stderr)
        page = self.show()
        self.assert_shows(page, '<script>console.log("run")</script>', "\\x1b[2J", 'a<b>"&.json.gz, line 2, byte',
                          "\\xff\\x00")  # fmt: skip

    def test_earlier_loads_are_beside_it(self):
        for seed in range(3):
            log = support.generate(self.folder / f"{seed}.json.gz", lines=100 + seed, seed=seed)
            self.load(log=log)
        self.assert_shows(self.show(), "Against the last 3 loads of this table")
        self.load(log=log)
        self.assert_shows(self.show(), "Everything was loaded before.", "load 3")

    def test_a_failure_says_what_failed_and_what_to_do(self):
        log = support.write_gzip(self.folder / "cut.json.gz", support.chat_line().encode() * 1000)
        log.write_bytes(log.read_bytes()[:-10])
        done, _ = self.load(log=log)
        self.assertEqual(done.returncode, 3, done.stderr)
        page = self.show()
        self.assert_shows(page, "Failed", "exit code 3", "Fix the cause. Run the same command again",
                          f"chatload load {log}", "1 failed")  # fmt: skip
        (said,) = re.findall(r"error: (.+)", done.stderr)
        self.assertIn(said, page.text)

    def test_without_a_server_the_report_is_there_too(self):
        done, _ = self.load(to="mysql://nobody@localhost/nothing?socket=/nonexistent/socket")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assert_shows(self.show(), "Failed", "/nonexistent/socket", "1 not reached")

    def test_it_can_be_made_later_from_the_ledger(self):
        done, summary = self.load("--max-rejects", "0")
        self.assertEqual(done.returncode, 2, done.stderr)
        page = self.show()
        self.assert_shows(page, "Stopped", "Look at the rejected lines below.")
        self.load()
        words = [support.CHATLOAD, "report", "1", "--to", self.database.url]
        done = subprocess.run([*words, "-o", self.folder / "later.html"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        page = self.show(self.folder / "later.html", width=400)
        self.assert_shows(page, "Loaded", "The counts add up.", "invalid_json:", "chatload rejects 1", "chat.json.gz",
                          "exit code 1", "--report FILE.html")  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ((self.folder / "later.html").read_text(), 0))
        words[2] = "77"
        done = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("The ledger has no load 77", done.stderr)


def keep_picture(path):
    """Of the last of 14 nights."""
    with browser.Browser(CHROMIUM) as shown, support.Database(support.Server()) as database:
        database.create_table()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            report = folder / "report.html"
            for night in range(14):
                log = support.generate(folder / "chat.json.gz", lines=180_000 if night == 13 else 30_000 + 2_000 * (night % 5),
                                       ids="v4", seed=night)  # fmt: skip
                words = ["chat.json.gz", "--to", database.url, "--indexes", "defer", "--report", "report.html"]
                subprocess.run([support.CHATLOAD, "load", *words], cwd=folder, capture_output=True)
            text = re.sub(r"(&#39;)?mysql://[^<]+(?=</)", "mysql://loader@db.example:3306/chat", report.read_text())
            report.write_text(text)
            page = shown.show(report, 900, picture_height=2500, picture_scale=0.55)
            pathlib.Path(path).write_bytes(page.png)


if __name__ == "__main__":
    CHROMIUM = support.require_tool("chromium", "command -v chromium", "the look at a report in a browser")
    keep_picture(PICTURE) if PICTURE else unittest.main()
