"""What a treatment is: a small frozen value that changes one scalar, and knows what it could have made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from gateway.formats.document import Scalar, Signal, Whole


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose value is treated and for what: the inputs of keyed treatments.

    `key` is 32 bytes, derived per customer and purpose; None where the customer is a stranger.
    """

    customer: str | None
    purpose: str | None
    key: bytes | None


class Treatment(Protocol):
    """Frozen, hashable, pure. Parameters are dataclass fields; `OPTIONS` describes them to the loader."""

    NAME: ClassVar[str]
    KEYED: ClassVar[bool]  # needs `Subject.key`: refused for a stranger
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
