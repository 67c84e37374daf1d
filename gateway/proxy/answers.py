"""The answers of one connection, written: whole, or in pieces, each as soon as it is there and no faster than taken."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from socket import SO_LINGER, SOL_SOCKET
from typing import Protocol

from gateway.errors import StreamCut
from gateway.flow import Leg, Response
from gateway.proxy.chunks import LAST_CHUNK, chunk
from gateway.proxy.deadlines import NEVER
from gateway.proxy.framing import JOIN_BELOW, body_of, response_head, without_body
from gateway.proxy.settings import Limits
from gateway.refusals import problem
from gateway.steps import source


class Taker(Protocol):
    """The connection: its transport (None once it is gone), and until when the client must have taken something."""

    transport: asyncio.Transport | None
    deadline: float

    @property
    def writing_paused(self) -> bool:
        """Tell whether enough waits to be taken."""
        ...

    async def _drain_helper(self) -> None: ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Answers:
    """Writes to one client, which has as long as a body of that size: `body_seconds`, and more by `body_rate`."""

    def __init__(self, taker: Taker, loop: asyncio.AbstractEventLoop, limits: Limits, date: Callable[[], str]) -> None:
        """Take whom to write to, and what gives the time as an HTTP date."""
        self._taker = taker
        self._loop = loop
        self._limits = limits
        self._date = date
        self._passing: Response | None = None  # an answer in pieces that is on its way
        self._unheard = False

    async def write(self, response: Response, method: str, *, close: bool, chunks: bool = True) -> bool:
        """Write an answer to a request of this method, and wait until the client has taken most of it.

        False: the connection can't go on after it. `chunks`: the client reads bodies in chunks.
        """
        try:
            chunked = chunks and response.stream is not None
            close = close or (response.stream is not None and not chunks)
            head = response_head(response, method=method, date=self._date(), close=close, chunked=chunked)
        except ValueError:
            if response.stream is not None:
                await _left(response.stream)
            response, close = problem("internal", Leg.REQUEST, ""), True
            head = response_head(response, method=method, date=self._date(), close=True)
        if response.stream is not None:
            return await self._pass_on(response, response.stream, head, method, chunked=chunked) and not close
        body = body_of(response, method)
        if len(body) < JOIN_BELOW:
            return await self._written(head + body) and not close
        return await self._written(head, body) and not close

    def cut(self, refusal: str, *, live: bool = False) -> None:
        """End an answer in pieces that is on its way, by a refusal; `live`: only one that has no end of its own."""
        passing = self._passing
        if passing is not None and passing.stream is not None and (passing.live or not live):
            source.cut(passing.stream, refusal)

    def unheard(self) -> None:
        """Note that the client has closed its side: it may wait for an answer, but hardly for events without end."""
        self._unheard = True
        self.cut("client-left", live=True)

    async def _pass_on(
        self, response: Response, stream: AsyncIterator[bytes], head: bytes, method: str, *, chunked: bool
    ) -> bool:
        """Write an answer in pieces; False: it was broken off.

        A body that is cut never gets an end: the last chunk is missing, or, where there are none, the connection is
        reset.
        """
        whole, self._passing = False, response
        try:
            if self._unheard:
                self.cut("client-left", live=True)
            if not await self._written(head):
                return False
            if without_body(response, method):
                whole = True
                return True
            async for piece in stream:
                if piece and not await self._written(chunk(piece) if chunked else piece):
                    return False
            whole = not chunked or await self._written(LAST_CHUNK)
        except StreamCut:
            pass
        finally:
            self._passing = None
            await _left(stream)
            if not whole:
                self._broken_off(reset=not chunked)
        return whole

    async def _written(self, *data: bytes) -> bool:
        """Write, and wait until the client has taken most of it; False: it has gone."""
        taker = self._taker
        if taker.transport is None:
            return False
        for part in data:
            taker.transport.write(part)
        if taker.writing_paused:
            limits = self._limits
            taker.deadline = self._loop.time() + limits.body_seconds + sum(map(len, data)) / limits.body_rate
            try:
                await taker._drain_helper()  # noqa: SLF001 - aiohttp's protocols wait by this
            except ConnectionError:
                return False
            taker.deadline = NEVER
        return taker.transport is not None

    def _broken_off(self, *, reset: bool) -> None:
        """Let a connection end within a body, so that nobody takes what came for all of it."""
        transport = self._taker.transport
        if transport is None:
            return
        if reset:
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self._taker.abort()
        else:
            self._taker.deadline = self._loop.time() + self._limits.linger_seconds


async def _left(stream: AsyncIterator[bytes]) -> None:
    """Let go of a stream; that its end can't be recorded is no more the client's business."""
    with contextlib.suppress(StreamCut):
        await source.close(stream)
