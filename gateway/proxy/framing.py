"""Heads as bytes, both ways. Nothing that could end a line gets into one (RFC 9112 section 11.1)."""

from __future__ import annotations

import re
from http import HTTPStatus

from gateway.flow import Headers, Request, Response

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BLANK = re.compile(r"[ \t]")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
"""How a message is framed is written here alone, whatever headers say."""
JOIN_BELOW = 65_536
"""Up to this size head and body are one write; above it copying the body costs more than a second write."""


def request_head(request: Request, target: str, host: str, extra: str = "") -> bytes:
    """Write a request's head: Host first, then the headers as they are, then the length of the body as it is now.

    `extra` are whole lines of our own making. Raises ValueError where a name or value holds a control character, or the
    method or target a blank.
    """
    if _BLANK.search(request.method + target) is not None:
        raise ValueError("a blank in a request line")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}", *_lines(request.headers)]
    if request.stream is not None:
        lines.append("Transfer-Encoding: chunked")
    elif request.body or request.method in _WITH_LENGTH:
        lines.append(f"Content-Length: {len(request.body)}")
    return f"{_checked(lines)}\r\n{extra}\r\n".encode("latin-1")


def response_head(response: Response, *, method: str, date: str, close: bool, chunked: bool = False) -> bytes:
    """Write a response's head; `method` is the request's (a HEAD has no length to tell).

    A body in pieces is `chunked`, or lasts until the connection does.

    Raises ValueError where a name or value holds a control character or one beyond Latin-1.
    """
    status = response.status
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}", *_lines(response.headers)]
    if "date" not in [name.lower() for name, _ in response.headers]:
        lines.append(f"Date: {date}")
    if method != "HEAD" and status not in _BODILESS and status != HTTPStatus.SWITCHING_PROTOCOLS:
        if response.stream is None:
            lines.append(f"Content-Length: {len(body_of(response, method))}")
        elif chunked:
            lines.append("Transfer-Encoding: chunked")
    if status == HTTPStatus.SWITCHING_PROTOCOLS:
        lines.append("Connection: Upgrade")
    elif close:
        lines.append("Connection: close")
    return f"{_checked(lines)}\r\n\r\n".encode("latin-1")


def body_of(response: Response, method: str) -> bytes:
    """Give the bytes that follow the head: none for HEAD, 204, 205 and 304 (RFC 9112 6.3, RFC 9110 15.3.6)."""
    return b"" if without_body(response, method) else response.body


def without_body(response: Response, method: str) -> bool:
    """Tell whether no byte may follow the head."""
    return method == "HEAD" or response.status in _BODILESS or response.status == HTTPStatus.RESET_CONTENT


def _lines(headers: Headers) -> list[str]:
    return [f"{name}: {value}" for name, value in headers if name.lower() not in _OURS]


def _checked(lines: list[str]) -> str:
    """Join lines. CR and LF inside one show as control characters, because the separators are put in afterwards."""
    if _CONTROL.search("".join(lines)) is not None:
        raise ValueError("a control character in a header")
    return "\r\n".join(lines)
