"""What stands at a place of a message, over all bodies seen: kinds, values, members, elements; in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.discover.values import Values

MOST_MEMBERS = 400
"""Distinct names in one object beyond which it is a map: its names are keys, and aren't kept."""

MOST_PLACES = 20_000
"""Places of one draft beyond which no new ones are opened."""

LONGEST_NAME = 64
"""A longer name is a key, and isn't kept."""

_MOST_ECHOES = 100_000
_ECHO = 64


class Whole(str):
    """A whole number as it is written."""

    __slots__ = ()


class Decimal(str):
    """Any other number as it is written."""

    __slots__ = ()


@dataclass(slots=True)
class Purse:
    """What a whole draft may still spend: places; and the checksums of the values that answers held."""

    places: int = MOST_PLACES
    lost: int = 0
    echoes: set[int] = field(default_factory=set)

    def open(self) -> Outline | None:
        """Give a new place; None where too many are open already, which is counted."""
        if self.places <= 0:
            self.lost += 1
            return None
        self.places -= 1
        return Outline()


class Outline:
    """One place. `rest` unites the members whose names aren't kept; `crowded`: none is.

    `cut`: too many places were open already, so that not all is known of what lies below.
    """

    __slots__ = (
        "arrays", "booleans", "crowded", "cut", "decimals", "declared", "elements", "integers", "keys", "members",
        "nulls",
        "objects", "rest", "seen", "strings", "title", "values",
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
        self.crowded = self.cut = False
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
        """See a value as JSON gives it: dict, list, str, `Whole`, `Decimal`, bool, None. `echo`: remember its texts."""
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
        else:
            self._scalar(str(value), value, purse, echo=echo)

    def absorb(self, other: Outline) -> None:
        """Take up what was seen at another place, which is not to be used afterwards."""
        for count in ("seen", "nulls", "booleans", "strings", "integers", "decimals", "objects", "arrays"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.values.unite(other.values)
        self.cut = self.cut or other.cut
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
        if not self.crowded and len(name) <= LONGEST_NAME:
            opened = purse.open()
            if opened is not None:
                self.members[name] = opened
                return opened
        self._keys().add(name)
        if self.rest is None:
            self.rest = purse.open()
        return self.rest

    def _scalar(self, text: str, value: object, purse: Purse, *, echo: bool) -> None:
        if isinstance(value, Whole):
            self.integers += 1
        elif isinstance(value, Decimal):
            self.decimals += 1
        else:
            self.strings += 1
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
