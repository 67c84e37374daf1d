"""The value of an element: its text, in whatever pieces it comes (text, references, CDATA, comments between), is one.

White space alone is no value. In XML-RPC the element around a value says its type, and changes only where the treated
value is of another (`<nil/>` for null).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.formats.document import Scalar
from gateway.formats.tally import text_of as worded
from gateway.formats.xml_path import Kind, Step
from gateway.formats.xml_text import as_cdata, as_text, section, text_of

_BLANK = " \t\r\n"
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_BROKEN = re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})")
_TIME = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_WHOLES = frozenset({"int", "i1", "i2", "i4", "i8"})


@dataclass(frozen=True, slots=True, repr=False)
class Leaf:
    """The text from the piece `at` to the next tag, in the piece `end`; none where both are one."""

    pieces: Sequence[bytes]
    steps: Sequence[Step]
    at: int
    end: int

    @property
    def name(self) -> str:
        """Give the local name of the element."""
        return self.steps[self.at].path.name[1]

    def raw(self) -> bytes:
        """Give the text as it stands, CDATA sections and comments in it."""
        first = self.pieces[self.at][self.steps[self.at].size :]
        return b"<".join((first, *self.pieces[self.at + 1 : self.end]))

    def value(self) -> str:
        """Read the text. Raises `Unreadable`."""
        if self.end == self.at:
            return ""
        text = text_of(self.pieces[self.at][self.steps[self.at].size :])
        if self.end == self.at + 1:
            return "" if text.isspace() and not text.strip(_BLANK) else text
        for index in range(self.at + 1, self.end):
            step, piece = self.steps[index], self.pieces[index]
            if step.kind is Kind.SECTION:
                text += piece[8 : step.size - 3].decode().replace("\r\n", "\n").replace("\r", "\n")
            text += text_of(piece[step.size :])
        return text if text.strip(_BLANK) else ""

    def typed(self) -> Scalar:
        """Read the value of an XML-RPC element (`int`, `boolean`, `double`, `nil`; all else is text)."""
        name = self.name
        if name == "nil":
            return None
        text = self.value()
        bare = text.strip(_BLANK)
        if name in _WHOLES and _WHOLE.fullmatch(bare):
            return int(bare)
        if name == "boolean" and bare in {"0", "1"}:
            return bare == "1"
        if name == "double" and _BROKEN.fullmatch(bare):
            return Decimal(bare)
        return text


@dataclass(frozen=True, slots=True)
class Made:
    """A treated value as it is written; `name` is the element's new name, None for the old one."""

    content: bytes
    name: str | None = None
    empty: bool = False


def written(value: Scalar, leaf: Leaf, *, typed: bool) -> Made:
    """Write a value in the place of another: in CDATA where that was one section. Raises `Unreadable`."""
    text = worded(value)
    if not typed:
        return Made(_content(text, leaf))
    if value is None:
        return Made(b"<nil/>") if leaf.name == "value" else Made(b"", "nil", empty=True)
    name = _type(value, leaf.name)
    if isinstance(value, bool):
        text = "1" if value else "0"
    elif isinstance(value, Decimal):
        text = f"{value:f}"
    return Made(_content(text, leaf), None if name == leaf.name else name)


def _content(text: str, leaf: Leaf) -> bytes:
    raw = leaf.raw()
    if "\r" not in text and section(raw[1:] if raw.startswith(b"<") else b"") is not None:
        return as_cdata(text)
    return as_text(text, raw)


def _type(value: Scalar, name: str) -> str:
    """Give the element that a value needs: the old one wherever it can hold it."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return name if name in _WHOLES else "int"
    if isinstance(value, Decimal):
        return "double"
    text = str(value)
    if name == "dateTime.iso8601" and _TIME.fullmatch(text):
        return name
    if name == "base64" and _is_base64(text):
        return name
    known = name in _WHOLES or name in {"boolean", "double", "nil", "dateTime.iso8601", "base64"}
    return "string" if known else name


def _is_base64(text: str) -> bool:
    try:
        b64decode("".join(text.split()), validate=True)
    except (NotBase64, ValueError):
        return False
    return True
