"""Bodies of a known shape as tables: a row for each record, a column for each value that is looked at, text between.

The shape is learned from bodies that were read the slow way. A body that does not fit is no error: it is read the slow
way, which is right for any body, and widens the shape. What to cut out is learned as well, from what was wanted last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

import msgspec

from gateway.errors import Unreadable
from gateway.formats.alike import alike
from gateway.formats.json_pattern import Cuts, Pattern, Way, Writing, compile_list, compile_one
from gateway.formats.json_shape import NoShapeError, ObjectShape, Shape, depth, learn, size
from gateway.formats.selector import ANY, Step

_VALID = msgspec.json.Decoder(msgspec.Raw)
_PARSER = msgspec.json.Decoder()

_MOST_PLACES = 300
_MOST_LESSONS = 24
_PATIENCE = 8
"""After so many bodies in a row that did not fit, only one in so many is tried."""

_SPACED = re.compile(rb'[ \t\r\n]*+[{\[][ \t\r\n]|[ \t\r\n]|[{\[]++"(?:[^"\\]|\\.)*"(?:[ \t\r\n]|:[ \t\r\n])')
"""The first tokens of a body that is written with white space between them."""


@dataclass(slots=True, eq=False)  # frozen in spirit: one is made for each body, and freezing costs as much as matching
class Table:
    """A body taken apart: `head`, rows of texts and `tail`, joined, are the body. `columns` are the rows turned."""

    pattern: Pattern
    head: bytes
    columns: Sequence[Sequence[bytes]]
    count: int
    tail: bytes

    def texts(self, way: Way) -> Sequence[bytes]:
        """Give the texts at a place that is cut, one a record; b"" where it isn't there."""
        return self.columns[self.pattern.groups[way] - 1] if self.count else ()


@dataclass(slots=True, eq=False)
class Former:
    """What has been learned of one message. `names` lead to the records; None: the body is the one record.

    `customer` are the names that lead from a record to its customer, which is always cut out; () where it isn't named.
    """

    names: tuple[str, ...] | None
    customer: Way = ()
    shape: Shape | None = None
    cuts: dict[Way, bool] = field(default_factory=dict)
    patterns: dict[Writing, Pattern | None] = field(default_factory=dict)
    lessons: int = 0
    misses: int = 0
    seen: int = 0
    depth: int = 0

    def form(self, body: bytes, max_depth: int) -> Table | None:
        """Take a body apart; None where it does not fit. Raises `Unreadable` for broken JSON."""
        self.seen += 1
        if self.shape is None or (self.misses >= _PATIENCE and self.seen % _PATIENCE):
            return None
        try:
            _VALID.decode(body)
        except msgspec.DecodeError:
            raise Unreadable("body-not-json", "the body is not valid JSON") from None
        except RecursionError:
            raise Unreadable("body-too-deep", f"the body is nested more than {max_depth} levels deep") from None
        table = self._fit(body) if self.depth <= max_depth else None
        self.misses = self.misses + 1 if table is None else 0
        return table

    def cut(self, body: bytes, wanted: Cuts) -> Table | None:
        """Take a body apart again with more cut out, which will be cut from now on; None where it doesn't fit now."""
        self.cuts = united(self.cuts, wanted)
        self.patterns = {}
        return self._fit(body)

    def teach(self, body: bytes) -> None:
        """Learn from a body that did not fit, and is known to be sound."""
        if self.lessons >= _MOST_LESSONS or (self.misses >= _PATIENCE and self.seen % _PATIENCE):
            return
        try:
            value = _PARSER.decode(body)
            if _doubled(value, (*(self.names or ()), *([ANY] if self.names is not None else []), *self.customer)):
                return  # such bodies are always walked through, where it is seen that they name two customers
            shape = learn(self.shape, value)
        except NoShapeError:
            self.lessons, self.shape, self.patterns = _MOST_LESSONS, None, {}
            return
        except (msgspec.ValidationError, RecursionError):
            return
        if shape == self.shape:
            return  # it does not fit for how it is written, not for what it is
        self.lessons += 1
        if size(shape) > _MOST_PLACES:
            self.lessons, shape = _MOST_LESSONS, None
        self.shape, self.depth, self.patterns = shape, depth(shape), {}

    def record(self) -> Shape | None:
        """Give the shape of a record."""
        shape = self.shape
        for name in self.names or ():
            members = shape.members if isinstance(shape, ObjectShape) else ()
            shape = next((member.shape for member in members if member.name == name), None)
        return shape if self.names is None else getattr(shape, "element", None)

    def _fit(self, body: bytes) -> Table | None:
        pattern = self._pattern(Writing(_SPACED.match(body) is not None, b"\\" in body))
        if pattern is None:
            return None
        head = pattern.head.match(body)
        if head is None:
            return None
        start = head.end()
        rows = [] if body[start : start + 1] == b"]" else pattern.row.findall(body, start)
        if self.names is None and len(rows) != 1:
            return None
        text = b"".join(chain.from_iterable(rows))
        end = start + len(text)
        if not body.startswith(text, start) or pattern.tail.fullmatch(body, end) is None:
            return None
        return Table(pattern, body[:start], list(zip(*rows, strict=True)), len(rows), body[end:])

    def _pattern(self, writing: Writing) -> Pattern | None:
        if writing not in self.patterns:
            cuts = {way: removable for way, removable in self.cuts.items() if _stands(self.record(), way)}
            if self.names is not None:
                self.patterns[writing] = compile_list(self.shape, self.names, cuts, writing)
            elif isinstance(self.shape, ObjectShape):
                self.patterns[writing] = compile_one(self.shape, cuts, writing)
            else:
                self.patterns[writing] = None
        return self.patterns[writing]


def names_of(records: Sequence[Step] | None) -> tuple[str, ...] | Literal[False] | None:
    """Give the names that lead to an array of records, None where there is none; False for any other way."""
    if records is None:
        return None
    names = tuple(step for step in records[:-1] if isinstance(step, str))
    return names if records and records[-1] is ANY and len(names) == len(records) - 1 else False


def united(one: Cuts, other: Cuts) -> dict[Way, bool]:
    """Unite places to cut: one inside of another is not cut, since the other is treated as a whole."""
    both = {way: one.get(way, False) or other.get(way, False) for way in chain(one, other)}
    return {way: both[way] for way in both if not any(way[:length] in both for length in range(len(way)))}


def _doubled(value: object, way: Sequence[Step]) -> bool:
    """Tell whether names that look alike stand side by side on a way."""
    if not way:
        return False
    if isinstance(value, list):
        return way[0] is ANY and any(_doubled(inner, way[1:]) for inner in value)
    if not isinstance(value, dict) or not isinstance(way[0], str):
        return False
    found = [inner for name, inner in value.items() if alike(name, way[0])]
    return len(found) > 1 or any(_doubled(inner, way[1:]) for inner in found)


def _stands(shape: Shape | None, way: Way) -> bool:
    """Tell whether a place is known to the shape."""
    for name in way:
        members: Mapping[str, Shape | None] = {}
        if isinstance(shape, ObjectShape):
            members = {member.name: member.shape for member in shape.members}
        if name not in members:
            return False
        shape = members[name]
    return bool(way)
