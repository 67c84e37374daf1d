"""One catalogue file, read strictly: what a system's data is. Everything that is wrong with it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.catalog.clash import clashes
from gateway.catalog.heads import HEAD, UNLISTED, read_head
from gateway.catalog.messages import read_messages
from gateway.catalog.model import Catalogue, Message, Operation, RequestPattern
from gateway.catalog.names import is_name, read_name
from gateway.catalog.requests import read_request
from gateway.catalog.selectors import read_selector
from gateway.catalog.template import parse, variables
from gateway.errors import Place, Second
from gateway.faults import Fault
from gateway.formats.batches import BATCHES
from gateway.formats.registry import FORMATS
from gateway.refusals import REFUSAL_FORMS
from gateway.yamlsource import Leaf, Node, Reader, Section, Table

VERSION = 1
"""The version of the files' syntax, which each file names in its `version`."""

TOP = ("version", "catalog", "title", "region", "refusals", "operations", "messages")
OPERATION = ("request", "body", "response", "errors", "upgrade", "batch", *HEAD)
LEGS = ("body", "response", "errors")
_FAULTY = RequestPattern("", "/")


def load(name: str, data: bytes) -> Catalogue:
    """Read one catalogue; raises FaultyFiles with everything that is wrong."""
    reader = Reader()
    catalogue = read(reader, name, data)
    reader.finish()
    assert catalogue is not None, "what keeps it from being read was recorded"
    return catalogue


def read(reader: Reader, name: str, data: bytes) -> Catalogue | None:
    """Read one catalogue, recording faults and doubts with the reader; None if it has no name to be known by.

    What is given after a fault is good for nothing but for finding further faults.
    """
    faults = len(reader.problems)
    node = reader.parse(name, data)
    if node is None:
        return None
    top = reader.section(node, TOP, required=("version", "catalog"))
    top.integer("version", VERSION, minimum=VERSION, maximum=VERSION)
    title, region, refusals = top.text("title"), top.text("region"), top.choice("refusals", REFUSAL_FORMS, "problem")
    messages = read_messages(reader, top)
    system = read_name(reader, top.get("catalog"))
    operations = {
        key.text: _operation(reader, system or "", key, member, messages) for key, member in top.entries("operations")
    }
    for one, other, hint in clashes(o for o in operations.values() if o.request is not _FAULTY):
        message = f'a request could be "{other.name}" as well as "{one.name}" on line {one.place.line}'
        also = Second("the other is here", one.place)
        reader.fault(other.place, message, hint, code=Fault.CLASHING_OPERATIONS, also=also)
    if len(reader.problems) == faults:  # else the operation that carries a message may just be misspelt
        _warn_of_unused(reader, operations, messages)
    if system is None:
        return None
    return Catalogue(system, top.members["catalog"].place, title, region, operations, messages, refusals)


def _operation(reader: Reader, system: str, key: Leaf, node: Node, messages: Mapping[str, Message]) -> Operation:
    is_name(reader, key, key.text)
    section = reader.section(node, OPERATION, required=("request",))
    request = read_request(reader, section.get("request")) or _FAULTY
    legs = {
        leg: section.choice(leg, messages, None, kind="message", code=Fault.UNKNOWN_MESSAGE)
        for leg in LEGS
        if leg in section
    }
    for leg, name in legs.items():
        if name is not None and request is not _FAULTY:
            message = messages[name]
            each = messages.get(message.each or "")
            _check_customer(section, leg, request, (message, each) if each else (message,))
    body, told_by = legs.get("body"), _told_by(section)
    if told_by:
        _check_told_by(reader, key, section, told_by, None if body is None else messages[body])
    upgrade = section.boolean("upgrade", default=False)
    if upgrade and request.method not in {"GET", ""}:
        reader.fault(
            section.members["upgrade"],
            "only a GET request can ask for an upgrade",
            "leave it out",
            code=Fault.UPGRADE_NOT_GET,
        )
    _check_batch(section, request)
    return Operation(
        name=f"{system}.{key.text}",
        request=request,
        place=key.place,
        body=body,
        response=legs.get("response"),
        errors=legs.get("errors"),
        upgrade=upgrade,
        head=read_head(reader, section, request, messages) if request is not _FAULTY else (),
        unlisted_query=section.choice("unlisted_query", UNLISTED, None),
        unlisted_response_headers=section.choice("unlisted_response_headers", UNLISTED, None),
        batch=section.choice("batch", BATCHES, ""),
    )


def _check_told_by(reader: Reader, key: Leaf, section: Section, told_by: Iterable[Leaf], body: Message | None) -> None:
    """Check that a request which is told by its body has one that can be read, and the values that tell it."""
    form = FORMATS.get(body.format) if body is not None else None
    if "body" not in section:
        told = "the request is told by a value of its body, and the operation names no body"
        hint = "name the body's message beside the request: body: order"
        reader.fault(key, told, hint, code=Fault.TOLD_BY_NO_BODY)
    elif form is not None and not form.BY_FIELDS:
        told, hint = (
            f"the request is told by a value of its body, and {form.NAME} has none that can be read",
            "tell it by its path or a header",
        )
        reader.fault(section.members["body"], told, hint, code=Fault.TOLD_BY_NO_BODY)
    known: Callable[[str, Mapping[str, Any]], None] | None = getattr(form, "check_told", None)
    for name in told_by:
        read_selector(reader, name, name.text, form, singular=True)
        if known is not None and body is not None:
            try:
                known(name.text, body.options)
            except ValueError as error:
                hint = "name it beside the format of the message that the operation takes"
                reader.fault(name, str(error), hint, code=Fault.BAD_SELECTOR)


def _check_batch(section: Section, request: RequestPattern) -> None:
    """Check that a batch is asked for as one, and says nothing of its body: the requests in it are operations."""
    if "batch" not in section:
        return
    for name in (*LEGS, "upgrade"):
        if name in section:
            told = f'a batch has no "{name}" of its own'
            hint = "leave it out: each request in it is an operation by itself"
            section.reader.fault(section.members[name], told, hint, code=Fault.BATCH_WITH_MORE)
    if request.method not in {"POST", ""}:
        told, hint = "a batch is asked for by POST", "name the request by which the batch is sent"
        section.reader.fault(section.members["request"], told, hint, code=Fault.BATCH_NOT_POST)


def _told_by(section: Section) -> tuple[Leaf, ...]:
    """Give the selectors whose values tell a request."""
    at = section.get("request")
    values = next((node for name, node in at.entries if name.text == "body"), None) if isinstance(at, Table) else None
    return tuple(name for name, _ in values.entries) if isinstance(values, Table) else ()


def _check_customer(section: Section, leg: str, request: RequestPattern, parts: Iterable[Message]) -> None:
    """Check that an operation can tell whose the records of one of its legs are."""
    names = [f"{{{name}}}" for name in variables(parse(request.path))]
    for part in parts:
        source = part.customer
        if source is None:
            continue
        at, whose = section.members[leg], f'the customer of "{part.name}" (line {source.place.line})'
        also = Second("the customer is named here", source.place)
        if source.kind == "path" and f"{{{source.name}}}" not in names:
            hint = f"the path has {', '.join(names)}" if names else "the path has no variables"
            message = f"{whose} is {{{source.name}}} of the path, which isn't there"
            section.reader.fault(at, message, hint, code=Fault.CUSTOMER_NOT_IN_PATH, also=also)
        if source.kind == "response-header" and leg == "body":
            message = f"{whose} is in a header of the response; a request has none"
            hint = (
                "give requests a message of their own, with the customer in the body, the path, the query or a header"
            )
            section.reader.fault(at, message, hint, code=Fault.CUSTOMER_NOT_IN_REQUEST, also=also)


def _warn_of_unused(reader: Reader, operations: Mapping[str, Operation], messages: Mapping[str, Message]) -> None:
    on_legs = {name for o in operations.values() for name in (o.body, o.response, o.errors) if name}
    on_legs |= {one.of for o in operations.values() for one in o.head if one.of}
    whole = Catalogue("", Place("", 1, 1), messages=messages)
    used = {part.name for name in on_legs for part in whole.within(name)}
    for message in messages.values():
        if message.name not in used:
            told, hint = f'no operation carries the message "{message.name}"', "name it in an operation, or delete it"
            reader.warn(message.place, told, hint, code=Fault.UNUSED_MESSAGE)
