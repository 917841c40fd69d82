"""What goes wrong around a load ends it with the documented exit code, one sentence and true counts."""

import contextlib
import gzip
import json
import os
import pathlib
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import oracle
import support
from ledger_case import DEADLINE_S, LOG_LINE, OUTCOMES, line, wait_until

USER, PASSWORD = "chatload_environment", "r1ght"
NOBODY = 65534


def log_lines(stderr, level):
    return [found[2] for found in map(LOG_LINE.fullmatch, stderr.splitlines()) if found and found[1] == level]


class EnvironmentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.Server()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.enterContext(support.Database(self.server))

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def one_line(self):
        return self.write("one.json", line("1"))

    def load(self, path, *flags, to=None, **popen_options):
        return support.run_chatload("load", path, "--to", to or self.database.url, *flags, **popen_options)

    def rows_in_table(self):
        return int(self.database.sql("SELECT COUNT(*) FROM chat_messages")[0][0])

    def assert_counts_are_true(self, summary, rows):
        self.assertEqual(summary["lines"], sum(summary[name] for name in OUTCOMES), summary)
        self.assertEqual(summary["rejected"], sum(summary["rejects_by_reason"].values()), summary)
        self.assertEqual(summary["inserted"], rows)

    def assert_failed(self, run, *parts, rows=0):
        """Exit code 3, log lines only, one of them an error that has all parts, and a summary that is true."""
        self.assertEqual(run.exit_code, 3, run.stderr)
        for text in run.stderr.splitlines():
            self.assertRegex(text, LOG_LINE)
        errors = log_lines(run.stderr, "error")
        self.assertEqual(len(errors), 1, run.stderr)
        for part in parts:
            self.assertIn(str(part), errors[0])
        self.assertIsNotNone(run.summary, run.stderr)
        self.assertEqual(run.summary["status"], "failed")
        self.assert_counts_are_true(run.summary, rows)


class ServerTest(EnvironmentTest):
    def account(self):
        """The URL of a user with a password and every right on the test's database, none beyond it."""
        self.server.sql(
            f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON `{self.database.name}`.* TO {USER}@'%'"
        )
        self.addCleanup(self.server.sql, f"DROP USER {USER}@'%'")
        url = self.server.url
        return url._replace(netloc=f"{USER}@{url.hostname}", path=f"/{self.database.name}").geturl()

    def test_wrong_password(self):
        self.database.create_table()
        url = self.account()
        run = self.load(self.one_line(), to=url, env={**os.environ, "MYSQL_PWD": "wr0ng"})
        self.assert_failed(run, f"denied access to the user {USER}", "--password-file")
        self.assertNotIn("wr0ng", run.stderr + run.stdout)

    def test_unknown_host(self):
        run = self.load(self.one_line(), to="mysql://root@no-such-host.invalid/chat")
        self.assert_failed(run, "no-such-host.invalid is unknown", "correct the host")

    def test_nobody_listens_at_the_socket(self):
        path = self.folder / "server.sock"
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
            run = self.load(self.one_line(), "--retry-for", "1s", to=f"mysql://root@localhost/chat?socket={path}")
        self.assert_failed(run, f"No server answers at the socket {path}", "start the server")

    @unittest.skipUnless(support.IS_LONG, "CHATLOAD_LONG=1 waits for a statement of 70 s")
    def test_statements_that_the_server_does_not_answer_in_time_become_smaller(self):
        self.database.create_table()
        self.database.sql("CREATE TRIGGER slow BEFORE INSERT ON chat_messages FOR EACH ROW SET @slept = SLEEP(0.07)")
        path = self.write("log.json", "".join(line(f"id-{number}") for number in range(1000)))
        run = self.load(path, "--connections", 1, "--retry-for", "100s")
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertIn("A statement of 1000 rows took the server 1 min; sends 500 at once next", run.stderr)
        self.assertIsNone(support.first_difference(self.database, oracle.apply([path])))

    def test_no_such_database(self):
        run = self.load(self.one_line(), to=self.server.url_of("no_such_database"))
        self.assert_failed(run, "no database no_such_database", "CREATE DATABASE")

    def test_no_table(self):
        self.assert_failed(self.load(self.one_line()), "chat_messages", "`chatload schema apply`")

    def test_table_with_other_columns(self):
        self.database.sql("CREATE TABLE chat_messages (id VARCHAR(255) PRIMARY KEY, text VARCHAR(9) NOT NULL)")
        self.assert_failed(self.load(self.one_line()), "chat_messages", "cannot be loaded as it is", "`from`", "`text`")

    def test_read_only_server(self):
        self.database.create_table()
        url = self.account()
        before = self.server.sql("SELECT @@global.read_only")[0][0]
        self.addCleanup(self.server.sql, f"SET GLOBAL read_only = {before}")
        self.server.sql("SET GLOBAL read_only = 1")
        run = self.load(self.one_line(), to=url, env={**os.environ, "MYSQL_PWD": PASSWORD})
        self.assert_failed(run, "read-only")

    def test_lines_that_may_not_fit_into_the_servers_packets_are_warned_of_before_any_is_read(self):
        self.database.create_table()
        before = self.server.sql("SELECT @@global.max_allowed_packet")[0][0]
        self.addCleanup(self.server.sql, f"SET GLOBAL max_allowed_packet = {before}")
        self.server.sql("SET GLOBAL max_allowed_packet = 65536")
        warning = "max_allowed_packet allows 63.9 KiB"
        for words, count in ((), 1), (("--max-line", "16K", "--reload"), 0), (("--order", "key", "--reload"), 1):
            run = self.load(self.one_line(), *words)
            self.assertEqual((run.exit_code, run.stderr.count(warning)), (0, count), run.stderr)

    def test_ipv6_host_is_reached(self):
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError as error:
            self.skipTest(f"no IPv6 here: {error}")
        self.database.create_table()
        with listener:
            threading.Thread(target=self.forward, args=[listener], daemon=True).start()
            url = f"mysql://root@[::1]:{listener.getsockname()[1]}/{self.database.name}"
            run = self.load(self.one_line(), "--connections", 1, to=url)
        self.assertEqual((run.exit_code, self.rows_in_table()), (0, 1), run.stderr)

    def forward(self, listener):
        """Takes connections to the server's socket until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self.forward_one, args=[client], daemon=True).start()

    def forward_one(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.server.socket)

        def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)

        back = threading.Thread(target=pump, args=[server, client], daemon=True)
        back.start()
        pump(client, server)
        back.join()
        client.close()
        server.close()


class FileTest(EnvironmentTest):
    def setUp(self):
        super().setUp()
        self.database.create_table()

    def with_rejects(self, good, bad):
        """Good lines among bad ones, which no compressor shortens much."""
        letters = random.Random(7)
        lines = [line(str(i)) for i in range(good)] + [letters.randbytes(250).hex() + "\n" for _ in range(bad)]
        letters.shuffle(lines)
        return self.write("rejects.json", "".join(lines))

    def test_full_disk_costs_no_row_and_a_rerun_writes_the_rejects(self):
        for bad in (3, 20_000):
            with self.subTest(bad=bad):
                self.database.create_table()
                path = self.with_rejects(good=10, bad=bad)
                run = self.load(path, "--rejects", "/dev/full")
                self.assert_failed(run, "/dev/full", "No space left", rows=10)
                self.assertEqual((self.rows_in_table(), run.summary["rejected"]), (10, bad))
                rejects = self.folder / "rejects.json.gz"
                self.assertEqual(self.load(path, "--rejects", rejects).summary["status"], "already_loaded")
                self.assertEqual(len(gzip.decompress(rejects.read_bytes()).splitlines()), bad)

    def test_unreadable_file(self):
        path = self.one_line()
        path.chmod(0)
        self.folder.chmod(0o777)
        # Root reads everything, so it becomes somebody else; who that is may not reach the binary or the server.
        other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        version = subprocess.run(["sh", "-c", f"'{support.CHATLOAD}' --version && test -w '{self.server.socket}'"],
                                 capture_output=True, check=False, **other)  # fmt: skip
        if version.returncode != 0:
            self.skipTest(f"user {NOBODY} may not run {support.CHATLOAD} or use {self.server.socket}")
        summary = self.folder / "summary.json"
        words = [support.CHATLOAD, "load", path, "--to", self.database.url, "--summary", summary, "--progress", "none"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **other)
        self.assert_failed(support.Run(done, json.loads(summary.read_text())), path, "permission denied")

    def test_directory(self):
        self.assert_failed(self.load(self.folder), self.folder, "is a directory")

    def test_missing_file(self):
        missing = self.folder / "missing.json.gz"
        run = self.load(missing)
        self.assert_failed(run, missing, "no such file")
        self.assertRegex(run.stderr, rf"info: Nothing was loaded. Fix the cause and run: \S+chatload load {missing}")

    def test_standard_streams_that_are_closed_get_nothing_and_lose_nothing(self):
        path = self.write("log.json", "".join(map(line, map(str, range(500)))) + "bad\n")
        summary = self.folder / "summary.json"
        for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                self.database.create_table()
                words = [support.CHATLOAD, "load", path, "--to", self.database.url, "--summary", summary]
                words += ["--progress", "lines", "--progress-interval", "100ms", "--range-size", "4K"]
                shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *map(str, words)]
                done = subprocess.run(shell, stdin=subprocess.DEVNULL, capture_output=True, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(json.loads(summary.read_text())["status"], "done")
                self.assertIsNone(support.first_difference(self.database, oracle.apply([path])))
                wait_until(lambda: not self.server.connections(self.database.name), "the server lets go of it")

    def test_the_open_files_that_a_load_asks_for_are_enough(self):
        path = self.write("log.json", "".join(map(line, map(str, range(500)))) + "bad\n")
        words = (path, "--connections", 8, "--range-size", "4K", "--order", "key", "--rejects", self.folder / "r.json.gz")
        allow = lambda files: lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        run = self.load(*words, preexec_fn=allow(20))
        self.assert_failed(run, "The limit on open files is 20 (ulimit -n)", "lower --connections")
        files = int(re.search(r"Raise it with `ulimit -n (\d+)`", run.stderr)[1])
        run = self.load(*words, preexec_fn=allow(files))
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
        self.assertIsNone(support.first_difference(self.database, oracle.apply([path])))


class TableTest(EnvironmentTest):
    def setUp(self):
        super().setUp()
        self.database.create_table()

    def test_duplicate_with_fail_keeps_what_is_committed(self):
        ids = [str(i) for i in range(1000)]
        path = self.write("log.json", "".join(map(line, ids + ["7"] + ids)))
        run = self.load(path, "--on-duplicate", "fail", "--range-size", "4K", "--connections", 1)
        rows = self.rows_in_table()
        self.assert_failed(run, "--on-duplicate", rows=rows)
        self.assertTrue(0 < rows <= 1000, rows)

    def test_limits_are_those_of_a_widened_table(self):
        path = self.write("long.json", line("1", "語" * 10_000))
        self.assertEqual(support.run_chatload("check", path).summary["rejects_by_reason"]["too_long"], 1)
        self.database.sql("ALTER TABLE chat_messages MODIFY data TEXT")
        run = support.run_chatload("check", path, "--limits-from", self.database.url)
        self.assertEqual((run.exit_code, run.summary["valid"], run.summary["rejected"]), (0, 1, 0), run.stderr)
        self.assertEqual(self.load(path).summary["inserted"], 1)
        self.assertEqual(self.database.sql("SELECT CHAR_LENGTH(data) FROM chat_messages"), [["10000"]])

    def test_key_that_ignores_case_is_written_in_file_order(self):
        column = "`id` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"
        dice = random.Random(11)
        cases = (str.lower, str.upper, str.title)
        ids = [dice.choice(cases)(f"key{dice.randrange(700)}") for _ in range(3000)]
        path = self.write("log.json", "".join(line(key, f"text {i}") for i, key in enumerate(ids)))
        for mode in ("skip", "replace"):
            with self.subTest(mode=mode):
                expected = {}
                for i, key in enumerate(ids):
                    if mode == "replace" or key.lower() not in expected:
                        expected[key.lower()] = [key, f"text {i}"]
                self.database.create_table()
                self.database.sql(f"ALTER TABLE chat_messages MODIFY {column}")
                run = self.load(path, "--on-duplicate", mode, "--range-size", "4K", "--connections", 4)
                self.assertEqual(run.exit_code, 0, run.stderr)
                self.assertIn("One connection writes in file order", run.stderr)
                found = self.database.sql("SELECT id, data FROM chat_messages ORDER BY LOWER(id)")
                self.assertEqual(found, [expected[key] for key in sorted(expected)])
                self.assert_counts_are_true(run.summary, len(expected))
                repeated = run.summary["updated" if mode == "replace" else "duplicate"]
                self.assertEqual(repeated, len(ids) - len(expected))


class SignalTest(EnvironmentTest):
    def setUp(self):
        super().setUp()
        self.database.create_table()

    @contextlib.contextmanager
    def table_locked(self):
        """Keeps every write to chat_messages waiting."""
        words = self.server.client(self.database.name, "--unbuffered")
        client = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            client.stdin.write("LOCK TABLES chat_messages READ;\nSELECT 'locked';\n")
            client.stdin.flush()
            self.assertEqual(client.stdout.readline(), "locked\n")
            yield
        finally:
            client.stdin.close()
            client.wait()
            client.stdout.close()

    def writes_wait(self):
        """MySQL's PROCESSLIST fails while a statement in it holds an emoji, so none may be loaded meanwhile."""
        return self.server.sql(
            f"SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = '{self.database.name}'"
            " AND STATE LIKE 'Waiting for table%'"
        )

    def terminate(self, process):
        """SIGTERM, and returns when its handler, which takes itself away at once, has run."""
        process.send_signal(signal.SIGTERM)
        status = pathlib.Path(f"/proc/{process.pid}/status")

        def handler_has_run():
            caught = int(re.search(r"SigCgt:\s*([0-9a-f]+)", status.read_text())[1], 16)
            return not caught >> (signal.SIGTERM - 1) & 1

        wait_until(handler_has_run, "SIGTERM was handled")

    def end(self, process):
        process.kill()
        with process:
            pass

    def terminated_while_writes_wait(self, *inputs_and_flags):
        """The Run of a load that gets SIGTERM while its first rows wait for a lock, which is then released."""
        summary = self.folder / "summary.json"
        words = [support.CHATLOAD, "load", *inputs_and_flags, "--to", self.database.url, "--connections", 1]
        words += ["--summary", summary, "--progress", "none"]
        with self.table_locked():
            process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(self.end, process)
            wait_until(self.writes_wait, "the load waits for the lock")
            self.terminate(process)
        stdout, stderr = process.communicate(timeout=DEADLINE_S)
        done = subprocess.CompletedProcess(words, process.returncode, stdout, stderr)
        return support.Run(done, json.loads(summary.read_text()) if summary.exists() else None)

    def assert_interrupted(self, run):
        self.assertEqual(run.exit_code, 4, run.stderr)
        self.assertEqual(run.summary["status"], "interrupted")
        self.assertEqual(log_lines(run.stderr, "error"), [])
        self.assert_counts_are_true(run.summary, self.rows_in_table())

    def test_sigterm_ends_a_load_that_a_rerun_finishes(self):
        ids = (str(i * 7919 % 60_000 % 50_000) for i in range(60_000))
        lines = [line(key, f"text {i}") if i % 50 else "bad\n" for i, key in enumerate(ids)]
        path = self.write("log.json", "".join(lines))
        result = oracle.apply([path])
        run = self.terminated_while_writes_wait(path, "--range-size", "64K")
        self.assert_interrupted(run)
        self.assertLess(run.summary["inserted"], len(result.rows))
        again = self.load(path, "--range-size", "64K")
        self.assertEqual(again.exit_code, 1, again.stderr)
        self.assertEqual(support.loader_counts(again.summary), result.counts())
        self.assertIsNone(support.first_difference(self.database, result))

    def test_a_reader_that_does_not_read_holds_no_command_up(self):
        self.assertEqual(self.load(self.write("log.json", line("1") + "bad\n")).exit_code, 1)
        for words in ["loads"], ["rejects", "1"], ["schema", "check"]:
            with self.subTest(words), support.full_pipe() as full:
                words = [support.CHATLOAD, *words, "--to", self.database.url]
                process = subprocess.Popen(words, stdout=full, stderr=subprocess.DEVNULL)
                self.addCleanup(self.end, process)
                status = pathlib.Path(f"/proc/{process.pid}/status")
                caught = lambda: int(re.search(r"SigCgt:\s*([0-9a-f]+)", status.read_text())[1], 16)
                wait_until(lambda: caught() >> (signal.SIGTERM - 1) & 1, "SIGTERM is caught")
                process.terminate()
                self.assertEqual(process.wait(5), 4)

    def test_sigterm_between_inputs_names_those_not_read(self):
        first = self.write("b.json", "".join(line(f"b{number}") for number in range(100)))  # more than one transaction
        second = self.write("c.json", line("c"))
        run = self.terminated_while_writes_wait(first, second, "--range-size", "4K")
        self.assert_interrupted(run)
        warnings = [text for text in log_lines(run.stderr, "warning") if str(second) in text]
        self.assertEqual(len(warnings), 1, run.stderr)
        self.assertNotIn(str(first), warnings[0])


if __name__ == "__main__":
    unittest.main()
