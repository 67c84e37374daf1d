"""Values that hold a whole message: text as it is, base64 as it was written, compressed or not; and back again.

RFC 4648 base64 in either alphabet, padded or not, on one line or on many, with white space around it or before each
line, as XML is laid out: what is written again has the form that was read, and a value that is not in one clear form is
refused.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats import codings
from gateway.formats.parts import Part

CODINGS = ("text", "base64", "base64url", "base64+gzip", "base64+deflate")
"""How a value holds a message, by the names that catalogues use."""

_BREAK = re.compile(r"\r?\n[ \t]*")
_MARGIN = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Held:
    """The bytes of an embedded message, how to write other bytes in their place, and the content type said of them.

    `bare` tells that the value holds nothing besides.
    """

    body: bytes
    back: Callable[[bytes], str | Part]
    media: str = ""
    bare: bool = True


def take(value: str | Part, coding: str, max_size: int, max_ratio: int) -> Held:
    """Take the message out of a value. Raises `Unreadable`: body-coding, and what `codings.decode` raises."""
    if isinstance(value, Part):
        if coding == "text":
            said = value.media
            return Held(value.body, lambda new: Part(new, said), said)
        if not value.body.isascii():
            raise Unreadable("body-coding", "a part that should be base64 is not")
        value = value.body.decode()
    if coding == "text":
        return Held(value.encode(), bytes.decode)
    name, _, packing = coding.partition("+")
    body, back = _base64(value, url=name == "base64url")
    if not packing:
        return Held(body, back)
    plain, bare = codings.opened(body, packing, max_size, max_ratio)
    return Held(plain, lambda new: back(codings.encode(new, packing)), bare=bare)


def _base64(value: str, *, url: bool) -> tuple[bytes, Callable[[bytes], str]]:
    """Decode base64, and remember its form: alphabet, padding, margins, length and end of its lines."""
    plain = value.strip(_MARGIN)
    first = value[: len(value) - len(value.lstrip(_MARGIN))] if plain else ""
    last = value[len(first) + len(plain) :]
    lines = _BREAK.split(plain)
    width = len(lines[0]) if len(lines) > 1 else 0
    found = _BREAK.search(plain)
    end = found[0] if found else ""
    joined = "".join(lines)
    alphabet = b"-_" if url or "-" in joined or "_" in joined else b"+/"
    padded = len(joined) % 4 == 0

    def back(new: bytes) -> str:
        text = b64encode(new, alphabet).decode()
        text = text if padded else text.rstrip("=")
        if width:
            text = end.join(text[at : at + width] for at in range(0, len(text), width))
        return first + text + last

    try:
        body = b64decode(joined + "=" * (-len(joined) % 4), alphabet, validate=True)
    except (NotBase64, ValueError):
        raise Unreadable("body-coding", "an embedded value is not base64") from None
    if back(body) != value:
        raise Unreadable("body-coding", "an embedded value is not in one clear form of base64")
    return body, back
