"""One entry of a HAR file: what was asked and answered, got back from what browsers and tools made of it."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from urllib.parse import quote_plus

from msgspec import Raw

from gateway.capture import address, fields, har_shape
from gateway.capture.exchange import Exchange
from gateway.capture.faults import UnfitError
from gateway.capture.har_shape import Answered, Asked, Content, Entry, Post
from gateway.capture.moment import nanoseconds
from gateway.capture.text_body import encoded
from gateway.flow import Headers, Request, Response, header

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 9.1
_FORM = "application/x-www-form-urlencoded"
_FORM_SAFE = re.compile(r"[A-Za-z0-9*._+-]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9*._+-]*)*")
_GZIP_IN_BASE64 = "H4sI"
_SWITCHED, _LEAST, _LAST, _NOT_MODIFIED, _OK, _NO_CONTENT, _RESET = 101, 200, 999, 304, 200, 204, 205
_REDIRECTS = range(300, 400)


def read(number: int, raw: bytes, limit: int) -> Exchange:
    """Give the exchange of an entry. Raises `UnfitError`."""
    entry = har_shape.entry(raw)
    asked = har_shape.table(entry.request, Asked)
    answered = har_shape.table(entry.response, Answered)
    status = har_shape.whole(answered.status) or 0
    if har_shape.said(entry.frames) or har_shape.text(entry.kind) == "websocket" or status == _SWITCHED:
        raise UnfitError("not-http")
    method = har_shape.text(asked.method)
    if not method or _METHOD.fullmatch(method) is None:
        raise UnfitError("no-method")
    if method == "CONNECT":
        raise UnfitError("not-http")
    url = har_shape.text(asked.url)
    if not url:
        raise UnfitError("no-url")
    site, target = address.split(url)
    repairs: list[str] = []
    request = _request(method, target, asked, limit, repairs)
    response = _response(method, status, answered, limit, repairs)
    if response is not None and _second_hand(entry, answered):
        repairs.append("from-cache")
    started, no_zone = nanoseconds(har_shape.text(entry.started) or "")
    if no_zone and started is not None:
        repairs.append("time-zone")
    return Exchange(number, site, request, response, started, tuple(dict.fromkeys(filter(None, repairs))))


def _request(method: str, target: str, asked: Asked, limit: int, repairs: list[str]) -> Request:
    """Give the request; what was mended is added to `repairs`. Raises `UnfitError`."""
    headers = fields.clean(har_shape.pairs(asked.headers))
    post = har_shape.table(asked.post, Post)
    mime = har_shape.text(post.mime) or ""
    text = har_shape.text(post.text)
    if not text:
        params = har_shape.pairs(post.params)
        kind = (header(headers, "content-type") or mime).partition(";")[0].strip().lower()
        if params and kind == _FORM:
            text = _form(params)
            repairs.append("form")
        elif params or (fields.length(headers) or 0) > 0 or (har_shape.whole(asked.size) or 0) > 0:
            raise UnfitError("no-request-body")
        else:
            return Request(method, target, _empty(headers, repairs))
    headers, noted = fields.with_type(headers, mime)
    body, headers, mended = _body(text, post.encoding, headers, limit)
    repairs += [noted, *mended]
    return Request(method, target, headers, body)


def _response(method: str, status: int, answered: Answered, limit: int, repairs: list[str]) -> Response | None:
    """Give the answer; None where the capture holds none, or not its body. Raises `UnfitError`."""
    if not _LEAST <= status <= _LAST:
        repairs.append("no-answer")
        return None
    headers = fields.clean(har_shape.pairs(answered.headers))
    content = har_shape.table(answered.content, Content)
    text = har_shape.text(content.text)
    if status == _NOT_MODIFIED and text and method != "HEAD":
        status = _OK  # through the gateway, which asks unconditionally, the system would have given it anew
        repairs.append("not-modified")
    elif method == "HEAD" or status in {_NO_CONTENT, _RESET, _NOT_MODIFIED}:
        return Response(status, headers)
    if not text:
        said, wire, named = har_shape.whole(content.size), har_shape.whole(answered.size), fields.length(headers)
        coded = header(headers, "content-encoding") is not None  # then the other lengths are those of the coded body
        claims = [wire if said in {None, -1} else said, None if coded else named]
        known = [claim for claim in claims if claim is not None and claim >= 0]
        streamed = "event-stream" in (header(headers, "content-type") or "").lower()  # recorders keep no stream
        if any(known) or streamed or (text is None and not known and status not in _REDIRECTS):
            repairs.append("no-answer-body")
            return None
        return Response(status, _empty(headers, repairs))
    headers, noted = fields.with_type(headers, har_shape.text(content.mime) or "")
    body, headers, mended = _body(text, content.encoding, headers, limit)
    repairs += [noted, *mended]
    return Response(status, headers, body)


def _body(text: str, encoding: Raw, headers: Headers, limit: int) -> tuple[bytes, Headers, tuple[str, ...]]:
    """Give a body's bytes, the headers that agree with them, and what was mended. Raises `UnfitError`."""
    marked = (har_shape.text(encoding) or "").strip().lower()
    if marked == "base64":
        body, repair, was_text = _unbase64(text), "", False
    elif marked and marked not in {"utf-8", "utf8", "text", "plain", "none", "identity"}:
        raise UnfitError("undecodable")
    elif text.startswith(_GZIP_IN_BASE64) and "gzip" in (header(headers, "content-encoding") or "").lower():
        body, repair, was_text = _unbase64(text), "base64", False
    else:
        body, repair = encoded(text, header(headers, "content-type") or "", fields.length(headers))
        was_text = True
    headers, agreed = fields.agreed(headers, body, limit, was_text=was_text)
    return body, headers, (repair, agreed)


def _empty(headers: Headers, repairs: list[str]) -> Headers:
    """Give the headers of a message without a body."""
    headers, agreed = fields.agreed(headers, b"", 0, was_text=True)
    repairs.append(agreed)
    return headers


def _unbase64(text: str) -> bytes:
    """Decode base64, with or without padding and line breaks."""
    plain = "".join(text.split()).rstrip("=")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (NotBase64, ValueError):
        raise UnfitError("undecodable") from None


def _form(params: list[tuple[str, str]]) -> str:
    """Write form fields (WHATWG URL, section 5.2); fields that are written so already are taken as they are."""
    words = [word for pair in params for word in pair]
    as_is = any("%" in word for word in words) and all(_FORM_SAFE.fullmatch(word) for word in words)
    written = [word if as_is else quote_plus(word, safe="*", errors="replace") for word in words]
    return "&".join(f"{name}={value}" for name, value in zip(written[::2], written[1::2], strict=True))


def _second_hand(entry: Entry, answered: Answered) -> bool:
    """Tell whether the answer came from a browser's cache, a service worker or a test's script."""
    return har_shape.said(entry.cache) or har_shape.said(answered.worker) or har_shape.said(entry.scripted)
