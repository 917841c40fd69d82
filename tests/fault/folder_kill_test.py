# ctest: optimised
"""SIGKILL at random times over a folder in which files are damaged, over their budget, replaced or missing: each file
ends as it should, and the table is that of the files in their order.

CHATLOAD_LONG=1 kills 200 times, and insists that 100 of the kills found some but not all lines committed.
"""

import gzip
import pathlib
import random
import time
import unittest

import fault_log
import harness
import oracle
import support

KILLS = 200 if support.IS_LONG else 10
PARTIAL_KILLS_MIN = 100 if support.IS_LONG else 3
KILLS_PER_FOLDER_MAX = 5
RUNS_MAX = 20 * KILLS
EARLIEST, LATEST = 0.1, 1.0  # a kill, as a share of an undisturbed run's time
FILES, LINES = 40, 100  # of each file
# Files with ids of their own, so that it is no matter when they are loaded.
DAMAGED, OVER_BUDGET, REPLACED, MISSING = (7, 23), 12, 17, 31
OWN = (*DAMAGED, OVER_BUDGET, REPLACED, MISSING)
BUDGET, LARGER_BUDGET = ("--max-rejects", 20), ("--max-rejects", 1000)
STATES = "SELECT name, state FROM chatload_sources WHERE superseded_by IS NULL ORDER BY load_id, source"
IS_COMPLETE = (support.ROOT / "sql/is_last_night_complete.sql").read_text()
ADDS_UP = (support.ROOT / "sql/load_reconciliation.sql").read_text()


def log(folder, lines, seed):
    """Its lines, with their ends; none is refused by the server."""
    path = fault_log.write_log(folder / "made.json.gz", lines, seed, refusals=0)
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


class FolderKillTest(unittest.TestCase):
    def setUp(self):
        self.server = support.Server()
        self.folder = pathlib.Path(self.enterContext(harness.tempfile.TemporaryDirectory()))
        shared = iter(log(self.folder, FILES * LINES, seed=1))
        self.texts = [
            b"".join(log(self.folder, LINES, seed=100 + number) if number in OWN else (next(shared) for _ in range(LINES)))
            for number in range(FILES)
        ]
        self.texts[OVER_BUDGET] += b"bad\n" * 100
        self.other_text = b"".join(log(self.folder, LINES, seed=99))
        self.paths = [self.folder / f"{number:02}.json.gz" for number in range(FILES)]
        self.duration_s = {}
        self.kills = self.partial_kills = self.runs = 0

    def put(self, number, text=None):
        support.write_gzip(self.paths[number], self.texts[number] if text is None else text)

    def spoil(self):
        for number in range(FILES):
            self.put(number)
        for number in DAMAGED:
            whole = self.paths[number].read_bytes()
            self.paths[number].write_bytes(whole[: len(whole) * 2 // 3])

    def loader(self, database, order, mode, connections, range_size, budget=BUDGET):
        return harness.Loader(
            *self.paths, "--to", database.url, "--order", order, "--on-duplicate", mode, "--connections", connections,
            "--range-size", range_size, "--wait-lock", "60s", *budget,
        )  # fmt: skip

    def load(self, database, **flags):
        with self.loader(database, **flags) as loader:
            return loader.finish()

    def test_each_file_ends_as_it_should_and_the_table_is_that_of_the_files_in_their_order(self):
        for order in ("file", "key"):
            with support.Database(self.server) as database:
                database.create_table()
                self.spoil()
                begin = time.monotonic()
                self.load(database, order=order, mode="skip", connections=4, range_size="8K")
                self.duration_s[order] = time.monotonic() - begin
        folders = 0
        while self.kills < KILLS:
            self.assertLess(self.runs, RUNS_MAX, "too few runs lived long enough to be killed")
            folders += 1
            dice = random.Random(folders)
            flags = {"order": dice.choice(("file", "key")), "mode": dice.choice(("skip", "replace")),
                     "connections": dice.choice((1, 2, 8)), "range_size": dice.choice(("4K", "8K", "64K"))}  # fmt: skip
            with self.subTest(folder=folders, **flags), support.Database(self.server) as database:
                database.create_table()
                self.spoil()
                self.load_through_kills(database, dice, **flags)
                self.assert_spoilt(database, **flags)
                self.mend()
                self.load_mended(database, dice, **flags)
                self.assert_complete(database, **flags)
        print(f"{self.kills} kills in {folders} folders; after {self.partial_kills} some but not all lines were committed")
        self.assertGreaterEqual(self.partial_kills, PARTIAL_KILLS_MIN)

    def load_through_kills(self, database, dice, order, **flags):
        """In between, one file is put aside for a run, and another one replaced."""
        for _ in range(dice.randint(1, KILLS_PER_FOLDER_MAX)):
            is_missing = dice.random() < 0.3
            if is_missing:
                self.paths[MISSING].unlink()
            self.kill_one(database, dice, order=order, **flags)
            if is_missing:
                self.put(MISSING)
            if dice.random() < 0.3:
                self.put(REPLACED, self.other_text)

    def kill_one(self, database, dice, order, **flags):
        self.runs += 1
        with self.loader(database, order=order, **flags) as loader:
            if loader.ends_within(dice.uniform(EARLIEST, LATEST) * self.duration_s[order]):
                return
            loader.kill()
        self.kills += 1
        lines = database.sql("SELECT COALESCE(SUM(`lines`), 0) FROM chatload_ranges")
        self.partial_kills += 0 < int(lines[0][0]) < FILES * LINES

    def assert_spoilt(self, database, mode, **flags):
        """Those that are damaged or over their budget have failed, and no other where the others do not wait for them."""
        run = self.load(database, mode=mode, **flags)
        self.assertEqual(run.exit_code, 3, run.stderr)
        is_replaced = gzip.decompress(self.paths[REPLACED].read_bytes()) == self.other_text
        # Sorted rows of a file that is another one now may be in the table, so that its load waits for that one.
        if mode == "replace" or (is_replaced and "needs all of its 40 sources again" in run.stderr):
            return
        states = {}
        for name, state in database.sql(STATES):
            states.setdefault(int(pathlib.Path(name).name[:2]), []).append(state)
        for number in range(FILES):
            is_bad = number in (*DAMAGED, OVER_BUDGET)
            self.assertEqual("done" in states[number], not is_bad, (number, states[number], run.stderr))
        if flags["order"] == "key" and not is_replaced:
            good = [self.paths[number] for number in range(FILES) if number not in (*DAMAGED, OVER_BUDGET)]
            self.assert_table(database, good, mode)

    def mend(self):
        for number in range(FILES):
            self.put(number)

    def load_mended(self, database, dice, **flags):
        self.kill_one(database, dice, budget=LARGER_BUDGET, **flags)
        runs = [self.load(database, budget=LARGER_BUDGET, **flags) for _ in range(3)]
        for run in runs:
            self.assertEqual(run.exit_code, 1, "".join(one.stderr for one in runs))
        self.assertEqual(runs[-1].summary["status"], "already_loaded", runs[-1].stderr)

    def assert_complete(self, database, mode, **flags):
        replaced = f"SELECT 1 FROM chatload_sources WHERE state = 'done' AND bytes = {self.other_bytes()}"
        others = []
        if database.sql(replaced):
            others.append(support.write_gzip(self.folder / "other.json.gz", self.other_text))
        self.assert_table(database, self.paths + others, mode)
        self.assertEqual({row[-1] for row in database.sql(ADDS_UP)}, {"ok"})
        self.assertEqual({state for _, state in database.sql(STATES)}, {"done"}, database.sql(STATES))
        self.assertEqual(database.sql(IS_COMPLETE)[0][0], "1")
        self.assertEqual(database.sql("SELECT COUNT(*) FROM chatload_ranges"), [["0"]])

    def other_bytes(self):
        return support.write_gzip(self.folder / "other.json.gz", self.other_text).stat().st_size

    def assert_table(self, database, files, mode):
        self.assertIsNone(support.first_difference(database, oracle.apply(files, on_duplicate=mode)))


if __name__ == "__main__":
    unittest.main()
