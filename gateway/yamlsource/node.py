"""The tree of a YAML file: each node knows its place; nothing is converted yet."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from gateway.errors import Place

TO_END = sys.maxsize
"""The end of what goes on below its first line: a report underlines that line to its end."""

_LONGEST_LINE = 300  # what a report shows of a line
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def shown(text: str) -> str:
    """Give what a report may print: characters that act on a terminal, or turn the line around, are replaced."""
    return _NOT_SHOWN.sub("\ufffd", text)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file's name and its lines, for places to quote."""

    name: str
    lines: tuple[str, ...]

    def place(self, line: int, column: int, end: int) -> Place:
        """Give the place for a line and columns that count from 0, `end` excluded, with the line's text.

        In the text a tab is one space, so that columns stay what they are; a long line is cut.
        """
        text = shown(self.lines[line].replace("\t", " ")).rstrip() if line < len(self.lines) else ""
        width = max(min(end, len(text)) - column, 1)
        if len(text) > _LONGEST_LINE:
            text = text[:_LONGEST_LINE] + " ..." if column < _LONGEST_LINE else ""
        return Place(self.name, line + 1, column + 1, text, width)


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    source: Source
    line: int
    column: int
    end: int  # the column after what is meant, on the line where it begins; TO_END where it goes on below

    @property
    def place(self) -> Place:
        """Where the node stands; made when asked for, since few nodes are ever quoted."""
        return self.source.place(self.line, self.column, self.end)


@dataclass(frozen=True, slots=True, eq=False)
class Leaf(_Placed):
    """A scalar as written. `plain` tells that it stands without quotes and may mean something else than text.

    A `broken` leaf stands for something already reported (an alias): readers pass over it in silence.
    """

    text: str
    plain: bool
    broken: bool = False

    def part(self, start: int, end: int) -> Place:
        """Give the place of a part of the text, by its characters; of all of it where it isn't written as it reads."""
        line = self.source.lines[self.line] if self.line < len(self.source.lines) else ""
        column = self.column + (not self.plain)
        if self.end == TO_END or line[column : column + len(self.text)] != self.text or start >= end:
            return self.place
        return self.source.place(self.line, column + start, column + end)


@dataclass(frozen=True, slots=True, eq=False)
class Listing(_Placed):
    """A YAML sequence."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table(_Placed):
    """A YAML mapping: its keys in the order written, none twice. `whole` tells that no faulty key was left out."""

    entries: tuple[tuple[Leaf, Node], ...]
    whole: bool = True


Node = Leaf | Listing | Table
