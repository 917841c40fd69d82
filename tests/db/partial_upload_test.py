"""A file that was loaded in part, and under the same name as a whole later: the night counts as complete."""

import gzip
import os
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import proxy
import support
from ledger_case import LedgerCase, apply, chat_log, wait_until

IS_COMPLETE = (support.ROOT / "sql/is_last_night_complete.sql").read_text()
LINES = 3000
DISOWNS = r"^UPDATE `chatload_loads` SET `owner` = '' WHERE"


class PartialUploadTest(LedgerCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "night.json.gz"
        dice = random.Random(1)
        texts = [text.replace("x" * 100, dice.randbytes(50).hex()) for text in chat_log(LINES).splitlines(True)]
        self.whole = gzip.compress("".join(texts).encode(), mtime=0)

    def load_part(self, *words, share=0.5):
        """Of which the upload was cut: fails."""
        self.path.write_bytes(self.whole[: int(len(self.whole) * share)])
        self.assert_refused(self.load(self.path, *words, *self.RANGE_SIZE), 3, self.path, "truncated")
        self.assertEqual(self.complete(), "0")

    def load_whole(self, *words, whole=None, load=2, to=None):
        self.path.write_bytes(whole or self.whole)
        run = self.load(self.path, *words, to=to)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assert_in_database(apply(self.path), load)
        return run

    def complete(self):
        return self.database.sql(IS_COMPLETE)[0][0]

    def test_the_whole_file_takes_the_place_of_its_part(self):
        for part, whole in (
            ((), self.RANGE_SIZE),
            ((), ("--range-size", "64K")),
            ((), ("--order", "key")),
        ):
            with self.subTest(part=part, whole=whole):
                self.database.create_table()
                self.load_part(*part)
                self.assertGreater(self.committed_ranges(), 0)
                run = self.load_whole(*whole)
                self.assertIn("load 2 takes its place", run.stderr)
                self.assertEqual(self.loads(), [["1", "1", "failed", "2"], ["2", "1", "done", "-"]])
                self.assertEqual(self.complete(), "1")

    def test_of_a_part_that_was_to_be_sorted_nothing_is_there_and_the_whole_file_is_what_was_missing(self):
        self.load_part("--order", "key")
        self.assertEqual((self.committed_ranges(), self.rows_in_table()), (0, 0))
        run = self.load_whole(*self.RANGE_SIZE)
        self.assertIn("takes its place", run.stderr)
        self.assertEqual(self.sources(), [["1", "night.json.gz", "released", "2"], ["2", "night.json.gz", "done", "-"]])
        self.assertEqual(self.complete(), "1")

    def test_a_part_of_which_nothing_was_committed_is_superseded(self):
        self.path.write_bytes(gzip.compress(chat_log(LINES).encode())[:300])
        self.assertEqual(self.load(self.path).exit_code, 3)
        self.assertEqual(self.committed_ranges(), 0)
        self.load_whole()
        self.assertEqual(self.loads()[0], ["1", "1", "failed", "2"])
        self.assertEqual(self.complete(), "1")

    def test_an_empty_upload_is_superseded(self):
        self.path.write_bytes(b"")
        self.assertEqual(self.load(self.path).exit_code, 3)
        self.load_whole()
        self.assertEqual(self.loads()[0], ["1", "1", "failed", "2"])
        self.assertEqual(self.complete(), "1")

    def test_a_run_without_its_lock_is_not_shut_out_by_other_bytes(self):
        self.load_part()
        self.database.sql("UPDATE chatload_loads SET state = 'running', owner = 'alive'")
        self.path.write_bytes(gzip.compress(gzip.decompress(self.whole).replace(b"text 7 ", b"TEXT 7 ")))
        self.assertEqual(self.load(self.path).exit_code, 1)
        self.assertEqual(self.database.sql("SELECT owner FROM chatload_loads WHERE load_id = 1"), [["alive"]])

    def test_a_part_that_grew_after_the_comparison_stays(self):
        self.load_part()
        columns = [row[0] for row in self.database.sql("SHOW COLUMNS FROM chatload_ranges")]
        grown = ", ".join("1000000" if name == "range_number" else f"`{name}`" for name in columns)
        grow = f"INSERT INTO chatload_ranges SELECT {grown} FROM chatload_ranges WHERE load_id = 1 LIMIT 1"
        door = self.enterContext(proxy.Proxy(self.server.socket))
        door.at(DISOWNS, before=lambda _: self.database.sql(grow))
        self.load_whole(to=door.url(self.database.name))
        self.assertEqual(self.loads()[0], ["1", "1", "failed", "-"])

    def test_a_part_of_other_bytes_stays(self):
        self.load_part()
        other = gzip.decompress(self.whole).replace(b"text 7 ", b"TEXT 7 ")
        self.path.write_bytes(gzip.compress(other))
        self.assertEqual(self.load(self.path).exit_code, 1)
        self.assertEqual([row[3] for row in self.loads()], ["-", "-"])
        self.assertEqual(self.complete(), "0")

    def test_a_part_of_which_the_file_is_the_beginning_stays(self):
        self.load_part(share=0.9)
        text = gzip.decompress(self.whole)
        self.path.write_bytes(gzip.compress(text[: text.index(b"\n", len(text) // 3) + 1]))
        self.assertEqual(self.load(self.path).exit_code, 1)
        self.assertEqual([row[3] for row in self.loads()], ["-", "-"])

    def test_a_part_under_another_name_or_of_other_lines_stays(self):
        self.load_part()
        self.path.rename(self.folder / "other.json.gz")
        self.path = self.folder / "third.json.gz"
        self.load_whole()
        self.path = self.folder / "night.json.gz"
        os.link(self.folder / "third.json.gz", self.path)
        self.database.sql("UPDATE chatload_loads SET superseded_by = NULL")
        self.assertEqual(self.load(self.path, "--reload", "--site", 1).exit_code, 1)
        self.assertEqual(self.loads()[0], ["1", "1", "failed", "-"])

    def test_a_part_that_source_id_names_stays(self):
        self.load_part("--source-id", "night")
        self.load_whole()
        self.assertEqual(self.loads()[0], ["1", "1", "failed", "-"])

    def test_a_part_of_which_a_run_is_alive_stays(self):
        self.path.write_bytes(self.whole[: len(self.whole) // 2])
        with self.held_load(self.path, *self.RANGE_SIZE, key="id-301") as loader:
            self.path.rename(self.folder / "gone")
            self.path.write_bytes(self.whole)
            # Without the id that is held, so that it is not in the way.
            wait_until(lambda: self.committed_ranges() > 0, "the part has ranges")
            whole = gzip.decompress(self.whole)
            begin = whole.index(b'"id-301"')
            begin, end = whole.rindex(b"\n", 0, begin) + 1, whole.index(b"\n", begin) + 1
            self.path.write_bytes(gzip.compress(whole[:begin] + b" " * (end - begin - 1) + b"\n" + whole[end:]))
            self.assertIn(self.load(self.path, *self.RANGE_SIZE, "--indexes", "keep").exit_code, (0, 1))
            self.assertEqual(self.loads()[0][3], "-")
            loader.kill()


if __name__ == "__main__":
    unittest.main()
