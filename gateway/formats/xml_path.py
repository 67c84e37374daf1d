"""Paths of XML: all elements that are reached by the same names share one, with all that labels say of them.

A path learns the tags that it meets, so that the next element with the same tag costs one look-up. What is learned
holds names and white space, no text and no attributes. Paths are linked to and fro: none of this is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from gateway.errors import Unreadable
from gateway.formats.document import Spot
from gateway.formats.tally import step as pointed
from gateway.formats.xml_label import CUSTOMER, RECORD, STRUCTURE, Going, Label, begin, ended, leads, onward
from gateway.formats.xml_tag import XML, Name

MOST_PATHS = 20_000
"""How many different paths one body may have: documents have hundreds. Long names count as several."""

_NAME = 100


class Kind(IntEnum):
    """What a piece of a body is, by how it begins."""

    OPEN = 1
    EMPTY = 2
    CLOSE = 3
    COMMENT = 4
    SECTION = 5
    INSTRUCTION = 6
    DECLARATION = 7


STRUCTURAL = frozenset({Kind.OPEN, Kind.EMPTY, Kind.CLOSE})


@dataclass(slots=True, eq=False, repr=False)
class Step:
    """One kind of piece at one path: whose it is, what is `after` it, its size without the text that follows.

    `marked`: a record begins or ends there, or a customer is named. `bare`: a tag without attributes.
    """

    kind: Kind
    path: Path
    after: Path
    size: int
    bare: bool = True
    marked: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Roots:
    """What a message's paths begin with: labels in the records, and around them (`records` None: one record)."""

    fields: Sequence[Label]
    around: Sequence[Label] = ()
    records: Label | None = None
    depth: int = 64
    paths: int = 0

    def document(self) -> Path:
        """Give the path above the root element."""
        return Path(None, ("", ""), b"", {"xml": XML, "": ""}, self)


@dataclass(slots=True, eq=False, repr=False)
class Path:
    """See above. `cover` are the fields over an element here, `text` those over its text; `pointer` is for reports.

    `inside`: in a record. `passage`: labels lead on from here, or into its attributes and text.
    """

    parent: Path | None
    name: Name
    raw: bytes
    names: Mapping[str, str]
    roots: Roots
    depth: int = 0
    inside: bool = False
    record: bool = False
    cover: Spot = ()
    text: Spot = ()
    structure: bool = False
    passage: bool = False
    customer: bool = False
    pointer: str = ""
    goings: Sequence[Going] = ()
    ends: Sequence[Label] = ()
    next: dict[bytes, Step] = field(default_factory=dict)
    tags: dict[bytes, Step] = field(default_factory=dict)
    below: dict[object, Path] = field(default_factory=dict)
    steps: dict[tuple[Kind, int, bool], Step] = field(default_factory=dict)

    def child(
        self,
        raw: bytes,
        name: Name,
        names: Mapping[str, str],
        declared: Sequence[tuple[str, str]] = (),
        found: Sequence[Label] = (),
        *,
        leading: bool = False,
    ) -> Path:
        """Give the path of an element below: `found` are labels whose conditions it meets; `leading`: to such.

        Raises `Unreadable`: body-too-large for too many paths, body-ambiguous for a record in a record.
        """
        key = (raw, tuple(declared), tuple(found), leading)
        known = self.below.get(key)
        if known is None:
            self.roots.paths += 1 + (len(raw) + sum(len(uri) for _, uri in declared)) // _NAME
            if self.roots.paths > MOST_PATHS:
                raise Unreadable("body-too-large", "too many different elements in the body")
            known = self.below[key] = self._child(raw, name, names, found, leading=leading)
        return known

    def step(self, kind: Kind, size: int, *, bare: bool = True) -> Step:
        """Give the step of an element here with a tag of some size."""
        known = self.steps.get((kind, size, bare))
        if known is None:
            assert self.parent is not None
            after = self if kind is Kind.OPEN else self.parent
            marked = self.record or (self.customer and kind is not Kind.CLOSE)
            known = self.steps[kind, size, bare] = Step(kind, self, after, size, bare, marked)
        return known

    def spot(self, name: Name) -> Spot:
        """Give the fields over an attribute of an element here."""
        return tuple(sorted({*self.cover, *(one.index for one in self._named(name) if one.index >= 0)}))

    def attribute(self, name: Name) -> str:
        """Give the pointer of an attribute of an element here."""
        exact = next((one.attribute for one in self._named(name) if one.index >= 0), None)
        if exact is not None:
            return self.pointer + pointed("@" + exact.shown)
        return self.pointer if self.cover or not self.passage else self.pointer + "/?"

    def kept(self, name: Name) -> bool:
        """Tell whether an attribute of an element here is no value."""
        return any(one.index == STRUCTURE for one in self._named(name))

    def _named(self, name: Name) -> list[Label]:
        return [one for one in self.ends if one.attribute is not None and one.attribute.fits(name)]

    def _child(
        self, raw: bytes, name: Name, names: Mapping[str, str], found: Sequence[Label], *, leading: bool
    ) -> Path:
        roots = self.roots
        goings = begin(roots.around, name) if self.parent is None else onward(self.goings, name)
        if self.parent is None and roots.records is not None:
            goings += begin([roots.records], name)
        first = self.parent is None and roots.records is None
        begins = any(one.index == RECORD and ended((one, size)) for one, size in goings if not one.ghost)
        begins = begins or any(one.index == RECORD for one in found)
        if begins and self.inside:
            raise Unreadable("body-ambiguous", "a record lies in another record")
        record = first or begins
        made = Path(
            self, name, raw, names, roots, self.depth + 1, inside=self.inside or record, record=record and not first
        )
        before = goings
        if record:
            goings = [one for one in goings if one[0].index == RECORD] + begin(roots.fields, name)
        made.goings = goings
        made.ends = [one for one, size in goings if not one.ghost and ended((one, size))]
        made.ends += [one for one in found if one.index != RECORD]
        cover = {*self.cover, *(one.index for one in made.ends if one.tail == "element")}
        texts = {*cover, *(one.index for one in made.ends if one.tail == "text")}
        made.cover = tuple(sorted(index for index in cover if index >= 0))
        made.text = tuple(sorted(index for index in texts if index >= 0))
        made.structure = any(one.index == STRUCTURE and one.tail != "attribute" for one in made.ends)
        made.customer = any(one.index == CUSTOMER for one in made.ends)
        idle = {CUSTOMER, RECORD} if made.inside else {CUSTOMER}
        onto = any(leads(one) for one in goings if one[0].index not in idle)
        onto = onto or any(one.tail != "element" for one in found if one.index >= 0)
        made.passage = onto or leading or made.structure
        made.pointer = self._pointer(made, before if begins else goings, found)
        return made

    def _pointer(self, made: Path, goings: Sequence[Going], found: Sequence[Label]) -> str:
        """Name a path: by the officer's names, `*` where only wildcards led there, `?` where nothing did."""
        moves = [one.moves[size - 1] for one, size in goings if size and one.index not in {CUSTOMER, STRUCTURE}]
        moves += [one.moves[-1] for one in found if one.moves]
        exact = next((move for move in moves if move.local is not None and move.fits(made.name)), None)
        named = exact or next((move for move in moves if move.fits(made.name)), None)
        if named is not None and (not self.cover or made.passage or made.cover != self.cover):
            return self.pointer + pointed(named.shown)
        if self.cover:
            return self.pointer
        if self.parent is None:
            return ""
        return self.pointer if self.pointer.endswith("/?") and not self.passage else self.pointer + "/?"
