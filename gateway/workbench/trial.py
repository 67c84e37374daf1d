"""What became of one flow on the workbench: what the log would say, what the gate saw, what the caller would get."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit.entry import Entry
from gateway.flow import Flow, Leg, Request, Response
from gateway.steps.sight import Sight


@dataclass(frozen=True, slots=True)
class Trial:
    """One flow after the gate.

    `entries` are what the audit log would hold, the request's first; a long one is in several parts. `sights` has one
    for each leg that was read and judged. `forwarded` is what the system would have been asked, None where the request
    was refused; `released` what the caller would get, treated or a refusal, None where no answer was there to judge;
    `answer` what the system gave. `parts` are the requests of a batch, each a flow by itself: nothing of theirs is in
    the batch's own entries and sights.
    """

    flow: Flow
    entries: tuple[Entry, ...]
    sights: tuple[Sight, ...]
    forwarded: Request | None
    released: Response | None
    answer: Response | None = None
    parts: tuple[Trial, ...] = ()

    @property
    def operation(self) -> str:
        """Name the operation, `system.name`; "" where the catalogue knows none."""
        return self.entries[0].operation

    @property
    def refusal(self) -> str:
        """Name the refusal of whichever leg was refused; "" where the flow is allowed as far as it was captured."""
        return next((entry.refusal for entry in self.entries if entry.refusal), "")

    @property
    def refused_leg(self) -> Leg | None:
        """Tell which leg was refused."""
        refused = next((entry for entry in self.entries if entry.refusal), None)
        if refused is None:
            return None
        return Leg.RESPONSE if refused.kind == "outcome" else Leg.REQUEST

    def sight(self, leg: Leg) -> Sight | None:
        """Give what the gate saw of one leg; None where that leg was never judged."""
        return next((sight for sight in self.sights if sight.leg is leg), None)
