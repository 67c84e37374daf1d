"""Text of XML between bytes and values: references and line ends are read as XML 1.0 says, and written safely again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.errors import Unreadable

SPACE = b" \t\r\n"
"""White space of XML 1.0 (section 2.3)."""

_NAMED = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}  # the last must come last
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")
_UNHELD = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_VALUE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "'": "&#39;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
_CDATA, _END = b"![CDATA[", b"]]>"


def text_of(raw: bytes) -> str:
    """Read character data that has no CDATA sections in it (sections 2.4, 2.11, 4.1). Raises `Unreadable`."""
    text = raw.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _resolved(text) if "&" in text else text


def value_of(raw: bytes) -> str:
    """Read the value of an attribute, without its quotes (section 3.3.3). Raises `Unreadable`."""
    text = raw.decode()
    if "\r" in text or "\n" in text or "\t" in text:
        text = text.replace("\r\n", " ").replace("\r", " ").replace("\n", " ").replace("\t", " ")
    return _resolved(text) if "&" in text else text


def as_text(text: str, raw: bytes) -> bytes:
    """Write character data in the place of `raw`. Raises `Unreadable` for what XML can't hold."""
    if text.isascii() and text.isprintable() and "<" not in text and "&" not in text and ">" not in text:
        return text.encode()
    _check(text)
    return _spelled(text.translate(_TEXT), raw)


def all_as_text(texts: Sequence[str], raws: Sequence[bytes]) -> Sequence[bytes]:
    """Do as `as_text` for many. Raises `Unreadable` for what XML can't hold."""
    text = "<".join(texts)
    plain = text.isascii() and text.isprintable() and text.count("<") == len(texts) - 1
    if plain and "&" not in text and ">" not in text:
        return text.encode().split(b"<")
    return [as_text(one, raw) for one, raw in zip(texts, raws, strict=True)]


def as_value(text: str, raw: bytes) -> bytes:
    """Write the value of an attribute, for either quote, in the place of `raw`. Raises `Unreadable`, as above."""
    _check(text)
    return _spelled(text.translate(_VALUE), raw)


def as_cdata(text: str) -> bytes:
    """Write a CDATA section, in two where the text holds its end (section 2.7). Raises `Unreadable`, as above."""
    _check(text)
    return b"<" + _CDATA + text.replace("]]>", "]]]]><![CDATA[>").encode() + _END


def section(piece: bytes) -> bytes | None:
    """Give what a CDATA section holds, by its piece; None where the bytes are no single one."""
    inside = piece[len(_CDATA) : -len(_END)]
    sound = len(piece) >= len(_CDATA) + len(_END) and piece.startswith(_CDATA) and piece.endswith(_END)
    return inside if sound and _END not in inside else None


def _resolved(text: str) -> str:
    """Put characters in the place of references; no entity is known but the five of section 4.6."""
    if "&#" in text:
        made, count = _REFERENCE.subn(_referred, text)
    else:
        made, count = text, sum(text.count(f"&{name};") for name in _NAMED)
        for name, character in _NAMED.items():
            made = made.replace(f"&{name};", character)
    if text.count("&") != count:
        raise Unreadable("body-malformed", "a reference to an entity that XML itself doesn't know")
    return made


def _referred(found: re.Match[str]) -> str:
    if found[1]:
        return _NAMED[found[1]]
    code = int(found[2]) if found[2] else int(found[3], 16)
    character = chr(code) if code <= 0x10FFFF else "\x00"  # noqa: PLR2004 - the last of Unicode
    if _UNHELD.match(character):
        raise Unreadable("body-malformed", "a reference to a character that XML does not have")
    return character


def _check(text: str) -> None:
    """Refuse characters that XML 1.0 can't hold, written as they are or as references (section 2.2)."""
    if _UNHELD.search(text):
        raise Unreadable("body-encoding", "a treated value has characters that XML can't hold")


def _spelled(text: str, raw: bytes) -> bytes:
    """Write characters that `raw` didn't hold as such by reference: the body's own charset may lack them."""
    if text.isascii():
        return text.encode()
    held = set(raw.decode())
    return "".join(one if one.isascii() or one in held else f"&#{ord(one)};" for one in text).encode()
