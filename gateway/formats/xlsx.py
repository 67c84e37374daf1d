"""Workbooks (Office Open XML, ECMA-376, .xlsx): one sheet is a table, each row a record, columns named by a header.

Promise: members that hold nothing that changes keep their bytes; in a sheet every other cell does. A changed cell keeps
its place and style, and holds a text, a number or nothing, never a formula. With it goes all that could still tell its
old value: its formula, shared strings that no cell uses any more, results of other formulas, what is said about it
beside cells, and whatever may be a copy of it (`formats.xlsx_aside`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats import csv_columns
from gateway.formats.csv_columns import Columns
from gateway.formats.document import Edits, Owner, Scalar, Signal, Spot, Written
from gateway.formats.limits import BodyLimits
from gateway.formats.tally import Tally, text_of
from gateway.formats.xlsx_cells import Cell, Row
from gateway.formats.xlsx_read import Workbook, read_workbook
from gateway.formats.xlsx_sweep import Sweep
from gateway.formats.xlsx_write import Writer


def read(
    body: bytes,
    columns: csv_columns.Layout,
    header_row: int,
    sheet: str | None,
    limits: BodyLimits,
    *,
    keeps_others: bool,
) -> XlsxDocument:
    """Read a workbook. Raises `Unreadable`: what archives and XML are refused for, and unlisted-field."""
    workbook = read_workbook(body, sheet, limits, keeps_others=keeps_others)
    above, below, named = list[Row](), list[Row](), dict[int, str]()
    for row in workbook.sheets[0].rows:
        said = [cell for cell in row.cells if cell.value is not None]
        if row.number != header_row:
            (above if row.number < header_row else below).extend([row] if said else [])
            continue
        if any(cell.calculated for cell in said):
            raise Unreadable("body-ambiguous", "the header of the sheet is calculated")
        named = {cell.column: text_of(cell.value) for cell in said}
    names = [named.get(number, "") for number in range(1, max(named, default=0) + 1)]
    empty = not (names or above or below)  # such a sheet has no header, and needs none
    return XlsxDocument(body, workbook, Columns((), (), (), None) if empty else columns.columns(names), above, below)


@dataclass(frozen=True, slots=True, eq=False)
class XlsxDocument:
    """A workbook that was read: `above` are rows before the header, `rows` those after it that say something.

    What stands above the header, in columns without a name, and beside the table, no field names: it is unlisted.
    """

    body: bytes
    workbook: Workbook
    columns: Columns
    above: list[Row]
    rows: list[Row]

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer of each row."""
        column = self.columns.customer
        if column is None:
            return [None] * len(self.rows)
        found = ((cell.value for cell in row.cells if cell.column == column + 1) for row in self.rows)
        return [_identity(next(values, None)) for values in found]

    def lookup(self, selector: str) -> str | int | None:
        """Give what a column says, where all rows say the same."""
        if self.columns.names.count(selector) != 1:
            return None
        column = self.columns.names.index(selector) + 1
        found = {next((cell.value for cell in row.cells if cell.column == column), None) for row in self.rows}
        value = found.pop() if len(found) == 1 else None
        return value if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)) else None

    def write(self, records: Sequence[Edits], envelope: Edits, owners: Sequence[Owner] | None = None) -> Written:
        """Treat the sheet, row by row. Raises `Unreadable` where a treated value can't be written."""
        owners = self.customers if owners is None else owners
        if len(records) != len(self.rows) or len(owners) != len(self.rows):
            raise ValueError("one decision and one customer for each record")
        tally, made = Tally(), dict[Cell, Scalar | Signal]()
        beside = list(dict.fromkeys(records)) or [envelope]
        for row in self.above:
            for edits in beside:
                for cell in row.cells:
                    if cell not in made:
                        _treat(tally, edits, None, cell, (), "/?", made)
        for row, edits, owner in zip(self.rows, records, owners, strict=True):
            for cell in row.cells:
                spot, pointer = self._place(cell.column)
                _treat(tally, edits, owner, cell, spot, pointer, made)
        named = (cell.value for row in self.rows for cell in row.cells if cell in made and self._place(cell.column)[0])
        sweep = Sweep(named, self.columns.names)
        return tally.written(Writer(self.workbook, tally, beside, made, sweep).body(self.body))

    def _place(self, column: int) -> tuple[Spot, str]:
        """Give the fields that cover a column, and how reports name it."""
        if column > self.columns.width:
            return (), "/*/?"
        return self.columns.spots[column - 1], self.columns.pointers[column - 1]


def _treat(
    tally: Tally,
    edits: Edits,
    owner: str | None,
    cell: Cell,
    spot: Spot,
    pointer: str,
    made: dict[Cell, Scalar | Signal],
) -> None:
    """Treat a cell that says something."""
    edit = tally.edit(edits, spot)
    if edit is None or cell.value is None:
        return
    new = edit.value(cell.value, owner)
    if new is cell.value:
        return
    if new is Signal.REFUSE or new is Signal.DROP:
        tally.refuse(edits, spot, pointer)
        return
    tally.touch(edits, spot, pointer)
    made[cell] = new


def _identity(value: Scalar) -> str | None:
    """Give a customer's id: text as it is, a whole number as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
