# ctest: optimised web
"""What is read of a pipe before its first line ends, what a copy has in flight, and what is fetched,
and what rows take that are large for their records, is bounded by --memory."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from remote import web_server


class MemoryTest(unittest.TestCase):
    def test_a_pipe_of_one_endless_line_keeps_to_it(self):
        process = f"head -c 400M /dev/zero | tr '\\0' x; echo; echo '{support.chat_line()}'"
        script = f"ulimit -v 1500000; ({process}) | {support.CHATLOAD} check - --progress none --memory 128M"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("1  valid", done.stdout)

    def test_a_copy_keeps_to_it_whatever_compresses(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            path = support.generate(folder / "log.json.gz", lines=200_000)
            for words in (["--level", "1"], ["--level", "10", "--threads", "4"], ["--members", "bgzf"]):
                self.assert_keeps_to("192M", "copy", path, *words, "-o", folder / "out.json.gz")

    def test_what_is_fetched_from_a_server_keeps_to_it(self):
        web_server.require("the test of what is fetched from a server needs one.")
        with tempfile.TemporaryDirectory() as name, web_server.WebServer(pathlib.Path(name)) as web:
            support.generate(pathlib.Path(name) / "log.json.gz", lines=500_000)
            for memory in ("96M", "256M"):
                self.assert_keeps_to(memory, "check", web.url("log.json.gz"))

    def test_records_that_are_short_for_their_many_columns_keep_to_it(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            columns = (f'[[column]]\nname = "c{column}"\nsql = "VARCHAR(100)"\n' for column in range(50))
            (folder / "wide.toml").write_text('table = "t"\nprimary_key = []\n' + "".join(columns))
            (folder / "log.json").write_text("{}\n" * 1_000_000 + "no record\n")
            self.assert_keeps_to("96M", "check", folder / "log.json", "--mapping", folder / "wide.toml")

    def assert_keeps_to(self, memory, command, *words):
        words = [str(word) for word in (command, *words, "--memory", memory, "--progress", "none")]
        quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        process = subprocess.Popen([support.CHATLOAD, *words], **quiet)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 1)
        self.assertLess(usage.ru_maxrss, int(memory[:-1]) << 10)


if __name__ == "__main__":
    unittest.main()
