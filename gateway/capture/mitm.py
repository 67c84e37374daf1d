"""mitmproxy's flow files (`mitmdump -w`), read without mitmproxy; see docs/decisions/0008-captures.md.

The files of all versions since 0.11 are alike in what is read here, but for the names of a few members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from gateway.capture import address, fields, tnetstring
from gateway.capture.exchange import Exchange, Unusable
from gateway.capture.faults import CutError, UnfitError
from gateway.capture.pieces import Pieces, Source
from gateway.capture.tnetstring import Value
from gateway.flow import Headers, Request, Response, header

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ADDRESS = re.compile(r"[0-9.]+|\[?[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\]?")  # IPv4 and IPv6
_SECOND = 1_000_000_000
_LAST_TIME = 2**63
_LEAST, _LAST, _SWITCHED = 200, 999, 101
_BODYLESS = frozenset({204, 205, 304})

Table = dict[str, Value]


def read_mitm(source: Pieces, limit: int) -> Iterator[Exchange | Unusable]:
    """Give the flows of a file in their order; HTTP alone can be used."""
    number = 0
    try:
        for content in tnetstring.read(Source(source), limit):
            number += 1
            yield _read(number, content)
    except CutError:
        yield Unusable(number + 1, "truncated")


def _read(number: int, content: bytes | None) -> Exchange | Unusable:
    if content is None:
        return Unusable(number, "too-large")
    try:
        return _exchange(number, tnetstring.table(content))
    except UnfitError as error:
        return Unusable(number, error.reason)


def _exchange(number: int, flow: Table) -> Exchange:
    """Give the exchange that a flow was. Raises `UnfitError`."""
    kind = flow.get("type", b"http")  # before there were others, none was named
    if kind not in {"http", b"http"} or flow.get("websocket"):
        raise UnfitError("not-http")
    asked = _table(flow, "request")
    method = _latin(asked.get("method"))
    if _TOKEN.fullmatch(method) is None:
        raise UnfitError("no-method")
    if method == "CONNECT":
        raise UnfitError("not-http")
    headers = _headers(asked)
    target = address.target(_latin(asked.get("path"))) if asked.get("path") else _unfit("no-url")
    body = _content(asked)
    if body is None:
        raise UnfitError("no-request-body")
    headers, repair = _agreed(headers, body)
    repairs = [repair]
    response = _response(method, flow, repairs)
    return Exchange(
        number,
        _site(asked, headers),
        Request(method, target, headers, body),
        response,
        _nanoseconds(asked.get("timestamp_start")),
        tuple(dict.fromkeys(filter(None, repairs))),
    )


def _response(method: str, flow: Table, repairs: list[str]) -> Response | None:
    """Give the answer; None where there was none, or not the whole of it. Raises `UnfitError`."""
    if flow.get("response") is None:
        repairs.append("no-answer")
        return None
    answered = _table(flow, "response")
    status = _status(answered.get("status_code", answered.get("code")))
    if status == _SWITCHED:
        raise UnfitError("not-http")
    if not _LEAST <= status <= _LAST:
        repairs.append("no-answer")
        return None
    body = _content(answered)
    if body is None or flow.get("error"):  # an error beside an answer: it broke off, whatever came of it
        repairs.append("no-answer-body")
        return None
    headers = _headers(answered)
    if method == "HEAD" or status in _BODYLESS:
        return Response(status, headers)
    headers, repair = _agreed(headers, body)
    repairs.append(repair)
    return Response(status, headers, body)


def _site(asked: Table, headers: Headers) -> str:
    """Give where the request went; a bare address gives way to the name that the client used. Raises `UnfitError`."""
    scheme, host, port = _latin(asked.get("scheme")).lower(), _latin(asked.get("host")), _latin(asked.get("port"))
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    named = _latin(asked.get("authority")) or header(headers, "host") or ""
    if _ADDRESS.fullmatch(host) and named and not _ADDRESS.fullmatch(named.rpartition(":")[0] or named):
        return address.site(scheme, named if ":" in named else f"{named}:{port}")
    return address.site(scheme, f"{host}:{port}" if port else host)


def _agreed(headers: Headers, body: bytes) -> tuple[Headers, str]:
    """Set the length right; the body is as it crossed, its coding included."""
    length = header(headers, "content-length")
    if length is None or length == str(len(body)):
        return headers, ""
    kept = tuple(item for item in headers if item[0].lower() != "content-length")
    return (*kept, ("Content-Length", str(len(body)))), "length"


def _headers(message: Table) -> Headers:
    """Give header fields; those that are none are left out."""
    found = message.get("headers")
    pairs = [item for item in found if isinstance(item, list) and len(item) == 2] if isinstance(found, list) else []  # noqa: PLR2004 - a pair
    return fields.clean((_latin(name), _latin(value)) for name, value in pairs)


def _content(message: Table) -> bytes | None:
    """Give a body; None where it wasn't kept. Early versions named it `body`."""
    content = message.get("content", message.get("body"))
    return (
        content.encode("utf-8", "replace")
        if isinstance(content, str)
        else content
        if isinstance(content, bytes)
        else None
    )


def _table(flow: Table, key: str) -> Table:
    found = flow.get(key)
    if not isinstance(found, dict):
        raise UnfitError("malformed")
    return found


def _latin(value: Value) -> str:
    """Give bytes or text as Latin-1 text, "" for whatever else."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value.encode("utf-8", "replace").decode("latin-1") if isinstance(value, str) else ""


def _status(value: Value) -> int:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 3 else 0  # noqa: PLR2004 - RFC 9110 section 15


def _nanoseconds(value: Value) -> int | None:
    """Read seconds since the epoch exactly."""
    try:
        moment = Decimal(value) * _SECOND if isinstance(value, str) and len(value) < 40 else None  # noqa: PLR2004 - no time is longer
        return int(moment) if moment is not None and abs(moment) < _LAST_TIME else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _unfit(reason: str) -> str:
    raise UnfitError(reason)
