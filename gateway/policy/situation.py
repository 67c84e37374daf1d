"""What is asked of the policies: one leg of one flow, as far as a rule can look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.flow import ATTESTED, CLAIMED, NONE, Device, Leg, Operator, Purpose

OPERATOR: dict[str, tuple[str, ...] | None] = {
    "role": None,
    "kind": ("human", "agent"),
    "assurance": None,
    "holder": (ATTESTED,),
    "presence": (ATTESTED, CLAIMED),
    "device": (ATTESTED, CLAIMED),
    "boot": ("secure",),
    "debug": ("enabled", "disabled"),
}
"""What can be asked of an operator, and the words for it; None: any. `none` is not among them: it is not known."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One leg of a flow. `source` and `target` are the flow's own on both legs: who asks, and who is asked.

    `operation` is a full name (`erp.read-order`); `peer` is the address of the caller, an IPv4 or IPv6 address as text,
    "" where it can't be told. The others are the operator's (`OPERATOR`), None where they are not proven.
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
    holder: str | None = None
    presence: str | None = None
    device: str | None = None
    boot: str | None = None
    debug: str | None = None

    @property
    def recipient(self) -> str:
        """Name the system that receives this leg's data."""
        return self.target if self.leg is Leg.REQUEST else self.source


def told_of(operator: Operator) -> dict[str, str | None]:
    """Give what is known of an operator, by the names of `OPERATOR`. Only an attested device says how it started."""
    device = operator.device
    attested = device if device is not None and device.evidence == ATTESTED else None
    return {
        "role": operator.role,
        "kind": operator.kind,
        "assurance": operator.assurance,
        "holder": operator.holder if operator.holder != NONE else None,
        "presence": operator.presence if operator.presence != NONE else None,
        "device": device.evidence if device is not None else None,
        "boot": attested.boot if attested is not None else None,
        "debug": attested.debug if attested is not None else None,
    }


def supposed(told: Mapping[str, str | None], system: str, subject: str = "", how: str = "none") -> Operator:
    """Give an operator of whom this is known, as `told_of` tells it: for what is only tried."""
    boot, debug = told.get("boot"), told.get("debug")
    evidence = told.get("device") or (ATTESTED if boot or debug else None)
    return Operator(
        system=system,
        subject=subject,
        role=told.get("role"),
        kind=told.get("kind"),
        assurance=told.get("assurance"),
        authenticated=how,
        holder=told.get("holder") or NONE,
        presence=told.get("presence") or NONE,
        device=Device(evidence, "supposed", boot=boot, debug=debug) if evidence else None,
    )
