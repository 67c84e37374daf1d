"""What stands at a place of a message, over all bodies seen: kinds, values, members, elements; in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.discover.values import Values
from gateway.discover.words import spoken
from gateway.formats.parts import Part

MOST_MEMBERS = 400
"""Distinct names in one object beyond which it is a map: its names are keys, and aren't kept."""

MOST_PLACES = 20_000
"""Places of one draft beyond which no new ones are opened."""

LONGEST_NAME = 64
"""A longer name is a key, and isn't kept."""

_MOST_ECHOES = 100_000
_ECHO = 64
_MOST_HELD = 20_000
_DEEPEST_HELD = 4
_LONGEST_PART = 100_000


Told = tuple[tuple[str, str], ...]
"""What tells an operation apart from others at its path: ("header" or a selector's text, what it must be)."""


class Whole(str):
    """A whole number as it is written."""

    __slots__ = ()


class Decimal(str):
    """Any other number as it is written."""

    __slots__ = ()


class Several(list[object]):
    """Values that stand at one place of a body: elements or fields of one name."""

    __slots__ = ()


class Held(Protocol):
    """A message that a value holds, or that is a part of a body."""

    def into(self, place: Outline, purse: Purse, *, echo: bool) -> None:
        """Let a place learn what the value holds."""
        ...


@dataclass(slots=True)
class Purse:
    """What a whole draft may still spend: places; the checksums of the values that answers held; prefixes of XML.

    `look` tells of a text or a part whether it holds a message; `held` counts how many may still be opened.
    """

    places: int = MOST_PLACES
    lost: int = 0
    echoes: set[int] = field(default_factory=set)
    look: Callable[[str | Part, Purse], Held | None] | None = None
    held: int = _MOST_HELD
    depth: int = 0
    prefixes: dict[str, str] = field(default_factory=dict)

    def holding(self, value: str | Part) -> Held | None:
        """Tell whether a value holds a message; None as well where too much was held already, or it lies too deep."""
        if self.look is None or self.held <= 0 or self.depth >= _DEEPEST_HELD:
            return None
        found = self.look(value, self)
        self.held -= found is not None
        return found

    def part(self, part: Part) -> Held | str:
        """Give what a part of a body holds, or its text."""
        return self.holding(part) or part.text[:_LONGEST_PART]

    def open(self) -> Outline | None:
        """Give a new place; None where too many are open already, which is counted."""
        if self.places <= 0:
            self.lost += 1
            return None
        self.places -= 1
        return Outline()


class Outline:
    """One place. `rest` unites the members whose names aren't kept; `crowded`: none is.

    `cut`: too many places were open already, so that not all is known of what lies below. `several`: some body has
    more than one value here. `held` are the messages that values hold, by how they do (`group.Bodies`); `holding` and
    `empty` count such texts and empty ones.
    """

    __slots__ = (
        "arrays", "booleans", "crowded", "cut", "decimals", "declared", "elements", "empty", "held", "holding",
        "integers", "keys", "members", "nulls", "objects", "rest", "seen", "several", "strings", "title", "values",
    )  # fmt: skip

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.seen = self.nulls = self.booleans = self.strings = self.integers = self.decimals = 0
        self.objects = self.arrays = 0
        self.values = Values()
        self.members: dict[str, Outline] = {}
        self.rest: Outline | None = None
        self.elements: Outline | None = None
        self.keys: Values | None = None
        self.crowded = self.cut = self.several = False
        self.held: dict[str, Any] = {}
        self.holding = self.empty = 0
        self.declared = ""  # a format that a document gives: "email", "date" ...
        self.title = ""  # what a document calls the place beside its name

    @property
    def scalars(self) -> int:
        """Count the scalars but null."""
        return self.booleans + self.strings + self.integers + self.decimals

    @property
    def kinds(self) -> frozenset[str]:
        """Name the kinds of things that stood here, null left out."""
        counts = {"object": self.objects, "array": self.arrays, "boolean": self.booleans, "text": self.strings,
                  "number": self.integers + self.decimals}  # fmt: skip
        return frozenset(kind for kind, count in counts.items() if count)

    def learn(self, value: object, purse: Purse, *, echo: bool = False) -> None:
        """See a value: dict, list, str, `Whole`, `Decimal`, bool, None, `Several` or `Held`.

        `echo`: remember its texts.
        """
        if isinstance(value, Several):
            self.several = self.several or len(value) > 1
            for inner in value:
                self.learn(inner, purse, echo=echo)
            return
        self.seen += 1
        if isinstance(value, dict):
            self.objects += 1
            for name, inner in value.items():
                place = self._member(name, purse)
                if place is None:
                    self.cut = True
                else:
                    place.learn(inner, purse, echo=echo)
        elif isinstance(value, list):
            self.arrays += 1
            if self.elements is None:
                self.elements = purse.open()
            if self.elements is None:
                self.cut = True
            else:
                for inner in value:
                    self.elements.learn(inner, purse, echo=echo)
        elif value is None:
            self.nulls += 1
        elif isinstance(value, bool):
            self.booleans += 1
        elif isinstance(value, str | int | float):
            self._scalar(value if isinstance(value, str) else str(value), purse, echo=echo)
        else:
            held: Any = value
            self._hold(held, purse, echo=echo)

    def absorb(self, other: Outline) -> None:
        """Take up what was seen at another place, which is not to be used afterwards."""
        for count in ("seen", "nulls", "booleans", "strings", "integers", "decimals", "objects", "arrays"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.values.unite(other.values)
        self.cut = self.cut or other.cut
        self.several = self.several or other.several
        self.holding += other.holding
        self.empty += other.empty
        for coding, bodies in other.held.items():
            if coding in self.held:
                self.held[coding].absorb(bodies)
            else:
                self.held[coding] = bodies
        self.declared = self.declared or other.declared
        self.title = self.title or other.title
        self.rest = _united(self.rest, other.rest)
        self.elements = _united(self.elements, other.elements)
        for name, inner in other.members.items():
            mine = self.members.get(name)
            if mine is None:
                self.members[name] = inner
            else:
                mine.absorb(inner)
        if other.keys is not None:
            self._keys().unite(other.keys)
        if self.crowded or other.crowded or len(self.members) > MOST_MEMBERS:
            self.crowd()

    def crowd(self) -> None:
        """Take all members for one: from now on no name is kept."""
        self.crowded = True
        keys = self._keys()
        rest = self.rest or Outline()
        for name, inner in self.members.items():
            keys.add(name)
            rest.absorb(inner)
        self.members = {}
        self.rest = rest

    def below(self) -> Iterator[Outline]:
        """Give the places right below."""
        yield from self.members.values()
        yield from (place for place in (self.rest, self.elements) if place is not None)

    def _member(self, name: str, purse: Purse) -> Outline | None:
        found = self.members.get(name)
        if found is not None:
            return found
        if len(self.members) >= MOST_MEMBERS and not self.crowded:
            self.crowd()
        if not self.crowded and len(spoken(name)) <= LONGEST_NAME:
            opened = purse.open()
            if opened is not None:
                self.members[name] = opened
                return opened
        self._keys().add(name)
        if self.rest is None:
            self.rest = purse.open()
        return self.rest

    def _hold(self, held: Held, purse: Purse, *, echo: bool) -> None:
        """See a message that a value holds."""
        self.strings += 1
        self.holding += 1
        purse.depth += 1
        held.into(self, purse, echo=echo)
        purse.depth -= 1

    def _scalar(self, text: str, purse: Purse, *, echo: bool) -> None:
        if isinstance(text, Whole):
            self.integers += 1
        elif isinstance(text, Decimal):
            self.decimals += 1
        else:
            held = purse.holding(text)
            if held is not None:
                self._hold(held, purse, echo=echo)
                return
            self.strings += 1
            self.empty += not text
        mark = self.values.add(text)
        if echo and self.strings and len(text) <= _ECHO and len(purse.echoes) < _MOST_ECHOES:
            purse.echoes.add(mark)

    def _keys(self) -> Values:
        if self.keys is None:
            self.keys = Values()
        return self.keys


def _united(one: Outline | None, other: Outline | None) -> Outline | None:
    if one is None or other is None:
        return one or other
    one.absorb(other)
    return one
