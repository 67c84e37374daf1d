"""What a treatment is: a small frozen value that changes one scalar, and knows what it could have made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from gateway.formats.document import Scalar, Signal, Whole
from gateway.tokens.keys import CustomerKeys


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose value is treated, and what it is: the inputs of keyed treatments.

    `field` are the classes of its place, joined by "+". `keys` are the customer's own, lent for this leg and purpose;
    None for a stranger, and where there are none that may be used.
    """

    customer: str | None
    field: str = ""
    keys: CustomerKeys | None = None


class Treatment(Protocol):
    """Frozen, hashable, pure. Parameters are dataclass fields; `OPTIONS` describes them to the loader."""

    NAME: ClassVar[str]
    KEYED: ClassVar[bool]  # needs `Subject.keys`: refused for a stranger, and where the keys are gone
    WHOLE: ClassVar[Whole]

    def apply(self, value: Scalar, subject: Subject) -> Scalar | Signal:
        """Give the treated value; never raise on any scalar."""
        ...

    def could_have_made(self, value: Scalar) -> bool:
        """Tell whether the value could be this treatment's output: a masked value that is written back."""
        ...

    def join(self, other: Self) -> Treatment:
        """Give the least treatment that hides what both hide (same class; `lattice.join` handles the rest)."""
        ...
