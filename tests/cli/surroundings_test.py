# ctest: long
"""The command under limits, signals and with standard streams that its user did not mean for it: it ends as documented."""

import contextlib
import gzip
import itertools
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

GOOD = '{"id":"%s","type":"message","from":"v","site_id":"3","timestamp":1479816000,"data":{"message":"hello"}%s}\n'
DEADLINE_S = 20
STOP_S = 5  # docs/resuming.md, "Signals"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LINE = re.compile(r"[0-9T:-]+Z (info|warning|error): .+")


def wait_until(is_so, what):
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {DEADLINE_S} s")
        time.sleep(0.02)


def heed_signals():
    """Whoever runs the tests may ignore them (nohup, a background job)."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def limit(what, most):
    return lambda: resource.setrlimit(what, (most, most))


class SurroundingsCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    def start(self, *words, **options):
        options = {"stdin": subprocess.DEVNULL, "preexec_fn": heed_signals} | options
        process = subprocess.Popen(
            [support.CHATLOAD, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        with process:
            pass

    def run_under(self, setting, *words):
        """exit code, standard output, standard error."""
        process = self.start(*words, preexec_fn=setting)
        out, err = process.communicate(timeout=DEADLINE_S)
        return process.returncode, out, err


class ClosedStreamsTest(SurroundingsCase):
    def run_without(self, closed, *words):
        """Exit code of a command whose standard streams with these numbers are closed."""
        redirections = "".join(f" {number}<&-" for number in closed)
        with open(self.folder / "out", "w+b") as out, open(self.folder / "err", "w+b") as err:
            words = ["sh", "-c", f'exec "$@"{redirections}', "sh", support.CHATLOAD, *map(str, words)]
            return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=DEADLINE_S).returncode

    def test_a_check_does_without_any_of_them(self):
        source = self.write("in.json", GOOD % (1, "") + "bad\n")
        for count in range(4):
            for closed in itertools.combinations(range(3), count):
                with self.subTest(closed=closed):
                    summary, rejects = self.folder / "summary.json", self.folder / "rejects.json.gz"
                    code = self.run_without(closed, "check", source, "--summary", summary, "--rejects", rejects)
                    self.assertEqual(code, 1)
                    self.assertEqual(json.loads(summary.read_text())["lines"], 2)
                    self.assertEqual(len(gzip.decompress(rejects.read_bytes()).splitlines()), 1)
                    self.assertEqual((self.folder / "out").stat().st_size > 0, 1 not in closed)
                    self.assertEqual((self.folder / "err").stat().st_size > 0, 2 not in closed)

    def test_standard_input_that_is_closed_is_no_input(self):
        for command in (["check", "-"], ["load", "-", "--to", "mysql://u@h/d"]):
            with self.subTest(command):
                self.assertEqual(self.run_without([0], *command), 64)
                self.assertIn("standard input, which is closed", (self.folder / "err").read_text())


class LimitsTest(SurroundingsCase):
    def test_json_that_nests_as_deep_as_it_may_needs_no_stack_of_the_shells(self):
        nested = ',"x":' + '{"a":' * 1000 + "1" + "}" * 1000
        source = self.write("in.json.gz", "".join(GOOD % (number, nested) for number in range(2000)))
        for stack_bytes in (64 * 1024, 128 * 1024):
            with self.subTest(stack_bytes):
                words = ("check", source, "--threads", 4, "--progress", "none")
                code, out, err = self.run_under(limit(resource.RLIMIT_STACK, stack_bytes), *words)
                self.assertEqual(code, 0, err)
                self.assertRegex(out, r"(?m)^ *2,000  valid$")

    def test_too_few_open_files_are_named_with_how_many_are_enough(self):
        source = self.write("in.json", GOOD % (1, ""))
        summary = self.folder / "summary.json"
        for words in (["check", source, "--summary", summary], ["schema", "print"], ["load", source, "--to", "mysql://u@h/d"]):
            with self.subTest(words):
                code, out, err = self.run_under(limit(resource.RLIMIT_NOFILE, 6), *words)
                self.assertEqual((code, out, len(err.splitlines())), (3, "", 1), err)
                found = re.search(r"limit on open files is 6 \(ulimit -n\), and this command needs (\d+)\.", err)
                self.assertTrue(found, err)
                self.assertEqual(list(self.folder.iterdir()), [source])
        code, _, err = self.run_under(limit(resource.RLIMIT_NOFILE, int(found[1])), "check", source, "--summary", summary)
        self.assertEqual(code, 0, err)

    def test_help_and_version_need_no_open_files(self):
        for words in (["--help"], ["--version"], ["load", "--help"], ["loads", "forget", "--help"]):
            with self.subTest(words):
                code, out, err = self.run_under(limit(resource.RLIMIT_NOFILE, 4), *words)
                self.assertEqual((code, err), (0, ""))
                self.assertIn("chatload", out)

    def test_more_connections_than_files_may_be_open_are_refused_before_any_is_opened(self):
        source = self.write("in.json", GOOD % (1, ""))
        words = ("load", source, "--to", "mysql://u@no-such-host.invalid/d", "--connections", 40)
        code, _, err = self.run_under(limit(resource.RLIMIT_NOFILE, 40), *words)
        self.assertEqual(code, 3, err)
        self.assertRegex(err, r"error: The limit on open files is 40 .* or lower --connections\.\n")
        self.assertNotIn("no-such-host", err.split("error:")[1].split("\n")[0])


class SignalTest(SurroundingsCase):
    def assert_interrupted(self, process, number=signal.SIGTERM):
        """Ends with exit code 4, and says so, within the promised time."""
        sent = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
        self.assertLess(time.monotonic() - sent, STOP_S)
        self.assertEqual((process.returncode, out), (4, ""), err)
        self.assertIn("Stopped by a signal", err)
        for text in err.splitlines():
            self.assertRegex(text, LINE)

    def wait_for_handler(self, process):
        """Whatever the process does from then on, a signal asks it to stop."""
        status = pathlib.Path(f"/proc/{process.pid}/status")
        caught = lambda: int(re.search(r"SigCgt:\s*([0-9a-f]+)", status.read_text())[1], 16)
        wait_until(lambda: caught() >> (signal.SIGTERM - 1) & 1, "SIGTERM is caught")

    def pipe(self):
        path = self.folder / "pipe"
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        return path

    def test_a_pipe_that_nobody_writes_to_holds_no_command_up(self):
        source = self.write("in.json", GOOD % (1, ""))
        to = ("--to", "mysql://u@no-such-host.invalid/d")
        commands = (
            ["load", source, *to],
            ["check", source, "--limits-from", to[1]],
            ["schema", "apply", *to],
            ["schema", "check", *to],
            ["loads", *to],
            ["loads", "forget", "1", *to],
            ["rejects", "1", *to],
        )
        for number, (words, flag) in enumerate(itertools.product(commands, ("--config", "--password-file"))):
            with self.subTest(words=words, flag=flag):
                process = self.start(*words, flag, self.pipe())
                self.wait_for_handler(process)
                self.assert_interrupted(process, STOP_SIGNALS[number % 3])

    def test_a_pipe_that_nobody_reads_holds_no_output_up(self):
        source, rejects = self.write("in.json", GOOD % (1, "") + "bad\n"), self.folder / "rejects.json.gz"
        for words in (["--summary", self.pipe(), "--rejects", rejects], ["--rejects", self.pipe()]):
            with self.subTest(words):
                process = self.start("check", source, "--progress", "none", *words)
                if rejects in words:
                    # They are whole just before the summary is opened.
                    with contextlib.suppress(EOFError, FileNotFoundError):
                        wait_until(lambda: rejects.exists() and rejects.stat().st_size > 0, "the rejects are written")
                else:
                    self.wait_for_handler(process)
                self.assert_interrupted(process)

    def test_a_server_that_says_nothing_holds_no_command_up(self):
        source = self.write("in.json", GOOD % (1, ""))
        commands = (
            ["load", source, "--progress", "none", "--to"],
            ["check", source, "--progress", "none", "--limits-from"],
            ["schema", "apply", "--to"],
            ["schema", "check", "--to"],
            ["loads", "--to"],
            ["loads", "forget", "1", "--to"],
            ["rejects", "1", "--to"],
        )
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(DEADLINE_S)
            for number, words in enumerate(commands):
                with self.subTest(words):
                    process = self.start(*words, f"mysql://u@127.0.0.1:{listener.getsockname()[1]}/d")
                    with listener.accept()[0]:
                        self.assert_interrupted(process, STOP_SIGNALS[number % 3])

    def test_a_reader_that_does_not_read_holds_no_end_up(self):
        source = self.write("in.json", GOOD % (1, ""))
        waits = ["loads", "--to", "mysql://u@h/d", "--config", self.pipe()]
        for words, streams in (["schema", "print"], ["stdout"]), (["check", source], ["stdout"]), (["--help"], ["stdout"]), \
                (waits, ["stderr"]), (["check", source], ["stdout", "stderr"]):
            with self.subTest(words=words, streams=streams), support.full_pipe() as full:
                to = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | dict.fromkeys(streams, full)
                process = subprocess.Popen([support.CHATLOAD, *words], **to, preexec_fn=heed_signals)
                self.addCleanup(self.end, process)
                self.wait_for_handler(process)
                process.terminate()
                self.assertEqual(process.wait(STOP_S), 4)

    def test_a_hangup_stops_a_command_unless_it_was_told_to_ignore_it(self):
        for is_ignored in (False, True):
            with self.subTest(is_ignored=is_ignored):
                action = signal.SIG_IGN if is_ignored else signal.SIG_DFL
                ignore = lambda: signal.signal(signal.SIGHUP, action)
                process = self.start("check", "-", "--progress", "none", stdin=subprocess.PIPE, preexec_fn=ignore)
                self.wait_for_handler(process)
                process.send_signal(signal.SIGHUP)
                if not is_ignored:
                    process.wait(STOP_S)
                out, err = process.communicate(GOOD % (1, ""), timeout=DEADLINE_S)
                self.assertEqual(process.returncode, 0 if is_ignored else 4, err)

    def test_a_second_signal_ends_a_command_at_once(self):
        process = self.start("check", self.write("in.json", GOOD % (1, "")), "--summary", self.pipe())
        self.wait_for_handler(process)
        process.send_signal(signal.SIGINT)
        status = pathlib.Path(f"/proc/{process.pid}/status")
        caught = lambda: int(re.search(r"SigCgt:\s*([0-9a-f]+)", status.read_text())[1], 16)
        wait_until(lambda: not caught() >> (signal.SIGTERM - 1) & 1, "SIGINT was handled")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLINE_S)
        self.assertEqual(process.returncode, -signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
