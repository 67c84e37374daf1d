"""Lines of JSON (NDJSON, JSON Lines): each line holds one JSON text, and each is a record.

Promise: a line that no edit changes keeps its bytes, its end and the empty lines around it included; in a line that
changes, the promise of JSON holds. A line that is removed goes with its end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec

from gateway.errors import Unreadable
from gateway.formats import json
from gateway.formats.document import Edits, Owner, Refused, Spot, Touch, Written
from gateway.formats.json_layout import Layout
from gateway.formats.limits import BodyLimits

_SPACE = b" \t\r"
_TEXTS = msgspec.json.Decoder(list[msgspec.Raw])
_NO_EDITS = Edits(lambda _spot: None)
_STRAY = re.compile(rb"\r(?!\n)")


def read(body: bytes, layout: Layout, limits: BodyLimits) -> NdjsonDocument:
    """Read lines; `layout` is that of JSON, its records the elements of an array.

    Raises `Unreadable`: body-ambiguous, and what reading JSON raises.
    """
    if b"\r" in body and _STRAY.search(body):
        raise Unreadable("body-ambiguous", "a carriage return that ends no line")
    lines, gaps = _lines(body)
    document = None
    if lines:
        joined = b"[" + b",".join(lines) + b"]"
        document = json.read(joined, layout, limits.depth + 1, limits.values)
        # Each text must be as long as its line: so none goes over the end of one, and none holds two.
        if [len(memoryview(text)) for text in _TEXTS.decode(joined)] != list(map(len, lines)):
            raise Unreadable("body-not-json", "a line is not one JSON text")
    return NdjsonDocument(body, layout, limits, lines, gaps, document)


@dataclass(frozen=True, slots=True, eq=False)
class NdjsonDocument:
    """Lines that were read: `gaps` are before, between and after the texts of `lines`; `joined`: an array of these."""

    body: bytes
    layout: Layout
    limits: BodyLimits
    lines: Sequence[bytes]
    gaps: Sequence[bytes]
    joined: json.JsonDocument | None

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer of each line."""
        return self.joined.customers if self.joined else []

    def lookup(self, selector: str) -> str | int | None:
        """Give what a selector finds in each line, where all lines say the same."""
        found = {_single(line, self.layout, self.limits).lookup("$[0]" + selector[1:]) for line in self.lines}
        return found.pop() if len(found) == 1 else None

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,  # noqa: ARG002 - a Document's form; nothing is around the lines
        owners: Sequence[Owner] | None = None,
    ) -> Written:
        """Treat the lines together, or one by one where one of them goes altogether."""
        if self.joined is None:
            return Written(self.body)
        written = self.joined.write(records, _NO_EDITS, owners)
        if written.body is self.joined.body:
            return Written(self.body, written.touches, written.refused)
        texts = _TEXTS.decode(written.body)
        if len(texts) == len(self.lines):
            return Written(_together(texts, self.gaps), written.touches, written.refused)
        return self._one_by_one(records, self.customers if owners is None else owners)

    def _one_by_one(self, records: Sequence[Edits], owners: Sequence[Owner]) -> Written:
        """Treat line by line, and leave out those that are removed as a whole."""
        made: list[bytes] = [self.gaps[0]]
        counts: dict[tuple[Edits, Spot, str], int] = {}
        refused: list[Refused] = []
        for line, gap, edits, owner in zip(self.lines, self.gaps[1:], records, owners, strict=True):
            document = _single(line, self.layout, self.limits)
            written = document.write([edits], _NO_EDITS, [owner])
            text = line if written.body is document.body else written.body[1:-1]
            made += (text, gap) if text else (gap.partition(b"\n")[2],)
            for touch in written.touches:
                place = (touch.edits, touch.spot, touch.pointer)
                counts[place] = counts.get(place, 0) + touch.count
            refused += written.refused
        touches = tuple(Touch(*place, count) for place, count in counts.items())
        return Written(
            b"".join(made), touches, tuple({(id(one.edits), one.pointer): one for one in refused}.values())[:10]
        )


def _single(line: bytes, layout: Layout, limits: BodyLimits) -> json.JsonDocument:
    """Read one line by itself, as an array of one."""
    return json.read(b"[" + line + b"]", layout, limits.depth + 1, limits.values)


def _lines(body: bytes) -> tuple[list[bytes], list[bytes]]:
    """Take the texts of lines out of a body, and what is around them."""
    parts = body.split(b"\n")
    last = parts.pop()
    lines = [part.strip(_SPACE) for part in parts]
    if not last and all(lines) and sum(map(len, lines)) + len(lines) == len(body):
        return lines, [b"", *[b"\n"] * len(lines)]
    lines, gaps, gap = [], list[bytes](), b""
    for part, end in chain(((part, b"\n") for part in parts), [(last, b"")]):
        line = part.strip(_SPACE)
        if not line:
            gap += part + end
            continue
        start = part.index(line)
        gaps.append(gap + part[:start])
        lines.append(line)
        gap = part[start + len(line) :] + end
    return lines, [*gaps, gap]


def _together(texts: Sequence[msgspec.Raw], gaps: Sequence[bytes]) -> bytes:
    return gaps[0] + b"".join(chain.from_iterable(zip(texts, gaps[1:], strict=True)))
