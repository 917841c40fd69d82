"""A server that asks for files of the client's gets none: a LOAD DATA is answered from memory, anything else not at all.

The real server stands behind a proxy on a Unix socket, which passes everything on but, in place of the answer to the
nth statement that matches, asks for a file (the manuals' "LOCAL INFILE Request": the byte 0xFB and a name), takes what
the client sends up to its empty packet, and says that all went well.
"""

import contextlib
import re
import socket
import unittest

from ledger_case import LedgerCase, apply, chat_log
from listening_server import ListeningServer
import support

EXECUTE = rb"^[\x17\xfa]"  # COM_STMT_EXECUTE, COM_STMT_BULK_EXECUTE
HEADER_BYTES = 4
INFILE_REQUEST = b"\xfb"
OK = b"\x00\x00\x00\x02\x00\x00\x00"  # no row affected, autocommit, no warning
TOKEN = "chatload-token-" + "7f3a" * 8
DEADLINE_S = 60
METHODS = ("insert", "load-data")
# A statement of the session's settings, a query, and each kind in a range's transaction.
PLAIN_STATEMENTS = (
    rb"^\x03SET NAMES",
    rb"^\x03SELECT VERSION",
    rb"^\x03INSERT INTO .?chatload_ranges",
    rb"^\x03REPLACE INTO .?chatload_ranges",
    rb"^\x03COMMIT",
)
ROWS = rb"^\x03INSERT INTO .?chat_messages|" + EXECUTE


def packet(sequence, payload):
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def read_packet(stream):
    """(sequence, payload), or None at the end."""
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    return header[3], stream.read(int.from_bytes(header[:3], "little"))


class HostileServer(ListeningServer):
    """Asks for `file` in place of the answer to the nth command like `pattern` (and, with in_genuine_requests, in place
    of the file that a LOAD DATA named)."""

    def __init__(self, socket_path, own_path, file, pattern=None, nth=1, in_genuine_requests=False):
        super().__init__()
        self.socket_path, self.own_path, self.file = str(socket_path), str(own_path), str(file).encode()
        self.pattern, self.left, self.in_genuine_requests = pattern and re.compile(pattern), nth, in_genuine_requests
        # The lock guards all below.
        self.received = bytearray()  # whatever clients sent
        self.asked = 0
        self.given = []  # what a client sent for each file asked for in place of an answer

    def listen(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.own_path)
        listener.listen()
        return listener

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.socket_path)
                with self.lock:
                    self.ends += [client, server]
                self.start(self.pump_commands, client, server)
                self.start(self.pump_answers, client, server)

    def asks_at(self, sequence, payload):
        with self.lock:
            if not self.pattern or sequence != 0 or not self.pattern.search(payload):
                return False
            self.left -= 1
            return self.left == 0

    def pump_commands(self, client, server):
        with contextlib.suppress(OSError), client, server, client.makefile("rb") as packets:
            while received := self.receive(packets):
                if self.asks_at(*received):
                    self.ask(client, packets)
                else:
                    server.sendall(packet(*received))
            server.shutdown(socket.SHUT_RDWR)

    def receive(self, packets):
        received = read_packet(packets)
        with self.lock:
            self.received += received[1] if received else b""
        return received

    def ask(self, client, packets):
        with self.lock:
            self.asked += 1
        client.sendall(packet(1, INFILE_REQUEST + self.file))
        given, last = b"", 1
        while received := self.receive(packets):
            last, content = received
            if not content:
                break
            given += content
        with self.lock:
            self.given.append(given)
        client.sendall(packet(last + 1, OK))

    def pump_answers(self, client, server):
        with contextlib.suppress(OSError), server.makefile("rb") as packets:
            while received := read_packet(packets):
                sequence, payload = received
                if self.in_genuine_requests and sequence == 1 and payload == INFILE_REQUEST + b"rows":
                    with self.lock:
                        self.asked += 1
                    payload = INFILE_REQUEST + self.file
                client.sendall(packet(sequence, payload))
            client.shutdown(socket.SHUT_RDWR)


class HostileServerTest(LedgerCase):
    def setUp(self):
        super().setUp()
        self.path = self.write("log.json", chat_log())
        self.secret = self.write("secret", f"{TOKEN}\n" * 100)
        self.files = ("/etc/passwd", self.secret)

    def load_behind(self, door, method):
        url = f"mysql://root@localhost/{self.database.name}?socket={door.own_path}"
        words = ("--connections", 1, "--range-size", "16K", "--order", "file", "--write-method", method)
        return self.load(self.path, *words, to=url, timeout=DEADLINE_S)

    def assert_nothing_given_away(self, door):
        self.assertNotIn(TOKEN.encode(), door.received)
        with open("/etc/passwd", "rb") as passwd:
            for line in passwd:
                self.assertNotIn(line, door.received)

    def assert_no_answer(self, pattern, nth=1, methods=METHODS):
        """The load ends at once, clearly; the next run finishes it."""
        for method in methods:
            for file in self.files:
                with self.subTest(method=method, pattern=pattern, nth=nth, file=file):
                    self.database.create_table()
                    own_path = self.folder / "hostile.sock"
                    own_path.unlink(missing_ok=True)
                    with HostileServer(self.server.socket, own_path, file, pattern, nth) as door:
                        run = self.load_behind(door, method)
                    self.assertEqual((door.asked, door.given), (1, [b""]))
                    self.assert_nothing_given_away(door)
                    self.assert_refused(run, 3, "file")
                    self.assertEqual(self.load(self.path).exit_code, 1)
                    self.assertIsNone(support.first_difference(self.database, apply(self.path)))

    def test_request_in_place_of_an_answer_ends_the_load(self):
        for pattern in PLAIN_STATEMENTS:
            self.assert_no_answer(pattern)

    def test_request_in_the_midst_of_the_ranges_ends_the_load(self):
        self.assert_no_answer(rb"^\x03COMMIT", nth=5)

    def test_request_in_place_of_the_answer_to_rows_ends_the_load(self):
        self.assert_no_answer(ROWS, nth=2, methods=["insert"])

    def assert_rows_from_memory(self, **hostility):
        for file in self.files:
            with self.subTest(file=file):
                self.database.create_table()
                own_path = self.folder / "hostile.sock"
                own_path.unlink(missing_ok=True)
                with HostileServer(self.server.socket, own_path, file, **hostility) as door:
                    run = self.load_behind(door, "load-data")
                self.assertGreater(door.asked, 0)
                self.assert_nothing_given_away(door)
                self.assert_loaded(run, apply(self.path))

    def test_request_for_another_file_than_load_data_named_gets_the_rows(self):
        self.assert_rows_from_memory(in_genuine_requests=True)

    def test_load_data_that_the_server_never_got_is_not_counted(self):
        """The client gave its rows, was told that all went well, and finds that the figures do not add up."""
        self.assert_rows_from_memory(pattern=rb"^\x03LOAD DATA", nth=2)


if __name__ == "__main__":
    unittest.main()
