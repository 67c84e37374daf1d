"""Messages as officers write them: a format, whose records they hold, and the class of each field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.catalog.classes import CLASSES, suggestions
from gateway.catalog.model import Catalogue, CustomerSource, Field, Message
from gateway.catalog.names import is_name
from gateway.catalog.options import OPTIONS, read_options
from gateway.catalog.requests import HEADER, bad_header
from gateway.catalog.selectors import read_selector
from gateway.errors import Second
from gateway.faults import Fault
from gateway.formats.embedded import CODINGS
from gateway.formats.format import Format, check_names
from gateway.formats.registry import FORMATS
from gateway.yamlsource import Leaf, Node, Reader, Section, Table

UNLISTED = ("keep", "redact", "remove", "refuse")
SOURCES = ("path", "query", "request-header", "response-header")
NAMED = "name"
"""Where a record's own name is its customer: `{name: $}`."""
COMPLIANCE = ("collected_for", "shared_with", "retention", "deletion")
"""The compliance map of a field: what it was collected for, who else gets it, how long it is kept, how it ends."""

FIELD = ("class", "name", "contains", "encoded", "address", *COMPLIANCE)
MESSAGE = ("format", "customer", "unlisted", "class", "records", "each", "fields")
BY_FIELDS = ("unlisted", "records", "each", "fields")


def read_messages(reader: Reader, top: Section) -> dict[str, Message]:
    """Read every message of a catalogue, and check what they say of each other."""
    messages = {key.text: _message(reader, key, node) for key, node in top.entries("messages")}
    for key, node in top.entries("messages"):
        message = messages[key.text]
        if message.each is not None and isinstance(node, Table):
            _check_each(reader, next(value for name, value in node.entries if name.text == "each"), message, messages)
        if isinstance(node, Table):
            _check_contains(reader, message, node, messages)
    return messages


def read_class(reader: Reader, node: Node) -> str:
    """Read a class of the taxonomy; "", recorded, if it has none of that name."""
    text = reader.text(node)
    if text is None or text in CLASSES:
        return text or ""
    hint = "" if reader.hurried else suggestions(text)
    reader.fault(node, f'unknown class "{text[:100]}"', hint, code=Fault.UNKNOWN_CLASS)
    return ""


def _check_each(reader: Reader, at: Node, message: Message, messages: Mapping[str, Message]) -> None:
    each = message.each or ""
    if each not in messages:
        reader.unknown(at, "message", each, messages, code=Fault.UNKNOWN_MESSAGE)
        return
    record = messages[each]
    if record.each is not None:
        hint, also = f"perhaps: {record.each}", _here(record)
        told = f'"{each}" is a list itself; `each` names what one record is'
        reader.fault(at, told, hint, code=Fault.LIST_OF_LISTS, also=also)
    elif message.format and record.format not in {message.format, ""}:
        told, also = f'"{each}" is {record.format}: it can\'t be a record of {message.format}', _here(record)
        hint = "a record is a message of its own in the same format, with its customer and fields"
        reader.fault(at, told, hint, code=Fault.RECORD_NOT_JSON, also=also)


def _check_contains(reader: Reader, message: Message, node: Table, messages: Mapping[str, Message]) -> None:
    """Check the messages that fields hold: they exist, and none holds itself, however far down."""
    whole = Catalogue("", message.place, messages=messages)
    fields = {field.selector: field for field in message.fields if field.contains}
    for key, value in _members(node, "fields"):
        field = fields.get(key.text)
        if field is None or not isinstance(value, Table):
            continue
        at = next(member for name, member in value.entries if name.text == "contains")
        if field.contains not in messages:
            reader.unknown(at, "message", field.contains, messages, code=Fault.UNKNOWN_MESSAGE)
        elif message.name in {part.name for part in whole.within(field.contains)}:
            told = f'"{field.contains}" holds "{message.name}" again, without end'
            hint = "give the inner one a message of its own, that ends"
            reader.fault(at, told, hint, code=Fault.ENDLESS, also=_here(messages[field.contains]))


def _members(node: Table, name: str) -> tuple[tuple[Leaf, Node], ...]:
    found = next((value for key, value in node.entries if key.text == name), None)
    return found.entries if isinstance(found, Table) else ()


def _here(message: Message) -> Second:
    return Second("the message is here", message.place)


def _message(reader: Reader, key: Leaf, node: Node) -> Message:
    is_name(reader, key, key.text)
    section = reader.section(node, (*MESSAGE, *OPTIONS), required=("format",))
    format_ = section.choice("format", FORMATS, "")
    form = FORMATS.get(format_)
    if form is not None:
        _check_keys(reader, section, form)
    records, each = section.text("records", None), section.text("each", None)
    if ("records" in section) != ("each" in section):
        missing = "each" if "records" in section else "records"
        hint = "a list is written {records: ..., each: order}, with a selector of its records"
        if format_ in {"json", ""}:
            hint = 'a list is written {records: "$.value[*]", each: order}'
        message = f'"records" and "each" belong together; "{missing}" is missing'
        reader.fault(key, message, hint, code=Fault.RECORDS_AND_EACH)
    if records is not None:
        read_selector(reader, section.members["records"], records, form)
    class_ = section.get("class")
    return Message(
        name=key.text,
        format=format_,
        place=key.place,
        customer=_customer(reader, section, form),
        records=records,
        each=each,
        unlisted=section.choice("unlisted", UNLISTED, None),
        class_=None if class_ is None else read_class(reader, class_),
        fields=tuple(field for entry in section.entries("fields") for field in _fields(reader, *entry, form)),
        options=read_options(reader, section, form),
    )


def _check_keys(reader: Reader, section: Section, form: Format) -> None:
    """Tell keys that belong to messages of another kind."""
    for name in BY_FIELDS:
        if name in section and not form.BY_FIELDS:
            message = f'"{name}" is for messages with fields; {form.NAME} is labelled as a whole'
            hint = "a document is labelled as a whole, by `class`; leave this out"
            reader.fault(section.members[name], message, hint, code=Fault.NOT_JSON)
        elif name in section and name in {"records", "each"} and form.LISTS != "selected":
            message = f'"{name}" is not for {form.NAME}'
            hint = "each row is a record by itself" if form.LISTS == "rows" else "such a body is one record"
            reader.fault(section.members[name], message, hint, code=Fault.NOT_JSON)
    if form.BY_FIELDS and "class" in section:
        told = "JSON" if form.NAME == "json" else form.NAME
        message = f'"class" is for whole documents; {told} is labelled by its `fields`'
        hint = f"label each place, such as {form.EXAMPLE}, under `fields`"
        if form.NAME == "json":
            hint = "label each place: fields: {$.email: user.contact.email}"
        reader.fault(section.members["class"], message, hint, code=Fault.CLASS_OF_JSON)


def _customer(reader: Reader, section: Section, form: Format | None) -> CustomerSource | None:
    """Read where a record's customer is named: a selector, or one of the places outside the body."""
    node = section.get("customer")
    if node is None:
        return None
    if isinstance(node, Leaf):
        text = reader.text(node)
        if text is None:
            return None
        if form is not None and not form.BY_FIELDS:
            hint = f"write one of {', '.join(f'{{{name}: ...}}' for name in SOURCES)}"
            message = f"no customer can be read from the inside of {form.NAME}"
            reader.fault(node, message, hint, code=Fault.CUSTOMER_INSIDE)
        read_selector(reader, node, text, form, singular=True)
        return CustomerSource("body", text, node.place)
    inside = form is None or form.BY_FIELDS
    kinds = (*SOURCES, NAMED) if inside else SOURCES
    source = reader.section(node, kinds)
    named = [(kind, source.text(kind)) for kind in kinds if kind in source]
    if isinstance(node, Table) and node.entries and not named:
        return None  # its keys are unknown, as was told
    if len(named) != 1:
        hint = f"write one of: {', '.join(SOURCES)}"
        reader.fault(node, "a customer is named in one place", hint, code=Fault.CUSTOMER_PLACES)
        return None
    kind, name = named[0]
    if kind == NAMED and name is not None:
        _check_names(reader, source.members[kind], name, form, own=True)
    if kind.endswith("header") and name and not re.fullmatch(HEADER, name):
        bad_header(reader, source.members[kind], name)
    return CustomerSource(kind, name, node.place)


def _check_names(reader: Reader, at: Node, selector: str, form: Format | None, *, own: bool = False) -> None:
    """Check a selector whose places' names are asked for; `own`: of the record itself."""
    if form is None or not form.BY_FIELDS:
        return
    hint = "write {name: $}: the name under which the record stands" if own else "label the members: $.by_email.*"
    if own and selector != "$":
        told = "only the record itself has a name that says whose it is"
        reader.fault(at, told, hint, code=Fault.NO_NAMES)
        return
    try:
        check_names(form, selector)
    except ValueError as error:
        reader.fault(at, str(error), hint, code=Fault.NO_NAMES)


def _says(node: Table, name: str, text: str) -> bool:
    return any(key.text == name and isinstance(value, Leaf) and value.text == text for key, value in node.entries)


def _fields(reader: Reader, key: Leaf, node: Node, form: Format | None) -> Iterator[Field]:
    """Read one field: its class alone, or a mapping with its compliance map, or with the message that it holds.

    A label of names is a field by itself.
    """
    read_selector(reader, key, key.text, form)
    if not isinstance(node, Table):
        yield Field(key.text, read_class(reader, node), key.place)
        return
    names = {name.text for name, _ in node.entries}
    named = "name" in names
    holds = "contains" in names or _says(node, "address", "true")
    section = reader.section(node, FIELD, required=() if holds or named else ("class",))
    if {"contains", "address"} <= names:
        told, hint = "what holds a message is no address", "label the address within the message"
        reader.fault(section.members["address"], told, hint, code=Fault.ADDRESS_OF_MESSAGE)
    if "encoded" in section and "contains" not in section:
        message, hint = "this says how a message is held, and none is named", "name it: contains: order"
        reader.fault(section.members["encoded"], message, hint, code=Fault.ENCODED_NOTHING)
    class_ = section.get("class")
    field = Field(
        selector=key.text,
        class_="" if class_ is None else read_class(reader, class_),
        place=key.place,
        collected_for=section.text("collected_for"),
        shared_with=section.texts("shared_with"),
        retention=section.text("retention"),
        deletion=section.text("deletion"),
        contains=section.text("contains"),
        encoded=section.choice("encoded", CODINGS, "text"),
        address=section.boolean("address", default=False),
    )
    if holds or class_ is not None or not named:
        yield field
    name = section.get("name")
    if name is not None:
        _check_names(reader, key, key.text, form)
        label = read_class(reader, name)
        yield replace(field, class_=label, place=name.place, contains="", encoded="text", address=False, names=True)
