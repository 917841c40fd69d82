"""Reads the includes under src/: stages depend from left to right, and each foreign library stays in its stage."""

import pathlib
import re
import unittest

SRC = pathlib.Path(__file__).resolve().parents[2] / "src"

# A stage includes itself, base and the stages to its left. cli only makes plans, which the stages to its right carry
# out; no other header of cli leaves its folder.
STAGES = ["base", "mysql", "source", "inflate", "split", "parse", "table", "spill", "ledger", "write", "report", "cli",
          "pipeline", "load", "command"]
PLAN = "cli/plan.h"

LIBRARIES = {
    "TBB": (re.compile(r"<(oneapi/)?tbb/"), "pipeline"),
    "the flow graph": (re.compile(r"flow_graph\.h"), "pipeline"),
    "the MySQL client": (re.compile(r"<(mysql|mariadb|conncpp|cppconn|jdbc)"), "mysql"),
    "OpenSSL": (re.compile(r"<openssl/"), "mysql"),
    "libcurl": (re.compile(r"<curl/"), "source"),
    "simdjson": (re.compile(r"<simdjson"), "parse"),
    "CLI11": (re.compile(r"<CLI/"), "cli"),
    "xxHash": (re.compile(r"<xxh"), "base"),
    "LZ4": (re.compile(r"<lz4"), "spill"),
    "toml++": (re.compile(r"<toml\+\+/"), "cli"),
}
MAIN_LINES_MAX = 80


def includes():
    """(file relative to src, its stage, the words after #include) of every include."""
    for path in sorted(SRC.rglob("*")):
        if path.suffix in (".h", ".cc"):
            for line in path.read_text().splitlines():
                if found := re.match(r'\s*#\s*include\s+(["<][^">]+[">])', line):
                    name = path.relative_to(SRC)
                    yield str(name), name.parts[0], found[1]


class ArchitectureTest(unittest.TestCase):
    def test_there_is_something_to_check(self):
        self.assertGreater(len({name for name, _, _ in includes()}), 20)

    def test_every_folder_is_a_stage(self):
        self.assertEqual({path.name for path in SRC.iterdir() if path.is_dir()}, set(STAGES))

    def test_stages_include_only_stages_to_their_left(self):
        for name, stage, include in includes():
            if name == "main.cc" or not (target := re.match(r'"([a-z]+)/', include)):
                continue
            with self.subTest(f"{name} includes {include}"):
                self.assertLessEqual(STAGES.index(target[1]), STAGES.index(stage))

    def test_only_the_plan_leaves_cli(self):
        for name, stage, include in includes():
            if stage not in ("cli", "main.cc") and include.startswith('"cli/'):
                self.assertEqual(include, f'"{PLAN}"', name)

    def test_libraries_stay_in_their_stage(self):
        for name, stage, include in includes():
            for library, (pattern, owner) in LIBRARIES.items():
                if pattern.search(include):
                    self.assertEqual(stage, owner, f"{name} includes {include}: {library} belongs to {owner}/")

    def test_one_file_includes_the_flow_graph(self):
        users = [name for name, _, include in includes() if "flow_graph.h" in include]
        self.assertLessEqual(len(users), 1, users)

    def test_main_is_short(self):
        self.assertLess(len((SRC / "main.cc").read_text().splitlines()), MAIN_LINES_MAX)


if __name__ == "__main__":
    unittest.main()
