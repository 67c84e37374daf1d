"""One connection to a system: a request out, an answer in, at most one at a time. The parser is aiohttp's.

Bodies go whole or in pieces. An answer in pieces is held back by not reading the connection, never by the parser.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import chain
from typing import TYPE_CHECKING

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpResponseParser

from gateway.errors import UpstreamFailed
from gateway.flow import Response
from gateway.proxy.answered import FINAL, Unanswered, announced, fault, named
from gateway.proxy.body import Body
from gateway.proxy.chunks import in_chunks
from gateway.proxy.deadlines import NEVER
from gateway.proxy.framing import JOIN_BELOW
from gateway.proxy.settings import MIB, Limits, Timeouts

if TYPE_CHECKING:
    from aiohttp.http_parser import RawResponseMessage
    from aiohttp.streams import StreamReader

_MOST_INTERIM = 8
"""How many 1xx answers are swallowed before one answer."""
_CONTINUE, _SWITCHING = 100, 101


class Wire(BaseProtocol):
    """Asks one system. `deadline` is when the system has taken too long, or when an idle connection is too old.

    `left` is called once, when the connection is gone; `free` when it can be used again after an answer in pieces.
    `tail` is what came behind a 101.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        timeouts: Timeouts,
        left: Callable[[Wire], None],
        free: Callable[[Wire], None],
    ) -> None:
        super().__init__(loop)
        self._limits = limits
        self._timeouts = timeouts
        self._left = left
        self._free = free
        self._answer: asyncio.Future[Response] | None = None
        self._message: RawResponseMessage | None = None
        self._payload: StreamReader | None = None
        self._body: Body | None = None  # an answer in pieces that is on its way
        self._pump: asyncio.Task[None] | None = None  # sends a request in pieces
        self._streamed = self._held_back = False
        self._with_body = self._upgrades = self._choked = False
        self._ended_it = False  # the end of the connection was the end of the answer
        self._received = self._interim = 0
        self._ended = NEVER
        self.deadline = NEVER
        self.reusable = False
        self.tail = b""

    @property
    def usable(self) -> bool:
        """Tell whether another request may be sent."""
        return self.reusable and self.transport is not None and not self.transport.is_closing()

    def ask(
        self,
        head: bytes,
        body: bytes,
        stream: AsyncIterator[bytes] | None = None,
        *,
        with_body: bool = True,
        upgrades: bool = False,
        streamed: bool = False,
    ) -> asyncio.Future[Response]:
        """Send a request; the future gives the answer or raises UpstreamFailed.

        `with_body` is False for HEAD. With `upgrades` a 101 is an answer; the connection is then the caller's. With
        `streamed` a body that isn't there with its head comes as `stream`. The request's `stream` goes out in chunks;
        what it raises ends the connection, and is raised here. `settled` waits until it is let go of.
        """
        transport = self.transport
        answer: asyncio.Future[Response] = self._loop.create_future()
        if transport is None or transport.is_closing():
            answer.set_exception(Unanswered("upstream-broken", "the connection was gone"))
            return answer
        self._parser = HttpResponseParser(
            self,
            self._loop,
            max(self._limits.body, MIB),  # the size is ours to watch: the parser is never to hold back
            max_line_size=self._limits.head,
            max_field_size=self._limits.head,
            max_headers=self._limits.fields,
            response_with_body=with_body,
            read_until_eof=True,
            auto_decompress=False,
        )
        self._answer, self._message, self._payload = answer, None, None
        self._with_body, self._upgrades, self._choked = with_body, upgrades, False
        self._received = self._interim = 0
        self._body, self._streamed, self._held_back = None, streamed, False
        self.reusable = False
        self.deadline = self._loop.time() + self._timeouts.answer
        self._ended = self.deadline + self._timeouts.total
        if stream is not None:
            self._ended, self.deadline = NEVER, NEVER
            transport.write(head)
            self._pump = self._loop.create_task(self._send_on(stream))
        elif len(body) < JOIN_BELOW:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        return answer

    def data_received(self, data: bytes) -> None:
        """Take what came. Bytes that nobody asked for end the connection: they must never answer the next request."""
        if self._answer is None or self._parser is None:
            self.close()
            return
        self._received += len(data)
        try:
            messages, _, tail = self._parser.feed_data(data)
        except Exception:  # noqa: BLE001 - whatever the parser meets in foreign bytes, the answer is the same
            self._fail("upstream-broken", "not an HTTP answer")
            return
        for message, payload in messages:
            self._take_head(message, payload)
            if self._answer is None:
                return
        if self._payload is not None:
            self.tail = tail
            self._take_body()
        elif self._received > self._limits.head:
            self._fail("upstream-broken", "endless headers")

    def eof_received(self) -> None:
        """End an answer that lasts until the connection does; any other is incomplete."""
        if self._answer is None or self._payload is None or self._parser is None:
            self._gone()
            return
        self._ended_it = True
        try:
            self._parser.feed_eof()
        except Exception:  # noqa: BLE001 - the same
            self._fail("body-incomplete", "fewer bytes than announced")
            return
        self._take_body()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Fail what is still waited for."""
        super().connection_lost(exc)
        self._gone()
        self._parser = None
        self._left(self)

    def pause_reading(self) -> None:
        """Be told by the parser's stream that it holds more pieces than any sensible answer has."""
        self._choked = True

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Do nothing: `Body` says when to read on. aiohttp's way would enter `data_received` again from within."""

    def expire(self) -> None:
        """Hear that the system took too long, or that nobody needed this connection any more."""
        if self._answer is None:
            self.close()
        else:
            self._fail("upstream-timeout", "no answer in time")

    async def settled(self) -> None:
        """Wait until a request in pieces is done with, all of it or not."""
        if self._pump is not None:
            await asyncio.wait({self._pump})

    def close(self) -> None:
        """Close at once."""
        self.deadline = NEVER
        self.reusable = False
        if self._pump is not None:
            self._pump.cancel()
        if self.transport is not None:
            self.transport.abort()

    def _take_head(self, message: RawResponseMessage, payload: StreamReader) -> None:
        if self._message is not None:
            self._fail("upstream-broken", "more than one answer")
        elif _CONTINUE <= message.code < FINAL.start and message.code != _SWITCHING:
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                self._fail("upstream-broken", "endless interim answers")
        elif (fault := self._fault(message)) is not None:
            self._fail(*fault)
        else:
            self._message, self._payload = message, payload
            self._ended = min(self._ended, self._loop.time() + self._timeouts.total)

    def _fault(self, message: RawResponseMessage) -> tuple[str, str] | None:
        """Tell what is wrong with a head, as a refusal and words."""
        found = fault(message, upgrades=self._upgrades)
        if found is not None:
            return found
        if self._received > self._limits.head and sum(map(len, chain(*message.raw_headers))) > self._limits.head:
            return "upstream-broken", "endless headers"
        if self._with_body and not self._streamed and announced(message) > self._limits.body:
            return "body-too-large", "more announced than the limit"
        return None

    def _take_body(self) -> None:
        assert self._payload is not None
        if self._choked:
            self._fail("upstream-broken", "absurdly small chunks")
        elif self._streamed and (self._body is not None or not self._payload.is_eof()):
            self._pass_on()
        elif self._payload.total_bytes > self._limits.body:
            self._fail("body-too-large", "more than the limit")
        elif self._payload.is_eof():
            self._complete()
        else:
            self.deadline = min(self._loop.time() + self._timeouts.idle, self._ended)

    def _pass_on(self) -> None:
        """Give on what came of a body in pieces."""
        assert self._payload is not None
        if self._body is None and not self._begin():
            return
        assert self._body is not None
        data = self._payload.read_nowait(-1)
        if data:
            self._body.put(data)
        if self._payload.is_eof():
            self._complete()
        elif self._body.full:
            self.deadline = NEVER
            self._held_back = True
            self._pause_transport_reading()
        else:
            self.deadline = self._loop.time() + self._timeouts.stream

    def _begin(self) -> bool:
        """Give the head of an answer whose body follows in pieces; False where that has failed."""
        assert self._message is not None
        assert self._answer is not None
        try:
            headers = named(self._message)
        except ValueError:
            self._fail("upstream-broken", "a header's name is no token")
            return False
        if self._answer.done():  # nobody waits for it any more
            self.close()
            return False
        body = self._body = Body(self._loop, self.settled, lambda: self._goes_on(body), lambda: self._unwanted(body))
        self._answer.set_result(Response(self._message.code, headers, stream=body))
        return True

    def _goes_on(self, body: Body) -> None:
        """Read on, after the system was held back."""
        if self._body is body and self._held_back:
            self._held_back = False
            self.deadline = self._loop.time() + self._timeouts.stream
            self._resume_transport_reading()

    def _unwanted(self, body: Body) -> None:
        if self._body is body:
            self._answer = self._payload = self._parser = self._body = None
            self.close()

    def _complete(self) -> None:
        message, answer, parser, transport = self._message, self._answer, self._parser, self.transport
        assert message is not None
        assert answer is not None
        assert parser is not None
        assert self._payload is not None
        held = self._payload.read_nowait(-1)
        switched = message.code == _SWITCHING
        if not switched and not self._ended_it and parser.feed_eof() is not None:  # another message has begun
            self._fail("upstream-broken", "bytes behind the answer")
            return
        try:
            headers, body = named(message), self._body
        except ValueError:
            self._fail("upstream-broken", "a header's name is no token")
            return
        self._answer = self._payload = self._parser = self._body = None
        if body is not None:
            body.end()
        elif not answer.done():
            answer.set_result(Response(message.code, headers, held))
        sending = self._pump is not None and not self._pump.done()
        if switched:
            self.deadline = NEVER
        elif sending or message.should_close or transport is None or transport.get_write_buffer_size():
            self.close()
        else:
            self.reusable = True
            self.deadline = self._loop.time() + self._timeouts.keepalive
            if body is not None:
                self._free(self)

    async def _send_on(self, stream: AsyncIterator[bytes]) -> None:
        """Send a request's body in chunks, no faster than the system takes it. Broken off, it is never ended."""
        try:
            await in_chunks(stream, self._sent)
            if self._answer is not None and self._message is None:
                self.deadline = self._loop.time() + self._timeouts.answer
        except ConnectionError:
            pass  # whoever waits for the answer hears of it by `connection_lost`
        except Exception as error:  # noqa: BLE001 - a `StreamCut`, or whatever broke the stream
            self._pump = None
            self._failed(error)

    async def _sent(self, data: bytes) -> None:
        if self.transport is None:
            raise ConnectionResetError
        self.transport.write(data)
        if self.writing_paused:
            if self._message is None:
                self.deadline = self._loop.time() + self._timeouts.idle
            await self._drain_helper()
            if self._message is None:
                self.deadline = NEVER

    def _gone(self) -> None:
        if self._answer is None:
            return
        if not self._received:
            self._failed(Unanswered("upstream-broken", "the connection ended before an answer"))
        elif self._payload is None:
            self._fail("upstream-broken", "the connection ended within the headers")
        else:
            self._fail("body-incomplete", "the connection ended within the body")

    def _fail(self, refusal: str, message: str) -> None:
        self._failed(UpstreamFailed(refusal, message))

    def _failed(self, error: Exception) -> None:
        answer, body = self._answer, self._body
        self._answer = self._payload = self._parser = self._body = None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        if body is not None:
            body.end(error)
        self.close()
