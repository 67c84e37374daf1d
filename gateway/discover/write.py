"""A draft as the YAML of a catalogue file: everything that speaks for a line stands beside it as a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.catalog.heads import KINDS
from gateway.catalog.load import VERSION
from gateway.discover.draft import Draft, DraftField, DraftMessage, DraftOperation, Suggestion
from gateway.discover.proposal import Confidence, Proposal
from gateway.yamlsource import LARGEST
from gateway.yamlsource.meaning import BOOLEANS_OF_YAML_1_1

_PLAIN = re.compile(r"[A-Za-z][\w.-]{0,80}|\$(?:\.[A-Za-z_]\w{0,80}){0,20}|/[\w/.-]{0,200}", re.ASCII)
_WORDS = frozenset({"true", "false", "null"})
_NOT_SHOWN = re.compile(
    "[^\x20-\x7e\xa0-\u061b\u061d-\u200d\u2010-\u2027\u2030-\u2065\u206a-\ud7ff\uf900-\ufefe\uff00-\ufffd]"
)


def text_of(draft: Draft) -> str:
    """Write a draft; where the file would be larger than any that is read, the operations seen least are left out."""
    operations = draft.operations
    while True:
        text = "\n".join(_lines(draft, operations)) + "\n"
        if len(text.encode()) <= LARGEST or len(operations) < 2:  # noqa: PLR2004 - nothing to leave out
            return text
        most = sorted(operations, key=lambda one: -one.count)[: len(operations) // 2]
        operations = tuple(one for one in operations if one in most)


def quoted(text: str) -> str:
    """Write a text so that it is read as this text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and text not in BOOLEANS_OF_YAML_1_1:
        return text
    return json.dumps(text, ensure_ascii=bool(_NOT_SHOWN.search(text)))


def _lines(draft: Draft, operations: tuple[DraftOperation, ...]) -> Iterator[str]:
    yield "# Drafted by sovgate discover from captured traffic. Nothing in it is in force until somebody put it there:"
    yield "# look at every line, at those with # review first."
    yield from (f"# {note}" for note in draft.notes)
    left = len(draft.operations) - len(operations)
    if left:
        yield f"# {left} operations that were seen least are left out: the file would be too large."
    yield f"version: {VERSION}"
    yield f"catalog: {quoted(draft.system)}"
    yield ""
    if operations:
        yield "operations:"
    for operation in operations:
        yield from _operation(operation)
    carried = within(draft.messages, (name for one in operations for name in (one.body, one.response, one.errors)))
    messages = [message for message in draft.messages if message.name in carried or message.name in draft.amends]
    if messages:
        yield ""
        yield "messages:"
    for message in messages:
        yield from _message(message, amends=message.name in draft.amends)


def _operation(operation: DraftOperation) -> Iterator[str]:
    yield from _comments(operation.notes, "  ")
    if operation.batch:
        request = quoted(f"{operation.method} {operation.path}")
        yield f"  {quoted(operation.name)}: {{request: {request}, batch: {operation.batch}}}"
        return
    legs = [(leg, name) for leg in ("body", "response", "errors") if (name := getattr(operation, leg)) is not None]
    if not operation.told and not operation.head:
        parts = [
            f"request: {quoted(f'{operation.method} {operation.path}')}",
            *(f"{leg}: {quoted(name)}" for leg, name in legs),
        ]
        yield f"  {quoted(operation.name)}: {{{', '.join(parts)}}}"
        return
    yield f"  {quoted(operation.name)}:"
    yield from _request(operation)
    yield from (f"    {leg}: {quoted(name)}" for leg, name in legs)
    yield from _head(operation)


def _request(operation: DraftOperation) -> Iterator[str]:
    if not operation.told:
        yield f"    request: {quoted(f'{operation.method} {operation.path}')}"
        return
    yield "    request:"
    yield f"      method: {operation.method}"
    yield f"      path: {quoted(operation.path)}"
    headers = [value for at, value in operation.told if at == "header"]
    body = [(at, value) for at, value in operation.told if at != "header"]
    if headers:
        yield f"      headers: {{SOAPAction: {_text(headers[0])}}}"
    if body:
        yield "      body:"
        yield from (f"        {quoted(at)}: {_text(value)}" for at, value in body)


def _head(operation: DraftOperation) -> Iterator[str]:
    """Write the labels of what is outside of bodies."""
    for kind in KINDS:
        labels = [one for one in operation.head if one.kind == kind]
        if labels:
            yield f"    {kind}:"
        for one in labels:
            label = f"{{language: {one.language}}}" if one.language else one.proposal.class_
            yield f"      {quoted(one.name)}: {label}{_because(one.proposal)}"
    if operation.open_query:
        yield "    unlisted_query: keep  # review: there are parameters whose names could be values"


def within(messages: Sequence[DraftMessage], names: Iterable[str | None]) -> frozenset[str]:
    """Give the names of messages, and of all that they are made of."""
    made = {one.name: (one.each, *(field.contains for field in one.fields)) for one in messages}
    found: set[str] = set()
    left = [name for name in names if name]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [inner for inner in made.get(name, ()) if inner]
    return frozenset(found)


def _message(message: DraftMessage, *, amends: bool) -> Iterator[str]:
    if amends:
        yield f'  # Fields for the message "{message.name}" of the catalogue that is there: take them over into it.'
    yield from _comments(message.notes, "  ")
    yield f"  {quoted(message.name)}:"
    yield f"    format: {message.format}"
    for name, value in message.options:
        yield f"    {name}: {_option(value)}"
    if message.records is not None:
        yield f"    records: {quoted(message.records)}"
        yield f"    each: {quoted(message.each or '')}"
    if message.customer is not None:
        yield f"    customer: {_source(message.customer)}  # {message.customer.confidence}: {message.customer.reason}"
    for other in message.suggestions:
        word = "or" if message.customer is not None else "review: whose record is it? Perhaps"
        yield f"    # {word} customer: {_source(other)} ({other.confidence}: {other.reason})"
    if message.class_ is not None:
        yield f"    class: {message.class_.class_}{_because(message.class_)}"
    if message.fields:
        yield "    fields:"
    yield from (_field(field) for field in message.fields)


def _option(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{quoted(str(name))}: {_text(str(text))}' for name, text in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_text(str(text)) for text in value)}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _field(field: DraftField) -> str:
    if field.names:
        own = f", class: {field.proposal.class_}" if field.proposal.class_ else ""
        return f"      {quoted(field.selector)}: {{name: {field.names}{own}}}{_because(field.proposal)}"
    if field.contains:
        how = "" if field.encoded == "text" else f", encoded: {field.encoded}"
        return f"      {quoted(field.selector)}: {{contains: {quoted(field.contains)}{how}}}{_because(field.proposal)}"
    return f"      {quoted(field.selector)}: {field.proposal.class_}{_because(field.proposal)}"


def _because(proposal: Proposal) -> str:
    told = [reason.told for reason in sorted(proposal.reasons, key=lambda reason: -reason.weight)[:2]]
    mark = "review, " if proposal.review else ""
    said = "; ".join((*proposal.doubts, *told))
    return f"  # {mark}{proposal.confidence}" + (f": {said}" if said else "")


def _source(suggestion: Suggestion) -> str:
    if suggestion.kind == "body":
        return quoted(suggestion.name)
    return f"{{{suggestion.kind}: {quoted(suggestion.name)}}}"


def _text(text: str) -> str:
    """Write a text that must not be read as a number or a word of YAML."""
    return quoted(text) if _PLAIN.fullmatch(text) else json.dumps(text)


def _comments(notes: Iterable[str], indent: str) -> Iterator[str]:
    return (f"{indent}# {note}" for note in notes)


def undecided(draft: Draft) -> tuple[tuple[str, DraftField], ...]:
    """Give the fields that somebody must look at, with their messages' names."""
    return tuple(
        (message.name, field) for message in draft.messages for field in message.fields if field.proposal.review
    )


def personal(draft: Draft) -> tuple[str, ...]:
    """Give the classes of personal data and of secrets that a policy should decide on."""
    found = {
        field.proposal.class_ for message in draft.messages for field in message.fields if _is_personal(field.proposal)
    }
    found |= {
        one.proposal.class_ for operation in draft.operations for one in operation.head if _is_personal(one.proposal)
    }
    return tuple(sorted(found))


def _is_personal(proposal: Proposal) -> bool:
    return proposal.class_.startswith("user") and proposal.confidence is not Confidence.LOW
