# ctest: long
"""--share: runs of one command load its inputs side by side, and one that dies or sleeps costs nothing but time.

CHATLOAD_LONG=1 takes more files, more kills, and waits the minute after which a run that is silent counts as dead.
"""

import os
import pathlib
import random
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from ledger_case import OUTCOMES, LedgerCase, apply, line, wait_until

RUNS = 4
FILES = 240 if support.IS_LONG else 60
LINES = 120  # of a file
KILLS = 24 if support.IS_LONG else 6
SEED = 20161122
DEADLINE_S = 180
USER = "chatload_share_{}"


def content_of(file):
    """Lines of some 300 bytes: ids of the file alone, some of them again with another text, some lines bad or blank."""
    parts = []
    for number in range(LINES):
        key = number - 3 if number % 10 == 5 else number
        if number % 40 == 39:
            parts.append(f"bad {file} {number}\n")
        elif number % 40 == 19:
            parts.append("\n")
        else:
            parts.append(line(f"file-{file}-{key}", f"text {number} " + "x" * 200, site_id=str(number % 4)))
    return "".join(parts)


class ShareCase(LedgerCase):
    SHARE = ("--share", "--share-size", "4K", "--range-size", "8K")  # some four files a load

    def write_files(self, count):
        self.paths = [
            support.write_gzip(self.folder / f"chat-{file:03}.json.gz", content_of(file).encode()) for file in range(count)
        ]

    def url_of(self, user):
        url = self.server.url
        return url._replace(netloc=f"{user}@{url.hostname}", path=f"/{self.database.name}").geturl()

    def share(self, *words, paths=None, to=None):
        return self.loader(*(paths or self.paths), *self.SHARE, *words, to=to)

    def statuses(self, run):
        return {one["status"] for one in run.summary["inputs"]}

    def load_of(self, path):
        """Its number and the process that has it."""
        rows = self.database.sql(
            "SELECT l.load_id, l.runner FROM chatload_loads l JOIN chatload_sources s ON s.load_id = l.load_id"
            f" WHERE s.name = '{path}' AND s.superseded_by IS NULL"
        )
        if not rows:
            return None, None
        return int(rows[0][0]), int(re.search(r"process (\d+)", rows[0][1])[1])

    def assert_all_loaded(self, paths=None):
        """Every source is done once, and table, counts and rejects are the oracle's."""
        paths = paths or self.paths
        expected = apply(*paths)
        self.assertIsNone(support.first_difference(self.database, expected))
        sources = self.database.sql("SELECT name, COUNT(*), MIN(state), MAX(attempt) FROM chatload_sources GROUP BY name")
        self.assertEqual(sorted(sources), sorted([str(path), "1", "done", "1"] for path in paths))
        self.assertEqual(self.database.sql("SELECT DISTINCT state FROM chatload_loads"), [["done"]])
        sums = ", ".join(f"CAST(SUM(`{name}`) AS SIGNED)" for name in ("lines", *OUTCOMES))
        for table in ("loads", "sources"):
            counts = map(int, self.database.sql(f"SELECT {sums} FROM chatload_{table}")[0])
            found = dict(zip(("lines", *OUTCOMES), counts))
            self.assertEqual(found, {name: expected.counts()[name] for name in found}, table)
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chatload_rejects"), [[str(len(expected.rejects))]])
        for table in ("ranges", "fences"):
            self.assertEqual(self.database.sql(f"SELECT COUNT(*) FROM chatload_{table}"), [["0"]], table)


class ShareTest(ShareCase):
    def test_runs_side_by_side_load_each_file_once(self):
        self.write_files(FILES)
        loaders = [self.share() for _ in range(RUNS)]
        runs = [loader.finish() for loader in loaders]
        for run in runs:
            self.assertIn(run.exit_code, (0, 1), run.stderr)
            self.assert_adds_up(run.summary)
        self.assert_all_loaded()
        expected = apply(*self.paths)
        self.assertEqual(sum(run.summary["inserted"] for run in runs), expected.counts()["inserted"])
        self.assertEqual(sum(run.summary["lines"] for run in runs), expected.counts()["lines"])

    def test_a_run_alone_takes_about_as_many_bytes_at_a_time_as_it_was_told(self):
        self.write_files(6)
        size = self.paths[0].stat().st_size
        for share, loads in ((1, 6), (2 * size + 100, 3), (100 * size, 1)):
            with self.subTest(share=share):
                self.database.create_table()
                run = self.load(*self.paths, "--share", "--share-size", share)
                self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
                self.assertEqual(len(self.loads()), loads)
                self.assert_all_loaded()
                self.assertEqual(run.stderr.count("Where an id is in several of them, any may come first."), 1)

    def test_what_is_done_is_passed_over_and_is_no_part_of_a_later_run(self):
        self.write_files(3)
        self.assertEqual(self.load(*self.paths, *self.SHARE).exit_code, 1)
        again = self.load(*self.paths, *self.SHARE)
        self.assertEqual((again.exit_code, again.summary["status"]), (0, "already_loaded"), again.stderr)
        self.assertEqual((again.summary["lines"], self.statuses(again)), (0, {"already_loaded"}))
        self.assert_all_loaded()

    def test_what_a_live_run_has_is_left_to_it_and_named(self):
        self.write_files(12)
        with self.row_held("file-0-0"):
            first = self.share("--connections", 1)
            wait_until(self.is_held, "the first run waits in the first load")
            second = self.share()
            run = second.finish()
            theirs, process = self.load_of(self.paths[0])
            self.assertEqual(process, first.process.pid)
            self.assertIn(run.exit_code, (0, 1), run.stderr)
            self.assertEqual(self.statuses(run), {"done", "in_another_run"})
            self.assertRegex(run.stderr, rf"chat-000.*: left to the run of load {theirs}, which is alive \(.*process {process}\)")
            self.assertNotIn("Skipped", run.stderr)
            self.assertIsNone(first.process.poll())
        self.assertEqual(first.finish().exit_code, 1)
        self.assert_all_loaded()

    def test_the_load_of_a_run_that_was_killed_is_taken_over_at_once_by_one_on_its_host(self):
        self.write_files(12)
        with self.row_held("file-0-0"):
            first = self.share("--connections", 1)
            wait_until(self.is_held, "the first run waits in the first load")
            first.kill()
        load, _ = self.load_of(self.paths[0])
        run = self.share().finish()
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIn(f"continues load {load}", run.stderr)
        self.assertNotIn("counts as dead", run.stderr)
        self.assert_all_loaded()

    def test_a_load_that_was_interrupted_is_finished_by_a_run_that_is_there(self):
        self.write_files(12)
        with self.row_held("file-0-0"):
            first = self.share("--connections", 1)
            wait_until(self.is_held, "the first run waits in the first load")
            first.process.send_signal(signal.SIGTERM)
            self.assertEqual(first.finish().exit_code, 4)
        self.assertEqual(self.database.sql("SELECT state FROM chatload_loads"), [["interrupted"]])
        self.assertEqual(self.share().finish().exit_code, 1)
        self.assert_all_loaded()

    def test_a_load_of_a_run_without_share_is_taken_over_too(self):
        self.write_files(4)
        with self.row_held("file-2-0"):
            alone = self.loader(*self.paths, "--connections", 1, "--range-size", "8K")
            wait_until(self.is_held, "the run waits in its load")
            alone.kill()
        self.assertEqual(self.share().finish().exit_code, 1)
        self.assert_all_loaded()

    def test_a_load_of_a_run_that_shares_is_taken_over_by_one_that_does_not(self):
        self.write_files(4)
        with self.row_held("file-2-0"):
            shared = self.share("--connections", 1)
            wait_until(self.is_held, "the run waits in its load")
            shared.kill()
        self.assertEqual(self.load(*self.paths).exit_code, 1)
        self.assert_all_loaded()
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chatload_loads WHERE beat > 0"), [["0"]])

    def test_a_file_that_fails_is_tried_once_by_each_run_and_the_others_are_loaded(self):
        self.write_files(8)
        whole = self.paths[3].read_bytes()
        self.paths[3].write_bytes(whole[:-4])
        for _ in range(2):
            run = self.load(*self.paths, self.folder / "missing.json", *self.SHARE)
            self.assertEqual((run.exit_code, run.summary["status"]), (3, "failed"), run.stderr)
            self.assertEqual(run.stderr.count("error: "), 2, run.stderr)
        self.paths[3].write_bytes(whole)
        self.assertEqual(self.load(*self.paths, *self.SHARE).exit_code, 1)
        self.assertIsNone(support.first_difference(self.database, apply(*self.paths)))
        states = "SELECT COUNT(*) FROM chatload_sources WHERE state <> 'done' AND superseded_by IS NULL"
        self.assertEqual(self.database.sql(f"{states} AND name NOT LIKE '%missing%'"), [["0"]])

    def test_a_load_that_lacks_a_file_which_was_loaded_before_is_finished_once_that_is_back(self):
        self.write_files(3)
        self.assertEqual(self.load(self.paths[0], "--range-size", "8K").exit_code, 1)
        away = self.paths[0].rename(self.folder / "away")
        self.assertEqual(self.share("--order", "file").finish().exit_code, 3)
        away.rename(self.paths[0])
        run = self.share().finish()
        self.assertIn("is loaded all the same", run.stderr)
        self.assertEqual(self.database.sql("SELECT DISTINCT state FROM chatload_loads"), [["done"]], run.stderr)
        self.assertIsNone(support.first_difference(self.database, apply(*self.paths)))

    def test_loads_in_key_order_are_shared_and_taken_over_too(self):
        self.write_files(12)
        with self.row_held("file-0-0"):
            first = self.share("--connections", 1, "--order", "key")
            wait_until(self.is_held, "the first run waits in the first load")
            first.kill()
        self.assertEqual(self.share("--order", "key").finish().exit_code, 1)
        self.assertIsNone(support.first_difference(self.database, apply(*self.paths)))
        self.assertEqual(self.database.sql("SELECT DISTINCT state, `order` FROM chatload_loads"), [["done", "key"]])

    def test_files_that_the_disk_has_no_room_to_sort_are_given_back_and_come_to_a_load_of_their_own(self):
        self.write_files(2)
        disk = os.statvfs(self.folder)
        vast = self.write("vast.json", "".join(line(f"vast-{n}", "x" * 255) for n in range(100_000)))  # and a hole
        os.truncate(vast, 2 * disk.f_bavail * disk.f_frsize)
        words = ("--order", "key", "--spill-dir", self.folder, "--share-size", "999999G")
        run = self.loader(*self.paths, vast, *self.SHARE[:1], *words).finish()
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertIn("has room to sort 2 of 3 inputs at a time", run.stderr)
        self.assertRegex(run.stderr, "error: .*vast.json: sorting it by key takes about")
        self.assertEqual([row[:3] for row in self.sources()],
                         [["1", "chat-000.json.gz", "done"], ["1", "chat-001.json.gz", "done"],
                          ["2", "vast.json", "waiting"]])  # fmt: skip
        self.assertEqual([row[2] for row in self.loads()], ["done", "failed"])
        self.assertIsNone(support.first_difference(self.database, apply(*self.paths)))

    def indexes(self):
        return re.findall(r"^  KEY `(\w+)`", self.database.sql("SHOW CREATE TABLE chat_messages")[0][1], re.MULTILINE)

    def schema_apply(self, *words):
        run = support.run_chatload("schema", "apply", *words, "--to", self.database.url)
        self.assertEqual(run.exit_code, 0, run.stderr)
        return run.stdout

    def test_no_run_drops_or_builds_an_index_and_schema_apply_builds_those_that_it_left_out(self):
        self.write_files(8)
        before = self.indexes()
        for words, found in (("--without-indexes",), []), ((), before):
            with self.subTest(words):
                self.database.create_table()
                self.schema_apply(*words)
                run = self.load(*self.paths, *self.SHARE)
                self.assertEqual(run.exit_code, 1, run.stderr)
                owed = "`chat_messages` still lacks `site_id`, `timestamp`. When all runs have ended, run `chatload schema"
                self.assertEqual(owed in run.stderr, found == [], run.stderr)
                self.assertEqual(self.indexes(), found)
                self.schema_apply()
                self.assertEqual(self.indexes(), before)
                self.assert_all_loaded()

    def test_the_beat_counts_among_the_connections_of_an_account(self):
        self.write_files(2)
        user = USER.format("few")
        self.server.sql(f"DROP USER IF EXISTS {user}@'%'; CREATE USER {user}@'%' WITH MAX_USER_CONNECTIONS 3;"
                        f" GRANT ALL ON `{self.database.name}`.* TO {user}@'%'")  # fmt: skip
        self.addCleanup(self.server.sql, f"DROP USER {user}@'%'")
        run = self.load(*self.paths, *self.SHARE, "--connections", 4, to=self.url_of(user))
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIn("1 of 4 connections write, because the user may have no more", run.stderr)
        self.server.sql(f"ALTER USER {user}@'%' WITH MAX_USER_CONNECTIONS 2")
        self.assert_refused(self.load(*self.paths, *self.SHARE, to=self.url_of(user)), 3, "this load needs 3")


class DisturbedTest(ShareCase):
    def account(self, number):
        """The URL of a user of its own, whose connections can be told from others."""
        user = USER.format(number)
        self.server.sql(f"DROP USER IF EXISTS {user}@'%'; CREATE USER {user}@'%';"
                        f" GRANT ALL ON `{self.database.name}`.* TO {user}@'%'")  # fmt: skip
        self.addCleanup(self.server.sql, f"DROP USER {user}@'%'")
        return self.url_of(user)

    def kill_connections_of(self, user):
        for (number,) in self.server.sql(f"SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '{user}'"):
            self.server.kill_connection(number)

    def done(self):
        return int(self.database.sql("SELECT COUNT(*) FROM chatload_sources WHERE state = 'done'")[0][0])

    def test_each_file_is_loaded_once_whoever_is_killed_and_whoever_sleeps_and_wakes(self):
        """One run is stopped in a transaction and loses its connections; others are killed and replaced all the time."""
        self.write_files(FILES)
        urls = [self.account(number) for number in range(RUNS)]
        chance = random.Random(SEED)
        held = FILES // 3
        with self.row_held(f"file-{held}-60"):
            runs = {number: self.share("--connections", 2, to=url) for number, url in enumerate(urls)}
            is_waiting = lambda: self.load_of(self.paths[held])[0] and self.is_held()
            wait_until(is_waiting, "a run waits in the load with the row that is held")
            load, process = self.load_of(self.paths[held])
            sleeper = next(number for number, run in runs.items() if run.process.pid == process)
            asleep = runs.pop(sleeper)
            asleep.process.send_signal(signal.SIGSTOP)
            self.addCleanup(asleep.process.send_signal, signal.SIGCONT)
            self.kill_connections_of(USER.format(sleeper))
        if not support.IS_LONG:
            # Without its beat it counts as dead at once: a run of this host that is there would be watched for a minute.
            self.database.sql(f"UPDATE chatload_loads SET beat = NULL WHERE load_id = {load}")
        thresholds = sorted(chance.sample(range(1, FILES), KILLS))
        deadline = time.monotonic() + DEADLINE_S
        while self.done() < FILES:
            self.assertLess(time.monotonic(), deadline)
            for number, run in list(runs.items()):
                is_over = run.process.poll() is not None
                if is_over:
                    self.assertIn(run.process.returncode, (0, 1), run.errors.read_text())
                is_struck = thresholds and self.done() >= thresholds[0] and number == chance.randrange(RUNS)
                if is_struck:
                    thresholds.pop(0)
                    run.kill()
                if is_over or is_struck:
                    runs[number] = self.share("--connections", 2, to=urls[number])
        for run in runs.values():
            self.assertIn(run.finish().exit_code, (0, 1))
        self.assert_all_loaded()
        asleep.process.send_signal(signal.SIGCONT)
        woken = asleep.finish()
        self.assertEqual(woken.exit_code, 3, woken.stderr)
        self.assertRegex(woken.stderr, rf"Another run \(.*\) has taken load {load} over, so this one writes nothing more")
        self.assert_all_loaded()
        last = self.load(*self.paths, *self.SHARE)
        self.assertEqual((last.exit_code, last.summary["status"]), (0, "already_loaded"), last.stderr)


if __name__ == "__main__":
    unittest.main()
