"""The tree of a YAML file: each node knows its place; nothing is converted yet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.errors import Place

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

    def place(self, line: int, column: int) -> Place:
        """Give the place for a line and column that count from 0, with the line's text (a tab as one space)."""
        text = self.lines[line] if line < len(self.lines) else ""
        if len(text) > _LONGEST_LINE:
            text = text[:_LONGEST_LINE] + " ..." if column < _LONGEST_LINE else ""
        return Place(self.name, line + 1, column + 1, shown(text.replace("\t", " ")).rstrip())


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    source: Source
    line: int
    column: int

    @property
    def place(self) -> Place:
        """Where the node begins; made when asked for, since few nodes are ever quoted."""
        return self.source.place(self.line, self.column)


@dataclass(frozen=True, slots=True, eq=False)
class Leaf(_Placed):
    """A scalar as written. `plain` tells that it stands without quotes and may mean something else than text.

    A `broken` leaf stands for something already reported (an alias): readers pass over it in silence.
    """

    text: str
    plain: bool
    broken: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Listing(_Placed):
    """A YAML sequence."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table(_Placed):
    """A YAML mapping: its keys in the order written, none twice."""

    entries: tuple[tuple[Leaf, Node], ...]


Node = Leaf | Listing | Table
