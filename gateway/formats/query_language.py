"""What a parameter asks in a query language: the properties that it names, and the constants that it compares them to.

A system that filters, sorts or groups by a property answers about it, whatever is then hidden in the answer: so a query
is read for what it names, and whoever decides may ask which fields of the catalogue these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gateway.errors import Unreadable
from gateway.formats.document import Scalar, Spot
from gateway.formats.query_ways import Way, way_to
from gateway.formats.tally import step

Path = tuple[str, ...]
"""The way to a property: names, as the query has them."""

How = Literal["asked", "expanded", "mentioned"]
"""`asked`: the answer tells of it, as by filtering or sorting; `expanded`: what it leads to comes along; `mentioned`: a
word in a text of the service's own, that may be a property, or anything."""


@dataclass(frozen=True, slots=True)
class Named:
    """A property that a query names."""

    path: Path
    how: How = "asked"


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant from `start` to `end` of the text, with the properties that it is held against.

    `quoted`: written in quotes, so that another text can be put in its place. `equal`: one property is asked to be
    equal to it (or to one of several), and that is all that is asked about it here.
    """

    start: int
    end: int
    value: Scalar
    quoted: bool
    paths: tuple[Path, ...]
    equal: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a text asks; `all`: it looks into every property."""

    named: tuple[Named, ...] = ()
    constants: tuple[Constant, ...] = ()
    all: bool = False


class Language(Protocol):
    """Reads the text of a parameter."""

    def read(self, text: str) -> Question:
        """Read a text. Raises `Unreadable`: query-unreadable."""
        ...

    def quote(self, text: str) -> str:
        """Write a text as a constant."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A constant, with the spot of the fields that it is held against and their pointer."""

    constant: Constant
    spot: Spot
    pointer: str


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The fields of a message of a `form`, found by the ways that queries go to them. `first`: the first's index."""

    selectors: tuple[str, ...]
    first: int = 0
    form: str = "json"
    ways: tuple[Way, ...] = field(init=False, repr=False)
    _found: dict[tuple[Path, bool], Spot] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Read the selectors once."""
        object.__setattr__(self, "ways", tuple(way_to(self.form, selector) for selector in self.selectors))

    def spot(self, path: Path, *, below: bool = True) -> Spot:
        """Give the fields at a property, above it and (where `below`) in it; () where no field has to do with it."""
        key = (tuple(name.casefold() for name in path), below)
        if key not in self._found:
            if len(self._found) > 1000:  # noqa: PLR2004 - what officers' clients name is little
                self._found.clear()
            self._found[key] = tuple(
                self.first + index for index, way in enumerate(self.ways) if way.meets(key[0], below=below)
            )
        return self._found[key]

    def called(self, name: str) -> Spot:
        """Give the fields whose last name is this."""
        wanted = name.casefold()
        return tuple(
            self.first + index
            for index, way in enumerate(self.ways)
            if wanted in (way.last if way.steps else {name.casefold() for name in way.names})
        )

    def pointer(self, spot: Spot) -> str:
        """Give the pointer of the first field of a spot."""
        if not spot:
            return "/?"
        found = self.ways[spot[0] - self.first]
        steps = found.steps or tuple(sorted(found.names))
        return "".join(step(part if isinstance(part, str) else "*") for part in steps)


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """How a parameter is read: its language, and the fields that it may name."""

    language: Language
    fields: Fields

    def read(self, text: str) -> Asked:
        """Read a text. Raises `Unreadable`: query-unreadable."""
        return Asked(text, self, self.language.read(text))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What one parameter asks."""

    text: str
    asking: Asking
    question: Question

    @property
    def uses(self) -> Iterator[tuple[Spot, bool]]:
        """Give the spot of each property that is named, and whether any field has to do with it.

        Where it is only expanded, what is in it comes along treated: then the spot has the fields at it or above it. A
        word that is only mentioned counts where it is a field's last name.
        """
        for one in self.question.named:
            if one.how == "mentioned":
                if spot := self.asking.fields.called(one.path[0]):
                    yield spot, True
                continue
            spot = self.asking.fields.spot(one.path)
            yield (self.asking.fields.spot(one.path, below=False) if one.how == "expanded" else spot), bool(spot)

    @property
    def literals(self) -> Sequence[Held]:
        """Give the constants that are held against properties; texts that are held against nothing are unlisted."""
        found = []
        for one in self.question.constants:
            spot = tuple(sorted({index for path in one.paths for index in self.asking.fields.spot(path)}))
            if spot or one.quoted:
                found.append(Held(one, spot, self.asking.fields.pointer(spot)))
        return found

    def write(self, treat: Callable[[Spot, str, Scalar, bool], str | None]) -> str:
        """Give the text with its constants treated: `treat` gives another text, or None; the same object if nothing is.

        It gets a constant's spot, pointer and value, and whether it can be replaced.
        """
        parts, at = [], 0
        for held in sorted(self.literals, key=lambda held: held.constant.start):
            one = held.constant
            new = treat(held.spot, held.pointer, one.value, one.quoted)
            if new is not None:
                parts += [self.text[at : one.start], self.asking.language.quote(new)]
                at = one.end
        return "".join((*parts, self.text[at:])) if parts else self.text


def unreadable(message: str) -> Unreadable:
    """Give the refusal of a text that is not in its language, as far as it is read here."""
    return Unreadable("query-unreadable", message)
