# ctest: optimised mariadb
"""--memory is a bound on the whole process: its peak resident set, as the kernel counted it, in either order.

CHATLOAD_LONG=1 takes each bound in each order.
"""

import itertools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

LINES = 400_000  # some 70 MiB of rows, more than the lower bound holds
# Threads and connections not as the machine has them: more take more, and what does not fit is refused.
BOUNDS_MIB = {
    256: ("--threads", 8, "--connections", 8),
    128: ("--threads", 2, "--connections", 2),
    64: ("--threads", 1, "--connections", 1, "--max-line", "16K"),
}


class MemoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.log = support.generate(cls.folder / "log.json.gz", lines=LINES, ids="v4")

    def peak_mib(self, *words):
        """Runs `chatload WORDS...`. A child's figure begins with what the parent has, which is far less."""
        log = self.folder / "stderr"
        with open(log, "wb") as errors:
            words = [support.CHATLOAD, *map(str, words), "--progress", "none"]
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 1, log.read_text())
        return usage.ru_maxrss / 1024

    @unittest.skipIf(len(os.sched_getaffinity(0)) == 1, "one core has one thread, which always works")
    def test_fewer_threads_and_connections_than_cores_work_where_they_do_not_fit_and_the_load_says_so(self):
        log = support.generate(self.folder / "short.json.gz", lines=1_000)
        for order in ("file", "key"):
            with self.subTest(order=order), support.Database(self.server) as database:
                database.create_table()
                run = support.run_chatload("load", log, "--to", database.url, "--order", order, "--memory", "100M")
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertRegex(run.stderr, r"--memory 100 MiB allows \d+ of \d+ parser threads and 1 of \d+ connections")

    def test_a_load_in_either_order_keeps_to_it(self):
        grid = list(itertools.product(BOUNDS_MIB.items(), ("file", "key")))
        for (mib, words), order in grid if support.IS_LONG else (grid[1], grid[2], grid[5]):
            with self.subTest(mib=mib, order=order), support.Database(self.server) as database:
                database.create_table()
                flags = ("--order", order, "--memory", f"{mib}M", *words)
                self.assertLessEqual(self.peak_mib("load", self.log, "--to", database.url, *flags), mib)
                rows = int(database.sql("SELECT COUNT(*) FROM chat_messages")[0][0])
                self.assertGreater(rows, LINES / 2)


if __name__ == "__main__":
    unittest.main()
