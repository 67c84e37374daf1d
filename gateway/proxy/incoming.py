"""A request as it comes in: its head, who sent it, and its body, which is read only when somebody wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.errors import StreamCut, Unreadable
from gateway.provenance.proxied import Proxied
from gateway.proxy.head import Head

if TYPE_CHECKING:
    from aiohttp.streams import StreamReader


@dataclass(frozen=True, slots=True)
class Client:
    """The other end of a connection: its address, `http` or `https`, and its certificate (DER) if it showed one.

    `proxied` is what a proxy of ours said of the connection before it, None where there is none.
    """

    peer: str
    scheme: str
    certificate: bytes | None
    proxied: Proxied | None = None


class Clock(Protocol):
    """Who watches how long a body takes."""

    def go_on(self) -> None:
        """Send 100 Continue."""
        ...

    def body_goes_on(self, size: int) -> None:
        """Note how much of the body there is; 0 begins."""
        ...

    def body_held(self) -> None:
        """Stop for a while: what came is being dealt with, and the client need not hurry."""
        ...

    def body_awaited(self, size: int) -> None:
        """Go on watching: the next piece of a body of which there is so much."""
        ...

    def body_ended(self) -> None:
        """Stop watching."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    head: Head
    client: Client
    payload: StreamReader
    clock: Clock

    @property
    def has_body(self) -> bool:
        """Tell whether there is a body, or one to come."""
        return bool(self.head.length) or not self.payload.is_eof() or self.payload.total_bytes > 0

    @property
    def unread(self) -> bool:
        """Tell whether something of the body was not taken, or not even parsed as one."""
        return not self.payload.at_eof() or (self.head.length or 0) > self.payload.total_bytes

    def pieces(self) -> Pieces:
        """Give the body as it comes, in place of `body`."""
        return Pieces(self)

    async def body(self, limit: int) -> bytes:
        """Read it all. Raises Unreadable: body-too-large, request-too-slow, body-incomplete, ambiguous-request."""
        head = self.head
        if head.length is not None and head.length > limit:
            raise Unreadable("body-too-large", "more announced than the limit")
        payload = self.payload
        if payload.is_eof() and payload.total_bytes == 0:
            return b""
        self.clock.body_goes_on(0)
        try:
            if head.expects and not payload.is_eof():
                self.clock.go_on()
            parts: list[bytes] = []
            size = 0
            while piece := await payload.readany():
                size += len(piece)
                if size > limit:
                    raise Unreadable("body-too-large", "more than the limit")
                parts.append(piece)
                self.clock.body_goes_on(size)
        finally:
            self.clock.body_ended()
        return b"".join(parts)


class Pieces:
    """A body as it comes, the client held back while nobody takes it. Raises what `Asked.body` does, of any size."""

    def __init__(self, asked: Asked) -> None:
        """Take a request whose body nobody has read."""
        self._asked = asked
        self._size = 0
        self._begun = False

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        payload, clock = self._asked.payload, self._asked.clock
        if not self._begun:
            self._begun = True
            clock.body_goes_on(0)
            if self._asked.head.expects and not payload.is_eof():
                clock.go_on()
        else:
            clock.body_awaited(self._size)
        try:
            piece = await payload.readany()
        finally:
            clock.body_held()
        if not piece:
            raise StopAsyncIteration
        self._size += len(piece)
        return piece

    async def aclose(self) -> None:
        """Stop reading."""
        self._asked.clock.body_ended()

    def cut(self, refusal: str) -> None:
        """End at once, also where the client is waited for."""
        self._asked.payload.set_exception(StreamCut(refusal))
