"""What is asked of the policies: one leg of one flow, as far as a rule can look at it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.flow import Leg, Purpose


@dataclass(frozen=True, slots=True)
class Situation:
    """One leg of a flow. `source` and `target` are the flow's own on both legs: who asks, and who is asked.

    `operation` is a full name (`erp.read-order`); `role`, `kind` and `assurance` are the operator's, None where they
    are not proven; `peer` is the address of the caller, an IPv4 or IPv6 address as text.
    """

    source: str
    target: str
    operation: str
    leg: Leg
    purpose: Purpose | None
    role: str | None
    kind: str | None
    assurance: str | None
    peer: str

    @property
    def recipient(self) -> str:
        """Name the system that receives this leg's data."""
        return self.target if self.leg is Leg.REQUEST else self.source
