"""Event streams taken apart: WHATWG HTML section 9.2.6, "Interpreting an event stream".

Lines end with CR LF, LF or CR, and a blank line ends an event. What stands outside of events (blank lines, comments
between them) goes on as soon as its line is there, since keep-alives are made of it. What a stream ends with, and no
blank line follows, is no event: it is not read, and not passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.errors import Unreadable

FIELDS = ("data", "event", "id", "retry")
"""The fields that the standard knows; names are compared as they are. A reader passes over all others."""
DEFAULT = "message"
"""The type of an event that names none."""

_END = rb"(?>\r\n|\r|\n)"
_LINE_END = re.compile(_END)
_TWO_ENDS = re.compile(_END * 2)
_LINE = re.compile(rb"([^\r\n]*)(" + _END + rb")")
HARMLESS = re.compile(
    r"[ \t]*(?:(?i:ping|heartbeat|keep-?alive|connected|ok)\b)?[ \t:-]*"
    r"(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?[ ]?(?:Z|UTC|[+-]\d\d:?\d\d)?)?[ \t]*",
    re.ASCII,
)
"""Comments that servers send to keep a connection alive, a time among them: nothing of anyone's is in them."""


class Line(NamedTuple):
    """One line: its bytes, those that end it, and what it says.

    `name` is one of `FIELDS`, or "" for a comment, a field that no reader knows, or a blank line; `value` is then the
    line as a whole, without the colon of a comment.
    """

    raw: bytes
    end: bytes
    name: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What belongs together: an event with its blank line, or one line outside of events.

    `values` has what each known field says, the lines of `data` joined. Without `holds` there is nothing in it that
    could be anyone's.
    """

    lines: tuple[Line, ...]
    values: dict[str, str]
    type: str
    holds: bool


def complete(text: bytes | bytearray, seen: int = 0) -> int:
    """Give where the last block that is complete ends; no event ends within the first `seen` bytes."""
    at = 0
    while at < len(text):
        first = text[at]
        if first in b"\r\n":
            found = _LINE_END.match(text, at)
        elif first == ord(":"):
            found = _LINE_END.search(text, max(at, seen))
        else:
            found = _TWO_ENDS.search(text, max(at, seen))
        if found is None:
            break
        at = found.end()
    return at


def blocks(text: bytes, most: int) -> Iterator[Block]:
    """Take apart what is complete. Raises `Unreadable`: body-encoding, body-ambiguous, body-too-large."""
    held: list[Line] = []
    for count, found in enumerate(_LINE.finditer(text)):
        if count >= most:
            raise Unreadable("body-too-large", "too many lines in the event stream")
        line = _line(found[0], found[1], found[2])
        outside = not held and (not found[1] or found[1].startswith(b":"))
        held.append(line)
        if outside or not found[1]:
            yield _block(held)
            held = []


def _line(raw: bytes, content: bytes, end: bytes) -> Line:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "the event stream is not UTF-8") from None
    name, colon, value = text.partition(":")
    if name in FIELDS:
        return Line(raw, end, name, value.removeprefix(" "))
    return Line(raw, end, "", value.removeprefix(" ") if colon and not name else text)


def _block(lines: list[Line]) -> Block:
    values: dict[str, str] = {}
    for name in FIELDS:
        said = [line.value for line in lines if line.name == name]
        if len(said) > 1 and name != "data":
            raise Unreadable("body-ambiguous", "an event names its type, its id or its delay twice")
        if said:
            values[name] = "\n".join(said)
    holds = bool(values) or any(not HARMLESS.fullmatch(line.value) for line in lines)
    return Block(tuple(lines), values, values.get("event") or DEFAULT, holds)
