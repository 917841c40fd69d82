#!/usr/bin/env python3
"""Makes a server look far away: bench/delay_proxy.py LISTEN.sock SERVER.sock MILLISECONDS passes every byte on, in both
directions, that long after it came. A round trip takes twice that."""

import asyncio
import contextlib
import sys

BYTES_HELD_MAX = 32 << 20
CHUNK_BYTES = 64 << 10


async def pass_on(reader, writer, delay_s):
    """Until the reader ends. Chunks wait in a bounded queue, so a slow receiver slows the sender."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue(BYTES_HELD_MAX // CHUNK_BYTES)

    async def receive():
        chunk = None
        while chunk != b"":
            chunk = await reader.read(CHUNK_BYTES)
            await queue.put((loop.time() + delay_s, chunk))

    receiving = asyncio.create_task(receive())
    while True:
        due, chunk = await queue.get()
        await asyncio.sleep(due - loop.time())
        if chunk == b"":
            break
        writer.write(chunk)
        await writer.drain()
    await receiving
    with contextlib.suppress(OSError):
        writer.write_eof()


async def serve(listen, server, delay_s):
    async def connected(reader, writer):
        far_reader, far_writer = await asyncio.open_unix_connection(server)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(pass_on(reader, far_writer, delay_s), pass_on(far_reader, writer, delay_s))
        far_writer.close()
        writer.close()

    async with await asyncio.start_unix_server(connected, listen) as door:
        await door.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    asyncio.run(serve(sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000))
