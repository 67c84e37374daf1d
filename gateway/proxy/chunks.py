"""Bodies in chunks (RFC 9112 section 7.1), without trailers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.errors import StreamCut
from gateway.steps.source import close

LAST_CHUNK = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Give a chunk. Not for no bytes at all: that would be the end."""
    assert data
    return b"%x\r\n%b\r\n" % (len(data), data)


async def in_chunks(stream: AsyncIterator[bytes], send: Callable[[bytes], Awaitable[None]]) -> None:
    """Send all of a stream, with its end where it has come to it; and let go of it, whatever happens."""
    try:
        async for piece in stream:
            if piece:
                await send(chunk(piece))
        await send(LAST_CHUNK)
    finally:
        with contextlib.suppress(StreamCut):  # its end can't be recorded: the gate knows
            await close(stream)
