"""Ask an authority for a timestamp (RFC 3161 over HTTP, section 3.4), and take nothing from it that isn't right."""

from __future__ import annotations

import asyncio

import aiohttp
from yarl import URL

from gateway.audit.timestamp import LONGEST, Stamped, check_timestamp, query
from gateway.errors import BrokenLog, NoTimestamps
from gateway.witness.settings import TimestampSettings
from gateway.witness.submitting import TIMEOUT, read_bounded

_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


async def stamp(session: aiohttp.ClientSession, settings: TimestampSettings, data: bytes) -> tuple[bytes, Stamped]:
    """Get a timestamp over some bytes, checked; the answer as it came, and what it says. Raises `NoTimestamps`."""
    asked, roots = query(data), await asyncio.to_thread(trusted, settings)
    try:
        async with session.post(
            URL(settings.url), data=asked.request, headers=_HEADERS, timeout=TIMEOUT, allow_redirects=False
        ) as answer:
            status, body = answer.status, await read_bounded(answer, LONGEST)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise NoTimestamps(f"the authority can't be reached: {type(error).__name__}") from None
    except ValueError:
        raise NoTimestamps("the authority's answer is too long") from None
    if status != 200:  # noqa: PLR2004 - OK
        raise NoTimestamps(f"the authority answers with status {status}")
    try:
        return body, await asyncio.to_thread(check_timestamp, body, data, roots, "its answer", asked.nonce)
    except BrokenLog as error:
        raise NoTimestamps(str(error)) from None


def trusted(settings: TimestampSettings) -> bytes:
    """Read the authority's certificates; raises `NoTimestamps`."""
    try:
        return settings.roots.read_bytes()
    except OSError as error:
        raise NoTimestamps(f"{settings.roots}: can't be read: {error.strerror}") from None
