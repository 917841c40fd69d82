"""A server that answers every login by asking for the password in some way, and keeps what it gets.

`with AskingServer("mysql_clear_password") as server` listens on 127.0.0.1: server.port. It greets as MySQL does, without
TLS or, with a certificate (the path of a PEM file, its key in PATH.key), with it. Then, as `asks` says:

    a plugin's name                  an auth switch to that plugin, with a nonce
    "mysql_old_password"             the short auth switch, which asks for that
    "caching_sha2_password"          the switch, and after the digest the demand for the whole password
    "no plugins"                     nothing: its greeting says that it knows none, so that the client decides

Whoever asks for an RSA key (a packet of one byte) gets `public_key`. Then all that comes is taken for two packets, and
the login denied.

The protocol: MySQL's internals manual, "Connection Phase". A packet is 3 bytes of length, 1 of sequence, the payload.
"""

import contextlib
import socket
import ssl

from listening_server import ListeningServer

HEADER_BYTES = 4
PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH, LENENC_DATA = 1 << 9, 1 << 11, 1 << 15, 1 << 19, 1 << 21
CONNECT_WITH_DB, LONG_PASSWORD, TRANSACTIONS = 1 << 3, 1, 1 << 13
NONCE = b"0123456789abcdefghij"
KEY_REQUESTS = {b"\x01", b"\x02"}
FULL_LOGIN = b"\x01\x04"
DENIED = b"\xff\x15\x04#28000Access denied"
PACKETS_TAKEN = 2


class AskingServer(ListeningServer):
    def __init__(self, asks, certificate=None, public_key=b"", nonce=NONCE):
        super().__init__()
        self.asks, self.certificate, self.public_key, self.nonce = asks, certificate, public_key, nonce
        self.received = bytearray()  # what the client sent behind TLS's back, and within it; under the lock

    def listen(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        return listener

    def accept(self):
        """One client at a time."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with self.lock:
                    self.ends.append(client)
                with contextlib.suppress(OSError, EOFError), client:
                    self.serve(client)

    def greeting(self):
        offered = PROTOCOL_41 | SECURE_CONNECTION | CONNECT_WITH_DB | LONG_PASSWORD | TRANSACTIONS | LENENC_DATA
        offered |= SSL if self.certificate else 0
        offered |= PLUGIN_AUTH if self.asks != "no plugins" else 0
        plugin = b"mysql_native_password\0" if offered & PLUGIN_AUTH else b""
        return (
            b"\x0a9.7.0\0" + (7).to_bytes(4, "little") + NONCE[:8] + b"\0" + (offered & 0xFFFF).to_bytes(2, "little")
            + b"\x2d\x02\x00" + (offered >> 16).to_bytes(2, "little") + bytes([len(NONCE) + 1]) + bytes(10)
            + NONCE[8:] + b"\0" + plugin
        )  # fmt: skip

    def serve(self, client):
        client.sendall(packet(0, self.greeting()))
        sequence, reply = self.take(client)
        if not self.certificate or not int.from_bytes(reply[:4], "little") & SSL:
            return self.ask(client, sequence)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, f"{self.certificate}.key")
        with context.wrap_socket(client, server_side=True) as encrypted:
            sequence, _ = self.take(encrypted)
            self.ask(encrypted, sequence)

    def ask(self, client, sequence):
        if self.asks == "mysql_old_password":
            client.sendall(packet(sequence + 1, b"\xfe"))
        elif self.asks != "no plugins":
            client.sendall(packet(sequence + 1, b"\xfe" + self.asks.encode() + b"\0" + self.nonce + b"\0"))
        if self.asks == "caching_sha2_password":
            sequence, _ = self.take(client)
            client.sendall(packet(sequence + 1, FULL_LOGIN))
        for _ in range(PACKETS_TAKEN):
            sequence, payload = self.take(client)
            if payload not in KEY_REQUESTS:
                break
            client.sendall(packet(sequence + 1, b"\x01" + self.public_key))
        client.sendall(packet(sequence + 1, DENIED))

    def take(self, client):
        """(sequence, payload) of the next packet."""
        header = self.take_bytes(client, HEADER_BYTES)
        return header[3], self.take_bytes(client, int.from_bytes(header[:3], "little"))

    def take_bytes(self, client, count):
        taken = b""
        while len(taken) < count:
            more = client.recv(count - len(taken))
            if not more:
                raise EOFError
            taken += more
        with self.lock:
            self.received += taken
        return taken


def packet(sequence, payload):
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload
