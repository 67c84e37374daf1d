"""The catalogue as written: systems, operations, messages and their fields, each with its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Place


@dataclass(frozen=True, slots=True)
class Field:
    """One labelled place of a message: a selector in the words of its format, its class, its compliance map.

    The selector is relative to the record. `contains` names the message that the value holds, `encoded` how (one of
    `formats.embedded.CODINGS`); `class_` may then be "": there is no class besides those of what it holds. `address`:
    the value is an address, and where it names a system it is turned into the gateway's own. `names`: it labels the
    names under which its places stand, not what stands there.
    """

    selector: str
    class_: str
    place: Place
    collected_for: str = ""
    shared_with: tuple[str, ...] = ()
    retention: str = ""
    deletion: str = ""
    contains: str = ""
    encoded: str = "text"
    address: bool = False
    names: bool = False

    @property
    def written(self) -> str:
        """Give the selector, as reports tell it."""
        return f"{self.selector} (name)" if self.names else self.selector


@dataclass(frozen=True, slots=True)
class CustomerSource:
    """Where a record's customer is named.

    `kind` is one of `body` (an RFC 9535 singular query relative to the record), `path` (a template variable), `query`
    (a parameter), `request-header`, `response-header`, `name` (that of the record itself, as a member of a map).
    """

    kind: str
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Message:
    """A body that legs carry. `records` (a selector) and `each` (a message of the same catalogue) make it a list.

    `unlisted` is `keep`, `redact`, `remove`, `refuse`, or None: `redact` in responses, `refuse` in requests.
    `class_` labels a whole document (PDF, image, bytes). `format` is a name of `formats.registry`, `options` its own.
    """

    name: str
    format: str
    place: Place
    customer: CustomerSource | None = None
    records: str | None = None
    each: str | None = None
    unlisted: str | None = None
    class_: str | None = None
    fields: tuple[Field, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class RequestPattern:
    """How an operation is recognised.

    `path` is a template: literal segments and `{variables}`; `headers` and `body` (a selector of one place -> text or
    integer, or several of them: any) narrow it where one path serves many operations.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: Mapping[str, str | int | tuple[str | int, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class HeadField:
    """One labelled place of a head.

    `kind` is one of `path` (a variable), `query` (a parameter), `headers` (of the request), `response_headers`, or
    `body_queries` (a value in the body, by its selector). What is in a query `language` has no class: those of `of`
    count, a message of the same catalogue (None: the operation's response), whose fields it names.
    """

    kind: str
    name: str
    class_: str
    place: Place
    language: str = ""
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What a flow does, named `system.name`.

    `body`, `response` and `errors` name messages; None: there is no body (`errors` None: the body of an answer with an
    error status is withheld). `upgrade` lets the operation leave HTTP, untreated. `head` labels what is outside of
    bodies; `unlisted_query` and `unlisted_response_headers` are words for the rest (`keep`, `remove`, `refuse`; None
    for parameters: `refuse` where any is labelled, else `keep`). `batch` is the kind of batch that it is, a name of
    `formats.batches` ("": none): then its body holds requests, each an operation by itself.
    """

    name: str
    request: RequestPattern
    place: Place
    body: str | None = None
    response: str | None = None
    errors: str | None = None
    upgrade: bool = False
    head: tuple[HeadField, ...] = ()
    unlisted_query: str | None = None
    unlisted_response_headers: str | None = None
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is known of one system's data; `name` is the system's name.

    `refusals` is the form, one of `refusals.REFUSAL_FORMS`, in which its callers are told what is refused.
    """

    name: str
    place: Place
    title: str = ""
    region: str = ""
    operations: Mapping[str, Operation] = field(default_factory=dict)
    messages: Mapping[str, Message] = field(default_factory=dict)
    refusals: str = "problem"

    def within(self, name: str) -> tuple[Message, ...]:
        """Give a message, and all that it is made of: the records of a list, and what fields hold, each once."""
        found: dict[str, Message] = {}
        names = [name]
        while names:
            message = self.messages.get(names.pop())
            if message is not None and message.name not in found:
                found[message.name] = message
                names += [held for held in (message.each, *(field.contains for field in message.fields)) if held]
        return tuple(found.values())
