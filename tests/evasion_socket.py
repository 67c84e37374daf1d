"""A gate on real sockets, with a system behind it that reads strictly and answers whatever it is told to."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from evasion_world import BENCH
from gate_kit import ORDERING, SALES
from proxy_kit import Desk, gateway

from gateway.gate import Gate
from gateway.proxy.drive import Caller
from gateway.proxy.settings import Route, Timeouts

SLOW = Timeouts(answer=20, idle=20, total=40, stream=20)


class Guarded(Desk):
    """The doors of a gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.handle, self.refuse, self.streams = gate.handle, gate.refuse, gate.streams

    async def identify(self, incoming):
        del incoming
        return Caller(SALES, ORDERING)


@dataclass
class Odd:
    """A system that reads whatever comes, by the strictest reading, and answers in pieces what it is told to."""

    answer: list[bytes] = field(default_factory=list)
    came: list[bytes] = field(default_factory=list)
    url: str = ""

    async def converse(self, reader, writer):
        at = len(self.came)
        self.came.append(b"")
        try:
            while data := await reader.read(65536):
                self.came[at] += data
                if whole(self.came[at]):
                    for piece in self.answer:
                        writer.write(piece)
                        await writer.drain()
                        await asyncio.sleep(0)
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()


def whole(came: bytes) -> bool:
    """Tell whether a request has come, however its end is told."""
    head, end, body = came.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\nContent-Length: (\d+)", head)
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        return body.endswith(b"0\r\n\r\n")
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


@asynccontextmanager
async def house(gate: Gate = BENCH.gate):
    """Run a system and a gateway before it."""
    odd = Odd()
    server = await asyncio.start_server(odd.converse, "127.0.0.1", 0, backlog=1024)
    odd.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with gateway(Route("erp", odd.url, prefix="/erp", timeouts=SLOW), desk=Guarded(gate)) as made:
            yield odd, made
    finally:
        server.close()
