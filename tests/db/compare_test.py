# ctest: optimised mariadb
"""bench/compare on small logs: the cheap works into a folder of its own, and that a wrong table does not count."""

import copy
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
import support
from comparison import measure, table
from comparison.logs import Log, LogShape


class RunTest(unittest.TestCase):
    def test_works_are_measured_and_reported(self):
        names = ("v1", "check", "jq", "executemany", "connector", "folder")
        kind = support.SERVER_KIND
        with tempfile.TemporaryDirectory() as folder:
            text = self.measured(folder, *names)
            for name in names:
                self.assertRegex(
                    text, rf"\| {name} \| ({kind}|) \| \d\.\d+ \| at most [0-9.]+ \| 1 \| too few pairs \(1\) \|"
                )
                self.assertRegex(text, rf"## {name}\b(.|\n)+?\n\| 1 \| (chatload|500 files)(.|\n)+?\n\| 1 \| .* \d\.\d+ \|\n")
            self.assertRegex(text, rf"\| client-cpu \| {kind} \| \d+\.\d+ \| at most 0\.9 \| 1 \|")
            self.assertNotIn(folder, text)
            self.assertNotIn(os.uname().nodename, text)
            self.assertEqual(list(pathlib.Path(folder, "work").glob("chat-*")), [])
            self.assertEqual(list(pathlib.Path(folder, "work/sandbox").glob("compare-*")), [])

    def test_figures_without_a_binary_log_have_a_place_of_their_own(self):
        with tempfile.TemporaryDirectory() as folder:
            text = self.measured(folder, "v1", "--no-binlog")
        kind = support.SERVER_KIND
        self.assertRegex(text, rf"\| v1 --no-binlog \| {kind} \| \d\.\d+ \| at most 0\.85 \| 1 \|")
        self.assertRegex(text, rf"\| v1 \| {kind} \|  \| .* \| not measured \|")
        self.assertIn("log_bin 0;", text)

    def measured(self, folder, *words):
        """RESULTS.md of one pair each, on very small logs."""
        words = [*words, "--server", support.SERVER_KIND, "--scale", "0.002", "--pairs", "1"]
        words += ["--work", f"{folder}/work", "--out", folder]
        binaries = {"CHATLOAD_BIN": support.CHATLOAD, "CHATGEN_BIN": support.CHATGEN}
        done = subprocess.run(
            [ROOT / "bench/compare", *words], capture_output=True, text=True, env=os.environ | binaries
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return pathlib.Path(folder, "RESULTS.md").read_text()


class TableTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server(name=os.environ.get("CHATLOAD_TEST_SANDBOX"))
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        (was,) = cls.server.sql("SELECT @@GLOBAL.local_infile")[0]
        cls.server.sql("SET GLOBAL local_infile = 1")
        cls.addClassCleanup(cls.server.sql, f"SET GLOBAL local_infile = {was}")
        cls.log = Log(cls.folder, LogShape(45_000, "v4"), needs_tsv=True)

    def setUp(self):
        self.database = self.enterContext(support.Database(self.server))
        self.database.create_table()

    def test_an_equal_table_counts_and_a_falsified_one_does_not(self):
        run = support.run_chatload("load", self.log.path, "--to", self.database.url)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIsNone(table.difference(self.database, self.log.sums))
        first = "ORDER BY `id` LIMIT 1"
        for falsify, mend in (
            (f"UPDATE chat_messages SET `data` = CONCAT(`data`, ' ') {first}",
             f"UPDATE chat_messages SET `data` = LEFT(`data`, CHAR_LENGTH(`data`) - 1) {first}"),
            (f"UPDATE chat_messages SET `timestamp` = `timestamp` + INTERVAL 1 SECOND {first}",
             f"UPDATE chat_messages SET `timestamp` = `timestamp` - INTERVAL 1 SECOND {first}"),
            ("INSERT INTO chat_messages VALUES ('!', 'v', 'message', '3', '', NOW())",
             "DELETE FROM chat_messages WHERE `id` = '!'"),
            ("ALTER TABLE chat_messages DROP KEY `timestamp`",
             "ALTER TABLE chat_messages ADD KEY `timestamp` (`timestamp`)"),
            (f"DELETE FROM chat_messages {first}", None),
        ):  # fmt: skip
            with self.subTest(falsify):
                self.database.sql(falsify)
                self.assertIsNotNone(table.difference(self.database, self.log.sums))
                if mend is not None:
                    self.database.sql(mend)
                    self.assertIsNone(table.difference(self.database, self.log.sums))

    def test_a_run_that_left_other_rows_has_no_figures(self):
        log = copy.copy(self.log)
        log.sums = [*self.log.sums[:2], self.log.sums[2] + 1, self.log.sums[3]]
        with self.assertRaisesRegex(measure.WrongResult, "^chatload did not load .+: index site_id has "):
            measure.chatload_load(measure.Site(self.folder, [], self.database), log)

    def load_batch(self, batch):
        statement = (
            f"LOAD DATA LOCAL INFILE '{self.log.batch_path(batch)}' INTO TABLE chat_messages CHARACTER SET utf8mb4"
        )
        client = self.server.client(self.database.name, "--local-infile=1", "--execute", statement)
        subprocess.run(client, check=True)

    def test_of_stopped_sessions_whole_batches_count_and_nothing_else(self):
        first, second = self.log.sessions()
        self.assertEqual(table.rows_of_whole_batches(self.database, self.log), (0, None))
        self.load_batch(second[0])
        self.assertEqual(table.rows_of_whole_batches(self.database, self.log), (10_000, None))
        self.load_batch(first[1])
        self.assertIn("not those of whole batches", table.rows_of_whole_batches(self.database, self.log)[1])
        self.load_batch(first[0])
        self.assertEqual(table.rows_of_whole_batches(self.database, self.log), (30_000, None))
        self.database.sql("DELETE FROM chat_messages LIMIT 1")
        self.assertIn("not those of whole batches", table.rows_of_whole_batches(self.database, self.log)[1])

    def test_sessions_that_are_stopped_leave_what_is_counted(self):
        run = measure.load_data(measure.Site(self.folder, [], self.database), self.log, stop_after_s=0.05)
        self.assertTrue(run["was_stopped"])
        self.assertEqual([[str(run["rows"])]], self.database.sql("SELECT COUNT(*) FROM chat_messages"))


if __name__ == "__main__":
    unittest.main()
