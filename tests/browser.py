"""A headless Chromium that shows pages: what is in them, what they complain of, what they look like.

It is driven over a pair of pipes (--remote-debugging-pipe), with JSON messages that each end in a zero byte
(https://chromedevtools.github.io/devtools-protocol/).
"""

import base64
import itertools
import json
import os
import select
import struct
import subprocess
import tempfile
import time
import zlib

DEADLINE_S = 60


class Page:
    """What a page came to: text, whether it is wider than the screen, complaints, and its picture as a PNG."""

    def __init__(self, text, width, complaints, requests, png):
        self.text, self.width, self.complaints, self.requests, self.png = text, width, complaints, requests, png

    def pixels(self):
        """(red, green, blue) of every pixel of the picture."""
        return list(decoded(self.png))


class Browser:
    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self.to = os.pipe()
        self.answers, from_browser = os.pipe()

        def wire():  # it reads from descriptor 3 and writes to 4
            high = [os.dup(to_browser), os.dup(from_browser)]
            while high[0] < 5 or high[1] < 5:
                high = [os.dup(descriptor) for descriptor in high]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        words = [self.path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
                 f"--user-data-dir={self.profile.name}", "--remote-debugging-pipe", "about:blank"]  # fmt: skip
        self.process = subprocess.Popen(
            words, close_fds=False, preexec_fn=wire, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(to_browser)
        os.close(from_browser)
        self.numbers = itertools.count(1)
        self.buffer = b""
        self.events = []
        return self

    def __exit__(self, *_):
        os.close(self.to)  # which ends it
        try:
            self.process.wait(DEADLINE_S)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self.answers)
            self.profile.cleanup()

    def show(self, path, width, height=900, dark=False, picture_height=None, picture_scale=1):
        """The Page of a file on a screen of that size, whose text is also what is folded away. The picture is of its
        first picture_height pixels, by default of what is on the screen."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events = []

        def call(method, **parameters):
            return self.call(method, session, **parameters)

        for domain in ("Page", "Runtime", "Log", "Network"):
            call(f"{domain}.enable")
        call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        call("Emulation.setEmulatedMedia", features=[scheme])
        call("Page.navigate", url=f"file://{path}")
        self.wait_for("Page.loadEventFired")
        folded = call("Page.getLayoutMetrics")["cssContentSize"]["width"]
        clip = {"x": 0, "y": 0, "width": width, "height": picture_height or height, "scale": picture_scale}
        picture = call("Page.captureScreenshot", captureBeyondViewport=picture_height is not None, clip=clip)
        unfold = "document.querySelectorAll('details').forEach(one => one.open = true); document.body.innerText"
        text = call("Runtime.evaluate", expression=unfold)["result"]["value"]
        unfolded = call("Page.getLayoutMetrics")["cssContentSize"]["width"]
        said = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        complaints = [event["params"] for event in self.events if event["method"] in said]
        requests = [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]
        self.call("Target.closeTarget", targetId=target)
        return Page(text, max(folded, unfolded), complaints, requests, base64.b64decode(picture["data"]))

    def call(self, method, session=None, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE_S
        while (answer := self.next_message(deadline)).get("id") != number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, method):
        deadline = time.monotonic() + DEADLINE_S
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.next_message(deadline))

    def next_message(self, deadline):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the browser said nothing for {DEADLINE_S} s")
            read = os.read(self.answers, 1 << 20)
            if not read:
                raise RuntimeError("the browser has ended")
            self.buffer += read
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)


def decoded(png):
    """The pixels of a PNG with 8 bits a channel and no interlacing (RFC 2083)."""
    place, data = 8, b""
    while place < len(png):
        size, kind = struct.unpack(">I4s", png[place : place + 8])
        chunk = png[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, _, _, colour = struct.unpack(">IIBB", chunk[:10])
            channels = {2: 3, 6: 4}[colour]
        if kind == b"IDAT":
            data += chunk
        place += size + 12
    data = zlib.decompress(data)
    line_bytes = width * channels
    above = bytes(line_bytes)
    for begin in range(0, len(data), line_bytes + 1):
        line = bytearray(data[begin + 1 : begin + 1 + line_bytes])
        unfilter(data[begin], line, above, channels)
        for x in range(0, line_bytes, channels):
            yield tuple(line[x : x + 3])
        above = line


def unfilter(kind, line, above, channels):
    for x in range(len(line)) if kind else ():
        left = line[x - channels] if x >= channels else 0
        corner = above[x - channels] if x >= channels else 0
        if kind == 4:  # Paeth
            estimate = left + above[x] - corner
            guess = min((left, above[x], corner), key=lambda value: abs(estimate - value))
        else:
            guess = {1: left, 2: above[x], 3: (left + above[x]) // 2}[kind]
        line[x] = (line[x] + guess) & 255
