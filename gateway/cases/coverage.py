"""What cases reach of what officers wrote: rules, what exempts from them, fields, operations; and what they don't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.cases.outcome import Outcome, Reading
from gateway.cases.said import exempted, said
from gateway.catalog.heads import parameter_pointer
from gateway.catalog.model import Catalogue, HeadField, Message
from gateway.errors import Place, Problem
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.policy.model import PolicySet
from gateway.workbench.values import message_of

KINDS = ("rules", "exceptions", "fields", "operations")
"""What cases can reach; exceptions are the `unless` of rules."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that cases can reach. `key` is what tells it from others of its `kind`, one of `KINDS`."""

    kind: str
    key: tuple[str, ...]
    place: Place
    message: str
    code: Fault


@dataclass(frozen=True, slots=True)
class Share:
    """How many of one kind were reached."""

    kind: str
    reached: int
    all: int

    @property
    def percent(self) -> float:
        """Give the share in percent; there being nothing to reach, everything was."""
        return 100.0 * self.reached / self.all if self.all else 100.0


class Coverage:
    """Adds up what outcomes reached."""

    def __init__(self, policies: PolicySet) -> None:
        """List what there is to reach."""
        self.policies = policies
        self.items = tuple(items(policies))
        self.reached: set[tuple[str, ...]] = set()

    def add(self, outcome: Outcome) -> None:
        """Count one outcome, and those of a batch's requests."""
        for part in outcome.trial.parts:
            self.add(replace(outcome, trial=part, _readings={}))
        if outcome.trial.operation:
            self.reached.add(("operation", outcome.trial.operation))
        self.reached.update(("rule", rule) for rule in said(outcome, observed=True))
        self.reached.update(("unless", rule) for rule in exempted(outcome))
        for reading in outcome.readings:
            self.reached.update(_outside(outcome.trial.operation, reading, self.policies))
            for one in {around for place in reading.places for around in place.around}:
                if one.within is not None:
                    plan = one.within.case.reading.plan
                    message = message_of(plan, one.record, self.policies).name
                    system = plan.name.partition(".")[0]
                    self.reached.update(("field", system, message, str(index)) for index in one.spot)

    def missed(self) -> tuple[Problem, ...]:
        """Give what no outcome reached, file by file."""
        found = (item for item in self.items if item.key not in self.reached)
        return tuple(sorted(Problem(item.place, item.message, code=item.code) for item in found))

    def shares(self) -> tuple[Share, ...]:
        """Give how much of each kind was reached."""
        return tuple(
            Share(kind, sum(item.key in self.reached for item in of), len(of))
            for kind in KINDS
            for of in [[item for item in self.items if item.kind == kind]]
        )


def items(policies: PolicySet) -> Iterator[Item]:
    """Give everything that cases can reach. What no operation carries can't be reached, and is no case's to reach."""
    for rule in (rule for policy in policies.policies for rule in policy.rules):
        yield Item("rules", ("rule", rule.id), rule.place, f"no case reaches {rule.id}", Fault.RULE_NOT_REACHED)
        if rule.unless is not None:
            message = f"no case is exempted from {rule.id} by its `unless`"
            yield Item("exceptions", ("unless", rule.id), rule.place, message, Fault.UNLESS_NOT_REACHED)
    for catalogue in policies.catalogues.values():
        for operation in catalogue.operations.values():
            key = ("operation", operation.name)
            yield Item(
                "operations", key, operation.place, f"no case reaches {operation.name}", Fault.OPERATION_NOT_REACHED
            )
            for one in operation.head:
                text = f"no case reaches {one.name} ({one.kind.replace('_', ' ')}) of {operation.name}"
                yield Item("fields", _key(operation.name, one), one.place, text, Fault.FIELD_NOT_REACHED)
        for carried in _carried(catalogue):
            yield from _fields(catalogue.name, carried)


def _key(operation: str, field: HeadField) -> tuple[str, ...]:
    return ("head", operation, field.kind, field.name)


def _outside(operation: str, reading: Reading, policies: PolicySet) -> Iterator[tuple[str, ...]]:
    """Give what was reached outside of the body; a query reaches its parameter by being asked."""
    labelled = policies.catalogues[operation.partition(".")[0]].operations[operation.partition(".")[2]].head
    answers = reading.sight.leg is Leg.RESPONSE
    here = [one for one in labelled if (one.kind == "response_headers") is answers]
    for one in reading.outside:
        yield from (_key(operation, here[index]) for index in one.spot if index < len(here))
    document = reading.sight.head.document
    asked = {pointer for pointer, _ in document.asked} if document else set()
    yield from (
        _key(operation, one)
        for one in here
        if one.language and (one.kind == "body_queries" or parameter_pointer(one) in asked)
    )


def _carried(catalogue: Catalogue) -> Iterable[Message]:
    """Give the messages that operations carry, and those that are the records of them."""
    on_legs = {name for one in catalogue.operations.values() for name in (one.body, one.response, one.errors) if name}
    names = {part.name for name in on_legs for part in catalogue.within(name)}
    return (message for name, message in catalogue.messages.items() if name in names)


def _fields(system: str, message: Message) -> Iterator[Item]:
    for index, field in enumerate(message.fields):
        key = ("field", system, message.name, str(index))
        text = f"no case reaches {field.written} of {system}.{message.name}"
        yield Item("fields", key, field.place, text, Fault.FIELD_NOT_REACHED)
    if message.class_:
        key = ("field", system, message.name, "0")
        text = f"no case reaches the document {system}.{message.name}"
        yield Item("fields", key, message.place, text, Fault.FIELD_NOT_REACHED)
