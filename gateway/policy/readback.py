"""What a caller may have read: the treated forms that, written back, would overwrite the truth.

The caller wrote down what an earlier response showed, and only this much is certain about that response: who asked
whom, and whose record it was. It may have been read under another purpose, by another person, from another place, at
another time, before a consent was given. So a protection counts here unless the systems, the operation or what is known
of the customer rules it out for certain. Since any selection of the protections that count may have been in force
together, so does every join of them: what is actually decided now is among these.

What an earlier policy set made of a value is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from gateway.catalog.classes import covers
from gateway.catalog.model import Catalogue, Operation
from gateway.flow import CustomerFacts, Leg
from gateway.policy.compile import RuleBook
from gateway.policy.decide import decide
from gateway.policy.decision import Held
from gateway.policy.situation import OPERATOR, Situation
from gateway.treatments.contract import Treatment
from gateway.treatments.lattice import KEEP, join, join_all

Form = tuple[Treatment, str]
"""A treatment that a value may have met, and what meets it when it is written back: `refuse` or `drop`."""

LIMIT = 256
"""How many joins are followed. Beyond it each single treatment and the join of all still count."""


def readback(
    book: RuleBook, situation: Situation, customer: CustomerFacts, classes: frozenset[str]
) -> tuple[Form, ...]:
    """Give the forms in which this caller may have read values of this customer, in the target system.

    `classes` are those of one place: where it has several, their treatments may have been joined.
    """
    key = (situation.source, situation.target, classes, alike(book, customer))
    found = book.forms.get(key)
    if found is None:
        found = book.forms.put(key, _close(_protections(book, situation, customer, classes)))
    return found


def alike(book: RuleBook, customer: CustomerFacts) -> object:
    """Give what tells customers apart here: two with equal ones have the same forms."""
    return book.asks.customer_key(_unconsented(customer))


def _protections(
    book: RuleBook, situation: Situation, customer: CustomerFacts, classes: frozenset[str]
) -> Iterator[Held]:
    """Give each protection that may have reached a place of these classes in a response of the target system."""
    catalogue = book.policies.catalogues.get(situation.target)
    if catalogue is None:
        return
    nothing: dict[str, Any] = dict.fromkeys(OPERATOR)
    nobody = replace(situation, leg=Leg.RESPONSE, purpose=None, peer="", **nothing)
    for operation in catalogue.operations.values():
        classed = frozenset(carried(catalogue, operation))
        related = frozenset(c for c in classed if any(covers(c, one) or covers(one, c) for one in classes))
        if related:
            asked = replace(nobody, operation=operation.name)
            decision = decide(book, asked, _unconsented(customer), classed, None)
            yield from (held for held in decision.protections if held.protects(related))


def _unconsented(customer: CustomerFacts) -> CustomerFacts:
    """Forget the consents: they may be younger than what was read."""
    return CustomerFacts(customer.customer, frozenset(), customer.attributes)


def carried(catalogue: Catalogue, operation: Operation) -> Iterator[str]:
    """Give the classes that an operation's responses carry: of lists' records, of error bodies, of header fields."""
    for name in (operation.response, operation.errors):
        for message in catalogue.within(name) if name is not None else ():
            yield from (field.class_ for field in message.fields if field.class_)
            if message.class_ is not None:
                yield message.class_
    yield from (one.class_ for one in operation.head if one.kind == "response_headers" and one.class_)


def _close(protections: Iterable[Held]) -> tuple[Form, ...]:
    """Give the treatments and all of their joins; a form is dropped only if every rule that may make it says so."""
    single: dict[Treatment, str] = {}
    for held in protections:
        treatment = held.rule.treatment
        if treatment is not None and treatment != KEEP:
            _add(single, treatment, held.rule.write_back)
    forms = dict(single)
    for treatment, write_back in single.items():
        for other, others in tuple(forms.items()) if len(forms) < LIMIT else ():
            _add(forms, join(treatment, other), write_back if write_back == others else "refuse")
    if single:
        _add(forms, join_all(single), "drop" if set(single.values()) == {"drop"} else "refuse")
    return tuple(forms.items())


def _add(forms: dict[Treatment, str], treatment: Treatment, write_back: str) -> None:
    """Note a form; where rules differ on what meets it, it is refused: never dropped in silence."""
    forms[treatment] = write_back if forms.get(treatment, write_back) == write_back else "refuse"
