# ctest: long leaks
"""The same command finishes a load that ended anywhere, and loads nothing twice; a source that changed is noticed."""

import gzip
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import ledger_case
import oracle
import proxy
import support
from ledger_case import LINES, LedgerCase, apply, ask_to_stop, chat_log, line, wait_until

# Files are known by their first and last 64 KiB; this one has a middle beside them.
LONG_LINES = 2500
LONG_HELD = f"id-{LONG_LINES * 7 // 10 + 1}"
CHANGED = LONG_LINES // 2 + 1  # a line in the middle, of one id only


def changed_in_the_middle(content):
    """Of the same length."""
    before, after = f"text {CHANGED} x", f"TEXT {CHANGED} x"
    assert content.count(before) == 1 and 65536 < content.index(before) < len(content) - 65536
    return content.replace(before, after)


class FinishedTest(LedgerCase):
    def finished(self, *words, **options):
        run = self.load(*words, *self.RANGE_SIZE, **options)
        self.assertEqual(run.exit_code, 1, run.stderr)
        return run

    def assert_known(self, run, expected):
        self.assert_loaded(run, expected, status="already_loaded")
        self.assertEqual(set(run.summary["this_run"].values()), {0})
        self.assertEqual(len(self.loads()), 1)

    def test_a_finished_source_is_not_loaded_again(self):
        path = self.write_log()
        self.finished(path)
        self.assert_known(self.load(path), apply(path))

    def test_a_finished_source_that_was_copied_or_moved_is_known_by_all_its_bytes(self):
        path = self.write_log()
        self.finished(path)
        copy = pathlib.Path(shutil.copy(path, self.folder / "copy.json.gz"))
        run = self.load(copy)
        self.assert_known(run, apply(path))
        self.assertIn("comparing all of its bytes", run.stderr)
        path.unlink()
        moved = copy.rename(self.folder / "moved.json.gz")
        self.assert_known(self.load(moved), apply(moved))

    def test_a_finished_file_that_was_compared_once_is_known_by_its_stamp(self):
        path = self.write_log()
        self.finished(path)
        os.utime(path, (1, 1))
        self.assertIn("comparing", self.load(path).stderr)
        self.assertNotIn("comparing", self.load(path).stderr)

    def test_a_file_whose_name_is_no_utf8_is_loaded_and_shown_escaped(self):
        path = self.write_log("night\udcff.json.gz")
        self.finished(path, errors="surrogateescape")
        self.assertEqual(self.database.sql("SELECT source FROM chatload_loads"), [[f"{self.folder}/night\\xff.json.gz"]])
        self.assert_known(self.load(path, errors="surrogateescape"), apply(path))

    def test_finished_standard_input_is_known_by_its_name(self):
        path = self.write_log()
        for attempt in (1, 2):
            with open(path, "rb") as file:
                run = self.load("-", "--source-id", "night of 22nd", *self.RANGE_SIZE, stdin=file)
            if attempt == 1:
                self.assert_loaded(run, apply(path))
        self.assert_known(run, apply(path))

    def test_a_load_that_is_done_stays_done_where_its_last_answer_is_lost_in_a_stop(self):
        path = self.write_log()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        stopped = door.at(
            r"^UPDATE .?chatload_loads.? SET .?state.? = 'done'",
            after=lambda link: (ask_to_stop(loader), link.cut()),
        )  # fmt: skip
        loader = self.loader(path, *self.RANGE_SIZE, to=door.url(self.database.name))
        self.assertEqual(loader.finish().exit_code, 4)
        self.assertTrue(stopped.done.is_set())
        self.assertEqual(self.database.sql("SELECT state, exit_code FROM chatload_loads"), [["done", "1"]])
        self.assert_known(self.load(path), apply(path))

    def test_ranges_that_cannot_be_deleted_leave_the_load_done_and_go_with_the_next_run(self):
        path = self.write_log()
        self.database.sql(
            "CREATE TRIGGER keep BEFORE DELETE ON chatload_ranges FOR EACH ROW IF OLD.inserted > 0 THEN"
            " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept'; END IF"
        )
        self.finished(path)
        self.assertGreater(self.committed_ranges(), 0)
        self.assertEqual(self.database.sql("SELECT state, exit_code FROM chatload_loads"), [["done", "1"]])
        self.assertEqual(self.load(path).summary["status"], "already_loaded")
        self.database.sql("DROP TRIGGER keep")
        self.assert_known(self.load(path), apply(path))
        self.assertEqual(self.committed_ranges(), 0)

    def test_other_bytes_under_the_name_of_a_finished_source_are_refused(self):
        path, other = self.write_log(), self.write("other.json", line("other"))
        for source, file in (("-", path), ("-", other)):
            with open(file, "rb") as stdin:
                run = self.load(source, "--source-id", "night", stdin=stdin)
        self.assert_refused(run, 3, "--source-id", "--reload", "load 1")
        self.assertIsNone(support.first_difference(self.database, apply(path)))

    def test_standard_input_without_a_name_is_a_load_each_time(self):
        path = self.write("log.json", line("1"))
        for inserted in (1, 0):
            with open(path, "rb") as file:
                self.assertEqual(self.load("-", stdin=file).summary["inserted"], inserted)
        self.assertEqual(len(self.loads()), 2)

    def test_a_file_of_the_same_size_head_and_tail_but_another_middle_is_a_load_of_its_own(self):
        content = chat_log(LONG_LINES)
        path = self.write("log.json", content)
        self.finished(path, "--on-duplicate", "replace")
        other = self.write("other.json", changed_in_the_middle(content))
        run = self.load(other, "--on-duplicate", "replace", *self.RANGE_SIZE)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
        self.assertEqual(run.summary["inserted"], 0)
        self.assert_in_database(apply(other, on_duplicate="replace"), load=2)
        self.assertEqual([row[2] for row in self.loads()], ["done", "done"])

    def test_another_plan_for_a_finished_source_is_refused_by_its_flag(self):
        path = self.write_log()
        self.finished(path)
        self.assert_refused(self.load(path, "--on-duplicate", "replace"), 64, "--on-duplicate", "--reload")
        self.assert_refused(self.load(path, "--range-size", "16K"), 64, "--range-size", "8 KiB", "16 KiB")

    def test_restart_of_a_finished_source_does_nothing_and_names_reload(self):
        path = self.write_log()
        self.finished(path)
        run = self.load(path, "--restart")
        self.assert_known(run, apply(path))
        self.assertIn("--reload", run.stderr)

    def test_reload_of_a_finished_source_supersedes_it(self):
        path = self.write_log()
        self.finished(path)
        run = self.load(path, "--reload", *self.RANGE_SIZE)
        expected = apply(path)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual((run.summary["inserted"], run.summary["duplicate"]), (0, expected.valid))
        self.assert_in_database(expected, load=2)
        self.assertEqual(self.loads(), [["1", "1", "done", "2"], ["2", "2", "done", "-"]])
        self.assertEqual(self.load(path).summary["duplicate"], expected.valid)


class InterruptedTest(LedgerCase):
    def assert_finished(self, run, before, expected):
        """By this run and the earlier ones, whose counts are `before`."""
        self.assert_loaded(run, expected)
        both = {name: before[name] + run.summary["this_run"][name] for name in before}
        self.assertEqual(both, {name: run.summary[name] for name in before})
        self.assertGreater(run.summary["this_run"]["lines"], 0)
        self.assertGreater(before["lines"], 0)

    def test_a_killed_load_is_finished_by_the_same_command(self):
        for mode in ("skip", "replace"):
            with self.subTest(mode=mode):
                self.database.create_table()
                path = self.write_log(f"{mode}.json.gz")
                words = (path, "--on-duplicate", mode, *self.RANGE_SIZE)
                self.interrupt(*words)
                before = self.recorded_counts(1)
                self.assertEqual(self.loads(), [["1", "1", "running", "-"]])
                run = self.load(*words)
                self.assert_finished(run, before, apply(path, on_duplicate=mode))

    def test_a_killed_load_keeps_its_ranges_where_it_has_more_threads_connections_and_memory(self):
        path = self.write_log(lines=20_000)  # 4 MB
        self.interrupt(path, "--memory", "100M", "--threads", 2, key="id-10001")
        before = self.recorded_counts(1)
        small = "SELECT plan LIKE '%range-size = 1048576%' FROM chatload_loads"
        self.assertEqual(self.database.sql(small), [["1"]])
        run = self.load(path, "--memory", "1G", "--threads", 8, "--connections", 4)
        self.assert_finished(run, before, apply(path))

    def test_ranges_committed_behind_a_gap_are_not_written_again(self):
        path = self.write_log()
        words = (path, "--connections", 4, *self.RANGE_SIZE)
        with self.row_held():
            loader = self.loader(*words)
            behind = "SELECT COUNT(*) > 2 FROM chatload_ranges WHERE range_number > (SELECT MIN(a.range_number) FROM" \
                     " chatload_ranges a LEFT JOIN chatload_ranges b ON b.range_number = a.range_number + 1 AND" \
                     " b.load_id = a.load_id WHERE b.load_id IS NULL)"  # fmt: skip
            wait_until(lambda: self.database.sql(behind) == [["1"]], "ranges behind the held one are committed")
            loader.kill()
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")
        before = self.recorded_counts(1)
        self.assert_finished(self.load(*words), before, apply(path))

    def test_a_killed_load_of_a_file_that_was_copied_since_goes_on(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        before = self.recorded_counts(1)
        copy = shutil.copy(path, self.folder / "copy.json.gz")
        path.unlink()
        self.assert_finished(self.load(copy), before, apply(copy))
        self.assertEqual(self.database.sql("SELECT source FROM chatload_loads"), [[str(copy)]])

    def test_a_killed_load_of_named_standard_input_goes_on(self):
        path = self.write_log()
        words = ("-", "--source-id", "night", *self.RANGE_SIZE)
        with open(path, "rb") as file:
            self.interrupt(*words, stdin=file)
        before = self.recorded_counts(1)
        with open(path, "rb") as file:
            self.assert_finished(self.load(*words, stdin=file), before, apply(path))

    def test_settings_that_are_not_given_are_those_that_the_load_began_with(self):
        path = self.write_log()
        settings = ("--on-duplicate", "replace", "--site", 1, "--site", 3, "--type", "message", "--type", "typing",
                    "--since", 1, "--until", "2016-11-22", "--max-line", "1K", *self.RANGE_SIZE)  # fmt: skip
        self.interrupt(path, *settings)
        before = self.recorded_counts(1)
        line_filter = oracle.Filter(types=("message", "typing"), sites=("1", "3"))
        expected = apply(path, line_filter=line_filter, on_duplicate="replace")
        self.assertGreater(expected.counts()["updated"], 0)
        self.assert_finished(self.load(path), before, expected)

    def test_a_setting_that_differs_is_refused_by_its_flag(self):
        path = self.write_log()
        self.interrupt(path, "--site", 1, *self.RANGE_SIZE, key=f"id-{LINES // 2 + 1 - (LINES // 2 + 1) % 4 + 1}")
        rows = self.rows_in_table()
        for flag, value in (("on-duplicate", "replace"), ("type", "typing"), ("site", "3"), ("since", 1),
                            ("until", "2020-01-01"), ("range-size", "16K"), ("max-line", "2K")):  # fmt: skip
            with self.subTest(flag):
                run = self.load(path, f"--{flag}", value)
                self.assert_refused(run, 64, f"--{flag} is now", "load 1", "--restart")
        self.assertEqual(self.rows_in_table(), rows)
        self.assertEqual(self.load(path, "--site", 1, *self.RANGE_SIZE).exit_code, 1)

    def test_restart_begins_anew_and_counts_what_is_there_as_duplicate_or_updated(self):
        for mode, repeated in (("skip", "duplicate"), ("replace", "updated")):
            with self.subTest(mode=mode):
                self.database.create_table()
                path = self.write_log(f"{mode}.json.gz")
                words = (path, "--on-duplicate", mode, *self.RANGE_SIZE)
                self.interrupt(*words)
                rows_before = self.rows_in_table()
                run = self.load(*words, "--restart")
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assert_adds_up(run.summary)
                expected = apply(path, on_duplicate=mode)
                self.assertEqual(run.summary["inserted"], len(expected.rows) - rows_before)
                self.assertEqual(run.summary[repeated], expected.valid - run.summary["inserted"])
                self.assertEqual(run.summary["this_run"]["lines"], expected.lines)
                self.assertIsNone(support.first_difference(self.database, expected))
                self.assert_rejects(expected, load=2)
                self.assertEqual(self.loads(), [["1", "1", "running", "2"], ["2", "2", "done", "-"]])
                self.assertRegex(run.stderr, f"stay, and their lines count as {repeated}")
                self.assertEqual(self.load(path).summary["status"], "already_loaded")

    def test_restart_may_have_another_plan(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        run = self.load(path, "--on-duplicate", "replace", "--restart")
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIsNone(support.first_difference(self.database, apply(path, on_duplicate="replace")))

    def test_a_column_that_was_widened_since_is_refused_and_restart_goes_by_it(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        self.database.sql("ALTER TABLE chat_messages MODIFY data TEXT NOT NULL")
        rows = self.rows_in_table()
        self.assert_refused(self.load(path), 3, "`data` 255", "--restart")
        self.assertEqual(self.rows_in_table(), rows)
        run = self.load(path, "--restart")
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIsNone(support.first_difference(self.database, apply(path)))


class IndexedTest(LedgerCase):
    """A file with a seek index that has a place each MiB, of which a load has a part."""

    LINES = 20_000  # 4 MB, stored
    KEY = f"id-{LINES * 7 // 10 + 1}"
    GOES_ON = "its seek index tells where the next one is"

    def setUp(self):
        super().setUp()
        self.path = self.folder / "log.json.gz"
        half = chat_log(self.LINES // 2).encode()
        rest = chat_log(self.LINES).encode()[len(half) :]
        self.path.write_bytes(gzip.compress(half, 0, mtime=0) + gzip.compress(rest, 0, mtime=0))

    def index(self):
        return subprocess.run([support.CHATLOAD, "index", self.path], check=True, capture_output=True)

    def interrupt_it(self, *words):
        self.interrupt(self.path, "--range-size", "64K", "--order", "file", *words, key=self.KEY)
        return self.recorded_counts(1)

    def assert_finished(self, run, before, **options):
        self.assert_loaded(run, apply(self.path, **options))
        both = {name: before[name] + run.summary["this_run"][name] for name in before}
        self.assertEqual(both, {name: run.summary[name] for name in before})

    def test_a_killed_load_goes_on_at_a_place_in_front_of_what_is_missing(self):
        self.index()
        for mode in ("skip", "replace"):
            with self.subTest(mode=mode):
                self.database.create_table()
                before = self.interrupt_it("--on-duplicate", mode)
                run = self.load(self.path)
                self.assertIn(self.GOES_ON, run.stderr)
                self.assert_finished(run, before, on_duplicate=mode)
                copy = pathlib.Path(shutil.copy(self.path, self.folder / f"{mode}.json.gz"))
                again = self.load(copy)
                self.assertEqual((again.exit_code, again.summary["status"]), (1, "already_loaded"), again.stderr)

    def test_an_index_that_was_made_after_the_kill_serves_too(self):
        before = self.interrupt_it()
        self.index()
        run = self.load(self.path)
        self.assertIn(self.GOES_ON, run.stderr)
        self.assert_finished(run, before)

    def test_the_budget_counts_the_rejected_lines_in_front(self):
        self.index()
        before = self.interrupt_it()
        self.assertGreater(before["rejected"], 100)
        run = self.load(self.path, "--max-rejects", before["rejected"] + 20)
        self.assertEqual((run.exit_code, run.summary["status"]), (2, "budget_exceeded"), run.stderr)
        before = self.recorded_counts(1)
        self.assert_finished(self.load(self.path), before)

    def test_a_file_that_was_touched_is_compared_first(self):
        self.index()
        before = self.interrupt_it()
        os.utime(self.path, (1, 1))
        run = self.load(self.path)
        self.assertIn("was touched since load 1 began", run.stderr)
        self.assert_finished(run, before)

    def test_an_index_that_is_of_no_use_is_named_and_the_file_read_from_its_beginning(self):
        self.index()
        index = pathlib.Path(f"{self.path}.gzi")
        before = self.interrupt_it()
        index.write_bytes(index.read_bytes()[:-1])
        run = self.load(self.path)
        self.assertRegex(run.stderr, rf"warning: {index} cannot be used as a seek index: .*chatload index.*is read from its beginning")
        self.assertNotIn(self.GOES_ON, run.stderr)
        self.assert_finished(run, before)

    def test_damage_behind_what_is_loaded_ends_the_file_where_it_is(self):
        self.index()
        before = self.interrupt_it()
        stamp = self.path.stat()
        with open(self.path, "r+b") as file:
            file.seek(-200_000, os.SEEK_END)
            file.write(b"!")
        os.utime(self.path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        run = self.load(self.path)
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertIn("the CRC-32 of its data is", run.stderr)
        self.assertGreater(self.recorded_counts(1)["lines"], before["lines"])


class ChangedFileTest(LedgerCase):
    def test_a_file_whose_middle_changed_since_is_refused_and_restart_loads_it(self):
        content = chat_log(LONG_LINES)
        path = self.write("log.json", content)
        ranges = self.interrupt(path, *self.RANGE_SIZE, key=LONG_HELD)
        path.write_text(changed_in_the_middle(content))
        run = self.load(path)
        self.assert_refused(run, 3, path, "load 1", "--restart")
        changed = self.database.sql(f"SELECT data FROM chat_messages WHERE id = 'id-{CHANGED}'")
        self.assertEqual([row[0][:4] for row in changed], ["text"])
        self.assertEqual(self.committed_ranges(), ranges)
        self.assertEqual(self.loads(), [["1", "1", "failed", "-"]])
        again = self.load(path, "--restart", "--on-duplicate", "replace")
        self.assertEqual(again.exit_code, 1, again.stderr)
        self.assertIsNone(support.first_difference(self.database, apply(path, on_duplicate="replace")))

    def interrupt_with_a_gap(self, path, key):
        """A load that is killed when ranges behind the one with the key are committed, up to that of CHANGED."""
        is_behind_there = f"SELECT COUNT(*) FROM chat_messages WHERE id = 'id-{CHANGED}'"
        with self.row_held(key):
            loader = self.loader(path, "--connections", 4, *self.RANGE_SIZE)
            wait_until(lambda: self.database.sql(is_behind_there) == [["1"]], "a range behind the held one is there")
            loader.kill()
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")

    def test_of_a_file_that_changed_behind_a_gap_not_even_the_gap_is_written(self):
        content, key = chat_log(LONG_LINES), f"id-{CHANGED - 60}"
        gap, tail = content.index(f'"{key}"'), len(content) - 2**16 - 1
        ends_early = content[:gap] + " " * (tail - gap) + content[tail:]  # one line, so fewer ranges
        for change, other in (("a line", changed_in_the_middle(content)), ("fewer ranges", ends_early)):
            with self.subTest(change):
                self.database.create_table()
                path = self.write(f"{change}.json", content)
                self.interrupt_with_a_gap(path, key)
                rows, ranges = self.rows_in_table(), self.committed_ranges()
                path.write_text(other)
                self.assert_refused(self.load(path), 3, path, "load 1", "--restart")
                self.assertEqual((self.rows_in_table(), self.committed_ranges()), (rows, ranges))

    def test_a_touched_file_is_compared_once_and_then_known_by_its_stamp(self):
        path = self.write_log()
        self.interrupt(path, *self.RANGE_SIZE)
        os.utime(path, (1, 1))
        with self.held_load(path, key="id-901") as loader:
            wait_until(lambda: loader.says("comparing"), "the touched file is compared")
            loader.kill()
        again = self.load(path)
        self.assertNotIn("comparing", again.stderr)
        self.assert_loaded(again, apply(path))

    def test_a_comparison_that_a_signal_ended_is_made_again(self):
        content = chat_log(LONG_LINES)
        path = self.write("log.json", content)
        self.interrupt(path, *self.RANGE_SIZE, key=LONG_HELD)
        rows, ranges = self.rows_in_table(), self.committed_ranges()
        path.write_text(changed_in_the_middle(content))
        door = self.enterContext(proxy.Proxy(self.server.socket))
        loader = self.loader(path, to=door.url(self.database.name))
        stop = lambda _: loader.process.send_signal(signal.SIGTERM)
        door.at(r"^SELECT .begin_byte", before=stop).wait()
        run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assertEqual([row[2] for row in self.loads()], ["interrupted"])
        again = self.load(path)
        self.assertIn("was touched since load 1 began; comparing", again.stderr)
        self.assert_refused(again, 3, path, "load 1", "--restart")
        self.assertEqual((self.rows_in_table(), self.committed_ranges()), (rows, ranges))

    def test_a_file_that_grew_while_it_was_read_is_not_done(self):
        path = self.write("log.json", chat_log())
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            with open(path, "a") as file:
                file.write(line("late"))
        run = loader.finish()
        self.assert_refused(run, 3, path, "changed while it was read", "--restart")
        self.assertEqual([row[2] for row in self.loads()], ["failed"])
        again = self.load(path)
        self.assertEqual((again.exit_code, again.summary["status"]), (1, "done"), again.stderr)
        self.assert_in_database(apply(path), load=2)

    def test_a_file_that_is_rotated_while_it_is_read_is_loaded_as_it_was_and_known_by_its_new_name(self):
        content, rotated = chat_log(), self.folder / "log.json.1"
        for order in ("file", "key"):
            with self.subTest(order):
                self.database.create_table()
                path = self.write("log.json", content)
                with self.held_load(path, "--order", order, *self.RANGE_SIZE) as loader:
                    path.rename(rotated)
                    path.write_text(line("of the next day"))
                expected = apply(rotated)
                self.assert_loaded(loader.finish(), expected)
                again = self.load(rotated)
                self.assertEqual((again.exit_code, again.summary["status"]), (1, "already_loaded"), again.stderr)
                self.assertNotIn("comparing", again.stderr)
                self.assertEqual(self.load(path).exit_code, 0)
                self.assertEqual(self.rows_in_table(), len(expected.rows) + 1)

    def test_a_file_that_is_rotated_while_a_second_run_waits_for_the_first_is_loaded_once(self):
        path = self.write("log.json", chat_log())
        with self.held_load(path, *self.RANGE_SIZE) as first:
            second = self.loader(path, "--wait-lock", "60s", *self.RANGE_SIZE)
            wait_until(lambda: second.says("--wait-lock"), "the second run waits")
            path.rename(self.folder / "log.json.1")
            path.write_text(line("of the next day"))
        self.assert_loaded(first.finish(), apply(self.folder / "log.json.1"))
        run = second.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "already_loaded"), run.stderr)
        self.assertEqual(len(self.loads()), 1)

    def test_refused_lines_of_a_file_that_is_deleted_while_it_is_sorted_are_fetched(self):
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'text 1%')")
        detail = "SQLSTATE HY000" if self.server.kind == "mysql" else "SQLSTATE 23000"
        path = self.write("log.json", chat_log())
        expected = apply(path, refuses=lambda row: detail if row[4].startswith("text 1") else None)
        with self.held_load(path, "--order", "key", *self.RANGE_SIZE) as loader:
            path.unlink()
        self.assert_loaded(loader.finish(), expected)

    def test_a_signal_while_a_file_that_was_touched_is_compared_at_the_end_is_an_interruption(self):
        path = self.write("log.json", line("a"))
        door = self.enterContext(proxy.Proxy(self.server.socket))
        loader = self.loader(path, to=door.url(self.database.name))

        def touch_and_stop(_):
            os.utime(path, (1, 1))
            ask_to_stop(loader)

        door.at(r"^COMMIT", before=touch_and_stop).wait()
        run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assert_loaded(self.load(path), apply(path), exit_code=0)

    def test_a_file_that_was_only_touched_while_it_was_read_is_done(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            os.utime(path, (1, 1))
        self.assert_loaded(loader.finish(), apply(path))
        self.assertEqual(self.load(path).summary["status"], "already_loaded")


class StoppedTest(LedgerCase):
    def test_sigterm_leaves_a_load_that_the_printed_command_finishes(self):
        path = self.write_log("it's $HOME.json.gz")
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            loader.process.send_signal(signal.SIGTERM)
            run = loader.finish()
        self.assertEqual((run.exit_code, run.summary["status"]), (4, "interrupted"), run.stderr)
        self.assert_adds_up(run.summary)
        self.assertEqual(run.summary["inserted"], self.rows_in_table())
        self.assertEqual(self.database.sql("SELECT state, exit_code FROM chatload_loads"), [["interrupted", "4"]])
        self.assertEqual({name: run.summary[name] for name in ledger_case.OUTCOMES},
                         {name: self.recorded_counts(1)[name] for name in ledger_case.OUTCOMES})  # fmt: skip
        command = re.search(r"lines are done. Continue with: (.*)", run.stderr)[1]
        again = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd="/")
        self.assert_loaded(support.run_of(again, loader.summary), apply(path))

    def test_of_a_pipe_without_a_name_no_command_is_said_to_go_on(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        loader = self.loader(pipe)
        with open(pipe, "wb"):
            ask_to_stop(loader)
            run = loader.finish()
        self.assertEqual(run.exit_code, 4, run.stderr)
        self.assertIn(f"{pipe} cannot be resumed. Give it a name with --source-id", run.stderr)
        self.assertNotIn("Nothing was loaded", run.stderr)

    def test_a_second_signal_ends_a_load_at_once_and_the_rerun_finishes_it(self):
        path = self.write_log()
        with self.held_load(path, *self.RANGE_SIZE) as loader:
            ask_to_stop(loader)
            loader.process.send_signal(signal.SIGINT)
            self.assertEqual(loader.process.wait(ledger_case.DEADLINE_S), -signal.SIGINT)
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of the killed load")
        self.assert_loaded(self.load(path), apply(path))


if __name__ == "__main__":
    unittest.main()
