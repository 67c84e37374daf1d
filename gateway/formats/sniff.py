"""Whether a body is what the catalogue says it is: by its content type, its charset and its first bytes together."""

from __future__ import annotations

from gateway.errors import Unreadable

_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_JSON_TYPES = frozenset({"application/json", "text/json", "text/plain"})
_UNTYPED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_JSON_BEGINS = b'{["-0123456789tfn'
_MAGIC = {
    "pdf": ("application/pdf", b"%PDF-"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff"),
}


def agree(format: str, content_type: str | None, body: bytes) -> None:  # noqa: A002 - the glossary's word
    """Check that a body may be read as `format` (json, pdf, png, jpeg, bytes).

    `content_type` is the header as received (RFC 9110 section 8.3). Types that say nothing are settled by the body's
    first bytes, and a type that says something else is never overruled. Raises `Unreadable`: body-wrong-type,
    body-encoding.
    """
    if format == "bytes":
        return
    kind, charset = _parse(content_type or "")
    if format == "json":
        if kind not in _UNTYPED and kind not in _JSON_TYPES and not kind.endswith("+json"):
            raise Unreadable("body-wrong-type", "the content type is not JSON")
        if charset and charset not in _UTF8:
            raise Unreadable("body-encoding", "the charset is not UTF-8")
        if kind not in _JSON_TYPES and not kind.endswith("+json") and not _begins_like_json(body):
            raise Unreadable("body-wrong-type", "a body without a content type does not begin like JSON")
        return
    if format not in _MAGIC:
        raise Unreadable("body-wrong-type", "the catalogue names a format that is not known")
    expected, magic = _MAGIC[format]
    if kind not in _UNTYPED and kind != expected:
        raise Unreadable("body-wrong-type", f"the content type is not {expected}")
    if not body.startswith(magic):
        raise Unreadable("body-wrong-type", f"the body is no {format}")


def _parse(content_type: str) -> tuple[str, str]:
    """Give the media type and the charset, both in lower case; what could be read in two ways is refused."""
    kind, *parameters = content_type.lower().split(";")
    if "," in kind or not content_type.isprintable():
        raise Unreadable("body-wrong-type", "the content type can't be read")
    charsets: set[str] = set()
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charsets.add(value.strip().strip("\"'"))
        elif name.strip().startswith("charset"):  # charset*=, charset*0= (RFC 2231): no server needs them for JSON
            raise Unreadable("body-encoding", "the charset is written in a roundabout way")
    if len(charsets) > 1:
        raise Unreadable("body-encoding", "the content type names two charsets")
    return kind.strip(), next(iter(charsets), "")


def _begins_like_json(body: bytes) -> bool:
    start = body.lstrip(b" \t\r\n")
    return bool(start) and start[0] in _JSON_BEGINS
