"""ZIP archives as a format of the catalogue: members that hold messages, or are labelled whole.

A selector is a member's name, with `*` for any text without `/` and `**` for any text: `orders/*.json`, `**.pdf`.
A member that no field names is unlisted; where it would be changed it is left out, since its name could be a value. So
is a folder that nothing is left in and that no selector begins with; other folders stay. How an archive is read, what
is refused, what is promised: `formats.zip_parts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.formats import zip_parts
from gateway.formats.document import Edits, Owner, Signal, Written
from gateway.formats.format import Lists, Option, SelectsSeveral, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.parts import Part
from gateway.formats.patterns import Patterns
from gateway.formats.tally import Tally, text_of
from gateway.formats.zip_parts import END, LOCAL, Archive

_TYPES = frozenset({"application/zip", "application/x-zip-compressed"})
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\\:/][^\x00-\x1f\x7f-\x9f\\:]{0,300}")
_WORDS = {"**": ".*", "*": "[^/]*"}


class Zip:
    """See above."""

    NAME: ClassVar[str] = "zip"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "none"
    EXAMPLE: ClassVar[str] = "orders/*.json or **.pdf"
    HELP: ClassVar[str] = "A ZIP archive: its members are labelled by their names, or hold messages."
    TEXT: ClassVar[bool] = False
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, "an archive", _TYPES, lambda body: body.startswith((LOCAL, END)))

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a member's name."""
        if not _NAME.fullmatch(selector) or selector.startswith("$") or ".." in selector.split("/"):
            raise ValueError("a member of an archive is selected by its name, from the top of the archive")
        if singular and "*" in selector:
            raise SelectsSeveral("this name can stand for several members; here it must be one")
        return True

    def layout(self, shape: Shape) -> Patterns:
        """Compile the names. ValueError for records: an archive is one."""
        if shape.records is not None:
            raise ValueError("an archive is one record; it has no list of them")
        return Patterns.of(shape, _pattern)

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: an archive is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> ZipDocument:
        """Read an archive. Raises what `zip_parts.read` does."""
        return ZipDocument(zip_parts.read(body, limits), layout)


@dataclass(frozen=True, slots=True, eq=False)
class ZipDocument:
    """An archive that was read."""

    archive: Archive
    layout: Patterns

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer that a member names."""
        name = self.layout.customer
        return [(self._text(name) if name else None) or None]

    def lookup(self, selector: str) -> str | int | None:
        """Give the text of a member."""
        return self._text(selector)

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,  # noqa: ARG002 - a Document's form; nothing is around the record
        owners: Sequence[Owner] | None = None,
    ) -> Written:
        """Treat each member. Raises `Unreadable` where a treated text can't be written."""
        owner = (self.customers if owners is None else owners)[0]
        tally, changes = Tally(), dict[str, bytes | None]()
        for name, part in self._parts():
            spot = self.layout.spot(name)
            where = self.layout.pointer(spot)
            new = tally.treat_part(records[0], spot, where, part, owner)
            if new is part:
                continue
            if isinstance(new, Signal) or not spot:
                changes[name] = None
            else:
                changes[name] = new.body if isinstance(new, Part) else part.filled(text_of(new))
        for name in self._empty_folders(changes):
            if tally.treat(records[0], (), "/?", name, owner) is not name:
                changes[name] = None
        return tally.written(zip_parts.rewritten(self.archive, changes))

    def _empty_folders(self, changes: Mapping[str, bytes | None]) -> Iterator[str]:
        """Give folders that nothing is left in and no selector begins with: nobody knows such a name."""
        left = [name for name, member in self.archive.members.items() if not member.is_folder]
        known = [*self.layout.texts, *(name for name in left if changes.get(name, b"") is not None)]
        for name, member in self.archive.members.items():
            if member.is_folder and not any(one.startswith(name) for one in known):
                yield name

    def _parts(self) -> Iterator[tuple[str, Part]]:
        for name, member in self.archive.members.items():
            if not member.is_folder:
                yield name, Part(member.body)

    def _text(self, name: str) -> str | None:
        return next((part.text for member, part in self._parts() if member == name), None)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("".join(_WORDS.get(word) or re.escape(word) for word in re.split(r"(\*\*?)", name)), re.DOTALL)
