"""What refers to parts of a workbook that are left out, and goes with them; and lists that nothing is left of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set as AbstractSet

from gateway.formats.xlsx_names import MAIN, RELATED, words
from gateway.formats.xlsx_package import Package
from gateway.formats.xlsx_part import Change, Element, XmlPart

_LISTS = words(
    "hyperlinks dataValidations conditionalFormattings tableParts externalReferences pivotCaches extLst ext"
    " slicerList slicerCaches definedNames autoFilter protectedRanges"
)
"""Elements of which one can be cut out; where none is left, they go too."""
_STAYING = frozenset({"autoFilter", "definedNames"})  # empty, they say what they should
_TAGS = frozenset({"pageSetup", "printSettings"})  # elements that stay without what they refer to
_LINKS = frozenset({"hlinkClick", "hlinkHover"})
_FILLS = frozenset({"blipFill", "buBlip"})  # pictures that fill a shape


def cuts(package: Package, gone: AbstractSet[str]) -> dict[str, list[Change]]:
    """Cut out what refers to parts that are left out, in the parts that stay."""
    made: defaultdict[str, list[Change]] = defaultdict(list)
    for source, links in package.links.items():
        keys = {link.key for link in links if link.target in gone and not link.outside}
        if keys and source not in gone:
            made[source] += [change for found in referring(package, source, keys).values() for change in found]
    return made


def referring(package: Package, source: str, keys: AbstractSet[str]) -> dict[str, list[Change]]:
    """Cut out what refers to something by its ids, in a part that was read; by these ids."""
    part, made = package.xmls.get(source), defaultdict[str, list[Change]](list)
    if part is not None:
        for key, path in _paths(part.root, keys):
            made[key] += _cut(part, package.kinds[source], path)
    return made


def tidied(part: XmlPart, changes: list[Change]) -> list[Change]:
    """Cut out lists of which every element is cut out; a list that has lost some no longer says how many it has."""
    if part.root.name[0] != MAIN:
        return changes
    spans, made = {(start, end) for start, end, new in changes if not new}, list(changes)
    for one in part.root.children:
        _tidy(part, one, spans, made)
    return made


def _tidy(part: XmlPart, element: Element, spans: set[tuple[int, int]], made: list[Change]) -> None:
    """Cut out a list of which nothing is left, those in it first."""
    if element.name[1] not in _LISTS or not element.children or (element.start, element.end) in spans:
        return
    for one in element.children:
        _tidy(part, one, spans, made)
    left = sum((one.start, one.end) not in spans for one in element.children)
    if not left and element.name[1] not in _STAYING:
        made.append(element.cut)
        spans.add((element.start, element.end))
    elif left < len(element.children):
        made += part.without(element, "count")


def _paths(root: Element, keys: AbstractSet[str]) -> list[tuple[str, list[Element]]]:
    """Give the elements that refer to something by its id, each with those around it, from the root."""
    found = list[tuple[str, list[Element]]]()
    pending = [[root]]
    while pending:
        path = pending.pop()
        one = path[-1]
        found += [(value, path) for name, value in one.attributes.items() if name[0] == RELATED and value in keys]
        pending += [[*path, child] for child in one.children]
    return found


def _cut(part: XmlPart, kind: str, path: list[Element]) -> list[Change]:
    """Cut out an element that refers to something, or the smallest one around it that can go."""
    element = path[-1]
    if element.name[1] in _TAGS:
        return [
            change
            for name in element.attributes
            if name[0] == RELATED
            for change in part.without(element, name[1], space=RELATED)
        ]
    if element.name[1] in _LINKS:
        return [element.cut]
    if kind in {"chart", "chartUserShapes"}:
        fill = next((one for one in path if one.name[1] in _FILLS), None)
        if fill is not None:
            return [fill.cut]
    at = 1
    while at < len(path) - 1 and path[at].name[1] in _LISTS and path[at].name[1] != "ext":
        at += 1
    return [path[at].cut] if len(path) > 1 else []
