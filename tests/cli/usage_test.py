# ctest: leaks
"""The command line's contract as a shell sees it: exit codes, one sentence on standard error, results on standard output."""

import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

GOOD = '{"id":"%s","type":"message","from":"v","site_id":"3","timestamp":1479816000,"data":{"message":"hello"}}\n'
URL = "mysql://nobody@localhost/nothing"
DEADLINE_S = 20


def chatload(*words, stdin=b"", **environment):
    """exit code, standard output, standard error."""
    variables = {key: value for key, value in os.environ.items() if key not in ("CHATLOAD_TO", "MYSQL_PWD")}
    done = subprocess.run(
        [support.CHATLOAD, *words], input=stdin, capture_output=True, env=variables | environment, timeout=60
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class UsageTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name, text=None):
        path = pathlib.Path(self.folder.name) / name
        if text is not None:
            data = text if isinstance(text, bytes) else text.encode()
            path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(path)

    def assert_usage_error(self, words, *parts, **environment):
        code, out, err = chatload(*words, **environment)
        self.assertEqual((code, out), (64, ""), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        for part in parts:
            self.assertIn(part, err)

    def test_help_and_version_go_to_standard_output(self):
        for words in (["--help"], ["-h"], ["load", "--help"], ["check", "-h"], ["schema", "--help"], ["loads", "forget", "-h"]):
            with self.subTest(words):
                code, out, err = chatload(*words)
                self.assertEqual((code, err), (0, ""))
                self.assertTrue(out.startswith("Usage: chatload"), out)
        code, out, err = chatload("--version")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^chatload \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_one_sentence_and_exit_code_64(self):
        plain = self.path("in.json", GOOD % 1)
        for words, part in (
            ([], "Name a command"),
            (["frob"], "'frob'"),
            (["load"], "INPUT"),
            (["load", plain], "--to"),
            (["load", plain, "--bogus"], "--bogus"),
            (["check", plain, "--to", URL], "--to"),
            (["load", plain, "--to", "ftp://h/d"], "mysql://"),
            (["load", plain, "--to", "mysql://u:secret@h/d"], "password"),
            (["check", plain, "--threads", "none"], "--threads"),
            (["check", plain, "--since", "yesterday"], "--since"),
            (["check", plain, "--since", "2017-01-01", "--until", "2016-01-01"], "--until"),
            (["check", plain, "--since", "2017-01-01", "--until", "2017-01-01"], "--until"),
            (["check", plain, "--type", ""], "--type"),
            (["--threads", "2", "check", plain], "`chatload check --threads ...`"),
            (["check", plain, "--summary", "-"], "--summary"),
            (["check", plain, "--rejects", "-"], "--rejects"),
            (["check", plain, "--summary", self.folder.name], "directory"),
            (["check", plain, "--summary", self.folder.name + "/none/s.json"], "no folder"),
            (["check", plain, "--max-rejects", "many"], "--max-rejects"),
            (["check", plain, "--max-rejects", "101%"], "--max-rejects"),
            (["check", plain, "--range-size", "1K"], "4 KiB"),
            (["check", plain, "--range-size", "1G", "--memory", "64M"], "--memory"),
            (["check", self.path("*.none")], "No file matches"),
            (["check", "-", "-"], "standard input"),
            (["check", ""], "One INPUT is empty text"),
            (["load", plain, "", "--to", URL], "One INPUT is empty text"),
            (["schema"], "print, apply or check"),
            (["schema", "apply"], "--to"),
            (["load", plain, "--to", URL, "--restart", "--reload"], "--reload"),
            (["load", plain, plain, "--to", URL, "--source-id", "x"], "--source-id"),
            (["loads", "forget", "--to", URL], "--older-than"),
            (["loads", "forget", "one", "--to", URL], "'one'"),
            (["rejects", "--to", URL], "LOAD"),
            (["rejects", "1", "--to", URL, "-o", "-"], "--output"),
        ):
            with self.subTest(words):
                self.assert_usage_error(words, part)

    def test_password_in_the_url_is_not_repeated(self):
        _, out, err = chatload("load", "x", "--to", "mysql://u:secret@h/d")
        self.assertNotIn("secret", out + err)

    def test_schema_print_needs_no_database(self):
        code, out, err = chatload("schema", "print")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"(?i)create table[^;]*chat_messages")

    def test_result_that_cannot_be_printed_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([support.CHATLOAD, "schema", "print"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"Standard output cannot be written: No space left on device.\n", done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)

    def test_check_exits_0_without_and_1_with_rejects(self):
        code, out, _ = chatload("check", self.path("good.json.gz", GOOD % 1 + "\n" + GOOD % 2))
        self.assertEqual(code, 0)
        self.assertRegex(out, r"(?m)^ *2  valid$")
        self.assertRegex(out, r"(?m)^ *3  lines$")
        code, _, err = chatload("check", self.path("mixed.json.gz", GOOD % 1 + "{}\n"))
        self.assertEqual(code, 1)
        self.assertIn("missing_field", err)

    def test_exceeded_budget_and_nothing_but_rejects_exit_2(self):
        mixed = self.path("mixed.json", GOOD % 1 + "{}\n[]\n")
        self.assertEqual(chatload("check", mixed, "--max-rejects", "2")[0], 1)
        self.assertEqual(chatload("check", mixed, "--max-rejects", "1")[0], 2)
        self.assertEqual(chatload("check", mixed, "--max-rejects", "66%")[0], 2)
        self.assertEqual(chatload("check", mixed, "--max-rejects", "67%")[0], 1)
        self.assertEqual(chatload("check", self.path("bad.json", "{}\n\n"))[0], 2)

    def test_input_that_cannot_be_read_exits_3_and_is_named(self):
        for name, text, part in (
            ("none.json.gz", None, "no such file"),
            ("", None, "irectory"),
            ("not.json.gz", None, "gzip"),
        ):
            path = self.path(name, text)
            if name.startswith("not"):
                pathlib.Path(path).write_text("plain\n")
            with self.subTest(name):
                code, _, err = chatload("check", path)
                self.assertEqual(code, 3, err)
                self.assertIn(path.rstrip("/"), err)
                self.assertIn(part, err)

    def test_worst_of_several_inputs_counts(self):
        good, mixed = self.path("good.json", GOOD % 1), self.path("mixed.json", GOOD % 2 + "{}\n")
        self.assertEqual(chatload("check", good, mixed)[0], 1)
        self.assertEqual(chatload("check", mixed, self.path("none.json"), good)[0], 3)

    def test_globs_and_standard_input_are_read(self):
        self.path("a.json.gz", GOOD % 1)
        self.path("b.json.gz", GOOD % 2)
        code, out, _ = chatload("check", self.path("*.json.gz"), "-", stdin=(GOOD % 3).encode())
        self.assertEqual(code, 0)
        self.assertRegex(out, r"(?m)^ *3  lines$")

    def test_a_run_that_is_killed_leaves_no_summary_of_an_earlier_one(self):
        summary = pathlib.Path(self.path("summary.json", "{}"))
        process = subprocess.Popen([support.CHATLOAD, "check", "-", "--summary", summary], stdin=subprocess.PIPE)
        deadline = time.monotonic() + DEADLINE_S
        while summary.exists():
            self.assertLess(time.monotonic(), deadline)
        process.kill()
        process.communicate()
        self.assertFalse(summary.exists())

    def test_summary_file_has_the_documented_keys(self):
        summary = self.path("summary.json")
        code, _, err = chatload("check", self.path("in.json", GOOD % 1 + "{}\n"), "--summary", summary)
        self.assertEqual(code, 1, err)
        figures = json.loads(pathlib.Path(summary).read_text())
        self.assertEqual(figures["status"], "done")
        self.assertEqual(figures["lines"], figures["valid"] + figures["filtered"] + figures["rejected"] + figures["blank"])
        self.assertEqual(figures["rejected"], sum(figures["rejects_by_reason"].values()))
        self.assertLessEqual(
            {"bytes_compressed", "bytes_decompressed", "seconds", "rows_per_second", "inputs", "command"}, set(figures)
        )

    def test_rejects_file_holds_the_raw_line_with_its_place(self):
        rejects = self.path("rejects.json.gz")
        source = self.path("in.json", GOOD.encode() % b"1" + b'{"a":\xff}\n{}\n')
        self.assertEqual(chatload("check", source, "--rejects", rejects)[0], 1)
        with gzip.open(rejects, "rt") as lines:
            records = [json.loads(line) for line in lines]
        offset = len(GOOD % 1)
        self.assertEqual([(r["reason"], r["line"], r["offset"]) for r in records],
                         [("invalid_utf8", 2, offset), ("missing_field", 3, offset + 8)])  # fmt: skip
        self.assertEqual(records[0]["raw_base64"], "eyJhIjr/fQ==")
        self.assertEqual((records[1]["raw"], records[1]["field"], records[1]["input"]), ("{}", "type", source))

    def test_output_file_that_cannot_be_written_exits_3(self):
        source = self.path("in.json", GOOD % 1 + "{}\n")
        for flag, path, part in (
            ("--rejects", "/dev/full", "No space left"),
            ("--summary", "/dev/full", "No space left"),
            ("--rejects", self.folder.name, "directory"),
        ):
            with self.subTest(f"{flag} {path}"):
                code, _, err = chatload("check", source, flag, path)
                self.assertEqual(code, 3, err)
                self.assertIn(path, err)
                self.assertIn(part, err)

    def test_standard_input_is_not_overwritten(self):
        source = self.path("in.json", GOOD % 1)
        for flag in ("--rejects", "--summary"):
            with self.subTest(flag), open(source, "rb") as stdin:
                done = subprocess.run([support.CHATLOAD, "check", "-", flag, source], stdin=stdin, capture_output=True)
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertIn(b"would overwrite the input", done.stderr)
                self.assertEqual(pathlib.Path(source).read_text(), GOOD % 1)

    def test_no_output_overwrites_what_the_command_reads(self):
        source, password = self.path("in.json", GOOD % 1), self.path("password", "secret\n")
        config, options = self.path("chatload.toml", "[load]\nthreads = 2\n"), self.path(".my.cnf", "[client]\nuser=u\n")
        certificate = self.path("ca.pem", "certificate")
        to = f"mysql://u@localhost/d?ssl-mode=verify_identity&ssl-ca={certificate}"
        load = ["load", source, "--to", to, "--password-file", password, "--config", config]
        check = ["check", source, "--limits-from", to, "--password-file", password, "--config", config]
        rejects = ["rejects", "1", "--to", to, "--password-file", password, "--config", config]
        read = {source: "the input", password: "the password file", config: "the configuration file",
                options: "the options file", certificate: "the certificate"}  # fmt: skip
        before = {path: pathlib.Path(path).read_bytes() for path in read}
        for path, what in read.items():
            link, hard_link = pathlib.Path(self.path("link")), pathlib.Path(self.path("hard.link"))
            for other in (link, hard_link):
                other.unlink(missing_ok=True)
            link.symlink_to(path)
            hard_link.hardlink_to(path)
            for words, flag in (load, "--summary"), (load, "--rejects"), (check, "--summary"), (rejects, "-o"):
                if path == source and words is rejects:
                    continue
                for name in (path, link, hard_link, os.path.relpath(path)):
                    with self.subTest(words=words[0], flag=flag, name=name):
                        said = f" {name} would overwrite {what}"
                        self.assert_usage_error([*words, flag, str(name)], said, HOME=self.folder.name)
        self.assertEqual({path: pathlib.Path(path).read_bytes() for path in read}, before)

    def test_two_outputs_are_not_one_file(self):
        source, summary = self.path("in.json", GOOD % 1), self.path("summary.json", "{}")
        pathlib.Path(self.path("hard.link")).hardlink_to(summary)
        for first, second in ((summary, self.path("hard.link")), (self.path("new"), os.path.relpath(self.path("new")))):
            words = ["check", source, "--summary", first, "--rejects", second]
            self.assert_usage_error(words, "--rejects and --summary name the same file")
        self.assertEqual(pathlib.Path(summary).read_text(), "{}")

    def test_json_log_is_an_object_a_line(self):
        source = self.path("in.json", GOOD % 1 + '{"\\"\n')
        code, _, err = chatload("check", source, "--log-format", "json", "--progress", "lines")
        self.assertEqual(code, 1)
        events = [json.loads(line) for line in err.splitlines()]
        self.assertTrue(events)
        for event in events:
            self.assertEqual(set(event), {"ts", "level", "message"})
            self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["ts"]))

    def test_configuration_file_is_weaker_than_the_command_line(self):
        config = self.path("chatload.toml", "[check]\nmax-rejects = 0\nthreads = 2\n")
        source = self.path("in.json", GOOD % 1 + "{}\n")
        self.assertEqual(chatload("check", source, "--config", config)[0], 2)
        self.assertEqual(chatload("check", source, "--config", config, "--max-rejects", "1")[0], 1)

    def test_unknown_key_of_the_configuration_file_is_named_with_its_line(self):
        config = self.path("chatload.toml", "# ours\n[check]\nthread = 2\n")
        self.assert_usage_error(["check", "x", "--config", config], f"{config}:3", "'thread'")

    def test_configuration_file_may_be_any_toml(self):
        config = self.path("chatload.toml", '"check".since = 2016-11-22 12:00:00Z\ncheck.type = ["""m\\u0065ssage"""]\n')
        code, out, err = chatload("check", self.path("in.json", GOOD % 1), "--config", config)
        self.assertEqual(code, 0, err)
        self.assertRegex(out, r"(?m)^ *1  valid$")
        for text, part in (("[chek]\n", "[chek]"), ("a = \n", "Error"), ("[load]\nprogress = true\n", "'progress'")):
            config = self.path("chatload.toml", text)
            with self.subTest(text):
                self.assert_usage_error(["check", "x", "--config", config], f"{config}:", part)

    def test_environment_names_the_database(self):
        self.assert_usage_error(["load", "x"], "mysql://", CHATLOAD_TO="postgres://h/d")


if __name__ == "__main__":
    unittest.main()
