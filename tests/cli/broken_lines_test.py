"""What a check says of broken lines, and of what stands in front of lines, is what the oracle says, wherever ranges end."""

import base64
import gzip
import json
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

LINE = (
    rb'{"id":"%d","type":"message","from":"v","site_id":3,"timestamp":"7","data":{"message":"\u00e9 \ud83d\ude00"},'
    rb'"more":[1,-0.5e+3,true,null,{"\\":[]},{}]}'
)
BYTES = b'{}[]:,"\\ \t\x1f\0u/tfn01-+.eEdD8c\xc3\xa9\xff\xef\xbb\xbf\r'
LEADS = (
    b"", b"", b"", oracle.BOM, b"\0", bytes(700), bytes(3000), oracle.BOM * 2 + bytes(90) + oracle.BOM, b"\xef\xbb",
)  # fmt: skip
LINE_BYTES_MAX = 1024  # the least that --max-line takes


def mutated(choose, line):
    line = bytearray(line)
    for _ in range(choose.randrange(4)):
        at = choose.randrange(len(line))
        change = choose.randrange(3)
        if change == 0:
            line[at] = choose.choice(BYTES)
        elif change == 1:
            del line[at : at + choose.randrange(1, 60)]
        else:
            line.insert(at, choose.choice(BYTES))
    if choose.randrange(20) == 0:
        line += b"x" * choose.randrange(700, 5000)
    return bytes(line)


def log(seed, lines=3000):
    choose = random.Random(seed)
    ends = (b"\n", b"\n", b"\r\n")
    return b"".join(
        choose.choice(LEADS) + mutated(choose, LINE % number) + choose.choice(ends) for number in range(lines)
    )


def records_of(path):
    """A --rejects file's records as the oracle has them: rejects, and texts."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for text in file:
            record = json.loads(text)
            raw = record["raw"].encode() if "raw" in record else base64.b64decode(record["raw_base64"])
            place = (record["line"], record["offset"], record["reason"], record["field"])
            yield place, (record.get("detail"), raw), record.get("raw_cut", False)


class BrokenLinesTest(unittest.TestCase):
    def test_a_check_rejects_what_the_oracle_rejects_with_the_same_details_and_texts(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        path, rejects = folder / "log.json", folder / "rejects.json.gz"
        for seed, range_size in enumerate(("4K", "64K", "4M")):
            with self.subTest(seed=seed, range_size=range_size):
                path.write_bytes(log(seed))
                expected = oracle.apply([path], line_bytes_max=LINE_BYTES_MAX)
                reasons = expected.counts()["rejects_by_reason"]
                for reason in ("invalid_json", "invalid_utf8", "line_too_long"):
                    self.assertGreater(reasons[reason], 50)
                run = support.run_chatload("check", path, "--rejects", rejects, "--max-line", LINE_BYTES_MAX,
                                           "--range-size", range_size)  # fmt: skip
                self.assertIsNotNone(run.summary, run.stderr)
                for name in ("lines", "valid", "blank", "rejected"):
                    self.assertEqual(run.summary[name], expected.counts()[name], name)
                found = list(records_of(rejects))
                for (place, text, is_cut), other, other_text in zip(found, expected.rejects, expected.reject_texts):
                    self.assertEqual((place, text), (other, other_text))
                    self.assertEqual(is_cut, other[2] == "line_too_long")
                self.assertEqual(len(found), len(expected.rejects))

    def test_a_hole_longer_than_any_line_in_front_of_the_last_range_costs_nothing(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = folder / "log.json"
        with open(path, "wb") as file:
            file.write(LINE % 1 + b"\n")
            file.seek(50_000_000)
            file.write(LINE % 2 + b"\n[")
        run = support.run_chatload("check", path, "--range-size", "4K", "--max-line", "4K")
        self.assertEqual((run.summary["lines"], run.summary["valid"], run.exit_code), (3, 2, 1), run.stderr)
        offset = 50_000_000 + len(LINE % 2) + 1
        self.assertIn(f"line 3 at byte {offset:,}: invalid_json (ends inside an array): [", run.stderr)


if __name__ == "__main__":
    unittest.main()
