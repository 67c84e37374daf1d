"""Bodies that a capture holds as text: the bytes that they were made of, as nearly as can be told."""

from __future__ import annotations

import codecs
import re

from gateway.capture.faults import UnfitError

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";,\s]+)', re.IGNORECASE)
_TEXTUAL = re.compile(
    r"text/.*|.*[/+.-](?:json|xml|yaml|javascript|ecmascript|x-javascript|x-www-form-urlencoded|csv|graphql|ndjson|x-ndjson|"
    r"jsonl|json-seq|html|sql)"
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_REPLACED = "\ufffd"
_WESTERN = {"iso8859-1", "ascii"}
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}


def encoded(text: str, content_type: str, length: int | None) -> tuple[bytes, str]:
    """Give the bytes of a text, and what was mended: "latin-1", "recoded", or "" where nothing had to be guessed.

    `length` is what the headers say of the bytes; of several readings the one that fits is taken. What captures note
    beside the body is no help: some count characters there. Raises `UnfitError` (undecodable).
    """
    charset = _charset(content_type)
    if text.isascii() and (charset is None or _is_ascii(charset)):
        return text.encode(), ""
    readings = [(found, repair) for found, repair in _readings(text, content_type, charset) if found is not None]
    if not readings:
        raise UnfitError("undecodable")
    return next((reading for reading in readings if len(reading[0]) == length), readings[0])


def textual(content_type: str) -> bool:
    """Tell whether a content type is text by nature."""
    return _TEXTUAL.fullmatch(content_type.partition(";")[0].strip().lower()) is not None


def _readings(text: str, content_type: str, charset: str | None) -> list[tuple[bytes | None, str]]:
    """Give the ways in which the text may have come about, the likeliest first."""
    utf8 = None if _REPLACED in text else _encode(text, "utf-8")
    narrow = _encode(text, "latin-1")
    if charset is not None:
        return [(_encode(text, charset), "recoded")]
    if content_type and not textual(content_type):
        return [(narrow, "latin-1"), (utf8, "recoded")]
    if narrow is not None and (_is_utf8(narrow) or _CONTROLS.search(text)):
        return [(narrow, "latin-1"), (utf8, "recoded")]
    return [(_encode(text, "utf-8"), "recoded"), (narrow, "latin-1")]


def _charset(content_type: str) -> str | None:
    """Give the charset that a content type names, by Python's name; None where it names none that is known."""
    found = _CHARSET.search(content_type)
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1].strip("'")).name
    except (LookupError, ValueError):
        return None
    return None if name.replace("-", "_") in _NO_CHARSETS else name


def _is_ascii(charset: str) -> bool:
    """Tell whether a charset writes ASCII as ASCII does."""
    return _encode("A{}", charset) == b"A{}"


def _encode(text: str, charset: str) -> bytes | None:
    """Encode; bytes that a tool could not decode, and kept as surrogates, come back as they were (PEP 383)."""
    if charset == "utf-16":
        text, charset = "\ufeff" + text.removeprefix("\ufeff"), "utf-16-le"
    for name in (charset, "cp1252") if charset in _WESTERN else (charset,):  # as browsers take these two
        try:
            return text.encode(name, "surrogateescape")
        except (UnicodeError, LookupError):
            continue
    return None


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8: text beyond ASCII never is by chance."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
