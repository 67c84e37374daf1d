"""When a condition holds: true, false, or unknown where an attribute that it asks for is missing or not trusted.

A condition is the Kleene conjunction of its written parts: false if any part is certainly false, else unknown if any is
unknown, else true. Knowing less therefore only ever moves an answer towards unknown, which grants nothing, exempts
from nothing and leaves every restriction in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network

from gateway.flow import CustomerFacts
from gateway.policy.model import Condition, ConsentKind, Rule, Window
from gateway.policy.situation import OPERATOR, Situation

Network = IPv4Network | IPv6Network


class Truth(Enum):
    """The three values of a condition."""

    FALSE = "false"
    UNKNOWN = "unknown"
    TRUE = "true"


@dataclass(frozen=True, slots=True)
class Finding:
    """A truth, and for people a note on why it isn't simply true; notes never hold a value."""

    truth: Truth
    note: str = ""


TRUE = Finding(Truth.TRUE)
FALSE = Finding(Truth.FALSE)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything that a condition can look at.

    `networks` are those of the rule book that the peer's address lies in, `windows` those that are open now; None
    where the address or the time can't be told.
    """

    situation: Situation
    customer: CustomerFacts
    networks: frozenset[Network] | None
    windows: frozenset[Window] | None


@dataclass(frozen=True, slots=True)
class Exemption:
    """What an `unless` comes to: whether it certainly exempts, and if so which classes (empty: all)."""

    certain: bool
    classes: frozenset[str] = frozenset()
    note: str = ""


def reaches(condition: Condition, situation: Situation) -> bool:
    """Tell whether the parts that are always known (systems, operation, leg) hold."""
    return (
        (not condition.from_ or situation.source in condition.from_)
        and (not condition.to or situation.target in condition.to)
        and (not condition.operations or situation.operation in condition.operations)
        and (condition.leg is None or condition.leg is situation.leg)
    )


def asks_customer(rule: Rule) -> bool:
    """Tell whether a rule asks about the customer: an attribute, or a consent."""
    conditions = (rule.scope, rule.when, rule.unless)
    return any(condition.customer or condition.consent for condition in conditions if condition is not None)


def find(condition: Condition, around: Circumstances) -> Finding:
    """Tell whether every written part holds, `consent` apart (see `exempts`)."""
    if not reaches(condition, around.situation):
        return FALSE
    return both(*_parts(condition, around))


def both(*findings: Finding) -> Finding:
    """Join findings as a Kleene conjunction."""
    if any(finding.truth is Truth.FALSE for finding in findings):
        return FALSE
    notes = [finding.note for finding in findings if finding.truth is Truth.UNKNOWN]
    return Finding(Truth.UNKNOWN, "; ".join(dict.fromkeys(notes))) if notes else TRUE


def exempts(unless: Condition | None, around: Circumstances, declared: Mapping[str, ConsentKind]) -> Exemption:
    """Tell whether an `unless` certainly holds, and for which classes."""
    if unless is None:
        return Exemption(certain=False)
    rest = find(unless, around)
    if unless.consent is None or rest.truth is Truth.FALSE:
        return Exemption(rest.truth is Truth.TRUE, note=rest.note)
    kind = declared[unless.consent]
    consent = _consent(unless, kind, around)
    if consent.truth is Truth.TRUE and rest.truth is Truth.TRUE:
        return Exemption(
            certain=True, classes=kind.classes, note="consent covers other classes" if kind.classes else ""
        )
    notes = (consent.note, rest.note)
    return Exemption(certain=False, note="; ".join(note for note in dict.fromkeys(notes) if note))


def _parts(condition: Condition, around: Circumstances) -> Iterator[Finding]:
    """Find each written part whose truth hangs on the moment."""
    situation = around.situation
    if condition.purposes:
        yield _purpose(condition.purposes, condition.purpose_from, situation)
    for name, allowed in condition.operator.items():
        proven = getattr(situation, name) if name in OPERATOR else None
        yield _among(proven, allowed, f"{name} unknown")
    for name, allowed in condition.customer.items():
        yield _among(attribute(around.customer, name), allowed, f"customer's {name} unknown")
    if condition.time:
        yield _overlaps(condition.time, around.windows, "time unknown")
    if condition.network:
        yield _overlaps(condition.network, around.networks, "network unknown")


def attribute(customer: CustomerFacts, name: str) -> str | None:
    """Give an attribute of a customer: None for a stranger, and for whatever isn't a text."""
    value: object = None if customer.customer is None else customer.attributes.get(name)
    return value if isinstance(value, str) else None


def _purpose(purposes: frozenset[str], trusted: frozenset[str], situation: Situation) -> Finding:
    """Find a purpose among those named; one whose source isn't trusted says nothing, not even no."""
    if situation.purpose is None:
        return Finding(Truth.UNKNOWN, "purpose unknown")
    if situation.purpose.source not in trusted:
        return Finding(Truth.UNKNOWN, "purpose not trusted")
    return TRUE if situation.purpose.name in purposes else FALSE


def _among(value: str | None, allowed: frozenset[str], note: str) -> Finding:
    """Find a value among those allowed."""
    if value is None:
        return Finding(Truth.UNKNOWN, note)
    return TRUE if value in allowed else FALSE


def _overlaps(
    written: tuple[Window, ...] | tuple[Network, ...], held: frozenset[Window] | frozenset[Network] | None, note: str
) -> Finding:
    """Find any of the written windows or networks among those that hold."""
    if held is None:
        return Finding(Truth.UNKNOWN, note)
    return FALSE if held.isdisjoint(written) else TRUE


def _consent(unless: Condition, kind: ConsentKind, around: Circumstances) -> Finding:
    """Find whether a consent was given, and was given for this purpose and recipient."""
    if around.customer.customer is None:
        return Finding(Truth.UNKNOWN, "customer unknown")
    if kind.name not in around.customer.consents:
        return Finding(Truth.FALSE, "consent missing")
    if kind.recipients and around.situation.recipient not in kind.recipients:
        return Finding(Truth.FALSE, "consent not for this recipient")
    if not kind.purposes:
        return TRUE
    purpose = _purpose(kind.purposes, unless.purpose_from, around.situation)
    return Finding(Truth.FALSE, "consent not for this purpose") if purpose.truth is Truth.FALSE else purpose
