"""What stands around the cells of a sheet (ECMA-376 part 1, section 18.3.1): what it says, and of which."""

from __future__ import annotations

from gateway.errors import Unreadable
from gateway.formats.xlsx_aside import Aside, Beside, Cut
from gateway.formats.xlsx_names import MAIN, RELATED, words
from gateway.formats.xlsx_package import Package
from gateway.formats.xlsx_part import Element, XmlPart
from gateway.formats.xlsx_said import Area, areas, free, said, texts

_PLAIN = words(
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection mergeCells phoneticPr"
    " printOptions pageMargins pageSetup rowBreaks colBreaks ignoredErrors drawing legacyDrawing legacyDrawingHF"
    " drawingHF picture tableParts autoFilter cellWatches dataConsolidate"
)
"""Elements that lay a sheet out: they stay, and attributes of theirs that say something can go."""
_SECRETS = frozenset({"password", "hashValue", "saltValue"})  # of a protection: no data of anyone's
_DIGITS = 5


def find(package: Package, member: str, beside: Beside) -> None:
    """Find what a sheet says beside its cells. Raises `Unreadable`: body-malformed, body-ambiguous."""
    part = package.xml(member)
    root = part.root
    if root.name not in {(MAIN, "worksheet"), (MAIN, "chartsheet")}:
        raise Unreadable("body-malformed", "a part of the workbook is not what it should be")
    seen: set[str] = set()
    for one in root.children:
        if one.name[1] in _PLAIN and one.name[1] in seen:
            raise Unreadable("body-ambiguous", "a part of the workbook says one thing twice")
        seen.add(one.name[1])
        _one(package, member, part, one, beside)
    loose(member, part, root, beside)
    for change in part.comments:
        beside.cut("comment", member, [change], copy=True)


def _one(package: Package, member: str, part: XmlPart, one: Element, beside: Beside) -> None:
    """Find what one element around the cells says."""
    local = one.name[1] if one.name[0] == MAIN else ""
    if local == "hyperlinks":
        _hyperlinks(package, member, one, beside)
    elif local == "conditionalFormatting":
        beside.cut(said(one), member, [one.cut], sheet=member, areas=areas(one.get("sqref") or ""))
    elif local == "dataValidations":
        for each in one.children:
            beside.cut(said(each), member, [each.cut], sheet=member, areas=areas(each.get("sqref") or ""))
    elif local == "autoFilter":
        filters(member, member, part, one, beside)
    elif local == "extLst":
        for each in one.children:
            _extension(member, part, each, beside)
    elif local in _PLAIN:
        for each in one.all():
            loose(member, part, each, beside)
    elif local == "protectedRanges":
        for each in one.children:
            beside.cut(said(each), member, [each.cut])
    else:
        beside.cut(said(one), member, [one.cut], copy=local not in {"headerFooter", "sortState", "customSheetViews"})


def filters(sheet: str, member: str, part: XmlPart, element: Element, beside: Beside) -> None:
    """Find the criteria of a filter: each is about one column of its area, and may name values that it has."""
    left, top, right, bottom = area_of(element)
    for one in element.children:
        number, text = one.get("colId") or "", said(one)
        at = left + int(number) if number.isdecimal() and len(number) <= _DIGITS else left
        area = (at, top, at, bottom) if one.name[1] == "filterColumn" else (left, top, right, bottom)
        beside.cut(text, member, [one.cut], sheet=sheet, areas=(area,))
    loose(member, part, element, beside)


def area_of(element: Element) -> Area:
    """Give the area that an element names."""
    return areas(element.get("ref") or "?")[0]


def _extension(member: str, part: XmlPart, ext: Element, beside: Beside) -> None:
    """Find what an extension says: formats and validations are about cells, others about anything."""
    for group in ext.children:
        if group.name[1] in {"conditionalFormattings", "dataValidations"}:
            for one in group.children:
                refs = " ".join(each.text for each in one.all() if each.name[1] == "sqref")
                beside.cut(said(one), member, [one.cut], sheet=member, areas=areas(refs))
            loose(member, part, group, beside)
        elif said(group):
            beside.cut(said(group), member, [ext.cut], copy=True)


def _hyperlinks(package: Package, member: str, element: Element, beside: Beside) -> None:
    """Find links of cells: they go with their cells, and what they refer to with them."""
    links = {link.key: link for link in package.links.get(member, ())}
    alike: dict[str, list[Element]] = {}
    for number, one in enumerate(element.children):
        key = one.get("id", RELATED)
        alike.setdefault(key if key in links else f"\0{number}", []).append(one)
    for key, ones in alike.items():
        link = links.get(key)
        texts, cuts = [said(one) for one in ones], list[Cut]((member, one.cut) for one in ones)
        if link is not None:
            texts.append(link.target)
            cuts.append((link.told, link.element.cut))
        where = tuple(area for one in ones for area in areas(one.get("ref") or ""))
        text = " ".join(filter(None, texts)) or "link"
        beside.asides.append(Aside(text, tuple(cuts), (), member, where, content=True))


def loose(member: str, part: XmlPart, element: Element, beside: Beside) -> None:
    """Find attributes that say something on an element that stays, and its text: they are cut out."""
    for text in texts(element):
        beside.cut(text, member, [part.emptied(element)])
    for name, value in free(element):
        if name[1] not in _SECRETS:
            beside.cut(value, member, part.without(element, name[1], space=name[0]))
