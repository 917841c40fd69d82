"""Each source compiles by itself, as the release preset builds it: a unity build hides what a file does not include.

What is not ours is compiled once, for all files: so this takes a minute of one core, and only our own includes are judged.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
KEPT = re.compile(r"-D|-I|-std=")


def flags():
    """Of our library, from the build that this test belongs to: definitions, include folders, the standard."""
    commands = json.loads((pathlib.Path(os.environ["BUILD_DIR"]) / "compile_commands.json").read_text())
    words = shlex.split(next(one["command"] for one in commands if "CMakeFiles/chatload_lib.dir/" in one["command"]))
    kept = [word for word in words if KEPT.match(word)]
    for at, word in enumerate(words):
        if word == "-isystem":
            kept += words[at : at + 2]
    return kept


def compile_with(words):
    done = subprocess.run(["clang++", *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


class IncludesTest(unittest.TestCase):
    def test_each_file_includes_what_it_uses(self):
        sources = sorted(SRC.rglob("*.cc"))
        texts = [path.read_text() for path in SRC.rglob("*") if path.suffix in (".cc", ".h")]
        foreign = sorted({line for text in texts for line in re.findall(r"^#include <.*", text, re.MULTILINE)})
        with tempfile.TemporaryDirectory() as name:
            header = pathlib.Path(name) / "foreign.h"
            header.write_text("\n".join(foreign) + "\n")
            common = [*flags(), "-fpch-instantiate-templates"]
            self.assertEqual(compile_with([*common, "-x", "c++-header", header, "-o", f"{header}.pch"]), "")
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                words = ([*common, "-include-pch", f"{header}.pch", "-fsyntax-only", source] for source in sources)
                for source, said in zip(sources, pool.map(compile_with, words)):
                    with self.subTest(source.relative_to(ROOT)):
                        self.assertEqual(said, "")
        self.assertGreater(len(sources), 150)


if __name__ == "__main__":
    unittest.main()
