# ctest: long
"""--indexes: what a load drops it builds, byte for byte, whatever ends it in between and whoever comes next."""

import contextlib
import pathlib
import re
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import pages
import proxy
import support
from ledger_case import LedgerCase, apply, chat_log, line, wait_until

NOTE = r"^INSERT INTO .?chatload_indexes"
MISSING = r"^SELECT .index_name., .definition. FROM .?chatload_indexes"
FORGET = r"^DELETE FROM .?chatload_indexes"
DROP = r"^ALTER TABLE .* DROP KEY"
BUILD = r"^ALTER TABLE .* ADD KEY"
BEGIN = r"^INSERT INTO .?chatload_loads"
CLAIM = r"^INSERT INTO .?chatload_ranges"
LOCK_WAIT = r"^SET SESSION lock_wait_timeout"
DONE = r"^UPDATE .?chatload_loads.? SET .*done"
DEFER = ("--indexes", "defer")
PATIENT = ("--wait-lock", "100s")  # the server may need a moment to notice that a killed run is gone
SHIPPED = ["site_id", "timestamp"]
USER = "chatload_indexes"
STOP_DEADLINE_S = 5


class IndexCase(LedgerCase):
    def setUp(self):
        super().setUp()
        self.path = self.write_log()
        self.door = self.enterContext(proxy.Proxy(self.server.socket))
        self.to_door = self.door.url(self.database.name)

    def shown(self):
        return self.database.sql("SHOW CREATE TABLE chat_messages")

    def indexes(self):
        """The names of the table's secondary indexes."""
        rows = self.database.sql(
            "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()"
            " AND TABLE_NAME = 'chat_messages' AND INDEX_NAME <> 'PRIMARY' ORDER BY 1"
        )
        return [name for (name,) in rows]

    def notes(self):
        return [name for (name,) in self.database.sql("SELECT index_name FROM chatload_indexes ORDER BY position")]

    def recorded_mode(self, load=1):
        setting = "SUBSTRING_INDEX(SUBSTRING_INDEX(plan, 'indexes = \"', -1), '\"', 1)"
        return self.database.sql(f"SELECT {setting} FROM chatload_loads WHERE load_id = {load}")[0][0]

    def pipe(self, name, text, *words, **options):
        """Loads text of a size that is not known beforehand."""
        return self.load("-", "--source-id", name, *words, input=text, **options)

    def killed_at(self, moment, pattern, nth=1, words=DEFER):
        """Kills a load before or after that statement."""
        loader = self.loader(self.path, *self.RANGE_SIZE, *words, to=self.to_door)

        def kill(link):
            loader.kill()
            link.cut()

        # The loader starts at once, and needs some time to get to its first statement.
        self.door.at(pattern, nth, **{moment: kill}).wait()

    def stalled_at(self, pattern, nth=1, words=DEFER, path=None):
        """A load of which no statement gets through from that one on, until door.flow()."""
        stalled = self.door.at(pattern, nth, before=lambda _: self.door.stall())
        loader = self.loader(path or self.path, *self.RANGE_SIZE, *words, to=self.to_door)
        stalled.wait()
        return loader

    def statements(self, pattern):
        return [text for text in self.door.statements if re.search(pattern, text)]

    def statements_in_order(self, *patterns):
        """Which of the patterns each statement is like that is like one."""
        return [pattern for text in self.door.statements for pattern in patterns if re.search(pattern, text)]

    def assert_whole(self, before):
        self.assertEqual(self.shown(), before)
        self.assertEqual(self.notes(), [])


class AroundALoadTest(IndexCase):
    def seen_in_mid_load(self, *words, **options):
        """The table's indexes while its rows are written, and the run."""
        seen = []
        self.door.at(CLAIM, nth=3, before=lambda _: seen.extend(self.indexes()))
        run = self.load(self.path, *self.RANGE_SIZE, *words, to=self.to_door, **options)
        return seen, run

    def test_definitions_and_their_order_are_as_before(self):
        hidden = "/*!80000 INVISIBLE */" if self.server.kind == "mysql" else "IGNORED"
        self.database.sql(
            "ALTER TABLE chat_messages ADD KEY `z``(,` (`data`(20), site_id DESC) COMMENT 'it''s \\\\ ,(a',"
            f" ADD KEY hidden (`type`) {hidden}, ADD KEY a (`from`, site_id, `timestamp`) USING BTREE"
        )
        before = self.shown()
        seen, run = self.seen_in_mid_load(*DEFER)
        self.assertEqual(seen, [])
        self.assert_loaded(run, apply(self.path))
        self.assert_whole(before)
        self.assertIn("Builds 5 secondary indexes (`site_id`, `timestamp`, `z``(,`, `hidden`, `a`)", run.stderr)
        self.assertEqual(len(self.statements(BUILD)), 1)

    def test_every_mode_of_duplicates_ends_with_the_oracles_table(self):
        for load, mode in enumerate(("skip", "replace"), 1):
            with self.subTest(mode=mode):
                self.database.sql("DELETE FROM chat_messages")
                words = (self.path, "--reload", "--on-duplicate", mode, *self.RANGE_SIZE, *DEFER)
                before = self.shown()
                self.assert_loaded(self.load(*words), apply(self.path, on_duplicate=mode), load=load)
                self.assert_whole(before)

    def test_a_line_that_is_there_fails_and_the_next_run_builds(self):
        before = self.shown()
        path = self.write("twice.json", line("a") + line("a"))
        run = self.load(path, "--on-duplicate", "fail", *DEFER)
        self.assertEqual(run.exit_code, 3)
        self.assertIn("`chat_messages` still lacks `site_id`, `timestamp`. Run", run.stderr)
        self.assertEqual(self.indexes(), [])
        self.assertEqual(self.load(self.write("other.json", line("b"))).exit_code, 0)
        self.assert_whole(before)

    def test_unique_and_full_text_indexes_stay(self):
        self.database.sql(
            "ALTER TABLE chat_messages ADD UNIQUE KEY u (id, site_id), ADD FULLTEXT KEY f (`data`),"
            " ADD number INT NOT NULL AUTO_INCREMENT, ADD KEY counting (number)"
        )
        names = self.indexes()
        seen, run = self.seen_in_mid_load(*DEFER)
        self.assertEqual(seen, ["counting", "f", "u"])
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual((self.indexes(), self.notes()), (names, []))

    def test_a_table_with_a_foreign_key_keeps_all(self):
        for statement in (
            "CREATE TABLE other (id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE {} PRIMARY KEY,"
            " FOREIGN KEY (id) REFERENCES chat_messages (id))",
            "DROP TABLE other; CREATE TABLE other (site_id VARCHAR(50) PRIMARY KEY);"
            " INSERT INTO other VALUES ('0'), ('1'), ('2'), ('3'), ('4'); ALTER TABLE chat_messages ADD FOREIGN KEY (site_id) REFERENCES other (site_id)",
        ):
            collation = "utf8mb4_0900_bin" if self.server.kind == "mysql" else "utf8mb4_nopad_bin"
            self.database.sql(statement.format(collation))
            with self.subTest(statement=statement):
                before = self.shown()
                seen, run = self.seen_in_mid_load(*DEFER, "--reload")
                self.assertEqual(seen, self.indexes())
                self.assertIn("because the table has a foreign key or is referenced by one.", run.stderr)
                self.assert_whole(before)
        self.database.sql("ALTER TABLE chat_messages DROP FOREIGN KEY chat_messages_ibfk_1; DROP TABLE other")

    def test_auto_defers_for_an_empty_table_and_an_input_of_unknown_size(self):
        before = self.shown()
        run = self.pipe("log", chat_log(), *self.RANGE_SIZE)
        self.assert_loaded(run, apply(self.path))
        self.assertIn("(`site_id`, `timestamp`) after the load, because the table is empty.", run.stderr)
        self.assertEqual(self.recorded_mode(), "defer")
        self.assert_whole(before)

    def test_auto_keeps_for_a_small_input_and_for_a_table_with_rows(self):
        seen, run = self.seen_in_mid_load()
        self.assertEqual(seen, SHIPPED)
        self.assertIn("in place, because the inputs together are smaller than 8 MiB.", run.stderr)
        run = self.pipe("more", line("more"))
        self.assertIn("in place, because the table has rows.", run.stderr)
        self.assertEqual([self.recorded_mode(load) for load in (1, 2)], ["keep", "keep"])

    def test_keep_touches_nothing_and_says_nothing(self):
        run = self.pipe("log", chat_log(), "--indexes", "keep", to=self.to_door)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertNotIn("index", run.stderr)
        self.assertEqual(self.statements("ALTER TABLE|INTO .?chatload_indexes"), [])

    def test_a_table_with_rows_defers_where_it_is_asked_for(self):
        before = self.shown()
        self.assertEqual(self.load(self.write("first.json", line("a"))).exit_code, 0)
        seen, run = self.seen_in_mid_load(*DEFER)
        self.assertEqual(seen, [])
        self.assertIn("because --indexes defer asks for it.", run.stderr)
        self.assert_whole(before)

    def test_a_load_that_is_done_takes_any_index_mode(self):
        self.assertEqual(self.load(self.path, *DEFER).exit_code, 1)
        for mode in ("keep", "defer", "auto"):
            run = self.load(self.path, "--indexes", mode)
            self.assertEqual((run.exit_code, run.summary["status"]), (1, "already_loaded"), run.stderr)


class AfterACrashTest(IndexCase):
    POINTS = (
        ("before", NOTE), ("after", NOTE), ("before", DROP), ("after", DROP),
        ("before", CLAIM, 10), ("after", CLAIM, 10), ("before", BUILD), ("after", BUILD),
        ("before", FORGET, 2), ("after", FORGET, 2), ("before", DONE), ("after", DONE),
    )  # fmt: skip

    def test_the_same_command_ends_as_an_undisturbed_load(self):
        before = self.shown()
        for moment, pattern, *nth in self.POINTS:
            with self.subTest(moment=moment, pattern=pattern):
                self.database.create_table()
                self.killed_at(moment, pattern, *nth)
                run = self.load(self.path, *self.RANGE_SIZE, *DEFER, *PATIENT)
                status = "already_loaded" if (moment, pattern) == ("after", DONE) else "done"
                self.assert_loaded(run, apply(self.path), status=status)
                self.assert_whole(before)

    def test_a_resume_goes_on_without_them_and_builds_them_at_its_end(self):
        before = self.shown()
        self.killed_at("before", CLAIM, 10)
        seen = []
        self.door.at(CLAIM, nth=1, before=lambda _: seen.append(self.indexes()))
        run = self.load(self.path, *PATIENT, to=self.to_door)
        self.assertEqual(seen, [[]])
        self.assertIn("Builds 2 secondary indexes (`site_id`, `timestamp`) after the load, as it began.", run.stderr)
        self.assert_loaded(run, apply(self.path))
        self.assert_whole(before)

    def test_a_resume_with_another_mode_is_refused_and_with_auto_is_not(self):
        self.killed_at("before", CLAIM, 10)
        self.assert_refused(self.load(self.path, "--indexes", "keep", *PATIENT), 64, "--indexes is now keep", "defer")
        self.assert_loaded(self.load(self.path, "--indexes", "auto", *PATIENT), apply(self.path))

    def test_another_load_builds_them_before_its_first_row(self):
        before = self.shown()
        self.killed_at("before", CLAIM, 10)
        seen = []
        self.door.at(CLAIM, nth=1, before=lambda _: seen.append(self.indexes()))
        other = self.write("other.json", line("other"))
        self.assertEqual(self.load(other, *PATIENT, to=self.to_door).exit_code, 0)
        self.assertEqual(seen, [SHIPPED])
        self.assert_whole(before)
        # The table has more than the log now; what is left of that is loaded with the indexes in place.
        run = self.load(self.path, *PATIENT)
        self.assertEqual((run.exit_code, run.summary["lines"]), (1, apply(self.path).lines), run.stderr)
        self.assert_whole(before)

    def test_a_run_that_has_nothing_to_load_builds_them_too(self):
        before = self.shown()
        other = self.write("other.json", line("other"))
        self.assertEqual(self.load(other).exit_code, 0)
        self.killed_at("before", CLAIM, 10)
        self.assertEqual(self.load(other, *PATIENT).summary["status"], "already_loaded")
        self.assert_whole(before)

    def test_schema_check_names_them_and_schema_apply_builds_them(self):
        before = self.shown()
        self.killed_at("before", CLAIM, 10)
        check = support.run_chatload("schema", "check", "--to", self.database.url)
        self.assertIn("its index `site_id` is missing since a load left it out", check.stdout)
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")
        done = support.run_chatload("schema", "apply", "--to", self.database.url)
        self.assertIn("info: chat_messages: builds the indexes `site_id`, `timestamp`; waits for up to 5 min", done.stderr)
        self.assertIn("chat_messages: the index `timestamp` is built\n", done.stdout, done.stderr)
        self.assert_whole(before)
        self.assertNotIn("missing", support.run_chatload("schema", "check", "--to", self.database.url).stdout)

    def test_an_index_that_is_another_one_now_is_left_and_named(self):
        self.killed_at("before", CLAIM, 10)
        self.database.sql("ALTER TABLE chat_messages ADD KEY Site_id (`type`)")
        run = self.load(self.path, *PATIENT)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual(run.stderr.count("The index `site_id` of `chat_messages` is another one now"), 1, run.stderr)
        self.assertEqual(([name.lower() for name in self.indexes()], self.notes()), (SHIPPED, []))
        self.assertIn("KEY `Site_id` (`type`)", str(self.shown()))

    def test_a_load_that_cannot_be_begun_once_they_are_dropped_says_what_is_missing(self):
        def hide_the_ledger(_):
            self.database.sql("RENAME TABLE chatload_loads TO hidden")

        self.door.at(BEGIN, before=hide_the_ledger)
        run = self.load(self.path, *self.RANGE_SIZE, *DEFER, to=self.to_door)
        self.assert_refused(run, 3, "The table or the ledger cannot be read or written")
        self.assertIn("`chat_messages` still lacks `site_id`, `timestamp`. Run", run.stderr)
        self.database.sql("RENAME TABLE hidden TO chatload_loads")
        self.assert_loaded(self.load(self.path), apply(self.path))
        self.assertEqual((self.indexes(), self.notes()), (SHIPPED, []))

    def test_after_an_exceeded_budget_they_are_built_and_the_next_run_may_drop_them_again(self):
        run = self.load(self.path, "--max-rejects", 0, *self.RANGE_SIZE, *DEFER)
        self.assertEqual(run.exit_code, 2)
        self.assertEqual((self.indexes(), self.notes()), (SHIPPED, []))
        self.assert_loaded(self.load(self.path), apply(self.path))
        self.assertEqual((self.indexes(), self.notes()), (SHIPPED, []))


class BesideOthersTest(IndexCase):
    def test_another_load_says_who_has_the_table_or_waits(self):
        other = self.write("other.json", line("other"))
        before = self.shown()
        loader = self.stalled_at(CLAIM, nth=10)
        who = f"process {loader.process.pid}"
        for words in ((), ("--indexes", "keep"), DEFER):
            run = self.load(other, *words, "--restart", "--wait-lock", "0s")
            self.assert_refused(run, 3, "has the table for itself", who, "--wait-lock")
        waiting = self.loader(other, *PATIENT, "--restart")
        wait_until(lambda: waiting.says("waiting for up to 100 s (--wait-lock)"), "the other load waits")
        self.door.flow()
        self.assertEqual(loader.finish().exit_code, 1)
        self.assertEqual(waiting.finish().exit_code, 0)
        self.assert_whole(before)
        self.assertEqual(self.rows_in_table(), len(apply(self.path).rows) + 1)

    def test_loads_that_begin_at_once_in_an_empty_table_wait_for_the_one_that_has_it(self):
        before = self.shown()
        first = self.stalled_at(CLAIM, nth=10)
        with open(self.write("more.json", line("more"))) as stream:
            others = [self.loader(self.write("other.json", line("other"))),
                      self.loader("-", "--source-id", "more", stdin=stream)]  # fmt: skip
        for other in others:
            wait_until(lambda other=other: other.says("waiting until it ends"), "the other load waits")
            self.assertTrue(other.says(f"process {first.process.pid}"))
        self.door.flow()
        self.assertEqual([loader.finish().exit_code for loader in (first, *others)], [1, 0, 0])
        self.assert_whole(before)
        self.assertEqual(self.rows_in_table(), len(apply(self.path).rows) + 2)

    def test_schema_apply_leaves_them_to_the_load_that_runs(self):
        loader = self.stalled_at(CLAIM, nth=10)
        done = support.run_chatload("schema", "apply", "--to", self.database.url)
        self.assertIn("its indexes `site_id`, `timestamp` are built by a load that runs", done.stdout, done.stderr)
        self.door.flow()
        self.assert_loaded(loader.finish(), apply(self.path))

    def test_beside_another_load_auto_keeps_and_defer_says_so(self):
        loader = self.stalled_at(CLAIM, nth=1, words=("--indexes", "keep"))
        run = self.pipe("other", line("other"))
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertIn("in place, because load 1 (", run.stderr)
        self.assertEqual(self.recorded_mode(2), "keep")
        other = self.write("other.json", line("more"))
        refused = self.load(other, *DEFER, "--wait-lock", "0s")
        self.assert_refused(refused, 3, "load 1 (", "writes into the table", "--wait-lock")
        waiting = self.loader(other, *DEFER, *PATIENT)
        self.door.flow()
        self.assertEqual(loader.finish().exit_code, 1)
        self.assertEqual(waiting.finish().exit_code, 0)
        self.assertEqual((self.indexes(), self.notes()), (SHIPPED, []))

    def account(self, *more):
        """A user who may do what the documented grants say, except to change tables."""
        grants = pages.grants().replace(" chat.", f" `{self.database.name}`.").replace("loader@", f"{USER}@")
        self.assertIn("ALTER", grants)
        grants = "".join(text for text in grants.splitlines(True) if "ALTER" not in text)
        self.server.sql(f"DROP USER IF EXISTS {USER}@'%'; CREATE USER {USER}@'%'; {grants}")
        self.addCleanup(self.server.sql, f"DROP USER {USER}@'%'")
        url = self.server.url
        return url._replace(netloc=f"{USER}@{url.hostname}", path=f"/{self.database.name}").geturl()

    def test_without_the_privilege_auto_keeps_and_defer_is_an_error(self):
        before, url = self.shown(), self.account()
        self.assert_refused(self.load(self.path, *DEFER, to=url), 3, "cannot be dropped", "ALTER command denied")
        run = self.pipe("log", chat_log(), to=url)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIn("in place, because the server refuses: ALTER command denied", run.stderr)
        self.assertEqual(self.recorded_mode(), "keep")
        self.assert_whole(before)

    def test_who_may_not_build_what_is_missing_is_told(self):
        url = self.account()
        self.killed_at("before", CLAIM, 10)
        other = self.write("other.json", line("other"))
        run = self.load(other, *PATIENT, to=url)
        self.assert_refused(run, 3, "`site_id`, `timestamp`", "ALTER command denied", "`chatload schema apply`")

    def test_a_session_that_uses_the_table_makes_auto_keep_and_defer_wait(self):
        with self.session("START TRANSACTION; SELECT 1 FROM chat_messages LIMIT 0"):
            run = self.pipe("log", chat_log())
            self.assertEqual(run.exit_code, 1, run.stderr)
            self.assertIn("because another session uses `chat_messages`", run.stderr)
            words = (self.path, *DEFER, "--retry-for", "1s")
            self.assert_refused(self.load(*words), 3, "cannot be dropped", "another session uses `chat_messages`")
            waiting = self.loader(self.path, *DEFER)
            wait_until(lambda: waiting.says("trying again for up to"), "the load waits for the table")
        self.assertEqual(waiting.finish().exit_code, 1)
        self.assertEqual((self.indexes(), self.notes()), (SHIPPED, []))


class BackupTest(IndexCase):
    """A backup keeps every ALTER TABLE waiting, and no session that uses the table is to blame."""

    def lock(self):
        return "LOCK INSTANCE FOR BACKUP" if self.server.kind == "mysql" else "BACKUP STAGE START; BACKUP STAGE BLOCK_DDL"

    def test_before_the_drop_auto_keeps_the_indexes_and_says_why(self):
        before = self.shown()
        with self.session(self.lock()):
            run = self.pipe("log", chat_log())
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertRegex(run.stderr, "in place, because .*a backup holds the server's backup lock")
        if self.server.kind == "mysql":
            self.assertIn("(connection", run.stderr)
            self.assertNotIn("another session uses", run.stderr)
        self.assertEqual(self.recorded_mode(), "keep")
        self.assert_whole(before)

    def test_the_build_waits_for_it_and_names_it(self):
        before = self.shown()
        for lock in (self.lock(), "FLUSH TABLES WITH READ LOCK"):
            with self.subTest(lock), contextlib.ExitStack() as backup:
                self.database.create_table()
                self.door.at(BUILD, before=lambda _: backup.enter_context(self.session(lock)))
                loader = self.loader(self.path, *self.RANGE_SIZE, *DEFER, to=self.to_door)
                is_of_server = lock.startswith("FLUSH") and self.server.kind == "mysql"
                cause = "FLUSH TABLES WITH READ LOCK" if is_of_server else "a backup holds the server's backup lock"
                wait_until(lambda: loader.says("The build waits, because"), "the build waits")
                self.assertTrue(loader.says(cause), loader.errors.read_text())
                self.assertFalse(loader.says("another session uses"))
                backup.close()
                self.assert_loaded(loader.finish(), apply(self.path))
                self.assert_whole(before)


class BuildTest(IndexCase):
    def reader_from(self, pattern, nth):
        """A session that reads the table from that statement of a load on, until close()."""
        opened, may_close = threading.Event(), threading.Event()

        def read():
            with self.session("START TRANSACTION; SELECT 1 FROM chat_messages LIMIT 0"):
                opened.set()
                may_close.wait()

        reader = threading.Thread(target=read)

        def open_it(_):
            reader.start()
            opened.wait()

        def close():
            may_close.set()
            reader.join()

        self.addCleanup(close)
        self.door.at(pattern, nth, before=open_it)
        return close

    def is_building(self):
        statements = self.server.sql("SELECT IFNULL(INFO, '') FROM information_schema.PROCESSLIST")
        return any("ADD KEY" in text for (text,) in statements)

    def blocked_build(self, *words):
        """A load whose build waits for a reader; returns it and what ends the reader."""
        close = self.reader_from(CLAIM, 10)
        loader = self.loader(self.path, *self.RANGE_SIZE, *DEFER, *words, to=self.to_door)
        wait_until(self.is_building, "the server builds")
        return loader, close

    def test_a_signal_ends_the_build_in_time_and_the_next_run_finishes_it(self):
        before = self.shown()
        loader, close = self.blocked_build()
        begin = time.monotonic()
        loader.process.send_signal(signal.SIGTERM)
        run = loader.finish()
        self.assertLess(time.monotonic() - begin, STOP_DEADLINE_S)
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assertIn("still lacks `site_id`, `timestamp`. Run", run.stderr)
        self.assertFalse(self.is_building())
        self.assertEqual([row[2] for row in self.loads()], ["interrupted"])
        close()
        self.assert_loaded(self.load(self.path, *PATIENT), apply(self.path))
        self.assert_whole(before)

    def test_the_next_run_waits_for_a_build_that_the_server_goes_on_with(self):
        before = self.shown()
        loader, close = self.blocked_build()
        loader.kill()
        self.assertTrue(self.is_building())
        builds = len(self.statements(BUILD))
        resumed = self.loader(self.path, *PATIENT, to=self.to_door)
        wait_until(lambda: resumed.says("The server is still building indexes of chat_messages"), "the next run waits")
        close()
        self.assert_loaded(resumed.finish(), apply(self.path))
        self.assert_whole(before)
        self.assertEqual(len(self.statements(BUILD)), builds)

    def test_what_is_missing_is_asked_for_once_before_each_build(self):
        self.assert_loaded(self.load(self.path, *self.RANGE_SIZE, *DEFER, to=self.to_door), apply(self.path))
        order = self.statements_in_order(CLAIM, MISSING, BUILD)
        self.assertEqual(order[order.index(BUILD) - 2 :][:4], [CLAIM, MISSING, BUILD, MISSING])

    def test_a_reader_that_does_not_end_is_named_as_what_is_in_the_way(self):
        """After the least time that a build waits, and a moment more."""
        loader, _ = self.blocked_build("--retry-for", "21s")
        loader.process.wait(60)
        run = loader.finish()
        self.assert_refused(run, 3, "`site_id`, `timestamp`", "another session uses `chat_messages`", "metadata lock",
                            "end the session that uses the table")
        self.assertEqual(run.stderr.count("The build waits, because another session uses `chat_messages`"), 1)
        self.assertEqual(len(self.statements(BUILD)), 1)
        self.assertEqual(self.notes(), SHIPPED)

    def test_a_build_waits_for_the_table_as_long_as_for_a_server_and_twenty_seconds_at_least(self):
        for words, seconds in (((), 300), (("--retry-for", "1500ms"), 20), (("--retry-for", "20500ms"), 21)):
            with self.subTest(words):
                self.database.create_table()
                self.door.statements.clear()
                self.assertEqual(self.load(self.path, *DEFER, *words, to=self.to_door).exit_code, 1)
                self.assertEqual(self.statements(LOCK_WAIT)[-1:], [f"SET SESSION lock_wait_timeout = {seconds}"])

    def test_a_build_that_took_longer_than_retry_for_has_outlived_the_trouble_before_it(self):
        before = self.shown()
        retry_for_s = 2
        cut = self.door.at(BUILD, before=proxy.Link.cut)
        close = self.reader_from(CLAIM, 10)
        loader = self.loader(self.path, *self.RANGE_SIZE, *DEFER, "--retry-for", retry_for_s, to=self.to_door)
        cut.wait()
        built = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'ALTER TABLE%ADD KEY%' AND TIME > {}"
        wait_until(lambda: self.server.sql(built.format(retry_for_s)), "the server builds for longer than that")
        self.server.sql(f"KILL {self.server.sql(built.format(retry_for_s))[0][0]}")
        close()
        self.assert_loaded(loader.finish(), apply(self.path))
        self.assert_whole(before)

    def test_what_ends_one_long_build_after_the_other_ends_the_run(self):
        for nth in range(1, 11):
            self.door.at(BUILD, nth, before=proxy.Link.cut)
        run = self.load(self.path, *self.RANGE_SIZE, *DEFER, "--retry-for", "1ms", to=self.to_door)
        self.assert_refused(run, 3, "cannot be built")
        self.assertLess(len(self.statements(BUILD)), 6)

    def test_a_connection_lost_in_the_build_is_opened_again(self):
        before = self.shown()
        for moment in ("before", "after"):
            with self.subTest(moment=moment):
                self.database.create_table()
                cut = self.door.at(BUILD, **{moment: proxy.Link.cut})
                run = self.load(self.path, *self.RANGE_SIZE, *DEFER, to=self.to_door)
                cut.wait()
                self.assert_loaded(run, apply(self.path))
                self.assert_whole(before)

    def test_an_index_that_cannot_be_built_ends_the_load_before_it_is_done(self):
        loader = self.stalled_at(BUILD)
        self.database.sql("ALTER TABLE chat_messages RENAME COLUMN site_id TO site")
        self.door.flow()
        self.assert_refused(loader.finish(), 3, "`site_id`, `timestamp` of `chat_messages` cannot be built", "1072")
        self.assertEqual([row[2] for row in self.loads()], ["failed"])
        self.database.sql("ALTER TABLE chat_messages RENAME COLUMN site TO site_id")
        self.assert_loaded(self.load(self.path), apply(self.path))
        self.assertEqual((self.indexes(), self.notes()), (SHIPPED, []))

    def failed_in_the_build(self, *words):
        """A load of which all lines are in and no index is; the statements after that are those of the next run."""
        loader = self.stalled_at(BUILD, words=(*DEFER, *words))
        self.database.sql("ALTER TABLE chat_messages RENAME COLUMN site_id TO site")
        self.door.flow()
        self.assert_refused(loader.finish(), 3, "cannot be built")
        self.database.sql("ALTER TABLE chat_messages RENAME COLUMN site TO site_id")
        self.door.statements.clear()

    def test_a_run_after_a_failed_build_reads_nothing_again(self):
        for order in ("file", "key"):
            with self.subTest(order=order):
                self.database.create_table()
                self.failed_in_the_build("--order", order)
                run = self.load(self.path, to=self.to_door)
                self.assert_loaded(run, apply(self.path))
                self.assertIn("of which all lines are done", run.stderr)
                self.assertEqual((self.statements(CLAIM), run.summary["this_run"]["bytes_decompressed"]), ([], 0))
                self.assertEqual((self.indexes(), self.notes()), (SHIPPED, []))

    def test_a_run_after_a_failed_build_compares_a_file_that_was_touched(self):
        self.failed_in_the_build()
        self.path.touch()
        run = self.load(self.path, to=self.to_door)
        self.assert_loaded(run, apply(self.path))
        self.assertIn("comparing all of its bytes", run.stderr)
        self.assertEqual(self.statements(CLAIM), [])

    def test_a_run_after_a_failed_build_refuses_another_stream_of_that_name_and_leaves_the_load_as_it_was(self):
        self.failed_in_the_build("--source-id", "night")
        self.assert_refused(self.pipe("night", line("other")), 3, "--source-id", "--restart", "load 1")
        self.assertEqual([row[2] for row in self.loads()], ["failed"])
        with self.path.open("rb") as stream:
            self.assert_loaded(self.load("-", "--source-id", "night", stdin=stream), apply(self.path))

    def test_a_run_after_a_failed_build_writes_what_the_server_has_lost_since(self):
        self.failed_in_the_build()
        self.database.sql("DELETE FROM chatload_ranges; DELETE FROM chatload_rejects; DELETE FROM chat_messages")
        run = self.load(self.path, to=self.to_door)
        self.assert_loaded(run, apply(self.path))
        self.assertNotEqual(self.statements(CLAIM), [])


class ServerCrashTest(IndexCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server(name=f"indexes-{support.SERVER_KIND}", options=("--innodb-buffer-pool-size=64M",))

    def test_the_run_outlives_a_server_that_is_killed_and_restarted(self):
        before = self.shown()

        def kill_and_restart(link):
            self.server.kill()
            self.server.start()
            link.cut()

        for moment, pattern in (("after", NOTE), ("after", DROP), ("before", BUILD), ("after", BUILD)):
            with self.subTest(moment=moment, pattern=pattern):
                self.database.create_table()
                restart = self.door.at(pattern, **{moment: kill_and_restart})
                run = self.load(self.path, *self.RANGE_SIZE, *DEFER, to=self.to_door)
                restart.wait()
                self.assert_loaded(run, apply(self.path))
                self.assert_whole(before)


if __name__ == "__main__":
    unittest.main()
