"""The parts of a workbook (ECMA-376 part 2): how they refer to each other, and how one is left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from gateway.errors import Unreadable
from gateway.formats import xlsx_part
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_names import ACTIVE, BINARY_BOOK, PACKAGE, READ, SINGLE, kind_of
from gateway.formats.xlsx_part import Change, Element, XmlPart
from gateway.formats.zip_parts import Archive

_KEY = re.compile(r"[\w.:-]{1,100}")
_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,200}")
_TELLS = {("", name) for name in ("Id", "Type", "Target", "TargetMode")}
TYPES = "[Content_Types].xml"


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A relationship: what refers ("" is the package), its id there, to what; `outside` is no part, but an address.

    `element` stands in the member `told`.
    """

    source: str
    key: str
    kind: str
    target: str
    outside: bool
    told: str
    element: Element


@dataclass(slots=True, eq=False)
class Package:
    """All parts that anything refers to by their members' names, and the links between them, by what refers."""

    archive: Archive
    limits: BodyLimits
    links: dict[str, list[Link]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    xmls: dict[str, XmlPart] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _into: dict[str, list[Link]] = field(default_factory=dict)

    def xml(self, name: str, *, mixed: bool = False) -> XmlPart:
        """Read a member, once. Raises `Unreadable`."""
        if name not in self.xmls:
            self.xmls[name] = xlsx_part.read(self.archive.members[name].body, self.limits, mixed=mixed)
        return self.xmls[name]

    def one(self, kind: str, source: str) -> str | None:
        """Give the only part of a kind that another refers to. Raises `Unreadable`: body-ambiguous."""
        found = [link.target for link in self.links.get(source, ()) if link.kind == kind]
        if len(found) > 1:
            raise Unreadable("body-ambiguous", "the workbook has one part twice")
        return found[0] if found else None

    def of(self, *kinds: str) -> list[str]:
        """Give the parts of some kinds, in the order of the archive."""
        return [name for name, kind in self.kinds.items() if kind in kinds]

    def into(self, name: str) -> list[Link]:
        """Give the links that lead to a part."""
        if not self._into:
            for link in (link for links in self.links.values() for link in links if not link.outside):
                self._into.setdefault(link.target, []).append(link)
        return self._into.get(name, [])

    def found(self, name: str) -> str | None:
        """Give the member of a name; letters of either case are the same (ECMA-376 part 2, section 6.2.2.3)."""
        return self._names.get(name.lower()) or self._names.get(unquote(name).lower())

    @property
    def strays(self) -> list[str]:
        """Give the members that nothing refers to; folders of parts are none."""
        told = {TYPES, *(self.rels(source) for source in ("", *self.kinds))}
        known = {*self.kinds, *(found for one in told if (found := self.found(one)))}
        folders = tuple(known)
        return [
            name
            for name, member in self.archive.members.items()
            if name not in known and not (member.is_folder and any(one.startswith(name) for one in folders))
        ]

    @staticmethod
    def rels(source: str) -> str:
        """Give the name of the member that says what a part refers to."""
        folder, slash, last = source.rpartition("/")
        return f"{folder}{slash}_rels/{last}.rels"

    def closure(self, names: Iterable[str]) -> set[str]:
        """Give parts, and those that only they refer to."""
        gone, pending = set[str](), list(dict.fromkeys(names))
        left: dict[str, int] = {}  # how many others refer to a part that may go
        while pending:
            name = pending.pop()
            if name in gone:
                continue
            gone.add(name)
            for link in self.links.get(name, ()):
                if not link.outside and link.target not in gone:
                    left[link.target] = left.get(link.target, len(self.into(link.target))) - 1
                    pending += [] if left[link.target] else [link.target]
        return gone

    def left_out(self, gone: set[str]) -> tuple[set[str], dict[str, list[Change]]]:
        """Give the members to leave out for parts that go, and what to cut where something tells of them."""
        members = gone | {found for one in gone if (found := self.found(self.rels(one)))}
        cuts: defaultdict[str, list[Change]] = defaultdict(list)
        for source, links in self.links.items():
            if source not in gone:
                for link in links:
                    if not link.outside and link.target in gone:
                        cuts[link.told].append(link.element.cut)
        for one in self.xmls[TYPES].root.children:
            if one.name[1] == "Override" and self.found((one.get("PartName") or "")[1:]) in members:
                cuts[TYPES].append(one.cut)
        return members, cuts


def open_package(archive: Archive, limits: BodyLimits) -> Package:
    """Find the parts of a workbook.

    Raises `Unreadable`: body-malformed, body-ambiguous, body-wrong-type, unlisted-field.
    """
    package = Package(archive, limits)
    package._names.update({name.lower(): name for name in archive.members if not name.endswith("/")})  # noqa: SLF001 - its maker
    types, pending = _types(package), [""]
    while pending:
        source = pending.pop()
        package.links[source] = links = _links(package, source)
        pending += [link.target for link in links if not link.outside and _taken(package, link, types)]
    return package


def _taken(package: Package, link: Link, types: dict[str, str]) -> bool:
    """Take a part to which a link leads; False where it is known. Raises `Unreadable`."""
    if link.kind in ACTIVE:
        raise Unreadable("unlisted-field", "the workbook has sheets that are programs or dialogs")
    if link.target == TYPES or link.target.lower().endswith(".rels"):
        raise Unreadable("body-ambiguous", "the workbook refers to what holds it together")
    known = package.kinds.get(link.target)
    if known is not None:
        if known != link.kind or known in SINGLE:
            raise Unreadable("body-ambiguous", "the workbook has one part twice")
        return False
    told = types.get(f"/{link.target}".lower()) or types.get(f".{link.target.rpartition('.')[2]}".lower(), "")
    if told == BINARY_BOOK:
        raise Unreadable("body-wrong-type", "a binary workbook (.xlsb): it can't be read, .xlsx can")
    if link.kind in READ and told not in READ[link.kind]:
        raise Unreadable("body-ambiguous", "a part of the workbook is said to be two things")
    package.kinds[link.target] = link.kind
    return True


def _types(package: Package) -> dict[str, str]:
    """Give the content type of each part, and of each ending as `.xml`."""
    part = _known(package, TYPES, f"{PACKAGE}content-types", "Types")
    found: dict[str, str] = {}
    for one in part.root.children:
        key = {"Override": one.get("PartName"), "Default": f".{one.get('Extension')}"}.get(one.name[1])
        sound = key is not None and _TYPE.fullmatch(one.get("ContentType") or "") and len(one.attributes) == 2  # noqa: PLR2004 - what of what
        if key is None or key.lower() in found or one.children or one.text or not sound:
            raise Unreadable("body-ambiguous", "the content types of the workbook can't be read")
        found[key.lower()] = one.get("ContentType") or ""
    return found


def _links(package: Package, source: str) -> list[Link]:
    """Read the relationships of a part, "" for the package."""
    told = package.found(package.rels(source))
    if told is None:
        if not source:
            raise Unreadable("body-malformed", "the archive is no workbook")
        return []
    made, keys = list[Link](), set[str]()
    for one in _known(package, told, f"{PACKAGE}relationships", "Relationships").root.children:
        key, target, mode = one.get("Id") or "", one.get("Target") or "", one.get("TargetMode") or "Internal"
        odd = one.text.strip() or not _KEY.fullmatch(key) or not one.attributes.keys() <= _TELLS
        if one.name[1] != "Relationship" or key in keys or mode not in {"Internal", "External"} or odd:
            raise Unreadable("body-ambiguous", "what a part of the workbook refers to can't be told")
        keys.add(key)
        kind = kind_of(one.get("Type") or "")
        outside = mode == "External" or target.startswith("#")
        if not outside:
            member = package.found(_resolved(source, target))
            if member is None and kind in READ and target.upper() != "NULL":
                raise Unreadable("body-malformed", "a part of the workbook is missing")
            outside, target = member is None, member or target
        made.append(Link(source, key, kind, target, outside, told, one))
    return made


def _resolved(source: str, target: str) -> str:
    """Give the name of a member to which a part refers (RFC 3986 section 5.2, as far as names of parts go)."""
    path = target.partition("#")[0]
    steps = [] if path.startswith("/") else source.split("/")[:-1]
    for step in path.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in {"", "."}:
            steps.append(step)
    return "/".join(steps)


def _known(package: Package, name: str, space: str, root: str) -> XmlPart:
    """Read a part that holds the package together."""
    member = package.found(name)
    if member is None:
        raise Unreadable("body-malformed", "a part of the workbook is missing")
    part = package.xml(member)
    if (
        part.root.name != (space, root)
        or part.root.text.strip()
        or any(one.name[0] != space or one.children for one in part.root.children)
    ):
        raise Unreadable("body-malformed", "a part of the workbook is not what it should be")
    return part
