# ctest: long
"""One run of the command outlives what happens to the server and to the way there, and ends as an undisturbed load."""

import random
import threading
import unittest

import harness
import proxy
import support

COMMIT = r"^COMMIT"
CLAIM = r"^INSERT INTO .?chatload_ranges"
KILL_EVERY_S, WRITERS = 0.1, 4
STALL_S = 10


class ServerFaultTest(harness.FaultTest):
    server_options = ("--log-bin", "--binlog-format=ROW", "--local-infile=1")

    def setUp(self):
        self.door = self.enterContext(proxy.Proxy(self.server.socket))

    def load_through_door(self, method):
        with self.table(method) as database:
            self.assert_loaded(database, self.load(self.door.url(database.name), indexes="defer", method=method))

    def test_server_killed_and_restarted(self):
        def kill_and_restart(link):
            self.server.kill()
            self.server.start()
            link.cut()

        for moment, method in (("before", "load-data"), ("after", "insert")):
            with self.subTest(moment=moment, method=method):
                restart = self.door.at(COMMIT, nth=25, **{moment: kill_and_restart})
                self.load_through_door(method)
                restart.wait()

    def test_connections_cut_at_random_bytes(self):
        cuts = 60 if support.IS_LONG else 12
        dice = random.Random(1)
        self.door.cut_at_bytes([dice.randrange(1_000, 150_000) for _ in range(cuts)])
        self.load_through_door("load-data")
        self.assertGreaterEqual(self.door.cuts, cuts / 2)

    def test_commits_cut_before_the_server_sees_them(self):
        cuts = [self.door.at(COMMIT, nth, before=proxy.Link.cut) for nth in (5, 10, 11, 30)]
        self.load_through_door("insert")
        for cut in cuts:
            cut.wait()

    def test_commits_cut_before_their_reply_is_heard(self):
        cuts = [self.door.at(COMMIT, nth, after=proxy.Link.cut) for nth in (5, 10, 11, 30)]
        self.load_through_door("load-data")
        for cut in cuts:
            cut.wait()

    def test_stall(self):
        """Of everything, from the middle of a transaction on."""

        def stall(_):
            self.door.stall()
            threading.Timer(STALL_S, self.door.flow).start()

        stalled = self.door.at(CLAIM, nth=20, after=stall)
        self.load_through_door("insert")
        stalled.wait()


class KilledConnectionsTest(harness.FaultTest):
    """Ranges of 1 MiB, so that some are hit and some get through; the fewer lines are refused, the faster they are."""

    lines, range_size, refusals = 150_000 if support.IS_LONG else 60_000, "1M", 0.1

    def test_connections_killed_every_100_ms(self):
        """Any of the writers and the ledger's; where that one is away just then, nobody: the last one left would be hit
        every time, and no range takes less than 100 ms."""
        dice = random.Random(1)
        with self.table() as database, self.loader(database.url, connections=WRITERS, indexes="defer") as loader:
            killed = 0
            while not loader.ends_within(KILL_EVERY_S):
                connections = dict(enumerate(self.server.connections(database.name)))
                if victim := connections.get(dice.randrange(WRITERS + 1)):
                    self.server.kill_connection(victim)
                    killed += 1
            self.assert_loaded(database, loader.finish())
        print(f"{killed} connections were killed")
        self.assertGreaterEqual(killed, 5)


if __name__ == "__main__":
    unittest.main()
