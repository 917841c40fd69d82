# ctest: web long
"""check, copy and index read over HTTP what they read from disk, through whatever a network does, or say why not."""

import gzip
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from remote import faults, web_server
from remote.faults import Schedule
from remote.remote_case import AT_ONCE, PATIENT, WebCase, random_lines, stored

SCHEDULES = 1000 if support.IS_LONG else 100
# As a file's name, and as it stands in a URL.
NAMES = {
    "two words.gz": "two%20words.gz",
    "a+b.gz": "a+b.gz",
    "a+c.gz": "a%2Bc.gz",
    "day=1.gz": "day=1.gz",
    "100%.gz": "100%25.gz",
    "%20.gz": "%2520.gz",
    "größe-語-😀.gz": "gr%C3%B6%C3%9Fe-%E8%AA%9E-%F0%9F%98%80.gz",
    "it's (1) & more;.gz": "it's%20(1)%20&%20more;.gz",
    "#1.gz": "%231.gz",
    "what?.gz": "what%3F.gz",
}


class ReadTest(WebCase):
    def test_check_counts_what_it_counts_from_disk(self):
        for name, options in {
            "one.json.gz": {},
            "members.json.gz": {"members": 9},
            "one-line.json.gz": {"lines": 1},
        }.items():
            with self.subTest(name):
                path = self.log(name, **options)
                self.assert_same_check(self.check(self.web.url(name)), path)

    def test_what_a_mapping_looks_up_may_be_on_a_server(self):
        (self.served / "regions.csv").write_text("code,name\na,North\n")
        mapping = self.folder / "mapping.toml"
        mapping.write_text(
            'table = "t"\nprimary_key = ["id"]\n[[column]]\nname = "id"\nsql = "INT NOT NULL"\n[[column]]\nname = "region"\n'
            'sql = "VARCHAR(9)"\nlookup = "regions.name"\n[[lookup]]\nname = "regions"\nkey = "code"\n'
            f'file = "{self.web.url("regions.csv")}"\n'
        )
        log = self.folder / "in.json"
        log.write_text('{"id":1,"region":"a"}\n{"id":2,"region":"b"}\n')
        run = self.check(log, "--mapping", mapping)
        self.assertEqual((run.summary["valid"], run.summary["rejects_by_reason"]["lookup_missing"]), (1, 1), run.stderr)
        (self.served / "regions.csv").unlink()
        run = self.check(log, "--mapping", mapping)
        self.assertEqual(run.exit_code, 3)
        self.assertIn("404", run.stderr)

    def test_plain_text_zstd_and_empty_files(self):
        plain = self.served / "plain.json"
        plain.write_bytes(gzip.decompress(self.log().read_bytes()))
        nothing = support.write_gzip(self.served / "nothing.json.gz", b"")
        frames = self.served / "frames.json.zst"
        frames.write_bytes(2 * subprocess.run(["zstd", "-qc", plain], stdout=subprocess.PIPE, check=True).stdout)
        for path in (plain, frames, nothing):
            with self.subTest(path.name):
                self.assert_same_check(self.check(self.web.url(path.name)), path)

    def test_a_file_of_many_requests(self):
        path = self.big_log()
        self.assert_same_check(self.check(self.web.url(path.name)), path)

    def test_copy_writes_the_bytes_that_it_writes_from_disk(self):
        log, big = self.log(), self.big_log()
        outs = self.folder / "from-disk.gz", self.folder / "from-web.gz"
        for words in (["--keep-rejected"], ["--members", "bgzf"], ["--type", "message"]):
            for path in (log, big):
                with self.subTest(words, path=path.name):
                    for source, out in zip((path, self.web.url(path.name)), outs):
                        run = self.run_command("copy", source, *words, "-o", out)
                        self.assertIn(run.exit_code, (0, 1), run.stderr)
                    self.assertEqual(outs[0].read_bytes(), outs[1].read_bytes())

    def test_index_makes_the_index_that_it_makes_from_disk(self):
        path = self.big_log()
        folders = self.folder / "disk", self.folder / "web"
        for source, folder in zip((path, self.web.url(path.name)), folders):
            folder.mkdir()
            run = self.run_command("index", source, "--index-dir", folder)
            self.assertEqual(run.exit_code, 0, run.stderr)
        made = [next(folder.glob("*.gzi")).read_bytes() for folder in folders]
        self.assertEqual(*made)

    def test_inputs_of_all_kinds_follow_one_another(self):
        paths = [self.log(f"{number}.json.gz", seed=number) for number in range(3)]
        out, expected = self.folder / "out.gz", self.folder / "expected.gz"
        self.run_command("copy", *paths, "-o", expected)
        self.run_command("copy", self.web.url("0.json.gz"), paths[1], self.web.url("2.json.gz"), "-o", out)
        self.assertEqual(out.read_bytes(), expected.read_bytes())

    def test_many_small_files_are_read_as_from_disk_of_which_some_are_damaged(self):
        paths = [self.log(f"{number}.gz", seed=number, members=1 + number % 3) for number in range(40)]
        for number in (3, 17, 18, 39):
            paths[number].write_bytes(paths[number].read_bytes()[:-1000])
        paths[20].write_bytes(subprocess.run(["bgzip", "-c"], input=gzip.decompress(paths[20].read_bytes()),
                                             stdout=subprocess.PIPE, check=True).stdout)  # fmt: skip
        cache = self.folder / "cache"
        cache.mkdir()
        door = self.proxy()
        urls = [door.url(path.name) for path in paths]
        keeping = ["--cache-dir", cache]
        for words, requests in (([], 2), (keeping, 2), (keeping, 1), (["--memory", "128M"], 2)):
            with self.subTest(words):
                before = len(door.requests)
                self.assert_same_check(self.check(*urls, "--threads", "4", *words), *paths)
                self.assertEqual(len(door.requests) - before, requests * len(paths))
        self.assertEqual({path.read_bytes() for path in cache.iterdir()}, {path.read_bytes() for path in paths})

    def test_bytes_are_asked_for_once_where_memory_does_not_hold_the_next_files(self):
        text = random_lines(1_800_000)
        paths = [self.served / f"next-{number}" for number in range(16)]
        for number, path in enumerate(paths):
            lines = number * b"\n" + text  # of another size each, or they might be the same bytes
            path.write_bytes(lines if number % 4 else stored(lines))
        door = self.proxy()
        run = self.check(*(door.url(path.name) for path in paths), "--memory", "128M")  # of which 16 MiB for these
        self.assert_same_check(run, *paths)
        self.assertEqual(len(door.requests), 2 * len(paths))

    def test_names_with_any_characters(self):
        for name, in_url in NAMES.items():
            with self.subTest(name):
                path = self.log(name, lines=100)
                self.assert_same_check(self.check(self.web.url(in_url)), path)

    def test_a_query_is_sent_as_it_stands(self):
        path = self.log()
        door = self.proxy()
        query = "?token=a%2Bb&x=/&empty"
        self.assert_same_check(self.check(door.url(path.name + query)), path)
        self.assertEqual({request.target for request in door.requests}, {f"/{path.name}{query}"})

    def test_a_body_that_is_named_as_encoded_is_taken_as_it_stands(self):
        path = self.log()
        self.assert_same_check(self.check(self.web.url(f"encoded/{path.name}")), path)

    def test_a_server_without_ranges_is_read_right_or_refused(self):
        for path in (self.log(), self.big_log()):
            self.assert_right_or_failed(self.check(self.web.url(f"whole/{path.name}"), *AT_ONCE), path)

    def test_an_object_that_is_kept_is_read_from_its_file(self):
        path = self.big_log()
        cache = self.folder / "cache"
        cache.mkdir()
        proxy = self.proxy()
        url = proxy.url(path.name)
        self.assert_same_check(self.check(url, "--cache-dir", cache), path)
        kept = [file.read_bytes() for file in cache.iterdir()]
        self.assertEqual(kept, [path.read_bytes()])
        before = len(proxy.requests)
        self.assert_same_check(self.check(url, "--cache-dir", cache), path)
        self.assertEqual(len(proxy.requests) - before, 1, "the look at its version")
        run = self.run_command("index", url, "--index-dir", self.folder, "--cache-dir", cache)
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertEqual(len(proxy.requests) - before, 2)

    def test_another_version_is_no_file_that_is_kept(self):
        path = self.log("versions.json.gz")
        url = self.web.url(path.name)
        self.assert_same_check(self.check(url, "--cache-dir", self.folder), path)
        with self.replaced(path) as replace:
            replace()
            self.assert_same_check(self.check(url, "--cache-dir", self.folder), path)

    def test_what_is_not_read_to_its_end_is_not_kept(self):
        path = self.served / "cut.json.gz"
        path.write_bytes(self.big_log().read_bytes()[:-100])
        cache = self.folder / "cache"
        cache.mkdir()
        run = self.check(self.web.url("404.json.gz"), self.web.url(path.name), "--cache-dir", cache, *AT_ONCE)
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertRegex(run.stderr, "cut.json.gz is truncated")
        damaged = self.served / "damaged.json.gz"
        damaged.write_bytes(b"\x1f\x8b\x08\xff" + self.big_log().read_bytes())
        self.assertEqual(self.check(self.web.url(damaged.name), "--cache-dir", cache).exit_code, 3)
        self.assertEqual([file.read_bytes() for file in cache.iterdir()], [path.read_bytes()], "whole as the server has it")

    def test_a_kept_file_that_was_cut_off_is_fetched_again(self):
        path = self.log("cut-off.json.gz")
        url = self.web.url(path.name)
        self.assert_same_check(self.check(url, "--cache-dir", self.folder), path)
        kept = next(file for file in self.folder.iterdir() if file.is_file() and file.stat().st_size == path.stat().st_size)
        kept.write_bytes(path.read_bytes()[:100])
        self.assert_same_check(self.check(url, "--cache-dir", self.folder), path)
        self.assertEqual(kept.read_bytes(), path.read_bytes())

    @unittest.skipIf(os.geteuid() == 0, "root writes everywhere")
    def test_a_folder_that_takes_no_file_is_a_warning(self):
        paths = [self.log(f"{number}.json.gz", seed=number) for number in range(3)]
        cache = self.folder / "cache"
        cache.mkdir(mode=0o500)
        run = self.check(*(self.web.url(path.name) for path in paths), "--cache-dir", cache)
        self.assert_same_check(run, *paths)
        said = re.findall(r"warning: The object cannot be kept in .*Permission denied.* It is read all the same", run.stderr)
        self.assertEqual(len(said), 3, "once an object")

    def test_redirects_are_followed(self):
        path = self.big_log()
        self.assert_same_check(self.check(self.web.url(f"moved/{path.name}")), path)
        door = self.proxy()
        self.assert_same_check(self.check(self.web.url(f"elsewhere/{path.name}?port={door.port}")), path)
        self.assertGreater(len(door.requests), 0)

    def test_it_asks_for_each_byte_about_once(self):
        for path in (self.log(), self.big_log()):
            with self.subTest(path.name):
                door = self.proxy()
                self.assert_same_check(self.check(door.url(path.name)), path)
                self.assertLess(door.bytes_sent, 1.1 * path.stat().st_size + (256 << 10))
                self.assertLess(len(door.requests), 100)

    def test_several_requests_are_on_their_way_at_once(self):
        path = self.big_log()
        door = self.proxy(lambda number, request: faults.Late(0.1))
        self.assert_same_check(self.check(door.url(path.name)), path)
        self.assertGreater(door.busy_max, 1)
        self.assertLessEqual(door.connections, 64)


class RefusalTest(WebCase):
    def test_a_missing_file_is_named_and_asked_for_once(self):
        door = self.proxy()
        run = self.check(door.url("nothing/here.gz"))
        self.assert_failed(run, r"nothing/here\.gz", "404|no such|not found|there is no")
        self.assertLessEqual(len(door.requests), 2)

    def test_a_forbidden_file_is_named(self):
        self.log("forbidden.gz")
        self.assert_failed(self.check(self.web.url("forbidden/log.gz")), r"forbidden/log\.gz", "403|denied|forbid|refus")

    def test_a_host_that_nobody_knows(self):
        self.assert_failed(self.check("http://no-such-host.invalid/log.gz", *AT_ONCE), r"no-such-host\.invalid")

    def test_a_port_that_nobody_listens_on(self):
        port = support.free_port()
        self.assert_failed(self.check(f"http://127.0.0.1:{port}/log.gz", *AT_ONCE), str(port))

    def test_a_server_that_says_nothing_of_http(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            run = self.check(f"https://127.0.0.1:{listener.getsockname()[1]}/log.gz", "--retry-for", "1s")
            self.assert_failed(run)

    def test_a_redirect_that_leads_in_a_circle_or_to_the_disk(self):
        path = self.log()
        self.assert_failed(self.check(self.web.url("circle/"), *AT_ONCE), "redirect")
        self.assert_failed(self.check(self.web.url(f"disk/{path.name}"), *AT_ONCE), "redirect|file:")

    def test_one_input_that_fails_does_not_stop_the_next_one(self):
        path = self.log()
        run = self.check(self.web.url("nothing.gz"), self.web.url(path.name))
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertEqual([one["status"] for one in run.summary["inputs"]], ["failed", "done"])
        self.assertEqual(run.summary["lines"], 2000)

    def test_a_secret_in_a_url_is_not_shown(self):
        signed, named = self.web.url("nothing.gz?X-Amz-Signature=SECRET"), self.web.url("nothing.gz")
        for url in (signed, named.replace("//", "//me:SECRET@")):
            for more in ([], ["--log-format", "json"]):
                run = self.check(url, *AT_ONCE, *more)
                self.assertIn(run.exit_code, (3, 64), run.stderr)
                self.assertNotIn("SECRET", f"{run.stdout}{run.stderr}")


class TlsTest(WebCase):
    def test_a_certificate_of_an_authority_that_is_given(self):
        path = self.log()
        run = self.check(self.web.tls_url(path.name), "--ca-file", self.web.ca_file)
        self.assert_same_check(run, path)

    def test_a_certificate_that_nobody_vouches_for(self):
        path = self.log()
        self.assert_failed(self.check(self.web.tls_url(path.name), *AT_ONCE), "certificate", "--ca-file")

    def test_a_certificate_for_another_host(self):
        path = self.log()
        run = self.check(self.web.tls_url(path.name, "127.0.0.1"), "--ca-file", self.web.ca_file, *AT_ONCE)
        self.assert_failed(run, "certificate|127.0.0.1")

    def test_a_file_of_authorities_that_is_none(self):
        path = self.log()
        (self.folder / "text.pem").write_text("no certificate\n")
        for name in ("text.pem", "missing.pem"):
            run = self.check(self.web.tls_url(path.name), "--ca-file", self.folder / name, *AT_ONCE)
            self.assertIn(run.exit_code, (3, 64), run.stderr)
            self.assertIn(name, run.stderr)


class PasswordTest(WebCase):
    def netrc(self, password, host="127.0.0.1"):
        path = self.home / ".netrc"
        path.write_text(f"machine {host} login {web_server.USER} password {password}\n")
        path.chmod(0o600)

    def test_the_one_in_netrc_opens_the_file(self):
        path = self.log()
        self.netrc(web_server.PASSWORD)
        self.assert_same_check(self.check(self.web.url(f"private/{path.name}")), path)

    def test_none_or_a_wrong_one_is_refused_without_showing_it(self):
        path = self.log()
        url = self.web.url(f"private/{path.name}")
        self.assert_failed(self.check(url, *AT_ONCE), "401|password|log ?in|credential", "netrc")
        self.netrc("WRONG-PASSWORD")
        self.assertNotIn("WRONG", self.assert_failed(self.check(url, *AT_ONCE)))

    def test_it_goes_to_no_other_host(self):
        path = self.log()
        self.netrc(web_server.PASSWORD)
        door = self.proxy()
        self.assert_same_check(self.check(self.web.url(f"elsewhere/{path.name}?port={door.port}")), path)
        self.assertGreater(len(door.requests), 0)
        self.assertEqual({request.header("Authorization") for request in door.requests}, {None})


class FaultTest(WebCase):
    def assert_gets_over(self, path, plan, *words):
        door = self.proxy(plan)
        run = self.check(door.url(path.name), *PATIENT, *words)
        self.assert_same_check(run, path)
        self.assertGreater(door.faults_met(), 0)
        return door

    def test_each_fault_at_the_first_and_at_a_later_request(self):
        kinds = [
            faults.Reset(), faults.Reset(0.0), faults.Reset(0.4), faults.CloseEarly(0.001), faults.CloseEarly(0.7),
            faults.ShortLength(0.5), faults.ShortLength(0.999), faults.Stall(0.5, 0.3), faults.Refuse(500),
            faults.Refuse(503, "0"), faults.Refuse(429), faults.Redirect(), faults.WrongRange(1), faults.OtherBytes(),
            faults.Late(0.3),
        ]  # fmt: skip
        path = self.big_log()
        for fault in kinds:
            for number in (1, 3):
                with self.subTest(fault, number=number):
                    self.assert_gets_over(path, {number: fault})

    def test_a_storm_of_refusals_passes(self):
        path = self.big_log()
        for status in (500, 503, 429):
            with self.subTest(status):
                self.assert_gets_over(path, {number: faults.Refuse(status) for number in range(2, 8)})

    def test_the_time_that_a_server_asks_for_is_waited(self):
        path = self.log()
        door = self.assert_gets_over(path, {1: faults.Refuse(503, "2")})
        self.assertGreaterEqual(door.requests[1].begin_s - door.requests[0].begin_s, 1.9)

    def test_what_does_not_pass_ends_the_check_when_retry_for_is_over(self):
        path = self.big_log()
        for fault in (faults.Reset(), faults.CloseEarly(0.3), faults.Refuse(503), faults.WrongRange(1)):
            with self.subTest(fault):
                door = self.proxy(lambda number, _, fault=fault: fault if number > 2 else None)
                begin = time.monotonic()
                self.assert_failed(self.check(door.url(path.name), *AT_ONCE), r"big\.json\.gz")
                self.assertLess(time.monotonic() - begin, 30)

    def test_silence_is_broken_off_and_asked_again(self):
        path = self.log()
        self.assert_gets_over(path, {1: faults.Stall(0.5)})

    def test_ranges_that_are_ignored_in_the_midst_are_no_short_read(self):
        path = self.big_log()
        for number in (1, 2, 4):
            door = self.proxy({number: faults.IgnoreRange()})
            self.assert_right_or_failed(self.check(door.url(path.name), *PATIENT), path)

    def test_a_file_that_changes_in_the_midst_ends_the_check(self):
        path = self.big_log()
        for number in (2, 3, 4):
            with self.subTest(number), self.replaced(path) as replace:
                door = self.proxy({number: faults.Before(replace)})
                self.assert_failed(self.check(door.url(path.name), *AT_ONCE), "changed|another|replaced|version")

    def test_an_answer_of_another_version_ends_the_check(self):
        path = self.big_log()
        for fault in (faults.OtherETag(), faults.WrongRange(5, total=True)):
            with self.subTest(fault):
                door = self.proxy(lambda number, _, fault=fault: fault if number > 2 else None)
                self.assert_failed(self.check(door.url(path.name), *AT_ONCE), "changed|another|replaced|version")

    def test_a_server_that_comes_back_is_read_on(self):
        path = self.big_log()
        door = self.proxy({3: faults.Before(self.web.stop), 6: faults.Before(self.start_again)})
        self.assert_right_or_failed(self.check(door.url(path.name), *PATIENT), path)
        self.start_again()

    def start_again(self):
        self.web.stop()  # which another thread may be at
        self.web.start()

    def test_random_schedules_end_right_or_with_a_sentence(self):
        small, big = self.log(), self.big_log(lines=80_000)
        right = met = 0
        for seed in range(SCHEDULES):
            schedule = Schedule(seed, share_max=0.7, keeps_version=seed % 5 > 0, ranges_can_fail=seed % 3 == 0)
            path = big if seed % 10 == 0 else small
            with self.subTest(schedule):
                door = self.proxy(schedule)
                right += self.assert_right_or_failed(self.check(door.url(path.name), *PATIENT), path)
                met += door.faults_met()
        print(f"{SCHEDULES} schedules, {met} faults, {right} checks right, the others failed with a sentence")
        self.assertGreater(right, SCHEDULES * 0.7)
        self.assertGreater(met, SCHEDULES // 2)


if __name__ == "__main__":
    web_server.require("the tests that read over HTTP need nginx.")
    unittest.main()
