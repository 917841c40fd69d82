# ctest: optimised
"""What is read of a pipe before its first line ends is bounded by --memory."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support


class MemoryTest(unittest.TestCase):
    def test_a_pipe_of_one_endless_line_keeps_to_it(self):
        process = f"head -c 400M /dev/zero | tr '\\0' x; echo; echo '{support.chat_line()}'"
        script = f"ulimit -v 1500000; ({process}) | {support.CHATLOAD} check - --progress none --memory 128M"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("1  valid", done.stdout)


if __name__ == "__main__":
    unittest.main()
