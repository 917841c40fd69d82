# ctest: parallel
"""Settings of a server that make it refuse what a load writes, or lose it, are said before anything is written."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from ledger_case import LedgerCase, apply, line

USER = "chatload_settings"


class StatementLogTest(LedgerCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server(
            name=f"settings-{support.SERVER_KIND}",
            options=("--log-bin", "--binlog-format=STATEMENT", "--innodb-buffer-pool-size=64M"),
        )

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.enterContext(support.Database(self.server))
        self.server.sql(
            f"DROP USER IF EXISTS {USER}@'%'; CREATE USER {USER}@'%'; GRANT ALL ON `{self.database.name}`.* TO {USER}@'%'"
        )
        url = self.server.url
        self.to_user = url._replace(netloc=f"{USER}@{url.hostname}", path=f"/{self.database.name}").geturl()

    def assert_refused_beforehand(self, run):
        grant = "SESSION_VARIABLES_ADMIN" if self.server.kind == "mysql" else "BINLOG ADMIN"
        self.assert_refused(run, 3, "binlog_format is STATEMENT", "SET GLOBAL binlog_format = 'MIXED'", f"GRANT {grant}")

    def test_a_user_who_may_set_it_for_a_session_creates_loads_and_forgets(self):
        self.database.create_table()
        path = self.write_log()
        for words in (("--order", "file"), ("--order", "key", "--reload")):
            self.assertEqual(self.load(path, *words, *self.RANGE_SIZE).exit_code, 1)
        self.assertIsNone(support.first_difference(self.database, apply(path)))
        self.assertEqual(support.run_chatload("loads", "forget", "2", "--to", self.database.url).exit_code, 0)

    def test_another_user_is_refused_before_the_first_statement(self):
        apply_it = ("schema", "apply", "--to")
        self.assert_refused_beforehand(support.run_chatload(*apply_it, self.to_user))
        self.assertEqual(self.database.sql("SHOW TABLES"), [])
        self.database.create_table()
        path = self.write("log.json", line("1"))
        self.assert_refused_beforehand(self.load(path, to=self.to_user))
        self.assertEqual(self.loads(), [])
        for check in (("schema", "check"), ("loads",)):
            self.assertEqual(support.run_chatload(*check, "--to", self.to_user).exit_code, 0)

    def test_the_grant_and_the_setting_that_the_refusal_names_are_enough(self):
        self.database.create_table()
        grant = "SESSION_VARIABLES_ADMIN" if self.server.kind == "mysql" else "BINLOG ADMIN"
        self.server.sql(f"GRANT {grant} ON *.* TO {USER}@'%'")
        self.assertEqual(self.load(self.write("a.json", line("a")), to=self.to_user).exit_code, 0)
        self.server.sql(f"REVOKE {grant} ON *.* FROM {USER}@'%'; SET GLOBAL binlog_format = 'MIXED'")
        self.addCleanup(self.server.sql, "SET GLOBAL binlog_format = 'STATEMENT'")
        self.assertEqual(self.load(self.write("b.json", line("b")), to=self.to_user).exit_code, 0)

    def test_a_redo_log_that_is_switched_off_is_warned_of_once(self):
        if self.server.kind != "mysql":
            self.skipTest("MariaDB's cannot be switched off")
        self.database.create_table()
        path = self.write("log.json", line("1"))
        warning = "A crash of the server may lose rows that it has committed: its redo log is switched off (ALTER INSTANCE"
        self.assertNotIn("A crash of the server", self.load(path).stderr)
        self.addCleanup(self.server.sql, "ALTER INSTANCE ENABLE INNODB REDO_LOG")
        self.server.sql("ALTER INSTANCE DISABLE INNODB REDO_LOG")
        run = self.load(path, "--reload")
        self.assertEqual((run.exit_code, run.stderr.count(warning)), (0, 1), run.stderr)


if __name__ == "__main__":
    unittest.main()
