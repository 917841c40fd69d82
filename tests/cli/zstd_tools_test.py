"""What the zstd tools of the field write is read as the oracle reads it, and they read what `chatload copy` writes."""

import gzip
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

COUNTS = ("lines", "valid", "blank", "rejected", "rejects_by_reason")


def output_of(*words, stdin):
    return subprocess.run(words, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def zstd(text, *words):
    return output_of("zstd", "-qc", *words, stdin=text)


def skippable(content, kind=0):
    return struct.pack("<II", 0x184D2A50 + kind, len(content)) + content


def frames_of(text, frame_bytes, *words):
    return [zstd(text[at : at + frame_bytes], *words) for at in range(0, len(text), frame_bytes)]


def seekable(text, frame_bytes):
    """As the seekable format's own writer makes it, with checksums in its table, which are zeros here."""
    frames = frames_of(text, frame_bytes, "--no-check")
    sizes = [len(text[at : at + frame_bytes]) for at in range(0, len(text), frame_bytes)]
    entries = b"".join(struct.pack("<III", len(frame), size, 0) for frame, size in zip(frames, sizes))
    return b"".join(frames) + skippable(entries + struct.pack("<IBI", len(frames), 0x80, 0x8F92EAB1), 0xE)


def lines(count):
    return b"".join(support.chat_line(number).encode() + b"\n" for number in range(count))


class ZstdCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "log.json.zst"

    def check(self, *words, **options):
        run = support.run_chatload("check", *words, **options)
        self.assertIsNotNone(run.summary, run.stderr)
        return run


class ReadTest(ZstdCase):
    def made_by_tools(self, text):
        """(name, zstd, whether it lacks checksums) of each way to compress the text."""
        plain = self.folder / "plain.json"
        plain.write_bytes(text)
        for words in (["-1"], ["-19"], ["-3", "--no-check"], ["--ultra", "-22"], ["-T2"], ["--adapt"], ["--long=27"]):
            yield " ".join(words), zstd(text, *words), "--no-check" in words
        yield "--long=31 of a file", output_of("zstd", "-qc", "--long=31", plain, stdin=b""), False
        yield "pzstd", output_of("pzstd", "-qc", "-p", "2", stdin=text), False
        yield "pzstd of a file", output_of("pzstd", "-qc", "-p", "2", "-19", plain, stdin=b""), False
        yield "cat", b"".join(frames_of(text, 1_000_001)), False
        yield "cat with empty frames", zstd(b"") + b"".join(frames_of(text, 700_000)) + zstd(b""), False
        yield "skippable frames", skippable(b"") + zstd(text) + skippable(bytes(300_000), 7), False
        yield "seekable", seekable(text, 200_000), True

    def test_counts_and_rejects_are_the_oracles(self):
        made = support.generate(self.folder / "log.json.gz", lines=6_000, malformed=2)
        text = gzip.decompress(made.read_bytes())
        expected = oracle.apply([made]).counts()
        self.assertGreater(expected["rejected"], 20)
        for name, compressed, lacks_checksum in self.made_by_tools(text):
            self.path.write_bytes(compressed)
            for threads, range_size in ((1, "1M"), (3, "16K")):
                with self.subTest(name, threads=threads, range_size=range_size):
                    memory = "512M" if name in ("--ultra -22", "--long=27") else "256M"
                    run = self.check(self.path, "--threads", threads, "--range-size", range_size, "--memory", memory)
                    for count in COUNTS:
                        self.assertEqual(run.summary[count], expected[count], count)
                    self.assertEqual(run.summary["bytes_compressed"], len(compressed))
                    self.assertEqual(run.stderr.count("have no checksum"), 1 if lacks_checksum else 0, run.stderr)

    def test_a_pipe_is_read_as_its_file(self):
        done = subprocess.run([support.CHATLOAD, "check", "-", "--threads", "2", "--progress", "none"],
                              input=b"".join(frames_of(lines(50_000), 1 << 20)), capture_output=True)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"50,000  valid", done.stdout)

    def most_threads(self, compressed, enough=0):
        """Of a check that has got all but the end of its input: as many as there are, or enough."""
        words = [support.CHATLOAD, "check", "-", "--threads", "4", "--progress", "none"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            process.stdin.write(compressed[:-1000])
            process.stdin.flush()
            count = lambda: len(os.listdir(f"/proc/{process.pid}/task"))
            most = count()
            deadline = time.monotonic() + 60
            while most < enough and time.monotonic() < deadline:
                most = max(most, count())
            process.stdin.write(compressed[-1000:])
            process.stdin.close()
            self.assertEqual(process.wait(), 0)
        return most

    def test_frames_are_decompressed_by_threads_of_their_own(self):
        text = lines(100_000)
        enough = self.most_threads(zstd(text)) + 2
        self.assertGreaterEqual(self.most_threads(b"".join(frames_of(text, 1 << 20)), enough), enough)

    def test_damage_is_reported_with_the_same_words_by_any_number_of_threads(self):
        compressed = bytearray(b"".join(frames_of(lines(50_000), 200_000)))
        compressed[len(compressed) * 2 // 3] ^= 4
        for damaged in (compressed, compressed[: len(compressed) // 2]):
            self.path.write_bytes(damaged)
            runs = [self.check(self.path, "--threads", threads, "--range-size", "64K") for threads in (1, 2, 5)]
            errors = [re.findall("error: (.*compressed byte.*)", run.stderr) for run in runs]
            self.assertRegex(errors[0][0], "the zstd frame that begins at compressed byte")
            for run, error in zip(runs, errors):
                self.assertEqual(run.exit_code, 3)
                self.assertEqual(run.summary["lines"], runs[0].summary["lines"])
                self.assertEqual(error, errors[0])

    def test_a_window_that_memory_does_not_hold_is_named_with_what_does(self):
        self.path.write_bytes(zstd(lines(1000), "--long=31"))
        for words in ([], ["--threads", "1"], ["--memory", "200M"]):
            run = self.check(self.path, *words)
            self.assertEqual(run.exit_code, 3)
            self.assertEqual(run.summary["lines"], 0)
            self.assertRegex(run.stderr, r"log.json.zst needs a window of 2 GiB .*: give --memory \d+M\n")
            memory = run.stderr.partition("give --memory ")[2].split()[0]
            run = self.check(self.path, *words[:0 if "--memory" in words else None], "--memory", memory)
            self.assertEqual(run.exit_code, 0, run.stderr)
            self.assertEqual(run.summary["valid"], 1000)
        run = support.run_chatload("guess", self.path)
        self.assertEqual(run.exit_code, 3)
        memory = run.stderr.partition("give --memory ")[2].split()[0]
        self.assertEqual(support.run_chatload("guess", self.path, "--memory", memory).exit_code, 0)

    def test_what_is_no_zstd_is_said(self):
        self.path.write_bytes(b"any text\n")
        self.assertIn("log.json.zst is not zstd, although its name ends in .zst", self.check(self.path).stderr)
        self.path.write_bytes(gzip.compress(zstd(lines(10))))
        self.assertIn("is zstd inside gzip", self.check(self.path).stderr)
        self.path.write_bytes(zstd(gzip.compress(lines(10))))
        run = self.check(self.path)
        self.assertIn("is gzip inside zstd", run.stderr)
        command = re.search("Convert it with `(.*?) \\| gzip > lines.json.gz`", run.stderr)[1]
        self.assertEqual(subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout, lines(10))

    def test_a_dictionary_is_named_with_the_command_that_helps(self):
        samples = [self.folder / f"sample-{number}" for number in range(200)]
        for number, sample in enumerate(samples):
            sample.write_bytes(lines(3 + number)[-200:])
        dictionary = self.folder / "dictionary"
        subprocess.run(["zstd", "-q", "--train", *samples, "--maxdict=2000", "-o", dictionary], check=True, capture_output=True)
        self.path.write_bytes(zstd(lines(10), "-D", dictionary))
        run = self.check(self.path)
        self.assertEqual(run.exit_code, 3)
        self.assertRegex(run.stderr, r"needs the zstd dictionary \d+ .*`zstd -dc -D DICTIONARY`")

    def test_what_a_mapping_looks_up_may_be_zstd(self):
        (self.folder / "regions.csv.zst").write_bytes(zstd(b"code,name\na,North\n"))
        mapping = self.folder / "mapping.toml"
        mapping.write_text(
            'table = "t"\nprimary_key = ["id"]\n[[column]]\nname = "id"\nsql = "INT NOT NULL"\n[[column]]\nname = "region"\n'
            'sql = "VARCHAR(9)"\nlookup = "regions.name"\n[[lookup]]\nname = "regions"\nkey = "code"\n'
            'file = "regions.csv.zst"\n'
        )
        self.path.write_bytes(zstd(b'{"id":1,"region":"a"}\n{"id":2,"region":"b"}\n'))
        run = self.check(self.path, "--mapping", mapping)
        self.assertEqual((run.summary["valid"], run.summary["rejects_by_reason"]["lookup_missing"]), (1, 1), run.stderr)

    def test_there_is_no_seek_index(self):
        self.path.write_bytes(zstd(lines(10)))
        run = support.run_chatload("index", self.path)
        self.assertEqual(run.exit_code, 3)
        self.assertIn("log.json.zst is zstd, which has no seek index", run.stderr)
        run = self.check(self.path, "--save-index")
        self.assertEqual(run.exit_code, 0)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["log.json.zst"])


class CopyTest(ZstdCase):
    def setUp(self):
        super().setUp()
        self.source = self.folder / "in.json"
        self.source.write_bytes(lines(40_000))

    def copy(self, *words, out=None):
        run = support.run_chatload("copy", self.source, "-o", out or self.path, *words)
        self.assertEqual(run.exit_code, 0, run.stderr)
        return run

    def test_the_tools_read_the_copy_byte_for_byte(self):
        for level in (1, 3, 19):
            run = self.copy("--level", level)
            self.assertEqual(run.summary["bytes_written"], self.path.stat().st_size)
            for words in (["zstd", "-qdc"], ["pzstd", "-qdc"]):
                self.assertEqual(output_of(*words, self.path, stdin=b""), self.source.read_bytes(), (words, level))
            listed = output_of("zstd", "-lv", self.path, stdin=b"").decode()
            self.assertRegex(listed, rf"Decompressed Size: .*\({self.source.stat().st_size} B\)")
            self.assertRegex(listed, "Check: XXH64")
            self.assertEqual(self.check(self.path, "--threads", "2").summary["valid"], 40_000)

    def test_the_copy_ends_in_a_seek_table_of_its_frames(self):
        self.copy()
        data = self.path.read_bytes()
        count, descriptor, magic = struct.unpack("<IBI", data[-9:])
        self.assertEqual((descriptor, magic), (0, 0x8F92EAB1))
        entries = list(struct.iter_unpack("<II", data[-9 - 8 * count : -9]))
        at, text = 0, b""
        for frame_bytes, text_bytes in entries:
            text += output_of("zstd", "-qdc", stdin=data[at : at + frame_bytes])
            at += frame_bytes
            self.assertLessEqual(text_bytes, 1 << 20)
        self.assertEqual(text, self.source.read_bytes())
        self.assertGreater(count, 4)

    def test_the_copy_depends_neither_on_threads_nor_on_memory(self):
        self.copy("--threads", 1)
        one = self.path.read_bytes()
        for words in (["--threads", 2], ["--threads", 5], ["--threads", 3, "--memory", "200M", "--range-size", "64K"]):
            self.copy(*words)
            self.assertEqual(self.path.read_bytes(), one, words)

    def test_split_names_and_rejects_may_be_zstd(self):
        with open(self.source, "ab") as file:
            file.write(b"no json\n")
        rejects = self.folder / "rejects.json.zst"
        run = support.run_chatload("copy", self.source, "--split", 2, "-o", self.path, "--rejects", rejects)
        self.assertEqual(run.exit_code, 1, run.stderr)
        parts = [self.folder / f"log-{number}.json.zst" for number in (1, 2)]
        text = b"".join(output_of("zstd", "-qdc", part, stdin=b"") for part in parts)
        self.assertEqual(text + b"no json\n", self.source.read_bytes())
        self.assertIn(b'"raw":"no json"', output_of("zstd", "-qdc", rejects, stdin=b""))

    def test_no_lines_are_a_file_of_no_lines(self):
        self.copy("--type", "nothing")
        self.assertEqual(output_of("zstd", "-qdc", self.path, stdin=b""), b"")

    def test_members_are_for_gzip(self):
        run = support.run_chatload("copy", self.source, "-o", self.path, "--members", "bgzf")
        self.assertEqual(run.exit_code, 64)
        self.assertIn("--members is for gzip", run.stderr)


if __name__ == "__main__":
    unittest.main()
