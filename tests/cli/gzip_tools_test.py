"""What the gzip tools of the field write is read as the oracle reads it, whatever the threads and the ranges."""

import gzip
import io
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support

COUNTS = ("lines", "valid", "blank", "rejected", "rejects_by_reason")


def output_of(*words, stdin):
    return subprocess.run(words, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def announced_members(text, member_bytes, extra_of, name=b""):
    """Members as Python's and Java's parallel writers make them; extra_of: (header bytes, data bytes) → FEXTRA."""
    out = io.BytesIO()
    for begin in range(0, len(text), member_bytes):
        part = text[begin : begin + member_bytes]
        deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = deflate.compress(part) + deflate.flush()
        extra = extra_of(20 + len(name), len(data))
        out.write(struct.pack("<4BI2BH", 0x1F, 0x8B, 8, 12 if name else 4, 0, 2, 0, len(extra)) + extra + name)
        out.write(data + struct.pack("<II", zlib.crc32(part), len(part)))
    return out.getvalue()


def migz(text, member_bytes=512 << 10):
    return announced_members(text, member_bytes, lambda header, data: struct.pack("<2sHI", b"MZ", 4, data))


def pgzip(text, member_bytes=300_000):
    return announced_members(
        text, member_bytes, lambda header, data: struct.pack("<2sHI", b"IG", 4, header + data + 8), b"log\0"
    )


def made_by_tools(text):
    """(name, gzip) of each way to compress the text."""
    bgzf = output_of("bgzip", "-c", stdin=text)
    yield "bgzip", bgzf
    yield "bgzip, level 0", output_of("bgzip", "-c", "-l", "0", stdin=text)
    yield "two of bgzip", output_of("bgzip", "-c", stdin=text[:1_000_001]) + output_of(
        "bgzip", "-c", stdin=text[1_000_001:]
    )
    yield "bgzip and zeros", bgzf + bytes(10_240)
    yield "bgzip, then gzip", output_of("bgzip", "-c", stdin=text[:2_000_000]) + gzip.compress(text[2_000_000:])
    for words in (("gzip", "-1"), ("gzip", "-9"), ("pigz", "-c"), ("pigz", "-c", "-i"), ("pigz", "-c", "-0")):
        yield " ".join(words), output_of(*words, stdin=text)
    yield "MiGz", migz(text)
    yield "MiGz, small members", migz(text, 999)
    yield "pgzip", pgzip(text)
    yield "pgzip, members of 4 MiB", pgzip(text, 4 << 20)


class GzipToolsTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def check(self, path, threads, range_size):
        run = support.run_chatload("check", path, "--threads", threads, "--range-size", range_size)
        self.assertIsNotNone(run.summary, run.stderr)
        return run

    def assert_as_expected(self, path, expected, threads, range_size):
        run = self.check(path, threads, range_size)
        for name in COUNTS:
            self.assertEqual(run.summary[name], expected[name], name)
        self.assertEqual(run.summary["bytes_compressed"], path.stat().st_size)

    def test_counts_and_rejects_are_the_oracles(self):
        plain = support.generate(self.folder / "log.json", lines=30_000, malformed=2)
        text = gzip.decompress(plain.read_bytes()) if plain.read_bytes()[:2] == b"\x1f\x8b" else plain.read_bytes()
        plain.write_bytes(text)
        expected = oracle.apply([plain]).counts()
        self.assertGreater(expected["rejected"], 100)
        path = self.folder / "log.json.gz"
        for number, (name, compressed) in enumerate(made_by_tools(text)):
            path.write_bytes(compressed)
            for threads, range_size in ((1, "1M"), (2, "4M"), (3, "64K"), (1 + number % 8, "4K")):
                with self.subTest(name, threads=threads, range_size=range_size):
                    self.assert_as_expected(path, expected, threads, range_size)

    def test_zopflis_file_is_read(self):
        plain = self.folder / "log.json"
        plain.write_bytes(b"".join(support.chat_line(number).encode() + b"\n" for number in range(3000)))
        subprocess.run(["zopfli", "--i1", plain], check=True)
        for threads in (1, 2):
            self.assert_as_expected(pathlib.Path(f"{plain}.gz"), oracle.apply([plain]).counts(), threads, "4K")

    def test_a_pipe_is_read_as_its_file(self):
        text = b"".join(support.chat_line(number).encode() + b"\n" for number in range(50_000))
        compressed = output_of("bgzip", "-c", stdin=text)
        done = subprocess.run([support.CHATLOAD, "check", "-", "--threads", "2", "--progress", "none"],
                              input=compressed, capture_output=True)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"50,000  valid", done.stdout)

    def most_threads(self, compressed, enough=None):
        """Of a check that has got all but the end of its input: as many as there ever are, or enough."""
        words = [support.CHATLOAD, "check", "-", "--threads", "4", "--progress", "none"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            most = 0
            count = lambda: max(most, len(os.listdir(f"/proc/{process.pid}/task")))
            for begin in range(0, len(compressed) - 1000, 1 << 16):
                process.stdin.write(compressed[begin : min(begin + (1 << 16), len(compressed) - 1000)])
                most = count()
            deadline = time.monotonic() + 60
            while enough is not None and most < enough and time.monotonic() < deadline:
                most = count()
            process.stdin.write(compressed[len(compressed) - 1000 :])
            process.stdin.close()
            self.assertEqual(process.wait(), 0)
        return most

    def test_members_that_announce_their_size_are_inflated_by_threads_of_their_own(self):
        text = b"".join(support.chat_line(number).encode() + b"\n" for number in range(100_000))
        one_member = self.most_threads(output_of("pigz", "-c", stdin=text))
        self.assertGreaterEqual(self.most_threads(output_of("bgzip", "-c", stdin=text), one_member + 2), one_member + 2)

    def test_damage_is_reported_with_the_same_words_by_any_number_of_threads(self):
        text = b"".join(support.chat_line(number).encode() + b"\n" for number in range(50_000))
        compressed = bytearray(output_of("bgzip", "-c", stdin=text))
        compressed[len(compressed) * 2 // 3] ^= 4
        path = self.folder / "log.json.gz"
        for damaged in (compressed, compressed[: len(compressed) // 2]):
            path.write_bytes(damaged)
            runs = [self.check(path, threads, "64K") for threads in (1, 2, 5)]
            for run in runs:
                self.assertEqual(run.exit_code, 3)
                self.assertIn("in the gzip member that begins at compressed byte" if damaged is compressed else
                              "of the gzip member that begins at compressed byte", run.stderr)  # fmt: skip
                self.assertEqual(run.summary["lines"], runs[0].summary["lines"])
                errors = [line.split("error: ")[-1] for line in run.stderr.splitlines() if "compressed byte" in line]
                first = [line.split("error: ")[-1] for line in runs[0].stderr.splitlines() if "compressed byte" in line]
                self.assertEqual(errors, first)


if __name__ == "__main__":
    unittest.main()
