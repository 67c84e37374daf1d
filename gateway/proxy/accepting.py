"""Connections that proxies make for others: their PROXY header is read before anything else, TLS included."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network

from gateway.provenance.addresses import read, within
from gateway.provenance.proxied import FIXED, LONGEST_LINE, SIGNATURE, Proxied, length, read_binary, read_line

Networks = tuple[IPv4Network | IPv6Network, ...]
Make = Callable[[Proxied | None], asyncio.Protocol]
_WAITING = 1000
"""Connections at the same time that have not said yet for whom they are."""


class Accepting:
    """Takes connections: those from `networks` must begin with a PROXY header, and from nobody else one counts."""

    def __init__(
        self,
        networks: Networks,
        make: Make,
        context: ssl.SSLContext | None,
        seconds: float,
        refused: Callable[[], None],
    ) -> None:
        """Take who proxies are, what makes a protocol, for how long a header may take, and what counts bad ones."""
        self._networks = networks
        self._make = make
        self._context = context
        self._seconds = seconds
        self._refused = refused
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []

    def start(self, doorway: socket.socket) -> tuple[str, int]:
        """Begin to accept on a socket that is bound."""
        doorway.listen(1024)
        doorway.setblocking(False)
        self._sockets.append(doorway)
        self._accepting.append(self._loop.create_task(self._accept(doorway)))
        host, port = doorway.getsockname()[:2]
        return str(host), int(port)

    def close(self) -> None:
        """Take no more; connections that have not begun are closed."""
        for task in (*self._accepting, *self._tasks):
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until the last is gone."""
        await asyncio.gather(*self._accepting, *self._tasks, return_exceptions=True)
        for one in self._sockets:
            one.close()

    async def _accept(self, doorway: socket.socket) -> None:
        while True:
            try:
                connection, peer = await self._loop.sock_accept(doorway)
            except OSError:  # out of descriptors, or a client that left at once
                await asyncio.sleep(0.05)
                continue
            if len(self._tasks) >= _WAITING:
                connection.close()
                continue
            task = self._loop.create_task(self._begin(connection, str(peer[0])))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, connection: socket.socket, peer: str) -> None:
        """Read the header, where there must be one, and hand the connection on."""
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            address = read(peer)
            proxied = None
            if address is not None and within(address, self._networks):
                async with asyncio.timeout(self._seconds):
                    proxied = await self._header(connection)
        except (ValueError, OSError, EOFError):  # a timeout is an OSError
            self._refused()
            connection.close()
            return
        except BaseException:
            connection.close()
            raise
        with contextlib.suppress(OSError, ssl.SSLError):
            await self._loop.connect_accepted_socket(
                lambda: self._make(proxied),
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._seconds if self._context is not None else None,
            )

    async def _header(self, connection: socket.socket) -> Proxied:
        """Read exactly the header: what follows it is not ours to take."""
        start = await self._exactly(connection, len(SIGNATURE))
        if start == SIGNATURE:
            fixed = start + await self._exactly(connection, FIXED - len(SIGNATURE))
            return read_binary(fixed, await self._exactly(connection, length(fixed)))
        if not start.startswith(b"PROXY "):
            raise ValueError("no PROXY header")
        line = start
        while not line.endswith(b"\r\n"):
            if len(line) >= LONGEST_LINE:
                raise ValueError("no PROXY header")
            line += await self._exactly(connection, 1)
        return read_line(line)

    async def _exactly(self, connection: socket.socket, size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            more = await self._loop.sock_recv(connection, size - len(taken))
            if not more:
                raise EOFError
            taken += more
        return taken
