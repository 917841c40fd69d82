"""An input of which no line can be loaded ends early with exit code 2, and says what its lines look like; a command
that it names makes lines of it that can be loaded."""

import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from support import chat_line as line

FIRST_LINES = 10_000


def errors(run):
    return re.findall(r"error: (.*)", run.stderr)


class HopelessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, lines, name="log.json.gz"):
        return support.write_gzip(self.folder / name, "".join(one + "\n" for one in lines).encode())

    def check(self, lines, *words):
        return support.run_chatload("check", self.file(lines), *words)

    def test_first_ten_thousand_bad_lines_end_it_whatever_the_budget_and_whatever_comes_after_them(self):
        run = self.check(["[1]"] * FIRST_LINES + [line()] * 200_000, "--max-rejects", "100%")
        self.assertEqual(run.exit_code, 2, run.stderr)
        self.assertIn("none of its first 10,000 lines can be loaded", errors(run)[0])
        self.assertEqual(run.summary["status"], "budget_exceeded")
        self.assertEqual(run.summary["lines"], FIRST_LINES)

    def test_one_good_line_among_the_first_ten_thousand_is_hope(self):
        bad = ["[1]"] * (FIRST_LINES - 1)
        for lines in (bad + [line()], [line()] + bad + ["[1]"], bad + [line(type="join")]):
            run = self.check(lines)
            self.assertEqual(run.exit_code, 1, run.stderr)
            self.assertEqual(run.summary["lines"], len(lines))

    def test_blank_lines_do_not_count(self):
        run = self.check([""] * 20_000 + ["[1]"] * (FIRST_LINES - 1) + ["", line()])
        self.assertEqual(run.exit_code, 1, run.stderr)
        run = self.check([""] * 20_000 + ["[1]"] * FIRST_LINES + [line()])
        self.assertEqual(run.exit_code, 2, run.stderr)

    def test_a_pipe_gets_the_same_verdict_and_loses_no_byte_where_there_is_hope(self):
        for bad, expected in ((FIRST_LINES, 2), (FIRST_LINES - 1, 1)):
            path = self.file(["[1]"] * bad + [line(number) for number in range(50_000)])
            with open(path, "rb") as file:
                run = support.run_chatload("check", "-", stdin=file)
            self.assertEqual(run.exit_code, expected, run.stderr)
            if expected == 1:
                self.assertEqual(run.summary["lines"], bad + 50_000)
                self.assertEqual(run.summary["bytes_compressed"], path.stat().st_size)

    def test_the_first_thousand_rejects_are_kept_of_a_longer_input_and_all_of_a_shorter_one(self):
        for lines, kept in ((3_000, 1_000), (1_001, 1_000), (1_000, 1_000), (40, 40)):
            target = self.folder / "rejects.json.gz"
            run = self.check(["[1]"] * lines, "--rejects", target)
            self.assertEqual(run.exit_code, 2, run.stderr)
            with gzip.open(target, "rt") as file:
                numbers = [json.loads(one)["line"] for one in file]
            self.assertEqual(numbers, list(range(1, kept + 1)))

    def test_a_damaged_input_is_named_as_damaged(self):
        path = self.file(["[1]"] * 5_000)
        path.write_bytes(path.read_bytes()[:-20])
        run = support.run_chatload("check", path)
        self.assertEqual(run.exit_code, 3, run.stderr)

    def test_timestamps_are_named_and_the_command_that_is_given_converts_them(self):
        cases = {
            "milliseconds": 1479816000123,
            "milliseconds ": "1479816000123",
            "microseconds": 1479816000123456,
            "nanoseconds": 1479816000123456789,
            "seconds with a fraction": "1479816000.000200",
            "dates in RFC 3339": "2016-11-22T12:00:00.123Z",
            "dates in RFC 3339 ": "2016-11-22T12:00:00Z",
        }
        for count in (20, 2_000):
            for look, value in cases.items():
                with self.subTest(look=look, lines=count):
                    path = self.file([line(number, timestamp=value) for number in range(count)], "it's.json.gz")
                    run = support.run_chatload("check", path)
                    self.assertEqual(run.exit_code, 2, run.stderr)
                    self.assertIn(f"look like {look.strip()} ({json.dumps(value)})", errors(run)[0])
                    command = re.search(r"Convert them with `(.*)`, and load ", errors(run)[0])[1]
                    converted = self.folder / "it's.seconds.json.gz"
                    subprocess.run(["bash", "-ec", command], cwd=self.folder, check=True)
                    with gzip.open(converted, "rt") as file:
                        self.assertEqual({json.loads(one)["timestamp"] for one in file}, {1479816000})
                    again = support.run_chatload("check", converted)
                    self.assertEqual(again.exit_code, 0, again.stderr)

    def test_a_conversion_keeps_lines_that_need_none_or_that_are_no_json(self):
        whole = line(9)
        path = self.file([line(number, timestamp=1479816000123) for number in range(FIRST_LINES)] +
                         [whole, "not json", line(timestamp=None)])
        run = support.run_chatload("check", path)
        self.assertEqual(run.exit_code, 2, run.stderr)
        command = re.search(r"Convert them with `(.*)`, and load ", errors(run)[0])[1]
        subprocess.run(["bash", "-ec", command], cwd=self.folder, check=True)
        with gzip.open(self.folder / "log.seconds.json.gz", "rt") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), FIRST_LINES + 3)
        self.assertEqual(json.loads(lines[-3]), json.loads(whole))
        self.assertEqual(lines[-2], "not json")

    def test_keys_that_the_lines_have_are_named_where_a_field_is_missing(self):
        run = self.check([json.dumps({"ts": number, "user": "u"}) for number in range(50)])
        self.assertIn("50 are missing_field in `type`", errors(run)[0])
        self.assertIn("the keys of that line are `ts`, `user`.", errors(run)[0])

    def test_the_most_frequent_reasons_come_first(self):
        run = self.check(["[1]"] * 3 + ["{"] * 30 + [line(id="")] * 20)
        self.assertRegex(errors(run)[0], "30 are invalid_json .*20 are empty_id in `id` .*3 are not_an_object")

    def test_types_are_named_where_every_line_is_filtered_out(self):
        run = self.check([line(type=f"t{number % 7}") for number in range(12_000)] + [line(type="t0")] * 5)
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertIn("all of its 12,005 lines are filtered out", run.stderr)
        self.assertIn("of the first 10,000, the types are `t0` (1,429), `t1` (1,429)", run.stderr)
        self.assertIn(", and 2 more; no line passes --type (message, status), --site", run.stderr)

    def test_other_filters_are_named_where_they_leave_nothing(self):
        run = self.check([line()] * 5, "--site", "9")
        self.assertIn("all of its 5 lines are filtered out", run.stderr)
        self.assertIn("no line passes --site, --since and --until.", run.stderr)

    def test_nothing_is_said_where_a_line_is_valid_or_rejected(self):
        for last in (line(), "[1]"):
            self.assertNotIn("filtered out", self.check([line(type="join")] * 5 + [last]).stderr)


if __name__ == "__main__":
    unittest.main()
