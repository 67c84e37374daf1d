"""Sends the same request again and again over kept-alive connections, and tells how often and how soon it was answered.

`wrk` does it where it is installed, since it costs the least; else a client of our own, on asyncio's protocols. Both
are bounded in time, and ours in count as well; an answer that isn't 200, or not of the expected length, is an error.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import uvloop

CONNECTIONS = 16
MOST = 2_000_000  # requests in one go
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_END = b"\r\n\r\n"


class LoadFailed(Exception):
    """What answered was not what was asked for."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the requests go. `length` is that of each answer's body."""

    port: int
    path: str
    length: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def request(self) -> bytes:
        """The request's bytes."""
        lines = [f"GET {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: requests, seconds, and how long one took, in milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def generator(wanted: str = "auto") -> str:
    """Name what sends: `wrk` or `own`."""
    return wanted if wanted != "auto" else ("wrk" if shutil.which("wrk") else "own")


def apply(target: Target, seconds: int, *, by: str, connections: int = CONNECTIONS) -> Load:
    """Load a target for some seconds. Raises LoadFailed."""
    return _wrk(target, seconds, connections) if by == "wrk" else own(target, seconds, connections)


def own(target: Target, seconds: float, connections: int = CONNECTIONS, most: int = MOST) -> Load:
    """Load a target with our own client."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_own(target, seconds, connections, most))


async def _own(target: Target, seconds: float, connections: int, most: int) -> Load:
    loop = asyncio.get_running_loop()
    crew = _Crew(target.request, target.length, most, loop.create_future())
    began = perf_counter()
    loop.call_later(seconds, crew.end)
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(crew), "127.0.0.1", target.port)
    try:
        await asyncio.wait_for(crew.ended, seconds + 30)
    finally:
        crew.close()
    took = sorted(crew.took)
    if not took:
        raise LoadFailed("not one answer")
    return Load(len(took), perf_counter() - began, statistics.median(took) * 1000, took[len(took) * 99 // 100] * 1000)


class _Crew:
    """What the connections share."""

    def __init__(self, request: bytes, length: int, most: int, ended: asyncio.Future[None]) -> None:
        self.request = request
        self.length = length
        self.left = most
        self.ended = ended
        self.took: list[float] = []
        self.connections: list[_Connection] = []

    def end(self) -> None:
        """Stop; answers still on their way don't count."""
        self.left = 0
        if not self.ended.done():
            self.ended.set_result(None)

    def fail(self, told: str) -> None:
        """Stop with an error."""
        self.left = 0
        if not self.ended.done():
            self.ended.set_exception(LoadFailed(told))

    def close(self) -> None:
        """Close every connection."""
        for connection in self.connections:
            connection.close()


class _Connection(asyncio.Protocol):
    """Asks, takes the whole answer, asks again."""

    def __init__(self, crew: _Crew) -> None:
        self._crew = crew
        self._head = b""
        self._left = 0
        self._asked = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._crew.connections.append(self)
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            end = self._head.find(_END)
            if end < 0:
                return
            length = _length(self._head[:end])
            if length != self._crew.length:
                self._crew.fail(f"expected 200 with {self._crew.length} bytes, got {self._head[:end]!r}")
                return
            self._left = length - (len(self._head) - end - len(_END))
            self._head = b""
        if self._left < 0:
            self._crew.fail("more than one answer")
        elif self._left == 0:
            self._crew.took.append(perf_counter() - self._asked)
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's form
        self._crew.fail("a connection was closed")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _ask(self) -> None:
        crew = self._crew
        if crew.left <= 0:
            crew.end()
            return
        crew.left -= 1
        self._asked = perf_counter()
        assert self._transport is not None
        self._transport.write(crew.request)


def _length(head: bytes) -> int | None:
    """Give the Content-Length of a 200; None for anything else."""
    status, *lines = head.lower().split(b"\r\n")
    if status.split(b" ")[1] != b"200":
        return None
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), None)


def _wrk(target: Target, seconds: int, connections: int) -> Load:
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    for name, value in target.headers.items():
        words += ["-H", f"{name}: {value}"]
    url = f"http://127.0.0.1:{target.port}{target.path}"
    done = subprocess.run([*words, url], capture_output=True, text=True, timeout=seconds + 30, check=True)
    return read_wrk(done.stdout)


def read_wrk(said: str) -> Load:
    """Read what wrk prints. Raises LoadFailed for errors that it counted, or where nothing was answered."""
    for trouble in ("Non-2xx", "Socket errors"):
        if trouble in said:
            raise LoadFailed(said.strip())
    counted = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", said)
    if counted is None or counted[1] == "0":
        raise LoadFailed(said.strip())
    spread = {share: _ms(said, share) for share in ("50", "99")}
    return Load(int(counted[1]), float(counted[2]) * _UNITS[counted[3]] / 1000, spread["50"], spread["99"])


def _ms(said: str, share: str) -> float:
    found = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s|m)\s*$", said, re.MULTILINE)
    if found is None:
        raise LoadFailed(said.strip())
    return float(found[1]) * _UNITS[found[2]]
