"""README.md and docs/*.md as the tests read them: fenced blocks, links, headings.

A block ```sh has commands that a test runs. ```sh no-run has commands that are only looked at, ```console a session:
lines that begin with "$ " are commands, the others their output, where "…" stands for anything.
"""

import pathlib
import re
import typing

import support

README = support.ROOT / "README.md"
PAGES = [README, *sorted((support.ROOT / "docs").glob("*.md"))]
# How the pages name a reader's own database.
URL = "mysql://loader@db.example:3306/chat"
ANYTHING = "…"


class Block(typing.NamedTuple):
    kind: str  # what stands behind the ```
    text: str

    def commands(self):
        if self.kind == "console":
            return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        return self.text.splitlines() if self.kind in ("sh", "sh no-run") else []


def blocks(path):
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)
    return [Block(*each) for each in found]


def prose(path):
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def grants():
    """The statements of docs/operating.md that an account for loading needs, as they are written there."""
    page = (support.ROOT / "docs/operating.md").read_text()
    return re.search(r"## Grants\n+```sql\n(.*?)```", page, re.DOTALL)[1]


def bin_folder(folder):
    """A folder for PATH in which the binary under test is `chatload`."""
    path = pathlib.Path(folder) / "bin"
    path.mkdir()
    (path / "chatload").symlink_to(pathlib.Path(support.CHATLOAD).resolve())
    return path


def make_inputs(folder, lines):
    """What the commands of the pages read: logs, the flags of docs/loading.md and the mapping of docs/mapping.md
    in files, and what docs/remote.md names."""
    support.generate(folder / "chat.json.gz", lines=lines)
    (folder / "logs").mkdir()
    for seed, name in enumerate(("other.json.gz", "logs/1.json.gz", "logs/2.json.gz"), 2):
        support.generate(folder / name, lines=lines // 10, seed=seed)
    (config,) = [block.text for block in blocks(support.ROOT / "docs/loading.md") if block.kind == "toml"]
    (folder / "chatload.toml").write_text(config)
    page = blocks(support.ROOT / "docs/mapping.md")
    (folder / "app.toml").write_text(next(block.text for block in page if block.kind == "toml"))
    record = next(block.text for block in page if block.kind == "json")
    support.write_gzip(folder / "app.json.gz", record.encode())
    (folder / "authorization.txt").write_text("Bearer TOKEN\n")
    (folder / "company-ca.pem").touch()
