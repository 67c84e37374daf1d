"""Steps 1 and 2: a leg's bytes become a document, and each of its records finds its customer."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import Unreadable
from gateway.flow import Flow, Headers, header
from gateway.formats import codings, json, sniff
from gateway.formats.document import Document
from gateway.formats.opaque import OpaqueDocument
from gateway.regime import MessagePlan
from gateway.steps.find import Aim
from gateway.steps.limits import BodyLimits

LONGEST_ID = 256
"""A customer's id of more characters is no id; nor is one with control characters."""


def read(plan: MessagePlan, headers: Headers, body: bytes, limits: BodyLimits) -> tuple[Document, bytes, str | None]:
    """Decode and parse a body as the catalogue says it is. Raises `Unreadable` where it isn't."""
    coding = header(headers, "content-encoding")
    plain = codings.decode(body, coding, limits.size, limits.ratio)
    if len(plain) > limits.size:
        raise Unreadable("body-too-large", "decoded body over the limit")
    sniff.agree(plan.format, header(headers, "content-type"), plain)
    if plan.layout is not None:
        return json.read(plain, plan.layout, limits.depth, limits.values), plain, coding
    return OpaqueDocument(plain, labelled=bool(plan.record.classes)), plain, coding


def customers_of(
    plan: MessagePlan, document: Document, flow: Flow, aim: Aim, answer_headers: Headers
) -> Sequence[str | None]:
    """Give the customer of each record: from the record itself, or from one place outside the body."""
    source = plan.customer
    if source is None or source.kind == "body":
        return [_sound(customer) for customer in document.customers]
    found = customer_outside(plan, flow, aim, answer_headers)
    return [found] * len(document.customers)


def customer_outside(plan: MessagePlan, flow: Flow, aim: Aim, answer_headers: Headers) -> str | None:
    """Give the customer that the path, the query or a header names; None where there is none or more than one."""
    source = plan.customer
    if source is None:
        return None
    match source.kind:
        case "path":
            return _sound(aim.match.variables.get(source.name))
        case "query":
            return _only([value for name, value in aim.target.query if name == source.name])
        case "request-header":
            return _only(_lines(flow.request.headers, source.name))
        case "response-header":
            return _only(_lines(answer_headers, source.name))
        case _:
            return None


def _lines(headers: Headers, name: str) -> list[str]:
    """Give each line of a header: two lines that name customers are two answers, not one."""
    wanted = name.lower()
    return [value.strip() for key, value in headers if key.lower() == wanted]


def _only(found: list[str]) -> str | None:
    """Give the one value there is."""
    return _sound(found[0]) if len(set(found)) == 1 else None


def _sound(customer: str | None) -> str | None:
    """Take no empty, endless or unprintable text for an id."""
    return customer if customer and len(customer) <= LONGEST_ID and customer.isprintable() else None
