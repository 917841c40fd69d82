"""What is not JSON lines in UTF-8 is named as what it is, and the command that the message names makes JSON lines of it."""

import base64
import gzip
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

LINE = '{"id":"%d","type":"message","from":"v","site_id":"3","timestamp":1479816000,"data":{"message":"} é {"}}'
LINES = [LINE % number for number in range(200)]
TEXT = "".join(line + "\n" for line in LINES)
PRETTY = "".join(json.dumps(json.loads(line), indent=2) + "\n" for line in LINES)
RAW = zlib.compressobj(wbits=-15)

CONVERTIBLE = {
    "gzip inside gzip": gzip.compress(TEXT.encode()),
    "a JSON array": ("[\n" + ",\n".join(LINES) + "\n]\n").encode(),
    "a JSON array ": ("[" + ",".join(LINES) + "]").encode(),
    "one JSON document over many lines": ('{\n"messages": [' + ",\n".join(LINES) + "]}").encode(),
    "JSON with objects spread over many lines": PRETTY.encode(),
    "JSON objects without line ends between them": "".join(LINES).encode(),
    "JSON objects without line ends between them ": (" \r".join(LINES) + "\n").encode(),
    "text in UTF-16LE": TEXT.encode("utf-16"),
    "text in UTF-16LE ": TEXT.encode("utf-16-le"),
    "text in UTF-16BE": TEXT.encode("utf-16-be"),
    "text in UTF-32LE": TEXT.encode("utf-32"),
    "zlib data": zlib.compress(TEXT.encode()),
    "raw deflate data": RAW.compress(TEXT.encode()) + RAW.flush(),
    "gzip in base64": base64.encodebytes(gzip.compress(TEXT.encode())),
    "JSON in base64": base64.b64encode(TEXT.encode()),
    "lines in base64": b"".join(base64.b64encode(line.encode()) + b"\n" for line in LINES),
}


def tar_of(text):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("inner.json")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return file.getvalue()


ADVISED = {
    "a tar archive": (tar_of(TEXT.encode()), "tar -x"),
    "an HTML page": (b"<!doctype html>\n<title>404</title>\n", "download the file again"),
    "XML or HTML": (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>\n', "download the file again"),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "git lfs pull"),
}


class ForeignContentTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "log of a day.json.gz"

    def refusal(self, run):
        """The one error, of exit code 3 and no line counted."""
        self.assertEqual(run.exit_code, 3, run.stderr)
        errors = re.findall(r"error: (.*)", run.stderr)
        self.assertEqual(len(errors), 1, run.stderr)
        self.assertEqual((run.summary["status"], run.summary["lines"]), ("failed", 0))
        return errors[0]

    def written(self, content):
        """The content as it is, then within gzip."""
        for write in (bytes, gzip.compress):
            self.path.write_bytes(write(content))
            yield self.path

    def test_each_kind_is_named_and_its_command_makes_json_lines(self):
        for kind, content in CONVERTIBLE.items():
            for path in self.written(content):
                if kind == "gzip inside gzip" and path.read_bytes() == content:
                    continue
                with self.subTest(kind=kind, size=path.stat().st_size):
                    error = self.refusal(support.run_chatload("check", path))
                    self.assertIn(f"{path} is {kind.strip()}", error)
                    command = re.search("`(.*)`", error)[1]
                    subprocess.run(["bash", "-ec", f"set -o pipefail; {command}"], cwd=self.folder, check=True)
                    self.assertIn("load lines.json.gz", error)
                    again = support.run_chatload("check", self.folder / "lines.json.gz")
                    self.assertEqual((again.exit_code, again.summary["valid"]), (0, len(LINES)), again.stderr)

    def test_json_that_stands_otherwise_is_read_as_the_message_says(self):
        read = 0
        for kind, content in CONVERTIBLE.items():
            self.path.write_bytes(gzip.compress(content))
            error = self.refusal(support.run_chatload("check", self.path))
            if found := re.search(r"--records (\S+),", error):
                run = support.run_chatload("check", self.path, "--records", found[1].strip("'"))
                self.assertEqual((run.exit_code, run.summary["valid"]), (0, len(LINES)), f"{kind}: {run.stderr}")
                read += 1
        self.assertGreaterEqual(read, 4)

    def test_what_no_filter_converts_is_named_with_what_to_do(self):
        for kind, (content, advice) in ADVISED.items():
            for path in self.written(content):
                with self.subTest(kind=kind, size=path.stat().st_size):
                    error = self.refusal(support.run_chatload("check", path))
                    self.assertIn(f"{path} is {kind}", error)
                    self.assertIn(advice, error)

    def test_a_pipe_is_looked_at_as_it_is_read(self):
        for content in (CONVERTIBLE["a JSON array"], gzip.compress(CONVERTIBLE["a JSON array"])):
            self.path.write_bytes(content)
            with open(self.path, "rb") as file:
                error = self.refusal(support.run_chatload("check", "-", stdin=file))
            self.assertIn("standard input is a JSON array", error)


if __name__ == "__main__":
    unittest.main()
