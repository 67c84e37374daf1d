"""Messages as officers write them: a format, whose records they hold, and the class of each field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.catalog.classes import CLASSES, suggestions
from gateway.catalog.model import CustomerSource, Field, Message
from gateway.catalog.names import is_name
from gateway.catalog.requests import HEADER, bad_header
from gateway.catalog.selectors import read_selector
from gateway.errors import Second
from gateway.faults import Fault
from gateway.yamlsource import Leaf, Node, Reader, Section, Table

FORMATS = ("json", "pdf", "png", "jpeg", "bytes")
UNLISTED = ("keep", "redact", "remove", "refuse")
SOURCES = ("path", "query", "request-header", "response-header")
COMPLIANCE = ("collected_for", "shared_with", "retention", "deletion")
"""The compliance map of a field: what it was collected for, who else gets it, how long it is kept, how it ends."""

MESSAGE = ("format", "customer", "unlisted", "class", "records", "each", "fields")
ONLY_JSON = ("unlisted", "records", "each", "fields")


def read_messages(reader: Reader, top: Section) -> dict[str, Message]:
    """Read every message of a catalogue, and check what they say of each other."""
    messages = {key.text: _message(reader, key, node) for key, node in top.entries("messages")}
    for key, node in top.entries("messages"):
        each = messages[key.text].each
        if each is not None and isinstance(node, Table):
            _check_each(reader, next(value for name, value in node.entries if name.text == "each"), each, messages)
    return messages


def read_class(reader: Reader, node: Node) -> str:
    """Read a class of the taxonomy; "", recorded, if it has none of that name."""
    text = reader.text(node)
    if text is None or text in CLASSES:
        return text or ""
    hint = "" if reader.hurried else suggestions(text)
    reader.fault(node, f'unknown class "{text[:100]}"', hint, code=Fault.UNKNOWN_CLASS)
    return ""


def _check_each(reader: Reader, at: Node, each: str, messages: Mapping[str, Message]) -> None:
    if each not in messages:
        reader.unknown(at, "message", each, messages, code=Fault.UNKNOWN_MESSAGE)
    elif messages[each].each is not None:
        hint, also = f"perhaps: {messages[each].each}", _here(messages[each])
        message = f'"{each}" is a list itself; `each` names what one record is'
        reader.fault(at, message, hint, code=Fault.LIST_OF_LISTS, also=also)
    elif messages[each].format not in {"json", ""}:
        message, also = f'"{each}" is no JSON message: it can\'t be a record of one', _here(messages[each])
        hint = "a record is a JSON message of its own, with its customer and fields"
        reader.fault(at, message, hint, code=Fault.RECORD_NOT_JSON, also=also)


def _here(message: Message) -> Second:
    return Second("the message is here", message.place)


def _message(reader: Reader, key: Leaf, node: Node) -> Message:
    is_name(reader, key, key.text)
    section = reader.section(node, MESSAGE, required=("format",))
    format_ = section.choice("format", FORMATS, "")
    if format_ not in {"json", ""}:
        for name in ONLY_JSON:
            if name in section:
                message = f'"{name}" is for JSON messages; this one is {format_}'
                hint = "a document is labelled as a whole, by `class`; leave this out"
                reader.fault(section.members[name], message, hint, code=Fault.NOT_JSON)
    if format_ == "json" and "class" in section:
        message = '"class" is for whole documents; JSON is labelled by its `fields`'
        hint = "label each place: fields: {$.email: user.contact.email}"
        reader.fault(section.members["class"], message, hint, code=Fault.CLASS_OF_JSON)
    records, each = section.text("records", None), section.text("each", None)
    if ("records" in section) != ("each" in section):
        missing = "each" if "records" in section else "records"
        hint = 'a list is written {records: "$.value[*]", each: order}'
        message = f'"records" and "each" belong together; "{missing}" is missing'
        reader.fault(key, message, hint, code=Fault.RECORDS_AND_EACH)
    if records is not None:
        read_selector(reader, section.members["records"], records)
    class_ = section.get("class")
    return Message(
        name=key.text,
        format=format_,
        place=key.place,
        customer=_customer(reader, section, format_),
        records=records,
        each=each,
        unlisted=section.choice("unlisted", UNLISTED, None),
        class_=None if class_ is None else read_class(reader, class_),
        fields=tuple(_field(reader, *entry) for entry in section.entries("fields")),
    )


def _customer(reader: Reader, section: Section, format_: str) -> CustomerSource | None:
    """Read where a record's customer is named: a selector, or one of the places outside the body."""
    node = section.get("customer")
    if node is None:
        return None
    if isinstance(node, Leaf):
        text = reader.text(node)
        if text is None:
            return None
        if format_ not in {"json", ""}:
            hint = f"write one of {', '.join(f'{{{name}: ...}}' for name in SOURCES)}"
            message = f"no customer can be read from the inside of {format_}"
            reader.fault(node, message, hint, code=Fault.CUSTOMER_INSIDE)
        read_selector(reader, node, text, singular=True)
        return CustomerSource("body", text, node.place)
    source = reader.section(node, SOURCES)
    named = [(kind, source.text(kind)) for kind in SOURCES if kind in source]
    if isinstance(node, Table) and node.entries and not named:
        return None  # its keys are unknown, as was told
    if len(named) != 1:
        hint = f"write one of: {', '.join(SOURCES)}"
        reader.fault(node, "a customer is named in one place", hint, code=Fault.CUSTOMER_PLACES)
        return None
    kind, name = named[0]
    if kind.endswith("header") and name and not re.fullmatch(HEADER, name):
        bad_header(reader, source.members[kind], name)
    return CustomerSource(kind, name, node.place)


def _field(reader: Reader, key: Leaf, node: Node) -> Field:
    """Read one field: its class alone, or a mapping with its compliance map."""
    read_selector(reader, key, key.text)
    if not isinstance(node, Table):
        return Field(key.text, read_class(reader, node), key.place)
    section = reader.section(node, ("class", *COMPLIANCE), required=("class",))
    class_ = section.get("class")
    return Field(
        selector=key.text,
        class_="" if class_ is None else read_class(reader, class_),
        place=key.place,
        collected_for=section.text("collected_for"),
        shared_with=section.texts("shared_with"),
        retention=section.text("retention"),
        deletion=section.text("deletion"),
    )
