"""What a set of rules asks about: the few facts that can change what it decides, and so the key to remember it by.

A fact that no rule asks about is left out, and a value that no rule names counts as any other such value. So a caller
can't crowd the memory with invented purposes, and customers who differ in nothing that matters share a decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.flow import ANYONE, CustomerFacts
from gateway.policy.conditions import attribute
from gateway.policy.model import ABOUT_FIELDS, Condition, ConsentKind, Rule
from gateway.policy.situation import OPERATOR, Situation


class _Other(Enum):
    """Stands for every value that no rule names."""

    OTHER = "other"


_OTHER = _Other.OTHER


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """The values that rules name of each fact; empty where none asks. `classes`: the message's classes matter."""

    purposes: frozenset[str]
    operator: tuple[tuple[str, frozenset[str]], ...]
    customer: tuple[tuple[str, frozenset[str]], ...]
    consents: frozenset[str]
    network: bool
    time: bool
    classes: bool

    def situation_key(self, situation: Situation) -> tuple[object, ...]:
        """Give what these rules can tell of a situation, its route and peer apart."""
        purpose = situation.purpose
        return (
            (_seen(purpose.name, self.purposes), purpose.source) if self.purposes and purpose is not None else None,
            *[_seen(getattr(situation, name), values) for name, values in self.operator],
        )

    def customer_key(self, customer: CustomerFacts) -> object:
        """Give what these rules can tell of a customer: None for a stranger."""
        if customer is ANYONE:
            return ANYONE
        if customer.customer is None:
            return None
        consents = self.consents & customer.consents if self.consents else self.consents
        if not self.customer:
            return consents
        return (consents, *[_seen(attribute(customer, name), values) for name, values in self.customer])


def _seen(value: str | None, named: frozenset[str]) -> object:
    """Keep a value that some rule names, and None; every other is alike."""
    return value if value is None or value in named else _OTHER


def gather(rules: Iterable[Rule], declared: Mapping[str, ConsentKind]) -> Asks:
    """Collect what rules ask about."""
    rules = tuple(rules)
    conditions = [c for rule in rules for c in (rule.scope, rule.when, rule.unless) if c is not None]
    kinds = [declared[c.consent] for c in conditions if c.consent is not None]
    names = sorted({name for c in conditions for name in c.customer})
    return Asks(
        purposes=_union(c.purposes or () for c in conditions) | _union(kind.purposes for kind in kinds),
        operator=tuple(_named(conditions, name) for name in OPERATOR if any(name in c.operator for c in conditions)),
        customer=tuple((name, _union(c.customer.get(name, ()) for c in conditions)) for name in names),
        consents=frozenset(kind.name for kind in kinds),
        network=any(c.network for c in conditions),
        time=any(c.time for c in conditions),
        classes=any(_hangs_on_classes(rule, declared) for rule in rules),
    )


def _named(conditions: Iterable[Condition], name: str) -> tuple[str, frozenset[str]]:
    """Give an attribute of the operator with the values that conditions name."""
    return name, _union(c.operator.get(name, ()) for c in conditions)


def _hangs_on_classes(rule: Rule, declared: Mapping[str, ConsentKind]) -> bool:
    """Tell whether a message's classes matter to a rule about whole messages."""
    consent = rule.unless.consent if rule.unless is not None else None
    limited = consent is not None and declared[consent].classes
    return rule.kind not in ABOUT_FIELDS and bool(rule.classes or limited)


def _union(sets: Iterable[Iterable[str]]) -> frozenset[str]:
    """Join sets into one."""
    return frozenset().union(*sets)
