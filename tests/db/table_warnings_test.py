"""What a table does to a load's lines is named by `schema check`, at the load's start and, with numbers, at its end."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from ledger_case import LedgerCase, line

FOLDING = "ALTER TABLE chat_messages MODIFY id VARCHAR(255) CHARACTER SET {} COLLATE {} NOT NULL;"
STAMP = """ALTER TABLE chat_messages ADD COLUMN updated_at DATETIME(6) NULL;
CREATE TRIGGER stamp BEFORE UPDATE ON chat_messages FOR EACH ROW SET NEW.updated_at = NOW(6);"""


class SchemaCheckTest(LedgerCase):
    def notes(self, alteration):
        self.database.create_table()
        self.database.sql(alteration)
        run = support.run_chatload("schema", "check", "--to", self.database.url)
        self.assertEqual(run.exit_code, 0, run.stderr)
        return [text for text in run.stdout.splitlines() if text.startswith("note: ")]

    def test_it_says_nothing_of_the_shipped_table(self):
        self.assertEqual(self.notes("DO 1"), [])

    def test_it_names_a_column_without_emoji_an_update_trigger_and_a_key_that_folds(self):
        for alteration, part in (
            ("ALTER TABLE chat_messages MODIFY data VARCHAR(255) CHARACTER SET utf8mb3 DEFAULT ''", "`data` is utf8mb3"),
            (STAMP, "it has a trigger on UPDATE"),
            (FOLDING.format("utf8mb4", "utf8mb4_general_ci"), "its key has the collation utf8mb4_general_ci"),
        ):
            with self.subTest(part):
                notes = self.notes(alteration)
                self.assertEqual(len(notes), 1, notes)
                self.assertIn(part, notes[0])


class RespelledIdsTest(LedgerCase):
    def assert_respelled(self, run, respelled, duplicates):
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertEqual(run.summary["duplicate"], duplicates)
        self.assertIn(f"{respelled} of the {duplicates} duplicates of this run have an id that is not in the table", run.stderr)

    def load_ids(self, ids, *words):
        path = self.write("log.json", "".join(line(key, str(number)) for number, key in enumerate(ids)))
        return self.load(path, "--reload", *words)

    def test_the_end_counts_the_duplicates_that_are_another_id(self):
        for charset, collation in (("utf8mb4", "utf8mb4_general_ci"), ("latin1", "latin1_swedish_ci")):
            for trigger in ("", STAMP):
                with self.subTest(collation, has_trigger=bool(trigger)):
                    self.database.create_table()
                    self.database.sql(FOLDING.format(charset, collation) + trigger)
                    run = self.load_ids(["a", "A", "a", "b", "é", "É", "c "], "--range-size", "4K")
                    self.assert_respelled(run, 2, 3)
                    self.assertIn("give `id` the collation utf8mb4_", run.stderr)
                    self.assert_respelled(self.load_ids(["A", "A", "a", "C ", "d"]), 3, 4)

    def test_trailing_spaces_that_the_key_ignores_make_another_id(self):
        self.database.sql(FOLDING.format("utf8mb4", "utf8mb4_bin"))
        self.assert_respelled(self.load_ids(["a", "a ", "a  ", "a", "A"]), 2, 3)

    def test_many_statements_add_up(self):
        self.database.sql(FOLDING.format("utf8mb4", "utf8mb4_general_ci"))
        ids = [f"{'ID' if number % 3 else 'id'}-{number % 2000}" for number in range(5000)]
        first, respelled = {}, 0
        for key in ids:
            respelled += first.setdefault(key.lower(), key) != key
        run = self.load_ids(ids, "--range-size", "64K")
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertIn(f"{respelled:,} of the 3,000 duplicates", run.stderr)

    def test_a_row_that_meets_another_unique_key_is_not_another_id(self):
        self.database.sql(
            FOLDING.format("utf8mb4", "utf8mb4_general_ci") + "ALTER TABLE chat_messages ADD UNIQUE KEY other (data)"
        )
        path = self.write("log.json", line("a", "1") + line("A", "2") + line("b", "1"))
        self.assert_respelled(self.load(path), 1, 2)

    def test_replace_counts_the_ids_that_another_one_has_overwritten(self):
        self.database.sql(FOLDING.format("utf8mb4", "utf8mb4_general_ci"))
        self.load_ids(["a", "b"])
        run = self.load_ids(["A", "a", "A", "b", "c", "C"], "--on-duplicate", "replace")
        self.assertEqual((run.exit_code, run.summary["updated"]), (0, 5), run.stderr)
        self.assertIn("In this run 2 ids lost their row to a different id", run.stderr)

    def test_a_key_that_compares_bytes_has_nothing_to_say(self):
        run = self.load_ids(["a", "A", "a"])
        self.assertEqual(run.summary["duplicate"], 1, run.stderr)
        self.assertNotIn("of this run", run.stderr)


if __name__ == "__main__":
    unittest.main()
