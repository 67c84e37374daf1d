"""What is proposed for a field, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """How much speaks for a proposal."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for a class: the phrase that was found in the name, or the values that fit a detector.

    `detector` is its name, "" for names and for documents' words; `fitting` of `looked_at` distinct values fit.
    """

    class_: str
    told: str
    weight: int
    detector: str = ""
    fitting: int = 0
    looked_at: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A class for a field. `doubts` are what somebody should look at, in words; there are some: it is to be reviewed.

    `secret`: the values look like something that opens something.
    """

    class_: str
    confidence: Confidence
    reasons: tuple[Reason, ...] = ()
    doubts: tuple[str, ...] = ()
    secret: bool = False

    @property
    def review(self) -> bool:
        """Tell whether somebody must look at it before it is relied on."""
        return bool(self.doubts) or self.confidence is Confidence.LOW
