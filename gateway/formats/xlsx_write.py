"""Writing a workbook: treated cells, and whatever else could still tell what was in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from gateway.errors import Unreadable
from gateway.formats import zip_parts
from gateway.formats.document import Edits, Scalar, Signal
from gateway.formats.tally import Tally
from gateway.formats.xlsx_cells import Cell, filled
from gateway.formats.xlsx_package import without_order
from gateway.formats.xlsx_part import Change, XmlPart
from gateway.formats.xlsx_read import Sheet, Workbook


class Writer:
    """One writing of one workbook: `made` has the cells that change, `beside` decides on what is no cell's."""

    def __init__(
        self, workbook: Workbook, tally: Tally, beside: Sequence[Edits], made: Mapping[Cell, Scalar | Signal]
    ) -> None:
        """Begin with nothing changed but cells."""
        self.workbook = workbook
        self.tally = tally
        self.beside = beside
        self.made = made
        self._parts: dict[str, XmlPart] = {}
        self._changes: defaultdict[str, list[Change]] = defaultdict(list)

    def body(self, body: bytes) -> bytes:
        """Give the workbook as it became, the very same where nothing changed. Raises `Unreadable`."""
        book = self.workbook
        for aside in book.asides:
            if self._goes(aside.text):
                self._change(aside.member, aside.part, (aside.element.start, aside.element.end, b""))
        self._strings()
        if self.made and sum([self._sheet(sheet) for sheet in book.sheets]):
            self._change(book.package.parts["workbook"], book.book.part, book.book.recalculated())
        changes: dict[str, bytes | None] = without_order(book.package) if self.made else {}
        for member, found in self._changes.items():
            changes[member] = self._parts[member].spliced(found)
        return zip_parts.rewritten(book.package.archive, changes) if changes else body

    def _change(self, member: str, part: XmlPart, change: Change) -> None:
        self._parts[member] = part
        self._changes[member].append(change)

    def _goes(self, text: str) -> bool:
        """Tell whether any decision would change a text that no field names; then it goes, it is never rewritten."""
        for edits in self.beside:
            if edits.unlisted is not None and text and edits.unlisted.value(text, None) is not text:
                self.tally.touch(edits, (), "/?")
                return True
        return False

    def _strings(self) -> None:
        """Blank shared strings that no cell uses: those of treated cells, and those that were never shown."""
        strings = self.workbook.strings
        if strings.part is None:
            return
        cells = (cell for sheet in self.workbook.sheets for cell in sheet.cells())
        used = {cell.string for cell in cells if cell.string is not None and cell not in self.made}
        for index, (text, entry) in enumerate(zip(strings.texts, strings.entries, strict=True)):
            if index not in used and (self.made or self._goes(text)):
                new = b"<%s><%st/></%s>" % (entry.raw, entry.prefix, entry.raw)
                self._change(strings.member, strings.part, (entry.start, entry.end, new))

    def _sheet(self, sheet: Sheet) -> int:
        """Write treated cells; results of formulas that stay go. Give how many did."""
        treated = {cell.group for cell in sheet.cells() if cell.group is not None and cell in self.made}
        count = 0
        for cell in sheet.cells():
            if cell in self.made:
                self._change(sheet.member, sheet.part, (cell.start, cell.end, filled(cell, self.made[cell])))
            elif cell.formula:
                if cell.group in treated:
                    raise Unreadable("body-ambiguous", "cells share a formula, and only some of them are treated")
                count += 1
                if cell.shown is not None:
                    self._change(sheet.member, sheet.part, (*cell.shown, b""))
        return count
