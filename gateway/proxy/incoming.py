"""A request as it comes in: its head, who sent it, and its body, which is read only when somebody wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.errors import Unreadable
from gateway.proxy.head import Head

if TYPE_CHECKING:
    from aiohttp.streams import StreamReader


@dataclass(frozen=True, slots=True)
class Client:
    """The other end of a connection: its address, `http` or `https`, and its certificate (DER) if it showed one."""

    peer: str
    scheme: str
    certificate: bytes | None


class Clock(Protocol):
    """Who watches how long a body takes."""

    def go_on(self) -> None:
        """Send 100 Continue."""
        ...

    def body_goes_on(self, size: int) -> None:
        """Note how much of the body there is; 0 begins."""
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
