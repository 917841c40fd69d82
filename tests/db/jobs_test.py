"""examples/jobs on more than its input: what is looked up, filtered and ranked is what Python makes of the same files.

CHATLOAD_LONG=1: more text than --memory.
"""

import csv
import json
import math
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from ledger_case import LedgerCase

EXAMPLE = support.ROOT / "examples" / "jobs"
MEMORY = "64M"
RECORDS = 600_000 if support.IS_LONG else 5_000
PERCENTILES = (25, 50, 75, 95)


def codes():
    with open(EXAMPLE / "titles.csv", newline="") as file:
        return {row["code"]: row["title"] for row in csv.DictReader(file)}


def jobs():
    chance = random.Random(4)
    known = [*codes(), "99-9999"]
    for number in range(RECORDS):
        score = round(chance.random() ** 0.5, 4)
        job = {"job": f"job-{number}", "occupation": {"code": chance.choice(known), "more": "x" * chance.randrange(100)}}
        yield {**job, "state": chance.choice(["CA", "CA", "NY", "TX"]), "score": score}


def expected():
    titles = codes()
    wages = {row["occ_code"]: row["median"] for row in json.loads((EXAMPLE / "wages.json").read_text())}
    scores, wage_of = {}, {}
    for job in jobs():
        code = job["occupation"]["code"]
        if job["state"] == "CA" and job["score"] > 0.5 and code in titles:
            scores.setdefault(titles[code], []).append(job["score"])
            wage_of[titles[code]] = wages.get(code)
    rows = []
    for title, values in sorted(scores.items()):
        values.sort()
        ranked = [values[math.ceil(percent * len(values) / 100) - 1] for percent in PERCENTILES]
        rows.append([title, wage_of[title], len(values), *ranked])
    return rows


class JobsTest(LedgerCase):
    def test_percentiles_by_title_are_what_python_finds(self):
        text = "".join(json.dumps(job) + "\n" for job in jobs())
        if support.IS_LONG:
            self.assertGreater(len(text), 64 * 2**20)
        log = support.write_gzip(self.folder / "scores.json.gz", text.encode())
        words = ("--mapping", EXAMPLE / "mapping.toml")
        self.assertEqual(support.run_chatload("schema", "apply", *words, "--to", self.database.url).exit_code, 0)
        run = self.load(log, *words, "--memory", MEMORY, "--max-line", "64K", "--max-rejects", "100%")
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual(set(filter(None, run.summary["rejects_by_reason"].values())), {run.summary["rejected"]})
        self.assertGreater(run.summary["rejects_by_reason"]["lookup_missing"], 0)
        found = self.database.sql((EXAMPLE / "percentiles.sql").read_text().rstrip().rstrip(";"))
        self.assertEqual([[row[0], None if row[1] == "NULL" else int(row[1]), int(row[2]), *map(float, row[3:])] for row in found], expected())


if __name__ == "__main__":
    unittest.main()
