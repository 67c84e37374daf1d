"""After an upgrade that policy allows: bytes both ways, untreated, until one side ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gateway.flow import Response
from gateway.proxy.wire import Wire


@dataclass(frozen=True, slots=True)
class Tunnelled:
    """An upgrade that the system agreed to: its 101, and the connection to it."""

    response: Response
    wire: Wire


class _Pipe(asyncio.Protocol):
    """Hands one side's bytes to the other side, no faster than it takes them."""

    def __init__(self, other: asyncio.Transport, ended: Callable[[], None]) -> None:
        self._other = other
        self._ended = ended

    def data_received(self, data: bytes) -> None:
        self._other.write(data)

    def eof_received(self) -> None:
        self._other.close()

    def pause_writing(self) -> None:
        if not self._other.is_closing():
            self._other.pause_reading()

    def resume_writing(self) -> None:
        if not self._other.is_closing():
            self._other.resume_reading()

    def connection_lost(self, exc: BaseException | None) -> None:
        del exc
        self._other.close()
        self._ended()


def join(client: asyncio.Transport, head: bytes, wire: Wire, ended: Callable[[], None]) -> None:
    """Send the 101 and let the two sides talk. `ended` is called when the client's side is gone."""
    system = wire.transport
    if system is None:
        client.abort()
        return
    client.set_protocol(_Pipe(system, ended))
    system.set_protocol(_Pipe(client, lambda: wire.connection_lost(None)))
    client.write(head + wire.tail)
