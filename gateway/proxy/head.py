"""The head of a request, read strictly: what could be read in two ways is refused, not guessed (RFC 9112 section 11).

aiohttp's parser already refuses Content-Length with Transfer-Encoding, several or malformed lengths, folded lines, bare
CR or LF, control characters, bad chunks, and a Host that is missing or double. Here stand the checks it leaves to us.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.errors import Unreadable
from gateway.flow import Headers
from gateway.proxy.names import field_name

if TYPE_CHECKING:
    from aiohttp.http_parser import RawRequestMessage

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_VERSIONS = ((1, 0), (1, 1))
_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})
_SECOND_NAMES = frozenset(
    {
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "x-original-method",
        "x-original-url",
        "x-original-uri",
        "x-rewrite-url",
    }
)
"""By these a system behind may read another method or path than the one that was decided."""
_TYPES = frozenset({"content-type", "content-encoding"})


@dataclass(frozen=True, slots=True)
class Head:
    """What a client asks, before its body. `length` is the announced one; None where chunked or absent.

    `target` is the raw path and query; `host` is "" only in HTTP/1.0. `names` are those of `headers`, as they
    are compared. `traceparent` is the client's; `upgrade` is the protocol asked for, "" for none. `chunks`: the client
    reads answers in chunks (HTTP/1.1).
    """

    method: str
    target: str
    host: str
    headers: Headers
    names: tuple[str, ...]
    length: int | None
    chunked: bool
    expects: bool
    upgrade: str
    traceparent: str | None
    closes: bool
    chunks: bool = True


def read_head(message: RawRequestMessage) -> Head:
    """Read what aiohttp parsed. Raises Unreadable: ambiguous-request, method-refused, expectation-refused."""
    fields = message.headers
    version = (message.version[0], message.version[1])
    if version not in _VERSIONS:
        raise Unreadable("ambiguous-request", "an HTTP version that is not 1.0 or 1.1")
    if message.method in _REFUSED_METHODS:
        raise Unreadable("method-refused", "CONNECT or TRACE")
    try:
        named = [field_name(name) for name, _ in message.raw_headers]
    except ValueError:
        raise Unreadable("ambiguous-request", "a header's name is no token") from None
    names = tuple([name for _, name in named])
    chunked = False
    if "Transfer-Encoding" in fields:
        chunked = fields["Transfer-Encoding"].lower() == "chunked"
        if not chunked or version == (1, 0):
            raise Unreadable("ambiguous-request", "a transfer coding that is not chunked, or one in HTTP/1.0")
    length = fields.get("Content-Length")
    host = fields.get("Host", "")
    if host and _HOST.fullmatch(host) is None:
        raise Unreadable("ambiguous-request", "a Host that is not a host")
    if not host and version == (1, 1):
        raise Unreadable("ambiguous-request", "an empty Host")
    if not _SECOND_NAMES.isdisjoint(names):
        raise Unreadable("ambiguous-request", "a header that names another method or path")
    if any(name in _TYPES and "_" in raw for raw, name in named):
        # Symfony and its like take the last of `Content-Type` and `Content_Type`
        raise Unreadable("ambiguous-request", "a header that says twice what the body is")
    upgrade = fields.get("Upgrade", "") if message.upgrade else ""
    return Head(
        method=message.method,
        target=_target(message.path, host),
        host=host,
        headers=tuple(
            [(name, value.decode("latin-1")) for (name, _), (_, value) in zip(named, message.raw_headers, strict=True)]
        ),
        names=names,
        length=int(length) if length is not None else None,
        chunked=chunked,
        expects=version == (1, 1) and _expects(fields.get("Expect")),
        upgrade=upgrade,
        traceparent=fields.get("traceparent"),
        # bytes that follow an upgrade that is not taken are lost to the parser: such a connection ends with its answer
        closes=message.should_close or version == (1, 0) or bool(message.upgrade),
        chunks=version == (1, 1),
    )


def _expects(expect: str | None) -> bool:
    if expect is None:
        return False
    if expect.lower() != "100-continue":
        raise Unreadable("expectation-refused", "an expectation that is not 100-continue")
    return True


def _target(path: str, host: str) -> str:
    """Give the origin-form; the absolute-form only where its authority is the Host's (RFC 9112 section 3.2.2)."""
    if not path.startswith("/"):
        url = urlsplit(path) if path.isascii() and "://" in path else None
        if url is None or url.scheme.lower() not in {"http", "https"} or url.netloc.lower() != host.lower():
            raise Unreadable("ambiguous-request", "a target that is no path, or names another host")
        after = path.split("://", 1)[1]
        path = after[len(url.netloc) :]
        if not path.startswith("/"):
            path = "/" + path
    if "#" in path or not path.isascii():
        raise Unreadable("ambiguous-request", "a target with a fragment or bytes beyond ASCII")
    return path
