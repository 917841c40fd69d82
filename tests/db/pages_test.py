"""The commands of README.md and docs/ do what the pages say, against a server."""
# ctest: mariadb

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import pages
import support

# Loaded, with rejected lines or without.
LOADED = (0, 1)


def as_pattern(shown):
    """What a page shows of an output, as a pattern: times and sizes of the compressed file differ from run to run."""
    shown = re.sub(r"[\d.,]+(?= s,| rows/s| MiB)", pages.ANYTHING, shown)
    return re.compile(re.escape(shown).replace(pages.ANYTHING, ".*"), re.DOTALL)


def lines_but_times(page):
    """Sorted, since messages of several threads may come in another order."""
    text = re.sub(r"[\d.,]+(?= s,| rows/s| MiB)|\d{4}-\d\d-\d\dT[\d:]+Z", pages.ANYTHING, page.read_text())
    return sorted(text.splitlines())


class PagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = f"{pages.bin_folder(self.folder)}:{os.environ['PATH']}"

    def database(self):
        """Its URL stands for the one in the pages."""
        database = self.enterContext(support.Database(self.server))
        database.create_table()
        config = self.folder / "chatload.toml"
        config.write_text(re.sub('"mysql://.*"', f'"{database.url}"', config.read_text()))
        return database

    def run_command(self, command, database):
        is_ours = command.startswith("scripts/")
        words = ["bash", "-o", "pipefail", "-c", command.replace(pages.URL, database.url)]
        environment = {**os.environ, "PATH": self.path, "CHATLOAD_SANDBOX_DIR": str(self.folder / "sandbox")}
        return subprocess.run(
            words,
            cwd=support.ROOT if is_ours else self.folder,
            env=environment | {"CHATLOAD_BIN": support.CHATLOAD, "CHATGEN_BIN": support.CHATGEN},
            capture_output=True,
            text=True,
        )

    def stop_quickstart(self):
        for kind in ("mariadb", "mysql"):
            words = [support.ROOT / "scripts/sandbox", "stop", "--server", kind, "--fresh"]
            environment = {**os.environ, "CHATLOAD_SANDBOX_DIR": str(self.folder / "sandbox")}
            subprocess.run(words, env=environment, capture_output=True, check=False)

    def test_readme_from_top_to_bottom(self):
        pages.make_inputs(self.folder, lines=200_000)
        database = self.database()
        self.addCleanup(self.stop_quickstart)
        count = 0
        for block in pages.blocks(pages.README):
            for command in block.commands():
                # It starts a server of its own choice, and would write its sample twice at a time.
                if command == "scripts/quickstart" and support.SERVER_KIND != "mariadb":
                    continue
                with self.subTest(command):
                    done = self.run_command(command, database)
                    self.assertIn(done.returncode, LOADED, done.stderr)
                    count += 1
                    if block.kind == "console":
                        shown = block.text.removeprefix(f"$ {command}\n")
                        self.assertRegex(done.stdout, as_pattern(shown))
        self.assertGreaterEqual(count, 7)

    def test_each_command_of_the_other_pages(self):
        pages.make_inputs(self.folder, lines=2_000)
        count = 0
        for page in pages.PAGES[1:]:
            for command in (text for block in pages.blocks(page) if block.kind == "sh" for text in block.commands()):
                with self.subTest(page=page.name, command=command):
                    database = self.database()
                    if "chatload load " not in command:
                        self.run_command(f"chatload load chat.json.gz --to {pages.URL}", database)
                    done = self.run_command(command, database)
                    self.assertIn(done.returncode, LOADED, done.stderr)
                    count += 1
        self.assertGreaterEqual(count, 15)

    def test_the_recorded_session_is_what_happens(self):
        words = [support.ROOT / "scripts/record-session", "--out", self.folder]
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        shown, found = (folder / "session.md" for folder in (support.ROOT / "docs", self.folder))
        self.assertEqual(lines_but_times(found), lines_but_times(shown))
        for folder in (support.ROOT / "docs", self.folder):
            texts = xml.etree.ElementTree.parse(folder / "progress.svg").iter("{http://www.w3.org/2000/svg}text")
            *_, last = (text.text for text in texts)
            self.assertRegex(last, r"^2 of 2, writes in key order: \d+ %, [\d,]+ rows/s, .*, waits for \w+$")


if __name__ == "__main__":
    unittest.main()
