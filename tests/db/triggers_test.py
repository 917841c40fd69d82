"""A line that skip skips fires no trigger; what a trigger meets elsewhere is no duplicate; the counts are exact."""

import itertools
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LedgerCase, apply, chat_log, line

IS_MARIADB = support.SERVER_KIND == "mariadb"
STAMP = """ALTER TABLE chat_messages ADD COLUMN updated_at DATETIME(6) NULL;
CREATE TRIGGER stamp BEFORE UPDATE ON chat_messages FOR EACH ROW SET NEW.updated_at = NOW(6);"""
AUDIT = """CREATE TABLE audit (what VARCHAR(20), id VARBINARY(1020));
CREATE TRIGGER before_insert BEFORE INSERT ON chat_messages FOR EACH ROW INSERT INTO audit VALUES ('before', NEW.id);
CREATE TRIGGER after_insert AFTER INSERT ON chat_messages FOR EACH ROW INSERT INTO audit VALUES ('after', NEW.id);
CREATE TRIGGER after_update AFTER UPDATE ON chat_messages FOR EACH ROW INSERT INTO audit VALUES ('update', NEW.id);"""
ELSEWHERE = """CREATE TABLE elsewhere (site_id VARCHAR(50), word VARCHAR(255), UNIQUE KEY other (word));
INSERT INTO elsewhere VALUES ('3', 'twice');
CREATE TRIGGER copies BEFORE INSERT ON chat_messages FOR EACH ROW
INSERT INTO elsewhere SELECT NEW.site_id, NEW.data FROM DUAL WHERE NEW.data = 'twice';"""


class TriggersTest(LedgerCase):
    def setUp(self):
        super().setUp()
        self.path = self.write("log.json", chat_log())

    def audited(self, what):
        return int(self.database.sql(f"SELECT COUNT(*) FROM audit WHERE what = '{what}'")[0][0])

    def test_an_update_trigger_sees_no_skipped_line_and_each_replaced_one(self):
        for number, (mode, order, connections) in enumerate(itertools.product(("skip", "replace"), ("file", "key"), (1, 4))):
            method = support.write_method(number)
            with self.subTest(mode=mode, order=order, connections=connections, method=method):
                self.database.create_table()
                self.database.sql(STAMP)
                expected = apply(self.path, on_duplicate=mode)
                run = self.load(self.path, "--on-duplicate", mode, "--order", order, "--connections", connections,
                                "--write-method", method, "--range-size", "16K")  # fmt: skip
                self.assert_loaded(run, expected)
                self.assertIn("has a trigger on UPDATE", run.stderr)
                stamped = int(self.database.sql("SELECT COUNT(*) FROM chat_messages WHERE updated_at IS NOT NULL")[0][0])
                self.assertEqual(stamped > 0, mode == "replace")

    def test_an_audit_has_each_inserted_row_once_and_no_skipped_line(self):
        self.database.sql(AUDIT)
        for _ in range(2):
            run = self.load(self.path, "--reload", "--connections", 4, "--range-size", "16K")
            self.assertEqual(run.exit_code, 1, run.stderr)
            self.assert_adds_up(run.summary)
            counts = [self.audited(what) for what in ("before", "after", "update")]
            self.assertEqual(counts, [self.rows_in_table(), self.rows_in_table(), 0])
        self.assertEqual(run.summary["inserted"], 0)

    def test_a_killed_load_fires_for_no_row_twice(self):
        self.database.sql(AUDIT)
        self.interrupt(self.path, *self.RANGE_SIZE)
        self.assert_loaded(self.load(self.path, *self.RANGE_SIZE), apply(self.path))
        self.assertEqual([self.audited(what) for what in ("before", "after", "update")], [self.rows_in_table()] * 2 + [0])

    def test_a_duplicate_that_a_trigger_meets_in_another_table_is_refused(self):
        self.database.sql(ELSEWHERE + STAMP)
        texts = ["twice" if number % 7 == 3 else "m" for number in range(300)]
        path = self.write("twice.json", "".join(line(f"id-{n % 200}", text) for n, text in enumerate(texts)))
        refuses = lambda row: "SQLSTATE 23000: Duplicate entry 'twice'" if row[4] == "twice" else None
        self.assert_loaded(self.load(path, *self.RANGE_SIZE), apply(path, refuses=refuses, skips_first=True))

    def test_a_row_that_meets_another_unique_key_is_a_duplicate(self):
        self.database.sql(STAMP + "ALTER TABLE chat_messages ADD UNIQUE KEY other (data)")
        path = self.write("log.json", "".join(line(f"id-{n}", f"text {n % 90}") for n in range(300)))
        run = self.load(path, "--connections", 2)
        self.assertEqual((run.exit_code, run.summary["inserted"], run.summary["duplicate"]), (0, 90, 210), run.stderr)
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chat_messages WHERE updated_at IS NOT NULL"), [["0"]])

    def test_ids_that_the_key_calls_equal_are_duplicates_and_the_first_stays(self):
        collation = "utf8mb4_general_ci"
        self.database.sql(STAMP + f"ALTER TABLE chat_messages MODIFY id VARCHAR(255) COLLATE {collation} NOT NULL")
        ids = [f"{'ID' if number % 3 else 'id'}-{number % 100}" for number in range(400)]
        path = self.write("log.json", "".join(line(key, str(number)) for number, key in enumerate(ids)))
        run = self.load(path)
        self.assertEqual((run.exit_code, run.summary["inserted"], run.summary["duplicate"]), (0, 100, 300), run.stderr)
        self.assertIn("takes some different ids for one", run.stderr)
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chat_messages WHERE data < 100"), [["100"]])

    def test_ids_that_the_key_calls_equal_are_looked_up_many_at_once(self):
        collation = "utf8mb4_general_ci"
        self.database.sql(STAMP + f"ALTER TABLE chat_messages MODIFY id VARCHAR(255) COLLATE {collation} NOT NULL")
        first = self.write("first.json", "".join(line(f"id-{number}") for number in range(500)))
        self.assertEqual(self.load(first).exit_code, 0)
        ids = [f"ID-{n}" for n in range(500)] + [f"{word}-{n}" for n in range(100) for word in ("new", "NEW", "new")]
        path = self.write("log.json", "".join(line(key, str(number)) for number, key in enumerate(ids)))
        door = self.enterContext(proxy.Proxy(self.server.socket))
        run = self.load(path, to=door.url(self.database.name))
        self.assertEqual((run.exit_code, run.summary["inserted"], run.summary["duplicate"]), (0, 100, 700), run.stderr)
        self.assertIn("600 of the 700 duplicates of this run have an id that is not in the table", run.stderr)
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chat_messages WHERE updated_at IS NOT NULL"), [["0"]])
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chat_messages WHERE BINARY id LIKE 'new-%'"), [["100"]])
        self.assertEqual(self.database.sql("SELECT MOD(data, 3) FROM chat_messages WHERE id = 'new-7'"), [["2"]])
        sent = [text for text in door.statements if re.match("(SELECT|INSERT).*chat_messages`", text, re.DOTALL)]
        self.assertLess(len(sent), 20)

    def test_an_id_that_the_keys_character_set_lacks_is_refused_alone(self):
        self.database.sql(STAMP + "ALTER TABLE chat_messages MODIFY id VARCHAR(255) CHARACTER SET latin1 NOT NULL")
        path = self.write("log.json", "".join(line(f"id-{n}" + ("😀" if n == 50 else "")) for n in range(100)))
        run = self.load(path)
        self.assertEqual((run.exit_code, run.summary["inserted"], run.summary["rejected"]), (1, 99, 1), run.stderr)

    def test_an_id_with_a_character_that_the_key_lacks_is_no_duplicate_of_one_with_a_question_mark(self):
        self.database.sql(STAMP + "ALTER TABLE chat_messages MODIFY id VARCHAR(255) CHARACTER SET utf8mb3 NOT NULL")
        path = self.write("log.json", "".join(line(f"id-{key}") for key in ("?", "a", "😀", "é")))
        run = self.load(path)
        self.assertEqual((run.exit_code, run.summary["inserted"], run.summary["rejected"]), (1, 3, 1), run.stderr)
        run = self.load(path, "--reload")
        self.assertEqual((run.exit_code, run.summary["duplicate"], run.summary["rejected"]), (1, 3, 1), run.stderr)

    def test_two_loads_of_the_same_ids_insert_each_once(self):
        self.database.sql(STAMP)
        texts = [line(f"id-{number}") for number in range(3000)]
        paths = [self.write("up.json", "".join(texts)), self.write("down.json", "".join(texts[::-1]))]
        loaders = [self.loader(path, "--connections", 2, "--range-size", "16K") for path in paths]
        runs = [loader.finish() for loader in loaders]
        self.assertEqual([run.exit_code for run in runs], [0, 0], [run.stderr for run in runs])
        self.assertEqual([sum(run.summary[what] for run in runs) for what in ("inserted", "duplicate")], [3000, 3000])
        self.assertEqual(self.rows_in_table(), 3000)


class ClashTest(LedgerCase):
    def test_a_column_without_emoji_is_named_at_the_start(self):
        self.database.sql("ALTER TABLE chat_messages MODIFY data VARCHAR(255) CHARACTER SET utf8mb3 DEFAULT ''")
        run = self.load(self.write("log.json", line("a")))
        self.assertIn("its column `data` is utf8mb3, so a line with a character that this lacks", run.stderr)


if __name__ == "__main__":
    unittest.main()
