"""Other parts of a workbook: what each kind says, and what becomes of it (the table of kinds is in `find`)."""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.errors import Unreadable
from gateway.formats import xlsx_drawn, xlsx_part, xlsx_refer
from gateway.formats.xlsx_around import area_of
from gateway.formats.xlsx_aside import Aside, Beside
from gateway.formats.xlsx_names import MAIN, PASSED, RICH
from gateway.formats.xlsx_package import TYPES, Link, Package
from gateway.formats.xlsx_part import Change, Element
from gateway.formats.xlsx_said import Area, free, said, texts

_WHOLLY = frozenset(
    {"comments", "threadedComment", "person", "core-properties", "extended-properties", "custom-properties"}
)
"""Kinds of parts of which nothing is left that says anything."""
_THREAD = re.compile(r"tc=\{[0-9A-Fa-f-]{36}\}")
_ODD = re.compile(r"@|[0-9]{5}|://")
_LONGEST_UNIT = 3  # letters of a text in a number format that is a unit: EUR, pcs
_FORMAT_TEXT = re.compile(r'"([^"]*)"|((?:\\\\.){4,})')
_LOOK = re.compile(r"[\w#.,:;%()\[\]'! -]*")
_NAMING = frozenset({"alt", "href", "title", "target", "src", "text"})
_OWN = frozenset({"XLDAPR", "XLRICHVALUE", "XLMDX"})
_DRAWN = ("drawing", "chart", "chartEx", "chartUserShapes")
_HERE = {"officeDocument", "worksheet", "chartsheet", "sharedStrings", "table"}  # read elsewhere
_NEW_TARGET = b"removed.xlsx"


def find(package: Package, beside: Beside) -> None:
    """Find what the parts beside sheets say. Raises `Unreadable`."""
    for member, kind in package.kinds.items():
        if kind in _READERS:
            before = len(beside.asides)
            _READERS[kind](package, member, beside)
            if kind in _WHOLLY:
                _rest(package, member, beside, before)
        elif kind in RICH:
            beside.fixed = "the workbook has cells that show pictures or linked data, which hold more than their values"
        elif kind == "calcChain":
            beside.drop("", member)
        elif kind == "image":
            copy = member.lower().endswith((".emf", ".wmf"))  # pictures of cells, or of what is embedded
            beside.drop(member, member, copy=copy, content=not copy)
        elif kind not in _HERE | PASSED:
            beside.drop(member, member)
    for member in package.strays:
        beside.drop(member, member)
    types = package.xml(TYPES).root.children
    lost = [one for one in types if one.name[1] == "Override" and not package.found((one.get("PartName") or "")[1:])]
    beside.cut("parts that are not there", TYPES, [one.cut for one in lost], copy=True)
    for source, links in package.links.items():
        outside = [link for link in links if link.outside and link.target]
        if outside and package.kinds.get(source) != "externalLink":
            _elsewhere(package, source, outside, beside)


def _rest(package: Package, member: str, beside: Beside, before: int) -> None:
    """Let a part go that says more than what was found in it: there is something in an odd place."""
    cuts = [change for aside in beside.asides[before:] for name, change in aside.cuts if name == member]
    root = xlsx_part.read(package.xml(member).spliced(cuts), package.limits).root
    more = (text for one in root.all() for text in (*texts(one), *(value for _, value in free(one))))
    rest = " ".join(text for text in more if not _THREAD.fullmatch(text))
    if rest:
        beside.drop(rest, member, copy=False)


def _elsewhere(package: Package, source: str, outside: list[Link], beside: Beside) -> None:
    """Let what leads elsewhere go with what refers to it; links of cells are looked at with their cells."""
    found = xlsx_refer.referring(package, source, {link.key for link in outside})
    for link in outside:
        if found.get(link.key) and link.kind == "hyperlink" and package.kinds.get(source) == "worksheet":
            continue
        cuts = [(source, change) for change in found.get(link.key, ())]
        beside.asides.append(Aside(link.target, (*cuts, (link.told, link.element.cut)), content=True))


def _properties(package: Package, member: str, beside: Beside) -> None:
    """Let author, title, company ... go, each by itself."""
    part = package.xml(member)
    for one in part.root.children:
        text = " ".join(xlsx_drawn.texts_in(one)) or said(one)
        beside.cut(text, member, [one.cut])
    for change in part.comments:
        beside.cut("comment", member, [change], copy=True)


def _comments(package: Package, member: str, beside: Beside) -> None:
    """Let comments stay where they are, and say nothing: their boxes are drawn elsewhere."""
    part, sheet = package.xml(member), _sheet_of(package, member)
    for one in part.root.all():
        if one.name[1] == "author" and one.text.strip() and not _THREAD.fullmatch(one.text):
            beside.cut(one.text, member, [part.emptied(one)])
        elif one.name[1] == "comment":
            for text in (each for each in one.children if each.name[1] == "text"):
                new = b"<%btext><%bt/></%btext>" % ((text.prefix,) * 3)
                words = " ".join(xlsx_drawn.texts_in(text))
                if words:
                    change = text.start, text.end, new
                    beside.cut(words, member, [change], sheet=sheet, areas=(area_of(one),), content=True)
    for change in part.comments:
        beside.cut("comment", member, [change], copy=True)


def _threads(package: Package, member: str, beside: Beside) -> None:
    """Let threaded comments stay where they are, and say nothing."""
    part, sheet = package.xml(member), _sheet_of(package, member)
    for one in part.root.children:
        changes: list[Change] = []
        for each in one.children:
            if each.name[1] == "text":
                changes.append(part.emptied(each))
            else:
                changes.append(each.cut)
        words = " ".join((*xlsx_drawn.texts_in(one), *(value for _, value in free(one))))
        if changes and words:
            beside.cut(words, member, changes, sheet=sheet, areas=(area_of(one),), content=True)


def _persons(package: Package, member: str, beside: Beside) -> None:
    """Let the names and addresses of those go who wrote comments."""
    part = package.xml(member)
    for one in part.root.children:
        names = list(free(one))
        if names:
            changes = part.blanked(one, [name for name, _ in names])
            beside.cut(" ".join(value for _, value in names), member, changes)


def _boxes(package: Package, member: str, beside: Beside) -> None:
    """Let boxes of comments, buttons and pictures of headers go that say something, and comments with theirs."""
    with_notes = b"Note" in package.archive.members[member].body
    notes = [
        link.target
        for source in (link.source for link in package.into(member))
        for link in package.links[source]
        if with_notes and link.kind in {"comments", "threadedComment"}
    ]
    try:
        text = _boxed(package.xml(member, mixed=True).root)
    except Unreadable:  # Office itself does not always write XML here
        text = "a drawing that is no XML"
    if text:
        beside.asides.append(Aside(text, (), (member, *notes), content=True))


def _boxed(root: Element) -> str:
    """Give what boxes say: texts, and attributes that do not only say how they look."""
    return " ".join(
        text
        for one in root.all()
        for text in (*texts(one), *(value for name, value in free(one) if not _is_look(name[1], value)))
    )


def _is_look(name: str, value: str) -> bool:
    return name not in _NAMING and _LOOK.fullmatch(value) is not None


def _outer(package: Package, member: str, beside: Beside) -> None:
    """Find other workbooks that formulas refer to: what is kept of their cells, and where they are."""
    part = package.xml(member)
    book = next((one for one in part.root.children if one.name[1] == "externalBook"), None)
    if book is None:
        beside.drop(member, member)
        return
    for one in book.children:
        if one.name[1] == "sheetDataSet":
            beside.cut("cells of another workbook", member, [one.cut], copy=True)
        elif one.name[1] not in {"sheetNames", "definedNames"}:
            beside.cut(said(one), member, [one.cut])
        else:
            for each in one.all():
                beside.cut(each.text.strip(), member, [part.emptied(each)])
    for one in part.root.children:
        if one is not book:
            beside.cut(said(one), member, [one.cut])
    for link in package.links.get(member, ()):
        told = package.xml(link.told)
        target = next(one for one in told.written(link.element) if one.name == ("", "Target"))
        at = link.element.start + 1
        beside.cut(link.target, link.told, [(at + target.at + 1, at + target.end - 1, _NEW_TARGET)])


def _pivot(package: Package, member: str, beside: Beside) -> None:
    """Let a pivot table go, which is a copy of cells, and the cells that it is shown in."""
    beside.drop(member, member)
    sheet = _sheet_of(package, member)
    for one in package.xml(member).root.children:
        if one.name[1] == "location":
            beside.blank.append((sheet, _shown(area_of(one), one.get("rowPageCount"), one.get("colPageCount"))))


def _shown(area: Area, down: str | None, across: str | None) -> Area:
    """Give the cells that a pivot table covers, its filters above included."""
    rows, columns = (int(one) if one and one.isdecimal() and len(one) <= 4 else 0 for one in (down, across))  # noqa: PLR2004
    left, top, right, bottom = area
    above = max(1, top - rows - 1) if rows else top
    return left, above, max(right, left + 3 * columns), bottom


def _styles(package: Package, member: str, beside: Beside) -> None:
    """Find texts in number formats, and names of styles and fonts that are no names."""
    part = package.xml(member)
    for one in part.root.children:
        for each in one.children if one.name[1] == "extLst" else [one] if one.name[0] != MAIN else []:
            beside.cut(said(each), member, [each.cut])
    for one in part.root.all():
        if one.name[1] == "numFmt":
            code = one.get("formatCode") or ""
            held = ("".join(found) for found in _FORMAT_TEXT.findall(code))
            long = any(sum(map(str.isalnum, text)) > _LONGEST_UNIT for text in held)
            names = [("", "formatCode")] if long or _ODD.search(code.replace("\\", "")) else []
            new = b'"General"'
        elif one.name[1] in {"cellStyle", "name", "tableStyle"}:
            names = [
                name for name, value in one.attributes.items() if name[1] in {"name", "val"} and _ODD.search(value)
            ]
            new = b'"Style %d"' % one.start
        else:
            names, new = [], b""
        for text in texts(one):
            beside.cut(text, member, [part.emptied(one)])
        at = one.start + 1
        changes = [(at + each.at, at + each.end, new) for each in part.written(one) if each.name in names]
        beside.cut(" ".join(one.attributes[name] for name in names), member, changes)


def _theme(package: Package, member: str, beside: Beside) -> None:
    """Find names in a theme that are no names."""
    part = package.xml(member)
    for one in part.root.all():
        for text in texts(one):
            beside.cut(text, member, [part.emptied(one)])
        odd = [name for name, value in free(one) if _ODD.search(value) and not value.startswith("http://schemas.")]
        beside.cut(" ".join(one.attributes[name] for name in odd), member, part.blanked(one, odd) if odd else [])


def _held(package: Package, member: str, beside: Beside) -> None:
    """Tell whether what cells refer to by number says something: it can't go."""
    root = package.xml(member).root
    told = [value for one in root.all() for name, value in free(one) if value not in _OWN and name[1] != "uri"]
    if told or any(True for _ in xlsx_drawn.texts_in(root)):
        beside.fixed = "the workbook has cells that say more than their values"


def _label(package: Package, member: str, beside: Beside) -> None:
    """Keep a label of how confidential the workbook is, which is made of ids as a rule."""
    beside.drop(said(package.xml(member).root), member, copy=False)


def _sheet_of(package: Package, member: str) -> str:
    """Give the sheet that a part belongs to."""
    return next((link.source for link in package.into(member)), "")


_READERS: dict[str, Callable[[Package, str, Beside], None]] = {
    **dict.fromkeys(("core-properties", "extended-properties", "custom-properties"), _properties),
    **dict.fromkeys(_DRAWN, xlsx_drawn.find),
    "comments": _comments,
    "threadedComment": _threads,
    "person": _persons,
    "vmlDrawing": _boxes,
    "externalLink": _outer,
    "pivotTable": _pivot,
    "styles": _styles,
    "theme": _theme,
    "sheetMetadata": _held,
    "classificationlabels": _label,
}
"""Kinds of parts that are looked into. Of all others, those that only say how things look stay, and the rest goes."""
