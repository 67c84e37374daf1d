"""What a body in pieces comes from: read ahead, read whole, let go of."""

from __future__ import annotations

from collections.abc import AsyncIterator

from gateway.errors import Unreadable

PORTION = 256 * 1024
"""How many bytes of a table are waited for before they are treated and recorded together."""
LIVELY = 32 * 1024
"""How many bytes of events are treated and recorded together at most: the others would wait for the last of them."""


async def ahead(source: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """Read until there is one portion; True: that was all. Raises what the source raises."""
    parts, size = list[bytes](), 0
    async for data in source:
        size += len(data)
        parts.append(data)
        if size >= PORTION:
            return b"".join(parts), False
    return b"".join(parts), True


async def whole(source: AsyncIterator[bytes], limit: int) -> bytes:
    """Read all of a body that can't go on in pieces. Raises `Unreadable`: body-too-large, and the source's errors."""
    parts, size = list[bytes](), 0
    async for data in source:
        size += len(data)
        if size > limit:
            raise Unreadable("body-too-large", "more than the limit")
        parts.append(data)
    return b"".join(parts)


async def close(source: AsyncIterator[bytes]) -> None:
    """Let go of a source: a generator is closed, and with it what it reads from."""
    leave = getattr(source, "aclose", None)
    if leave is not None:
        await leave()


def cut(source: AsyncIterator[bytes], refusal: str) -> None:
    """Let a source that is waited for end now, by a `StreamCut`; one that can't be cut goes on."""
    end = getattr(source, "cut", None)
    if end is not None:
        end(refusal)
