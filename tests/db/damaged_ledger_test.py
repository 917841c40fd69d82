"""What is read from the ledger is input: a row that somebody edited, deleted or lost ends a load with one sentence."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import unittest

from ledger_case import LedgerCase, apply, chat_log, line

DAMAGED = "The ledger of load 1 is damaged"


class UnfinishedTest(LedgerCase):
    def assert_ends(self, path, damage, *parts):
        """And --restart is the way out."""
        with self.subTest(damage):
            self.database.create_table()
            self.interrupt(path, *self.RANGE_SIZE)
            self.database.sql(damage)
            run = self.load(path)
            self.assert_refused(run, 3, "--restart", *parts)
            self.assertEqual(self.load(path, "--restart").exit_code, 1)
            self.assert_in_database(apply(path), load=2)

    def test_a_range_number_that_cannot_be_ends_the_load(self):
        path = self.write_log()
        last = "UPDATE chatload_ranges SET range_number = {} ORDER BY range_number DESC LIMIT 1"
        for number in (2**64 - 1, 2**63, 5_000_000_000):
            self.assert_ends(path, last.format(number), DAMAGED, f"a range {number}")

    def test_counts_that_do_not_add_up_end_the_load(self):
        path = self.write_log()
        for damage in ("inserted = 18446744073709551615", "`lines` = 0", "blank = blank + 1", "duplicate = 0, updated = 1"):
            self.assert_ends(path, f"UPDATE chatload_ranges SET {damage} LIMIT 1", DAMAGED)

    def test_lengths_that_cannot_be_end_the_load(self):
        path = self.write_log()
        self.assert_ends(path, "UPDATE chatload_ranges SET length_bytes = 18446744073709551615 LIMIT 2", DAMAGED)
        for damage in ("length_bytes = length_bytes + 1", "begin_byte = 18446744073709551615", "digest = 'x'",
                       "first_line = 18446744073709551615"):  # fmt: skip
            self.assert_ends(path, f"UPDATE chatload_ranges SET {damage} LIMIT 1", "load 1")

    def test_compressed_ends_that_cannot_be_do_no_harm(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        self.database.sql("UPDATE chatload_ranges SET compressed_end = 18446744073709551615")
        self.assert_loaded(self.load(path), apply(path))

    def test_a_state_or_an_exit_code_that_cannot_be_does_no_harm(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        self.database.sql("UPDATE chatload_loads SET state = 'dnoe', exit_code = 77")
        self.assert_loaded(self.load(path), apply(path))

    def test_a_plan_that_cannot_be_read_is_a_damaged_ledger(self):
        path = self.write_log()
        for plan in ("''", "'on-duplicate = \"sk'", "REPLACE(plan, '8192', '-1')", "REPLACE(plan, 'max-line', 'min-line')"):
            self.assert_ends(path, f"UPDATE chatload_loads SET plan = {plan}", "oad 1")

    def test_a_range_whose_row_was_deleted_is_named_by_the_rejected_lines_that_are_left(self):
        path = self.write("log.json", "".join(line(str(n)) + f"bad {n}\n" for n in range(500)))
        for order in ("file", "key"):
            with self.subTest(order):
                self.database.create_table()
                self.interrupt(path, "--order", order, *self.RANGE_SIZE, key="250")
                self.database.sql("DELETE FROM chatload_ranges WHERE source = 1 AND range_number = 1")
                self.assert_refused(self.load(path), 3, DAMAGED, "chatload_rejects", "--restart")
                self.assertEqual(self.load(path, "--restart").exit_code, 1)

    def test_rejected_lines_that_were_deleted_are_named(self):
        path = self.write_log()
        self.assert_ends(path, "DELETE FROM chatload_rejects LIMIT 2", DAMAGED, "rejected lines", "chatload_rejects")

    def test_a_place_of_a_refused_line_that_cannot_be_ends_the_load(self):
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'text 1%')")
        path = self.write("log.json", chat_log())
        self.database.sql(
            "CREATE TRIGGER moves BEFORE INSERT ON chatload_rejects FOR EACH ROW"
            " SET NEW.byte_offset = IF(NEW.reason = 'refused_by_server' AND NEW.line > 150, 0, NEW.byte_offset)"
        )
        run = self.load(path, "--order", "key", *self.RANGE_SIZE)
        self.assert_refused(run, 3, DAMAGED, "in chatload_rejects cannot be at byte 0")


class DoneTest(LedgerCase):
    def test_a_row_that_cannot_be_ends_the_run_and_reload_is_the_way_out(self):
        path = self.write_log()
        damages = (
            "exit_code = 77", "`lines` = NULL", "inserted = 18446744073709551615", "inserted = inserted - 1",
            "witnesses = 'x'", "witnesses = '0'", "witnesses = CONCAT(witnesses, ',', witnesses)", "plan = ''",
        )  # fmt: skip
        for damage in damages:
            with self.subTest(damage):
                self.database.create_table()
                self.assertEqual(self.load(path, *self.RANGE_SIZE).exit_code, 1)
                self.database.sql(f"UPDATE chatload_loads SET {damage}")
                self.assert_refused(self.load(path), 3, "load 1", "damaged", "--reload")
                self.assertEqual(self.load(path, "--reload", *self.RANGE_SIZE).exit_code, 1)
                self.assert_in_database(apply(path), load=2)

    def test_an_attempt_behind_which_there_is_none_names_the_way_out(self):
        path = self.write_log()
        self.load(path, *self.RANGE_SIZE)
        self.database.sql("UPDATE chatload_sources SET attempt = 4294967295")
        self.assert_refused(self.load(path, "--reload"), 3, path, "4294967295", "chatload loads forget")

    def test_rejected_lines_that_were_cleaned_up_are_no_damage(self):
        path = self.write_log()
        self.load(path, *self.RANGE_SIZE)
        self.database.sql("DELETE FROM chatload_rejects")
        self.assertEqual(self.load(path).summary["status"], "already_loaded")


if __name__ == "__main__":
    unittest.main()
