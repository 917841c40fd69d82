"""The list of flags, the manual page and bash completion are what scripts/generate-docs makes of --help."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

COMMANDS = {
    "": [],
    "load": ["load"],
    "check": ["check"],
    "index": ["index"],
    "guess": ["guess"],
    "copy": ["copy"],
    "schema": ["schema"],
    "schema print": ["schema", "print"],
    "schema apply": ["schema", "apply"],
    "schema check": ["schema", "check"],
    "loads": ["loads"],
    "loads forget": ["loads", "forget"],
    "rejects": ["rejects"],
}
FLAG = r"--[a-z]+(?:-[a-z]+)*"


def help_of(words):
    return subprocess.run([support.CHATLOAD, *words, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def flags_of(words):
    """The flags that --help declares: those at the beginning of a line."""
    return set(re.findall(rf"^  (?:-[a-z], )?({FLAG})", help_of(words), re.MULTILINE))


def all_flags():
    return set().union(*(flags_of(words) for words in COMMANDS.values()))


def completions(*words):
    """What bash offers for the last of the words."""
    script = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _chatload; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "-c", script, "bash", str(support.ROOT / "docs/chatload.bash"), "chatload", *words]
    return set(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split())


def generated(chatload):
    """{file name: text} of what scripts/generate-docs makes of that binary's --help."""
    with tempfile.TemporaryDirectory() as folder:
        command = [support.ROOT / "scripts/generate-docs", "--out", folder]
        subprocess.run(command, env={**os.environ, "CHATLOAD_BIN": str(chatload)}, check=True)
        return {path.name: path.read_text() for path in pathlib.Path(folder).iterdir()}


class HelpTest(unittest.TestCase):
    def test_help_declares_flags(self):
        self.assertGreater(len(flags_of(["load"])), 15)

    def test_manual_page_names_the_same_flags(self):
        source = (support.ROOT / "docs/chatload.1").read_text().replace("\\-", "-")
        options = source[source.index(".SH OPTIONS") : source.index(".SH CONFIGURATION FILE")]
        entries = re.findall(r"^\.TP\n(.*)$", options, re.MULTILINE)
        self.assertEqual(set(re.findall(FLAG, "\n".join(entries))), all_flags())

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_manual_page_has_no_formatting_warnings(self):
        page = str(support.ROOT / "docs/chatload.1")
        done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", page], stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_list_of_flags_names_the_same_flags(self):
        page = (support.ROOT / "docs/flags.md").read_text().replace("\\|", "/")
        rows = re.findall(r"^\| *(`-[^|]*)\|", page, re.MULTILINE)
        self.assertEqual(set(re.findall(FLAG, "\n".join(rows))), all_flags())

    def test_generated_files_are_those_of_this_help(self):
        for name, text in generated(support.CHATLOAD).items():
            with self.subTest(name):
                self.assertEqual((support.ROOT / "docs" / name).read_text(), text, "run scripts/generate-docs")

    def test_generated_files_follow_a_change_of_the_help(self):
        before = generated(support.CHATLOAD)
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder) / "chatload"
            other.write_text(f"#!/bin/sh\n'{support.CHATLOAD}' \"$@\" | sed 's/--fail-fast  /--fail-early /'\n")
            other.chmod(0o755)
            after = generated(other)
        for name, text in before.items():
            with self.subTest(name):
                self.assertEqual(after[name].count("early"), 1)
                self.assertEqual(text.count("early"), 0)

    def test_completion_offers_the_flags_of_each_command(self):
        for name, words in COMMANDS.items():
            with self.subTest(name):
                self.assertEqual(completions(*words, "--"), flags_of(words))

    def test_completion_offers_commands_and_choices(self):
        self.assertEqual(completions("s"), {"schema"})
        self.assertEqual(completions("loa"), {"load", "loads"})
        self.assertEqual(completions("schema", ""), {"print", "apply", "check", "--help"})
        self.assertEqual(completions("loads", "f"), {"forget"})
        for command in ("load", "loads"):
            choices = re.findall(rf"^  ({FLAG}) ([a-z-]+(?:\|[a-z-]+)+)", help_of([command]), re.MULTILINE)
            self.assertTrue(choices)
            for flag, names in choices:
                with self.subTest(flag):
                    self.assertEqual(completions(command, flag, ""), set(names.split("|")))

    def test_help_lines_fit_a_wide_terminal(self):
        for name, words in COMMANDS.items():
            for line in help_of(words).splitlines():
                with self.subTest(name):
                    self.assertLessEqual(len(line), 110, line)


if __name__ == "__main__":
    unittest.main()
