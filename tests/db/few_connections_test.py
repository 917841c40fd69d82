"""An account, or a server, with few connections: fewer writers work, and the build takes the place of one."""

import contextlib
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from ledger_case import LedgerCase, apply, line, wait_until

USER = "chatload_few"
FOUR = ("--connections", 4)
DEFER = ("--indexes", "defer")
SOON_S = 20  # a run that is refused waits for nothing


class FewConnectionsTest(LedgerCase):
    def account(self, limit):
        """The URL of a user with every right on the database and so many connections at once; 0 is no limit."""
        self.server.sql(
            f"DROP USER IF EXISTS {USER}@'%'; CREATE USER {USER}@'%' WITH MAX_USER_CONNECTIONS {limit};"
            f" GRANT ALL ON `{self.database.name}`.* TO {USER}@'%'"
        )
        self.addCleanup(self.server.sql, f"DROP USER IF EXISTS {USER}@'%'")
        url = self.server.url
        return url._replace(netloc=f"{USER}@{url.hostname}", path=f"/{self.database.name}").geturl()

    def set_global(self, name, value):
        before = self.server.sql(f"SELECT @@global.{name}")[0][0]
        self.addCleanup(self.server.sql, f"SET GLOBAL {name} = {before}")
        self.server.sql(f"SET GLOBAL {name} = {value}")

    def session_of_user(self):
        """Takes one of the account's connections."""
        return self.session("DO 1", USER)

    def assert_indexes_are_there(self):
        self.assertIn("KEY `site_id`", str(self.database.sql("SHOW CREATE TABLE chat_messages")))
        self.assertEqual(self.database.sql("SELECT * FROM chatload_indexes"), [])

    def test_a_load_with_its_build_and_its_rejects_takes_what_the_account_has(self):
        path, rejects = self.write_log(), self.folder / "rejects.json.gz"
        for order in ("file", "key"):
            for limit in (2, 3):
                with self.subTest(limit=limit, order=order):
                    self.database.create_table()
                    words = (path, *FOUR, *DEFER, *self.RANGE_SIZE, "--order", order, "--rejects", rejects)
                    run = self.load(*words, to=self.account(limit))
                    self.assert_loaded(run, apply(path))
                    self.assert_indexes_are_there()
                    said = f"{limit - 1} of 4 connections write, because the user may have no more"
                    self.assertEqual(run.stderr.count(said), 1, run.stderr)
                    self.assertNotIn("memory", run.stderr)

    def test_the_servers_limit_of_every_account_is_one_too(self):
        if self.server.kind != "mysql":
            self.skipTest("MariaDB takes it at its start only")
        self.set_global("max_user_connections", 2)
        path = self.write_log()
        run = self.load(path, *FOUR, *DEFER, to=self.account(0))
        self.assert_loaded(run, apply(path))
        self.assertIn("1 of 4 connections write", run.stderr)

    def test_too_few_for_any_load_are_refused_at_once_with_the_number_that_is_needed(self):
        path = self.write_log()
        for words, limit, needed in (((), 1, 2), (("--max-load", "Threads_running=1000"), 2, 3)):
            with self.subTest(words):
                begin = time.monotonic()
                run = self.load(path, *words, to=self.account(limit))
                self.assert_refused(run, 3, f"this load needs {needed}", f"MAX_USER_CONNECTIONS {needed}", "ALTER USER")
                self.assertLess(time.monotonic() - begin, SOON_S)
        run = self.load(path, "--max-load", "Threads_running=1000", *DEFER, to=self.account(3))
        self.assert_loaded(run, apply(path))

    def test_connections_of_other_sessions_leave_fewer_writers_of_the_account(self):
        url, path = self.account(3), self.write_log()
        with self.session_of_user():
            run = self.load(path, *FOUR, *DEFER, to=url)
        self.assert_loaded(run, apply(path))
        self.assertIn("1 of 4 connections write, because the server gives no more", run.stderr)
        self.assert_indexes_are_there()

    def test_a_connection_that_ends_soon_is_waited_for(self):
        url, path = self.account(2), self.write_log()
        with self.session_of_user():
            loader = self.loader(path, *DEFER, to=url)
            wait_until(lambda: loader.says("trying again for up to"), "the load waits for a connection")
        self.assert_loaded(loader.finish(), apply(path))

    def test_a_server_with_few_connections_left_gives_fewer_writers(self):
        url, path, limit, left = self.account(0), self.write_log(), 12, 3
        self.set_global("max_connections", limit)
        wait_until(lambda: len(self.client_connections()) == 1, "only the test's own connection is there")
        with contextlib.ExitStack() as others:
            for _ in range(limit - left):
                others.enter_context(self.session("DO 1"))
            run = self.load(path, *FOUR, *DEFER, to=url)
        self.assert_loaded(run, apply(path))
        self.assertIn("2 of 4 connections write, because the server gives no more", run.stderr)
        self.assert_indexes_are_there()

    def client_connections(self):
        commands = self.server.sql("SELECT COMMAND FROM information_schema.PROCESSLIST WHERE USER <> 'event_scheduler'")
        return [command for (command,) in commands if command != "Daemon"]

    def test_a_run_that_only_builds_takes_two(self):
        path = self.write("one.json", line("1"))
        self.assertEqual(self.load(path).exit_code, 0)
        self.database.sql(
            "INSERT INTO chatload_indexes VALUES ('chat_messages', 'site_id', 0, 'KEY `site_id` (`site_id`)', NOW(6));"
            " ALTER TABLE chat_messages DROP KEY site_id"
        )
        run = self.load(path, *FOUR, to=self.account(2))
        self.assertEqual((run.exit_code, run.summary["status"]), (0, "already_loaded"), run.stderr)
        self.assertNotIn("connections write", run.stderr)
        self.assert_indexes_are_there()


if __name__ == "__main__":
    unittest.main()
