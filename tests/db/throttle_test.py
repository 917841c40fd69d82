# ctest: long
"""A load makes way: it begins no transaction while the server has too much to do (--max-load) or a replica lags.

The server has too much to do while it holds a hundred prepared statements, which a session of the test's has or has not;
a loader's connections have a few. The replica is a real one, on loopback, as replication needs TCP.
"""

import contextlib
import re
import signal
import subprocess
import sys
import pathlib
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LINES, LOG_LINE, LedgerCase, apply, line, wait_until

STATEMENTS = 100
MAX_LOAD = ("--max-load", f"Prepared_stmt_count={STATEMENTS - 1}")
OVER = f"Prepared_stmt_count {STATEMENTS} > {STATEMENTS - 1}"
BEGINS, ENDS = "Paused: ", "Continues after a pause of "
ASKS_SERVER, ASKS_REPLICA = r"^SHOW GLOBAL STATUS WHERE", r"^SHOW (REPLICA|ALL SLAVES) STATUS"
FAREWELL_S = 4  # of which one second is the loader's own bound; without it there would be five more
IS_MARIADB = support.SERVER_KIND == "mariadb"


class ThrottleCase(LedgerCase):
    def paused(self, loader, reason):
        wait_until(lambda: loader.says(BEGINS + reason) or loader.process.poll() is not None, "the load pauses")
        self.assertTrue(loader.says(BEGINS + reason), loader.errors.read_text())

    def open_transactions(self):
        time.sleep(0.2)  # the table shows what it showed as long as it is asked more often
        return int(self.server.sql("SELECT COUNT(*) FROM information_schema.INNODB_TRX")[0][0])

    def assert_the_one_under_way_ends(self, loader, before):
        """It is committed; or the held row has ended it, just before the pause or in it, and it comes after the pause."""
        wait_until(lambda: self.open_transactions() == 0, "nothing holds locks")
        may_be = (before, before + 1) if loader.says("trying again") else (before + 1,)
        self.assertIn(self.committed_ranges(), may_be)

    def assert_one_pause(self, run):
        events = [event[2] for event in filter(None, map(LOG_LINE.fullmatch, run.stderr.splitlines()))]
        self.assertEqual([sum(event.startswith(text) for event in events) for text in (BEGINS, ENDS)], [1, 1])


class MaxLoadTest(ThrottleCase):
    def too_much_to_do(self):
        return self.session(";".join(f"PREPARE s{number} FROM 'DO 1'" for number in range(STATEMENTS)))

    def row_lock_waits(self):
        return int(self.server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'")[0][1])

    def test_a_load_over_the_limit_begins_when_it_is_kept_again_and_the_progress_line_says_why(self):
        path = self.write_log()
        with self.too_much_to_do():
            words = (path, *self.RANGE_SIZE, *MAX_LOAD, "--connections", 4, "--progress-interval", "100ms")
            loader = self.loader(*words, progress="lines")
            self.paused(loader, f"{OVER}.")
            why = f", waits: {OVER}"
            wait_until(lambda: loader.errors.read_text().count(why) >= 3, "the progress lines say why")
            self.assertEqual((self.committed_ranges(), self.rows_in_table()), (0, 0))
        run = loader.finish()
        self.assert_loaded(run, apply(path))
        self.assert_one_pause(run)

    def test_the_transaction_under_way_ends_and_no_other_begins(self):
        path = self.write_log()
        with contextlib.ExitStack() as over, self.held_load(path, *self.RANGE_SIZE, *MAX_LOAD) as loader:
            before = self.committed_ranges()
            over.enter_context(self.too_much_to_do())
            self.paused(loader, "Prepared_stmt_count")
            release = over.pop_all()
        with release:
            self.assert_the_one_under_way_ends(loader, before)
        self.assert_loaded(loader.finish(), apply(path))

    def test_a_signal_ends_the_wait(self):
        path = self.write_log()
        with self.too_much_to_do():
            loader = self.loader(path, *self.RANGE_SIZE, *MAX_LOAD)
            self.paused(loader, "Prepared_stmt_count")
            loader.process.send_signal(signal.SIGTERM)
            run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assert_loaded(self.load(path), apply(path))

    def test_connections_that_the_server_closes_in_the_wait_are_opened_again(self):
        path = self.write_log()
        with self.too_much_to_do():
            loader = self.loader(path, *self.RANGE_SIZE, *MAX_LOAD, "--connections", 3)
            self.paused(loader, "Prepared_stmt_count")
            wait_until(lambda: [row[2] for row in self.loads()] == ["running"], "the load has begun")
            for number in self.server.connections(self.database.name):
                self.server.kill_connection(number)
        self.assert_loaded(loader.finish(), apply(path))

    def test_the_wait_is_no_failure_to_retry_for(self):
        """A row that is held before and after a wait of more than --retry-for."""
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE, *MAX_LOAD, "--retry-for", "4s") as loader:
            with self.too_much_to_do():
                self.paused(loader, "Prepared_stmt_count")
                wait_until(lambda: loader.says("trying again"), "the held row ends the transaction under way")
                over_at = time.monotonic() + 4
                wait_until(lambda: time.monotonic() > over_at, "--retry-for is over")
            waits = self.row_lock_waits()
            wait_until(lambda: self.row_lock_waits() >= waits + 2 or loader.process.poll() is not None, "tried again")
        self.assert_loaded(loader.finish(), apply(path))

    def test_an_answer_that_is_lost_ends_no_pause_and_is_warned_of_once(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        held = "its last answer counts for 30 s"
        with self.too_much_to_do():
            loader = self.loader(path, *self.RANGE_SIZE, *MAX_LOAD, to=door.url(self.database.name))
            self.paused(loader, "Prepared_stmt_count")
            for cuts in (1, 2):
                door.at(ASKS_SERVER, nth=2, before=proxy.Link.cut).wait()
                wait_until(lambda: loader.errors.read_text().count(held) == cuts, "the loader warns")
            door.at(ASKS_SERVER, nth=2, before=lambda _: None).wait()
            self.assertEqual(self.rows_in_table(), 0)
        run = loader.finish()
        self.assert_loaded(run, apply(path))
        self.assert_one_pause(run)
        self.assertEqual(run.stderr.count(held), 2)

    def test_a_load_in_key_order_makes_way_between_its_stretches(self):
        path = self.write_log()
        with contextlib.ExitStack() as over:
            with self.held_load(path, *self.RANGE_SIZE, *MAX_LOAD, "--order", "key") as loader:
                before = self.committed_ranges()
                self.assertGreater(self.rows_in_table(), 0)
                over.enter_context(self.too_much_to_do())
                self.paused(loader, "Prepared_stmt_count")
            self.assert_the_one_under_way_ends(loader, before)
        run = loader.finish()
        self.assert_loaded(run, apply(path))
        self.assert_one_pause(run)

    def test_a_load_sorts_while_others_have_too_much_to_do_and_commits_nothing(self):
        path = support.generate(self.folder / "long.json.gz", lines=80_000)
        words = (path, *MAX_LOAD, "--order", "key", "--threads", 1, "--progress-interval", "100ms")
        with self.too_much_to_do():
            loader = self.loader(*words, progress="lines")
            wait_until(lambda: loader.says(f"records ranges: 0 %, waits: {OVER}"), "a progress line says why it waits")
            self.assertEqual(self.committed_ranges(), 0)
            said = loader.errors.read_text()
        self.assertRegex(said, r"sorts by key: .*, waits for (inflate|parse)\n")
        self.assertNotRegex(said, "sorts by key: .*, waits: ")
        self.assert_loaded(loader.finish(), apply(path))

    def test_refused_lines_are_not_fetched_while_others_have_too_much_to_do(self):
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'text 1%')")
        path = self.write_log()
        often = ("--progress-interval", "100ms")
        with contextlib.ExitStack() as over:
            words = (path, *self.RANGE_SIZE, *MAX_LOAD, *often, "--order", "key")
            with self.held_load(*words, key="id-997", progress="lines") as loader:  # in the last stretch
                over.enter_context(self.too_much_to_do())
                self.paused(loader, "Prepared_stmt_count")
            wait_until(lambda: re.search("fetches refused lines: .*, waits: Prepared_stmt_count", loader.errors.read_text()), "it waits")
            missing = "SELECT COUNT(*) FROM chatload_rejects WHERE reason = 'refused_by_server' AND raw <> ''"
            self.assertEqual(self.database.sql(missing), [["0"]])
        self.assertEqual(loader.finish().exit_code, 1)
        self.assertNotEqual(self.database.sql(missing), [["0"]])

    def refused(self, exit_code, *words_and_parts):
        words, parts = words_and_parts
        run = self.load(self.write("log.json", line("1")), *words)
        self.assert_refused(run, exit_code, *parts)
        self.assertEqual(self.loads(), [])

    def test_a_variable_that_the_server_has_not_is_refused_by_name(self):
        self.refused(64, (*MAX_LOAD, "--max-load", "Threads_runing=40"), ("--max-load", "Threads_runing"))

    def test_a_variable_that_is_no_number_is_refused_by_name(self):
        name = "Innodb_buffer_pool_dump_status"
        self.refused(64, ("--max-load", f"{name}=1"), ("--max-load", name))

    def test_a_server_that_is_no_replica_is_refused(self):
        self.refused(64, ("--max-lag", "5s", "--replica", self.database.url), ("--replica", "replicates from nobody"))

    def test_a_replica_that_is_away_is_waited_for(self):
        url = "mysql://root@localhost/chatload?socket=/nonexistent"
        loader = self.loader(self.write_log(), *self.RANGE_SIZE, "--max-lag", "5s", "--replica", url)
        self.paused(loader, "replica cannot be reached (error 2002).")
        loader.process.send_signal(signal.SIGTERM)
        self.assertEqual(loader.finish().exit_code, 4)
        self.assertEqual(self.rows_in_table(), 0)


class MaxLagTest(ThrottleCase):
    @classmethod
    def setUpClass(cls):
        ports = support.free_port(), support.free_port()
        for role in ("source", "replica"):  # what an earlier run left there would not be replicated again
            support.sandbox("stop", support.SERVER_KIND, f"{role}-{support.SERVER_KIND}", "--fresh")
        cls.server, cls.replica = (
            support.Server(
                name=f"{role}-{support.SERVER_KIND}",
                options=(
                    "--log-bin=binlog", f"--server-id={number}", "--skip-networking=0", "--bind-address=127.0.0.1",
                    f"--port={ports[number - 1]}",
                ),
            )  # fmt: skip
            for number, role in enumerate(("source", "replica"), 1)
        )
        cls.server.sql("CREATE USER IF NOT EXISTS follower@'%'; GRANT REPLICATION SLAVE ON *.* TO follower@'%'")
        cls.server.sql("RESET MASTER" if IS_MARIADB else "RESET BINARY LOGS AND GTIDS")
        cls.replica.sql("STOP REPLICA; RESET REPLICA ALL")
        source = f"MASTER_HOST = '127.0.0.1', MASTER_PORT = {ports[0]}, MASTER_USER = 'follower'"
        if IS_MARIADB:
            cls.replica.sql(f"CHANGE MASTER TO {source}, MASTER_USE_GTID = no; START SLAVE")
        else:
            source = source.replace("MASTER", "SOURCE") + ", GET_SOURCE_PUBLIC_KEY = 1"
            cls.replica.sql(f"CHANGE REPLICATION SOURCE TO {source}; START REPLICA")

    def setUp(self):
        super().setUp()
        self.path = self.write_log()
        self.words = (self.path, *self.RANGE_SIZE, "--max-lag", "1s", "--replica", self.replica_url())
        self.wait_for_replica()

    def replica_url(self, user="root"):
        return self.replica.url_of(self.database.name).replace("root@", f"{user}@")

    def wait_for_replica(self):
        """It has what the source has."""
        tables = f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{self.database.name}'"
        wait_until(lambda: self.replica.sql(tables) == self.server.sql(tables), "the replica has the tables")

    def rows_on_replica(self):
        return int(self.replica.sql("SELECT COUNT(*) FROM chat_messages", self.database.name)[0][0])

    def assert_pauses(self, disturb, mend, reason):
        """A load in its midst; returns the finished one."""
        with self.held_load(*self.words) as loader:
            before = self.committed_ranges()
            disturb()
            wait_until(lambda: re.search(BEGINS + reason, loader.errors.read_text()), f"pauses because of {reason}")
        self.assert_the_one_under_way_ends(loader, before)
        mend()
        run = loader.finish()
        self.assert_loaded(run, apply(self.path))
        self.assert_one_pause(run)
        wait_until(lambda: self.rows_on_replica() == self.rows_in_table(), "the replica has the rows")

    def test_a_replica_that_lags_is_waited_for(self):
        """A lock on the replica keeps it from going on while the source commits."""
        with contextlib.ExitStack() as lock:
            lock.enter_context(self.locked_replica())
            self.assert_pauses(lambda: None, lock.close, r"replica lag \d+ s > 1 s\.")

    @contextlib.contextmanager
    def locked_replica(self):
        words = self.replica.client(self.database.name, "--unbuffered")
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            client.stdin.write("LOCK TABLES chat_messages READ;\nSELECT 'ran';\n")
            client.stdin.flush()
            self.assertEqual(client.stdout.readline(), "ran\n")
            yield

    def test_a_replica_that_has_stopped_is_waited_for(self):
        start = lambda: self.replica.sql("START REPLICA SQL_THREAD")
        self.addCleanup(start)
        self.assert_pauses(lambda: self.replica.sql("STOP REPLICA SQL_THREAD"), start, r"replica has stopped\.")

    def test_a_replica_that_cannot_be_asked_is_waited_for(self):
        self.addCleanup(self.replica.start)
        # The connection that was there, and then that there is none.
        self.assert_pauses(self.replica.kill, self.replica.start, r"replica cannot be (asked|reached) \(error 20\d\d\)\.")

    def test_a_replica_that_never_answers_does_not_hold_up_the_end(self):
        """It has the question that it leaves unanswered while the last rows are written."""
        door = self.enterContext(proxy.Proxy(self.replica.socket))
        last = f"id-{LINES - 3}"
        for ends_by_signal in (False, True):
            with self.subTest(ends_by_signal=ends_by_signal):
                self.database.create_table()
                self.wait_for_replica()
                words = (*self.words[:-1], door.url(self.database.name))
                with self.held_load(*words, key=last) as loader:
                    door.at(ASKS_REPLICA, nth=1, before=lambda _: door.stall()).wait()
                    begin = time.monotonic()
                    if ends_by_signal:
                        loader.process.send_signal(signal.SIGTERM)
                run = loader.finish()
                self.assertLess(time.monotonic() - begin, FAREWELL_S)
                if ends_by_signal:
                    self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
                else:
                    self.assert_loaded(run, apply(self.path))
                door.flow()

    def test_a_user_that_may_not_ask_for_the_lag_is_refused_with_the_grant(self):
        self.server.sql("CREATE USER IF NOT EXISTS nosy@localhost; GRANT SELECT ON *.* TO nosy@localhost")
        wait_until(lambda: self.replica.sql("SELECT 1 FROM mysql.user WHERE User = 'nosy'"), "the replica has the user")
        words = (*self.words[:-1], self.replica_url("nosy"))
        self.assert_refused(self.load(*words), 3, "REPLICATION CLIENT", "SLAVE MONITOR", self.replica_url("nosy"))


if __name__ == "__main__":
    unittest.main()
