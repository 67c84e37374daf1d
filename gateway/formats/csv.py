"""Tables: CSV (RFC 4180), TSV, and what others write: each row is a record.

Promise: a cell that no edit changes keeps its bytes, quotes included; so do empty lines, each row's end, and what
stands before the table. A changed cell is quoted where it was, or where it has to be. A removed cell is left empty: a
column goes out of all rows or of none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from operator import is_not
from typing import Any

from gateway.errors import Unreadable
from gateway.formats.csv_columns import Columns, Layout
from gateway.formats.csv_dialect import SEPARATOR, Dialect, lines_before
from gateway.formats.csv_grid import CONTROLS, Grid, take_apart
from gateway.formats.csv_quoted import QuotedGrid, take_quoted
from gateway.formats.document import Edit, Edits, Owner, Scalar, Signal, Spot, Written
from gateway.formats.names import distinct
from gateway.formats.rows import Rows
from gateway.formats.tally import Tally, text_of

_TEXTS = {str}


def read(
    body: bytes, layout: Layout, max_cells: int, columns: Columns | None = None, *, begun: bool = False
) -> CsvDocument:
    """Read a table, or, of one that has `begun`, the next rows; its `columns` are known if its first row is.

    Raises `Unreadable`: body-malformed, body-ambiguous, body-encoding, body-too-large.
    """
    if len(body.translate(None, CONTROLS)) != len(body):
        raise Unreadable("body-malformed", "the table holds control characters")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "the table is not UTF-8") from None
    head, before = ("", []) if begun else _before(text, layout.dialect)
    length = len(head) + sum(map(len, before))
    named = layout.dialect.header and columns is None
    how = (text[length:], layout.dialect, columns.width if columns else None, max_cells)
    grid = take_quoted(*how) or take_apart(*how)
    if columns is None and grid.count:
        first = grid.values(grid.flat[: grid.width])
        columns = layout.columns([name or "" for name in first]) if named else layout.numbered(grid.width)
    return CsvDocument(body, head, before, grid, columns, 1 if named and grid.count else 0)


@dataclass(slots=True, eq=False)
class CsvDocument:
    """A table that was read. `head` tells of the delimiter, `before` are the lines before the table.

    What those lines say is nobody's: together they are a record of their own, a stranger's, and unlisted.
    """

    body: bytes
    head: str
    before: list[str]
    grid: Grid | QuotedGrid
    columns: Columns | None
    first: int

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer of each row."""
        column = self.columns.customer if self.columns else None
        if column is None:
            return [None] * (self._extra + self.grid.count - self.first)
        named = self.grid.values(self.grid.cells(column, self.first))
        return [None] * self._extra + [name or None for name in named]

    def lookup(self, selector: str) -> str | int | None:
        """Give what a column says, where all rows say the same."""
        if self.columns is None or selector not in self.columns.names:
            return None
        column = self.columns.names.index(selector)
        found = set(self.grid.values(self.grid.cells(column, self.first)))
        return found.pop() if len(found) == 1 and self.columns.names.count(selector) == 1 else None

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,
        owners: Sequence[Owner] | None = None,
    ) -> Written:
        """Treat the table, column by column; names in the header as unlisted places of the first row are."""
        owners = self.customers if owners is None else owners
        rows = self._extra + self.grid.count - self.first
        if len(records) != rows or len(owners) != rows:
            raise ValueError("one decision and one customer for each record")
        tally, grid = Tally(), self.grid
        before = self._treated_before(tally, records[0], owners[0]) if self._extra else self.before
        treating = _Treating(tally, records[self._extra :], owners[self._extra :])
        made: dict[int, list[str]] = {}
        for number in range(self.columns.width if self.columns and treating.records else 0):
            assert self.columns
            cells = grid.cells(number, self.first)
            new = treating.column(grid, cells, self.columns.spots[number], self.columns.pointers[number])
            if new is not cells:
                made[number] = new
        header = self._treated_names(tally, treating.records[0] if treating.records else envelope)
        if not made and not header and before is self.before:
            return tally.written(self.body)
        if not header:
            return tally.written("".join((self.head, *before, grid.text(made, self.first))).encode())
        whole = {
            number: [
                header.get(number, grid.cells(number)[0]),
                *(made[number] if number in made else grid.cells(number, self.first)),
            ]
            for number in made.keys() | header.keys()
        }
        return tally.written("".join((self.head, *before, grid.text(whole, 0))).encode())

    @property
    def _extra(self) -> int:
        """Tell whether the lines before the table are a record."""
        return 1 if any(line.strip() for line in self.before) else 0

    def _treated_names(self, tally: Tally, edits: Edits) -> dict[int, str]:
        """Treat names of columns that may be data; give the cells of the header that change."""
        changed: dict[int, str] = {}
        for number in self.columns.strange if self.columns and self.first else ():
            assert self.columns
            old = self.columns.names[number]
            new = tally.treat(edits, (), "/?", old, None)
            if new is not old:
                changed[number] = "" if isinstance(new, Signal) else text_of(new)
        if not changed:
            return {}
        assert self.columns
        staying = [name for number, name in enumerate(self.columns.names) if number not in changed]
        told = distinct({str(number): name for number, name in changed.items()}, staying)
        return {
            number: self.grid.all_written([told[str(number)] if name else ""], [self.grid.cells(number)[0]])[0]
            for number, name in changed.items()
        }

    def _treated_before(self, tally: Tally, edits: Edits, owner: str | None) -> list[str]:
        """Treat the lines before the table, each as one text that no field names."""
        made, same = list[str](), True
        for line in self.before:
            text = line.rstrip("\r\n")
            new = tally.treat(edits, (), "/?", text, owner) if text.strip() else text
            same = same and new is text
            told = "" if isinstance(new, Signal) else text if new is text else text_of(new)
            if told is not text and not told.isprintable():
                raise Unreadable("body-encoding", "a treated line holds control characters")
            made.append(told + line[len(text) :])
        return self.before if same else made


class _Treating:
    """Treats columns of rows with their edits; rows that were decided alike share one `Edits`."""

    def __init__(self, tally: Tally, records: Sequence[Edits], owners: Sequence[Owner]) -> None:
        self.tally = tally
        self.records = records
        self._rows = Rows(list(map(id, records)), owners)
        self._distinct = dict(zip(self._rows.keys, records, strict=True))
        self._edits: dict[Spot, dict[int, Edit | None]] = {}

    def column(self, grid: Grid | QuotedGrid, cells: list[str], spot: Spot, pointer: str) -> list[str]:
        """Give a column anew; the very same list where nothing changes."""
        if spot not in self._edits:
            self._edits[spot] = {key: self.tally.edit(edits, spot) for key, edits in self._distinct.items()}
        edits = self._edits[spot]
        if not any(edits.values()):
            return cells
        old = grid.values(cells)
        treated = self._rows.treated(edits, old)
        if treated is old:
            return cells
        made = list(treated)
        kinds = set(map(type, made))
        if Signal in kinds:
            self._refuse(made, old, spot, pointer)
        changed = list(map(is_not, made, old))
        if not any(changed):
            return cells
        counts = Counter(compress(self._rows.keys, changed))
        for key, count in counts.items():
            self.tally.touch(self._distinct[key], spot, pointer, count)
        texts = made if kinds == _TEXTS else ["" if isinstance(one, Signal) else text_of(one) for one in made]
        new = grid.all_written(texts, cells)
        return (
            new
            if all(changed)
            else [one if other else cell for one, other, cell in zip(new, changed, cells, strict=True)]
        )

    def _refuse(self, made: list[Any], old: Sequence[Scalar], spot: Spot, pointer: str) -> None:
        """Note cells that are refused; one that may only be left out altogether is as well."""
        for row, one in enumerate(made):
            if one is Signal.REFUSE or one is Signal.DROP:
                self.tally.refuse(self.records[row], spot, pointer)
                made[row] = old[row]


def _before(text: str, dialect: Dialect) -> tuple[str, list[str]]:
    """Give what stands before a table: the line that tells of the delimiter, and the lines that the catalogue skips."""
    told = SEPARATOR.match(text)
    if told and told[2] != dialect.delimiter:
        raise Unreadable("body-ambiguous", "the first line tells of another delimiter than the catalogue")
    head = told[0] if told else ""
    end = lines_before(text[len(head) :], dialect)
    if end < 0:
        raise Unreadable("body-malformed", "fewer lines than stand before the table")
    before = text[len(head) : len(head) + end]
    lines = before.split(dialect.end)
    return head, [line + dialect.end for line in lines[:-1]]
