"""What the gate shows, leg by leg, to whoever watches it: captures, dry runs, cases and explanations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.flow import Flow, Leg
from gateway.formats.document import Document, Refused
from gateway.regime import MessagePlan
from gateway.steps.find import Aim
from gateway.steps.head import NO_HEAD, HeadCase
from gateway.steps.judge import Hearing
from gateway.steps.record import Record
from gateway.steps.treat import Case, Treated


@dataclass(frozen=True, slots=True)
class Sight:
    """One leg after its decision. It holds the data of the flow as it came: never to be logged.

    `judged` has the decisions on records, and on what is around them (`count` 0). `case` and `treated` are None for a
    leg without a body, `treated` as well where it could not be written; where the flow was already refused nothing was
    touched. `head` is what is labelled outside of the body. A leg that can't be read isn't shown.
    """

    flow: Flow
    leg: Leg
    aim: Aim
    hearing: Hearing
    judged: Sequence[Record]
    case: Case | None = None
    treated: Treated | None = None
    head: HeadCase = NO_HEAD

    @property
    def decided(self) -> Sequence[Record]:
        """Give the decisions on records, on what is around them, and on what is outside of the body."""
        return (*self.judged, *self.head.records)

    @property
    def refused(self) -> Sequence[Refused]:
        """Give the places that were refused, outside of the body and in it."""
        return (*self.head.refused, *(self.treated.refused if self.treated else ()))

    @property
    def plan(self) -> MessagePlan | None:
        """Give how the body was read."""
        return self.case.reading.plan if self.case else None

    @property
    def document(self) -> Document | None:
        """Give the body, without what is embedded in it."""
        return self.case.reading.document if self.case else None

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer of each of the body's own records."""
        return self.case.reading.customers if self.case else ()


Watch = Callable[[Sight], None]
"""Look at a leg. Must not raise, and must be swift: the gate waits for it."""
