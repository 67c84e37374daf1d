"""One sheet: its cells, and the elements around them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats import xlsx_part
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_cells import Cell, Row
from gateway.formats.xlsx_dates import Dates
from gateway.formats.xlsx_names import MAIN
from gateway.formats.xlsx_part import Element, Walk, XmlPart
from gateway.formats.xlsx_rows import Rows
from gateway.formats.xlsx_said import Area

_TABLE = re.compile(rb"<((?:[^ \t\r\n/>=<\"'&!?:]+:)?)sheetData(?=[ \t\r\n/>])[^<>]*>")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet that was read, and the member that it is; one of charts has no rows."""

    member: str
    part: XmlPart
    rows: list[Row]

    def cells(self) -> Iterator[Cell]:
        """Give every cell."""
        for row in self.rows:
            yield from row.cells

    def within(self, area: Area) -> Iterator[Cell]:
        """Give the cells of an area."""
        left, top, right, bottom = area
        for index in range(bisect_left(self.rows, top, key=lambda row: row.number), len(self.rows)):
            if self.rows[index].number > bottom:
                return
            yield from (cell for cell in self.rows[index].cells if left <= cell.column <= right)


def read_sheet(member: str, raw: bytes, strings: list[str], dates: Dates, limits: BodyLimits, left: int) -> Sheet:
    """Read a sheet of at most `left` cells. Raises `Unreadable`."""
    body, written = xlsx_part.decoded(raw)
    rows = Rows(strings, dates, left)
    walk = Walk(limits, rows.taken)
    found = list(_TABLE.finditer(body, 0)) if b"<!" not in body else []
    if len(found) == 1 and not found[0][0].endswith(b"/>"):
        root = _around(body, found[0], rows, walk)
    else:
        root = walk.document(body)
    xlsx_part.check(body, walk.count)
    tables = [one for one in root.children if one.name == (MAIN, "sheetData")]
    if len(tables) > 1:
        raise Unreadable("body-ambiguous", "a part of the workbook says one thing twice")
    if any(one.children or one.text.strip() for one in tables):
        raise Unreadable("unlisted-field", "a sheet of the workbook has something among its rows")
    sheet = Sheet(member, XmlPart(body, written, root, tuple(walk.comments)), rows.rows)
    _fill(sheet, rows.filled, limits)
    return sheet


def _around(body: bytes, table: re.Match[bytes], rows: Rows, walk: Walk) -> Element:
    """Read what is around the table of cells first, and then the cells in their place."""
    begin, last = (
        table.end(),
        re.compile(b"</" + re.escape(table[1]) + rb"sheetData[ \t\r\n]*+>").search(body, table.end()),
    )
    if last is None:
        raise Unreadable("body-malformed", "a part of the workbook ends too early")
    closed = begin - 1  # the shell has an empty table instead of the cells
    root = walk.document(body[:closed] + b"/>" + body[last.end() :])
    moved = last.end() - begin - 1
    for one in root.all():
        if one.start > closed:
            one.start += moved
        if one.inside > closed:
            one.inside += moved
        if one.end > closed:
            one.end += moved
    holder = next((one for one in root.children if one.start == table.start()), None)
    if holder is None or holder.name != (MAIN, "sheetData"):
        raise Unreadable("body-malformed", "a part of the workbook is not what it should be")
    holder.inside = begin
    rows.scan(body, begin, last.start(), walk, [root, holder])
    return root


def _fill(sheet: Sheet, filled: list[tuple[Area, str]], limits: BodyLimits) -> None:
    """Tell the cells that one formula fills that they are results of it."""
    most = limits.values
    for area, group in filled:
        if area[0] == area[2] and area[1] == area[3]:
            continue
        for cell in sheet.within(area):
            most -= 1
            if not cell.calculated:
                cell.calculated, cell.group = True, group
        most -= 1
        if most < 0:
            raise Unreadable("body-too-large", "formulas of the sheet fill too many cells")
