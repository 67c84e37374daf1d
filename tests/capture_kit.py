"""Captures made in tests: HAR entries with whatever is wrong in them, mitmproxy's netstrings, readers' results."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.capture import LIMIT, Exchange, Unusable, open_capture

URL = "https://erp.example/api/orders/1"
JSON = "application/json"


def headers(**fields: str) -> list[dict[str, str]]:
    """Write header fields; `content_type` is `Content-Type`."""
    return [{"name": name.replace("_", "-").title(), "value": value} for name, value in fields.items()]


def entry(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Write an entry as a browser would, with these members in place of the usual ones."""
    return {
        "startedDateTime": "2026-11-02T09:30:00.250Z",
        "time": 12.5,
        "request": {
            "method": "GET", "url": URL, "httpVersion": "h2", "cookies": [], "headers": [], "queryString": [],
            "headersSize": -1, "bodySize": 0, **(request or {}),
        },
        "response": {
            "status": 200, "statusText": "OK", "httpVersion": "h2", "cookies": [], "headers": [], "redirectURL": "",
            "content": {"size": 0, "mimeType": "x-unknown"}, "headersSize": -1, "bodySize": 0, **(response or {}),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 12, "receive": 0.5},
        **more,
    }  # fmt: skip


def answer(text: str, *, mime: str = JSON, size: int | None = None, **fields: str) -> dict[str, Any]:
    """Write a response with a body; `encoding` marks the text, other fields are headers."""
    encoding = fields.pop("encoding", None)
    content = {"size": len(text.encode("utf-8", "replace")) if size is None else size, "mimeType": mime, "text": text}
    if encoding:
        content["encoding"] = encoding
    return {"headers": headers(**{"content_type": mime, **fields}), "content": content, "bodySize": -1}


def har(*entries: Any) -> bytes:
    """Write a HAR file."""
    log = {"version": "1.2", "creator": {"name": "test", "version": "1"}, "pages": [], "entries": list(entries)}
    return json.dumps({"log": log}).encode()


def read(
    data: bytes, keys: Sequence[X25519PrivateKey] = (), limit: int = LIMIT, name: str = "capture"
) -> list[Exchange | Unusable]:
    """Read a whole capture."""
    return list(open_capture(io.BytesIO(data), name, keys, limit))


def only(data: bytes, **more: Any) -> Exchange:
    """Read a capture that holds one exchange and nothing else."""
    (found,) = read(data, **more)
    assert isinstance(found, Exchange), found
    return found


def reasons(found: Iterable[Exchange | Unusable]) -> list[str]:
    """Give why what is unusable is so, "" for what isn't."""
    return [item.reason if isinstance(item, Unusable) else "" for item in found]


class Stream(io.RawIOBase):
    """A stream that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = piece
        found, self._held = self._held[:size], self._held[size:]
        return found


def netstring(value: Any, *, keys: type = str) -> bytes:
    """Write a value as mitmproxy does; `keys` are text, or bytes as under Python 2."""
    if isinstance(value, dict):
        kind, pairs = b"}", [(name if keys is str else name.encode(), item) for name, item in value.items()]
        content = b"".join(netstring(part, keys=keys) for pair in pairs for part in pair)
    elif isinstance(value, list | tuple):
        kind, content = b"]", b"".join(netstring(item, keys=keys) for item in value)
    else:
        kind, content = _scalar(value)
    return b"%d:%s%s" % (len(content), content, kind)


def _scalar(value: Any) -> tuple[bytes, bytes]:
    if value is None:
        return b"~", b""
    if isinstance(value, bool):
        return b"!", b"true" if value else b"false"
    if isinstance(value, bytes):
        return b",", value
    if isinstance(value, str):
        return b";", value.encode()
    return (b"#" if isinstance(value, int) else b"^"), repr(value).encode()
