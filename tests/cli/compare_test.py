"""What bench/compare makes of its figures: the oracle's sums, the verdicts, RESULTS.md and the plot."""

import functools
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
import oracle
import support
from comparison import logs, plot, report, works
from comparison.record import Record

SVG = "{http://www.w3.org/2000/svg}"
CONDITIONS = {"lines": [2_000_000], "server_name": "MySQL 9.7", "facts": ["chatload 1"]}


def run_of(seconds, rows=1000, peak_mib=70, **more):
    figures = {"seconds": seconds, "rows": rows, "client_cpu": 1.0, "server_cpu": 9.0, "peak_mib": peak_mib}
    return figures | {"samples": [], "was_stopped": False} | more


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class OracleInChunksTest(InFolder):
    def test_chunks_give_what_the_whole_file_gives(self):
        path = support.generate(self.folder / "log.json.gz", lines=25_000, ids="v4", duplicates=20, malformed=2)
        result = oracle.apply([path])
        tsv = self.folder / "tsv"
        tsv.mkdir()
        chunk_bytes, logs.CHUNK_BYTES = logs.CHUNK_BYTES, 300_000
        self.addCleanup(setattr, logs, "CHUNK_BYTES", chunk_bytes)

        counts, batch_sums = logs.apply_oracle(path, tsv)

        self.assertEqual(counts, result.counts())
        rows = list(result.columns())
        self.assertEqual(functools.reduce(logs.plus, batch_sums), functools.reduce(logs.plus, map(logs.row_sums, rows)))
        self.assertEqual([sums[0] for sums in batch_sums], [10_000, len(rows) - 10_000])
        written = b"".join(logs.batch_path(tsv, batch).read_bytes() for batch in range(len(batch_sums)))
        self.assertEqual(written, b"".join(map(oracle.load_data_line, rows)))


class VerdictTest(unittest.TestCase):
    def test_a_bar_holds_if_the_median_does_and_at_most_one_of_five_is_beyond_it(self):
        for ratios, held in (
            ([0.9, 0.9, 0.92, 0.97, 0.97], "yes"),
            ([0.8, 0.9, 0.92, 0.92, 1.5], "yes"),
            ([0.8, 0.9, 0.92, 0.98, 0.98], "run --pairs 11"),
            ([0.9, 0.9, 0.93, 0.93, 0.93], "no"),
            ([0.9] * 9 + [0.98] * 2, "yes"),
            ([0.9] * 8 + [0.98] * 3, "no"),
            ([0.9] * 4, "too few pairs (4)"),
        ):
            self.assertEqual(works.verdict(ratios, 0.92), held, ratios)

    def test_a_least_bar_is_the_mirror_image(self):
        self.assertEqual(works.verdict([0.7, 0.8, 0.8, 0.9, 2.0], 0.8, at_least=True), "yes")
        self.assertEqual(works.verdict([0.7, 0.74, 0.8, 0.9, 2.0], 0.8, at_least=True), "run --pairs 11")
        self.assertEqual(works.verdict([0.9, 0.79, 0.79, 0.79, 2.0], 0.8, at_least=True), "no")

    def test_a_stopped_run_is_compared_by_what_it_had_loaded(self):
        stopped = run_of(1800, rows=500)
        self.assertAlmostEqual(works.ratio(works.WORKS["small-pool"], run_of(360, rows=1000), stopped), 0.1)
        self.assertAlmostEqual(works.ratio(works.WORKS["flat"], run_of(10, rows=80), run_of(1, rows=10)), 0.8)


class ReportTest(InFolder):
    def record_of(self, **parts):
        record = Record(self.folder / "results.json")
        for key, part in parts.items():
            record.keep(key.replace("_", " "), part, "2026-11-22")
        return record

    def write(self, record):
        report.write(record, self.folder, scale=1)
        return (self.folder / "RESULTS.md").read_text()

    def test_every_pair_its_median_and_the_verdict_are_there_and_other_works_stay(self):
        times = (1.0, 2.0, 3.0, 4.0, 5.0)
        pairs = [{"chatload": run_of(seconds, client_cpu=0.0008), "LOAD DATA": run_of(10)} for seconds in times]
        self.record_of(v1_mysql={"conditions": CONDITIONS, "pairs": pairs, "once": {}})
        pairs = [{"chatload": run_of(9), "LOAD DATA": run_of(10)}]
        self.record_of(**{"v1_--no-binlog_mysql": {"conditions": CONDITIONS, "pairs": pairs, "once": {}}})
        pairs = [{"chatload": run_of(5), "jq": run_of(10, peak_mib=900)}]
        text = self.write(self.record_of(jq_mysql={"conditions": CONDITIONS, "pairs": pairs, "once": {}}))
        for row in (
            "| v1 | mysql | 0.300 | at most 0.92 | 5 | yes |",
            "| jq | mysql | 0.500 | at most 0.65 | 1 | too few pairs (1) |",
            "| v4 | mariadb |  | at most 0.65 | 0 | not measured |",
            "| v1 --no-binlog | mysql | 0.900 | at most 0.85 | 1 | too few pairs (1) |",
            "| v4 --no-binlog | mariadb |  | at most 0.85 | 0 | not measured |",
            "| connector | mariadb |  | at most 0.8 | 0 | not measured |",
            "| client-cpu | mysql | 0.800 | at most 0.9 | 5 | yes |",
            "| client-cpu | mariadb |  | at most 0.9 | 0 | not measured |",
            "| memory, --memory 256M | mysql | 70.0 MiB, the highest | at most 256 MiB | 7 runs | yes |",
            "| memory, --memory 128M | mysql |  | at most 128 MiB | 0 runs | not measured |",
        ):
            self.assertIn(row, text)
        self.assertEqual([f"{seconds / 10:.3f} |\n" in text for seconds in times], [True] * 5)

    def test_peak_memory_beyond_the_bound_is_no(self):
        once = {"chatload": run_of(9, peak_mib=128.1)}
        text = self.write(self.record_of(memory_mysql={"conditions": CONDITIONS, "pairs": [], "once": once}))
        self.assertIn(
            "| memory, --memory 128M | mysql | 128.1 MiB, the highest | at most 128 MiB | 1 runs | no |", text
        )

    def test_pairs_are_added_under_the_same_conditions_only(self):
        self.record_of(v1_mysql={"conditions": CONDITIONS, "pairs": [1, 2], "once": {}})
        record = Record(self.folder / "results.json")
        self.assertEqual(record.part("v1 mysql", CONDITIONS)["pairs"], [1, 2])
        self.assertEqual(record.part("v1 mysql", CONDITIONS | {"facts": ["chatload 2"]})["pairs"], [])

    def test_plot_is_xml_with_a_curve_a_side(self):
        samples = [(second, second * 100) for second in range(1, 100)]
        sides = {"chatload": run_of(100, 9900, samples=samples)}
        once = {"LOAD DATA": run_of(200, 5000, samples=samples[:50], was_stopped=True)}
        part = {"conditions": CONDITIONS, "pairs": [sides], "once": once}
        self.assertIn("(results.svg)", self.write(self.record_of(**{"small-pool_mysql": part})))
        root = xml.etree.ElementTree.parse(self.folder / "results.svg").getroot()
        self.assertEqual(len(root.findall(f"{SVG}polyline")), 2)
        texts = " ".join(text.text for text in root.findall(f"{SVG}text"))
        for part in (
            "rows loaded",
            "rows/s",
            "chatload: 99 rows/s",
            "LOAD DATA: 25 rows/s over all of its 200 s, stopped",
        ):
            self.assertIn(part, texts)

    def test_curve_counts_the_time_in_which_no_row_came(self):
        samples = [(10, 0), *((10 + second, second * 100) for second in range(1, 61)), (75, 6000)]
        points = plot.curve(samples, seconds=80, rows=6000)
        self.assertEqual((points[0], points[1], points[-1]), ((50, 100 / 11), (150, 100), (5950, 100 / 11)))


class UsageTest(unittest.TestCase):
    def test_wrong_usage_is_one_sentence_and_exit_code_64(self):
        for words in (
            ["v3"],
            ["--pairs", "0"],
            ["--scale", "2"],
            ["v1", "--", "--memory", "1G"],
            ["--nothing"],
            ["jq", "--no-binlog"],
        ):
            done = subprocess.run([ROOT / "bench/compare", *words], capture_output=True, text=True)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (64, 1), done.stderr)


if __name__ == "__main__":
    unittest.main()
