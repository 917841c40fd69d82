"""The units: systemd takes them, they are confined, and exit codes lead to what docs/deploying.md says."""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import recipe
import support

UNITS = ("chatload@.service", "chatload@.timer", "chatload-failed@.service")
# Tenths of systemd's points: 20 is the worst value that it calls "OK", with a network.
EXPOSURE_MAX = 20


def settings(unit):
    """{name: [values]} of a unit, whatever its section."""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", (recipe.PACKAGING / "systemd" / unit).read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


class SystemdTest(recipe.RecipeCase):
    def setUp(self):
        super().setUp()
        self.units = self.folder / "units"
        self.units.mkdir()
        for unit in UNITS:
            text = (recipe.PACKAGING / "systemd" / unit).read_text()
            # The one under test need not be where systemd looks for programs.
            (self.units / unit).write_text(text.replace("=chatload load", f"={self.folder}/bin/chatload load"))

    def analyze(self, *words):
        environment = self.environment(SYSTEMD_UNIT_PATH=f"{self.units}:")
        words = ["systemd-analyze", *words]
        return subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_systemd_takes_the_units(self):
        for unit in UNITS:
            with self.subTest(unit):
                done = self.analyze("verify", "--man=no", str(self.units / unit.replace("@", "@chat")))
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_a_wrong_setting_would_be_seen(self):
        unit = self.units / "chatload@.service"
        unit.write_text(unit.read_text().replace("RestartSec=10min", "RestartSec=soon"))
        self.assertIn("soon", self.analyze("verify", "--man=no", str(self.units / "chatload@chat.service")).stdout)

    def test_the_load_is_confined(self):
        unit = str(self.units / "chatload@.service")
        done = self.analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_only_failures_that_may_pass_are_tried_again(self):
        unit = settings("chatload@.service")
        (good,), (final,) = unit["SuccessExitStatus"], unit["RestartPreventExitStatus"]
        good, final = {0, *map(int, good.split())}, set(map(int, final.split()))
        self.assertEqual(good, {recipe.LOADED, recipe.REJECTED})
        self.assertEqual(set(recipe.EXIT_CODES) - good - final, {recipe.FAILED})
        self.assertEqual(unit["Restart"], ["on-failure"])

    def test_chatload_takes_the_flags(self):
        ((_, words),) = [line.split(" ", 1) for line in settings("chatload@.service")["ExecStart"]]
        example = (self.units / "chatload@.service").read_text()
        flags = re.search(r"CHATLOAD_FLAGS=(.*?)  ", example)[1]
        for name, value in {
            "${CREDENTIALS_DIRECTORY}": str(self.folder),
            "$CHATLOAD_FLAGS": flags,
            "$CHATLOAD_INPUTS": f"'{self.folder}/logs/*.json.gz'",
        }.items():
            words = words.replace(name, value)
        url = self.here("mysql://loader@db.example:3306/chat")
        self.assert_no_server(self.run_with_chatload(f"CHATLOAD_TO={url} chatload {words}"))


if __name__ == "__main__":
    support.need_programs("systemd-analyze")
    unittest.main()
