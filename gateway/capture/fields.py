"""Header fields as captures hold them, brought into agreement with the bodies that they came with."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.errors import Unreadable
from gateway.flow import Headers, header
from gateway.formats import codings

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2; pseudo-headers (`:method`) are none
_LINES = re.compile(r"[\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING = frozenset({"transfer-encoding", "trailer"})
_SECRET = frozenset(
    {
        "authorization", "proxy-authorization", "cookie", "set-cookie", "authentication-info",
        "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "private-token", "x-session-token",
        "x-amz-security-token", "ocp-apim-subscription-key", "x-goog-api-key",
    }
)  # fmt: skip
_GZIP = frozenset({"gzip", "x-gzip"})
_GZIP_MAGIC, _ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_RATIO = 1000


def clean(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Give fields as they stood on the wire: pseudo-headers and framing gone, joined lines apart, values as Latin-1.

    Bodies of captures are whole, so what says how they were cut up (`Transfer-Encoding`, `Trailer`) is left out.
    """
    return tuple(
        (name, _value(line))
        for name, value in pairs
        if _TOKEN.fullmatch(name) and name.lower() not in _FRAMING
        for line in (_LINES.split(value) if "\n" in value else (value,))  # browsers join Set-Cookie fields by newlines
    )


def with_type(headers: Headers, mime: str) -> tuple[Headers, str]:
    """Take a content type that the capture notes elsewhere, where the headers name none; tells what was mended."""
    if not mime or "/" not in mime or header(headers, "content-type") is not None:
        return headers, ""
    return (*headers, ("Content-Type", _value(mime))), "content-type"


def agreed(headers: Headers, body: bytes, limit: int, *, was_text: bool) -> tuple[Headers, str]:
    """Let headers say of a body what is so: its length, and a content coding only where the body still has it.

    Gives what was mended, "" for nothing. `was_text`: the capture held text, which no coding leaves.
    """
    coding, length = header(headers, "content-encoding"), header(headers, "content-length")
    names = [part.strip().lower() for part in (coding or "").split(",")]
    last = next((name for name in reversed(names) if name not in {"", "identity"}), "")
    decoded = bool(last) and not _still_coded(last, body, limit, was_text=was_text)
    wrong = length is not None and length != str(len(body))
    if decoded:
        headers = tuple(item for item in headers if item[0].lower() != "content-encoding")
    if wrong:
        kept = tuple(item for item in headers if item[0].lower() != "content-length")
        headers = (*kept, ("Content-Length", str(len(body))))
    return headers, "decoded" if decoded else "length" if wrong else ""


def length(headers: Headers) -> int | None:
    """Give the length that headers name; None where they name none, or none that is a number."""
    named = header(headers, "content-length") or ""
    return int(named) if named.isascii() and named.isdigit() and len(named) < 16 else None  # noqa: PLR2004 - no body is longer


def without_secrets(headers: Headers) -> tuple[Headers, bool]:
    """Take the values off fields that carry credentials, as far as names tell; says whether there were any."""
    held = any(name.lower() in _SECRET and value for name, value in headers)
    return tuple((name, "" if name.lower() in _SECRET else value) for name, value in headers), held


def _value(text: str) -> str:
    """Give a value as Latin-1 text; what a tool decoded as UTF-8 is taken back to its bytes."""
    text = _CONTROLS.sub(" ", text).strip(" \t")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("latin-1")
    return text


def _still_coded(coding: str, body: bytes, limit: int, *, was_text: bool) -> bool:
    """Tell whether a body has the coding that was put on last. What can't be told is left as it is said to be."""
    if not body:
        return False
    if coding in _GZIP:
        return body.startswith(_GZIP_MAGIC)
    if coding == "zstd":
        return body.startswith(_ZSTD_MAGIC)
    if was_text or coding not in {"br", "deflate"}:
        return not was_text
    try:
        codings.decode(body, coding, limit, _RATIO)
    except Unreadable as error:
        return error.refusal == "body-expands-too-much"
    return True
