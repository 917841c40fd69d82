# ctest: long
"""`chatload copy` against the oracle, which says what each line is, and against the programs that read gzip."""

import gzip
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support
from support import chat_line

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
READERS = {
    "zcat": ["zcat"],
    "pigz": ["pigz", "-dc"],
    "bgzip": ["bgzip", "-dc"],
    "bsdcat": ["bsdcat"],
    "python": [sys.executable, "-c", "import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())"],
}


class EveryType:
    def __contains__(self, _):
        return True


def line_filter(types=(), **others):
    made = oracle.Filter(types, **others)
    if not types:
        made.types = EveryType()
    return made


def kept_of(line, wanted, keeps_rejected, line_bytes_max):
    """What is copied of a line, with its end."""
    raw = oracle.without_line_end(line)
    lead = oracle.LEAD.match(raw).end()
    raw = raw[lead:]
    rejected = line if keeps_rejected else b""
    if len(raw) > line_bytes_max or not raw.strip(b" \t\r\n\v\f"):
        return rejected
    try:
        passes = oracle.row_of(raw, wanted) is not None
    except oracle.Reject:
        return rejected
    if not passes:
        return b""
    return line if keeps_rejected else line[lead:]


def expected(paths, wanted=None, keeps_rejected=False, line_bytes_max=oracle.LINE_BYTES_MAX):
    text = bytearray()
    for path in paths:
        with oracle.open_input(path) as file:
            for line in file:
                kept = kept_of(line, wanted or line_filter(), keeps_rejected, line_bytes_max)
                if kept and text and not text.endswith(b"\n"):
                    text += b"\n"
                text += kept
    return bytes(text)


def text_of(path):
    with gzip.open(path) as file:
        return file.read()


def members_of(path):
    """Of a file of MiGz or BGZF members, by what they announce: (kind, bytes of text)."""
    data, at, members = path.read_bytes(), 0, []
    while at < len(data):
        kind = data[at + 12 : at + 14]
        if kind == b"MZ":
            size = 20 + struct.unpack_from("<I", data, at + 16)[0] + 8
        else:
            size = struct.unpack_from("<H", data, at + 16)[0] + 1
        members.append((kind.decode(), len(gzip.decompress(data[at : at + size]))))
        at += size
    return members


class CopyCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.out = self.folder / "out.json.gz"

    def write(self, name, *members):
        return support.write_gzip(self.folder / name, *members)

    def copy(self, *words, exit_code=0, **options):
        run = support.run_chatload("copy", *words, "-o", self.out, **options)
        self.assertEqual(run.exit_code, exit_code, run.stderr)
        return run

    def assert_no_output(self):
        self.assertEqual([path.name for path in self.folder.iterdir() if "out" in path.name], [])

    def log(self, name="log.json.gz", lines=20_000, **options):
        return support.generate(self.folder / name, lines=lines, **options)


class TextTest(CopyCase):
    def test_valid_lines_pass_and_the_others_are_counted(self):
        path = self.log()
        run = self.copy(path, exit_code=1)
        self.assertEqual(text_of(self.out), expected([path]))
        counts = oracle.apply([path], line_filter()).counts()
        for key in ("lines", "valid", "filtered", "rejected", "blank", "rejects_by_reason"):
            self.assertEqual(run.summary[key], counts[key], key)
        self.assertEqual(run.summary["command"], "copy")
        self.assertEqual(run.summary["files_written"], 1)
        self.assertEqual(run.summary["bytes_written"], self.out.stat().st_size)
        self.assertRegex(run.stdout, r"copy done: .*\n(.*\n)+.* written, ")

    def test_with_rejected_lines_the_text_is_the_inputs(self):
        path = self.log()
        run = self.copy(path, "--keep-rejected")
        self.assertGreater(run.summary["rejected"], 0)
        self.assertGreater(run.summary["blank"], 0)
        self.assertEqual(text_of(self.out), text_of(path))

    def test_filters(self):
        path = self.log()
        since, until = 1479816100, 1479825000
        for words, wanted in (
            (["--type", "message"], line_filter(["message"])),
            (["--type", "join", "--type", "status"], line_filter(["join", "status"])),
            (["--site", "1", "--site", "3"], line_filter(sites=["1", "3"])),
            (["--since", since, "--until", until], line_filter(since=since, until=until)),
            (["--type", "status", "--site", "2", "--since", since], line_filter(["status"], sites=["2"], since=since)),
        ):
            for keeps in (False, True):
                with self.subTest(words, keeps=keeps):
                    run = self.copy(path, *words, *["--keep-rejected"] * keeps, exit_code=0 if keeps else 1)
                    self.assertEqual(text_of(self.out), expected([path], wanted, keeps))
                    self.assertGreater(run.summary["filtered"], 0)

    def test_neither_threads_nor_ranges_nor_memory_change_a_byte(self):
        path = self.log()
        for members in ("migz", "bgzf"):
            written = set()
            for words in (["--threads", 1], ["--threads", 5], ["--range-size", "4K"], ["--memory", "96M"]):
                self.copy(path, "--members", members, *words, exit_code=1)
                written.add(self.out.read_bytes())
            self.assertEqual(len(written), 1)

    def test_line_ends_pass_as_they_are(self):
        lines = [chat_line(0) + "\r\n", chat_line(1) + "\n", "\r\n", "{bad\r\n", chat_line(2) + "\r\n", chat_line(3)]
        path = self.write("log.json.gz", "".join(lines).encode())
        self.copy(path, exit_code=1)
        self.assertEqual(text_of(self.out).decode(), "".join(lines[:2] + lines[4:]))
        self.copy(path, "--keep-rejected")
        self.assertEqual(text_of(self.out).decode(), "".join(lines))

    def test_a_last_line_without_newline_gets_one_where_another_line_follows(self):
        one = self.write("1.json.gz", f"{chat_line(0)}\n{chat_line(1)}".encode())
        two = self.write("2.json.gz", b"\n{bad")
        three = self.write("3.json.gz", chat_line(2).encode())
        self.copy(one, two, three, exit_code=2)  # no line of the second is valid
        self.copy(one, three)
        self.assertEqual(text_of(self.out).decode().split("\n"), [chat_line(0), chat_line(1), chat_line(2)])
        self.copy(one, two, three, "--keep-rejected")
        self.assertEqual(text_of(self.out).decode().split("\n"), [chat_line(0), chat_line(1), "", "{bad", chat_line(2)])

    def test_what_stands_in_front_of_a_line_is_left_out_unless_all_is_kept(self):
        bom = "\ufeff"
        text = f"{bom}{chat_line(0)}\n\0\0\0{chat_line(1)}\n{chat_line(2)}\n{bom}\0{chat_line(3, type='join')}\n"
        path = self.write("log.json.gz", text.encode())
        self.copy(path)
        self.assertEqual(text_of(self.out).decode(), text.replace(bom, "").replace("\0", ""))
        self.copy(path, "--keep-rejected")
        self.assertEqual(text_of(self.out).decode(), text)
        self.copy(path, "--keep-rejected", "--type", "message")
        self.assertEqual(text_of(self.out).decode(), text[: text.rindex(bom)])

    def test_inputs_follow_one_another_as_often_as_they_are_named(self):
        first, second = self.log("a.json.gz", 2000), self.log("b.json.gz", 3000, seed=2)
        for seed in (9, 10):
            self.log(f"glob-{seed}.json.gz", 1000, seed=seed)
        plain = self.folder / "plain.json"
        plain.write_bytes(text_of(second))
        globbed = [self.folder / "glob-9.json.gz", self.folder / "glob-10.json.gz"]
        with open(first, "rb") as file:
            run = self.copy(second, plain, self.folder / "glob-*.gz", "-", second, exit_code=1, stdin=file)
        paths = [second, plain, *globbed, first, second]
        self.assertEqual(text_of(self.out), expected(paths))
        self.assertEqual({one["status"] for one in run.summary["inputs"]}, {"done"})

    def test_an_empty_copy_is_a_gzip(self):
        path = self.write("log.json.gz", f"{chat_line(0)}\n".encode())
        for members in ("migz", "bgzf", "plain"):
            self.copy(path, "--type", "nothing", "--members", members)
            self.assertEqual(text_of(self.out), b"")
        nothing = self.write("nothing.json.gz", b"")
        self.copy(nothing, "--keep-rejected")
        self.assertEqual(text_of(self.out), b"")

    def test_lines_of_which_none_is_valid_pass_where_rejected_lines_are_kept(self):
        path = self.write("log.json.gz", b"{bad\n" * 20_000)
        self.copy(path, exit_code=2)
        self.assert_no_output()
        self.copy(path, "--keep-rejected")
        self.assertEqual(text_of(self.out), text_of(path))

    def test_rejected_lines_are_in_the_file_of_rejects(self):
        path = self.log()
        rejects = self.folder / "rejects.json.gz"
        run = self.copy(path, "--rejects", rejects, exit_code=1)
        records = [json.loads(line) for line in text_of(rejects).splitlines()]
        self.assertEqual(len(records), run.summary["rejected"])


class LongLineTest(CopyCase):
    def test_line_over_max_line_is_left_out_or_ends_the_copy(self):
        for size, name in ((2000, "held"), (100_000, "cut")):
            long_line = chat_line(1, data={"message": "m" * size})
            path = self.write(f"{name}.json.gz", f"{chat_line(0)}\n{long_line}\n{chat_line(2)}\n".encode())
            words = [path, "--max-line", "1K", "--range-size", "4K"]
            self.copy(*words, exit_code=1)
            self.assertEqual(text_of(self.out), expected([path], line_bytes_max=1024))
            self.out.unlink()
            run = self.copy(*words, "--keep-rejected", exit_code=3)
            self.assertIn(f"{path}: line 2 is longer than --max-line", run.stderr)
            self.assertEqual(run.summary["status"], "failed")
            self.assert_no_output()

    def test_a_long_lead_is_no_part_of_a_line_and_cannot_be_kept(self):
        path = self.write("log.json.gz", f"{chat_line(0)}\n".encode() + bytes(100_000) + f"{chat_line(1)}\n".encode())
        words = [path, "--max-line", "1K", "--range-size", "4K"]
        self.copy(*words)
        self.assertEqual(text_of(self.out).decode(), f"{chat_line(0)}\n{chat_line(1)}\n")
        run = self.copy(*words, "--keep-rejected", exit_code=3)
        self.assertIn("line 2 is longer than --max-line", run.stderr)


class MembersTest(CopyCase):
    def test_every_reader_gives_the_text_whatever_the_framing_and_the_level(self):
        path = self.log(lines=30_000)
        text = expected([path])
        for members, level in (("migz", 1), ("migz", 6), ("bgzf", 1), ("bgzf", 6), ("plain", 1), ("plain", 12)):
            self.copy(path, "--members", members, "--level", level, exit_code=1)
            for name, words in READERS.items():
                with self.subTest(reader=name, members=members, level=level):
                    done = subprocess.run([*words, self.out], stdout=subprocess.PIPE, check=True)
                    self.assertEqual(done.stdout, text)
            subprocess.run(["pigz", "-t", self.out], check=True)
            self.assertTrue(self.copy_of_copy_is_the_same(text))

    def copy_of_copy_is_the_same(self, text):
        again = self.folder / "again.json.gz"
        run = support.run_chatload("copy", self.out, "-o", again)
        return run.exit_code == 0 and text_of(again) == text

    def test_migz_is_the_default_and_announces_members_of_whole_blocks(self):
        path = self.log(lines=30_000)
        self.copy(path, exit_code=1)
        members = members_of(self.out)
        self.assertEqual({kind for kind, _ in members}, {"MZ"})
        self.assertGreater(len(members), 2)
        self.assertEqual(sum(size for _, size in members), len(expected([path])))
        self.assertLessEqual(max(size for _, size in members), 4 << 20)

    def test_bgzf_is_what_samtools_family_takes(self):
        path = self.log(lines=30_000)
        self.copy(path, "--members", "bgzf", exit_code=1)
        subprocess.run(["bgzip", "-t", self.out], check=True)
        members = members_of(self.out)
        self.assertEqual({kind for kind, _ in members}, {"BC"})
        self.assertEqual([size for _, size in members[:-2]], [0xFF00] * (len(members) - 2))
        self.assertEqual(members[-1][1], 0)
        self.assertTrue(self.out.read_bytes().endswith(BGZF_END))
        # Its index leads into the middle.
        subprocess.run(["bgzip", "-r", self.out], check=True)
        words = ["bgzip", "-b", "1000000", "-s", "5000", self.out]
        part = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(part, expected([path])[1_000_000:1_005_000])

    def test_levels(self):
        path = self.log()
        sizes = {}
        for level in range(1, 13):
            self.copy(path, "--level", level, exit_code=1)
            self.assertEqual(text_of(self.out), expected([path]))
            sizes[level] = self.out.stat().st_size
        self.assertLess(sizes[6], sizes[1])
        self.assertLess(sizes[12], sizes[6])


class SplitTest(CopyCase):
    def files(self):
        found = self.folder.glob("out-*.json.gz")
        return sorted(found, key=lambda path: int(path.name.removeprefix("out-").removesuffix(".json.gz")))

    def assert_whole_lines_of(self, text):
        texts = list(map(text_of, self.files()))
        self.assertEqual(b"".join(texts), text)
        for one in texts[:-1]:
            self.assertTrue(one == b"" or one.endswith(b"\n"))
        self.assertFalse(self.out.exists())
        return texts

    def test_so_many_files_of_about_equal_parts(self):
        path = self.log(lines=30_000)
        text = expected([path])
        for count in (1, 2, 5):
            for words in ([], ["--range-size", "64K"]):
                run = self.copy(path, "--split", count, *words, exit_code=1)
                self.assertEqual(run.summary["files_written"], count)
                self.assertEqual(len(self.files()), count)
                sizes = list(map(len, self.assert_whole_lines_of(text)))
                self.assertLess(max(sizes), 1.1 * len(text) / count)
                self.assertGreater(min(sizes), 0.9 * len(text) / count)
                for file in self.files():
                    file.unlink()

    def test_parts_are_of_all_inputs(self):
        paths = [self.log(f"{seed}.json.gz", lines, seed=seed) for seed, lines in ((1, 2000), (2, 9000), (3, 5000))]
        self.copy(*paths, "--split", 4, exit_code=1)
        sizes = list(map(len, self.assert_whole_lines_of(expected(paths))))
        self.assertLess(max(sizes) - min(sizes), 0.2 * max(sizes))

    def test_more_files_than_lines(self):
        path = self.write("log.json.gz", f"{chat_line(0)}\n{chat_line(1)}\n".encode())
        self.copy(path, "--split", 5)
        self.assertEqual(len(self.files()), 5)
        self.assert_whole_lines_of(text_of(path))

    def test_files_of_a_size_end_with_the_line_that_reaches_it(self):
        path = self.log()
        text = expected([path])
        for size, bytes_ in (("64K", 64 << 10), ("1M", 1 << 20), ("1G", 1 << 30)):
            self.copy(path, "--split", size, exit_code=1)
            texts = self.assert_whole_lines_of(text)
            for one in texts[:-1]:
                self.assertGreaterEqual(len(one), bytes_)
                self.assertLess(one.rindex(b"\n", 0, -1) + 1, bytes_)
            self.assertGreater(len(texts[-1]), 0)
            for file in self.files():
                file.unlink()

    def test_files_without_a_final_newline_get_one_only_inside_a_file(self):
        paths = [self.write(f"{i}.json.gz", chat_line(i).encode()) for i in range(3)]
        self.copy(*paths, "--split", "1K")
        self.assertEqual(text_of(self.files()[0]).decode(), "\n".join(map(chat_line, range(3))))
        for file in self.files():
            file.unlink()
        self.copy(*paths, "--split", 3)
        self.assertEqual(list(map(text_of, self.files())), [chat_line(i).encode() for i in range(3)])

    def test_files_that_an_earlier_copy_left_are_named(self):
        path = self.log()
        self.copy(path, "--split", 3, exit_code=1)
        run = self.copy(path, "--split", 2, exit_code=1)
        self.assertIn(f"{self.folder}/out-3.json.gz is no part of this copy, which has 2 files", run.stderr)

    def test_standard_input_is_split_by_size_alone(self):
        path = self.log()
        with open(path, "rb") as file:
            self.copy("-", "--split", "1M", exit_code=1, stdin=file)
        self.assert_whole_lines_of(expected([path]))
        with open(path, "rb") as file:
            run = self.copy("-", "--split", 2, exit_code=64, stdin=file)
        self.assertIn("--split takes a size for it", run.stderr)


class FailureTest(CopyCase):
    def test_damaged_input_leaves_no_output(self):
        path = self.log()
        data = bytearray(path.read_bytes())
        truncated = self.folder / "truncated.gz"
        truncated.write_bytes(data[: len(data) // 2])
        data[len(data) // 2] ^= 0x10
        flipped = self.folder / "flipped.gz"
        flipped.write_bytes(data)
        for damaged in (truncated, flipped, self.folder / "missing.gz"):
            for words in ([], ["--split", "1M"], ["--keep-rejected"]):
                with self.subTest(damaged.name, words=words):
                    run = self.copy(path, damaged, path, *words, exit_code=3)
                    self.assertIn(f"error: {damaged}", run.stderr)
                    self.assertIn("out.json.gz is not written, since not all of the input could be copied.", run.stderr)
                    self.assertEqual(run.summary["status"], "failed")
                    self.assert_no_output()

    def test_reject_budget_ends_it(self):
        path = self.log()
        run = self.copy(path, "--max-rejects", 3, exit_code=2)
        self.assertEqual(run.summary["status"], "budget_exceeded")
        self.assert_no_output()

    def test_what_was_there_stays_until_the_copy_is_whole(self):
        path = self.log()
        self.out.write_bytes(b"old")
        self.copy(path, self.folder / "missing.gz", exit_code=3)
        self.assertEqual(self.out.read_bytes(), b"old")
        self.copy(path, exit_code=1)
        self.assertEqual(text_of(self.out), expected([path]))

    def test_input_is_not_written_over(self):
        path = self.log("out-3.json.gz", 100)
        before = path.read_bytes()
        link = self.folder / "link.json.gz"
        link.symlink_to(path)
        for words in (["-o", path], ["-o", link], ["-o", self.out, "--split", 5], ["-o", self.out, "--split", "1M"]):
            run = support.run_chatload("copy", path, *words)
            self.assertEqual(run.exit_code, 64, run.stderr)
            self.assertIn("would overwrite the input", run.stderr)
        with open(path, "rb") as file:
            self.assertEqual(support.run_chatload("copy", "-", "-o", path, stdin=file).exit_code, 64)
        self.assertEqual(path.read_bytes(), before)

    def test_full_disk_is_said(self):
        run = support.run_chatload("copy", self.log(), "-o", "/dev/full")
        self.assertEqual(run.exit_code, 3)
        self.assertIn("The copy cannot be written to /dev/full: No space left on device.", run.stderr)

    def test_killed_copy_leaves_no_file_under_its_name(self):
        path = self.log()
        for number in (signal.SIGKILL, signal.SIGTERM):
            for words in ([], ["--split", "64K"]):
                with self.subTest(number, words=words):
                    words = [support.CHATLOAD, "copy", "-", "-o", self.out, "--progress", "none", *words]
                    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
                    pipes["preexec_fn"] = lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    with subprocess.Popen(words, **pipes) as process:
                        process.stdin.write(text_of(path))
                        process.stdin.flush()
                        process.send_signal(number)
                        process.wait(20)
                        errors = process.stderr.read().decode()
                        process.stdin.close()
                    self.assertEqual(process.returncode, -9 if number == signal.SIGKILL else 4, errors)
                    left = [path for path in self.folder.glob("out*") if not path.name.endswith(".tmp")]
                    self.assertEqual(left, [])
                    if number == signal.SIGTERM:
                        self.assert_no_output()
                    for file in self.folder.glob("out*"):
                        file.unlink()

    def test_wrong_usage(self):
        path = self.log(lines=10)
        for words, sentence in (
            ([], "Name the file to write with -o OUT.json.gz or -o OUT.json.zst."),
            (["-o", "-"], "--output takes the path of a file, not -"),
            (["-o", self.folder], "it is a directory"),
            (["-o", self.folder / "none/out.gz"], "there is no folder"),
            (["-o", self.out, "--level", "0"], "--level"),
            (["-o", self.out, "--level", "13"], "--level"),
            (["-o", self.out, "--members", "zip"], "--members takes migz, bgzf or plain, not 'zip'."),
            (["-o", self.out, "--split", "0"], "--split"),
            (["-o", self.out, "--split", "0K"], "--split takes a number of files, or a size"),
            (["-o", self.out, "--split", "x"], "--split"),
            (["-o", self.out, "--rejects", self.out], "--output and --rejects name the same file."),
        ):
            run = support.run_chatload("copy", path, *words)
            self.assertEqual(run.exit_code, 64, run.stderr)
            self.assertIn(sentence, run.stderr)


class RandomTest(CopyCase):
    def test_any_lines_in_any_members(self):
        """Against the oracle: lines of every kind, line ends, members and ranges of any size."""
        random_ = random.Random(7)
        for _ in range(60 if support.IS_LONG else 12):
            paths = []
            for name in range(random_.randint(1, 3)):
                text = b"".join(self.random_line(random_) for _ in range(random_.randint(1, 400)))
                if random_.random() < 0.5:
                    text = text.rstrip(b"\r\n")
                cuts = sorted(random_.randint(0, len(text)) for _ in range(random_.randint(0, 3)))
                bounds = [0, *cuts, len(text)]
                paths.append(self.write(f"{name}.json.gz", *(text[a:b] for a, b in zip(bounds, bounds[1:]))))
            words = random_.choice(([], ["--type", "message"], ["--site", "2"], ["--since", "1479816050"]))
            wanted = {
                0: line_filter,
                "--type": lambda: line_filter(["message"]),
                "--site": lambda: line_filter(sites=["2"]),
                "--since": lambda: line_filter(since=1479816050),
            }[words[0] if words else 0]()
            range_size = random_.choice(("4K", "16K", "4M"))
            self.copy(*paths, *words, "--keep-rejected", "--range-size", range_size)
            self.assertEqual(text_of(self.out), expected(paths, wanted, True))
            run = support.run_chatload("copy", *paths, *words, "--range-size", range_size, "-o", self.out)
            if run.exit_code != 2:
                self.assertEqual(text_of(self.out), expected(paths, wanted))

    def random_line(self, random_):
        number = random_.randint(0, 100)
        kinds = [
            lambda: chat_line(number),
            lambda: chat_line(number, site_id=random_.choice((1, 2, "2", "x"))),
            lambda: chat_line(number, type=random_.choice(("status", "join")), data={"status": "s"}),
            lambda: chat_line(number, data={"message": "m" * random_.choice((1, 50, 3000))}),
            lambda: chat_line(number)[: random_.randint(0, 60)],
            lambda: random_.choice(("", " ", "\t", "[]", "{", "\0", "\0\ufeff", "\ufeff", "\r")),
            lambda: random_.choice(("\ufeff", "\0")) + chat_line(number),
        ]
        return random_.choice(kinds)().encode() + random_.choice((b"\n", b"\n", b"\r\n"))


if __name__ == "__main__":
    unittest.main()
