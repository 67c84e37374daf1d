"""What a passport and the attributes say of one customer now, and until when that holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.flow import CustomerFacts
from gateway.passport.chain import head, verify_quickly
from gateway.passport.event import Keys
from gateway.passport.force import NEVER, in_force, next_change


@dataclass(frozen=True, slots=True)
class Known:
    """Facts with the time, in nanoseconds since the epoch, from which they must be worked out anew."""

    facts: CustomerFacts
    until: int


def know(
    customer: str,
    events: Sequence[bytes],
    attributes: Mapping[str, str],
    *,
    versions: Mapping[str, int],
    keys: Keys,
    now: int,
    before: Known | None = None,
) -> Known:
    """Work out the facts of one customer; raises `BrokenPassport`.

    `before`, where it still holds, is given back as it is: the facts keep their identity for whoever remembers by them.
    """
    current = head(events)
    if before and before.facts.passport == current and before.facts.attributes == attributes and now < before.until:
        return before
    if not events and not attributes:
        return Known(CustomerFacts(customer), NEVER)
    history = verify_quickly(events, keys, customer)
    facts = CustomerFacts(customer, in_force(history, now, versions), dict(attributes), current)
    return Known(facts, next_change(history, now))
