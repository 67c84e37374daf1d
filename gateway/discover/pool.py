"""Records that are the same wherever they stand: an order in a list, alone, and created, is one message."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from gateway.discover.group import Group
from gateway.discover.naming import Route, one_of, operation
from gateway.discover.outline import Outline, Told
from gateway.discover.views.view import Options
from gateway.discover.words import record_of

_OF_ONE = 0.6
_OF_OTHERS = 0.85
_FEWEST = 4


Way = tuple[str, Options]
"""A format, and how it is written."""


@dataclass(frozen=True, slots=True)
class Use:
    """Where a record is carried: by which operation's group and route, on which leg; `told` as the operation's."""

    group: Group
    route: Route
    leg: str
    told: Told = ()
    partial: bool = False  # such a body may leave out whatever it doesn't change

    @classmethod
    def nowhere(cls, subject: str) -> Use:
        """Give the use of a record that stands in a value."""
        return cls(Group(), Route("", (), subject, "", open=False), "response")

    @property
    def subject(self) -> str:
        """Say what the record is about: by the path, or, where one path serves many operations, by what was called."""
        if self.leg == "errors":
            return "error"
        if not self.told:
            return one_of(self.route.subject)
        called = operation("POST", self.route, self.told, listed=False)
        return (
            f"{called}-call" if self.leg == "body" else record_of(" ".join(value for _, value in self.told)) or called
        )


@dataclass(slots=True)
class Shared:
    """One kind of record: what it is about, what it looks like, where it is carried; `name` is its message's.

    `partial` counts those that were sent to change others, and may leave out their customer.
    """

    subject: str
    outline: Outline
    way: Way = ("json", ())
    uses: list[Use] = field(default_factory=list)
    name: str = ""
    partial: int = 0

    @property
    def format(self) -> str:
        """Name its format."""
        return self.way[0]

    @property
    def written(self) -> Options:
        """Say how its bodies are written."""
        return self.way[1]


class Pool:
    """All records of one system so far."""

    def __init__(self) -> None:
        """Start with none."""
        self.records: list[Shared] = []

    def put(self, outline: Outline, use: Use, way: Way = ("json", ())) -> Shared:
        """Find the record that an outline is another view of, or take it for a new one. The outline is used up.

        `way` is its format, and how that is written.
        """
        subject = use.subject
        partial = outline.objects if use.partial else 0
        for known in self.records:
            alike = known.way == way and _same(known, subject, outline)
            if alike and not (use.told and known.subject != subject):
                known.outline.absorb(outline)
                known.uses.append(use)
                known.partial += partial
                return known
        made = Shared(subject, outline, way, [use], partial=partial)
        self.records.append(made)
        return made


def _same(known: Shared, subject: str, outline: Outline) -> bool:
    one, other = known.outline, outline
    if one.kinds != other.kinds or one.kinds != {"object"} or one.crowded != other.crowded:
        return False
    if one.crowded:
        return known.subject == subject
    shared = one.members.keys() & other.members.keys()
    if any(_at_odds(one.members[name], other.members[name]) for name in shared):
        return False
    if known.subject == subject:
        return len(shared) >= _OF_ONE * min(len(one.members), len(other.members))
    return len(shared) >= max(_FEWEST, _OF_OTHERS * len(one.members.keys() | other.members.keys()))


def _at_odds(one: Outline, other: Outline) -> bool:
    """Tell whether a member holds an object here and a scalar there."""
    return bool(one.kinds and other.kinds) and (_nested(one.kinds) != _nested(other.kinds))


def _nested(kinds: Collection[str]) -> bool:
    return "object" in kinds or "array" in kinds
