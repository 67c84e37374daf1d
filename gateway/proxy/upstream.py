"""A system behind the gateway, as a client sees it: one request, one answer, whole or in pieces, or UpstreamFailed.

No redirects are followed, no cookies kept, no proxies taken from the environment, nothing decompressed or re-quoted.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from gateway.errors import UpstreamFailed
from gateway.flow import Request, Response
from gateway.proxy.answered import Unanswered
from gateway.proxy.deadlines import Deadlines, tick_for
from gateway.proxy.framing import request_head
from gateway.proxy.settings import Limits, Route
from gateway.proxy.tls import client_context
from gateway.proxy.wire import Wire
from gateway.steps.source import close

_REPEATABLE = frozenset({"GET", "HEAD"})
_PORTS = {"http": 80, "https": 443}


class Upstream:
    """Keeps connections to one system and sends requests over them. Belongs to the loop in which it is made."""

    def __init__(self, route: Route, limits: Limits) -> None:
        """Take where and how. Raises ValueError for an address that can't be one, OSError for unreadable TLS files."""
        url = urlsplit(route.upstream)
        if url.scheme not in _PORTS or not url.hostname or url.query or url.fragment or url.username is not None:
            raise ValueError(f"the upstream of {route.system} is no http or https address")
        self.authority = url.netloc
        self._host = url.hostname
        self._port = url.port or _PORTS[url.scheme]
        self._base = url.path.rstrip("/")
        self._context = client_context(route.tls) if url.scheme == "https" else None
        self._limits = limits
        self._timeouts = route.timeouts
        self._loop = asyncio.get_running_loop()
        times = route.timeouts
        tick = tick_for(times.answer, times.idle, times.total, times.keepalive, times.stream)
        self._deadlines = Deadlines(self._loop, tick)
        self._idle: list[Wire] = []
        self._wires: set[Wire] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    async def send(self, request: Request, host: str = "", *, streamed: bool = False) -> Response:
        """Give the system's answer. `request.target` is relative to the base; `host` is the Host to name, "": its own.

        With `streamed` the answer is given at its head, and its body as `stream`, unless that came with it. Raises
        UpstreamFailed: upstream-unreachable, upstream-timeout, upstream-broken, body-incomplete, body-too-large; and
        what `request.stream` raises. A GET or HEAD on a reused connection that ended before any byte of an answer is
        sent once more; nothing else is.
        """
        if request.stream is not None:
            return await self._sent_on(request, request.stream, host, streamed=streamed)
        head = self._head(request, host)
        with_body = request.method != "HEAD"
        while self._idle:
            wire = self._idle.pop()
            if not wire.usable:
                continue
            try:
                return await self._asked(wire, head, request.body, with_body, streamed)
            except Unanswered:
                if request.method not in _REPEATABLE:
                    raise
                break
        return await self._asked(await self._connect(), head, request.body, with_body, streamed)

    async def _sent_on(self, request: Request, stream: AsyncIterator[bytes], host: str, *, streamed: bool) -> Response:
        """Send a request in pieces, on a connection of its own: it can't be sent twice."""
        wire: Wire | None = None
        response: Response | None = None
        try:
            head = self._head(request, host)
            wire = await self._connect()
            with_body = request.method != "HEAD"
            response = await wire.ask(head, b"", stream, with_body=with_body, streamed=streamed)
        finally:
            if wire is None:
                await close(stream)
            elif response is None or response.stream is None:
                if response is None:
                    wire.close()
                await wire.settled()
        if wire.reusable and response.stream is None:  # else it is free when all has come
            self._idle.append(wire)
        return response

    async def switch(self, request: Request, host: str = "") -> tuple[Response, Wire | None]:
        """Send a request for an upgrade, on a connection of its own; with a 101 that connection is the caller's."""
        lines = "Connection: Upgrade\r\n"
        wire = await self._connect()
        answer = await wire.ask(self._head(request, host, lines), request.body, upgrades=True)
        if answer.status == 101:  # noqa: PLR2004 - Switching Protocols
            return answer, wire
        wire.close()
        return answer, None

    async def close(self) -> None:
        """Close every connection; whoever waits for an answer gets UpstreamFailed."""
        self._deadlines.close()
        for wire in tuple(self._wires):
            wire.close()
        await self._empty.wait()

    def _head(self, request: Request, host: str, extra: str = "") -> bytes:
        try:
            return request_head(request, self._base + request.target, host or self.authority, extra)
        except ValueError:
            raise UpstreamFailed("internal", "a header that can't be sent") from None

    async def _asked(self, wire: Wire, head: bytes, body: bytes, with_body: bool, streamed: bool) -> Response:
        answer = wire.ask(head, body, with_body=with_body, streamed=streamed)
        try:
            response = await answer
        except asyncio.CancelledError:
            wire.close()
            raise
        if wire.reusable and response.stream is None:  # else it is free when all has come
            self._idle.append(wire)
        return response

    async def _connect(self) -> Wire:
        try:
            async with asyncio.timeout(self._timeouts.connect):
                _, wire = await self._loop.create_connection(
                    lambda: Wire(self._loop, self._limits, self._timeouts, self._left, self._idle.append),
                    self._host,
                    self._port,
                    ssl=self._context,
                    server_hostname=self._host if self._context is not None else None,
                )
        except (OSError, ssl.SSLError, TimeoutError, UnicodeError):
            raise UpstreamFailed("upstream-unreachable", "no connection") from None
        self._wires.add(wire)
        self._empty.clear()
        self._deadlines.add(wire)
        return wire

    def _left(self, wire: Wire) -> None:
        self._wires.discard(wire)
        if not self._wires:
            self._empty.set()
        self._deadlines.discard(wire)
        if wire in self._idle:
            self._idle.remove(wire)
