# ctest: long
"""What the server refuses becomes a reject alone; rejects and their budget are exact over any number of runs."""

import gzip
import itertools
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LedgerCase, apply, ask_to_stop, line, rejects_in_file, rejects_of

PAGE = r"FROM `chatload_rejects` AS r .* WHERE r.`load_id` = \d+ AND r.`source` >="
SITES = (
    "CREATE TABLE sites (PRIMARY KEY (site_id)) SELECT site_id FROM chat_messages;"
    "INSERT INTO sites VALUES ('0'), ('1'), ('2')"
)
TRIGGER = (
    "CREATE TRIGGER judge BEFORE INSERT ON chat_messages FOR EACH ROW IF NEW.data LIKE '%refuse%' THEN"
    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
)
CHECK = "ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE '%refuse%')"
SQLSTATES = {"mysql": {"check": "HY000", "charset": "HY000"}, "mariadb": {"check": "23000", "charset": "22007"}}


def refuses_word(detail):
    return lambda row: detail if "refuse" in row[4] else None


class RefusedRowsTest(LedgerCase):
    def sqlstate(self, what):
        return f"SQLSTATE {SQLSTATES[self.server.kind][what]}: "

    def log(self, word="refuse", first_only=False):
        """Ids of one to three lines, of which none, the first, the last or all hold the word, some next to one another;
        first_only: only lines of ids that have no other in front."""
        parts, there = [], set()
        for number in range(600):
            key = number * 13 % 250
            has_word = (number % 7 in (2, 3) or number % 100 > 70) and not (first_only and key in there)
            text, site = (f"{number} {word}", "9") if has_word else (f"{number} fine", str(number % 3))
            if not has_word:
                there.add(key)
            parts.append("{bad\n" if number % 41 == 40 else line(f"id-{key}", text, site_id=site))
        return self.write("log.json", "".join(parts))

    def assert_refused_alone(self, refuses, path=None, prepare="", **options):
        path = path or self.log()
        grid = itertools.product(("skip", "replace"), ("4K", "4M"), ("file", "key"))
        for number, (mode, size, order) in enumerate(grid):
            method = support.write_method(number)
            with self.subTest(mode=mode, range_size=size, order=order, method=method):
                self.database.create_table()
                self.database.sql(prepare)
                expected = apply(path, on_duplicate=mode, refuses=refuses, **options)
                self.assertGreater(expected.counts()["rejects_by_reason"]["refused_by_server"], 100)
                run = self.load(path, "--on-duplicate", mode, "--range-size", size, "--order", order,
                                "--write-method", method, "--connections", 3)  # fmt: skip
                self.assert_loaded(run, expected)

    def test_a_row_that_a_check_refuses_is_rejected_with_sqlstate_and_message(self):
        self.assert_refused_alone(refuses_word(self.sqlstate("check")), prepare=CHECK)
        found = self.database.sql("SELECT DISTINCT detail FROM chatload_rejects WHERE reason = 'refused_by_server'")
        self.assertEqual(len(found), 1)
        self.assertIn("polite", found[0][0])

    def test_a_row_that_a_foreign_key_refuses_is_rejected_with_sqlstate_and_message(self):
        self.database.sql(SITES)
        key = "ALTER TABLE chat_messages ADD CONSTRAINT known FOREIGN KEY (site_id) REFERENCES sites (site_id)"
        refuses = lambda row: "SQLSTATE 23000: " if row[3] == "9" else None
        # MariaDB asks for the parent of rows that it inserts or changes only, MySQL of duplicates too.
        self.assert_refused_alone(refuses, self.log(first_only=self.server.kind == "mariadb"), prepare=key)

    def test_a_row_that_a_trigger_refuses_is_rejected_with_sqlstate_and_message(self):
        self.assert_refused_alone(refuses_word("SQLSTATE 45000: not this one"), prepare=TRIGGER, skips_first=True)

    def test_a_text_that_the_columns_character_set_lacks_is_rejected_with_sqlstate_and_message(self):
        refuses = lambda row: self.sqlstate("charset") if "ж" in row[4] else None
        latin1 = "ALTER TABLE chat_messages MODIFY data VARCHAR(255) CHARACTER SET latin1 NOT NULL"
        self.assert_refused_alone(refuses, self.log("ж"), prepare=latin1)

    def test_a_file_of_which_every_row_is_refused_exceeds_any_budget(self):
        self.database.sql(CHECK)
        path = self.write("log.json", "".join(line(str(i), "refuse") for i in range(300)))
        run = self.load(path)
        self.assert_refused(run, 2, "can be loaded: ")
        self.assertEqual(run.summary["status"], "budget_exceeded")
        self.assertEqual(self.rows_in_table(), 0)

    def test_the_raw_rejects_of_a_load_load_again_once_they_are_mended(self):
        lines = [line(f"id-{i}", "refuse\ttab é" if i % 9 == 0 else "m") for i in range(500)]
        path = self.write("log.json", "".join(lines))
        self.database.sql(CHECK)
        self.assertEqual(self.load(path).exit_code, 1)
        mended = self.folder / "mend.json.gz"
        words = [support.CHATLOAD, "rejects", "1", "--raw", "-o", mended, "--to", self.database.url]
        self.assertEqual(subprocess.run(list(map(str, words)), capture_output=True, check=False).returncode, 0)
        self.database.sql("ALTER TABLE chat_messages DROP CONSTRAINT polite")
        run = self.load(mended)
        self.assertEqual((run.exit_code, run.summary["inserted"], run.summary["lines"]), (0, 56, 56), run.stderr)
        self.assertIsNone(support.first_difference(self.database, apply(path)))

    def test_refused_rows_of_a_killed_load_are_kept_and_the_rest_is_found_by_the_rerun(self):
        for mode in ("skip", "replace"):
            with self.subTest(mode=mode):
                self.database.create_table()
                self.database.sql(CHECK)
                path = self.write(f"{mode}.json", self.log().read_text() + line("held") + self.log().read_text())
                words = (path, "--on-duplicate", mode, *self.RANGE_SIZE)
                self.interrupt(*words, key="held")
                self.assertGreater(self.recorded_counts(1)["rejected"], 100)
                expected = apply(path, on_duplicate=mode, refuses=refuses_word(self.sqlstate("check")))
                self.assert_loaded(self.load(*words), expected)


    def test_a_refused_row_behind_megabytes_of_nuls_has_its_place_and_its_line(self):
        parts = [line("a"), "\0" * 3_000_000 + line("b", "refuse"), "\ufeff\0" + line("c"), line("d", "refuse")]
        path = self.write("log.json", "".join(parts))
        for order in ("file", "key"):
            with self.subTest(order=order):
                self.database.create_table()
                self.database.sql(CHECK)
                expected = apply(path, refuses=refuses_word(self.sqlstate("check")))
                self.assertEqual([reject[1] for reject in expected.rejects][0], len(line("a")) + 3_000_000)
                self.assert_loaded(self.load(path, "--order", order, "--range-size", "4K"), expected)


class RejectsFileTest(LedgerCase):
    BROKEN = "".join((
        line("a")[:-1] + line("b"), line("c")[:70] + "\n", line("d", "\ud83d"), '{"e":nul}\n', "x" * 3000 + "\n",
        "\0" * 5000 + "{bad}\n",
    ))  # fmt: skip

    def broken_log(self):
        return self.write("broken.json", "".join(line(f"id-{i}") + self.BROKEN for i in range(100)))

    def test_what_is_wrong_and_where_is_in_the_ledger_in_the_file_and_in_the_export(self):
        path, words = self.broken_log(), ("--max-line", "1K", *self.RANGE_SIZE)
        expected = apply(path, line_bytes_max=1024)
        self.assertEqual(len(set(detail for detail, _ in expected.reject_texts)), 6)
        for order in ("file", "key"):
            with self.subTest(order=order):
                self.database.create_table()
                rejects, export = self.folder / f"{order}.json.gz", self.folder / f"{order}-export.json.gz"
                run = self.load(path, "--order", order, "--rejects", rejects, *words)
                self.assert_loaded(run, expected)
                self.assertEqual(rejects_in_file(rejects), rejects_of(expected))
                support.run_chatload("rejects", 1, "-o", export, "--to", self.database.url)
                self.assertEqual(rejects_in_file(export), rejects_of(expected))

    def test_a_check_writes_what_is_wrong_and_where_and_shows_the_piece_around_it(self):
        path, rejects = self.broken_log(), self.folder / "check.json.gz"
        run = support.run_chatload("check", path, "--rejects", rejects, "--max-line", "1K", *self.RANGE_SIZE)
        expected = apply(path, line_bytes_max=1024)
        self.assertEqual(rejects_in_file(rejects), rejects_of(expected))
        first = line("a")[:-1]
        piece = f"…{first[-40:]}{line('b')[:40]}…"
        self.assertIn(f"invalid_json (more behind the object at column {len(first) + 1}): {piece}\n", run.stderr)
        self.assertIn(": " + "x" * 40 + "…" + "x" * 40 + "\n", run.stderr)

    def test_the_rejects_file_of_a_rerun_has_those_of_all_runs(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        rejects = self.folder / "rejects.json.gz"
        for status in ("done", "already_loaded"):
            run = self.load(path, "--rejects", rejects)
            self.assertEqual(run.summary["status"], status, run.stderr)
            self.assertEqual(rejects_in_file(rejects), rejects_of(apply(path)))

    def log_of_two_pages(self):
        """More rejected lines than are read at once."""
        return self.write("two-pages.json", "".join(f"bad {i}\n{line(str(i))}" for i in range(1200)))

    def test_the_rejects_file_has_each_once_where_the_connection_that_reads_them_is_lost(self):
        path = self.log_of_two_pages()
        rejects = self.folder / "rejects.json.gz"
        for nth in (1, 2):
            with self.subTest(f"page {nth}"), proxy.Proxy(self.server.socket) as door:
                self.database.create_table()
                cut = door.at(PAGE, nth, before=proxy.Link.cut)
                run = self.load(path, self.write("next.json", line("a")), "--rejects", rejects,
                                to=door.url(self.database.name))  # fmt: skip
                self.assertTrue(cut.done.is_set())
                self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
                self.assertEqual(rejects_in_file(rejects), rejects_of(apply(path)))

    def test_a_stop_while_the_rejects_file_is_written_is_an_interruption(self):
        path, rejects = self.log_of_two_pages(), self.folder / "rejects.json.gz"
        door = self.enterContext(proxy.Proxy(self.server.socket))
        door.at(PAGE, 2, before=lambda _: ask_to_stop(loader))
        loader = self.loader(path, "--rejects", rejects, to=door.url(self.database.name))
        self.assertEqual(loader.finish().exit_code, 4)
        self.assertEqual(self.database.sql("SELECT state FROM chatload_loads"), [["done"]])
        self.assertEqual(self.load(path, "--rejects", rejects).exit_code, 1)
        self.assertEqual(rejects_in_file(rejects), rejects_of(apply(path)))

    def test_a_stop_while_the_rejects_of_a_failed_load_are_written_does_not_hide_the_failure(self):
        corrupt = self.write("corrupt.json.gz", self.write_log().read_bytes()[:-4])
        door = self.enterContext(proxy.Proxy(self.server.socket))
        door.at(PAGE, before=lambda link: (ask_to_stop(loader), link.cut()))
        loader = self.loader(corrupt, "--rejects", self.folder / "rejects.json.gz", to=door.url(self.database.name))
        run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (3, "failed"), run.stderr)
        self.assertRegex(run.stderr, "error: .*corrupt.json.gz")

    def test_the_rejects_file_of_several_inputs_has_those_of_each(self):
        first, second = self.write_log("a.json.gz"), self.write("b.json", "worse\n" + line("b"))
        rejects = self.folder / "rejects.json.gz"
        self.assertEqual(self.load(first, second, "--rejects", rejects).exit_code, 1)
        self.assertEqual(rejects_in_file(rejects), rejects_of(apply(first)) + rejects_of(apply(second)))
        with gzip.open(rejects, "rt") as file:
            self.assertIn(str(second), file.readlines()[-1])


class BudgetTest(LedgerCase):
    """chat_log() has 20 bad lines among its 1,000, and half of them before the line that holds it."""

    def interrupted(self, path):
        self.interrupt(path, *self.RANGE_SIZE)
        rejected = self.recorded_counts(1)["rejected"]
        self.assertTrue(0 < rejected < 20, rejected)

    def assert_verdicts(self, path, expected, *budgets):
        """The budgets that are too small, then the one that is just enough."""
        for budget in budgets[:-1]:
            run = self.load(path, "--max-rejects", budget)
            self.assert_refused(run, 2, "rejected line", "--max-rejects allows")
            self.assertEqual(run.summary["status"], "budget_exceeded")
            self.assert_adds_up(run.summary)
            self.assertEqual(self.loads(), [["1", "1", "failed", "-"]])
        self.assert_loaded(self.load(path, "--max-rejects", budgets[-1]), expected)

    def test_a_number_counts_the_rejects_of_earlier_runs(self):
        path = self.write_log()
        self.interrupted(path)
        self.assert_verdicts(path, apply(path), "0", "5", "19", "20")

    def test_a_percentage_counts_the_lines_and_rejects_of_earlier_runs(self):
        path = self.write_log()
        self.interrupted(path)
        self.assert_verdicts(path, apply(path), "0%", "1.9999%", "2%")

    def test_rows_that_the_server_refused_in_earlier_runs_count(self):
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'text 1%')")
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        detail = "SQLSTATE HY000" if self.server.kind == "mysql" else "SQLSTATE 23000"
        expected = apply(path, refuses=lambda row: detail if row[4].startswith("text 1") else None)
        total = len(expected.rejects)
        self.assertGreater(total, 120)
        self.assert_verdicts(path, expected, "100", total - 1, total)

    def test_nothing_behind_an_exceeded_budget_changes_when_the_load_goes_on(self):
        path = self.write_log()
        run = self.load(path, "--max-rejects", 10, "--connections", 1, *self.RANGE_SIZE)
        self.assert_refused(run, 2, "11 rejected lines", "the 10 that --max-rejects allows")
        self.assertIn(" lines are done. Fix the cause and continue with: ", run.stderr)
        self.assert_verdicts(path, apply(path), "19", "20")


if __name__ == "__main__":
    unittest.main()
