"""What README.md and docs/ say can be typed: commands, flags, links and messages that are there."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import pages
import support

FLAG = r"(?<![\w-])--[a-z]+(?:-[a-z]+)*"
README_LINES_MAX = 150
WRONG_USAGE = 64
SCRIPTS = ("generate-docs", "quickstart", "record-session", "sandbox", "setup", "test")
PROGRAMS = (*(f"scripts/{name}" for name in SCRIPTS), "bench/compare")


def help_of(*words):
    return subprocess.run([*map(str, words), "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def program_help(program):
    return help_of(support.ROOT / program)


def chatload_help(*words):
    """The help of a command and of all below it."""
    text = help_of(support.CHATLOAD, *words)
    commands = re.search(r"^Commands.*:\n((?:  .*\n)+)", text, re.MULTILINE)
    names = re.findall(r"^  (\w+)", commands[1], re.MULTILINE) if commands else []
    return text + "".join(chatload_help(*words, name) for name in names)


def without_network(folder, port):
    """An environment in which S3 and web servers are asked for through a proxy that is not there."""
    kept = {name: value for name, value in os.environ.items() if not re.match("AWS_|.*_proxy$", name, re.IGNORECASE)}
    own = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "HOME": str(folder)}
    return kept | own | {"all_proxy": f"http://127.0.0.1:{port}"}


def anchors(path):
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", pages.prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def message_texts():
    """The text literals of the source, neighbours joined, one a line."""
    literals = []
    for path in sorted((support.ROOT / "src").rglob("*")):
        if path.suffix in (".cc", ".h"):
            literals += re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', path.read_text())
    return "\n".join(re.sub(r'(?<!\\)"\s*"|^"|"$', "", literal).replace('\\"', '"') for literal in literals)


class PagesTest(unittest.TestCase):
    def test_readme_is_short(self):
        self.assertLessEqual(len(pages.README.read_text().splitlines()), README_LINES_MAX)

    def test_links_lead_somewhere(self):
        for page in pages.PAGES:
            for target in re.findall(r"\]\(([^)]+)\)", pages.prose(page)):
                name, _, anchor = target.partition("#")
                path = (page.parent / name).resolve() if name else page
                with self.subTest(page=page.name, target=target):
                    self.assertTrue(path.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(path))

    def test_flags_in_the_text_exist(self):
        known = chatload_help() + "".join(map(program_help, PROGRAMS))
        known = set(re.findall(FLAG, known))
        for page in pages.PAGES:
            with self.subTest(page.name):
                self.assertEqual(set(re.findall(FLAG, pages.prose(page))) - known, set())

    def test_chatload_takes_the_commands(self):
        """As far as without a server or a network: no command is wrong usage."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            pages.make_inputs(folder, lines=100)
            port = support.free_port()
            nowhere = f"mysql://loader@127.0.0.1:{port}/chat"
            config = folder / "chatload.toml"
            config.write_text(config.read_text().replace(pages.URL, nowhere))
            environment = without_network(folder, port)
            environment["PATH"] = f"{pages.bin_folder(folder)}:{environment['PATH']}"
            for page in pages.PAGES:
                for command in (text for block in pages.blocks(page) for text in block.commands()):
                    if "chatload " not in command:
                        continue
                    words = re.sub("mysql://[^ ]+/chat", nowhere, command)
                    words = re.sub(r"chatload (load|check|copy|index) ", r"chatload \1 --retry-for 0s ", words)
                    with self.subTest(page=page.name, command=command):
                        words = ["bash", "-c", words]
                        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
                        self.assertNotIn(done.returncode, (WRONG_USAGE, 126, 127), done.stderr)

    def test_other_programs_take_the_commands(self):
        presets = json.loads((support.ROOT / "CMakePresets.json").read_text())["buildPresets"]
        names = {preset["name"] for preset in presets}
        compose = (support.ROOT / "docker-compose.yml").read_text()
        commands = [text for page in pages.PAGES for block in pages.blocks(page) for text in block.commands()]
        text = "\n".join(map(pages.prose, pages.PAGES))
        commands += re.findall(r"`((?:bench|scripts)/[^`]+)`", text)
        seen = set()
        for command in commands:
            program, *words = command.split()
            with self.subTest(command):
                if program in PROGRAMS:
                    taken = program_help(program) + chatload_help()
                    for word in words:
                        if not word.isdecimal():
                            self.assertRegex(taken, rf"(?<![\w-]){re.escape(word)}(?![\w-])")
                elif command.startswith("cmake --preset") or command.startswith("cmake --build --preset"):
                    self.assertIn(words[-1], names)
                elif program == "docker":
                    self.assertTrue(any(f"\n  {word}:\n" in compose for word in words))
                elif program not in ("chatload", "zcat", "gztool", "cmake", "cpack"):
                    self.assertTrue((support.ROOT / program).exists())
                seen.add(program)
        self.assertLessEqual({"scripts/quickstart", "bench/compare", "docker"}, seen)

    def test_messages_are_those_of_the_source(self):
        texts = message_texts()
        rows = re.findall(r"^\| ([^|]*) \|", (support.ROOT / "docs/troubleshooting.md").read_text(), re.MULTILINE)
        messages = re.findall(r"`([^`]+)`", "\n".join(rows))
        self.assertGreater(len(messages), 150)
        for message in messages:
            for part in message.split(pages.ANYTHING):
                with self.subTest(message):
                    self.assertIn(part.strip(" ,:."), texts)


if __name__ == "__main__":
    unittest.main()
