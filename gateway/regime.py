"""The policies and catalogues in force, made ready once: what matches, how a body is read, what a rule reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.catalog.match import Matcher
from gateway.catalog.model import Catalogue, CustomerSource, Message, Operation
from gateway.errors import FaultyFiles, Problem
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.formats.document import Spot
from gateway.formats.json import Layout, layout
from gateway.formats.selector import Selector, parse
from gateway.policy.compile import RuleBook, compile_rules
from gateway.policy.model import PolicySet
from gateway.policy.readback import Form, carried
from gateway.treatments.registry import build

_Shown = tuple[tuple[Form, ...], frozenset[str]]
"""What responses of a system show: the forms of what they hide as unlisted, the classes of what they name."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What a record, or the envelope around records, labels: classes by field index, and the word for the rest.

    `hidden_forms` are the forms in which responses of the same system show unlisted places that they hide, `shown` the
    classes that they carry.
    """

    classes: tuple[str, ...] = ()
    unlisted: str | None = None
    hidden_forms: tuple[Form, ...] = ()
    shown: frozenset[str] = frozenset()

    def at(self, spot: Spot) -> frozenset[str]:
        """Give the classes of the fields that cover a place."""
        return frozenset(self.classes[index] for index in spot)

    def unlisted_on(self, leg: Leg) -> str:
        """Give what happens to unlisted places: hidden in responses; kept or refused, never changed, in requests."""
        if leg is Leg.RESPONSE:
            return self.unlisted or "redact"
        return "keep" if self.unlisted == "keep" else "refuse"


@dataclass(frozen=True, slots=True, eq=False)
class MessagePlan:
    """How one message is read.

    `layout` is for JSON, None for bodies that are passed or refused whole; `envelope` for lists, None where the body is
    the one record.
    """

    name: str
    format: str
    customer: CustomerSource | None
    layout: Layout | None
    record: Labels
    envelope: Labels | None
    classes: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class OperationPlan:
    """One operation with the plans of its legs; `errors` is for answers with an error status."""

    operation: Operation
    body: MessagePlan | None
    response: MessagePlan | None
    errors: MessagePlan | None


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """A policy set made ready. A new one replaces it whole at reload; flows that began keep theirs."""

    policies: PolicySet
    matcher: Matcher
    book: RuleBook
    operations: Mapping[str, OperationPlan]


def establish(policies: PolicySet) -> Regime:
    """Make a loaded policy set ready for the gate. Raises `FaultyFiles` for selectors that can't be used together."""
    problems: list[Problem] = []
    plans = {
        operation.name: _operation(catalogue, operation, shown, problems)
        for catalogue in policies.catalogues.values()
        for shown in [_shown(catalogue)]
        for operation in catalogue.operations.values()
    }
    if problems:
        raise FaultyFiles(problems)
    return Regime(policies, Matcher(policies.catalogues), compile_rules(policies), plans)


def _operation(catalogue: Catalogue, operation: Operation, shown: _Shown, problems: list[Problem]) -> OperationPlan:
    """Plan the legs of one operation."""

    def plan(name: str | None) -> MessagePlan | None:
        if name is None:
            return None
        message = catalogue.messages[name]
        try:
            return _message(catalogue, message, shown)
        except ValueError as error:
            hint = "keep one of the selectors, or label the parts one by one"
            problems.append(Problem(message.place, str(error), hint, code=Fault.SELECTORS_CLASH))
            return None

    return OperationPlan(operation, plan(operation.body), plan(operation.response), plan(operation.errors))


def _message(catalogue: Catalogue, message: Message, shown: _Shown) -> MessagePlan:
    """Plan one message: a single record, or an envelope with the records of `each`."""
    record = catalogue.messages[message.each] if message.each else message
    source = record.customer or message.customer
    own, each = _labels(message, shown), _labels(record, shown)
    return MessagePlan(
        name=f"{catalogue.name}.{message.name}",
        format=message.format,
        customer=source,
        layout=_layout(message, record, source) if message.format == "json" else None,
        record=each,
        envelope=own if message.each else None,
        classes=frozenset(own.classes) | frozenset(each.classes),
    )


def _labels(message: Message, shown: _Shown) -> Labels:
    """Give the classes of a message's fields, or of the whole of a document."""
    fields = tuple(field.class_ for field in message.fields)
    return Labels(fields or ((message.class_,) if message.class_ else ()), message.unlisted, *shown)


def _shown(catalogue: Catalogue) -> _Shown:
    """Give the forms in which any response of a system shows what no field names, and the classes of the rest."""
    operations = catalogue.operations.values()
    shown = {name for operation in operations for name in (operation.response, operation.errors)}
    shown |= {message.each for message in catalogue.messages.values() if message.name in shown}
    words = {message.unlisted or "redact" for message in catalogue.messages.values() if message.name in shown}
    hidden = ((build("redact", {}), "refuse"),) if "redact" in words else ()
    return hidden, frozenset(class_ for operation in operations for class_ in carried(catalogue, operation))


def _layout(message: Message, record: Message, source: CustomerSource | None) -> Layout:
    """Compile the selectors of a JSON message."""
    return layout(
        fields=_selectors(record),
        customer=parse(source.name) if source and source.kind == "body" else None,
        records=parse(message.records) if message.records else None,
        envelope=_selectors(message) if message.each else (),
    )


def _selectors(message: Message) -> tuple[Selector, ...]:
    """Give a message's selectors in the order of its fields."""
    return tuple(parse(field.selector) for field in message.fields)
