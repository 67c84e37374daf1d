"""Drawings and charts (ECMA-376 part 1, sections 20.5 and 21.2): texts that people wrote, copies of cells, links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.formats.xlsx_aside import Beside
from gateway.formats.xlsx_package import Package
from gateway.formats.xlsx_part import Change, Element, XmlPart
from gateway.formats.xlsx_said import free, texts

_CACHES = frozenset({"strCache", "numCache", "multiLvlStrCache", "lvl"})
"""What charts keep of the cells that they show; a chart without draws itself from the cells."""
_POINTS = frozenset({"strLit", "numLit"})
_LOOKS = frozenset({"latin", "ea", "cs", "sym", "font", "buFont"})  # elements that name fonts
_USUAL = re.compile(
    r"(?:Chart|Diagramm|Graphique|Picture|Grafik|Image|TextBox|Textfeld|Shape|Rectangle|Rechteck|Oval|Group|Object"
    r"|Drop Down|Check Box|Button|Straight Connector|\u56fe\u8868|\u56fe\u7247|\u6587\u672c\u6846) \d{1,4}"
    r"|http://(?:schemas\.(?:openxmlformats|microsoft)|purl\.oclc)\.(?:org|com)/[\w./-]*"
)
"""Names that Office itself gives to what is drawn, and its namespaces."""
_SLICERS = frozenset({"slicer", "timeslicer"})


def find(package: Package, member: str, beside: Beside) -> None:
    """Find what a drawing or a chart says. Raises `Unreadable`."""
    part = package.xml(member)
    changes, said = list[Change](), list[str]()
    above = parents(part)
    for one in part.root.all():
        local = one.name[1]
        if local in _CACHES and (local != "lvl" or "chartex" in one.name[0]):
            beside.cut("cached values", member, [one.cut], copy=True, bound=True)
        elif local in _POINTS:
            for each in one.children:
                if each.name[1] == "pt":
                    changes.append(each.cut)
                    said += texts_in(each)
        elif local == "pivotSource":
            beside.cut("the name of a pivot table", member, [one.cut], copy=True)
        elif local in _SLICERS:
            beside.cut("a slicer", member, [anchor(part, one, above).cut], copy=True)
        elif not _cached(one, above):
            for text in texts(one):
                changes.append(part.emptied(one))
                said.append(text)
            names = [each for each in free(one) if local not in _LOOKS and not _USUAL.fullmatch(each[1])]
            changes += part.blanked(one, [name for name, _ in names]) if names else []
            said += [value for _, value in names]
    beside.cut(" ".join(said), member, changes, content=True)
    for change in part.comments:
        beside.cut("comment", member, [change], copy=True)


def texts_in(element: Element) -> Iterator[str]:
    """Give the texts of an element and of those in it."""
    return (one.text.strip() for one in element.all() if one.text.strip())


def parents(part: XmlPart) -> dict[Element, Element]:
    """Give the element around each element."""
    return {child: one for one in part.root.all() for child in one.children}


def anchor(part: XmlPart, element: Element, above: dict[Element, Element]) -> Element:
    """Give the element right below the root that an element is in."""
    while element in above and above[element] is not part.root:
        element = above[element]
    return element


def _cached(element: Element, above: dict[Element, Element]) -> bool:
    """Tell whether an element is part of what is cut out anyway."""
    while element in above:
        element = above[element]
        if element.name[1] in _CACHES or element.name[1] in _POINTS:
            return True
    return False
