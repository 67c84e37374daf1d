"""One client's connection: requests in, answers out in their order, each within its time. The parser is aiohttp's.

aiohttp's own server has no limit on how slowly a head may come, answers a bad one with its text, and logs the raw line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import HttpRequestParser
from aiohttp.streams import EMPTY_PAYLOAD

from gateway.errors import Unreadable
from gateway.flow import Leg, Response
from gateway.provenance.proxied import Proxied
from gateway.proxy.answers import Answers
from gateway.proxy.deadlines import NEVER
from gateway.proxy.framing import response_head
from gateway.proxy.head import read_head
from gateway.proxy.incoming import Asked, Client
from gateway.proxy.settings import Limits
from gateway.proxy.tunnel import Tunnelled, join
from gateway.refusals import problem

if TYPE_CHECKING:
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader

_WAITING = 8
"""How many pipelined requests are parsed ahead."""
_READ_AHEAD = 64 * 1024
_LATE_DISCARD = 1 << 20
"""How many bytes of an unread body are still taken and thrown away before a connection is cut."""


class House(Protocol):
    """What a connection needs of its server."""

    limits: Limits

    def came(self, connection: Connection) -> bool:
        """Note a connection; False: there are too many."""
        ...

    def gone(self, connection: Connection) -> None:
        """Forget a connection."""
        ...

    def begin(self, task: asyncio.Task[None]) -> None:
        """Keep a task of a connection alive and counted until it is done."""
        ...

    def turned_away(self) -> str | None:
        """Give the refusal that every request gets now (overloaded, draining), or None."""
        ...

    def serve(self, asked: Asked, /) -> Awaitable[Response | Tunnelled]:
        """Answer a request; never raises."""
        ...

    def unserved(self, refusal: str, /) -> None:
        """Count a refusal of something that never became a flow."""
        ...

    def date(self) -> str:
        """Give the time now as an HTTP date."""
        ...


class Connection(BaseProtocol):
    """`deadline`: until when the client must have done what it is at: a head, a body, taking its answer, or idling."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, house: House, *, secure: bool, proxied: Proxied | None = None
    ) -> None:
        limits = house.limits
        parser = HttpRequestParser(
            self,
            loop,
            _READ_AHEAD,
            max_line_size=limits.head,
            max_field_size=limits.head,
            max_headers=limits.fields,
            auto_decompress=False,
            max_msg_queue_size=_WAITING,
        )
        super().__init__(loop, parser)
        self._house = house
        self._limits = limits
        self._secure = secure
        self._proxied = proxied
        self._queue: deque[tuple[RawRequestMessage, StreamReader] | str] = deque()
        self._arriving: StreamReader = EMPTY_PAYLOAD  # the body of the newest request
        self._head_began = self._body_began = self._body_held = 0.0
        self._head_bytes = self._discarded = 0
        self._busy = self._reading = False
        self._deaf = False  # what comes is thrown away
        self._finishing = False  # the answers in hand are the last
        self._joined = False
        self.answers = Answers(self, loop, limits, house.date)
        self._client = Client("", "http", None)
        self.deadline = NEVER

    @property
    def idle(self) -> bool:
        """Tell whether no request is being answered."""
        return not self._busy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: the first head must come within its time."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        secured = transport.get_extra_info("ssl_object")
        self._client = Client(
            peer=str(peer[0]) if isinstance(peer, tuple) else "",
            scheme="https" if self._secure else "http",
            certificate=secured.getpeercert(binary_form=True) if secured is not None else None,
            proxied=self._proxied,
        )
        self._head_began = self._loop.time()
        self.deadline = self._head_began + self._limits.head_seconds
        if not self._house.came(self):
            self.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End. A flow in hand goes on to its end and its entry; only its answer has nowhere to go."""
        super().connection_lost(exc)
        if not self._arriving.is_eof():
            self._arriving.set_exception(Unreadable("body-incomplete", "the client left"))
        self._queue.clear()
        self.deadline = NEVER
        self.answers.cut("client-left")
        self._house.gone(self)

    def eof_received(self) -> bool:
        """Let a client that only closed its sending side have the answers that it waits for; events have no end."""
        self.answers.unheard()
        if not self._arriving.is_eof():
            self._arriving.set_exception(Unreadable("body-incomplete", "the client ended the body early"))
        self._finishing = True
        return self._busy and not self._secure

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._deaf:
            self._discarded += len(data)
            if self._discarded > _LATE_DISCARD:
                self.abort()
            return
        assert self._parser is not None
        between = self._arriving.is_eof()
        try:
            messages, upgraded, _ = self._parser.feed_data(data)
        except Exception as error:  # noqa: BLE001 - whatever the parser meets in foreign bytes, the answer is the same
            too_large = isinstance(error, LineTooLong) or "Too many headers" in str(error)
            self._unparsable("headers-too-large" if too_large else "ambiguous-request")
            return
        if messages:
            self._queue.extend(messages)
            self._arriving = messages[-1][1]
            self._head_began = 0.0
            self._head_bytes = 0
            if upgraded:
                self._deaf = True  # nothing is HTTP any more until somebody else takes the connection over
            if len(self._queue) >= _WAITING:
                self._pause_reading_for_buffer()
            self._work()
        elif between and data:
            self._part_of_a_head(len(data))

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on reading a body that came faster than it was taken; streams ask for this after every piece."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def expire(self) -> None:
        """Cut a client that is too slow: with an answer where one can still be given."""
        if self._reading:
            self.deadline = NEVER
            self._arriving.set_exception(Unreadable("request-too-slow", "the body took too long"))
        elif self._busy or self._deaf or not self._head_bytes:
            self.abort()
        else:
            self._unparsable("request-too-slow")

    def close_when_idle(self) -> None:
        """Take no further request; close now if none is in hand."""
        self._finishing = True
        if not self._busy and self.transport is not None:
            self.transport.close()

    def end(self) -> None:
        """Close at once, unless a last answer is on its way."""
        if self._busy or not self._deaf:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        self.deadline = NEVER
        if self.transport is not None:
            self.transport.abort()

    def go_on(self) -> None:
        """Tell a client that waits for it that its body is welcome (RFC 9110 section 10.1.1)."""
        if self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def body_goes_on(self, size: int) -> None:
        """Grant a body that has grown to `size` the time that this earns it; 0 begins the count."""
        if size == 0:
            self._reading = True
            self._body_began = self._loop.time()
        self.deadline = self._body_began + self._limits.body_seconds + size / self._limits.body_rate

    def body_held(self) -> None:
        """Stop the clock for a while."""
        self._reading = False
        self._body_held = self._loop.time()
        self.deadline = NEVER

    def body_awaited(self, size: int) -> None:
        """Go on: the time that the gateway and the system took doesn't count, and no piece has a body's whole time."""
        now = self._loop.time()
        self._reading = True
        self._body_began += now - self._body_held
        limits = self._limits
        self.deadline = min(self._body_began + size / limits.body_rate, now) + limits.body_seconds

    def body_ended(self) -> None:
        """Stop the clock: from now on the gateway and the system behind are at work."""
        self._reading = False
        self.deadline = NEVER

    def _part_of_a_head(self, size: int) -> None:
        if not self._head_began:
            self._head_began = self._loop.time()
        self._head_bytes += size
        if self._head_bytes > self._limits.head:
            self._unparsable("headers-too-large")
        elif not self._busy:
            self.deadline = self._head_began + self._limits.head_seconds

    def _unparsable(self, refusal: str) -> None:
        """Give up reading: the body in hand is broken, or a refusal stands in the place of the next request."""
        self._deaf = True
        if self._arriving.is_eof():
            self._queue.append(refusal)
        else:
            self._arriving.set_exception(Unreadable(refusal, "the body is not well-formed"))
            self._arriving = EMPTY_PAYLOAD
        self._work()

    def _work(self) -> None:
        if not self._busy:
            self._busy = True
            self.deadline = NEVER
            self._house.begin(self._loop.create_task(self._answer_all()))

    async def _answer_all(self) -> None:
        """Answer what is queued, in order."""
        again = True
        while again and self._queue and self.transport is not None:
            item = self._queue.popleft()
            self._resume()
            again = await self._answer_one(item)
        self._busy = False
        if self.transport is None or self._joined:
            return
        if not again:
            self._part()
        elif self._finishing:
            self.transport.close()
        elif self._head_began:
            self.deadline = self._head_began + self._limits.head_seconds
        else:
            self.deadline = self._loop.time() + self._limits.keepalive_seconds

    async def _answer_one(self, item: tuple[RawRequestMessage, StreamReader] | str) -> bool:
        """Answer one; False: the connection can't go on after it."""
        if isinstance(item, str):
            return await self._refuse("GET", item)
        message, payload = item
        away = self._house.turned_away()
        if away is not None:
            return await self._refuse(message.method, away)
        try:
            head = read_head(message)
        except Unreadable as error:
            return await self._refuse(message.method, error.refusal)
        asked = Asked(head, self._client, payload, self)
        answer = await self._house.serve(asked)
        if isinstance(answer, Tunnelled):
            return self._join(answer)
        close = head.closes or self._finishing or self._deaf or asked.unread
        written = await self.answers.write(answer, head.method, close=close, chunks=head.chunks)
        return written and not (self._finishing or self._deaf or asked.unread)

    def _join(self, answer: Tunnelled) -> bool:
        if self.transport is None:
            answer.wire.close()
            return False
        head = response_head(answer.response, method="GET", date=self._house.date(), close=False)
        self._joined = True
        join(self.transport, head, answer.wire, lambda: self._house.gone(self))
        return True

    async def _refuse(self, method: str, refusal: str) -> bool:
        self._house.unserved(refusal)
        return await self.answers.write(problem(refusal, Leg.REQUEST, ""), method, close=True)

    def _resume(self) -> None:
        if self._parser is not None:
            self._parser.message_consumed()
            if self._buffer_paused and len(self._queue) < _WAITING // 2:
                self.data_received(b"")
                if len(self._queue) < _WAITING:
                    self._resume_reading_for_buffer()

    def _part(self) -> None:
        """Close so that the answer arrives: unread bytes would make the kernel reset the connection and destroy it."""
        assert self.transport is not None
        if self._arriving.is_eof() and not self._deaf:
            self.transport.close()
            return
        self._deaf = True
        self._arriving = EMPTY_PAYLOAD
        self.deadline = self._loop.time() + self._limits.linger_seconds
        self._reading_paused = False
        self._resume_reading_for_buffer()
        if self.transport.can_write_eof():
            self.transport.write_eof()
