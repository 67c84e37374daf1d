"""What the proxy's tests share: a gateway on real sockets, systems that behave as told, and raw clients."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from gateway.flow import Flow, Leg, Operator, Response
from gateway.proxy.drive import Caller, Doors
from gateway.proxy.lifecycle import Gateway, Running
from gateway.proxy.logs import AccessLog, make_log
from gateway.proxy.metrics import Metrics
from gateway.proxy.settings import Limits, Listener, ProxySettings, Route
from gateway.proxy.whereabouts import plain
from gateway.refusals import problem

Address = tuple[str, int]
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

QUICK = Limits(head_seconds=5, body_seconds=5, keepalive_seconds=5, linger_seconds=0.3)


@dataclass
class Desk:
    """Doors that let everything pass and remember what they saw."""

    flows: list[Flow] = field(default_factory=list)
    refused: list[tuple[Flow, str]] = field(default_factory=list)
    seen: list[object] = field(default_factory=list)

    async def identify(self, incoming):
        self.seen.append(incoming)
        return Caller(Operator("crm"))

    def streams(self, _flow):
        return False

    async def handle(self, flow, send):
        self.flows.append(flow)
        return await send(flow.request)

    async def refuse(self, flow, name):
        self.refused.append((flow, name))
        return problem(name, Leg.REQUEST, flow.id)


class System:
    """A system behind the gateway: keeps every byte that came and answers each request with what it was given."""

    def __init__(self, *answers: bytes | Behaviour) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.address: Address = ("", 0)

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    async def converse(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = b""
                for line in head.split(b"\r\n"):
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        body = await reader.readexactly(int(value))
                self.requests.append(head + body)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if callable(answer):
                    await answer(reader, writer)
                else:
                    writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass


@asynccontextmanager
async def running(system: System, ssl=None) -> AsyncIterator[System]:
    talks: set[asyncio.Task] = set()

    async def converse(reader, writer):
        talks.add(asyncio.current_task())
        try:
            await system.converse(reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=ssl, backlog=1024)
    system.address = server.sockets[0].getsockname()[:2]
    try:
        yield system
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def ok(body: bytes = b"hello", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass
class House:
    """A running gateway and what can be seen of it."""

    address: Address
    admin: Address | None
    gateway: Gateway
    metrics: Metrics
    log: io.BytesIO


@asynccontextmanager
async def gateway(
    *routes: Route, desk: Desk | None = None, limits: Limits = QUICK, locate=plain, **more
) -> AsyncIterator[House]:
    desk = desk or Desk()
    settings = ProxySettings(Listener(port=0), routes, limits=limits)
    running_ = more.pop("running", Running(lambda: (True, {}), nothing))
    settings = replace(settings, **more)
    stream = io.BytesIO()
    log = make_log(stream)
    metrics = Metrics("test")
    doors = Doors(desk.identify, desk.handle, desk.refuse, desk.streams, locate)
    made = Gateway(settings, doors, running_, metrics, log, AccessLog(log))
    address, admin = await made.start()
    try:
        yield House(address, admin, made, metrics, stream)
    finally:
        await made.stop(2.0)


async def nothing() -> None:
    """Reload nothing."""


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
        await asyncio.sleep(0.01)


async def talk(address: Address, *pieces: bytes, wait: float = 5.0, eof: bool = False, ssl=None) -> bytes:
    """Send pieces, then read until the other side closes, or nothing has come for `wait` seconds."""
    reader, writer = await asyncio.open_connection(*address, ssl=ssl)
    try:
        with suppress(ConnectionError):  # who refuses the first piece need not wait for the others
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if eof:
                writer.write_eof()
        got = b""
        while True:
            try:
                piece = await asyncio.wait_for(reader.read(65536), wait)
            except (TimeoutError, ConnectionError):
                return got
            if not piece:
                return got
            got += piece
    finally:
        writer.close()


def get(target: str = "/erp/a", *headers: str, method: str = "GET", close: bool = True, host: str = "gw.test") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def parse(raw: bytes) -> Response:
    """Read one answer strictly: exactly the announced bytes and no more."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Response(int(status.split(" ")[1]), headers, body)
