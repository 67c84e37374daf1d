"""A shape as a regular expression: one call finds every value that matters in a whole list of records.

The expression follows JSON's grammar token by token, with the learned members spelled out in their order, each once.
Text that is known to be valid JSON and matches from its first character to its last therefore has no member that is not
known, none that is there twice, and no nesting beyond the shape's. Values that are to be looked at are cut out: groups
lie side by side, so that all of them in a row, joined, are the text again.

There is no room for runaway matching: at each character at most one way leads on (two alternatives never begin alike).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from gateway.formats.json_shape import ArrayShape, Member, ObjectShape, Shape

Way = tuple[str, ...]
"""The names that lead to a place, from the record down."""

Cuts = Mapping[Way, bool]
"""The places that are cut out; True where the member's name and comma are cut as well, so that it can be removed."""

# Repeated groups give nothing back. Versions before that fix (gh-106052) could get it wrong, and must remember instead.
_SURE = "+" if sys.version_info >= (3, 11, 5) else ""
_CUT = ")("


class Writing(NamedTuple):
    """How a body is written: with white space between its tokens, with escapes in its texts."""

    spaced: bool
    escaped: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """One message's expressions: what stands before the records, one record, what stands after.

    `groups` tells which column of a row holds each place that is cut; where the cut takes the name and the comma along,
    they are the columns before and after.
    """

    head: re.Pattern[bytes]
    row: re.Pattern[bytes]
    tail: re.Pattern[bytes]
    record: ObjectShape
    groups: Mapping[Way, int]
    cuts: Cuts

    def reaches(self, way: Way, *, removable: bool) -> bool:
        """Tell whether a place is cut out, by itself or with all that is around it."""
        around = next((way[:length] for length in range(1, len(way) + 1) if way[:length] in self.cuts), None)
        return around is not None and (self.cuts[around] or not removable)


def compile_list(shape: Shape | None, names: Sequence[str], cuts: Cuts, writing: Writing) -> Pattern | None:
    """Compile the shape of a body whose records are the array at the end of some names; None where it has no such."""
    writer = _Writer(cuts, writing)
    around = writer.around(shape, names)
    if around is None:
        return None
    head, tail, record = around
    row = writer.row(record, rf"(?:,{writer.space}|(?=\]))")
    return Pattern(_bytes(head), _bytes(row), _bytes(tail), record, writer.groups, dict(cuts))


def compile_one(shape: ObjectShape, cuts: Cuts, writing: Writing) -> Pattern:
    """Compile the shape of a body that is one record."""
    writer = _Writer(cuts, writing)
    row = writer.row(shape, "")
    return Pattern(_bytes(writer.space), _bytes(row), _bytes(writer.space), shape, writer.groups, dict(cuts))


def _bytes(expression: str) -> re.Pattern[bytes]:
    return re.compile(expression.encode(), re.DOTALL)


@dataclass(slots=True)
class _Writer:
    """Writes one expression, and counts its groups."""

    cuts: Cuts
    writing: Writing
    groups: dict[Way, int] = field(default_factory=dict)
    count: int = 1

    @property
    def space(self) -> str:
        return r"[ \t\r\n]*+" if self.writing.spaced else ""

    @property
    def _string(self) -> str:
        return r'"[^"\\]*+(?:\\.[^"\\]*+)*' + _SURE + '"' if self.writing.escaped else '"[^"]*+"'

    def row(self, record: ObjectShape, separator: str) -> str:
        """Write a record, in groups from end to end; the empty last one makes sure that there are at least two."""
        return f"({self._object(record, ())}{self.space}{separator})()"

    def around(self, shape: Shape | None, names: Sequence[str]) -> tuple[str, str, ObjectShape] | None:
        """Write what stands around the records, and give the record's shape."""
        if not names:
            if not isinstance(shape, ArrayShape) or not isinstance(shape.element, ObjectShape):
                return None
            return rf"{self.space}\[{self.space}", rf"\]{self.space}", shape.element
        if not isinstance(shape, ObjectShape):
            return None
        order = [member.name for member in shape.members]
        if names[0] not in order:
            return None
        place = order.index(names[0])
        inner = self.around(shape.members[place].shape, names[1:])
        if inner is None:
            return None
        before = self._members(shape.members[:place], shape.members[place:], None)
        after = self._members(shape.members[place + 1 :], (), None)
        comma = self._comma(shape.members[place + 1 :])
        head = rf"{self.space}\{{{self.space}{before}{self._name(names[0])}{inner[0]}"
        return head, rf"{inner[1]}{comma}{after}\}}{self.space}", inner[2]

    def _object(self, shape: ObjectShape, way: Way | None) -> str:
        return rf"\{{{self.space}{self._members(shape.members, (), way)}\}}"

    def _members(self, members: Sequence[Member], after: Sequence[Member], way: Way | None) -> str:
        """Write members that others may follow; `way` is None where nothing is cut out of them."""
        text = ""
        for number, member in enumerate(members, 1):
            text += self._member(member, way, self._comma((*members[number:], *after)))
        return text

    def _comma(self, after: Sequence[Member]) -> str:
        """Write the comma behind a member: sure if another surely follows, in doubt decided by what comes next."""
        if not after:
            return ""
        return f",{self.space}" if any(member.always for member in after) else rf"(?:,{self.space}|(?=\}}))"

    def _member(self, member: Member, way: Way | None, comma: str) -> str:
        """Write a member with its comma; one that was not always there may be missing."""
        here = (*(way or ()), member.name)
        name = self._name(member.name)
        if way is None or not any(cut[: len(here)] == here for cut in self.cuts):
            text = f"{name}{self._plain(member.shape)}{self.space}{comma}"
            return text if member.always else f"(?:{text})?{_SURE}"
        if not member.always:
            self.count += 1
        if here in self.cuts:
            removable = self.cuts[here]
            self.count += 1 + removable
            self.groups[here] = self.count
            self.count += 1 + removable
            text = f"{name}{_CUT}{self._plain(member.shape)}{_CUT}{self.space}{comma}"
            text = f"{_CUT}{text}{_CUT}" if removable else text
        else:
            text = f"{name}{self._leading_on(member.shape, here)}{self.space}{comma}"
        if member.always:
            return text
        self.count += 1
        return f")(?:({text}))?("

    def _leading_on(self, shape: Shape | None, way: Way) -> str:
        """Write an object with cuts inside, or null where it may be; each of the two in groups of its own."""
        assert isinstance(shape, ObjectShape)
        if not shape.nullable:
            return self._object(shape, way)
        self.count += 1
        written = self._object(shape, way)
        self.count += 2
        return f")(?:({written})|(null))("

    def _plain(self, shape: Shape | None) -> str:
        """Write a value with nothing to cut out of it."""
        if shape is None:
            return "null"
        if isinstance(shape, ObjectShape):
            text = self._object(shape, None)
            return f"(?:{text}|null)" if shape.nullable else text
        if isinstance(shape, ArrayShape):
            element = f"{self._plain(shape.element)}{self.space}"
            text = rf"\[{self.space}(?:{element}(?:,{self.space}{element})*{_SURE})?{_SURE}\]"
            return f"(?:{text}|null)" if shape.nullable else text
        return rf'(?:{self._string}|[^"{{}}\[\],: \t\r\n]++)'

    def _name(self, name: str) -> str:
        return re.escape(msgspec.json.encode(name).decode()) + f"{self.space}:{self.space}"
