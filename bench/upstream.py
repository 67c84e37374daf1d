"""An upstream that has its answers ready: a path, the bytes. Used where nginx isn't installed.

Run it with `python bench/upstream.py PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.bodies import Workload, workloads

_MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_END = b"\r\n\r\n"


def answers(served: Iterable[Workload]) -> dict[bytes, bytes]:
    """Give each path's answer as it goes over the wire."""
    found = {}
    for one in served:
        coding = f"Content-Encoding: {one.coding}\r\n" if one.coding else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{coding}Content-Length: {len(one.body)}\r\n\r\n"
        found[one.path.encode()] = head.encode() + one.body
    return found


class Canned(asyncio.Protocol):
    """Answers whatever is a request without a body, and looks at nothing but its path."""

    def __init__(self, ready: dict[bytes, bytes]) -> None:
        self._ready = ready
        self._asked = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        *whole, self._asked = (self._asked + data).split(_END)
        assert self._transport is not None
        for head in whole:
            self._transport.write(self._ready.get(head.split(b" ", 2)[1], _MISSING))


async def serve(port: int) -> None:
    """Serve until told to end."""
    ready = answers(workloads())
    server = await asyncio.get_running_loop().create_server(lambda: Canned(ready), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
