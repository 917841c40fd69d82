# ctest: mariadb web store long
"""A load over HTTP or from an object store ends with the table of a load from disk, whatever the network does meanwhile."""

import gzip
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import ledger_case
import support
from ledger_case import LedgerCase, apply, chat_log, line, wait_until
from remote import faults, web_server
from remote.fault_proxy import FaultProxy
from remote.faults import Schedule
from remote.object_store import ObjectStore
from remote.remote_case import AT_ONCE, ERROR, PATIENT, stored

SCHEDULES = 300 if support.IS_LONG else 30
OBJECTS = 500
LONG_LINES = 20_000  # 4 MB, stored
PADDING = "".join(line(f"padding-{number}", "x" * 2000, type="typing") for number in range(8_000))  # 16 MB, filtered out
RUNS_MAX = 30  # of one schedule
REQUESTS_AT_ONCE = 6


class RemoteLoadCase(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.served = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.web = cls.enterClassContext(web_server.WebServer(cls.served))
        cls.store = ObjectStore()

    def setUp(self):
        super().setUp()
        self.assertIsNone(self.web.process.poll(), "a test before has left no web server")
        self.bucket = self.enterContext(self.store.bucket())
        self.home = self.folder / "home"
        self.home.mkdir()

    def served_log(self, lines=ledger_case.LINES, is_padded=False):
        """Padded: so large that several requests are needed for it, and no slower to load and to judge than it must be."""
        path = self.served / "log.json.gz"
        path.write_bytes(stored((chat_log(lines) + PADDING * is_padded).encode()))
        return path

    def put(self, path, content):
        """On both sides."""
        path.write_bytes(content)
        self.bucket.put(path.name, content)

    def proxy_to(self, server, plan=None):
        return self.enterContext(FaultProxy(server.address(), plan))

    def sides(self, path, plan=None):
        """Of nginx and the store a name, the file's URL through a proxy, the proxy, and the command's environment."""
        self.bucket.put(path.name, path.read_bytes())
        door = self.proxy_to(self.web, plan)
        yield "web", door.url(path.name), door, self.store.variables(self.home)
        door = self.proxy_to(self.store, plan)
        yield "store", self.bucket.url(path.name), door, self.store.variables(self.home, door.port)

    def assert_says_no_secret(self, run):
        self.assertNotIn(self.store.environment["AWS_SECRET_ACCESS_KEY"], f"{run.stdout}{run.stderr}{run.summary}")
        names = self.database.sql("SELECT source FROM chatload_loads; SELECT name FROM chatload_sources")
        self.assertNotIn("Signature", str(names))


class LoadTest(RemoteLoadCase):
    def test_the_table_is_the_one_of_a_load_from_disk(self):
        path = self.served_log(lines=LONG_LINES)
        for flags in ([], ["--order", "key"], ["--connections", 8, "--range-size", "64K"]):
            for side, url, _, environment in self.sides(path):
                with self.subTest(side=side, flags=flags):
                    self.database.create_table()
                    run = self.load(url, *flags, env=environment)
                    self.assert_loaded(run, apply(path))
                    self.assert_says_no_secret(run)

    def test_a_finished_object_is_known_without_reading_it_again(self):
        path = self.served_log(lines=LONG_LINES)
        for side, url, door, environment in self.sides(path):
            with self.subTest(side):
                self.database.create_table()
                self.assert_loaded(self.load(url, env=environment), apply(path))
                before = door.bytes_sent
                self.assert_loaded(self.load(url, env=environment), apply(path), status="already_loaded")
                self.assertLess(door.bytes_sent - before, path.stat().st_size // 4)

    def test_an_object_that_was_replaced_since_is_a_load_of_its_own(self):
        path = self.served_log()
        for side, url, _, environment in self.sides(path):
            with self.subTest(side):
                self.database.create_table()
                self.assert_loaded(self.load(url, env=environment), apply(path))
                old = path.read_bytes()
                other = self.write("both.gz", gzip.decompress(old) + line("added").encode())
                self.put(path, old + gzip.compress(line("added").encode()))
                run = self.load(url, env=environment)
                self.assertEqual((run.exit_code, run.summary["status"]), (1, "done"), run.stderr)
                self.assertEqual(run.summary["inserted"], 1)
                self.assertIsNone(support.first_difference(self.database, apply(other)))
                self.put(path, old)

    def test_file_and_object_of_the_same_bytes_count_once(self):
        path = self.served_log()
        self.bucket.put(path.name, path.read_bytes())
        run = self.load(path, self.bucket.url(path.name), self.web.url(path.name), env=self.store.variables(self.home))
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertIsNone(support.first_difference(self.database, apply(path)))
        self.assertEqual(run.summary["inserted"], len(apply(path).rows))


class ListTest(RemoteLoadCase):
    def test_many_objects_are_one_load_and_a_rerun_asks_for_the_list_alone(self):
        paths = []
        for number in range(OBJECTS):
            text = "".join(line(f"{number * 3 + place}", f"of {number}") for place in range(5)) + "bad\n"
            paths.append(support.write_gzip(self.folder / f"host-{number}.json.gz", text.encode()))
        paths.sort()  # as keys are
        self.bucket.put_all({f"night/{path.name}": path.read_bytes() for path in paths})
        door = self.proxy_to(self.store)
        environment = self.store.variables(self.home, door.port)
        words = (self.bucket.url("night/"), *PATIENT)
        run = self.load(*words, env=environment)
        expected = apply(*paths)
        self.assertEqual(run.exit_code, 1, run.stderr)
        self.assertEqual(support.loader_counts(run.summary), expected.counts())
        self.assertIsNone(support.first_difference(self.database, expected))
        self.assertEqual(len(self.sources()), OBJECTS)
        asked = len(door.requests)
        self.assertLessEqual(asked, 3 * OBJECTS)
        run = self.load(*words, env=environment)
        self.assertEqual((run.exit_code, run.summary["status"]), (1, "already_loaded"), run.stderr)
        again = door.requests[asked:]
        self.assertEqual([request.target for request in again if "list-type=2" not in request.target], [])
        self.assertLessEqual(len(again), 2)

    def test_an_object_that_is_added_is_the_only_one_that_is_read(self):
        self.bucket.put_all({f"night/{number}.gz": gzip.compress(line(f"{number}").encode()) for number in range(20)})
        door = self.proxy_to(self.store)
        words, environment = (self.bucket.url("night/"),), self.store.variables(self.home, door.port)
        self.assertEqual(self.load(*words, env=environment).summary["inserted"], 20)
        self.bucket.put("night/20.gz", gzip.compress(line("20").encode()))
        asked = len(door.requests)
        self.assertEqual(self.load(*words, env=environment).summary["this_run"]["inserted"], 1)
        read = {request.path for request in door.requests[asked:] if "list-type=2" not in request.target}
        self.assertEqual(read, {f"/{self.bucket.name}/night/20.gz"})


class ResumeTest(RemoteLoadCase):
    def test_a_killed_load_is_finished_by_the_same_command(self):
        path = self.served_log()
        for side, url, _, environment in self.sides(path):
            with self.subTest(side):
                self.database.create_table()
                self.interrupt(url, *self.RANGE_SIZE, env=environment)
                before = self.recorded_counts(1)
                run = self.load(url, *self.RANGE_SIZE, env=environment)
                self.assert_loaded(run, apply(path))
                self.assertGreater(before["lines"], 0)
                self.assertEqual(run.summary["lines"], before["lines"] + run.summary["this_run"]["lines"])

    def test_an_object_that_changed_since_a_kill_is_not_continued(self):
        path = self.served_log()
        for side, url, _, environment in self.sides(path):
            with self.subTest(side):
                self.database.create_table()
                old = path.read_bytes()
                self.interrupt(url, *self.RANGE_SIZE, env=environment)
                self.put(path, stored(chat_log().replace("text", "TEXT").encode()))
                run = self.load(url, *self.RANGE_SIZE, "--on-duplicate", "skip", env=environment)
                self.put(path, old)
                # As a load of its own, or refused; never the rest of the one that was killed.
                if run.exit_code == 3:
                    self.assertEqual(len(ERROR.findall(run.stderr)), 1, run.stderr)
                else:
                    self.assertEqual(run.summary["this_run"]["lines"], apply(path).lines)

    def test_an_object_that_changes_in_the_midst_ends_the_load(self):
        path = self.served_log(is_padded=True)
        old = path.read_bytes()
        change = lambda: self.put(path, old + gzip.compress(line("added").encode()))
        for side, url, _, environment in self.sides(path, {3: faults.Before(change)}):
            with self.subTest(side):
                self.database.create_table()
                run = self.load(url, *AT_ONCE, "--range-size", "64K", env=environment)
                self.assertEqual(run.exit_code, 3, run.stderr)
                (error,) = ERROR.findall(run.stderr)
                self.assertRegex(error, "changed|another|replaced|version")
                self.put(path, old)


class FaultTest(RemoteLoadCase):
    def test_random_schedules_end_with_the_right_table(self):
        path = self.served_log(is_padded=True)
        expected = apply(path)
        right = failed = met = 0
        for seed in range(SCHEDULES):
            schedule = Schedule(20_000 + seed)
            number = seed % 2
            patience = AT_ONCE if seed % 3 == 0 else PATIENT
            side, url, door, environment = list(self.sides(path, schedule))[number]
            with self.subTest(schedule, side=side):
                self.database.create_table()
                flags = ("--range-size", "64K", "--connections", 1 + seed % 3)
                for _ in range(RUNS_MAX):
                    run = self.load(url, *flags, *patience, env=environment)
                    if run.exit_code != 3:
                        break
                    failed += 1
                    self.assertEqual(len(ERROR.findall(run.stderr)), 1, run.stderr)
                else:
                    self.fail(f"{RUNS_MAX} runs failed, the last with {run.stderr}")
                self.assert_loaded(run, expected)
                self.assert_says_no_secret(run)
                right += 1
                met += door.faults_met()
        print(f"{SCHEDULES} schedules, {met} faults, {failed} runs failed and were run again, {right} tables right")
        self.assertGreater(met, SCHEDULES // 2)

    def test_a_server_that_is_gone_for_a_while_is_waited_for(self):
        path = self.served_log(is_padded=True)
        asked = []  # how many requests there were when it was gone

        def stop():
            self.web.stop()
            asked.append(len(door.requests))

        door = self.proxy_to(self.web, {2: faults.Before(stop)})
        loader = self.loader(door.url(path.name), *PATIENT, env=self.store.variables(self.home))
        try:
            wait_until(lambda: asked and len(door.requests) > asked[0] + REQUESTS_AT_ONCE, "it asks again for some")
        finally:
            self.web.stop()
            self.web.start()
        self.assert_loaded(loader.finish(), apply(path))


if __name__ == "__main__":
    web_server.require("the loads over HTTP and from S3 need nginx and a store.")
    unittest.main()
