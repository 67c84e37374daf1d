"""Reading a workbook: its parts, its sheets with their cells, its shared strings, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateway.errors import Unreadable
from gateway.formats import xlsx_book, zip_parts
from gateway.formats.document import Scalar
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_book import MAIN, Aside, Book
from gateway.formats.xlsx_cells import Cell, Row, Rows, text_in
from gateway.formats.xlsx_dates import as_date, date_styles
from gateway.formats.xlsx_package import Package, open_package
from gateway.formats.xlsx_part import Element, XmlPart


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet that was read, and the member that it is."""

    member: str
    part: XmlPart
    rows: list[Row]

    def cells(self) -> Iterator[Cell]:
        """Give every cell."""
        for row in self.rows:
            yield from row.cells


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """The shared strings: what each says, and where it stands; `part` is None where there are none."""

    member: str
    part: XmlPart | None
    texts: list[str]
    entries: list[Element]


@dataclass(frozen=True, slots=True, eq=False)
class Workbook:
    """A workbook that was read; the sheet that the catalogue labels is the first of `sheets`."""

    package: Package
    book: Book
    sheets: list[Sheet]
    strings: Strings
    asides: list[Aside]


def read_workbook(body: bytes, wanted: str | None, limits: BodyLimits, *, keeps_others: bool) -> Workbook:
    """Read a workbook, whose sheet is `wanted`. Raises `Unreadable`."""
    package = open_package(zip_parts.read(body, limits), limits)
    book = xlsx_book.read_book(package)
    wanted = next(iter(book.sheets)) if wanted is None else wanted
    if wanted not in book.sheets:
        raise Unreadable("body-malformed", "the workbook has no sheet of the name that the catalogue gives")
    if len(book.sheets) > 1 and not keeps_others:
        raise Unreadable("unlisted-field", "the workbook has other sheets")
    strings = _strings(package)
    dates = date_styles(package.xml(package.parts["styles"]) if "styles" in package.parts else None)

    def dated(number: int | Decimal, style: str) -> Scalar:
        return as_date(number, from_1904=book.from_1904) if style in dates else number

    sheets, left = list[Sheet](), limits.values
    for member in sorted(book.sheets.values(), key=lambda member: member != book.sheets[wanted]):
        rows = Rows(strings.texts, dated, left)
        sheets.append(Sheet(member, package.xml(member, rows.taken), rows.rows))
        xlsx_book.check_sheet(sheets[-1].part)
        left -= sum(len(row.cells) for row in rows.rows)
    asides = xlsx_book.asides(package.parts["workbook"], book.part)
    for sheet in sheets:
        asides += xlsx_book.asides(sheet.member, sheet.part)
    for word in ("core", "about"):
        if word in package.parts:
            asides += xlsx_book.asides(package.parts[word], package.xml(package.parts[word]), whole=True)
    return Workbook(package, book, sheets, strings, asides)


def _strings(package: Package) -> Strings:
    """Read the shared strings (ECMA-376 part 1, section 18.4)."""
    if "strings" not in package.parts:
        return Strings("", None, [], [])
    part = package.xml(package.parts["strings"])
    entries = part.root.children
    if part.root.name != (MAIN, "sst") or any(one.name != (MAIN, "si") for one in entries):
        raise Unreadable("unlisted-field", "the workbook's strings are not only strings")
    return Strings(package.parts["strings"], part, list(map(text_in, entries)), entries)
