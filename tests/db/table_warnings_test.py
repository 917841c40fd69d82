"""What a table does to a load's lines is named by `schema check`, at the load's start and, with numbers, at its end."""

import pathlib
import re
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

    def test_an_id_that_the_keys_character_set_lacks_is_refused_alone_by_replace(self):
        for charset, collation in (("latin1", "latin1_swedish_ci"), ("utf8mb3", "utf8mb3_general_ci")):
            with self.subTest(collation):
                self.database.create_table()
                self.database.sql(FOLDING.format(charset, collation))
                run = self.load_ids(["a", "A", "😀", "b"], "--on-duplicate", "replace")
                counts = [run.summary[name] for name in ("inserted", "updated", "rejected")]
                self.assertEqual((run.exit_code, counts), (1, [2, 1, 1]), run.stderr)

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


class LongTextsTest(LedgerCase):
    def assert_room_is_made(self, run, column, lengths, load=1):
        """The ALTER that the run names leaves all but the type, and the commands that it names load the lines."""
        found = re.search(r"To load them: (ALTER TABLE .*); then `(chatload rejects \d+ --raw -o FILE.json.gz)`", run.stderr)
        self.assertIsNotNone(found, run.stderr)
        before = self.definition(column)
        self.database.sql(found[1])
        old, new = before.split(" ", 1), self.definition(column).split(" ", 1)
        rows = self.rows_in_table()
        path = self.folder / f"long-{column}.json.gz"
        words = found[2].replace("FILE.json.gz", str(path)).split()[1:]
        self.assertEqual(support.run_chatload(*words, "--to", self.database.url).exit_code, 0)
        again = self.load(path)
        self.assertEqual((again.exit_code, again.summary["inserted"]), (0, lengths), again.stderr)
        self.assertEqual(self.rows_in_table(), rows + lengths)
        return old, new

    def definition(self, column):
        """Of the column, from behind its name."""
        create = self.database.sql("SHOW CREATE TABLE chat_messages")
        text = "\n".join("\t".join(row) for row in create)
        return re.search(rf"^  `{column}` (.*?),?$", text, re.MULTILINE)[1]

    def write_lines(self, lengths, make):
        return self.write("log.json", line("short") + "".join(make(n, length) for n, length in enumerate(lengths)))

    def test_the_end_names_field_number_length_and_the_alter_that_makes_room(self):
        self.database.sql("ALTER TABLE chat_messages MODIFY data VARCHAR(255) DEFAULT 'it''s' COMMENT 'a, (b) DEFAULT ''c'' d'")
        path = self.write_lines(range(300, 330), lambda n, length: line(f"id-{n}", "é\n" + "x" * (length - 2)))
        for order in ("file", "key"):
            run = self.load(path, "--order", order, "--reload")
            self.assertEqual(run.exit_code, 1, run.stderr)
            self.assertIn("30 lines are too_long in `data`, which holds 255 characters; the longest has 329.", run.stderr)
        old, new = self.assert_room_is_made(run, "data", 30)
        self.assertEqual((old[0], new[0], new[1]), ("varchar(255)", "varchar(510)", old[1]))

    def test_a_text_that_no_varchar_of_a_row_holds_makes_it_a_text(self):
        for size, old_type, new_type in ((20_000, "varchar(255)", "text"), (70_000, "text", "mediumtext")):
            path = self.write_lines([size] * 12, lambda n, length: line(f"id-{size}-{n}", "x" * length))
            run = self.load(path)
            self.assertIn(f"the longest has {size:,}.", run.stderr)
            old, new = self.assert_room_is_made(run, "data", 12)
            self.assertEqual((old[0], new[0]), (old_type, new_type))

    def test_an_id_gets_no_more_than_a_key_holds(self):
        path = self.write_lines([700] * 12, lambda n, length: line(f"{n:0{length}}"))
        old, new = self.assert_room_is_made(self.load(path), "id", 12)
        self.assertEqual((old[0], new[0], new[1]), ("varchar(255)", "varchar(768)", old[1]))
        path = self.write_lines([800] * 12, lambda n, length: line(f"{n:0{length}}"))
        run = self.load(path)
        self.assertIn("12 lines are too_long in `id`, which holds 768 characters; the longest has 800.", run.stderr)
        self.assertIn("the column is in a key, which holds 768 characters", run.stderr)
        self.assertNotIn("ALTER TABLE `", run.stderr)

    def test_a_few_are_not_worth_a_sentence(self):
        run = self.load(self.write_lines([300] * 9, lambda n, length: line(f"id-{n}", "x" * length)))
        self.assertEqual(run.summary["rejects_by_reason"]["too_long"], 9)
        self.assertNotIn("the longest has", run.stderr)

    def test_check_says_field_and_length(self):
        path = self.write_lines([60] * 10, lambda n, length: line(f"id-{n}", type="message", site_id="9" * length))
        run = support.run_chatload("check", path)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIn("10 lines are too_long in `site_id`, which holds 50 characters; the longest has 60.", run.stderr)


if __name__ == "__main__":
    unittest.main()
