"""The listener: takes connections, knows what is in flight, and stops without dropping it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from gateway.flow import Response
from gateway.proxy.accepting import Accepting
from gateway.proxy.connection import Connection
from gateway.proxy.deadlines import Deadlines, tick_for
from gateway.proxy.incoming import Asked
from gateway.proxy.settings import Limits, Listener
from gateway.proxy.tls import server_context
from gateway.proxy.tunnel import Tunnelled

_LAST_WORDS = 1.0
"""Seconds for streams that are cut at the end to have that recorded."""
Serve = Callable[[Asked], Awaitable[Response | Tunnelled]]


class Server:
    """One listener with its connections. Belongs to the loop in which it is made."""

    def __init__(
        self, serve: Serve, limits: Limits, *, unserved: Callable[[str], None], wall: Callable[[], float]
    ) -> None:
        """Take what answers requests, what counts refusals of none, and the wall clock (seconds since the epoch)."""
        self.limits = limits
        self._serve = serve
        self._unserved = unserved
        self._wall = wall
        self._loop = asyncio.get_running_loop()
        tick = tick_for(limits.head_seconds, limits.body_seconds, limits.keepalive_seconds, limits.linger_seconds)
        self._deadlines = Deadlines(self._loop, tick)
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | Accepting | None = None
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()
        self._date = (0, "")

    @property
    def in_flight(self) -> int:
        """How many clients are being answered."""
        return len(self._tasks)

    async def start(self, listener: Listener, doorway: socket.socket | None = None) -> tuple[str, int]:
        """Listen, on `doorway` if it is bound already; gives the address taken.

        Raises OSError where it is taken or TLS files can't be read.
        """
        context = server_context(listener.tls) if listener.tls is not None else None
        if listener.proxies:
            return self._start_behind(listener, doorway, context)
        more: dict[str, Any] = {"ssl_handshake_timeout": self.limits.head_seconds} if context is not None else {}
        if doorway is None:
            more |= {"host": listener.host, "port": listener.port}
        else:
            more["sock"] = doorway
        self._listening = server = await self._loop.create_server(
            lambda: Connection(self._loop, self, secure=context is not None),
            ssl=context,
            backlog=1024,
            **more,
        )
        host, port = server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    def _start_behind(
        self, listener: Listener, doorway: socket.socket | None, context: ssl.SSLContext | None
    ) -> tuple[str, int]:
        """Listen for connections that proxies make for others."""
        made = Accepting(
            listener.proxies,
            lambda proxied: Connection(self._loop, self, secure=context is not None, proxied=proxied),
            context,
            self.limits.head_seconds,
            lambda: self._unserved("proxy-header-missing"),
        )
        if doorway is None:
            family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
            doorway = socket.create_server((listener.host, listener.port), family=family, backlog=1024)
        self._listening = made
        return made.start(doorway)

    async def stop(self, limit: float) -> bool:
        """Take no more, let what is in flight end within `limit` seconds, close. Tells whether all of it did."""
        self._draining = True
        if self._listening is not None:
            self._listening.close()
        for connection in tuple(self._connections):
            connection.close_when_idle()
            connection.answers.cut("draining", live=True)  # nobody would see the end of these
        unfinished: set[asyncio.Task[None]] = set()
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=limit)
        late = bool(unfinished)
        if late:
            for connection in tuple(self._connections):
                connection.answers.cut("draining")
            _, unfinished = await asyncio.wait(unfinished, timeout=_LAST_WORDS)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=1.0)
        for connection in tuple(self._connections):
            connection.deadline = min(connection.deadline, self._loop.time() + self.limits.linger_seconds)
            connection.end()
        await self._empty.wait()
        self._deadlines.close()
        if self._listening is not None:
            await self._listening.wait_closed()
        return not late

    # what connections ask of their house

    def came(self, connection: Connection) -> bool:
        """Note a connection; False: there are too many."""
        self._connections.add(connection)
        self._empty.clear()
        self._deadlines.add(connection)
        return len(self._connections) <= self.limits.connections

    def gone(self, connection: Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
        self._deadlines.discard(connection)

    def begin(self, task: asyncio.Task[None]) -> None:
        """Keep a task alive, and counted, until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def serve(self, asked: Asked, /) -> Awaitable[Response | Tunnelled]:
        """Answer a request."""
        return self._serve(asked)

    def unserved(self, refusal: str, /) -> None:
        """Count a refusal of something that never became a flow."""
        self._unserved(refusal)

    def turned_away(self) -> str | None:
        """Give the refusal that every request gets now, or None."""
        if self._draining:
            return "draining"
        return "overloaded" if len(self._tasks) > self.limits.in_flight else None

    def date(self) -> str:
        """Give the time now as an HTTP date (RFC 9110 section 5.6.7), made once a second."""
        now = int(self._wall())
        if now != self._date[0]:
            self._date = (now, formatdate(now, usegmt=True))
        return self._date[1]
