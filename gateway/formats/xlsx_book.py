"""What a workbook says of its sheets, and which of its elements may stand beside cells.

Elements that could hold a cell's value once more (filters, validations, conditional formats, names, extensions) are
refused. Some are asides: they say something of the document, are no data of its own, and can go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats.xlsx_package import Package
from gateway.formats.xlsx_part import Change, Element, XmlPart

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_AROUND_BOOK = frozenset(
    [
        "fileVersion",
        "workbookPr",
        "workbookProtection",
        "bookViews",
        "sheets",
        "definedNames",
        "calcPr",
        "fileRecoveryPr",
    ]
)
_AROUND_CELLS = frozenset(
    [
        "sheetPr",
        "dimension",
        "sheetViews",
        "sheetFormatPr",
        "cols",
        "sheetData",
        "sheetCalcPr",
        "sheetProtection",
        "autoFilter",
        "mergeCells",
        "phoneticPr",
        "printOptions",
        "pageMargins",
        "pageSetup",
        "rowBreaks",
        "colBreaks",
        "ignoredErrors",
    ]
)
_ASIDES = {
    "workbook": frozenset({"AlternateContent", "revisionPtr", "extLst"}),
    "worksheet": frozenset({"headerFooter"}),
}
_PLAIN = re.compile(r"[\w$:;,. +/={}#-]{0,200}")
_BUILT_IN = frozenset({"_xlnm._FilterDatabase", "_xlnm.Print_Area", "_xlnm.Print_Titles"})
_RANGE = re.compile(r"\$?[A-Z]{0,3}\$?[0-9]{0,7}(?::\$?[A-Z]{0,3}\$?[0-9]{0,7})?")


@dataclass(frozen=True, slots=True, eq=False)
class Aside:
    """An element that can go, and what it says."""

    member: str
    part: XmlPart
    element: Element
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The workbook's own part: its sheets in order, by name, as members; whether it counts days from 1904."""

    part: XmlPart
    sheets: dict[str, str]
    from_1904: bool

    def recalculated(self) -> Change:
        """Have formulas calculated when the workbook is opened."""
        new = b"<" + self.part.root.prefix + b'calcPr fullCalcOnLoad="1"/>'
        places = {one.name[1]: one for one in self.part.root.children}
        if "calcPr" in places:
            return places["calcPr"].start, places["calcPr"].end, new
        after = places.get("definedNames") or places["sheets"]
        return after.end, after.end, new


def read_book(package: Package) -> Book:
    """Read the workbook's own part. Raises `Unreadable`: body-malformed, body-ambiguous, unlisted-field."""
    part = package.xml(package.parts["workbook"])
    check_around(part, "workbook", _AROUND_BOOK)
    sheets: dict[str, str] = {}
    for one in (one for group in part.root.children if group.name[1] == "sheets" for one in group.children):
        name, member = one.get("name") or "", package.sheets.get(one.get("id", _RELATED) or "")
        if member is None or name in sheets or member in sheets.values():
            raise Unreadable("body-ambiguous", "the sheets of the workbook can't be told apart")
        sheets[name] = member
    if not sheets or len(sheets) != len(package.sheets):
        raise Unreadable("body-ambiguous", "the workbook has a sheet that it does not name")
    options = next((one for one in part.root.children if one.name[1] == "workbookPr"), None)
    for one in part.root.all():
        if one.name == (MAIN, "definedName") and not _harmless(one, sheets):
            raise Unreadable("unlisted-field", "the workbook defines names, which could hold values")
    return Book(part, sheets, options is not None and options.get("date1904") in {"1", "true"})


def check_sheet(part: XmlPart) -> None:
    """Check what stands around the cells of a sheet. Raises `Unreadable`: body-malformed, unlisted-field."""
    check_around(part, "worksheet", _AROUND_CELLS)
    for one in part.root.children:
        if one.name[1] in {"autoFilter", "sheetData"} and one.children:
            raise Unreadable("unlisted-field", "a sheet of the workbook has a filter, or something among its rows")


def check_around(part: XmlPart, root: str, known: frozenset[str]) -> None:
    """Check that only known elements, which hold no text, and asides are in a part."""
    if part.root.name != (MAIN, root):
        raise Unreadable("body-malformed", "a part of the workbook is not what it should be")
    seen: set[str] = set()
    for one in part.root.children:
        name = one.name[1]
        if name in seen and name in known:
            raise Unreadable("body-ambiguous", "a part of the workbook says one thing twice")
        seen.add(name)
        if name in _ASIDES[root]:
            continue
        if one.name[0] != MAIN or name not in known or (name not in {"sheets", "definedNames"} and not _plain(one)):
            raise Unreadable("unlisted-field", "the workbook holds something besides cells that could repeat a value")


def asides(member: str, part: XmlPart, *, whole: bool = False) -> list[Aside]:
    """Give the asides of a part that say something; `whole`: all that is in it is aside."""
    found = list[Aside]()
    for one in part.root.children:
        texts = [text for each in one.all() for text in (each.text.strip(), *each.attributes.values()) if text]
        if texts and (whole or one.name[1] in _ASIDES[part.root.name[1]]):
            found.append(Aside(member, part, one, " ".join(texts)))
    return found


def _plain(element: Element) -> bool:
    """Tell whether an element holds no text, and only words and numbers in attributes."""
    return all(
        one.name[0] == MAIN
        and one.name[1] != "extLst"
        and not one.text.strip()
        and (_RELATED, "id") not in one.attributes
        and all(map(_PLAIN.fullmatch, one.attributes.values()))
        for one in element.all()
    )


def _harmless(one: Element, sheets: dict[str, str]) -> bool:
    """Tell whether a name is one of the program's own, for an area of a sheet."""
    if one.get("name") not in _BUILT_IN or {name for _, name in one.attributes} - {"name", "localSheetId", "hidden"}:
        return False
    for area in one.text.split(","):
        sheet, mark, cells = area.rpartition("!")
        named = sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet
        if not mark or named not in sheets or not _RANGE.fullmatch(cells):
            return False
    return True
