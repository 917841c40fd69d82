"""A proxy before a server of HTTP/1.1 that does to each request what a test says (faults.py), and keeps account.

`with FaultProxy(server_address, plan) as proxy` listens on 127.0.0.1: proxy.port. The plan is a dict from a request's
number, which counts from 1 in the order of arrival, to its fault, or a function of number and request; None is no fault.
The request's head passes as it came, Host too, so a signature over it stays right.
"""

import contextlib
import dataclasses
import http.client
import socket
import struct
import time
import urllib.parse

from db.listening_server import ListeningServer

OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}
SERVER_DEADLINE_S = 60


class ConnectionEnd(Exception):
    """The client's connection is over."""


@dataclasses.dataclass
class Request:
    number: int
    method: str
    target: str
    headers: list  # of (name, value), as they came
    body: bytes
    fault: object = None
    status: int = 0  # of the answer
    bytes_sent: int = 0  # of the answer's body
    begin_s: float = 0.0

    def header(self, name):
        return next((value for one, value in self.headers if one.lower() == name.lower()), None)

    @property
    def path(self):
        return urllib.parse.urlsplit(self.target).path


@dataclasses.dataclass
class Answer:
    status: int
    reason: str
    headers: list
    body: bytes
    content_length: int  # as it is announced: that of a HEAD is the object's

    def header(self, name):
        return next((value for one, value in self.headers if one.lower() == name.lower()), None)

    def with_header(self, name, value):
        """The same with one header replaced, or left out where `value` is None."""
        kept = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        return dataclasses.replace(self, headers=kept + ([(name, value)] if value is not None else []))

    def raw(self):
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers] + [f"Content-Length: {self.content_length}"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Exchange:
    """One request and its answer, for a fault to work with."""

    def __init__(self, proxy, client, server, request):
        self.proxy, self.client, self.server, self.request = proxy, client, server, request

    def forward(self, without=()):
        """The server's answer to the request, less the headers named in `without`."""
        request = self.request
        self.server.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            if name.lower() not in OF_THE_CONNECTION | set(without):
                self.server.putheader(name, value)
        self.server.endheaders(request.body or None)
        response = self.server.getresponse()
        body = response.read()
        headers = [(name, value) for name, value in response.getheaders()
                   if name.lower() not in OF_THE_CONNECTION | {"content-length"}]  # fmt: skip
        length = int(response.getheader("Content-Length", 0)) if request.method == "HEAD" else len(body)
        return Answer(response.status, response.reason, headers, body, length)

    def send(self, answer, share=1.0):
        """Sends this share of the answer, head and body."""
        raw = answer.raw()
        end = int(len(raw) * share)
        head_bytes = len(raw) - len(answer.body)
        self.request.status = answer.status
        self.request.bytes_sent += max(0, end - head_bytes)
        self.client.sendall(raw[:end])

    def send_rest(self, answer, share):
        raw = answer.raw()
        begin = int(len(raw) * share)
        self.request.bytes_sent += len(raw) - max(begin, len(raw) - len(answer.body))
        self.client.sendall(raw[begin:])

    def close(self):
        raise ConnectionEnd

    def reset(self):
        """The client sees a reset, not an end."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionEnd

    def wait(self, seconds):
        """Lets time pass; the connection is over if the client, or the proxy, ends it meanwhile."""
        self.client.settimeout(seconds)
        try:
            if not self.client.recv(1, socket.MSG_PEEK):
                raise ConnectionEnd
        except TimeoutError:
            pass
        finally:
            self.client.settimeout(None)


class FaultProxy(ListeningServer):
    def __init__(self, server, plan=None):
        super().__init__()
        self.server = server
        self.plan = plan if callable(plan) else lambda number, _: (plan or {}).get(number)
        # Under the lock:
        self.requests = []
        self.connections = self.busy = self.busy_max = 0

    def listen(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = listener.getsockname()[1]
        return listener

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.lock:
                    self.ends.append(client)
                    self.connections += 1
                self.start(self.serve, client)

    def serve(self, client):
        server = http.client.HTTPConnection(*self.server, timeout=SERVER_DEADLINE_S)
        with client, contextlib.closing(server), client.makefile("rb") as reader:
            with contextlib.suppress(OSError, http.client.HTTPException, ConnectionEnd):
                while read := read_request(reader):
                    self.answer(client, server, read)
            with self.lock:
                self.ends.remove(client)

    def answer(self, client, server, read):
        with self.lock:
            request = Request(len(self.requests) + 1, *read, begin_s=time.monotonic())
            self.requests.append(request)
            self.busy += 1
            self.busy_max = max(self.busy_max, self.busy)
        try:
            request.fault = self.plan(request.number, request)
            exchange = Exchange(self, client, server, request)
            if request.fault:
                request.fault.serve(exchange)
            else:
                exchange.send(exchange.forward())
        finally:
            with self.lock:
                self.busy -= 1

    @property
    def bytes_sent(self):
        return sum(request.bytes_sent for request in self.requests)

    def faults_met(self):
        return sum(request.fault is not None for request in self.requests)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"


def read_request(reader):
    """(method, target, headers, body) of the next request; None where the client has sent its last."""
    line = reader.readline()
    if not line.endswith(b"\n"):
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = []
    while (line := reader.readline()) not in (b"\r\n", b"\n", b""):
        name, value = line.decode("latin-1").split(":", 1)
        headers.append((name, value.strip()))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return method, target, headers, reader.read(length)
