"""The schema of a catalogue."""

from __future__ import annotations

from gateway.catalog.heads import HEAD, PARAMETER
from gateway.catalog.heads import UNLISTED as UNLISTED_OUTSIDE
from gateway.catalog.load import LEGS, OPERATION, TOP
from gateway.catalog.messages import BY_FIELDS, COMPLIANCE, FIELD, MESSAGE, NAMED, SOURCES, UNLISTED
from gateway.catalog.options import OPTIONS
from gateway.catalog.requests import HEADER, METHOD
from gateway.catalog.requests import KEYS as REQUEST
from gateway.formats.batches import BATCHES
from gateway.formats.embedded import CODINGS
from gateway.formats.format import Option
from gateway.formats.languages import IN_BODIES, LANGUAGES
from gateway.formats.registry import FORMATS
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
from gateway.refusals import REFUSAL_FORMS

_SELECTOR = r"\S"
_JSON_SELECTOR = r"^\$"
_VALUE = {"type": ["string", "integer"], "minLength": 1}
_FORMATS = {name: form.HELP for name, form in FORMATS.items()}
_ENCODED = {
    "text": "As the text itself.",
    "base64": "In base64, in either alphabet, on one line or many.",
    "base64url": "In the alphabet of base64 for addresses.",
    "base64+gzip": "Compressed by gzip, then in base64.",
    "base64+deflate": "Compressed by deflate, then in base64.",
}
_UNLISTED = {
    "keep": "They are shown as they are, and may be written.",
    "redact": "They are redacted in responses, and refused in requests.",
    "remove": "They are taken out of responses, and refused in requests.",
    "refuse": "The flow is refused.",
}
_OUTSIDE = {
    "keep": "They pass as they are.",
    "remove": "They are left out.",
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
    refusals = "How callers of this system are told what is refused."
    properties = {
        "version": version(),
        "catalog": name("The system's name, by which policies call it.", ["erp"]),
        "title": text("What the system is, for people.", examples=["Orders and invoices"]),
        "region": text("Where its data is stored.", examples=["eu-central"]),
        "refusals": words(
            tuple(REFUSAL_FORMS), {one: form.help for one, form in REFUSAL_FORMS.items()}, refusals, default="problem"
        ),
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
    batch = "The kind of batch that the body is: each request in it is an operation by itself, of this same file."
    properties = {
        "request": reference("request", "How the operation is recognised."),
        **exactly(LEGS, legs),
        "upgrade": flag(upgrade, default=False),
        "batch": words(tuple(BATCHES), {name: one.HELP for name, one in BATCHES.items()}, batch),
        **exactly(HEAD, _head()),
    }
    return titled("Operation", mapping(exactly(OPERATION, properties), ("request",), "One thing that can be asked."))


def _head() -> dict[str, Schema]:
    """Say what of an operation can be labelled outside of bodies."""
    classed = reference("class")
    asked = {
        "class": reference("class", "What the parameter is."),
        "language": words(tuple(LANGUAGES), LANGUAGES, "The query language that it is in."),
        "of": name("The message whose fields it names, where it isn't the response.", ["order"]),
    }
    one = [{"required": ["class"]}, {"required": ["language"]}]
    parameter = mapping(exactly(PARAMETER, asked), (), "A class, or a language.", oneOf=one)
    header = text("", f"^{HEADER}$")
    within = {
        "language": words(tuple(IN_BODIES), IN_BODIES, "The query language that the value is in."),
        "of": name("The message whose fields it names, where it isn't the response.", ["order"]),
    }
    either = described({"anyOf": [classed, parameter]}, "What the parameter is: a class, or its language.")
    return {
        "path": table(text(""), classed, "What variables of the path are."),
        "query": table(text(""), either, "What parameters of the query are."),
        "headers": table(header, classed, "What header fields of the request are."),
        "response_headers": table(header, classed, "What header fields of the response are."),
        "body_queries": table(
            text("", _SELECTOR),
            mapping(exactly(PARAMETER[1:], within), ("language",), "A language."),
            "Queries that stand in the body of the request, by selectors of one place in its format.",
        ),
        "unlisted_query": words(UNLISTED_OUTSIDE, _OUTSIDE, "What happens to parameters that have no label."),
        "unlisted_response_headers": words(
            UNLISTED_OUTSIDE, _OUTSIDE, "What happens to header fields of the response that have no label.", "keep"
        ),
    }


def _request() -> Schema:
    narrowed = {
        "method": text("The HTTP method.", f"^{METHOD}$", ["GET", "POST"]),
        "path": text("The path, with {variables}.", "^/", ["/api/orders/{order}"]),
        "headers": table(
            text("", f"^{HEADER}$"), text("The value that it must have."), "Headers that the request must have."
        ),
        "body": table(
            text("", _SELECTOR),
            described(
                {"anyOf": [_VALUE, {"type": "array", "items": _VALUE, "minItems": 1, "uniqueItems": True}]},
                "The value that it must have, or several: any of them.",
            ),
            "Values that the body must have, by selectors of one place in its format.",
        ),
    }
    narrowed["headers"]["examples"] = [{"SOAPAction": "getOrder"}]
    narrowed["body"]["examples"] = [{"$.method": "model.party.party.read"}]
    line = text("Method and path.", f"^{METHOD} /", ["GET /api/orders/{order}"])
    apart = mapping(exactly(REQUEST, narrowed), ("method", "path"), "Method and path, narrowed by headers or the body.")
    return titled("Request", {"anyOf": [line, apart]})


def _message() -> Schema:
    outside = mapping(exactly(SOURCES, _SOURCES), (), "A place outside the body.", minProperties=1, maxProperties=1)
    named = mapping(
        {NAMED: {"const": "$", "description": "The record itself."}},
        (NAMED,),
        "The name under which the record stands in a map.",
    )
    inside = text("A selector of one place of the record, in its format.", _SELECTOR, ["$.customer.id"])
    fields = "What each place of a record is, by selectors of its format (RFC 9535 for JSON)."
    properties = {
        "format": words(tuple(FORMATS), _FORMATS, "What the bytes are."),
        "customer": described({"anyOf": [inside, outside, named]}, "Where it says whose record it is."),
        "unlisted": words(UNLISTED, _UNLISTED, "What happens to places that no field names.", "redact"),
        "class": reference("class", "What a whole document is."),
        "records": text("A selector of the records of a list.", _SELECTOR, ["$.value[*]"]),
        "each": name("The message of this file that each record is.", ["order"]),
        "fields": described(
            table(text("", _SELECTOR), reference("field"), fields), "", [{"$.customer.email": "user.contact.email"}]
        ),
    }
    of_formats = {name: _option(name) for name in OPTIONS}
    message = mapping(
        {**exactly(MESSAGE, properties), **of_formats},
        ("format",),
        "One kind of body.",
        dependentRequired={"records": ["each"], "each": ["records"]},
        allOf=[_only(name, outside, named) for name in FORMATS],
    )
    return titled("Message", message)


def _only(name: str, outside: Schema, named: Schema) -> Schema:
    """Say what messages of one format take, and how they select."""
    form = FORMATS[name]
    never = {option: False for option, takers in OPTIONS.items() if name not in takers}
    if not form.BY_FIELDS:
        taken = {**never, **dict.fromkeys(BY_FIELDS, False), "customer": outside}
    else:
        taken = {**never, "class": False}
        if not hasattr(form, "check_names"):
            taken["customer"] = {"anyOf": [{"type": "string"}, outside]}
        if form.LISTS != "selected":
            taken |= {"records": False, "each": False}
        if name == "json":
            selects = {"type": "string", "pattern": _JSON_SELECTOR}
            taken |= {
                "records": selects,
                "fields": {"propertyNames": selects},
                "customer": {"anyOf": [selects, outside, named]},
            }
    return {"if": {"properties": {"format": {"const": name}}, "required": ["format"]}, "then": {"properties": taken}}


def _option(name: str) -> Schema:
    """Say what an option takes: what any of the formats that have it does."""
    return _value(FORMATS[OPTIONS[name][0]].OPTIONS[name])


def _value(option: Option) -> Schema:
    match option.type:
        case "choice":
            return described({"enum": list(option.choices)}, option.help)
        case "integer":
            bounds = {"minimum": option.minimum, "maximum": option.maximum}
            held = {key: bound for key, bound in bounds.items() if bound is not None}
            return described({"type": "integer", **held}, option.help)
        case "flag":
            return flag(option.help, default=bool(option.default))
        case "texts":
            made = some(text(), option.help)
            if option.minimum == 0:
                made["anyOf"][1]["minItems"] = 0
            return made
        case "names":
            return table(text(""), text(option.help), option.help)
        case _:
            return text(option.help)


def _field() -> Schema:
    held = {
        "class": reference("class", "What the field is."),
        "name": reference("class", "What the names are under which its places stand: the keys of a map."),
        "contains": name("The message of this file that the value holds.", ["order"]),
        "encoded": words(CODINGS, _ENCODED, "How the value holds it.", "text"),
        "address": flag("Whether it is an address: a system's own is turned into the gateway's.", default=False),
        **exactly(COMPLIANCE, _COMPLIANCE),
    }
    labelled = mapping(
        exactly(FIELD, held),
        (),
        "The class with its compliance map, the class of its names, or the message that it holds.",
        anyOf=[
            {"required": ["class"]},
            {"required": ["name"]},
            {"required": ["contains"]},
            {"required": ["address"], "properties": {"address": {"const": True, "description": "It is an address."}}},
        ],
        dependentRequired={"encoded": ["contains"]},
        **{"not": {"required": ["contains", "address"]}},
    )
    told = "What a place is: a class, or a mapping with its class and its compliance map."
    return titled("Field", described({"anyOf": [reference("class"), labelled]}, told))
