"""The commands of packaging/ run by a shell, with a chatload in PATH that ends as the test says."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import support

PACKAGING = support.ROOT / "packaging"
LOADED, REJECTED, BUDGET, FAILED, INTERRUPTED, WRONG_USAGE = EXIT_CODES = (0, 1, 2, 3, 4, 64)
STUB = """#!/bin/sh
printf '%s\\n' "$@" >"$STUB_WORDS"
printf '%s\\n' 'the \\c log'
while [ $# -gt 1 ]; do
  [ "$1" != --summary ] || [ -z "$STUB_SUMMARY" ] || echo "$STUB_SUMMARY" >"$2"
  shift
done
if [ -n "$STUB_WAITS" ]; then
  trap 'kill $!; exit 4' TERM
  sleep 10 &
  : >"$STUB_WAITS" # a FIFO
  wait $!
fi
exit "$STUB_EXIT"
"""


class RecipeCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        stub = self.folder / "bin/chatload"
        stub.parent.mkdir()
        stub.write_text(STUB)
        stub.chmod(0o755)
        (self.folder / "logs").mkdir()
        support.write_gzip(self.folder / "logs/1.json.gz", support.chat_line().encode() + b"\n")
        (self.folder / "password").write_text("secret\n")

    def environment(self, **more):
        stub = {"STUB_WORDS": str(self.folder / "words"), "STUB_SUMMARY": "", "STUB_WAITS": "", "STUB_EXIT": "0"}
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"} | stub | more

    def run_shell(self, command, shell="sh", **environment):
        return subprocess.run(
            [shell, "-c", command], env=self.environment(**environment), capture_output=True, text=True, cwd=self.folder
        )

    def here(self, command):
        """The command with its inputs, password and database in the test's folder, where no server listens."""
        nowhere = f"mysql://loader@127.0.0.1:{support.free_port()}/chat"
        (self.folder / "spill").mkdir(exist_ok=True)
        for there, here in {
            "mysql://loader@db.example:3306/chat": nowhere,
            "'/logs/": f"'{self.folder}/logs/",
            "'/srv/chat/": f"'{self.folder}/logs/",
            "{{ ds }}/": "",
            "/etc/chatload/password": str(self.folder / "password"),
            "/run/lock/chatload": str(self.folder / "lock"),
            " /spill": f" {self.folder}/spill",
        }.items():
            command = command.replace(there, here)
        return command

    def run_with_chatload(self, command, shell="sh"):
        """As `run_shell`, with the chatload under test, which finds no server."""
        stub = self.folder / "bin/chatload"
        stub.write_text(f'#!/bin/sh\nexec "{support.CHATLOAD}" "$@" --retry-for 0s\n')
        return self.run_shell(self.here(command), shell)

    def assert_no_server(self, done):
        self.assertEqual(done.returncode, FAILED, done.stdout + done.stderr)
        self.assertIn("127.0.0.1", done.stdout + done.stderr)
