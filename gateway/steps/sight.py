"""What the gate shows, leg by leg, to whoever watches it: captures, dry runs, cases and explanations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.flow import Flow, Leg
from gateway.formats.document import Document, Written
from gateway.regime import MessagePlan
from gateway.steps.find import Aim
from gateway.steps.judge import Hearing
from gateway.steps.record import Record


@dataclass(frozen=True, slots=True)
class Sight:
    """One leg after its decision. It holds the data of the flow as it came: never to be logged.

    `judged` has one record for each customer, and the frame (`count` 0) where there is one; `document` with the
    customer of each of its records is None for a leg without a body, and so are `plan` and `written`. `written` says
    what was touched; where the flow was already refused nothing was. A leg that could not be read is not shown.
    """

    flow: Flow
    leg: Leg
    aim: Aim
    hearing: Hearing
    judged: Sequence[Record]
    plan: MessagePlan | None = None
    document: Document | None = None
    customers: Sequence[str | None] = ()
    written: Written | None = None


Watch = Callable[[Sight], None]
"""Look at a leg. Must not raise, and must be swift: the gate waits for it."""
