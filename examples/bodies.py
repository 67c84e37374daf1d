"""JSON bodies as text: where each value stands, and what a body becomes when some of its values are replaced.

The examples predict with this, independently of the gateway, every byte that must come out of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Row = tuple[str, str | None, str | None]
"""A place (a JSON Pointer), its text before and after; None where it is not there."""
_TOKEN = re.compile(rb'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^ \t\r\n{}\[\],:"]+)')


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar: its JSON Pointer, its text, its place, and where its member (the name included) begins."""

    pointer: str
    text: bytes
    member: int
    start: int
    end: int


def leaves(body: bytes) -> Iterator[Leaf]:
    """Give every scalar of well-formed JSON in the order of the text."""
    path: list[str | int] = []  # a name, or an index, for each object and array that is open
    open_: list[bytes] = []
    name_at = -1
    naming = False
    for token in _TOKEN.finditer(body):
        text, start = token[1], token.start(1)
        if text in {b"{", b"["}:
            open_.append(text)
            path.append("" if text == b"{" else 0)
            naming = text == b"{"
        elif text in {b"}", b"]"}:
            open_.pop()
            path.pop()
        elif text == b",":
            naming = open_[-1] == b"{"
            last = path[-1]
            path[-1] = last + 1 if isinstance(last, int) else last
        elif text == b":":
            naming = False
        elif naming:
            path[-1], name_at = text[1:-1].decode(), start
        else:
            member = name_at if open_ and open_[-1] == b"{" else start
            yield Leaf("".join(f"/{step}" for step in path), text, member, start, token.end(1))


def replaced(body: bytes, values: Mapping[str, bytes | None]) -> bytes:
    """Replace the text of the values at these pointers; None takes the whole member out, with its comma."""
    out, done = [], 0
    for leaf in leaves(body):
        if leaf.pointer not in values:
            continue
        value = values[leaf.pointer]
        if value is not None:
            out += [body[done : leaf.start], value]
            done = leaf.end
        elif body[leaf.end : leaf.end + 1] == b",":
            out.append(body[done : leaf.member])
            done = leaf.end + 1
        else:
            out.append(body[done : leaf.member].rstrip(b","))
            done = leaf.end
    return b"".join([*out, body[done:]])


def rows(before: bytes, after: bytes) -> list[Row]:
    """Pair the values of two bodies by place, in the order of the first."""
    there = {leaf.pointer: leaf.text.decode() for leaf in leaves(after)}
    return [(leaf.pointer, leaf.text.decode(), there.get(leaf.pointer)) for leaf in leaves(before)]


def masked(text: bytes) -> bytes:
    """Mask a JSON text all but its last four characters; of four or fewer, none shows."""
    value = json.loads(text)
    shown = value[-4:] if len(value) > 4 else ""
    return json.dumps("*" * (len(value) - len(shown)) + shown, ensure_ascii=False).encode()
