"""A TCP proxy before a server that follows the client's packets and does harm at a chosen place.

`with Proxy(server.socket) as proxy` listens on 127.0.0.1 and passes on to that Unix socket, or to an address (host,
port); proxy.url(database) is for the loader. Harm is of two kinds:

    at a statement       proxy.at(REGEX, nth=3, before=ACTION, after=ACTION): on the third statement whose text matches,
                         from any connection. `before` runs when the client has sent it and the server has not seen it;
                         `after` runs when the server has answered it and the client has not heard the answer.
    to everything        cut_all(), stall() and flow(), hold_ends(), cut_at_bytes(); at any time, from any thread

An action is called with the Link, in a thread of the proxy, while that link waits; others go on. Link.cut is one. What
happened is waited for with Trigger.wait(), never with a sleep. `greeting`: what becomes of each server's first packet.
With records=True it does no harm but keeps what the clients send, TLS too, in `received`.

The protocol, as far as it matters: a packet is 3 bytes of length (little end first), 1 of sequence, and the payload; a
command is a packet of sequence 0, whose first byte says which (3: a statement follows); one of 2^24-1 bytes goes on in
the next packet (MySQL's internals manual, "protocol basics").
"""

import contextlib
import re
import socket
import threading

COM_QUERY = b"\x03"
HEADER_BYTES = 4
PACKET_BYTES_MAX = 0xFFFFFF
CHUNK_BYTES = 65536
STATEMENT_HEAD_BYTES = 400
DEADLINE_S = 120


class Trigger:
    """Fires once, on the nth statement that matches; `link` limits it to that connection's."""

    def __init__(self, pattern, nth, before, after, link):
        self.pattern, self.left, self.before, self.after, self.link = re.compile(pattern), nth, before, after, link
        self.done = threading.Event()
        self.failure = None

    def run(self, action, link):
        try:
            action(link)
        except Exception as failure:
            self.failure = failure
            link.cut()

    def wait(self):
        """Returns when the action has ended; raises what it raised."""
        if not self.done.wait(DEADLINE_S):
            raise TimeoutError(f"no statement number {self.left} (still to come) like {self.pattern.pattern}")
        if self.failure:
            raise self.failure


class Link:
    """A client's connection and the server's that belongs to it."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.greeting = proxy.greeting  # until the server's has passed
        self.awaits_answer = None  # the trigger whose `after` runs on the server's next bytes
        self.is_cut = False

    def cut(self, _=None):
        """Both ends find the connection gone; what is on its way is lost."""
        self.is_cut = True
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def pump_statements(self):
        """Client to server, a packet at a time."""
        with contextlib.suppress(OSError), self.client.makefile("rb") as packets:
            continues = False
            while header := packets.read(HEADER_BYTES):
                length = int.from_bytes(header[:3], "little")
                payload = packets.read(length)
                is_statement = not continues and header[3] == 0 and payload[:1] == COM_QUERY
                continues = length == PACKET_BYTES_MAX
                trigger = self.proxy.trigger_of(payload[1:], self) if is_statement else None
                if trigger and trigger.before:
                    trigger.run(trigger.before, self)
                if trigger and trigger.after:
                    self.awaits_answer = trigger
                elif trigger:
                    trigger.done.set()
                if self.is_cut or len(payload) < length or not self.proxy.pass_on(header + payload, self.server):
                    break
        if not self.is_cut:
            self.proxy.ends_flow.wait()
        self.cut()

    def pump_records(self):
        """Client to server, as it comes."""
        with contextlib.suppress(OSError):
            while sent := self.client.recv(CHUNK_BYTES):
                with self.proxy.lock:
                    self.proxy.received += sent
                self.server.sendall(sent)
        self.cut()

    def pump_answers(self):
        """Server to client."""
        with contextlib.suppress(OSError):
            while answer := self.server.recv(CHUNK_BYTES):
                if self.greeting:
                    answer, self.greeting = self.greeting(answer), None
                trigger, self.awaits_answer = self.awaits_answer, None
                if trigger:
                    trigger.run(trigger.after, self)
                    trigger.done.set()
                if self.is_cut or not self.proxy.pass_on(answer, self.client):
                    break
        self.cut()


class Proxy:
    def __init__(self, server, greeting=None, records=False):
        self.server, self.greeting, self.records = server, greeting, records
        self.lock = threading.Lock()  # guards all but `flows`
        self.links, self.threads, self.triggers = [], [], []
        self.statements = []  # how each began, in the order of arrival
        self.received = bytearray()
        self.next_cut, self.bytes_passed, self.cuts = None, 0, 0
        self.is_open = True
        self.flows, self.ends_flow = threading.Event(), threading.Event()
        self.flow()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start(self.accept)
        return self

    def __exit__(self, *_):
        self.is_open = False
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut_all()
        self.flow()
        for thread in self.threads:
            thread.join()

    def url(self, database):
        return f"mysql://root@127.0.0.1:{self.port}/{database}?ssl-mode=disabled"

    def start(self, target):
        self.threads.append(threading.Thread(target=target, daemon=True))
        self.threads[-1].start()

    def accept(self):
        while self.is_open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.flows.wait()
            self.start(lambda client=client: self.serve(client))

    def serve(self, client):
        family = socket.AF_INET if isinstance(self.server, tuple) else socket.AF_UNIX
        with client, socket.socket(family) as server:
            try:
                server.connect(self.server)
            except OSError:
                return
            link = Link(self, client, server)
            with self.lock:
                self.links.append(link)
            answers = threading.Thread(target=link.pump_answers, daemon=True)
            answers.start()
            link.pump_records() if self.records else link.pump_statements()
            answers.join()
            with self.lock:
                self.links.remove(link)

    def at(self, pattern, nth=1, before=None, after=None, link=None):
        trigger = Trigger(pattern, nth, before, after, link)
        with self.lock:
            self.triggers.append(trigger)
        return trigger

    def trigger_of(self, statement, link):
        """The trigger that this statement fires, if any; counts it for all that wait for one like it."""
        head = statement[:STATEMENT_HEAD_BYTES].decode(errors="replace")
        with self.lock:
            self.statements.append(head)
            fired = None
            for trigger in self.triggers:
                if trigger.link in (None, link) and trigger.pattern.search(head):
                    trigger.left -= 1
                    if trigger.left == 0 and fired is None:
                        fired = trigger
            self.triggers = [trigger for trigger in self.triggers if trigger.left > 0]
            return fired

    def cut_all(self):
        with self.lock:
            links = list(self.links)
        for link in links:
            link.cut()

    def stall(self):
        """From now on nothing passes, in either direction, and new connections wait."""
        self.flows.clear()

    def hold_ends(self):
        """From now on the server does not hear that a client is gone, as when that has lost its power."""
        self.ends_flow.clear()

    def flow(self):
        self.flows.set()
        self.ends_flow.set()

    def cut_at_bytes(self, distances):
        """Cuts all connections when as many bytes have passed as the next of `distances` says, and so on."""
        with self.lock:
            self.distances = iter(distances)
            self.next_cut = next(self.distances, None)
            self.bytes_passed = 0

    def pass_on(self, content, to):
        """False if the connection is cut before all of it was passed on."""
        self.flows.wait()
        with self.lock:
            room = len(content) if self.next_cut is None else self.next_cut - self.bytes_passed
            self.bytes_passed += min(room, len(content))
            if room < len(content):
                self.next_cut, self.bytes_passed, self.cuts = next(self.distances, None), 0, self.cuts + 1
        to.sendall(content[:room])
        if room < len(content):
            self.cut_all()
        return room >= len(content)
