"""What every format offers: read bytes into records with their customers, and write them back with edits.

Formats know nothing of policies or treatments: the gate hands them plain callables. A *spot* is a place in a record,
named by the indexes of the catalogue fields that cover it; where several do, the gate joins their treatments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol

from gateway.formats.parts import Part

Scalar = str | int | Decimal | bool | None
"""A leaf value. Integers are `int`, other numbers `Decimal`: never `float`, so that no digit is lost."""

Spot = tuple[int, ...]
"""The indexes (in the message's field list, ascending) of the fields that cover a place; () is an unlisted place."""


Owner = Any
"""Whose a record is, as the gate hands it to edits: formats pass it on and never look at it. None: nobody known."""


class Signal(Enum):
    """What an edit may answer instead of a value."""

    REMOVE = "remove"
    DROP = "drop"  # REMOVE for an object's member; anywhere else, where what is missing would be lost, REFUSE
    REFUSE = "refuse"


class Whole(Enum):
    """What an edit does to a whole object or array."""

    DESCEND = "descend"  # treat each scalar inside
    EMPTY = "empty"  # leave {} or []
    REMOVE = "remove"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Edit:
    """What happens at a spot: `value` gets each scalar and the record's owner; the same object back: untouched.

    `hollow` is what an object or array meets that holds nothing, so that no scalar could be looked at; None: kept.
    `part` is asked in place of `value` where a format has a whole part or member for it; None: `value` gets its text.
    `many` does as `value` for each of many values, whosever they are, and gives the very same sequence where all stay;
    None: each has to be asked for by itself. `name` is asked for the name of a member, where `value` doesn't give that.
    """

    value: Callable[[Scalar, Owner], Scalar | Signal]
    whole: Whole = Whole.DESCEND
    hollow: Signal | None = None
    part: Callable[[Part, Owner], Part | Scalar | Signal] | None = None
    many: Callable[[Sequence[Scalar]], Sequence[Any]] | None = None
    name: Callable[[str, Owner], Scalar | Signal] | None = None


@dataclass(slots=True, eq=False)
class Edits:
    """What one decision does to a record; records that are decided alike share one object, so formats may memo on it.

    `of` gives the edit for a spot (None: keep the bytes as they are), `unlisted` the edit of places no field names.
    `memo` holds what was worked out from this object, each under a key of its own kind.
    """

    of: Callable[[Spot], Edit | None]
    unlisted: Edit | None = None
    memo: dict[object, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Touch:
    """How often one decision touched one place.

    `pointer` is a JSON Pointer with `*` for list indexes and `?` for the names of unlisted members: a name can be a
    value of someone's data.
    """

    edits: Edits
    spot: Spot
    pointer: str
    count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A place where an edit answered REFUSE: `pointer` as in `Touch`, and what was asked for there.

    `why` names the refusal, where more is known than that the edit refused.
    """

    pointer: str
    spot: Spot
    edits: Edits
    why: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A message after its edits. `body` is the very same object that was read when nothing changed.

    `refused` are places (at most ten, each pointer once) where an edit answered REFUSE; the body is then unusable.
    """

    body: bytes
    touches: tuple[Touch, ...] = ()
    refused: tuple[Refused, ...] = ()


class Document(Protocol):
    """A message that was read: its records' customers, in order (None: not found), and how to write it back."""

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer of each record, in the order of the records."""
        ...

    def lookup(self, selector: str) -> str | int | None:
        """Give the text or whole number that a singular selector finds in the body; None for anything else."""
        ...

    def write(self, records: Sequence[Edits], envelope: Edits, owners: Sequence[Owner] | None = None) -> Written:
        """Apply one `Edits` a record, and `envelope` to what stands around the records of a list.

        `owners` are handed to the edits, one a record; None: the names of the document's own customers.
        """
        ...
