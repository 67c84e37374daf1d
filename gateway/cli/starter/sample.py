"""A made-up request and answer of an operation, with a value for each field that the catalogue names. Nobody's data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from gateway.catalog.classes import covers
from gateway.catalog.model import Catalogue, CustomerSource, Field, Message, Operation
from gateway.catalog.template import Segment, parse
from gateway.formats import selector as selectors
from gateway.formats.selector import ANY, Step

CUSTOMER = "C-017"
"""The made-up customer."""

_OTHER = "1001"
_VALUES = (
    ("user.name", "Lin Wei"),
    ("user.contact.email", "lin.wei@example.com"),
    ("user.contact.phone_number", "+1 202 555 0143"),
    ("user.contact.address.city", "Hangzhou"),
    ("user.contact.address.country", "CN"),
    ("user.contact", "1 Example Road"),
    ("user.demographic.date_of_birth", "1988-04-12"),
    ("user.government_id", "ID-000000"),
    ("user.financial", "ACCT 0000 0000 4321"),
    ("user.payment", "CARD 0000 0000 4321"),
    ("user", "sample"),
    ("business.price", 1250),
    ("business.quantity", 12),
)
_MOST_ELEMENTS = 8


def target_of(catalogue: Catalogue, operation: Operation) -> str:
    """Give a path of the operation, decoded, the customer's id where the path names the customer."""
    message = catalogue.messages.get(operation.response or "")
    parts = [message, catalogue.messages.get(message.each or "")] if message else []
    whose = {part.customer.name for part in parts if part and part.customer and part.customer.kind == "path"}
    return "".join(f"/{_segment(segment, whose)}" for segment in parse(operation.request.path))


def request_target(catalogue: Catalogue, operation: Operation) -> str:
    """Give the raw target of a request: the path in escapes, with a parameter where one names the customer."""
    path = quote(target_of(catalogue, operation), safe="/")
    source = source_of(catalogue, operation)
    return f"{path}?{quote(source.name)}={CUSTOMER}" if source and source.kind == "query" else path


def source_of(catalogue: Catalogue, operation: Operation) -> CustomerSource | None:
    """Tell where the answer's records say whose they are."""
    message = catalogue.messages[operation.response or ""]
    return (catalogue.messages[message.each] if message.each else message).customer


def answer_of(catalogue: Catalogue, message: Message) -> Any:
    """Give a body with everything that the catalogue names and can be reached by names and indexes."""
    body = _filled({}, message.fields)
    if message.each is None or message.records is None:
        return _with_customer(body, message)
    each = catalogue.messages[message.each]
    record = _with_customer(_filled({}, each.fields), each)
    steps = selectors.parse(message.records).steps
    own = next((field.class_ for field in each.fields if field.names and field.selector == "$"), "")
    if steps and steps[-1] is ANY and (own or _by_name(each)):
        steps, record = steps[:-1], {CUSTOMER if _by_name(each) else str(value_of(own)): record}
    return _put(body, steps, record, keep=False)


def _segment(segment: Segment, whose: Iterable[str]) -> str:
    if segment.variable is None:
        return segment.prefix
    return f"{segment.prefix}{CUSTOMER if segment.variable in whose else _OTHER}{segment.suffix}"


def _filled(body: Any, fields: Iterable[Field]) -> Any:
    for field in sorted(fields, key=lambda field: (len(selectors.parse(field.selector).steps), not field.names)):
        steps = selectors.parse(field.selector).steps
        if steps and field.names:
            body = _put(body, steps[:-1], {str(value_of(field.class_)): None}, keep=True)
        elif steps:
            value = "" if field.contains else value_of(field.class_)  # an empty text holds no message
            body = _put(body, steps, value, keep=True)
    return body


def _by_name(message: Message) -> bool:
    return message.customer is not None and message.customer.kind == "name"


def _with_customer(body: Any, message: Message) -> Any:
    """Put the customer's id where the record names its customer."""
    source = message.customer
    if source is None or source.kind != "body":
        return body
    return _put(body, selectors.parse(source.name).steps, CUSTOMER, keep=False)


def value_of(class_: str) -> str | int:
    """Give a made-up value of a class."""
    return next((value for root, value in _VALUES if covers(root, class_)), "sample")


def _put(body: Any, steps: Sequence[Step], value: Any, *, keep: bool) -> Any:
    """Put a value down the steps, with objects and lists on the way; `keep`: what is there already stays."""
    if not steps:
        return body if keep and body not in ({}, None) else value
    step, *rest = steps
    if isinstance(step, str):
        members = body if isinstance(body, dict) else {}
        return {**members, step: _put(members.get(step), rest, value, keep=keep)}
    index = 0 if step is ANY else step
    if not isinstance(index, int) or not 0 <= index < _MOST_ELEMENTS:
        return body
    if step is ANY and isinstance(body, dict) and body:
        return {name: _put(member, rest, value, keep=keep) for name, member in body.items()}
    elements = list(body) if isinstance(body, list) else []
    elements += [None] * (index + 1 - len(elements))
    elements[index] = _put(elements[index], rest, value, keep=keep)
    return elements
