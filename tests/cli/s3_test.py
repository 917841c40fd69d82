# ctest: store long
"""check, copy and index read from an object store what they read from disk: any key, lists of keys, or say why not."""

import gzip
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support
from remote import faults, web_server
from remote.faults import Schedule
from remote.remote_case import AT_ONCE, PATIENT, RemoteCase, big_text, random_lines, stored
from support import chat_line

SCHEDULES = 200 if support.IS_LONG else 20
KEYS = (
    "log.json.gz",
    "two words.gz",
    "a+b.gz",
    "day=1/host=2.gz",
    "100%.gz",
    "%20.gz",
    "a%2Fb.gz",
    "größe-語-😀.gz",
    "/leading.gz",
    "two//slashes.gz",
    "a/./b.gz",
    "a/../b.gz",
    "it's (1) & more; $5, @home: !.gz",
    "#1.gz",
    "tilde~_-.gz",
)
OBJECTS = 1_100  # more than a list's page has
PART = 5 << 20  # the least that a part may have


class StoreCase(RemoteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        from remote.object_store import ObjectStore  # needs the store's packages

        cls.store = ObjectStore()
        cls.secrets = (*RemoteCase.secrets, cls.store.environment["AWS_SECRET_ACCESS_KEY"], "Signature=")

    def setUp(self):
        super().setUp()
        self.bucket = self.enterContext(self.store.bucket())

    def variables(self, **others):
        return self.store.variables(self.home, **others)

    def put(self, path, key=None):
        """The file as an object; returns its URL."""
        key = key or path.name
        self.bucket.put(key, path.read_bytes())
        return self.bucket.url(key)

    def door(self, plan=None):
        return self.proxy_to(self.store, plan)

    def check_through(self, door, *words, **options):
        return self.check(*words, env=self.variables(port=door.port), **options)


class ReadTest(StoreCase):
    def test_check_counts_what_it_counts_from_disk(self):
        for path in (self.log(), self.log("members.json.gz", members=9), self.big_log()):
            with self.subTest(path.name):
                self.assert_same_check(self.check(self.put(path)), path)

    def test_copy_and_index_make_what_they_make_from_disk(self):
        path = self.big_log()
        url = self.put(path)
        out, expected = self.folder / "out.gz", self.folder / "expected.gz"
        for source, target in ((path, expected), (url, out)):
            self.assertEqual(self.run_command("copy", source, "-o", target).exit_code, 1)
        self.assertEqual(out.read_bytes(), expected.read_bytes())
        made = []
        for source in (path, url):
            folder = self.folder / f"indexes-{len(made)}"
            folder.mkdir()
            self.assertEqual(self.run_command("index", source, "--index-dir", folder).exit_code, 0)
            made.append(next(folder.glob("*.gzi")).read_bytes())
        self.assertEqual(*made)

    def test_an_object_of_parts(self):
        path = self.served / "parts.gz"
        path.write_bytes(stored(big_text(80_000)))
        content = path.read_bytes()
        self.bucket.put_in_parts("parts.gz", [content[begin : begin + PART] for begin in range(0, len(content), PART)])
        self.assert_same_check(self.check(self.bucket.url("parts.gz")), path)

    def test_empty_objects_and_plain_text(self):
        plain = self.served / "plain.json"
        plain.write_bytes(gzip.decompress(self.log().read_bytes()))
        nothing = support.write_gzip(self.served / "nothing.json.gz", b"")
        for path in (plain, nothing):
            with self.subTest(path.name):
                self.assert_same_check(self.check(self.put(path)), path)

    def test_keys_with_any_characters(self):
        path = self.log(lines=100)
        others = support.write_gzip(self.served / "others.gz", b"{}\n")
        for key in KEYS:
            self.put(others, key)
        for key in KEYS:
            with self.subTest(key):
                self.put(path, key)
                self.assert_same_check(self.check(self.bucket.url(key)), path)
                self.put(others, key)

    def test_the_endpoint_may_stand_behind_a_proxy(self):
        """The signature is over the host that was asked."""
        path = self.big_log()
        url, door = self.put(path), self.door()
        self.assert_same_check(self.check_through(door, url), path)
        self.assertLess(door.bytes_sent, 1.1 * path.stat().st_size + (256 << 10))

    def test_the_credentials_of_a_file(self):
        path = self.log()
        url = self.put(path)
        folder = self.home / ".aws"
        folder.mkdir()
        own = self.store.environment
        keys = f"aws_access_key_id = {own['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {own['AWS_SECRET_ACCESS_KEY']}\n"
        (folder / "credentials").write_text(f"[default]\naws_access_key_id = X\naws_secret_access_key = Y\n[night]\n{keys}")
        bare = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
        self.assert_same_check(self.check(url, env=self.variables(**bare, AWS_PROFILE="night")), path)
        self.assert_failed(self.check(url, *AT_ONCE, env=self.variables(**bare)), "403|denied|key|credentials")


class ListTest(StoreCase):
    def put_lines(self, keys):
        """An object of one line for each key, whose ids are the keys' places."""
        bodies = {key: gzip.compress(f"{chat_line(number)}\n".encode(), 1, mtime=0) for number, key in enumerate(keys)}
        self.bucket.put_all(bodies)

    def ids_copied(self, *inputs, env=None):
        """The numbers of the lines in the order in which copy met them."""
        out = self.folder / "out.gz"
        run = self.run_command("copy", *inputs, "-o", out, env=env or self.variables())
        self.assertEqual(run.exit_code, 0, run.stderr)
        return [int(json.loads(line)["id"][1:]) for line in gzip.decompress(out.read_bytes()).splitlines()]

    def test_a_prefix_is_all_of_its_objects_in_key_order_page_after_page(self):
        self.put_lines([f"night/host-{number:04}.json.gz" for number in range(OBJECTS)])
        door = self.door()
        found = self.ids_copied(self.bucket.url("night/"), env=self.variables(port=door.port))
        self.assertEqual(found, list(range(OBJECTS)))
        lists = [request for request in door.requests if "list-type=2" in request.target]
        self.assertEqual(len(lists), 2)
        self.assertLessEqual(len(door.requests), 2 * OBJECTS + len(lists) + 2)

    def test_a_glob_is_those_that_it_matches(self):
        self.put_lines(["night/a-9.gz", "night/a-10.gz", "night/b-1.gz", "night/a-1.txt", "day/a-1.gz"])
        self.assertEqual(self.ids_copied(self.bucket.url("night/a-*.gz")), [1, 0])
        self.assertEqual(self.ids_copied(self.bucket.url("night/*.gz")), [1, 0, 2])

    def test_a_prefix_is_no_part_of_a_name(self):
        self.put_lines(["night/1.gz", "nights/2.gz", "night.gz"])
        self.assertEqual(self.ids_copied(self.bucket.url("night/")), [0])

    def test_odd_keys_are_listed_and_read(self):
        keys = sorted(f"odd/{key.replace('/', '_')}" for key in KEYS)
        self.put_lines(keys)
        self.assertEqual(sorted(self.ids_copied(self.bucket.url("odd/"))), list(range(len(keys))))

    def test_odd_prefixes(self):
        prefixes = ["two words/", "a+b/", "day=1/", "100%/", "größe-😀/", "a//b/", "/lead/", "it's & more/"]
        self.put_lines([f"{prefix}1.gz" for prefix in prefixes])
        for number, prefix in enumerate(prefixes):
            with self.subTest(prefix):
                self.assertEqual(self.ids_copied(self.bucket.url(prefix)), [number])

    def test_markers_of_folders_are_no_inputs(self):
        self.put_lines(["night/1.gz"])
        self.bucket.put("night/", b"")
        self.assertEqual(self.ids_copied(self.bucket.url("night/")), [0])

    def test_what_matches_nothing_is_refused(self):
        self.put_lines(["night/1.gz"])
        for key in ("day/", "night/*.json"):
            run = self.check(self.bucket.url(key))
            self.assertIn(run.exit_code, (3, 64), run.stderr)
            self.assertIn(self.bucket.url(key), run.stderr)

    def test_a_list_that_is_refused_for_a_while_is_asked_for_again(self):
        self.put_lines([f"night/{number:02}.gz" for number in range(20)])
        for fault in (faults.Refuse(503), faults.Reset(0.5), faults.CloseEarly(0.9), faults.Refuse(500)):
            with self.subTest(fault):
                door = self.door({1: fault, 2: fault})
                env = self.variables(port=door.port)
                self.assertEqual(self.ids_copied(self.bucket.url("night/"), *PATIENT, env=env), list(range(20)))


class OutputTest(StoreCase):
    """copy -o s3://..."""

    def uploads(self):
        return self.bucket.client.list_multipart_uploads(Bucket=self.bucket.name).get("Uploads", [])

    def copy(self, path, key, *flags, **others):
        return self.run_command("copy", path, "-o", self.bucket.url(key), *flags, env=self.variables(**others))

    def on_disk(self, path, *flags):
        out = self.folder / "out.gz"
        self.assertEqual(self.run_command("copy", path, "-o", out, *flags, env=self.variables()).exit_code, 0)
        return out.read_bytes()

    def test_a_small_copy_is_the_file_that_it_would_be_on_disk(self):
        path = self.log(malformed=0)
        for key in ("out.gz", "a b/+=%/größe.gz"):
            with self.subTest(key):
                self.assertEqual(self.copy(path, key).exit_code, 0)
                self.assertEqual(self.bucket.get(key), self.on_disk(path))

    def test_a_large_copy_goes_out_in_parts_and_is_the_file_that_it_would_be_on_disk(self):
        path = self.folder / "large.gz"
        path.write_bytes(stored(random_lines(24 << 20)))
        door = self.door({number: faults.Refuse(503) for number in (2, 4)})
        run = self.copy(path, "out.gz", *PATIENT, port=door.port)
        self.assertEqual(run.exit_code, 0, run.stderr)
        self.assertEqual(self.bucket.get("out.gz"), self.on_disk(path))
        self.assertEqual(len({request.target for request in door.requests if "partNumber" in request.target}), 2)
        self.assertEqual(self.uploads(), [])

    def test_what_is_not_whole_is_no_object_and_leaves_no_parts(self):
        path = self.folder / "large.gz"
        path.write_bytes(stored(random_lines(24 << 20))[:-1000])
        self.bucket.put("out.gz", b"as it was")
        run = self.copy(path, "out.gz")
        self.assertEqual(run.exit_code, 3, run.stderr)
        self.assertEqual(self.bucket.get("out.gz"), b"as it was")
        self.assertEqual(self.uploads(), [])

    def test_a_bucket_that_is_not_there_is_named(self):
        run = self.run_command("copy", self.log(malformed=0), "-o", "s3://no-such-bucket/out.gz", env=self.variables())
        self.assert_failed(run, "s3://no-such-bucket/out.gz", "bucket")

    def test_parts_of_a_split_copy_are_objects_with_numbers(self):
        path = self.log(malformed=0)
        self.assertEqual(self.copy(path, "out.json.gz", "--split", "2").exit_code, 0)
        self.assertEqual(
            b"".join(gzip.decompress(self.bucket.get(f"out-{number}.json.gz")) for number in (1, 2)),
            gzip.decompress(self.on_disk(path)))


class RefusalTest(StoreCase):
    def test_what_is_not_there_is_named(self):
        self.assert_failed(self.check(self.bucket.url("missing.gz")), r"missing\.gz")
        self.assert_failed(self.check("s3://no-such-bucket-here/log.gz"), "no-such-bucket-here")
        run = self.check("s3://no-such-bucket-here/night/")
        self.assert_failed(run, "no-such-bucket-here")

    def test_a_wrong_secret_and_an_unknown_key(self):
        url = self.put(self.log())
        run = self.check(url, env=self.variables(AWS_SECRET_ACCESS_KEY="WRONG-SECRET"))
        self.assertNotIn("WRONG-SECRET", self.assert_failed(run, "SignatureDoesNotMatch|secret"))
        run = self.check(url, env=self.variables(AWS_ACCESS_KEY_ID="NOBODY"))
        self.assert_failed(run, "InvalidAccessKeyId|AWS_ACCESS_KEY_ID|key")
        run = self.check(self.bucket.url("prefix/"), env=self.variables(AWS_SECRET_ACCESS_KEY="WRONG-SECRET"))
        self.assert_failed(run, "SignatureDoesNotMatch|secret")

    def test_no_credentials_name_where_they_are_looked_for(self):
        url = self.put(self.log())
        bare = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": "true"}
        self.assert_failed(self.check(url, *AT_ONCE, env=self.variables(**bare)), "AWS_ACCESS_KEY_ID|credentials")

    def test_an_object_that_a_policy_denies(self):
        url = self.put(self.log())
        what = f"arn:aws:s3:::{self.bucket.name}/*"
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": what}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.bucket.client.put_bucket_policy(Bucket=self.bucket.name, Policy=policy)
        self.assert_failed(self.check(url), "403|denied|AccessDenied")

    def test_an_endpoint_that_does_not_answer(self):
        port = support.free_port()
        run = self.check(self.bucket.url("log.gz"), *AT_ONCE, env=self.variables(port=port))
        self.assert_failed(run, str(port))

    def test_urls_that_name_no_object(self):
        for url in ("s3://", f"s3:///{self.bucket.name}", "s3://UPPER_and_under/x y"):
            with self.subTest(url):
                self.assertIn(self.check(url, *AT_ONCE).exit_code, (3, 64))


class FaultTest(StoreCase):
    def test_an_object_that_is_replaced_in_the_midst_ends_the_check(self):
        path = self.big_log()
        for number in (2, 3, 4):
            with self.subTest(number):
                url = self.put(path)
                other = path.read_bytes() + gzip.compress(b"\n")
                door = self.door({number: faults.Before(lambda: self.bucket.put(path.name, other))})
                run = self.check_through(door, url, *AT_ONCE)
                self.assert_failed(run, "changed|another|replaced|version")
                self.assertIn(412, [request.status for request in door.requests])

    def test_an_object_that_is_deleted_in_the_midst_ends_the_check(self):
        path = self.big_log()
        url = self.put(path)
        delete = lambda: self.bucket.client.delete_object(Bucket=self.bucket.name, Key=path.name)
        door = self.door({3: faults.Before(delete)})
        self.assert_failed(self.check_through(door, url, *AT_ONCE), r"big\.json\.gz")

    def test_a_token_that_has_expired_is_named(self):
        url = self.put(self.big_log())
        door = self.door(lambda number, _: faults.Refuse(400, code="ExpiredToken") if number > 2 else None)
        self.assert_failed(self.check_through(door, url, *AT_ONCE), "ExpiredToken|expired")

    def test_random_schedules_end_right_or_with_a_sentence(self):
        small, big = self.log(), self.big_log()
        urls = {path: self.put(path) for path in (small, big)}
        right = met = 0
        for seed in range(SCHEDULES):
            schedule = Schedule(10_000 + seed, keeps_version=seed % 5 > 0)
            path = big if seed % 4 == 0 else small
            with self.subTest(schedule):
                door = self.door(schedule)
                right += self.assert_right_or_failed(self.check_through(door, urls[path], *PATIENT), path)
                met += door.faults_met()
        print(f"{SCHEDULES} schedules, {met} faults, {right} checks right, the others failed with a sentence")
        self.assertGreater(right, SCHEDULES * 0.7)


if __name__ == "__main__":
    web_server.require("the tests that read from S3 need an object store.")
    unittest.main()
