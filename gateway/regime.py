"""The policies and catalogues in force, made ready once: what matches, how a body is read, what a rule reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.catalog.heads import layout
from gateway.catalog.match import Matcher
from gateway.catalog.model import Catalogue, CustomerSource, Message, Operation
from gateway.errors import FaultyFiles, Problem
from gateway.faults import Fault
from gateway.flow import Flow, Leg, Response
from gateway.formats.document import Spot
from gateway.formats.format import Format, Shape, united
from gateway.formats.head import HeadLayout
from gateway.formats.query_language import Fields
from gateway.formats.registry import FORMATS
from gateway.formats.tally import pointer
from gateway.policy.compile import RuleBook, compile_rules
from gateway.policy.model import PolicySet
from gateway.policy.readback import Form, carried
from gateway.refusals import problem
from gateway.treatments.registry import build

_NONE = frozenset({""})
_DEEPEST = 8
"""How deep messages may hold each other in the catalogue."""

_Shown = tuple[tuple[Form, ...], frozenset[str]]
"""What responses of a system show: the forms of what they hide as unlisted, the classes of what they name."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What a record, or the envelope around records, labels: classes by field index, and the word for the rest.

    `hidden_forms` are the forms in which responses of the same system show unlisted places that they hide, `shown` the
    classes that they carry. `contains` tells, by field index, which fields hold a whole message; such a field may have
    the class "": none of its own. `addresses` are the fields whose values are addresses. `asked` is the word for
    requests, where it isn't that for bodies.
    """

    classes: tuple[str, ...] = ()
    unlisted: str | None = None
    hidden_forms: tuple[Form, ...] = ()
    shown: frozenset[str] = frozenset()
    contains: Mapping[int, Contained] = field(default_factory=dict)
    addresses: frozenset[int] = frozenset()
    asked: str | None = None

    def at(self, spot: Spot) -> frozenset[str]:
        """Give the classes of the fields that cover a place."""
        return frozenset(self.classes[index] for index in spot) - _NONE

    def contained(self, spot: Spot) -> Contained | None:
        """Give what a place holds, where it holds a whole message."""
        return next((self.contains[index] for index in spot if index in self.contains), None)

    def is_address(self, spot: Spot) -> bool:
        """Tell whether a place holds an address."""
        return not self.addresses.isdisjoint(spot)

    def unlisted_on(self, leg: Leg) -> str:
        """Give what happens to unlisted places: hidden in responses; kept or refused, never changed, in requests."""
        if leg is Leg.RESPONSE:
            return self.unlisted or "redact"
        if self.asked is not None:
            return self.asked
        return "keep" if self.unlisted == "keep" else "refuse"


@dataclass(frozen=True, slots=True, eq=False)
class MessagePlan:
    """How one message is read.

    `layout` is the format's own; `envelope` is for lists, None where the body is the one record. `classes` are those of
    everything in it, embedded messages included.
    """

    name: str
    format: Format
    customer: CustomerSource | None
    layout: Any
    record: Labels
    envelope: Labels | None
    classes: frozenset[str]

    @property
    def contains(self) -> bool:
        """Tell whether whole messages may be embedded in it."""
        return bool(self.record.contains or (self.envelope and self.envelope.contains))


@dataclass(frozen=True, slots=True, eq=False)
class Contained:
    """A message in a field of another: its plan, how the value holds it, and the JSON Pointer of the field."""

    plan: MessagePlan
    coding: str
    pointer: str


@dataclass(frozen=True, slots=True, eq=False)
class HeadPlan:
    """How what is outside of bodies is read on one leg.

    `labels` has the classes of the labelled places, then those of the fields that query languages may name: they are
    fields of `answered`.
    """

    layout: HeadLayout
    labels: Labels
    answered: MessagePlan | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OperationPlan:
    """One operation with the plans of its legs; `errors` is for answers with an error status.

    `heads` are the plans of what is labelled outside of bodies, by leg; None where nothing is.
    """

    operation: Operation
    body: MessagePlan | None
    response: MessagePlan | None
    errors: MessagePlan | None
    heads: Mapping[Leg, HeadPlan | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """A policy set made ready. A new one replaces it whole at reload; flows that began keep theirs."""

    policies: PolicySet
    matcher: Matcher
    book: RuleBook
    operations: Mapping[str, OperationPlan]

    def refused(self, name: str, leg: Leg, flow: Flow) -> Response:
        """Give a refusal, in the form that the catalogue of the system says."""
        catalogue = self.policies.catalogues.get(flow.to)
        return problem(name, leg, flow.id, catalogue.refusals if catalogue is not None else "problem")


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
        return None if name is None else _Planner(catalogue, shown, problems).plan(catalogue.messages[name])

    heads = {leg: _head(leg, operation, catalogue, shown, plan) for leg in Leg}
    return OperationPlan(operation, plan(operation.body), plan(operation.response), plan(operation.errors), heads)


_Plan = Callable[[str | None], MessagePlan | None]
"""Plan a message by its name; None for none."""


def _head(leg: Leg, operation: Operation, catalogue: Catalogue, shown: _Shown, plan: _Plan) -> HeadPlan | None:
    """Plan what is labelled outside of the bodies of a leg; None where nothing is, and nothing else is looked at."""
    asked = leg is Leg.REQUEST
    fields = tuple(one for one in operation.head if (one.kind != "response_headers") is asked)
    rest = operation.unlisted_query if asked else operation.unlisted_response_headers
    if rest is None:
        rest = "refuse" if asked and any(one.kind == "query" for one in fields) else "keep"
    if not fields and rest == "keep":
        return None
    of = next((one.of or operation.response for one in fields if one.language), None)
    answered = plan(of)
    named = Fields(_selectors(catalogue, of), len(fields), _form(catalogue, of)) if answered else Fields(())
    query = asked and (rest != "keep" or any(one.kind == "query" for one in fields))
    headers = not asked and rest != "keep"
    return HeadPlan(
        layout=layout(operation.request.path, fields, named, query=query, headers=headers),
        labels=Labels(
            (*(one.class_ for one in fields), *(answered.record.classes if answered else ())),
            None if asked else rest,
            *shown,
            asked=rest if asked else None,
        ),
        answered=answered,
    )


def _selectors(catalogue: Catalogue, name: str | None) -> tuple[str, ...]:
    """Give the selectors of a record's fields."""
    message = catalogue.messages[name or ""]
    record = catalogue.messages[message.each] if message.each else message
    return tuple(field.selector for field in record.fields)


def _form(catalogue: Catalogue, name: str | None) -> str:
    """Give the format of a message."""
    return catalogue.messages[name or ""].format


class _Planner:
    """Plans messages of one catalogue; what can't be planned is recorded, and None."""

    def __init__(self, catalogue: Catalogue, shown: _Shown, problems: list[Problem]) -> None:
        self.catalogue = catalogue
        self.shown = shown
        self.problems = problems

    def plan(self, message: Message, depth: int = 0) -> MessagePlan | None:
        """Plan one message: a single record, or an envelope with the records of `each`."""
        if depth > _DEEPEST:
            self.problems.append(
                Problem(message.place, "messages hold each other without end", code=Fault.SELECTORS_CLASH)
            )
            return None
        record = self.catalogue.messages[message.each] if message.each else message
        source = record.customer or message.customer
        each = self._labels(record, depth)
        own = self._labels(message, depth) if message.each else None
        form = FORMATS[message.format]
        try:
            layout = form.layout(
                Shape(
                    fields=tuple(field.selector for field in record.fields),
                    customer=source.name if source and source.kind == "body" else None,
                    records=message.records,
                    envelope=tuple(field.selector for field in message.fields) if message.each else (),
                    options={**united(record.options, message.options), "labelled": bool(each.classes)},
                    names=_names(record),
                    envelope_names=_names(message) if message.each else frozenset(),
                    by_name=source is not None and source.kind == "name",
                )
            )
        except ValueError as error:
            hint = "keep one of the selectors, or label the parts one by one"
            self.problems.append(Problem(message.place, str(error), hint, code=Fault.SELECTORS_CLASH))
            return None
        return MessagePlan(
            name=f"{self.catalogue.name}.{message.name}",
            format=form,
            customer=source,
            layout=layout,
            record=each,
            envelope=own,
            classes=_classes(each) | (_classes(own) if own else frozenset()),
        )

    def _labels(self, message: Message, depth: int) -> Labels:
        """Give the classes of a message's fields, or of the whole of a document, and what the fields hold."""
        fields = tuple(field.class_ for field in message.fields)
        contains: dict[int, Contained] = {}
        for index, field_ in enumerate(message.fields):
            held = self.plan(self.catalogue.messages[field_.contains], depth + 1) if field_.contains else None
            if held is not None:
                contains[index] = Contained(held, field_.encoded, pointer(field_.selector))
        return Labels(
            fields or ((message.class_,) if message.class_ else ()),
            message.unlisted,
            *self.shown,
            contains=contains,
            addresses=frozenset(index for index, field_ in enumerate(message.fields) if field_.address),
        )


def _names(message: Message) -> frozenset[int]:
    """Give the indexes of fields that label names."""
    return frozenset(index for index, field in enumerate(message.fields) if field.names)


def _classes(labels: Labels) -> frozenset[str]:
    """Give the classes of fields, and of what they hold."""
    held = (contained.plan.classes for contained in labels.contains.values())
    return frozenset(labels.classes).union(*held) - _NONE


def _shown(catalogue: Catalogue) -> _Shown:
    """Give the forms in which any response of a system shows what no field names, and the classes of the rest."""
    operations = catalogue.operations.values()
    shown = {name for operation in operations for name in (operation.response, operation.errors)}
    shown |= {message.each for message in catalogue.messages.values() if message.name in shown}
    words = {message.unlisted or "redact" for message in catalogue.messages.values() if message.name in shown}
    hidden = ((build("redact", {}), "refuse"),) if "redact" in words else ()
    return hidden, frozenset(class_ for operation in operations for class_ in carried(catalogue, operation))
