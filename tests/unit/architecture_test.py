"""Reads the includes under src/: stages depend from left to right, and each foreign library stays in its stages."""

import pathlib
import re
import unittest

SRC = pathlib.Path(__file__).resolve().parents[2] / "src"

# A stage includes itself, base and the stages to its left. cli only makes plans, which the stages to its right carry
# out; no other header of cli leaves its folder.
STAGES = ["base", "mysql", "source", "inflate", "split", "mapping", "parse", "table", "spill", "ledger", "write", "deflate",
          "report", "cli", "pipeline", "load", "command"]
PLAN = "cli/plan.h"

LIBRARIES = {
    "TBB": (re.compile(r"<(oneapi/)?tbb/"), ["pipeline"]),
    "the flow graph": (re.compile(r"flow_graph\.h"), ["pipeline"]),
    "the MySQL client": (re.compile(r"<(mysql|mariadb|conncpp|cppconn|jdbc)"), ["mysql"]),
    "OpenSSL": (re.compile(r"<openssl/"), ["mysql", "source"]),
    "libcurl": (re.compile(r"<curl/"), ["source"]),
    "pugixml": (re.compile(r"<pugi"), ["source"]),
    "simdjson": (re.compile(r"<simdjson"), ["source", "parse"]),
    "CLI11": (re.compile(r"<CLI/"), ["cli"]),
    "xxHash": (re.compile(r"<xxh"), ["base"]),
    "LZ4": (re.compile(r"<lz4"), ["spill"]),
    "libdeflate": (re.compile(r"<libdeflate"), ["deflate"]),
    "zstd": (re.compile(r"<zstd"), ["inflate", "deflate"]),
    "toml++": (re.compile(r"<toml\+\+/"), ["mapping", "cli"]),
}
MAIN_LINES_MAX = 80

# Our headers declare the types of a namespace at the beginning of a line.
TYPE = re.compile(r"^(?:(?:class|struct|enum class) (\w+)(?=[^;\n]*[{])|using (\w+) =)", re.MULTILINE)
COMMENTS_AND_TEXTS = re.compile(r"//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"")


def includes():
    """(file relative to src, its stage, the words after #include) of every include."""
    for path in sorted(SRC.rglob("*")):
        if path.suffix in (".h", ".cc"):
            for line in path.read_text().splitlines():
                if found := re.match(r'\s*#\s*include\s+(["<][^">]+[">])', line):
                    name = path.relative_to(SRC)
                    yield str(name), name.parts[0], found[1]


def code_of(path):
    """Without comments and texts, and so without what is included."""
    return COMMENTS_AND_TEXTS.sub(" ", path.read_text())


def types_in(code):
    return {name for names in TYPE.findall(code) for name in names if name}


def closures():
    """By file: itself and all files of ours that it includes, in however many steps."""
    direct = {}
    for name, _, include in includes():
        direct.setdefault(name, set()).update({include[1:-1]} if include[0] == '"' else set())
    found = {}
    for name in direct:
        found[name], left = {name}, [name]
        while left:
            new = direct.get(left.pop(), set()) - found[name]
            found[name] |= new
            left += new
    return found


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

    def test_libraries_stay_in_their_stages(self):
        for name, stage, include in includes():
            for library, (pattern, owners) in LIBRARIES.items():
                if pattern.search(include):
                    self.assertIn(stage, owners, f"{name} includes {include}, of {library}")

    def test_one_file_includes_the_flow_graph(self):
        users = [name for name, _, include in includes() if "flow_graph.h" in include]
        self.assertLessEqual(len(users), 1, users)

    def test_each_file_compiles_without_those_that_a_unity_build_puts_in_front_of_it(self):
        """A file that names a type of a header of ours includes that header, in however many steps."""
        headers = {}
        for path in SRC.rglob("*.h"):
            for name in types_in(code_of(path)):
                headers.setdefault(name, set()).add(str(path.relative_to(SRC)))
        self.assertGreater(len(headers), 150)
        for name, included in closures().items():
            code = code_of(SRC / name)
            own = set(re.findall(r"\b(?:class|struct|using|typename) (\w+)", code))
            for used in (set(re.findall(r"(?<!\.)\b\w+", code)) & headers.keys()) - own:
                self.assertTrue(headers[used] & included, f"{name} names {used}, of {headers[used]}")

    def test_main_is_short(self):
        self.assertLess(len((SRC / "main.cc").read_text().splitlines()), MAIN_LINES_MAX)


if __name__ == "__main__":
    unittest.main()
