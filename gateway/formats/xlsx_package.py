"""The parts of a workbook (ECMA-376 parts 1 and 2): which there are, and that there are no others.

Only what holds a table is taken: a workbook, its sheets, shared strings, styles, a theme, the order of calculation, and
what the document says of itself. Whatever else could hold the same data a second time is refused: comments, drawings,
tables, links, pivot caches, connections, macros, custom XML, embedded files, thumbnails, signatures.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats import xlsx_part
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_part import Change, Element, XmlPart
from gateway.formats.zip_parts import Archive

TYPES = "[Content_Types].xml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_CORE = f"{_PACKAGE}relationships/metadata/core-properties"
_VENDOR = "application/vnd.openxmlformats-"
_SHEETS = f"{_VENDOR}officedocument.spreadsheetml."
_KINDS = {
    f"{_OFFICE}officeDocument": ("workbook", f"{_SHEETS}sheet.main+xml"),
    f"{_OFFICE}extended-properties": ("about", f"{_VENDOR}officedocument.extended-properties+xml"),
    _CORE: ("core", f"{_VENDOR}package.core-properties+xml"),
    f"{_OFFICE}worksheet": ("sheet", f"{_SHEETS}worksheet+xml"),
    f"{_OFFICE}sharedStrings": ("strings", f"{_SHEETS}sharedStrings+xml"),
    f"{_OFFICE}styles": ("styles", f"{_SHEETS}styles+xml"),
    f"{_OFFICE}calcChain": ("order", f"{_SHEETS}calcChain+xml"),
    f"{_OFFICE}theme": ("theme", f"{_VENDOR}officedocument.theme+xml"),
}
"""Kinds of relationships that are followed: our word for each, and the content type of the part that it leads to."""
_AT_TOP = frozenset({"workbook", "about", "core"})


@dataclass(slots=True, eq=False)
class Package:
    """`parts` are names of members by our words, `sheets` by link; `traces`: what names its order of calculation."""

    archive: Archive
    limits: BodyLimits
    parts: dict[str, str] = field(default_factory=dict)
    sheets: dict[str, str] = field(default_factory=dict)
    traces: dict[str, tuple[XmlPart, str, Change]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def xml(self, name: str, taken: xlsx_part.Taker | None = None) -> XmlPart:
        """Read a member. Raises `Unreadable`."""
        body = self.archive.members[name].body
        return xlsx_part.read(body, self.limits) if taken is None else xlsx_part.read(body, self.limits, taken)


def open_package(archive: Archive, limits: BodyLimits) -> Package:
    """Find the parts of a workbook. Raises `Unreadable`: body-malformed, body-ambiguous, unlisted-field."""
    package = Package(archive, limits)
    types = _types(package)
    _follow(package, "", types)
    if "workbook" not in package.parts:
        raise Unreadable("body-malformed", "the archive is no workbook")
    _follow(package, package.parts["workbook"], types)
    for name, member in archive.members.items():
        folder = member.is_folder and any(one.startswith(name) for one in package.read)
        if name not in package.read and not folder:
            raise Unreadable("unlisted-field", "the workbook has parts that no selector reaches")
    return package


def without_order(package: Package) -> dict[str, bytes | None]:
    """Leave the order of calculation out: the program that opens the workbook makes it anew."""
    if "order" not in package.parts:
        return {}
    related, name, change = package.traces["relationship"]
    made: dict[str, bytes | None] = {package.parts["order"]: None, name: related.spliced([change])}
    if "type" in package.traces:
        types, name, change = package.traces["type"]
        made[name] = types.spliced([change])
    return made


def _types(package: Package) -> dict[str, Element]:
    """Give what tells the content type of each part, and of each ending as `.xml`."""
    part = _known(package, TYPES, f"{_PACKAGE}content-types", "Types")
    found: dict[str, Element] = {}
    for one in part.root.children:
        key = {"Override": one.get("PartName"), "Default": f".{one.get('Extension')}"}.get(one.name[1])
        if key is None or key in found or one.children or one.text:
            raise Unreadable("body-ambiguous", "the content types of the workbook can't be read")
        found[key] = one
        if one.get("ContentType") == _KINDS[f"{_OFFICE}calcChain"][1] and one.name[1] == "Override":
            package.traces["type"] = (part, TYPES, (one.start, one.end, b""))
    return found


def _follow(package: Package, source: str, types: dict[str, Element]) -> None:
    """Follow the relationships of a part, "" for the package."""
    folder, slash, last = source.rpartition("/")
    name = f"{folder}{slash}_rels/{last}.rels"
    part = _known(package, name, f"{_PACKAGE}relationships", "Relationships")
    for one in part.root.children:
        kind, expected = _KINDS.get(one.get("Type") or "", ("", ""))
        if not kind or (kind in _AT_TOP) is bool(source) or one.get("TargetMode") not in {None, "Internal"}:
            raise Unreadable("unlisted-field", "the workbook refers to what no selector reaches")
        target, key = one.get("Target") or "", one.get("Id") or ""
        path = target[1:] if target.startswith("/") else f"{folder}{slash}{target}"
        _reach(package, path)
        told = types.get(f"/{path}") or types.get(f".{path.rpartition('.')[2]}")
        if told is None or told.get("ContentType") != expected:
            raise Unreadable("unlisted-field", "a part of the workbook is of a kind that is not taken, as macros are")
        if kind == "sheet" and key not in package.sheets:
            package.sheets[key] = path
        elif kind == "sheet" or kind in package.parts:
            raise Unreadable("body-ambiguous", "the workbook has one part twice")
        else:
            package.parts[kind] = path
        if kind == "order":
            package.traces["relationship"] = (part, name, (one.start, one.end, b""))


def _known(package: Package, name: str, space: str, root: str) -> XmlPart:
    """Read a part that holds the package together."""
    _reach(package, name)
    part = package.xml(name)
    if part.root.name != (space, root) or any(one.name[0] != space or one.children for one in part.root.children):
        raise Unreadable("body-malformed", "a part of the workbook is not what it should be")
    return part


def _reach(package: Package, name: str) -> None:
    if name not in package.archive.members or name.endswith("/"):
        raise Unreadable("body-malformed", "a part of the workbook is missing")
    if name in package.read:
        raise Unreadable("body-ambiguous", "the workbook has one part twice")
    package.read.add(name)
