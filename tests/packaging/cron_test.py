"""The line for cron prints, which is what cron mails, only if a load did not end well."""

import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import recipe
import support

STILL_RUNS = 75


def table():
    """The lines of the crontab: settings, and jobs as (five fields of time, user, command)."""
    lines = (recipe.PACKAGING / "cron/chatload").read_text().splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
    jobs = [line.split(maxsplit=6) for line in lines if not re.match(r"\w+=", line)]
    return settings, [(fields[:5], *fields[5:]) for fields in jobs]


class CronTest(recipe.RecipeCase):
    def setUp(self):
        super().setUp()
        self.settings, ((self.times, self.user, self.command),) = table()

    def test_the_table_has_the_form_of_crontab_5(self):
        for field in self.times:
            self.assertRegex(field, r"^(\*|\d+)$")
        self.assertEqual(self.user, "chatload")
        self.assertNotIn("%", self.command, "cron makes a newline of it")
        self.assertEqual(self.settings["SHELL"], "/bin/sh")

    def test_only_an_exit_code_above_1_is_mailed(self):
        for code in recipe.EXIT_CODES:
            with self.subTest(code):
                done = self.run_shell(self.here(self.command), STUB_EXIT=str(code))
                self.assertEqual(done.stderr, "")
                if code <= 1:
                    self.assertEqual(done.stdout, "")
                else:
                    self.assertEqual(done.stdout, f"chatload ended with exit code {code}.\nthe \\c log\n")

    def test_a_run_that_still_works_is_mailed_and_not_disturbed(self):
        lock = ["flock", str(self.folder / "lock"), "sh", "-c", "echo locked; read _"]
        with subprocess.Popen(lock, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            self.assertEqual(holder.stdout.readline(), b"locked\n")
            done = self.run_shell(self.here(self.command))
            holder.stdin.close()
        self.assertIn(f"exit code {STILL_RUNS}.", done.stdout)
        self.assertFalse((self.folder / "words").exists())

    def test_chatload_takes_the_flags(self):
        url = self.here(self.settings["CHATLOAD_TO"])
        done = self.run_with_chatload(f"export CHATLOAD_TO={url}\n{self.command}")
        self.assertIn(f"exit code {recipe.FAILED}.", done.stdout)
        self.assertIn("127.0.0.1", done.stdout)


if __name__ == "__main__":
    support.need_programs("flock")
    unittest.main()
