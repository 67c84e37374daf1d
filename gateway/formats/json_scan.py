"""What must hold for every JSON body before it is looked at: UTF-8, one value, no key twice, bounded nesting."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import msgspec

from gateway.errors import Unreadable

_VALID = msgspec.json.Decoder(msgspec.Raw)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')  # for valid JSON only, where a string always ends
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def check_text(body: bytes) -> None:
    """Check that a body is plain UTF-8 (RFC 8259 section 8.1), without a byte order mark. Raises `Unreadable`."""
    if body.startswith(_BYTE_ORDER_MARKS) or b"\x00" in body[:4]:
        raise Unreadable("body-encoding", "the body is not plain UTF-8: a byte order mark, or UTF-16 or UTF-32")
    try:
        str(body, "utf-8")
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "the body is not valid UTF-8") from None


def check_count(body: bytes, max_values: int) -> None:
    """Check that a body holds no more values than can be looked at in a moment: each may cost some microseconds.

    Every value stands behind a comma, a bracket or a brace, or is the first of all. Raises `Unreadable`.
    """
    if len(body) < max_values or _marks(body) < max_values:
        return
    try:
        _VALID.decode(body)
    except msgspec.DecodeError:
        raise Unreadable("body-not-json", "the body is not valid JSON") from None
    except RecursionError:
        raise Unreadable("body-too-deep", "the body is nested too deeply") from None
    if _marks(_STRING.sub(b"", body)) >= max_values:
        raise Unreadable("body-too-large", f"the body holds more than {max_values} values")


def _marks(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def check_syntax(body: bytes, max_depth: int) -> None:
    """Check grammar, keys and nesting by reading everything: right for any body, and slow. Raises `Unreadable`."""
    try:
        _VALID.decode(body)  # the stricter of the two: the standard library takes NaN and lone surrogates
    except msgspec.DecodeError:
        raise Unreadable("body-not-json", "the body is not valid JSON") from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    try:
        value = _STRICT.decode(body.decode())
    except RecursionError:
        raise _too_deep(max_depth) from None
    depth = 0
    level = [value]
    while level := [inner for inner in level if isinstance(inner, list)]:
        depth += 1
        if depth > max_depth:
            raise _too_deep(max_depth)
        level = [inner for outer in level for inner in outer]


def _distinct(pairs: Sequence[tuple[str, object]]) -> list[object]:
    """Check one object's keys, as they read after unescaping; only its values matter from here on."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise Unreadable("body-duplicate-key", "an object in the body has the same key twice")
    return [value for _, value in pairs]


def _nothing(_text: str) -> None:
    """Stand for a number: none is converted, so none is too long."""


def _too_deep(max_depth: int) -> Unreadable:
    return Unreadable("body-too-deep", f"the body is nested more than {max_depth} levels deep")


_STRICT = json.JSONDecoder(object_pairs_hook=_distinct, parse_float=_nothing, parse_int=_nothing)
