#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A TCP relay that closes a connection on which no byte passed for a while, as proxies do.
relay.py ADDRESS PORT TO-ADDRESS TO-PORT SECONDS; a TO-ADDRESS of "echo" makes it an echo server;
with "reset" behind the SECONDS it closes by a RST. Each SIGUSR1 takes a second off its limit."""
import asyncio
import signal
import socket
import struct
import sys


async def pump(reader, writer, seen):
    try:
        while data := await reader.read(4096):
            seen[0] = asyncio.get_running_loop().time()
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass


async def watch(seen, limits):
    clock = asyncio.get_running_loop().time
    while (left := seen[0] + limits[-1] - clock()) > 0:
        await asyncio.sleep(min(left, 0.5))  # the limit may come down meanwhile


async def serve(reader, writer, to, port, limits):
    seen = [asyncio.get_running_loop().time()]
    writers = [writer]
    if "reset" in sys.argv[6:]:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                   struct.pack("ii", 1, 0))
    jobs = [asyncio.create_task(watch(seen, limits))]
    try:
        if to == "echo":
            jobs.append(asyncio.create_task(pump(reader, writer, seen)))
        else:
            far_reader, far_writer = await asyncio.open_connection(to, port)
            writers.append(far_writer)
            jobs.append(asyncio.create_task(pump(reader, far_writer, seen)))
            jobs.append(asyncio.create_task(pump(far_reader, writer, seen)))
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    except OSError:
        pass
    for job in jobs:
        job.cancel()
    for each in writers:
        each.close()


async def main():
    address, port, to, to_port, limit = sys.argv[1:6]
    limits = [float(limit)]
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1,
                                                  lambda: limits.append(limits[-1] - 1))
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, to, int(to_port), limits),
        address, int(port), backlog=4096)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
