"""What a view of a format offers, and what most of them have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar, Protocol

from gateway.discover.customers import in_record
from gateway.discover.draft import Suggestion
from gateway.discover.outline import Decimal, Outline, Purse, Told, Whole
from gateway.discover.proposal import Reason
from gateway.discover.records import Carried, around, beside
from gateway.discover.spots import Spotted, spots, tidy, written
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.selector import Step

Options = tuple[tuple[str, object], ...]
"""What a catalogue has to say of a message beside its fields, by the names of `Format.OPTIONS`."""

_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,15}[.,][0-9]{1,6}", re.ASCII)
MOST_ROWS = 5000
"""Rows of one body that are looked at."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A body as names and values: `trees` as `Outline.learn` takes them, one for the body or one for each row.

    `told` is what tells the request apart from others at its path; `remarks` are told beside the message.
    """

    trees: Sequence[object]
    options: Options = ()
    told: Told = ()
    remarks: tuple[str, ...] = ()


class View(Protocol):
    """One format. Selectors are relative to a record, but for `records`."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of each view
        """Give the format's name."""
        ...

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:
        """Read a body as the gate does. Raises `Unreadable`."""
        ...

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:
        """Settle what names may be shown, once everything was seen."""
        ...

    def carried(self, outline: Outline, subject: str) -> Carried:
        """Find the records of a tidied outline."""
        ...

    def frame(self, outline: Outline, steps: tuple[Step, ...]) -> Iterator[Spotted]:
        """Give the places around the records."""
        ...

    def records(self, steps: tuple[Step, ...]) -> str:
        """Write the selector of the records."""
        ...

    def field(self, spot: Spotted) -> str:
        """Write the selector of a place; "" where none is needed, or none can be written."""
        ...

    def said(self, spot: Spotted) -> tuple[str, tuple[str, ...]]:
        """Give what a place is called, and what stands above it, the nearest first."""
        ...

    def known(self, spot: Spotted) -> Reason | None:
        """Give the class that the format's own standard gives a place, as a reason; None for none."""
        ...

    def framed(self, spot: Spotted) -> str:
        """Write the selector of a place around the records."""
        ...

    def customers(self, found: Iterable[Spotted], records: int, subject: str) -> tuple[Suggestion, ...]:
        """Give the places that may name a record's customer, the likeliest first."""
        ...

    def options(self, seen: Options, selectors: Sequence[str], purse: Purse) -> Mapping[str, object]:
        """Give what the message has to say beside its fields; `seen` is what most of its bodies are like."""
        ...


class Base:
    """What most views have in common: names as in JSON, a body that is one record."""

    NAME: ClassVar[str] = ""

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:
        """See `View`."""
        tidy(outline, subject, echoes, maps=False)

    def carried(self, outline: Outline, subject: str) -> Carried:  # noqa: ARG002 - the protocol's
        """See `View`."""
        return Carried(None, outline, listed=False)

    def frame(self, outline: Outline, steps: tuple[Step, ...]) -> Iterator[Spotted]:
        """See `View`."""
        return beside(spots(around(outline, steps)), steps)

    def records(self, steps: tuple[Step, ...]) -> str:
        """See `View`."""
        return written(steps)

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        return written(spot.steps)

    def said(self, spot: Spotted) -> tuple[str, tuple[str, ...]]:
        """See `View`."""
        return spot.name, spot.around

    def known(self, spot: Spotted) -> Reason | None:  # noqa: ARG002 - the protocol's
        """See `View`."""
        return None

    def framed(self, spot: Spotted) -> str:
        """See `View`."""
        return self.field(spot)

    def customers(self, found: Iterable[Spotted], records: int, subject: str) -> tuple[Suggestion, ...]:
        """See `View`."""
        return in_record(found, records, subject, self.field)

    def options(
        self,
        seen: Options,
        selectors: Sequence[str],  # noqa: ARG002 - the protocol's
        purse: Purse,  # noqa: ARG002 - the protocol's
    ) -> Mapping[str, object]:
        """See `View`."""
        return dict(seen)


def typed(text: str) -> str:
    """Give a text as the number that it looks like, so that what is known of numbers counts; else as it is."""
    if _WHOLE.fullmatch(text):
        return Whole(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text
