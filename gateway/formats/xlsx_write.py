"""Writing a workbook: treated cells, and whatever else could still tell what was in them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence

from gateway.errors import Unreadable
from gateway.formats import xlsx_refer, zip_parts
from gateway.formats.document import Edits, Scalar, Signal
from gateway.formats.tally import Tally
from gateway.formats.xlsx_aside import Aside
from gateway.formats.xlsx_cells import UNSAID, Cell, filled
from gateway.formats.xlsx_part import Change
from gateway.formats.xlsx_read import Workbook
from gateway.formats.xlsx_sheet import Sheet
from gateway.formats.xlsx_shift import shifted
from gateway.formats.xlsx_sweep import Sweep
from gateway.formats.xml_text import as_text

_Made = dict[Cell, Scalar | Signal]


class Writer:
    """One writing of one workbook: `made` has the cells that change, `beside` decides on what is no cell's.

    `sweep` looks for texts that were treated.
    """

    def __init__(self, workbook: Workbook, tally: Tally, beside: Sequence[Edits], made: _Made, sweep: Sweep) -> None:
        """Begin with nothing changed but cells."""
        self.workbook = workbook
        self.tally = tally
        self.beside = beside
        self.made = made
        self.sweep = sweep
        self._changes: defaultdict[str, list[Change]] = defaultdict(list)

    def body(self, body: bytes) -> bytes:
        """Give the workbook as it became, the very same where nothing changed. Raises `Unreadable`."""
        book = self.workbook
        self._blank()
        self._formulas()
        self._strings()
        places = {sheet.member: self._places(sheet) for sheet in book.sheets} if self.made else {}
        going = [aside for aside in book.beside.asides if self._goes(aside, places)]
        changing = bool(self.made or going or self._changes)
        if not changing:
            return body
        known = set(going)
        going += [one for one in book.beside.asides if one.copy and one not in known]
        self._check(going)
        gone = book.package.closure(name for aside in going for name in aside.drops)
        for aside in going:
            for member, change in aside.cuts:
                self._changes[member].append(change)
        members, cuts = book.package.left_out(gone)
        for told in (cuts, xlsx_refer.cuts(book.package, gone)):
            for member, more in told.items():
                self._changes[member] += more
        if self.made and sum([self._sheet(sheet) for sheet in book.sheets]):
            self._changes[book.book.member] += book.book.recalculated()
        changes: dict[str, bytes | None] = dict.fromkeys(members)
        for member, found in self._changes.items():
            if member not in members and found:
                part = book.package.xmls[member]
                changes[member] = part.spliced(xlsx_refer.tidied(part, found))
        return zip_parts.rewritten(book.package.archive, changes)

    def _check(self, going: list[Aside]) -> None:
        """Refuse what can't be written so that nothing of a changed value stays. Raises `Unreadable`."""
        if self.workbook.beside.fixed:
            raise Unreadable("unlisted-field", self.workbook.beside.fixed)
        kinds = self.workbook.package.kinds
        tables = any(kinds.get(name) == "table" for aside in going for name in aside.drops)
        if tables and any("[" in cell.formula for cell in self.workbook.cells()):
            raise Unreadable("unlisted-field", "formulas name a table whose header changes")
        if self.made and any(map(self.sweep.finds, self.workbook.book.sheets)):
            raise Unreadable("unlisted-field", "a sheet is named by a value that is treated")

    def _goes(self, aside: Aside, places: Mapping[str, Mapping[int, list[int]]]) -> bool:
        """Tell whether something beside cells has to go: it is never rewritten."""
        if self.made and not aside.bound and self.sweep.finds(aside.text):
            return True
        if (aside.text or aside.bound) and any(_meets(area, places.get(aside.sheet, {})) for area in aside.areas):
            return True
        return not aside.bound and bool(aside.text) and self._unlisted(aside.text, content=aside.content)

    def _unlisted(self, text: str, *, content: bool) -> bool:
        """Tell whether any decision would change a text that no field names; `content` may be refused for it."""
        for edits in self.beside:
            if edits.unlisted is None:
                continue
            new = edits.unlisted.value(text, None)
            if new is text:
                continue
            if content and (new is Signal.REFUSE or new is Signal.DROP):
                self.tally.refuse(edits, (), "/?")
                continue
            self.tally.touch(edits, (), "/?")
            return True
        return False

    def _places(self, sheet: Sheet) -> dict[int, list[int]]:
        """Give the rows of the cells that change, by column."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for row in sheet.rows:
            for cell in row.cells:
                if cell in self.made:
                    found[cell.column].append(row.number)
        return found

    def _blank(self) -> None:
        """Leave cells of other sheets empty that show a copy of cells which change."""
        if not self.made:
            return
        sheets = {sheet.member: sheet for sheet in self.workbook.sheets[1:]}
        most = 2 * self.workbook.package.limits.values
        for member, area in dict.fromkeys(self.workbook.beside.blank):
            for cell in sheets[member].within(area) if member in sheets else ():
                most -= 1
                if most < 0:
                    raise Unreadable("body-too-large", "the pivot tables of the workbook cover too many cells")
                self.made.setdefault(cell, None)

    def _formulas(self) -> None:
        """Let cells keep their last value in place of a formula that names a treated one."""
        if self.made:
            for cell in self.workbook.cells():
                if cell.formula and cell not in self.made and self.sweep.finds_in(cell.formula):
                    self.made[cell] = None if str(cell.value).startswith("=") else cell.value

    def _strings(self) -> None:
        """Blank shared strings that no cell uses: those of treated cells, and those that were never shown."""
        strings = self.workbook.strings
        if strings.part is None:
            return
        made = self.made
        used = {cell.string for cell in self.workbook.cells() if cell.string >= 0 and cell not in made}
        for index, text in enumerate(strings.texts):
            if index not in used and text and (made or self._unlisted(text, content=False)):
                self._changes[strings.member].append(strings.blank(index))

    def _sheet(self, sheet: Sheet) -> int:
        """Write treated cells; results of formulas that stay go. Give how many did."""
        changes, made, count = self._changes[sheet.member], self.made, 0
        masters: dict[str, tuple[Cell, int]] = {}
        for row in sheet.rows:
            for cell in row.cells:
                if cell.master:
                    masters[cell.group] = cell, row.number
                if cell in made:
                    changes.append((cell.start, cell.end, filled(cell, made[cell])))
                elif cell.calculated:
                    count += 1
                    if cell.shown:
                        changes.append((cell.shown, cell.shown_to, b""))
                    master, number = masters.get(cell.group, (cell, 0))
                    if master in made:
                        changes.append(_alone(sheet, cell, master, row.number - number))
        return count


def _alone(sheet: Sheet, cell: Cell, master: Cell, down: int) -> Change:
    """Write out a formula that a cell shares with one that is treated. Raises `Unreadable`: body-ambiguous."""
    prefix = sheet.part.root.prefix
    name = re.escape(prefix) + b"f"
    found = re.compile(b"<%b(?=[ />])[^<>]*(?:/>|></%b>)" % (name, name)).search(sheet.part.body, cell.start, cell.end)
    if not cell.group.startswith("shared") or found is None or master.formula == UNSAID:
        raise Unreadable("body-ambiguous", "one formula fills several cells, and only some of them are treated")
    text = as_text(shifted(master.formula, cell.column - master.column, down), b"")
    return found.start(), found.end(), b"<%bf>%b</%bf>" % (prefix, text, prefix)


def _meets(area: tuple[int, int, int, int], places: Mapping[int, list[int]]) -> bool:
    """Tell whether any cell that changes is in an area."""
    left, top, right, bottom = area
    columns = range(left, right + 1) if right - left < len(places) else places
    for column in columns:
        rows = places.get(column) if left <= column <= right else None
        if rows:
            at = bisect_left(rows, top)
            if at < len(rows) and rows[at] <= bottom:
                return True
    return False
