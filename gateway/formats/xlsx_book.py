"""The workbook's own part (ECMA-376 part 1, section 18.2): its sheets, its names, and what it says besides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats.xlsx_around import loose
from gateway.formats.xlsx_aside import Beside
from gateway.formats.xlsx_names import MAIN, RELATED, words
from gateway.formats.xlsx_package import Package
from gateway.formats.xlsx_part import Change, Element, XmlPart
from gateway.formats.xlsx_said import free, literals, said

_PLAIN = words(
    "fileVersion workbookPr workbookProtection bookViews sheets externalReferences calcPr oleSize pivotCaches"
    " fileRecoveryPr"
)
"""Elements that hold the workbook together: they stay, and attributes of theirs that say something can go."""
_BEFORE_CALC = ("definedNames", "externalReferences", "functionGroups", "sheets")
_VALUE = re.compile(r"=?[-+{]?[0-9.,;% ]+\}?|TRUE|FALSE")
_AT_LOAD = "fullCalcOnLoad"


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The workbook's own part: its sheets in order, by name, as members; whether it counts days from 1904."""

    member: str
    part: XmlPart
    sheets: dict[str, str]
    from_1904: bool

    def recalculated(self) -> list[Change]:
        """Have formulas calculated when the workbook is opened."""
        root = self.part.root
        places = {one.name[1]: one for one in root.children}
        known = places.get("calcPr")
        if known is None:
            after = next(places[name] for name in _BEFORE_CALC if name in places)
            return [(after.end, after.end, b"<" + root.prefix + b'calcPr fullCalcOnLoad="1"/>')]
        if known.get(_AT_LOAD) in {"1", "true"}:
            return []
        at = known.start + 1 + len(known.raw)
        return [*self.part.without(known, _AT_LOAD), (at, at, b' fullCalcOnLoad="1"')]


def read_book(package: Package) -> Book:
    """Read the workbook's own part. Raises `Unreadable`: body-malformed, body-ambiguous."""
    member = package.one("officeDocument", "")
    if member is None:
        raise Unreadable("body-malformed", "the archive is no workbook")
    part = package.xml(member)
    if part.root.name != (MAIN, "workbook"):
        raise Unreadable("body-malformed", "a part of the workbook is not what it should be")
    told = {link.key: link for link in package.links[member] if link.kind in {"worksheet", "chartsheet"}}
    sheets: dict[str, str] = {}
    seen: set[str] = set()
    for one in part.root.children:
        if one.name[1] in seen and (one.name[1] in _PLAIN or one.name[1] == "definedNames"):
            raise Unreadable("body-ambiguous", "a part of the workbook says one thing twice")
        seen.add(one.name[1])
    for one in (one for group in part.root.children if group.name == (MAIN, "sheets") for one in group.children):
        name, link = one.get("name") or "", told.get(one.get("id", RELATED) or "")
        if link is None or name in sheets or link.target in sheets.values():
            raise Unreadable("body-ambiguous", "the sheets of the workbook can't be told apart")
        sheets[name] = link.target
    if not sheets or len(sheets) != len(told):
        raise Unreadable("body-ambiguous", "the workbook has a sheet that it does not name")
    options = next((one for one in part.root.children if one.name == (MAIN, "workbookPr")), None)
    return Book(member, part, sheets, options is not None and options.get("date1904") in {"1", "true"})


def find(book: Book, beside: Beside) -> None:
    """Find what the workbook says beside the names of its sheets."""
    member, part = book.member, book.part
    for one in part.root.children:
        local = one.name[1] if one.name[0] == MAIN else ""
        if local == "definedNames":
            for each in one.children:
                beside.cut(_named(each), member, [each.cut])
        elif local == "sheets":
            continue
        elif local == "workbookProtection":
            loose(member, part, one, beside)
        elif local in _PLAIN:
            for each in one.all():
                loose(member, part, each, beside)
        elif local == "extLst":
            for each in one.children:
                beside.cut(said(each), member, [each.cut], copy=bool(said(each)))
        else:
            beside.cut(said(one), member, [one.cut], copy=local in {"customWorkbookViews", "webPublishObjects"})
    loose(member, part, part.root, beside)
    for change in part.comments:
        beside.cut("comment", member, [change], copy=True)


def _named(one: Element) -> str:
    """Give what a defined name says: the texts in its formula, a value that it stands for, what is said of it."""
    formula = one.text.strip()
    told = [value for name, value in free(one) if name[1] != "name"]
    return " ".join([formula] if _VALUE.fullmatch(formula) else [*literals(formula), *told])
