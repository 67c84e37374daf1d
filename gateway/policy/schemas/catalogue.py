"""The schema of a catalogue."""

from __future__ import annotations

from gateway.catalog.messages import FORMATS, SOURCES, UNLISTED
from gateway.catalog.requests import HEADER, METHOD
from gateway.policy.schemas.parts import (
    Schema,
    choice,
    described,
    document,
    flag,
    mapping,
    name,
    reference,
    some,
    table,
    text,
    version,
)

_SELECTOR = r"^\$"


def catalogue_schema() -> Schema:
    """Make the schema of `catalog/*.yaml`."""
    properties = {
        "version": version(),
        "catalog": name("The system's name, by which policies call it."),
        "title": text("What the system is, for people."),
        "region": text("Where its data is stored."),
        "operations": table(name(""), reference("operation"), "What can be asked of the system."),
        "messages": table(name(""), reference("message"), "The bodies that requests and responses carry."),
    }
    body = mapping(properties, ("version", "catalog"), "What the data of one system is.")
    parts = {"operation": _operation(), "request": _request(), "message": _message(), "field": _field()}
    return document("Sovgate catalogue", "catalogue", body, parts)


def _operation() -> Schema:
    message = "names a message of this file; without it there is none."
    properties = {
        "request": reference("request", "How the operation is recognised."),
        "body": name(f"The request's body: {message}"),
        "response": name(f"The response's body: {message}"),
        "errors": name("The body of an answer with an error status; without it such a body is withheld."),
        "upgrade": flag("Whether the request may become a WebSocket or another protocol, passed untreated."),
    }
    return mapping(properties, ("request",), "One thing that can be asked.")


def _request() -> Schema:
    narrowed = {
        "method": text("The HTTP method.", f"^{METHOD}$"),
        "path": text("The path, with {variables}.", "^/"),
        "headers": table(text("", f"^{HEADER}$"), text(), "Headers that the request must have, such as SOAPAction."),
        "body": table(
            text("", _SELECTOR),
            {"type": ["string", "integer"], "pattern": r"\S"},
            "Values that the body must have, by RFC 9535 selectors of one place.",
        ),
    }
    line = text("Method and path, such as GET /api/orders/{order}.", f"^{METHOD} /")
    return {"anyOf": [line, mapping(narrowed, ("method", "path"))]}


def _message() -> Schema:
    sources = {kind: text("", f"^{HEADER}$" if kind.endswith("header") else r"\S") for kind in SOURCES}
    outside = mapping(sources, description="A place outside the body.", minProperties=1, maxProperties=1)
    inside = text("An RFC 9535 selector of one place of the record.", _SELECTOR)
    properties = {
        "format": choice(FORMATS, "What the bytes are."),
        "customer": described({"anyOf": [inside, outside]}, "Where it says whose record it is."),
        "unlisted": choice(UNLISTED, "What happens to places no field names: redact in responses, refuse in requests."),
        "class": reference("class", "What a whole document is."),
        "records": text("A selector of the records of a list.", _SELECTOR),
        "each": name("The message of this file that each record is."),
        "fields": table(
            text("", _SELECTOR), reference("field"), "What each place of a record is, by RFC 9535 selectors."
        ),
    }
    return mapping(
        properties,
        ("format",),
        "One kind of body.",
        dependentRequired={"records": ["each"], "each": ["records"]},
        **{
            "if": {"properties": {"format": {"const": "json"}}},
            "then": {"properties": {"class": False}},
            "else": {
                "properties": {**dict.fromkeys(("unlisted", "records", "each", "fields"), False), "customer": outside}
            },
        },
    )


def _field() -> Schema:
    properties = {
        "class": reference("class"),
        "collected_for": text("The purpose for which it was collected."),
        "shared_with": some(text(), "Who else gets it."),
        "retention": text("How long it is kept."),
        "deletion": text("How it ends."),
    }
    labelled = mapping(properties, ("class",), "The class with its compliance map.")
    return {"anyOf": [reference("class"), labelled]}
