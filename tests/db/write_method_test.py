"""Rows go by the fastest way that is as strict as INSERT; where there is none such the load says why, and inserts.

Every load is that of a user who has the grants of docs/operating.md, so that what keeps a table from LOAD DATA is seen by them.
"""

import contextlib
import itertools
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LedgerCase, apply, chat_log, line

IS_MARIADB = support.SERVER_KIND == "mariadb"
USER = f"clerk_{os.getpid()}"
HEADER_BYTES = 4
GREETING_BYTES_BEFORE = 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 6  # from behind the version to the extended capabilities
LEDGER = ("loads", "sources", "ranges", "rejects", "indexes", "fences", "references", "migrations")
WRITTEN = ("CREATE TABLE written (id VARBINARY(1020))", "INSERT INTO written VALUES (NEW.id)")
TRIGGER = f"{WRITTEN[0]}; CREATE TRIGGER writes AFTER INSERT ON chat_messages FOR EACH ROW {WRITTEN[1]}"
SIGNAL = (
    "CREATE TRIGGER judge BEFORE INSERT ON chat_messages FOR EACH ROW IF NEW.data LIKE '%refuse%' THEN"
    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
)
FOREIGN_KEY = (
    "CREATE TABLE sites (PRIMARY KEY (site_id)) SELECT site_id FROM chat_messages;"
    "INSERT INTO sites VALUES ('0'), ('1'), ('2'), ('3');"
    "ALTER TABLE chat_messages ADD CONSTRAINT known FOREIGN KEY (site_id) REFERENCES sites (site_id)"
)
COLUMN_CHECK = "ALTER TABLE chat_messages MODIFY `from` VARCHAR(255) CHARACTER SET utf8mb4 NOT NULL CHECK (`from` <> '')"
# What keeps a table from LOAD DATA, and what the load says of it.
TABLES = {
    TRIGGER: "has a trigger",
    "ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` <> 'rude')": "has a CHECK",
    COLUMN_CHECK: "has a CHECK",
    FOREIGN_KEY: "has a foreign key",
    "ALTER TABLE chat_messages PARTITION BY KEY (id) PARTITIONS 3": "is partitioned",
    "ALTER TABLE chat_messages ADD UNIQUE KEY other (id, site_id)": "has another unique key",
}


def without_extended_capabilities(greeting):
    """MariaDB's own, four bytes behind the six of zeros (its knowledge base, "Initial Handshake Packet")."""
    begin = greeting.index(b"\0", HEADER_BYTES + 1) + 1 + GREETING_BYTES_BEFORE
    return greeting[:begin] + bytes(4) + greeting[begin + 4 :]


class WriteMethodCase(LedgerCase):
    def setUp(self):
        super().setUp()
        self.server.sql(f"CREATE USER {USER}@'%'")
        self.addCleanup(self.server.sql, f"DROP USER {USER}@'%'")
        self.grant("SELECT, INSERT, UPDATE, TRIGGER", "chat_messages")
        for table in LEDGER:
            self.grant("SELECT, INSERT, UPDATE, DELETE", f"chatload_{table}")
        self.url = self.database.server.url._replace(netloc=f"{USER}@localhost", path=f"/{self.database.name}").geturl()
        self.path = self.write("log.json", chat_log())

    def grant(self, privileges, table):
        self.database.sql(f"GRANT {privileges} ON `{table}` TO {USER}@'%'")

    def revoke_trigger(self):
        self.database.sql(f"REVOKE TRIGGER ON chat_messages FROM {USER}@'%'")

    @contextlib.contextmanager
    def variable(self, name, value):
        """A global variable of the server, for the sessions that begin meanwhile."""
        before = self.server.sql(f"SELECT @@GLOBAL.{name}")[0][0]
        self.server.sql(f"SET GLOBAL {name} = {value}")
        try:
            yield
        finally:
            self.server.sql(f"SET GLOBAL {name} = " + (before if before.isdigit() else f"'{before}'"))

    def done_so_often(self, command):
        return int(self.server.sql(f"SHOW GLOBAL STATUS LIKE 'Com_{command}'")[0][1])

    def load_by(self, method, *words, mode="skip"):
        """The run, and how many LOAD DATA and how many prepared statements it did."""
        before = self.done_so_often("load"), self.done_so_often("stmt_execute")
        run = self.load(self.path, "--write-method", method, "--on-duplicate", mode, *self.RANGE_SIZE, *words, to=self.url)
        return run, self.done_so_often("load") - before[0], self.done_so_often("stmt_execute") - before[1]

    def assert_inserts(self, reason, prepare="DO 0", mode="skip"):
        """Whatever the method, and says why where another was asked for or would be faster."""
        for method, level in (("load-data", "warning"), ("auto", "info"), ("insert", None)):
            with self.subTest(method=method, reason=reason, prepare=prepare):
                self.database.sql("DROP TABLE IF EXISTS chat_messages, sites, written")
                self.database.create_table()
                self.database.sql(prepare)
                run, loads, _ = self.load_by(method, mode=mode)
                self.assert_loaded(run, apply(self.path, on_duplicate=mode))
                self.assertEqual(loads, 0)
                said = [line for line in run.stderr.splitlines() if "writes by INSERT, not LOAD DATA, because" in line]
                if level is None or (level == "info" and IS_MARIADB):
                    self.assertEqual(said, [])
                else:
                    self.assertEqual(len(said), 1, run.stderr)
                    self.assertIn(f" {level}: {self.path}: writes by INSERT", said[0])
                    self.assertIn(reason, said[0])


class LoadDataTest(WriteMethodCase):
    def test_rows_go_by_load_data_where_it_is_asked_for_or_faster(self):
        for method in ("load-data", "insert", "auto"):
            with self.subTest(method):
                self.database.create_table()
                run, loads, _ = self.load_by(method)
                self.assert_loaded(run, apply(self.path))
                self.assertEqual(loads > 0, method == "load-data" or (method == "auto" and not IS_MARIADB), run.stderr)
                self.assertNotIn("LOAD DATA", run.stderr)

    def test_a_table_that_could_refuse_rows_is_inserted_into(self):
        for prepare, reason in TABLES.items():
            self.assert_inserts(reason, prepare)

    def test_another_duplicates_mode_is_inserted(self):
        self.assert_inserts("--on-duplicate asks for something else", mode="replace")

    @unittest.skipUnless(IS_MARIADB, "Percona XtraDB Cluster's variable, which MariaDB has too")
    def test_a_server_that_would_commit_within_a_statement_gets_inserts(self):
        if not self.server.sql("SHOW GLOBAL VARIABLES LIKE 'wsrep_load_data_splitting'"):
            self.skipTest("the server has no Galera")
        with self.variable("wsrep_load_data_splitting", "1"):
            self.assert_inserts("wsrep_load_data_splitting")

    def test_a_server_without_local_infile_gets_inserts(self):
        with self.variable("local_infile", 0):
            self.assert_inserts("local_infile is off")

    def test_a_user_who_could_not_see_a_trigger_inserts(self):
        self.revoke_trigger()
        self.assert_inserts("lacks the privilege to see that it has none")

    def test_what_a_hidden_trigger_refuses_is_rejected_and_no_duplicate(self):
        self.revoke_trigger()
        lines = (line(f"id-{n * 7 % 400}", f"{n} refuse" if n % 5 == 1 else f"{n} fine") for n in range(600))
        self.path = self.write("log.json", "".join(lines))
        refuses = lambda row: "SQLSTATE 45000: not this one" if "refuse" in row[4] else None
        expected = apply(self.path, refuses=refuses, skips_first=True)
        self.assertGreater(expected.counts()["rejects_by_reason"]["refused_by_server"], 50)
        for method in ("load-data", "auto", "insert"):
            with self.subTest(method):
                self.database.create_table()
                self.database.sql(SIGNAL)
                self.assert_loaded(self.load_by(method)[0], expected)

    def test_text_that_a_column_cannot_hold_is_rejected_and_the_rest_inserted(self):
        lines = (line(f"id-{n}", f"{n} ж" if n % 100 == 50 else f"{n} fine") for n in range(600))
        self.path = self.write("log.json", "".join(lines))
        self.database.sql("ALTER TABLE chat_messages MODIFY data VARCHAR(255) CHARACTER SET latin1 NOT NULL")
        run, loads, _ = self.load_by("load-data")
        self.assert_loaded(run, apply(self.path, refuses=lambda row: "SQLSTATE" if "ж" in row[4] else None))
        self.assertGreater(loads, 0)
        self.assertIn("writing them again with INSERT", run.stderr)


class LoadedAgainTest(WriteMethodCase):
    LINES = 8_000
    RANGE_SIZE = ("--range-size", "256K")  # more lines than the server keeps warnings of

    def setUp(self):
        super().setUp()
        self.path = self.write("log.json", "".join(line(f"id-{number}") for number in range(self.LINES)))

    def assert_reloaded(self, method, outcome):
        run, loads, _ = self.load_by(method, "--reload")
        self.assertEqual((run.exit_code, run.summary[outcome]), (0, self.LINES), run.stderr)
        self.assertNotIn("did not take", run.stderr)
        return run, loads

    def test_rows_that_may_be_there_already_are_inserted_from_the_start(self):
        self.assertEqual(self.load_by("auto")[0].exit_code, 0)
        run, loads = self.assert_reloaded("auto", "duplicate")
        self.assertEqual(loads, 0)
        said = "writes by INSERT, not LOAD DATA, because its rows may be in the table already"
        self.assertEqual(said in run.stderr, not IS_MARIADB, run.stderr)

    def test_rows_that_were_deleted_since_go_by_load_data_again(self):
        self.assertEqual(self.load_by("auto")[0].exit_code, 0)
        self.database.sql("TRUNCATE chat_messages")
        _, loads = self.assert_reloaded("auto", "inserted")
        self.assertEqual(loads > 0, not IS_MARIADB)


class RepeatedIdsTest(WriteMethodCase):
    FRESH_TABLES = 6

    def test_two_connections_do_not_lock_one_another_out_of_a_fresh_table(self):
        """Every second one did, on MySQL."""
        self.path = support.generate(self.folder / "log.json.gz", lines=20_000)
        expected = apply(self.path)
        for _ in range(self.FRESH_TABLES):
            self.database.create_table()
            run = self.load(self.path, "--connections", 2, "--order", "file")
            self.assert_loaded(run, expected)
            self.assertNotIn("Lock wait timeout", run.stderr)

    def test_more_repeats_in_a_range_than_the_server_lists_warnings_are_no_reason_to_write_it_again(self):
        ids = [f"id-{number // 2}" for number in range(6_000)]
        self.path = self.write("log.json", "".join(line(key, str(number)) for number, key in enumerate(ids)))
        run = self.load(self.path, "--write-method", "load-data", "--connections", 2)
        self.assert_loaded(run, apply(self.path), exit_code=0)
        self.assertNotIn("INSERT", run.stderr)


@unittest.skipUnless(IS_MARIADB, "MySQL binds no rows")
class BoundRowsTest(WriteMethodCase):
    def test_rows_are_bound_where_the_table_has_no_trigger(self):
        for mode in ("skip", "replace"):
            with self.subTest(mode):
                self.database.create_table()
                run, _, executed = self.load_by("auto", mode=mode)
                self.assert_loaded(run, apply(self.path, on_duplicate=mode))
                self.assertGreater(executed, 0)

    def test_rows_are_text_where_the_table_has_or_may_have_a_trigger(self):
        for prepare in (self.revoke_trigger, lambda: self.database.sql(TRIGGER)):
            self.database.create_table()
            prepare()
            run, _, executed = self.load_by("auto")
            self.assert_loaded(run, apply(self.path))
            self.assertEqual(executed, 0)

    def test_rows_are_text_where_a_proxy_hides_that_the_server_takes_arrays(self):
        self.url = self.enterContext(proxy.Proxy(self.server.socket, without_extended_capabilities)).url(self.database.name)
        run, _, executed = self.load_by("auto")
        self.assert_loaded(run, apply(self.path))
        self.assertEqual(executed, 0)
        self.assertIn("writing them again with INSERT", run.stderr)


class BinaryLogTest(WriteMethodCase):
    @classmethod
    def setUpClass(cls):
        options = ("--log-bin", "--binlog-format=ROW", "--local-infile=1")
        cls.server = support.Server(name=f"binlog-{support.SERVER_KIND}", options=options)

    def test_rows_go_by_load_data_where_rows_are_logged(self):
        run, loads, _ = self.load_by("load-data")
        self.assert_loaded(run, apply(self.path))
        self.assertGreater(loads, 0)

    def test_where_statements_may_be_logged_rows_are_inserted(self):
        with self.variable("binlog_format", "'MIXED'"):
            self.assert_inserts("binlog_format is MIXED")

    def test_where_only_statements_are_logged_the_server_takes_nothing(self):
        """Neither server logs InnoDB's READ COMMITTED so."""
        with self.variable("binlog_format", "'STATEMENT'"):
            for method in ("load-data", "insert"):
                self.assert_refused(self.load_by(method)[0], 3, "binlog_format is STATEMENT")
        self.assertEqual(self.rows_in_table(), 0)

    @unittest.skipUnless(IS_MARIADB, "MySQL's rows are INSERTs of text or logged as rows")
    def test_what_is_logged_of_bound_rows_makes_the_same_table(self):
        for value, mode in itertools.product(("ROW", "MIXED"), ("skip", "replace")):
            with self.subTest(binlog_format=value, mode=mode), self.variable("binlog_format", f"'{value}'"):
                self.database.create_table()
                log = self.new_log()
                run, _, executed = self.load_by("auto", mode=mode)
                self.new_log()
                self.assertGreater(executed, 0)
                expected = apply(self.path, on_duplicate=mode)
                self.assert_loaded(run, expected)
                with support.Database(self.server) as replica:
                    replica.create_table()
                    self.replay(log, replica)
                    self.assertIsNone(support.first_difference(replica, expected))
                    of_load = "SELECT state, inserted, updated, duplicate FROM chatload_loads"
                    self.assertEqual(replica.sql(of_load), self.database.sql(of_load))

    def new_log(self):
        """The file of what is logged from now on."""
        self.server.sql("FLUSH BINARY LOGS")
        folder = pathlib.Path(self.server.sql("SELECT @@log_bin_basename")[0][0]).parent
        return folder / self.server.sql("SHOW BINARY LOGS")[-1][0]

    def replay(self, log, replica):
        """In the other database."""
        words = ["mariadb-binlog", "--no-defaults", f"--rewrite-db={self.database.name}->{replica.name}"]
        statements = subprocess.run([*words, log], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(self.server.client(), input=statements, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    unittest.main()
