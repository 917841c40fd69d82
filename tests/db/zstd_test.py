"""What zstd's tools write becomes the oracle's table; of a damaged file, the lines in front of the damage."""

import gzip
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

FRAME_BYTES = 60_000
SEED = 8878


def zstd(text, *words):
    return subprocess.run(["zstd", "-qc", *words], input=text, stdout=subprocess.PIPE, check=True).stdout


def pzstd(text):
    return subprocess.run(["pzstd", "-qc", "-p", "2"], input=text, stdout=subprocess.PIPE, check=True).stdout


class ZstdTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.enterContext(support.Database(self.server))
        self.path = self.folder / "log.json.zst"
        self.plain = self.folder / "log.json"
        self.text = gzip.decompress(support.generate(self.folder / "log.json.gz", lines=6_000, malformed=1).read_bytes())
        self.plain.write_bytes(self.text)

    def load(self, compressed, *words):
        self.path.write_bytes(compressed)
        self.database.create_table()
        return support.run_chatload("load", self.path, "--to", self.database.url, "--range-size", "16K", *words)

    def test_each_kind_of_file_becomes_the_oracles_table(self):
        expected = oracle.apply([self.plain])
        half = self.text.index(b"\n", len(self.text) // 2) + 1
        copied = self.folder / "copy.zst"
        support.run_chatload("copy", self.plain, "--keep-rejected", "-o", copied)
        kinds = {
            "-1": zstd(self.text, "-1"),
            "-19, without checksum": zstd(self.text, "-19", "--no-check"),
            "--long=31 of a pipe": zstd(self.text, "--long=31"),
            "two frames and an empty one": zstd(self.text[:half]) + zstd(b"") + zstd(self.text[half:]),
            "pzstd": pzstd(self.text),
            "chatload copy": copied.read_bytes(),
        }
        for kind, compressed in kinds.items():
            words = ["--memory", "4G"] if "--long" in kind else []
            for order in ("file", "key"):
                with self.subTest(kind, order=order):
                    run = self.load(compressed, "--order", order, *words)
                    self.assertEqual(run.exit_code, 1, run.stderr)
                    self.assertEqual(support.loader_counts(run.summary), expected.counts())
                    self.assertIsNone(support.first_difference(self.database, expected))

    def test_the_memory_that_a_large_window_is_said_to_need_is_enough(self):
        compressed = zstd(self.text, "--long=31")
        for order in ("file", "key"):
            with self.subTest(order=order):
                run = self.load(compressed, "--order", order)
                self.assertEqual(run.exit_code, 3)
                self.assertRegex(run.stderr, r"log.json.zst needs a window of 2 GiB .*: give --memory \d+M")
                self.assertEqual(self.database.sql("SELECT COUNT(*) FROM chat_messages"), [["0"]])
                memory = run.stderr.partition("give --memory ")[2].split()[0]
                run = self.load(compressed, "--order", order, "--memory", memory)
                self.assertEqual(run.exit_code, 1, run.stderr)
                self.assertIsNone(support.first_difference(self.database, oracle.apply([self.plain])))

    def assert_lines_in_front(self, good_bytes):
        """The table has the rows of the lines that are committed, as far as these are in whole frames."""
        [[lines]] = self.database.sql("SELECT COALESCE(SUM(`lines`), 0) FROM chatload_ranges")
        good = self.text[:good_bytes].splitlines(keepends=True)
        if self.text[good_bytes - 1 : good_bytes] != b"\n":
            good = good[:-1]
        front = self.folder / "front.json"
        front.write_bytes(b"".join(good[: int(lines)]))
        found = {row[0]: row for row in self.server.rows(support.TABLE_QUERY, self.database.name)}
        for line in oracle.apply([front]).table_lines():
            row = line.split(b"\t")
            self.assertEqual(list(found.get(row[0], [])), row)
        return int(lines), len(found)

    def test_of_a_damaged_file_the_lines_in_front_of_the_damage_are_loaded(self):
        dice = random.Random(SEED)
        expected = oracle.apply([self.plain])
        frames = [zstd(self.text[at : at + FRAME_BYTES]) for at in range(0, len(self.text), FRAME_BYTES)]
        whole = b"".join(frames)
        for number in range(16):
            place = dice.randrange(4, len(whole))
            damaged = bytearray(whole if number % 2 else whole[:place])
            if number % 2:
                damaged[place] ^= 1 << dice.randrange(8)
            good_frames = sum(sum(map(len, frames[: n + 1])) <= place for n in range(len(frames)))
            with self.subTest("flip" if number % 2 else "cut", place=place):
                run = self.load(bytes(damaged), "--order", "file", "--threads", 1 + number % 3)
                if run.exit_code == 1 and number % 2:  # a bit that means nothing
                    self.assertIsNone(support.first_difference(self.database, expected))
                    continue
                is_cut_between = number % 2 == 0 and sum(map(len, frames[:good_frames])) == place
                self.assertEqual(run.exit_code, 1 if is_cut_between else 3, run.stderr)
                if not is_cut_between:
                    self.assertRegex(run.stderr, r"log.json.zst .*compressed byte \d+")
                self.assert_lines_in_front(good_frames * FRAME_BYTES)


if __name__ == "__main__":
    unittest.main()
