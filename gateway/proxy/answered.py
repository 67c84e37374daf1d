"""The head of a system's answer, looked at strictly: aiohttp's parser is lax with answers; we are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.errors import UpstreamFailed
from gateway.flow import Headers
from gateway.proxy.names import field_name

if TYPE_CHECKING:
    from aiohttp.http_parser import RawResponseMessage

FINAL = range(200, 600)
_SWITCHING, _PARTIAL = 101, 206
_BODILESS = frozenset({204, 304})
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Unanswered(UpstreamFailed):
    """The connection ended before a byte of an answer: a reused one may have been dead before the request was sent."""


def fault(message: RawResponseMessage, *, upgrades: bool) -> tuple[str, str] | None:
    """Tell what is wrong with a head, as a refusal and words; `upgrades`: a 101 was asked for."""
    fields = message.headers
    if message.code not in FINAL and not (message.code == _SWITCHING and upgrades):
        return "upstream-broken", "a status that is none"
    if message.code == _PARTIAL:
        return "upstream-broken", "a part where the whole was asked for"
    if (message.version[0], message.version[1]) not in {(1, 0), (1, 1)}:
        return "upstream-broken", "an HTTP version that is not 1.0 or 1.1"
    if "Transfer-Encoding" in fields and ",".join(fields.getall("Transfer-Encoding")).lower() != "chunked":
        return "upstream-broken", "a transfer coding that is not chunked"
    if _CONTROL.search(b"".join([value for _, value in message.raw_headers])) is not None:
        return "upstream-broken", "a control character in a header"
    return None


def announced(message: RawResponseMessage) -> int:
    """Give the length of the body that is announced; 0 where none is, or where there is no body."""
    length = message.headers.get("Content-Length")
    return 0 if length is None or message.code in _BODILESS else int(length)


def named(message: RawResponseMessage) -> Headers:
    """Give the header fields. Raises ValueError where a name is no token."""
    return tuple([(field_name(name)[0], value.decode("latin-1")) for name, value in message.raw_headers])
