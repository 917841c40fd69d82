"""The generator keeps its promises: same options, same bytes; every kind of line; duplicates that differ everywhere."""

import gzip
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support


class ChatgenTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def generate(self, name="log.json.gz", **options):
        return support.generate(self.folder / name, **options)

    def test_same_seed_same_bytes_another_seed_others(self):
        paths = [self.generate(f"{i}.json.gz", lines=2000, seed=seed) for i, seed in enumerate((7, 7, 8))]
        first, same, other = (path.read_bytes() for path in paths)
        self.assertEqual(first, same)
        self.assertNotEqual(first, other)

    def test_a_longer_log_begins_with_the_shorter_one(self):
        short, long = (self.generate(f"{lines}.json", lines=lines).read_bytes() for lines in (1000, 3000))
        self.assertTrue(long.startswith(short))

    def test_members_change_the_gzip_and_not_the_lines(self):
        whole, parts = self.generate("1.json.gz", lines=1001), self.generate("5.json.gz", lines=1001, members=5)
        self.assertEqual(gzip.decompress(whole.read_bytes()), gzip.decompress(parts.read_bytes()))
        self.assertGreaterEqual(parts.read_bytes().count(b"\x1f\x8b\x08"), 5)

    def test_lines_of_every_outcome_that_a_file_can_show(self):
        counts = oracle.apply([self.generate(lines=20_000, malformed=20)]).counts()
        self.assertEqual(counts["lines"], 20_000)
        for reason, count in counts["rejects_by_reason"].items():
            by_other_mappings = ("out_of_range", "too_precise", "bad_number", "not_a_member", "bad_encoding", "unknown_field", "lookup_missing")
            never = ("line_too_long", "refused_by_server", *by_other_mappings)
            self.assertEqual(count > 0, reason not in never, reason)
        for outcome in ("inserted", "duplicate", "filtered", "blank"):
            self.assertGreater(counts[outcome], 0, outcome)

    def test_pristine_log_is_all_inserted(self):
        for ids in ("v1", "v4"):
            path = self.generate(lines=5000, ids=ids, duplicates=0, malformed=0, other_types=0)
            self.assertEqual(oracle.apply([path]).counts()["inserted"], 5000)

    def test_duplicates_differ_from_the_first_line_in_every_other_column(self):
        path = self.generate("log.json", lines=60_000, duplicates=20, malformed=0, other_types=0)
        first, distances = {}, []
        for number, line in enumerate(path.read_bytes().splitlines()):
            key, *rest = oracle.row_of(line, oracle.Filter())
            if key in first:
                distances.append(number - first[key][0])
                self.assertFalse([a for a, b in zip(rest, first[key][1]) if a == b], key)
            else:
                first[key] = number, rest
        self.assertAlmostEqual(len(distances) / 60_000, 0.2, delta=0.01)
        for least, most in ((1, 8), (100, 600), (15_000, 25_000), (25_000, 60_000)):
            self.assertGreater(sum(least <= distance <= most for distance in distances), 200)


if __name__ == "__main__":
    unittest.main()
