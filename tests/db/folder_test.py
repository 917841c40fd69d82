# ctest: long
"""Many inputs of one command are one load: their lines count in the order of the files, and one that fails ends alone."""

import collections
import ctypes
import gzip
import itertools
import json
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import OUTCOMES, LedgerCase, apply, chat_log, line, wait_until

ORDERS = ("file", "key")
IS_COMPLETE = (support.ROOT / "sql/is_last_night_complete.sql").read_text()
ADDS_UP = (support.ROOT / "sql/load_reconciliation.sql").read_text()
LINES = 300  # of a file
CLAIM = r"^INSERT INTO .?chatload_ranges"
LOOKS_FOR_RANGES = r"^SELECT .?source.?, .?range_number.?, .?begin_byte"
IN_OPEN = 0x20
NUMBERS = re.compile(r"\d+")
REJECTS = "SELECT source, line, byte_offset, reason, HEX(raw) FROM chatload_rejects WHERE load_id = {} ORDER BY source, line"


def content(number, lines=LINES, has_shared_ids=True):
    """Of the file of that number: ids that the others have too, with texts of its own, and every third id its own."""
    texts = chat_log(lines).replace('"text ', f'"of {number}, text ').replace("bad ", f"bad {number} ").splitlines(True)
    for place, text in enumerate(texts):
        if place % 3 == 0 or not has_shared_ids:
            texts[place] = text.replace('"id-', f'"own{number}-')
    return "".join(texts).encode()


class Opened:
    """Which files of a folder are opened meanwhile."""

    def __init__(self, folder):
        self.folder, self.names = folder, []

    def __enter__(self):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.watch = self.libc.inotify_init1(os.O_NONBLOCK)
        assert self.libc.inotify_add_watch(self.watch, os.fsencode(self.folder), IN_OPEN) >= 0
        return self

    def __exit__(self, *_):
        try:
            events = os.read(self.watch, 1 << 20)
        except BlockingIOError:
            events = b""
        os.close(self.watch)
        while events:
            length = int.from_bytes(events[12:16], sys.byteorder)
            self.names.append(events[16 : 16 + length].rstrip(b"\0").decode())
            events = events[16 + length :]


class FolderCase(LedgerCase):
    def setUp(self):
        super().setUp()
        self.night = self.folder / "night"
        self.night.mkdir()

    def put(self, number, data=None, **options):
        """The file of that number, whose content is data if it is given."""
        return support.write_gzip(self.night / f"{number}.json.gz", content(number, **options) if data is None else data)

    def put_some(self, count=4):
        return [self.put(number) for number in range(count)]

    def load(self, *words, **options):
        return super().load(*words, *self.RANGE_SIZE, **options)

    def complete(self):
        return self.database.sql(IS_COMPLETE)[0][0]

    def inputs(self, run):
        return {pathlib.Path(one["input"]).name: one for one in run.summary["inputs"]}

    def statuses(self, run):
        return [one["status"] for one in run.summary["inputs"]]

    def states(self, load=1):
        return [state for of_load, _, state, _ in self.sources() if of_load == str(load)]

    def assert_table(self, *files, **options):
        self.assertIsNone(support.first_difference(self.database, apply(*files, **options)))

    def assert_ledger_adds_up(self):
        self.assertEqual({row[-1] for row in self.database.sql(ADDS_UP)}, {"ok"})

    def assert_rejects_of(self, expected, load=1):
        """The oracle's, which begin anew with each source."""
        wanted = [(str(reject[0]), str(reject[1]), reject[2], raw.hex().upper())
                  for reject, (_, raw) in zip(expected.rejects, expected.reject_texts)]  # fmt: skip
        self.assertEqual([tuple(row[1:]) for row in self.database.sql(REJECTS.format(load))], wanted)

    def assert_folder(self, run, files, load=1, status="done", mode="skip"):
        """All of them are one load that is done; table, rejects and counts are the oracle's, of each source too."""
        expected = apply(*files, on_duplicate=mode)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, status), run.stderr)
        self.assert_adds_up(run.summary)
        self.assertEqual(support.loader_counts(run.summary), expected.counts(), run.stderr)
        self.assertIsNone(support.first_difference(self.database, expected))
        self.assert_rejects_of(expected, load)
        self.assertEqual(self.database.sql("SELECT load_id, state FROM chatload_loads"), [[str(load), "done"]])
        self.assertEqual([row[1:3] for row in self.sources()], [[path.name, "done"] for path in files])
        names = ("lines", "valid", "filtered", "rejected", "blank")
        found = self.database.sql(f"SELECT `lines`, valid, filtered, rejected, blank FROM chatload_sources ORDER BY source")
        for path, row in zip(files, found):
            counts = apply(path).counts()
            self.assertEqual(dict(zip(names, map(int, row))), {name: counts[name] for name in names}, path)
        written = self.database.sql("SELECT SUM(inserted), SUM(updated), SUM(duplicate) FROM chatload_sources")[0]
        if written[0] != "NULL":
            self.assertEqual(list(map(int, written)), [run.summary[name] for name in OUTCOMES[:3]])
        self.assert_ledger_adds_up()
        self.assertEqual(self.complete(), "1")


class OneLoadTest(FolderCase):
    def test_lines_count_in_the_order_of_the_files(self):
        files = self.put_some()
        for order, mode, connections in itertools.product(ORDERS, ("skip", "replace"), (1, 4)):
            for named in (files, files[::-1]):
                with self.subTest(order=order, mode=mode, connections=connections, first=named[0].name):
                    self.database.create_table()
                    run = self.load(*named, "--order", order, "--on-duplicate", mode, "--connections", connections)
                    self.assert_folder(run, named, mode=mode)
                    self.assertEqual(self.statuses(run), ["done"] * len(files))
                    self.assertEqual({one["load"] for one in run.summary["inputs"]}, {1})

    def test_a_glob_is_one_load_of_its_files_in_the_order_of_their_names(self):
        files = [self.put(number) for number in (9, 10, 100)]
        run = self.load(self.night / "*.json.gz")
        self.assert_folder(run, files)

    def test_what_each_input_came_to_is_in_the_summary(self):
        files = self.put_some()
        for status in ("done", "already_loaded"):
            run = self.load(*files)
            for path in files:
                counts = apply(path).counts()
                for name in ("lines", "valid", "filtered", "rejected", "blank"):
                    self.assertEqual(self.inputs(run)[path.name].get(name), counts[name], (status, path.name, name))

    def test_a_log_line_for_a_file_comes_only_where_something_is_wrong_with_it_and_five_rejected_lines_are_shown(self):
        files = self.put_some()
        run = self.load(*files)
        self.assertEqual(len(re.findall("invalid_json", run.stderr)), 5, run.stderr)
        for path in files[1:]:
            self.assertNotIn(f"info: {path}", run.stderr)

    def test_a_done_folder_is_known_without_a_file_being_opened_and_said_so_once(self):
        files = self.put_some()
        self.assert_folder(self.load(*files), files)
        with Opened(self.night) as opened:
            run = self.load(*files)
        self.assertEqual(opened.names, [])
        self.assert_folder(run, files, status="already_loaded")
        self.assertEqual(self.statuses(run), ["already_loaded"] * len(files))
        self.assertEqual(re.findall("(.*) loaded already, as load 1", run.stderr.split("info: ")[1]),
                         [f"{files[0]} and {len(files) - 1} more: are"], run.stderr)  # fmt: skip
        self.assertEqual(run.stderr.count("loaded already"), 1)
        with Opened(self.night) as opened:
            files[0].read_bytes()
        self.assertEqual(opened.names, [files[0].name])

    def test_a_file_that_is_added_later_is_a_second_load(self):
        files = self.put_some()
        self.load(*files[:3])
        with Opened(self.night) as opened:
            run = self.load(*files)
        self.assertEqual(set(opened.names), {files[3].name})
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual(self.statuses(run), ["already_loaded"] * 3 + ["done"])
        self.assertEqual([row[:3] for row in self.sources()],
                         [["1", path.name, "done"] for path in files[:3]] + [["2", files[3].name, "done"]])  # fmt: skip
        self.assert_table(*files)
        self.assertEqual(support.loader_counts(run.summary)["lines"], apply(*files).lines)

    def test_the_rejects_file_names_the_input_of_each_line(self):
        files = self.put_some()
        rejects = self.folder / "rejects.json.gz"
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                self.load(*files, "--order", order, "--rejects", rejects)
                with gzip.open(rejects, "rt") as lines:
                    found = [(one["input"], one["line"]) for one in map(json.loads, lines)]
                wanted = [(str(path), reject[0]) for path in files for reject in apply(path).rejects]
                self.assertEqual(found, wanted)

    def test_the_rejects_file_has_each_line_once_where_a_mended_file_ends_the_load_that_lacked_it(self):
        files = self.put_some(2)
        whole = files[1].read_bytes()
        files[1].write_bytes(whole[: len(whole) * 3 // 4])
        self.assertEqual(self.load(*files, "--order", "file").exit_code, 3)
        files[1].write_bytes(whole)
        rejects = self.folder / "rejects.json.gz"
        self.assertEqual(self.load(*files, "--order", "file", "--rejects", rejects).exit_code, 1)
        with gzip.open(rejects, "rt") as lines:
            found = [(one["input"], one["line"]) for one in map(json.loads, lines)]
        wanted = [(str(path), reject[0]) for path in files for reject in apply(path).rejects]
        self.assertEqual(sorted(found), sorted(wanted))

    def test_standard_input_beside_files_is_a_load_of_its_own(self):
        files = self.put_some(3)
        with open(files[1], "rb") as stdin:
            run = self.load(files[0], "-", files[2], stdin=stdin)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assert_table(*files)
        loads = collections.Counter(load for load, *_ in self.sources())
        self.assertEqual(len(loads), 3, self.sources())
        self.assertEqual([row[1] for row in self.sources()], [files[0].name, "-", files[2].name])
        self.assertEqual(run.summary["lines"], apply(*files).lines)

    def test_files_of_the_same_bytes_are_one_source(self):
        files = self.put_some(2)
        copies = [self.put(f"copy{number}", content(0)) for number in range(3)]
        empty = [self.put(f"empty{number}", b"") for number in range(3)]
        run = self.load(*files, *copies, *empty)
        self.assertEqual(self.statuses(run), ["done", "done", *["same_as_another"] * 3, "done", *["same_as_another"] * 2])
        self.assertEqual({one.get("same_as") for one in run.summary["inputs"]}, {None, str(files[0]), str(empty[0])})
        self.assertEqual(support.loader_counts(run.summary), apply(*files).counts())
        self.assert_table(*files)
        self.assertEqual(len(self.sources()), 3)
        again = self.load(*files, *copies, *empty)
        self.assertEqual((again.exit_code, again.summary["status"]), (1, "already_loaded"), again.stderr)
        self.assertEqual(support.loader_counts(again.summary), apply(*files).counts())

    def test_files_of_one_size_head_and_tail_but_another_middle_are_two_sources(self):
        before = content(0, lines=2500)
        after = before.replace(b"text 1251 x", b"TEXT 1251 x")
        self.assertNotEqual(before, after)
        files = []
        for name, data in (("a.json", before), ("b.json", after)):
            files.append(self.night / name)
            files[-1].write_bytes(data)
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                self.assert_folder(self.load(*files, "--order", order, "--on-duplicate", "replace"), files, mode="replace")
                again = self.load(*files)
                self.assertEqual((again.exit_code, again.summary["status"]), (1, "already_loaded"), again.stderr)

    def test_more_files_than_descriptors_are_loaded(self):
        files = [self.put(number, line(f"{number % 1500}", f"of {number}").encode()) for number in range(3000)]
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                run = self.load(*files, "--order", order, preexec_fn=few)
                self.assertEqual((run.exit_code, run.summary["status"]), (0, "done"), run.stderr[-2000:])
                self.assertEqual((run.summary["lines"], run.summary["inserted"]), (3000, 1500))
                self.assert_table(*files)
                again = self.load(*files, preexec_fn=few)
                self.assertEqual((again.exit_code, again.summary["status"]), (0, "already_loaded"), again.stderr[-2000:])
                self.assertLess(len(again.stderr.splitlines()), 5)


    def test_indexes_are_built_once_at_the_end_of_the_command(self):
        files = self.put_some(3)
        door = self.enterContext(proxy.Proxy(self.server.socket))
        with open(files[1], "rb") as stdin:
            run = self.load(files[0], "-", files[2], "--indexes", "defer", stdin=stdin, to=door.url(self.database.name))
        self.assertEqual(run.exit_code, 1, run.stderr)
        changes = [statement for statement in map(str, door.statements) if re.search("ALTER TABLE .* (ADD|DROP) KEY", statement)]
        self.assertEqual(["DROP KEY" in statement for statement in changes], [True, False], changes)
        self.assert_table(*files)
        self.assertEqual(self.database.sql("SELECT * FROM chatload_indexes"), [])


class RefusedTest(FolderCase):
    """Lines that the server refuses, at the same places of several files."""

    def setUp(self):
        super().setUp()
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE '%, text 1%')")

    def expected(self, files):
        return apply(*files, refuses=lambda row: "refused" if ", text 1" in row[4] else None)

    def test_they_are_kept_with_their_own_text_in_either_order(self):
        files = self.put_some()
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE '%, text 1%')")
                run = self.load(*files, "--order", order)
                expected = self.expected(files)
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertEqual(support.loader_counts(run.summary), expected.counts(), run.stderr)
                self.assertIsNone(support.first_difference(self.database, expected))
                self.assert_rejects_of(expected)
                self.assert_ledger_adds_up()
                for path, row in zip(files, self.database.sql("SELECT rejected, valid FROM chatload_sources ORDER BY source")):
                    # An id that two files have is refused in the first one.
                    self.assertGreater(int(row[0]), len(apply(path).rejects))
                sums = self.database.sql("SELECT SUM(rejected) FROM chatload_sources")
                self.assertEqual(sums, [[str(len(expected.rejects))]])

    def test_where_the_file_is_gone_when_their_text_is_fetched_the_load_ends_without_it(self):
        files = [self.put(number, lines=30) for number in range(12)]
        door = self.enterContext(proxy.Proxy(self.server.socket))
        door.at(CLAIM, 2, before=lambda _: files[-1].unlink())
        run = self.load(*files, "--order", "key", to=door.url(self.database.name))
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
        self.assertRegex(run.stderr, f"warning: .*{files[-1].name}")
        said = re.findall(r"warning: (.*): line 2 at byte", run.stderr)
        self.assertEqual(set(said) - set(map(str, files)), set(), "the input of a rejected line is named")
        missing = self.database.sql("SELECT source, COUNT(*) > 0 FROM chatload_rejects WHERE raw IS NULL GROUP BY source")
        self.assertEqual(missing, [["12", "1"]])
        self.assertEqual(support.run_chatload("rejects", "1", "--to", self.database.url).exit_code, 0)


class PacksTest(FolderCase):
    """Many files that are smaller than a range, of which several are written in one transaction."""

    RANGE_SIZE = ("--range-size", "32K")

    def test_a_folder_that_is_killed_at_any_point_is_finished(self):
        files = [self.put(number, lines=60) for number in range(40)]
        rows_done = r"^REPLACE INTO .?chatload_ranges"
        for mode, (moment, pattern, nth) in itertools.product(
            ("skip", "replace"), (("before", CLAIM, 3), ("after", CLAIM, 3), ("before", rows_done, 5), ("after", rows_done, 5))
        ):
            for connections in (1, 4):
                with self.subTest(mode=mode, moment=moment, pattern=pattern, connections=connections):
                    self.database.create_table()
                    door = self.enterContext(proxy.Proxy(self.server.socket))
                    words = (*files, "--on-duplicate", mode, "--order", "file", "--connections", connections, *self.RANGE_SIZE)
                    loader = self.loader(*words, to=door.url(self.database.name))
                    killed = door.at(pattern, nth, **{moment: lambda _: loader.kill()})
                    loader.process.wait(60)
                    self.assertTrue(killed.done.is_set(), loader.errors.read_text())
                    wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")
                    self.assert_folder(self.load(*files), files, mode=mode)

    def test_lines_that_end_a_file_early_leave_the_others_of_its_transaction(self):
        files = [self.put(number, lines=60) for number in range(20)]
        whole = files[7].read_bytes()
        files[7].write_bytes(whole[:-6])
        self.assertEqual(self.load(*files, "--order", "file").exit_code, 3)
        self.assertEqual(self.states(), ["done"] * 7 + ["failed"] + ["done"] * 12)
        self.assert_ledger_adds_up()


class MendedTest(FolderCase):
    """With --on-duplicate replace, where all that stands behind a file that failed waits for it."""

    def load_mended(self, *words, share):
        """The first run's exit code, and the files, of which the second was damaged then."""
        files = self.put_some()
        whole = files[1].read_bytes()
        files[1].write_bytes(whole[: int(len(whole) * share)])
        words = (*files, "--on-duplicate", "replace", *words)
        self.assertEqual(self.load(*words).exit_code, 3)
        files[1].write_bytes(whole)
        return files, words

    def test_a_mended_file_takes_its_place_in_front_of_those_that_wait_for_it(self):
        for order, share in itertools.product(ORDERS, (0.01, 0.5, 0.95)):
            with self.subTest(order=order, share=share):
                self.database.create_table()
                files, words = self.load_mended("--order", order, share=share)
                self.assert_folder(self.load(*words), files, mode="replace")
                self.assertEqual(self.load(*words).summary["status"], "already_loaded")

    def test_one_of_other_bytes_than_are_loaded_takes_no_place_and_those_behind_it_wait(self):
        files, words = self.load_mended("--order", "file", share=0.95)
        self.assertGreater(self.committed_ranges(), 1)
        self.put(1, content(1).replace(b"text 1 ", b"TEXT 1 "))
        run = self.load(*words)
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertEqual(self.statuses(run), ["already_loaded", "failed", "failed", "failed"])
        self.assertIn("give --any-order", run.stderr)
        run = self.load(*words, "--any-order")
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual([row[:3] for row in self.sources()],
                         [["1", "0.json.gz", "done"], ["1", "1.json.gz", "failed"], ["1", "2.json.gz", "done"],
                          ["1", "3.json.gz", "done"], ["2", "1.json.gz", "done"]])  # fmt: skip


class AwayTest(FolderCase):
    def test_a_loaded_file_that_is_away_for_a_run_and_back_in_the_next_leaves_the_night_complete(self):
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                files = self.put_some(3)
                self.load(*files[:2], "--order", order)
                away = files[0].rename(self.folder / "away")
                self.assertEqual(self.load(*files, "--order", order).exit_code, 3)
                self.assertEqual(self.complete(), "0")
                away.rename(files[0])
                run = self.load(*files, "--order", order)
                self.assertEqual((run.exit_code, run.summary["this_run"]["lines"]), (1, 0), run.stderr)
                self.assertEqual(self.complete(), "1", self.sources())
                self.assertEqual(self.load(*files).summary["status"], "already_loaded")
                self.assertEqual({row[2] for row in self.loads()}, {"done"})
                self.assert_table(*files)
                self.assert_ledger_adds_up()


class ManySmallFilesTest(FolderCase):
    """Files with ids that come again within and across them, some two dozen of which fit into one transaction."""

    RANGE_SIZE = ("--range-size", "256K")
    COUNTS = ("lines", *OUTCOMES)

    def setUp(self):
        super().setUp()
        self.door = self.enterContext(proxy.Proxy(self.server.socket))

    def load_through_door(self, *words):
        return self.load(*words, to=self.door.url(self.database.name))

    def claims(self):
        """How many statements claimed ranges since the last call, and how many there were in all."""
        seen, self.door.statements[:] = list(map(str, self.door.statements)), []
        return sum(re.search(CLAIM, statement) is not None for statement in seen), len(seen)

    def assert_sources(self, expected):
        """What each file came to is what the oracle says of it behind those in front."""
        columns = ", ".join(f"`{name}`" for name in self.COUNTS)
        found = self.database.sql(f"SELECT {columns} FROM chatload_sources ORDER BY source")
        before = dict.fromkeys(self.COUNTS, 0)
        for row, end in zip(found, expected.ends, strict=True):
            self.assertEqual(dict(zip(self.COUNTS, map(int, row))), {name: end[name] - before[name] for name in self.COUNTS})
            before = end

    def test_table_and_counts_of_each_file_are_the_oracles_whatever_the_connections_and_wherever_the_load_is_killed(self):
        files = [self.put(number, lines=60) for number in range(300 if support.IS_LONG else 100)]
        dice = random.Random(1)
        for mode in ("skip", "replace"):
            expected = apply(*files, on_duplicate=mode)
            for connections in (1, 2, 8):
                words = (*files, "--on-duplicate", mode, "--order", "file", "--connections", connections)
                with self.subTest(mode=mode, connections=connections):
                    self.database.create_table()
                    self.claims()
                    run = self.load_through_door(*words)
                    self.assert_folder(run, files, mode=mode)
                    self.assert_sources(expected)
                    claims, statements = self.claims()
                    if mode == "skip":
                        self.assertLess(claims, 20)
                for kill in range(3 if support.IS_LONG else 1):
                    nth = dice.randrange(20, statements)
                    with self.subTest(mode=mode, connections=connections, killed_at=nth):
                        self.database.create_table()
                        loader = self.loader(*words, *self.RANGE_SIZE, to=self.door.url(self.database.name))
                        self.door.at("", nth, **{dice.choice(("before", "after")): lambda _: loader.kill()})
                        loader.process.wait(60)
                        self.assertIn(loader.process.returncode, (-signal.SIGKILL, 1), loader.errors.read_text())
                        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")
                        # A load whose first transaction was rolled back leaves its number unused, and no settings.
                        run = self.load(*(files if self.loads() else words))
                        self.assertIn(run.summary["status"], ("done", "already_loaded"))
                        load = int(self.loads()[0][0])
                        self.assert_folder(run, files, load, run.summary["status"], mode)
                        self.assert_sources(expected)

    def test_a_table_that_takes_one_connection_gets_them_in_few_transactions(self):
        files = [self.put(number, lines=60) for number in range(100)]
        self.database.sql("ALTER TABLE chat_messages ADD UNIQUE KEY other (id, timestamp)")
        run = self.load_through_door(*files, "--connections", 4)
        self.assert_folder(run, files)
        self.assert_sources(apply(*files))
        self.assertLess(self.claims()[0], 10)

    def test_files_that_are_recorded_are_compared_many_at_once_and_the_others_are_written_in_few_transactions(self):
        files = [self.put(number, lines=60) for number in range(100)]
        words = (*files, "--order", "file", "--connections", 1)
        loader = self.loader(*words, *self.RANGE_SIZE, to=self.door.url(self.database.name))
        killed = self.door.at(CLAIM, 3, before=lambda _: loader.kill())
        loader.process.wait(60)
        killed.wait()
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")
        recorded = self.committed_ranges()
        self.assertTrue(20 < recorded < 80, recorded)
        self.claims()
        run = self.load_through_door(*files)
        looks = sum(re.search(LOOKS_FOR_RANGES, str(statement)) is not None for statement in self.door.statements)
        self.assertTrue(1 <= looks <= 5, looks)
        self.assertLess(self.claims()[0], 6)
        self.assert_folder(run, files)
        self.assert_sources(apply(*files))

    def test_a_file_over_its_budget_leaves_the_others_of_its_transaction(self):
        files = [self.put(number, lines=60) for number in range(20)]
        self.put(7, content(7, lines=60) + b"bad\n" * 5)
        self.database.sql("ALTER TABLE chat_messages ADD CONSTRAINT polite CHECK (`data` NOT LIKE 'of 9, text 3%')")
        run = self.load_through_door(*files, "--order", "file", "--max-rejects", 5)
        self.assertEqual(run.exit_code, 2, run.stderr)
        failed = [number for number, status in enumerate(self.statuses(run)) if status == "failed"]
        self.assertEqual(failed, [7, 9], run.stderr)
        self.assertLess(self.claims()[0], 6)
        self.assert_ledger_adds_up()
        self.assertEqual(self.rows_in_table(), run.summary["inserted"])
        whole = [path for number, path in enumerate(files) if number not in failed]
        counts = self.database.sql("SELECT SUM(`lines`) FROM chatload_sources WHERE state = 'done'")
        self.assertEqual(counts, [[str(apply(*whole).lines)]])


class FailingTest(FolderCase):
    """One file among good ones fails: it ends itself alone, and when it is mended the night is complete."""

    BUDGET = ("--max-rejects", 50)

    def spoil(self, kind):
        """The third of five files, whose ids are its own; returns what its whole content is, and the exit code."""
        data = content(2, lines=2000, has_shared_ids=False)
        path = self.put(2, data)
        if kind == "missing":
            path.unlink()
        elif kind == "corrupt":
            path.write_bytes(path.read_bytes()[:-2000])
        elif kind == "over budget":
            self.put(2, data + b"bad\n" * 100)
        elif kind == "hopeless":
            self.put(2, b"".join(line(f"h{n}", timestamp=1479816000000).encode() for n in range(12_000)))
        elif kind == "html":
            path.write_bytes(b"<!DOCTYPE html>\n<html><body>403 Forbidden</body></html>\n")
        return data, 2 if kind in ("over budget", "hopeless") else 3

    def test_the_others_are_loaded_and_a_rerun_loads_what_was_mended(self):
        for kind, order in itertools.product(("missing", "corrupt", "over budget", "hopeless", "html"), ORDERS):
            with self.subTest(kind, order=order):
                self.database.create_table()
                files = [self.put(number) for number in range(5)]
                good = files[:2] + files[3:]
                data, exit_code = self.spoil(kind)
                words = (*files, "--order", order, *self.BUDGET)
                run = self.load(*words)
                self.assertEqual(run.exit_code, exit_code, run.stderr)
                self.assertEqual(self.statuses(run), ["done", "done", "failed", "done", "done"], run.stderr)
                self.assertTrue(self.inputs(run)[files[2].name]["why"])
                self.assertEqual(run.stderr.count(" error: "), 1, run.stderr)
                self.assertEqual(self.states()[2], "failed" if order == "file" else "released")
                self.assertEqual([*self.states()[:2], *self.states()[3:]], ["done"] * 4)
                self.assertEqual(self.complete(), "0")
                self.assert_ledger_adds_up()
                self.assert_adds_up(run.summary)
                if order == "key" or kind not in ("corrupt", "over budget"):
                    self.assert_table(*good)
                    self.assertEqual(run.summary["lines"], apply(*good).lines)
                    of_it = "SELECT 1 FROM {} WHERE load_id = 1 AND source = 3"
                    self.assertEqual(self.database.sql(of_it.format("chatload_ranges")), [])
                    self.assertEqual(self.database.sql(of_it.format("chatload_rejects")), [])
                self.assertEqual(self.rows_in_table(), run.summary["inserted"])
                again = self.load(*words)
                self.assertEqual((again.exit_code, again.summary["this_run"]["inserted"]), (exit_code, 0), again.stderr)
                self.assertEqual(self.complete(), "0")
                self.put(2, data)
                mended = self.load(*words)
                self.assertEqual(mended.exit_code, 1, mended.stderr)
                self.assert_table(*files)
                self.assert_ledger_adds_up()
                if (order, kind) == ("file", "over budget"):
                    self.assertEqual(self.complete(), "0")  # what was loaded of it has other bytes than the mended file
                    continue
                self.assertEqual(self.complete(), "1", self.database.sql(IS_COMPLETE))
                last = self.load(*words)  # ends the first load, of which nothing is left to do
                self.assertEqual((last.exit_code, last.summary["this_run"]["lines"]), (1, 0), last.stderr)
                last = self.load(*words)
                self.assertEqual((last.exit_code, last.summary["status"]), (1, "already_loaded"), last.stderr)
                if order == "file":
                    loads = 1 if kind == "missing" else 2  # it is read in its place
                    self.assertEqual([row[2] for row in self.loads()], ["done"] * loads)

    def test_one_over_its_budget_goes_on_with_a_larger_one(self):
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                files = [self.put(number) for number in range(3)]
                self.put(1, content(1) + b"bad\n" * 100)
                self.assertEqual(self.load(*files, "--order", order, *self.BUDGET).exit_code, 2)
                run = self.load(*files, "--max-rejects", 500)
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertEqual(self.complete(), "1")
                again = self.load(*files)
                self.assertEqual(support.loader_counts(again.summary)["lines"], apply(*files).lines)
                self.assertEqual(self.rows_in_table(), len(apply(*files).rows))

    def test_all_that_fail_leave_a_row_each(self):
        missing = [self.night / f"{number}.json.gz" for number in range(3)]
        run = self.load(*missing)
        self.assertEqual((run.exit_code, self.statuses(run)), (3, ["failed"] * 3), run.stderr)
        self.assertEqual([row[1:3] for row in self.sources()], [[path.name, "failed"] for path in missing])
        keys = self.database.sql("SELECT source_key LIKE 'name:%' FROM chatload_sources")
        self.assertEqual(keys, [["1"]] * 3)
        self.assertEqual(self.complete(), "0")
        files = self.put_some(3)
        again = self.load(*files)
        self.assertEqual(again.exit_code, 1, again.stderr)
        self.assert_table(*files)
        self.assertEqual(self.complete(), "1")

    def test_with_fail_fast_nothing_behind_the_first_that_fails_is_begun(self):
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                files = self.put_some()
                whole = files[1].read_bytes()
                files[1].write_bytes(whole[:-200])
                run = self.load(*files, "--order", order, "--fail-fast")
                self.assertEqual(run.exit_code, 3, run.stderr)
                self.assertEqual(self.statuses(run)[1:], ["failed", "not_reached", "not_reached"])
                self.assertIn("Skipped 2 of 4 inputs" if order == "file" else "Skipped 3 of 4 inputs", run.stderr)
                files[1].write_bytes(whole)
                self.assertEqual(self.load(*files, "--fail-fast").exit_code, 1)
                self.assert_table(*files)
                self.assertEqual(self.complete(), "1")

    def test_with_replace_one_that_fails_stops_those_behind_it_unless_any_order_is_given(self):
        files = self.put_some()
        whole = files[1].read_bytes()
        files[1].unlink()
        words = (*files, "--on-duplicate", "replace", "--order", "file")
        run = self.load(*words)
        self.assertEqual((run.exit_code, self.statuses(run)[:2]), (3, ["done", "failed"]), run.stderr)
        self.assertEqual(self.states()[:2], ["done", "failed"])
        self.assertNotIn("done", self.states()[2:])
        self.assert_table(files[0], on_duplicate="replace")
        files[1].write_bytes(whole)
        self.assertEqual(self.load(*words).exit_code, 1)
        self.assert_table(*files, on_duplicate="replace")
        self.assertEqual(self.complete(), "1")
        self.database.create_table()
        files[1].unlink()
        run = self.load(*words, "--any-order")
        self.assertEqual((run.exit_code, self.statuses(run)), (3, ["done", "failed", "done", "done"]), run.stderr)
        self.assert_table(files[0], *files[2:], on_duplicate="replace")


class ResumedTest(FolderCase):
    KEY = f"own2-{LINES // 2 // 3 * 3}"  # in the midst of the third of four files

    def interrupt_in_the_midst(self, *words):
        self.assertIn(f'"{self.KEY}"'.encode(), content(2))
        self.interrupt(*words, *self.RANGE_SIZE, key=self.KEY)

    def test_with_replace_nothing_is_loaded_behind_a_load_that_cannot_be_gone_on_with(self):
        files = self.put_some(5)
        words = ("--order", "key", "--on-duplicate", "replace")
        self.interrupt_in_the_midst(*files[:4], *words)
        whole = files[3].read_bytes()
        files[3].unlink()
        run = self.load(files[0], files[4], *words)
        self.assertEqual((run.exit_code, self.statuses(run)), (3, ["failed", "failed"]), run.stderr)
        files[3].write_bytes(whole)
        self.assertEqual(self.load(*files, *words).exit_code, 1)
        self.assert_table(*files, on_duplicate="replace")

    def test_a_folder_that_was_killed_half_way_is_finished_by_the_same_command(self):
        files = self.put_some()
        for order, mode in itertools.product(ORDERS, ("skip", "replace")):
            with self.subTest(order=order, mode=mode):
                self.database.create_table()
                words = (*files, "--order", order, "--on-duplicate", mode)
                self.interrupt_in_the_midst(*words)
                before = self.rows_in_table()
                self.assertGreater(before, 0)
                self.assertEqual(self.complete(), "0")
                run = self.load(*words)
                self.assertIn("continues load 1", run.stderr)
                self.assert_folder(run, files, mode=mode)
                self.assertLess(run.summary["this_run"]["inserted"], run.summary["inserted"])

    def test_a_folder_that_was_stopped_is_finished_in_the_order_that_it_began_with_whatever_the_order_named(self):
        files = self.put_some()
        for order, mode in itertools.product(ORDERS, ("skip", "replace")):
            with self.subTest(order=order, mode=mode):
                self.database.create_table()
                words = ("--order", order, "--on-duplicate", mode)
                with self.held_load(*files, *words, *self.RANGE_SIZE, key=self.KEY) as loader:
                    loader.process.send_signal(signal.SIGTERM)
                    stopped = loader.finish()
                self.assertEqual((stopped.exit_code, stopped.summary["status"]), (4, "interrupted"), stopped.stderr)
                self.assertEqual(stopped.summary["inserted"], self.rows_in_table())
                self.assert_folder(self.load(*files[::-1], *words), files, mode=mode)

    def test_a_file_that_was_added_to_a_half_loaded_folder_is_a_load_of_its_own_after_it(self):
        files = self.put_some(5)
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                self.interrupt_in_the_midst(*files[:4], "--order", order)
                run = self.load(files[4], *files[:4], "--order", order)
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertEqual([row[0] for row in self.sources()], ["1"] * 4 + ["2"])
                self.assert_table(*files)
                self.assertEqual(self.complete(), "1")

    def test_in_file_order_a_load_goes_on_without_a_source_that_is_not_named(self):
        files = self.put_some()
        self.interrupt_in_the_midst(*files, "--order", "file")
        run = self.load(*files[:3])
        self.assertEqual(self.statuses(run)[2], "done", run.stderr)
        self.assertIn(run.exit_code, (0, 1), run.stderr)
        self.assertEqual(self.states(), ["done", "done", "done", "waiting"])
        self.assert_table(*files[:3])
        self.assertEqual(self.complete(), "0")
        self.assert_folder(self.load(*files), files)

    def test_in_file_order_a_load_goes_on_without_a_source_that_is_gone(self):
        files = self.put_some()
        self.interrupt_in_the_midst(*files, "--order", "file")
        data = files[3].read_bytes()
        files[3].unlink()
        run = self.load(*files)
        self.assertEqual((run.exit_code, self.statuses(run)[2:]), (3, ["done", "failed"]), run.stderr)
        self.assert_table(*files[:3])
        files[3].write_bytes(data)
        self.assert_folder(self.load(*files), files)

    def test_a_frozen_load_in_key_order_needs_all_of_its_sources(self):
        files = self.put_some()
        self.interrupt_in_the_midst(*files, "--order", "key")
        rows = self.rows_in_table()
        run = self.load(*files[:3])
        self.assert_refused(run, 3, "Load 1 was sorted by key", "needs all of its 4 sources", files[3], "--restart")
        data = files[3].read_bytes()
        files[3].unlink()
        self.assert_refused(self.load(*files), 3, "Load 1 was sorted by key", "needs all of its 4 sources", files[3], "--restart")
        self.assertEqual(self.rows_in_table(), rows)
        files[3].write_bytes(data)
        self.assert_folder(self.load(*files), files)

    def test_restart_begins_anew_with_all_that_is_named(self):
        files = self.put_some()
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                self.interrupt_in_the_midst(*files, "--order", order)
                run = self.load(*files, "--restart")
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertEqual(set(self.states(2)), {"done"})
                self.assertEqual({row[3] for row in self.sources() if row[0] == "1"}, {"2"})
                self.assert_table(*files)
                self.assertEqual(self.complete(), "1")
                self.assertEqual(self.load(*files).summary["status"], "already_loaded")

    def test_restart_of_one_file_leaves_the_others_to_their_load(self):
        files = self.put_some()
        self.interrupt_in_the_midst(*files, "--order", "file")
        run = self.load(files[2], "--restart")
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual([row[3] for row in self.sources()], ["-", "-", "2", "-", "-"])
        self.assertEqual(self.complete(), "0")
        again = self.load(*files)
        self.assertEqual(again.exit_code, 1, again.stderr)
        self.assertEqual(self.complete(), "1")
        self.assertEqual(self.rows_in_table(), len(apply(*files).rows))
        self.assert_ledger_adds_up()

    def test_restart_of_one_file_of_a_frozen_load_puts_the_whole_load_aside(self):
        files = self.put_some()
        self.interrupt_in_the_midst(*files, "--order", "key")
        run = self.load(files[2], "--restart")
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual(self.loads()[0][3], "2")
        self.assertEqual(self.complete(), "0")
        again = self.load(*files)
        self.assertEqual(again.exit_code, 1, again.stderr)
        self.assertEqual(self.complete(), "1")
        self.assertEqual(self.rows_in_table(), len(apply(*files).rows))

    def test_reload_of_one_file_supersedes_it_alone(self):
        files = self.put_some()
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                self.load(*files, "--order", order)
                run = self.load(files[1], "--reload", "--order", order)
                self.assertEqual((run.exit_code, run.summary["inserted"]), (1, 0), run.stderr)
                self.assertEqual([row[3] for row in self.sources()], ["-", "2", "-", "-", "-"])
                self.assertEqual(self.loads(), [["1", "1", "done", "-"], ["2", "2", "done", "-"]])
                self.assertEqual(self.complete(), "1")
                self.assert_table(*files)
                again = self.load(*files)
                self.assertEqual((again.exit_code, again.summary["status"]), (1, "already_loaded"), again.stderr)
                self.assertEqual(len(self.sources()), 5)


class ReleasedTest(FolderCase):
    """A file is gone for good, and its load can end without it."""

    RANGE_SIZE = ("--range-size", "8K")
    KEY = ResumedTest.KEY

    def release(self, *words, exit_code=0):
        command = [support.CHATLOAD, "loads", "release", *map(str, words), "--to", self.database.url]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, exit_code, run.stderr)
        return run.stdout + run.stderr

    def lose(self, *words):
        """Four files, of which one was partly loaded when it was lost; its bytes."""
        files = self.put_some()
        whole = files[1].read_bytes()
        files[1].write_bytes(whole[: len(whole) * 3 // 4])
        self.assertEqual(self.load(*files, "--order", "file", *words).exit_code, 3)
        files[1].unlink()
        return files, whole

    def test_a_load_that_lacks_nothing_else_is_done_without_it(self):
        files, _ = self.lose()
        rows = self.rows_in_table()
        said = self.release(1)
        self.assertIn(f"load 1: {files[1]} is no part of it any more\nload 1: it lacks no other file, and is done", said)
        self.assertEqual(self.states(), ["done", "released", "done", "done"])
        self.assertEqual(self.loads(), [["1", "1", "done", "-"]])
        self.assertEqual((self.committed_ranges(), self.rows_in_table()), (0, rows))
        self.assert_ledger_adds_up()
        self.assertEqual(self.complete(), "0")
        again = self.load(files[0], *files[2:])
        self.assertEqual((again.exit_code, again.summary["status"]), (1, "already_loaded"), again.stderr)

    def test_it_is_a_load_of_its_own_when_it_is_found_again(self):
        files, whole = self.lose()
        self.release(1, 2)
        files[1].write_bytes(whole)
        run = self.load(*files)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual([row[0] for row in self.sources()], ["1"] * 4 + ["2"])
        self.assertEqual(self.complete(), "1")
        self.assertEqual(self.rows_in_table(), len(apply(*files).rows))
        self.assert_ledger_adds_up()

    def test_those_behind_it_are_loaded_where_it_kept_them_from_it(self):
        files, _ = self.lose("--on-duplicate", "replace")
        self.assertIn("goes on with it", self.release(1, 2))
        self.assertEqual(self.states(), ["done", "released", "waiting", "waiting"])
        run = self.load(files[0], *files[2:])
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual(self.states(), ["done", "released", "done", "done"])
        self.assertEqual(self.loads(), [["1", "1", "done", "-"]])
        self.assert_ledger_adds_up()

    def test_in_key_order_it_is_let_go_of_until_all_are_sorted(self):
        files = self.put_some()
        door = self.enterContext(proxy.Proxy(self.server.socket))
        loader = self.loader(*files, "--order", "key", *self.RANGE_SIZE, to=door.url(self.database.name))
        door.at("`frozen_at` = UTC_TIMESTAMP", 1, before=lambda _: loader.kill())
        loader.process.wait(60)
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")
        files[1].unlink()
        self.release(1, 2)
        run = self.load(files[0], *files[2:])
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assert_table(files[0], *files[2:])
        self.assertEqual((self.states(), self.loads()[0][2]), (["done", "released", "done", "done"], "done"))

    def test_a_load_of_which_nothing_is_left_is_done(self):
        gone = self.night / "gone.json.gz"
        self.assertEqual(self.load(gone).exit_code, 3)
        self.assertIn("is done", self.release(1))
        self.assertEqual((self.states(), self.loads()[0][2]), (["released"], "done"))

    def test_what_cannot_be_let_go_of_is_said(self):
        files, _ = self.lose()
        self.assertIn("has no source 9", self.release(1, 9, exit_code=3))
        self.assertIn(f"Source 1 of load 1, {files[0]}, is done", self.release(1, 1, exit_code=3))
        self.assertIn("no load 7", self.release(7, exit_code=3))
        self.assertIn("Name the LOAD", self.release(exit_code=64))
        self.assertIn("SOURCE takes a whole number", self.release(1, "two", exit_code=64))
        self.release(1, 2)
        self.assertIn("Load 1 is done", self.release(1, exit_code=3))

    def test_nothing_changes_while_a_run_is_alive_or_once_all_are_sorted(self):
        files = self.put_some()
        with self.held_load(*files, "--order", "key", *self.RANGE_SIZE, key=self.KEY) as loader:
            self.assertIn("a run of it is alive", self.release(1, exit_code=3))
            loader.kill()
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")
        self.assertIn("was sorted by key with all of its sources", self.release(1, 2, exit_code=3))
        self.assertNotIn("released", self.states())

    def test_a_run_that_wakes_up_afterwards_writes_nothing_more(self):
        files = self.put_some()
        loader = self.loader(*files, "--order", "file", "--connections", 1, *self.RANGE_SIZE)
        with self.row_held(self.KEY):
            wait_until(self.is_held, "the load waits for the row")
            loader.process.send_signal(signal.SIGSTOP)
            for connection in self.server.connections(self.database.name):
                self.server.kill_connection(connection)
        wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")
        self.release(1, 3, 4)
        rows = self.rows_in_table()
        loader.process.send_signal(signal.SIGCONT)
        self.assertEqual(loader.finish().exit_code, 3)
        self.assertEqual(self.rows_in_table(), rows)
        self.assertEqual(self.states()[2:], ["released", "released"])


class ChangedTest(FolderCase):
    def test_a_file_that_is_replaced_between_being_looked_up_and_being_read_is_loaded_as_one_or_the_other(self):
        """Never half of each, nor one under the other's key."""
        files = self.put_some(3)
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                self.put_some(3)
                door = self.enterContext(proxy.Proxy(self.server.socket))
                replace = lambda _: os.replace(support.write_gzip(self.folder / "new", content("new")), files[2])
                door.at(r"^INSERT INTO .?chatload_loads", before=replace)
                run = self.load(*files, "--order", order, to=door.url(self.database.name))
                self.assertIn(run.exit_code, (1, 3), run.stderr)
                again = self.load(*files)
                self.assertEqual(again.exit_code, 1, again.stderr)
                self.assertEqual(self.complete(), "1")
                own = self.database.sql("SELECT DISTINCT SUBSTRING_INDEX(id, '-', 1) FROM chat_messages ORDER BY 1")
                self.assertIn(["ownnew"], own)
                rows = "SELECT COUNT(*) FROM chat_messages WHERE id LIKE '{}-%'"
                whole = sum("ownnew" in str(key) for key in apply(files[2]).rows)
                self.assertEqual(self.database.sql(rows.format("ownnew")), [[str(whole)]])
                self.assert_ledger_adds_up()
                self.assertEqual(self.load(*files).summary["status"], "already_loaded")

    def test_of_more_files_than_are_held_open_one_that_is_replaced_is_noticed(self):
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                files = [self.put(number, line(f"{number}", f"of {number}").encode()) for number in range(400)]
                door = self.enterContext(proxy.Proxy(self.server.socket))
                replace = lambda _: os.replace(self.write("new", gzip.compress(line("new").encode())), files[-1])
                door.at(r"^INSERT INTO .?chatload_loads", before=replace)
                run = self.load(*files, "--order", order, to=door.url(self.database.name))
                self.assertIn(run.exit_code, (0, 3), run.stderr)
                again = self.load(*files)
                self.assertEqual(again.exit_code, 0, again.stderr)
                self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chat_messages WHERE id = 'new'"), [["1"]])
                self.assertEqual(self.complete(), "1", self.database.sql(IS_COMPLETE))
                self.assertEqual(self.load(*files).summary["status"], "already_loaded")


class AtOnceTest(FolderCase):
    def test_two_commands_over_folders_that_overlap_load_each_source_once(self):
        files = self.put_some(6)
        for order in ORDERS:
            with self.subTest(order=order):
                self.database.create_table()
                words = ("--order", order, *self.RANGE_SIZE, "--wait-lock", "60s")
                loaders = [self.loader(*part, *words) for part in (files[:4], files[2:])]
                runs = [loader.finish() for loader in loaders]
                for run in runs:
                    self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
                names = [row[1] for row in self.sources()]
                self.assertEqual(sorted(names), sorted(path.name for path in files))
                self.assertEqual({row[2] for row in self.sources()}, {"done"})
                self.assertEqual(self.rows_in_table(), len(apply(*files).rows))
                self.assertEqual(sum(run.summary["this_run"]["lines"] for run in runs), apply(*files).lines)
                self.assert_ledger_adds_up()
                self.assertEqual(self.complete(), "1")

    def test_what_another_run_has_is_waited_for_after_everything_else(self):
        files = self.put_some()
        with self.held_load(*files[:2], *self.RANGE_SIZE, key="own0-150") as first:
            second = self.loader(*files, *self.RANGE_SIZE, "--wait-lock", "60s", "--indexes", "keep")
            wait_until(lambda: [row[2] for row in self.sources()][2:] == ["done"] * 2, "the others are loaded")
            wait_until(lambda: second.says("--wait-lock"), "it waits for the rest")
        self.assertEqual(first.finish().exit_code, 1)
        run = second.finish()
        self.assertEqual((run.exit_code, self.statuses(run)), (1, ["already_loaded"] * 2 + ["done"] * 2), run.stderr)
        self.assertEqual([row[0] for row in self.sources()], ["1", "1", "2", "2"])
        self.assertEqual(self.rows_in_table(), len(apply(*files).rows))


if __name__ == "__main__":
    unittest.main()
