"""What the servers that tests put in the place of a real one share: they listen, and end, with their context."""

import contextlib
import socket
import threading


class ListeningServer:
    """A subclass has listen(), which returns the listening socket, and accept(), which serves it on a thread of its own
    until that socket is shut down, and adds the sockets that it works with to `ends`."""

    def __init__(self):
        self.lock = threading.Lock()  # guards `ends`, and what a subclass says
        self.threads, self.ends = [], []

    def __enter__(self):
        self.listener = self.listen()
        self.start(self.accept)
        return self

    def __exit__(self, *_):
        with self.lock:
            ends = [self.listener, *self.ends]
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def start(self, target, *arguments):
        self.threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self.threads[-1].start()
