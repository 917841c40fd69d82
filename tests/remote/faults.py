"""What a FaultProxy can do to a request, and schedules of it that a seed makes."""

import dataclasses
import random
import re
import typing

from remote.fault_proxy import Answer


@dataclasses.dataclass(frozen=True)
class Reset:
    """After this share of the answer, whose head counts, too. None: at once, the server is not asked."""

    share: typing.Optional[float] = None

    def serve(self, exchange):
        if self.share is not None:
            exchange.send(exchange.forward(), self.share)
        exchange.reset()


@dataclasses.dataclass(frozen=True)
class CloseEarly:
    """An orderly end of the connection after this share of the answer: less comes than Content-Length says."""

    share: float

    def serve(self, exchange):
        exchange.send(exchange.forward(), self.share)
        exchange.close()


@dataclasses.dataclass(frozen=True)
class ShortLength:
    """This share of the body, under a Content-Length that says that it is all."""

    share: float

    def serve(self, exchange):
        answer = exchange.forward()
        body = answer.body[: int(len(answer.body) * self.share)]
        length = len(body) if answer.body else answer.content_length  # a HEAD's is the object's size
        exchange.send(dataclasses.replace(answer, body=body, content_length=length))


@dataclasses.dataclass(frozen=True)
class Stall:
    """Silence after this share of the answer; the rest comes then. None seconds: silence for ever."""

    share: float
    seconds: typing.Optional[float] = None

    def serve(self, exchange):
        answer = exchange.forward()
        exchange.send(answer, self.share)
        exchange.wait(self.seconds)
        exchange.send_rest(answer, self.share)


@dataclasses.dataclass(frozen=True)
class Late:
    """The answer as it is, after so many seconds."""

    seconds: float

    def serve(self, exchange):
        exchange.wait(self.seconds)
        exchange.send(exchange.forward())


@dataclasses.dataclass(frozen=True)
class Refuse:
    """The status, in the words of an object store. The server is not asked."""

    status: int
    retry_after: typing.Optional[str] = None
    code: str = "SlowDown"

    def serve(self, exchange):
        body = f"<Error><Code>{self.code}</Code><Message>made by a test</Message></Error>".encode()
        headers = [("Content-Type", "application/xml")]
        headers += [("Retry-After", self.retry_after)] if self.retry_after is not None else []
        exchange.send(refusal(exchange, self.status, headers, body))


@dataclasses.dataclass(frozen=True)
class Redirect:
    """To another URL, or once more to the same one, for this one request."""

    location: typing.Optional[str] = None
    status: int = 307

    def serve(self, exchange):
        location = self.location or exchange.request.target
        exchange.send(refusal(exchange, self.status, [("Location", location)], b""))


@dataclasses.dataclass(frozen=True)
class WrongRange:
    """A Content-Range that is off by so many bytes, over the right bytes; `total` moves the object's size instead."""

    shift: int
    total: bool = False

    def serve(self, exchange):
        answer = exchange.forward()
        if found := re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.header("Content-Range") or ""):
            first, last, size = map(int, found.groups())
            moved = (first, last, size + self.shift) if self.total else (first + self.shift, last + self.shift, size)
            answer = answer.with_header("Content-Range", "bytes {}-{}/{}".format(*moved))
        exchange.send(answer)


@dataclasses.dataclass(frozen=True)
class OtherBytes:
    """The bytes in front of the range that was asked for, of the same number, under a Content-Range that says so."""

    def serve(self, exchange):
        request = exchange.request
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", request.header("Range") or "")
        if not found or int(found[1]) == 0:
            return exchange.send(exchange.forward())
        shift = min(int(found[1]), 512)
        moved = f"bytes={int(found[1]) - shift}-{int(found[2]) - shift}"
        request.headers = [(name, moved if name.lower() == "range" else value) for name, value in request.headers]
        return exchange.send(exchange.forward())


@dataclasses.dataclass(frozen=True)
class IgnoreRange:
    """200 and all of the object, as servers without ranges answer. Not for requests that sign their Range."""

    def serve(self, exchange):
        exchange.send(exchange.forward(without=("range",)))


@dataclasses.dataclass(frozen=True)
class OtherETag:
    """An answer that says that it is of another version, although If-Match was asked for."""

    etag: str = '"another"'

    def serve(self, exchange):
        exchange.send(exchange.forward().with_header("ETag", self.etag))


@dataclasses.dataclass(frozen=True)
class Before:
    """Calls something before the request goes to the server: an object changes, a load is killed."""

    action: typing.Callable

    def serve(self, exchange):
        self.action()
        exchange.send(exchange.forward())


def refusal(exchange, status, headers, body):
    body = b"" if exchange.request.method == "HEAD" else body
    return Answer(status, "", headers, body, len(body))


def random_fault(dice, keeps_version=True):
    """One of those that a read can get over by asking again; and, unless it keeps the version, of those that it may take
    for another one, whose size or ETag are not the object's."""
    share = dice.random()
    makers = (
        Reset,
        lambda: Reset(share),
        lambda: CloseEarly(share),
        lambda: ShortLength(share),
        lambda: Stall(share, dice.uniform(0.01, 0.1)),
        lambda: Late(dice.uniform(0.01, 0.1)),
        lambda: Refuse(dice.choice((500, 502, 503, 504, 429))),
        lambda: Refuse(503, retry_after="0"),
        Redirect,
        lambda: WrongRange(dice.choice((-1, 1, 4096))),
        OtherBytes,
    )
    others = (OtherETag, lambda: WrongRange(dice.choice((-1, 1, 4096)), total=True))
    return dice.choice(makers if keeps_version else makers + others)()


class Schedule:
    """A plan for a FaultProxy: each request meets a fault with the seed's probability, and there may be a storm of refusals.

    What a request meets is its number's, so a schedule is the same whatever came before."""

    def __init__(self, seed, share_max=0.5, keeps_version=True, ranges_can_fail=False):
        dice = random.Random(seed)
        self.seed, self.keeps_version, self.ranges_can_fail = seed, keeps_version, ranges_can_fail
        self.share = dice.uniform(0.05, share_max)
        first = dice.randrange(1, 8)
        self.storm = range(first, first + dice.choice((0, 0, 0, 2, 4)))
        self.storm_status = dice.choice((500, 503, 429))

    def __call__(self, number, request):
        dice = random.Random(self.seed * 1_000_003 + number)
        if number in self.storm:
            return Refuse(self.storm_status)
        if dice.random() >= self.share:
            return None
        if self.ranges_can_fail and dice.random() < 0.1:
            return IgnoreRange()
        return random_fault(dice, self.keeps_version)

    def __repr__(self):
        return f"seed {self.seed}: share {self.share:.2f}, storm {self.storm.start}+{len(self.storm)} of {self.storm_status}"
