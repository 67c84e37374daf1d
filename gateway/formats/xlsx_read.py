"""Reading a workbook: its parts, its sheets with their cells, its shared strings, and what it says beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats import xlsx_around, xlsx_book, xlsx_parts, xlsx_table, zip_parts
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_aside import Beside
from gateway.formats.xlsx_book import Book
from gateway.formats.xlsx_cells import Cell
from gateway.formats.xlsx_dates import dates_of
from gateway.formats.xlsx_package import Package, open_package
from gateway.formats.xlsx_said import said
from gateway.formats.xlsx_sheet import Sheet, read_sheet
from gateway.formats.xlsx_strings import Strings, read_strings

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the sign of a compound file: .xls, or a workbook with a password


_ROOTED = frozenset({"sharedStrings", "styles", "theme", "comments", "threadedComment", "person", "externalLink"})
"""Kinds of parts that stay, and whose root could say something; of others it is looked at where they are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Workbook:
    """A workbook that was read; the sheet that the catalogue labels is the first of `sheets`."""

    package: Package
    book: Book
    sheets: list[Sheet]
    strings: Strings
    beside: Beside

    def cells(self) -> Iterator[Cell]:
        """Give every cell of every sheet."""
        for sheet in self.sheets:
            yield from sheet.cells()


def read_workbook(body: bytes, wanted: str | None, limits: BodyLimits, *, keeps_others: bool) -> Workbook:
    """Read a workbook, whose sheet is `wanted`. Raises `Unreadable`."""
    if body.startswith(_OLD):
        raise Unreadable("body-wrong-type", "an old workbook (.xls) or one with a password: it can't be read")
    package = open_package(zip_parts.read(body, limits), limits)
    book = xlsx_book.read_book(package)
    wanted = next(iter(book.sheets)) if wanted is None else wanted
    if wanted not in book.sheets or package.kinds[book.sheets[wanted]] != "worksheet":
        raise Unreadable("body-malformed", "the workbook has no sheet of the name that the catalogue gives")
    if len(book.sheets) > 1 and not keeps_others:
        raise Unreadable("unlisted-field", "the workbook has other sheets")
    named = package.one("sharedStrings", book.member)
    strings = read_strings(named, package.archive.members[named].body if named else b"", limits)
    if named and strings.part is not None:
        package.xmls[named] = strings.part
    styles = package.one("styles", book.member)
    dates = dates_of(package.xml(styles) if styles else None, from_1904=book.from_1904)
    sheets, left = list[Sheet](), limits.values
    for member in sorted(book.sheets.values(), key=lambda member: member != book.sheets[wanted]):
        sheet = read_sheet(member, package.archive.members[member].body, strings.texts, dates, limits, left)
        package.xmls[member] = sheet.part
        left -= sum(len(row.cells) for row in sheet.rows)
        sheets.append(sheet)
    return Workbook(package, book, sheets, strings, _beside(package, book, sheets, strings))


def _beside(package: Package, book: Book, sheets: list[Sheet], strings: Strings) -> Beside:
    """Find all that the workbook says beside its cells."""
    beside = Beside()
    xlsx_book.find(book, beside)
    for sheet in sheets:
        xlsx_around.find(package, sheet.member, beside)
        xlsx_table.find(package, sheet, beside)
    if strings.part is not None:
        for one in strings.others:
            beside.cut(said(one) or "more", strings.member, [one.cut], copy=True)
        for change in strings.part.comments:
            beside.cut("comment", strings.member, [change], copy=True)
    xlsx_parts.find(package, beside)
    for member, part in package.xmls.items():
        if package.kinds.get(member) in _ROOTED:
            xlsx_around.loose(member, part, part.root, beside)
    return beside
