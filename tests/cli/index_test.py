"""chatload index: its indexes serve gztool, those of gztool and indexed_gzip serve it, and nothing wrong passes."""

import functools
import gzip
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

import indexed_gzip

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support


def lines_of(count, seed=1):
    """Lines that compress about as chat logs do."""
    chooser = random.Random(seed)
    return "".join(
        '{"id":"%032x","type":"message","from":"visitor%d","timestamp":%d,"data":{"message":"%x é"}}\n'
        % (chooser.getrandbits(128), chooser.randrange(9999), 1479816000 + number, chooser.getrandbits(60))
        for number in range(count)
    ).encode()


def tool(*words, data=None):
    return subprocess.run(list(map(str, words)), input=data, capture_output=True, check=True).stdout


TEXT = lines_of(120_000)  # 18 MB
SMALL = lines_of(3000)


def zopfli(text):
    with tempfile.NamedTemporaryFile() as file:
        file.write(text)
        file.flush()
        return tool("zopfli", "-c", "--i1", file.name)


def stored(text):
    compressor = zlib.compressobj(0, wbits=31)
    return compressor.compress(text) + compressor.flush()


@functools.cache
def kinds():
    """Name → (gzip, its text) for every way of framing that the index is for."""
    third = len(TEXT) // 3
    parts = TEXT[:third], TEXT[third : 2 * third], TEXT[2 * third :]
    return {
        "gzip -1": (gzip.compress(TEXT, 1), TEXT),
        "gzip -6": (tool("gzip", "-6", data=TEXT), TEXT),
        "gzip -9": (gzip.compress(TEXT, 9), TEXT),
        "stored": (stored(TEXT), TEXT),
        "pigz": (tool("pigz", "-p2", "-6", data=TEXT), TEXT),
        "three members": (b"".join(gzip.compress(part, 1) for part in parts), TEXT),
        "empty members between": ((3 * gzip.compress(b"")).join(gzip.compress(part, 1) for part in parts), TEXT),
        "members of a byte": (b"".join(gzip.compress(SMALL[at : at + 1]) for at in range(3000)), SMALL[:3000]),
        "zopfli": (zopfli(SMALL), SMALL),
        "bgzip": (tool("bgzip", "-c", data=TEXT), TEXT),
        "no last line end": (gzip.compress(TEXT[:-1], 1), TEXT[:-1]),
        "nothing": (gzip.compress(b""), b""),
    }


class IndexTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "log.json.gz"
        self.index = self.folder / "log.json.gz.gzi"
        self.sum = self.folder / "log.json.gz.gzi.sum"

    def chatload(self, *words):
        return support.run_chatload("index", *words)

    def make(self, *words):
        run = self.chatload(self.path, *words)
        self.assertEqual((run.exit_code, run.stderr), (0, ""))
        return run.stdout

    def shown(self, *words):
        run = self.chatload(self.path, "--show", "--format", "json", *words)
        self.assertEqual(run.exit_code, 0, run.stderr)
        return json.loads(run.stdout)

    def refusal(self, *words, exit_code=3):
        run = self.chatload(*words)
        self.assertEqual(run.exit_code, exit_code, run.stderr)
        (error,) = re.findall(r"error: (.*)", run.stderr)
        return error

    def require_points(self, shown, text):
        """Offsets ascend, and lines are those of the text."""
        self.assertEqual(shown["decompressed_bytes"], len(text))
        for point in shown["points"]:
            if point["line"] is not None:
                self.assertEqual(point["line"], text.count(b"\n", 0, point["decompressed"]) + 1)

    def require_used(self, text):
        """Three threads inflate from its points, and none of them is refused."""
        out = self.folder / "copy.json.gz"
        words = ["--keep-rejected", "--max-rejects", "100%", "--threads", "3", "--memory", "512M"]
        run = support.run_chatload("copy", self.path, *words, "-o", out)
        self.assertIn(run.exit_code, (0, 1), run.stderr)
        self.assertNotIn("does not fit", run.stderr)
        with gzip.open(out) as file:
            self.assertEqual(file.read(), text)

    def require_gztool_reads(self, text):
        """Bytes and lines from many places, with our index."""
        ends = [match.end() for match in re.finditer(b"\n", text)]
        for share in (0, 0.1, 0.35, 0.5, 0.77, 0.999):
            offset = int(len(text) * share)
            found = tool("gztool", "-v", 0, "-W", "-I", self.index, "-b", offset, self.path)
            self.assertTrue(found == text[offset:], f"byte {offset}")
            line = int(len(ends) * share) + 1
            found = tool("gztool", "-v", 0, "-W", "-I", self.index, "-L", line, self.path)
            self.assertTrue(found == text[([0] + ends)[line - 1] :], f"line {line}")

    def test_gztool_finds_bytes_and_lines_with_our_index(self):
        for name, (content, text) in kinds().items():
            with self.subTest(name):
                self.path.write_bytes(content)
                self.make()
                shown = self.shown()
                self.assertEqual((shown["format"], shown["version"], shown["proof"]), ("gztool", 1, "sum"))
                self.assertEqual(shown["lines"], text.count(b"\n") + (text[-1:] not in (b"", b"\n")))
                self.require_points(shown, text)
                if text:
                    self.require_gztool_reads(text)
                self.index.unlink()

    def test_points_are_dense_enough(self):
        self.path.write_bytes(gzip.compress(TEXT, 1))
        self.make()
        points = self.shown()["points"]
        size = self.path.stat().st_size
        self.assertGreaterEqual(len(points), size // (2 << 20))
        self.assertLess(self.index.stat().st_size, size * 0.01)

    def test_what_compresses_well_has_points_too(self):
        self.path.write_bytes(gzip.compress(bytes(200 << 20)))
        self.make()
        points = self.shown()["points"]
        self.assertGreaterEqual(len(points), 10)
        apart = [b["decompressed"] - a["decompressed"] for a, b in zip(points, points[1:])]
        self.assertLess(max(apart), 24 << 20)

    @unittest.skipUnless(support.IS_LONG, "CHATLOAD_LONG: it inflates 4.5 GB")
    def test_a_member_of_more_than_4_gib(self):
        """Its trailer's size has wrapped."""
        piece = b"a line\n" * 150_000
        compressor = zlib.compressobj(1, wbits=-15)
        block = compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)
        pieces, crc = 4300, 0
        for _ in range(pieces):
            crc = zlib.crc32(piece, crc)
        size = pieces * len(piece)
        self.assertGreater(size, 1 << 32)
        trailer = struct.pack("<II", crc, size % (1 << 32))
        self.path.write_bytes(gzip.compress(b"")[:10] + block * pieces + compressor.flush() + trailer)
        self.make()
        shown = self.shown()
        self.assertEqual((shown["decompressed_bytes"], shown["lines"]), (size, pieces * 150_000))
        last = shown["points"][-1]
        self.assertGreater(last["decompressed"], 1 << 32)
        self.assertEqual(last["line"], last["decompressed"] // 7 + 1)
        found = tool("gztool", "-v", 0, "-W", "-I", self.index, "-b", size - 7 * 1000, self.path)
        self.assertEqual(found, b"a line\n" * 1000)

    def test_indexes_of_gztool_are_read(self):
        for name, options, version, has_lines in (
            ("lines", ["-x"], 1, True),
            ("lines of old Macs", ["-X"], 1, False),
            ("no lines", ["-z"], 0, False),
        ):
            for kind in ("gzip -6", "three members", "no last line end", "nothing"):
                with self.subTest(name, kind=kind):
                    content, text = kinds()[kind]
                    self.path.write_bytes(content)
                    tool("gztool", "-f", "-s", 1, *options, "-i", "-I", self.index, self.path)
                    shown = self.shown()
                    self.assertEqual((shown["format"], shown["version"], shown["proof"]), ("gztool", version, "none"))
                    self.assertEqual(shown["lines"] is not None, has_lines)
                    self.assertGreater(len(shown["points"]), 5 if text else 0)
                    self.require_points(shown, text)
                    self.require_used(text)

    def indexed_gzip(self, spacing=1 << 20):
        with indexed_gzip.IndexedGzipFile(str(self.path), spacing=spacing) as file:
            file.build_full_index()
            file.export_index(str(self.index))

    def version_0(self, content):
        """The same index in the format of indexed_gzip before it told which points have a window."""
        magic, _, rest = content[:5], content[5], content[6:35]
        (count,) = struct.unpack("<I", content[31:35])
        points = [content[35 + 18 * number :][:18] for number in range(count)]
        self.assertEqual([point[17] for point in points], [0] + [1] * (count - 1))
        return magic + b"\0" + rest + b"".join(point[:17] for point in points) + content[35 + 18 * count :]

    def test_indexes_of_indexed_gzip_are_read(self):
        for kind in ("gzip -6", "three members", "no last line end"):
            with self.subTest(kind):
                content, text = kinds()[kind]
                self.path.write_bytes(content)
                self.indexed_gzip()
                shown = self.shown()
                self.assertEqual((shown["format"], shown["version"]), ("indexed_gzip", 1))
                self.assertEqual((shown["compressed_bytes"], shown["lines"]), (len(content), None))
                self.assertGreater(len(shown["points"]), 5)
                self.require_points(shown, text)
                self.require_used(text)
                if kind == "three members":
                    continue
                old = self.version_0(self.index.read_bytes())
                self.index.write_bytes(old)
                self.assertEqual(self.shown()["points"], shown["points"])
                with indexed_gzip.IndexedGzipFile(str(self.path), index_file=str(self.index)) as file:  # ours is right
                    file.seek(len(text) // 2)
                    self.assertEqual(file.read(100), text[len(text) // 2 :][:100])

    def states(self):
        return [(path.stat().st_ino, path.stat().st_mtime_ns) for path in (self.index, self.sum)]

    def test_an_index_that_is_there_and_right_is_left_alone(self):
        self.path.write_bytes(gzip.compress(TEXT, 1))
        first = self.make()
        words = r"log\.json\.gz: [\d,]+ points in .*\.gzi, .*% of the gzip\), 120,000 lines, [\d.]+ s\n$"
        self.assertRegex(first, words)
        before = self.states()
        self.assertIn("has its index, ", self.make())
        self.assertEqual(before, self.states())

    def test_an_index_that_is_not_right_is_made_again(self):
        self.path.write_bytes(gzip.compress(TEXT, 1))
        self.make()
        good, good_sum = self.index.read_bytes(), self.sum.read_bytes()
        bad_window = bytearray(good)
        bad_window[self.index_offset_of_a_window()] ^= 1
        for name, index, total in (
            ("truncated", good[:1000], good_sum),
            ("empty", b"", good_sum),
            ("a window", bytes(bad_window), good_sum),
            ("without a sum", good, None),
            ("a damaged sum", good, good_sum[:-3]),
        ):
            with self.subTest(name):
                self.index.write_bytes(index)
                self.sum.unlink()
                if total is not None:
                    self.sum.write_bytes(total)
                self.assertIn(" points in ", self.make())
                self.assertEqual((self.index.read_bytes(), self.sum.read_bytes()), (good, good_sum))

    def index_offset_of_a_window(self):
        return 36 + 24 + 8 + 24 + 100  # header, first point, second point

    def test_an_index_of_another_file_is_refused_and_made_again(self):
        self.path.write_bytes(gzip.compress(TEXT, 1))
        self.make()
        self.path.write_bytes(gzip.compress(TEXT + b"x\n"))
        error = self.refusal(self.path, "--show")
        self.assertIn("is not the file that it was made of; make it again with `chatload index`", error)
        self.assertIn(" points in ", self.make())
        self.assertEqual(self.shown()["lines"], 120_001)

    def test_what_is_no_index_is_left_alone(self):
        self.path.write_bytes(tool("bgzip", "-c", data=TEXT))
        tool("bgzip", "-r", self.path)
        bgzips = self.index.read_bytes()
        self.assertIn("is bgzip's index, not a seek index", self.refusal(self.path))
        self.assertEqual(self.index.read_bytes(), bgzips)
        folder = self.folder / "indexes"
        folder.mkdir()
        self.make("--index-dir", folder)
        self.assertTrue((folder / "log.json.gz.gzi").exists())
        self.index.write_text("a text that somebody keeps here\n")
        self.assertIn("is no seek index", self.refusal(self.path))
        self.assertEqual(self.index.read_text(), "a text that somebody keeps here\n")

    def test_what_has_no_index_is_named_and_nothing_is_left(self):
        self.path.write_bytes(gzip.compress(TEXT, 1))
        content = self.path.read_bytes()
        plain, pipe = self.folder / "plain.json", self.folder / "pipe"
        plain.write_bytes(TEXT)
        os.mkfifo(pipe)
        names = set(os.listdir(self.folder))
        for path, words in (
            (self.folder / "none.gz", "there is no such file"),
            (plain, "is not gzip"),
            (pipe, "is no regular file"),
            (self.folder, "is a directory"),
            ("-", "Standard input is no regular file"),
        ):
            with self.subTest(words):
                self.assertIn(words, self.refusal(path))
        self.path.write_bytes(content[: len(content) // 2])
        self.assertIn("is truncated: it ends at compressed byte", self.refusal(self.path))
        damaged = bytearray(content)
        damaged[len(content) - 6] ^= 1
        self.path.write_bytes(damaged)
        self.assertIn("the CRC-32 of its data is", self.refusal(self.path))
        self.assertIn("has no seek index", self.refusal(self.path, "--show"))
        self.assertEqual(set(os.listdir(self.folder)), names)

    def test_one_bad_input_does_not_stop_the_others(self):
        self.path.write_bytes(gzip.compress(TEXT, 1))
        run = self.chatload(self.folder / "none.gz", self.path)
        self.assertEqual(run.exit_code, 3)
        self.assertTrue(self.index.exists())

    def test_a_signal_ends_it_with_4_and_nothing_is_left(self):
        fifth = gzip.compress(TEXT, 1)
        self.path.write_bytes(fifth * 60)
        words = [support.CHATLOAD, "index", self.path]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while len(os.listdir(self.folder)) == 1 and time.monotonic() < deadline:
            os.sched_yield()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate()
        self.assertEqual(process.returncode, 4, log)
        self.assertEqual(os.listdir(self.folder), [self.path.name])

    def test_wrong_usage(self):
        self.path.write_bytes(gzip.compress(TEXT[:1000]))
        other = self.folder / "other"
        other.mkdir()
        (other / self.path.name).write_bytes(self.path.read_bytes())
        for words, part in (
            ([], "Name at least one INPUT"),
            ([self.path, "--format", "json"], "--format needs --show"),
            ([self.path, "--index-dir", self.folder / "none"], "--index-dir takes a folder that is there"),
            ([self.path, other / self.path.name, "--index-dir", other], "would have one index"),
        ):
            with self.subTest(part):
                run = self.chatload(*words)
                self.assertEqual(run.exit_code, 64)
                self.assertIn(part, run.stderr)

    def test_a_check_or_a_copy_saves_the_index_that_index_makes(self):
        self.path.write_bytes(gzip.compress("".join(f"{support.chat_line(n)}\n" for n in range(60_000)).encode(), 6, mtime=0))
        self.make()
        made = [pathlib.Path(f"{self.path}.gzi{end}").read_bytes() for end in ("", ".sum")]
        folder = self.folder / "indexes"
        folder.mkdir()
        for words in (["check"], ["copy", "-o", self.folder / "out.json.gz", "--keep-rejected"]):
            with self.subTest(words[0]):
                for path in folder.iterdir():
                    path.unlink()
                saved = [folder / f"{self.path.name}.gzi{end}" for end in ("", ".sum")]
                done = support.run_chatload(*words, self.path, "--save-index", "--index-dir", folder)
                self.assertEqual(done.exit_code, 0, done.stderr)
                self.assertEqual([path.read_bytes() for path in saved], made)
                stamps = [path.stat().st_mtime_ns for path in saved]
                support.run_chatload(*words, self.path, "--save-index", "--index-dir", folder)
                self.assertEqual([path.stat().st_mtime_ns for path in saved], stamps)

    def test_no_index_is_saved_of_plain_text_a_pipe_or_a_damaged_file(self):
        plain = self.folder / "plain.json"
        plain.write_bytes(SMALL)
        cut = self.folder / "cut.json.gz"
        cut.write_bytes(gzip.compress(SMALL)[:-1])
        support.run_chatload("check", plain, cut, "--save-index")
        subprocess.run([support.CHATLOAD, "check", "-", "--save-index"], input=gzip.compress(SMALL), capture_output=True)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["cut.json.gz", "plain.json"])

    def test_files_that_would_have_one_index_are_refused(self):
        for name in ("a", "b"):
            (self.folder / name).mkdir()
            (self.folder / name / "log.json.gz").write_bytes(gzip.compress(SMALL))
        words = ("check", *sorted(self.folder.glob("?/log.json.gz")), "--save-index")
        run = support.run_chatload(*words, "--index-dir", self.folder)
        self.assertEqual(run.exit_code, 64)
        self.assertIn("would have one index", run.stderr)

    def test_the_table_for_people(self):
        self.path.write_bytes(gzip.compress(TEXT, 1))
        self.make()
        run = self.chatload(self.path, "--show")
        head, counts, columns, first, *_ = run.stdout.splitlines()
        self.assertTrue(head.endswith("log.json.gz.gzi: format of gztool, version 1, proven by its sum"))
        self.assertIn("120,000 lines", counts)
        self.assertEqual(columns.split(), ["POINT", "COMPRESSED", "BITS", "DECOMPRESSED", "LINE", "WINDOW"])
        self.assertEqual(first.split(), ["1", "10", "0", "0", "1", "0"])


if __name__ == "__main__":
    unittest.main()
