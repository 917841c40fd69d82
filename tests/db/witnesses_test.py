"""A table that lost a load's rows is noticed before the ledger is believed: emptied, made anew, restored, or in part."""

import pathlib
import re
import subprocess
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LINES, LedgerCase, apply, line, wait_until

KEY_ORDER = ("--order", "key")
MADE_AT = (
    "SELECT CREATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'chat_messages'"
)
# A table that is made in the second in which a load ends is as old as the load: CREATE_TIME has seconds.
AN_HOUR_AGO = (
    "UPDATE chatload_loads SET started_at = started_at - INTERVAL 1 HOUR, finished_at = finished_at - INTERVAL 1 HOUR"
)
SUMS_UP = r"^SELECT COUNT\(\*\), COALESCE"
LOOK = r"SELECT EXISTS \(SELECT 1 FROM `chat_messages`"
BUILD = r"^ALTER TABLE .* ADD KEY"
LONG_KEYS = [f"{'😀' * 760}{number}" for number in range(400)]  # 3,041 bytes and more, of 3,072


def id_in(witness):
    """\0id='…, percent-encoded."""
    return urllib.parse.unquote(witness.removeprefix("\0id='"))


class WitnessCase(LedgerCase):
    def apply_schema(self):
        words = [support.CHATLOAD, "schema", "apply", "--to", self.database.url]
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout

    def make_table_anew(self):
        """In a later second than the server made it before, as its CREATE_TIME has seconds."""
        wait_until(lambda: self.database.sql(f"SELECT UTC_TIMESTAMP() > ({MADE_AT})") == [["1"]], "a second has passed")
        self.database.sql("DROP TABLE chat_messages")
        return self.apply_schema()

    def keep_copy(self):
        self.database.sql("CREATE TABLE copy LIKE chat_messages; INSERT INTO copy SELECT * FROM chat_messages")

    def restore_copy(self):
        self.make_table_anew()
        self.database.sql("INSERT INTO chat_messages SELECT * FROM copy")

    def finished(self, *words):
        run = self.load(*words, *self.RANGE_SIZE)
        self.assertEqual(run.exit_code, 1, run.stderr)

    def kept(self, load=1):
        """The keys that a load which is done has kept."""
        (texts,) = self.database.sql(f"SELECT witnesses FROM chatload_loads WHERE load_id = {load}")[0]
        return [id_in(bytes.fromhex(text).decode()) for text in texts.split(",")]

    def delete(self, keys):
        self.database.sql("DELETE FROM chat_messages WHERE id IN ('" + "', '".join(keys) + "')")

    def assert_restarts(self, path, *words, load=2):
        run = self.load(path, "--restart", *words)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assert_in_database(apply(path), load)


class UnfinishedTest(WitnessCase):
    def test_a_load_goes_on_only_while_a_row_of_each_of_its_ranges_is_there(self):
        path = self.write_log()
        for words in ((), KEY_ORDER):
            for loss in ("TRUNCATE chat_messages", "DELETE FROM chat_messages", None):
                with self.subTest(words=words, loss=loss):
                    self.database.create_table()
                    self.interrupt(path, *words, *self.RANGE_SIZE)
                    if loss:
                        self.database.sql(loss)
                    else:
                        self.assertIn("has no rows of load 1 (", self.make_table_anew())
                    run = self.load(path, *words)
                    self.assert_refused(run, 3, path, "load 1", "and 0 of them are in", "--restart", "safe")
                    self.assertEqual(self.rows_in_table(), 0)
                    self.assert_restarts(path)

    def test_one_row_that_is_missing_is_enough(self):
        path = self.write_log()
        ranges = self.interrupt(path, *self.RANGE_SIZE)
        (witness,) = self.database.sql("SELECT witness FROM chatload_ranges WHERE range_number = 1")[0]
        self.delete([id_in(witness)])
        self.assert_refused(self.load(path), 3, f"{ranges} were looked up", f"{ranges - 1} of them are in", "--restart")
        self.assert_restarts(path)

    def test_a_copy_of_the_table_from_before_the_last_ranges_is_noticed(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE, key="id-201")
        self.keep_copy()
        self.interrupt(path)
        self.restore_copy()
        self.assert_refused(self.load(path), 3, "load 1", "--restart")
        self.assert_restarts(path)

    def test_a_load_that_lacks_only_its_indexes_is_not_done_over_an_empty_table(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        loader = self.loader(path, "--indexes", "defer", *self.RANGE_SIZE, to=door.url(self.database.name))
        door.at(BUILD, before=lambda link: (loader.kill(), link.cut())).wait()
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")
        self.database.sql("TRUNCATE chat_messages")
        self.assert_refused(self.load(path), 3, "load 1", "and 0 of them are in", "--restart")
        self.assert_restarts(path, "--indexes", "defer")

    def test_a_table_that_is_emptied_while_it_is_loaded_is_noticed_at_the_end(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        door.at(SUMS_UP, before=lambda _: self.database.sql("TRUNCATE chat_messages"))
        run = self.load(path, *self.RANGE_SIZE, to=door.url(self.database.name))
        self.assert_refused(run, 3, "load 1", "and 0 of them are in", "--restart")
        self.assert_restarts(path)

    def test_the_rows_are_looked_up_when_all_are_in_and_again_only_after_an_index_build(self):
        path = self.write_log()
        for indexes, looks in (("keep", 1), ("defer", 2)):
            with self.subTest(indexes), proxy.Proxy(self.server.socket) as door:
                self.database.create_table()
                run = self.load(path, "--indexes", indexes, to=door.url(self.database.name))
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertEqual(len([text for text in door.statements if re.match(LOOK, text)]), looks)

    def test_a_table_that_was_rebuilt_has_its_rows(self):
        path = self.write_log()
        for rebuild in ("ALTER TABLE chat_messages FORCE", "OPTIMIZE TABLE chat_messages"):
            with self.subTest(rebuild):
                self.database.create_table()
                self.interrupt(path, *self.RANGE_SIZE)
                self.database.sql(rebuild)
                self.assert_loaded(self.load(path), apply(path))

    def test_a_load_without_rows_so_far_misses_none(self):
        path = self.write("log.json", "bad\n" * 3000 + "".join(line(str(key)) for key in range(100)))
        self.interrupt(path, *self.RANGE_SIZE, key="0")
        self.make_table_anew()
        self.assert_loaded(self.load(path), apply(path))


class DoneTest(WitnessCase):
    def test_a_load_that_is_done_keeps_sixteen_keys_from_its_first_range_to_its_last(self):
        path = self.write_log()
        for words in ((), KEY_ORDER):
            with self.subTest(words=words):
                self.database.create_table()
                self.finished(path, *words)
                keys = self.kept()
                self.assertEqual(len(set(keys)), 16)
                places = sorted(int(key.removeprefix("id-")) for key in keys)
                self.assertGreater(places[-1] - places[0], LINES * 4 // 5)

    def test_over_a_table_without_its_rows_it_is_no_success(self):
        path = self.write_log()
        for loss in ("TRUNCATE chat_messages", "DELETE FROM chat_messages WHERE id NOT IN ('id-1')", None):
            with self.subTest(loss=loss):
                self.database.create_table()
                self.finished(path)
                if loss:
                    self.database.sql(loss)
                else:
                    said = self.make_table_anew()
                    self.assertIn("has no rows of load 1 (", said)
                    self.assertIn("--reload", said)
                    self.assertIn("chatload loads forget 1", said)
                rows = self.rows_in_table()
                self.assert_refused(self.load(path), 3, path, "load 1", "--reload")
                self.assertEqual(self.rows_in_table(), rows)
                self.assertEqual(self.load(path, "--reload").exit_code, 1)
                self.assert_in_database(apply(path), load=2)
                self.assertEqual(self.load(path).summary["status"], "already_loaded")

    def test_rows_that_were_deleted_since_are_a_warning_with_their_number(self):
        path = self.write_log()
        self.finished(path)
        self.delete(self.kept()[:5])
        run = self.load(path)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "already_loaded"), run.stderr)
        self.assertRegex(run.stderr, "warning: .*load 1 .*16 were looked up, and 11 of them are in .*: 5 were deleted")

    def test_a_copy_of_the_table_from_the_midst_of_the_load_is_no_success(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        self.keep_copy()
        self.finished(path)
        self.restore_copy()
        self.assert_refused(self.load(path), 3, "load 1", "made or altered since", "--reload")

    def test_a_table_that_was_rebuilt_has_its_rows(self):
        path = self.write_log()
        self.finished(path, "--indexes", "defer")
        for rebuild in ("ALTER TABLE chat_messages FORCE", "OPTIMIZE TABLE chat_messages",
                        "ALTER TABLE chat_messages ADD KEY another (`type`)"):  # fmt: skip
            self.database.sql(rebuild)
            run = self.load(path)
            self.assertEqual((run.exit_code, run.summary["status"]), (1, "already_loaded"), run.stderr)
            self.assertNotIn("warning", run.stderr)


class KeysTest(WitnessCase):
    """The column compares the keys, whatever it is and whatever they are."""

    def assert_goes_on(self, path, key):
        self.interrupt(path, *self.RANGE_SIZE, key=key)
        run = self.load(path)
        self.assertEqual((run.exit_code, run.summary["status"]), (0, "done"), run.stderr)
        self.assertEqual(self.load(path).summary["status"], "already_loaded")
        self.database.sql("TRUNCATE chat_messages")
        self.assert_refused(self.load(path), 3, "--reload")

    def test_keys_of_any_column_and_any_bytes_are_found_again(self):
        keys = [f"Ä\\'\"`\0\t é {number:03}" for number in range(400)]
        columns = {
            "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci": keys,
            "VARCHAR(255) CHARACTER SET latin1": keys,
            "VARCHAR(255) CHARACTER SET utf16": keys,
            "VARBINARY(3072)": LONG_KEYS,
            "VARCHAR(768) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin": LONG_KEYS,
        }
        for column, ids in columns.items():
            with self.subTest(column):
                self.database.create_table()
                self.database.sql(f"ALTER TABLE chat_messages MODIFY id {column} NOT NULL")
                path = self.write("log.json", "".join(line(key) for key in [*ids[:300], "held", *ids[300:]]))
                self.assert_goes_on(path, "held")

    def test_lines_whose_ids_the_column_calls_equal_have_one_row_for_both(self):
        self.database.sql(
            "ALTER TABLE chat_messages MODIFY id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"
        )
        ids = [f"{'a' if half else 'A'}{number}" for half in (0, 1) for number in range(200)]
        path = self.write("log.json", "".join(line(key) for key in [*ids, "held", "last"]))
        self.assert_goes_on(path, "held")

    def test_lines_that_another_unique_key_calls_duplicates_are_no_witnesses(self):
        self.database.sql("ALTER TABLE chat_messages ADD UNIQUE KEY another (`data`)")
        texts = [line(f"id-{number:03}", f"text {number // 2}") for number in range(400)]
        path = self.write("log.json", "".join([*texts[:300], line("held", "held"), *texts[300:]]))
        self.assert_goes_on(path, "held")

    def test_of_lines_that_an_update_trigger_may_not_see_the_ids_that_are_there_are_witnesses(self):
        self.database.sql(
            "CREATE TRIGGER updates BEFORE UPDATE ON chat_messages FOR EACH ROW SET NEW.`data` = 'updated'"
        )
        path = self.write("log.json", "".join(line(f"id-{number}") for number in range(1600)))
        self.assertEqual(self.load(path, *self.RANGE_SIZE).exit_code, 0)
        self.assertEqual(self.load(path, "--reload", *self.RANGE_SIZE).summary["duplicate"], 1600)
        self.assertEqual(len(self.kept(2)), 16)

    def test_rows_whose_keys_a_trigger_changes_are_no_witnesses(self):
        self.database.sql(
            "CREATE TRIGGER renames BEFORE INSERT ON chat_messages FOR EACH ROW"
            " SET NEW.id = IF(NEW.id < 'id-5', CONCAT('new ', NEW.id), NEW.id)"
        )
        keys = [f"id-{number % 10}{number}" for number in range(400)]
        path = self.write("log.json", "".join(line(key) for key in [*keys[:300], "z", *keys[300:]]))
        self.assert_goes_on(path, "z")


class OlderLedgerTest(WitnessCase):
    """A ledger as the chatload before the witnesses left it."""

    def become_older(self):
        self.database.sql(
            "ALTER TABLE chatload_ranges DROP COLUMN witness;"
            "ALTER TABLE chatload_loads DROP COLUMN witnesses, DROP COLUMN table_made_at;"
            "DELETE FROM chatload_migrations WHERE number = 4"
        )

    def become_newer(self):
        said = self.apply_schema()
        for column in ("chatload_ranges: the column `witness`", "chatload_loads: the column `witnesses`"):
            self.assertIn(f"{column} is added", said)

    def test_a_load_that_was_done_is_done(self):
        path = self.write_log()
        self.finished(path)
        self.become_older()
        self.assert_refused(self.load(path), 3, "lacks migration 4", "`chatload schema apply`")
        self.become_newer()
        run = self.load(path)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "already_loaded"), run.stderr)
        self.assertNotIn("warning", run.stderr)

    def test_a_load_that_was_interrupted_is_finished_by_the_same_command(self):
        path = self.write_log()
        for words in ((), KEY_ORDER):
            with self.subTest(words=words):
                self.database.create_table()
                self.interrupt(path, *words, *self.RANGE_SIZE)
                self.become_older()
                self.become_newer()
                run = self.load(path)
                self.assert_loaded(run, apply(path))
                self.assertLess(run.summary["this_run"]["inserted"], run.summary["inserted"])

    def test_over_an_empty_table_neither_is_a_success(self):
        path = self.write_log()
        self.finished(path)
        self.become_older()
        self.become_newer()
        self.database.sql("TRUNCATE chat_messages")
        self.assert_refused(self.load(path), 3, "load 1 is done", "is empty", "--reload")
        self.database.create_table()
        self.interrupt(path, *self.RANGE_SIZE)
        self.become_older()
        self.become_newer()
        self.database.sql("TRUNCATE chat_messages")
        self.assert_refused(self.load(path), 3, "load 1", "is empty", "--restart")

    def test_a_table_that_was_made_later_is_doubted(self):
        path = self.write_log()
        self.finished(path)
        self.become_older()
        self.become_newer()
        self.database.sql(AN_HOUR_AGO)
        self.make_table_anew()
        self.database.sql("INSERT INTO chat_messages VALUES ('other', '', '', '', '', '2016-11-22')")
        run = self.load(path)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "already_loaded"), run.stderr)
        self.assertRegex(run.stderr, "warning: .*made or altered after load 1 was done.*--reload")
        self.database.create_table()
        self.interrupt(path, *self.RANGE_SIZE)
        self.become_older()
        self.become_newer()
        self.database.sql(AN_HOUR_AGO)
        self.make_table_anew()
        self.database.sql("INSERT INTO chat_messages VALUES ('other', '', '', '', '', '2016-11-22')")
        self.assert_refused(self.load(path), 3, "made or altered after load 1 began", "--restart")


if __name__ == "__main__":
    unittest.main()
