"""The schema of a catalogue."""

from __future__ import annotations

from gateway.catalog.load import LEGS, OPERATION, TOP
from gateway.catalog.messages import COMPLIANCE, FORMATS, MESSAGE, ONLY_JSON, SOURCES, UNLISTED
from gateway.catalog.requests import HEADER, METHOD
from gateway.catalog.requests import KEYS as REQUEST
from gateway.policy.schemas.parts import (
    Schema,
    described,
    document,
    exactly,
    flag,
    mapping,
    name,
    reference,
    some,
    table,
    text,
    titled,
    version,
    words,
)

_SELECTOR = r"^\$"
_FORMATS = {
    "json": "JSON: its fields are labelled one by one.",
    "pdf": "A PDF document: it can be marked.",
    "png": "A PNG image: it can be marked.",
    "jpeg": "A JPEG image: it can be marked.",
    "bytes": "Anything else: it is passed or refused as a whole.",
}
_UNLISTED = {
    "keep": "They are shown as they are, and may be written.",
    "redact": "They are redacted in responses, and refused in requests.",
    "remove": "They are taken out of responses, and refused in requests.",
    "refuse": "The flow is refused.",
}
_SOURCES = {
    "path": text("A variable of the operation's path.", examples=["customer"]),
    "query": text("A parameter of the query.", examples=["customer_id"]),
    "request-header": text("A header of the request.", f"^{HEADER}$", ["X-Customer-Id"]),
    "response-header": text("A header of the response.", f"^{HEADER}$", ["X-Customer-Id"]),
}
_COMPLIANCE = {
    "collected_for": text("The purpose for which it was collected.", examples=["order fulfilment"]),
    "shared_with": some(text(), "Who else gets it.", [["crm"]]),
    "retention": text("How long it is kept.", examples=["10 years after the contract ends"]),
    "deletion": text("How it ends.", examples=["erase"]),
}


def catalogue_schema() -> Schema:
    """Make the schema of `catalog/*.yaml`."""
    properties = {
        "version": version(),
        "catalog": name("The system's name, by which policies call it.", ["erp"]),
        "title": text("What the system is, for people.", examples=["Orders and invoices"]),
        "region": text("Where its data is stored.", examples=["eu-central"]),
        "operations": table(name(""), reference("operation"), "What can be asked of the system, by name."),
        "messages": table(name(""), reference("message"), "The bodies that requests and responses carry, by name."),
    }
    body = mapping(exactly(TOP, properties), ("version", "catalog"), "What the data of one system is.")
    parts = {"operation": _operation(), "request": _request(), "message": _message(), "field": _field()}
    return document("Sovgate catalogue", "catalogue", body, parts)


def _operation() -> Schema:
    message = "names a message of this file; without it there is none."
    legs = {
        "body": name(f"The request's body: {message}", ["order"]),
        "response": name(f"The response's body: {message}", ["orders"]),
        "errors": name("The body of an answer with an error status; without it such a body is withheld.", ["error"]),
    }
    upgrade = "Whether the request may become a WebSocket or another protocol, passed untreated."
    properties = {
        "request": reference("request", "How the operation is recognised."),
        **exactly(LEGS, legs),
        "upgrade": flag(upgrade, default=False),
    }
    return titled("Operation", mapping(exactly(OPERATION, properties), ("request",), "One thing that can be asked."))


def _request() -> Schema:
    narrowed = {
        "method": text("The HTTP method.", f"^{METHOD}$", ["GET", "POST"]),
        "path": text("The path, with {variables}.", "^/", ["/api/orders/{order}"]),
        "headers": table(
            text("", f"^{HEADER}$"), text("The value that it must have."), "Headers that the request must have."
        ),
        "body": table(
            text("", _SELECTOR),
            described({"type": ["string", "integer"], "minLength": 1}, "The value that it must have."),
            "Values that the body must have, by RFC 9535 selectors of one place.",
        ),
    }
    narrowed["headers"]["examples"] = [{"SOAPAction": "getOrder"}]
    narrowed["body"]["examples"] = [{"$.method": "model.party.party.read"}]
    line = text("Method and path.", f"^{METHOD} /", ["GET /api/orders/{order}"])
    apart = mapping(exactly(REQUEST, narrowed), ("method", "path"), "Method and path, narrowed by headers or the body.")
    return titled("Request", {"anyOf": [line, apart]})


def _message() -> Schema:
    outside = mapping(exactly(SOURCES, _SOURCES), (), "A place outside the body.", minProperties=1, maxProperties=1)
    inside = text("An RFC 9535 selector of one place of the record.", _SELECTOR, ["$.customer.id"])
    fields = "What each place of a record is, by RFC 9535 selectors."
    properties = {
        "format": words(FORMATS, _FORMATS, "What the bytes are."),
        "customer": described({"anyOf": [inside, outside]}, "Where it says whose record it is."),
        "unlisted": words(UNLISTED, _UNLISTED, "What happens to places that no field names.", "redact"),
        "class": reference("class", "What a whole document is."),
        "records": text("A selector of the records of a list.", _SELECTOR, ["$.value[*]"]),
        "each": name("The message of this file that each record is.", ["order"]),
        "fields": described(
            table(text("", _SELECTOR), reference("field"), fields), "", [{"$.customer.email": "user.contact.email"}]
        ),
    }
    others = {"properties": {**dict.fromkeys(ONLY_JSON, False), "customer": outside}}
    message = mapping(
        exactly(MESSAGE, properties),
        ("format",),
        "One kind of body.",
        dependentRequired={"records": ["each"], "each": ["records"]},
        **{
            "if": {"properties": {"format": {"const": "json"}}},
            "then": {"properties": {"class": False}},
            "else": others,
        },
    )
    return titled("Message", message)


def _field() -> Schema:
    properties = {"class": reference("class", "What the field is."), **exactly(COMPLIANCE, _COMPLIANCE)}
    labelled = mapping(properties, ("class",), "The class with its compliance map.")
    told = "What a place is: a class, or a mapping with its class and its compliance map."
    return titled("Field", described({"anyOf": [reference("class"), labelled]}, told))
