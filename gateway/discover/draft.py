"""A drafted catalogue, before it is written: operations and messages with everything that speaks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.discover.outline import Told
from gateway.discover.proposal import Confidence, Proposal


@dataclass(frozen=True, slots=True)
class DraftField:
    """One label: a selector relative to the record, and the class proposed; `always`: every record has it.

    `contains` names the message that the value holds, `encoded` says how: then there is no class. `names` is the class
    of the names under which such places stand, where these are data; then there may be no other class.
    """

    selector: str
    proposal: Proposal
    always: bool = True
    contains: str = ""
    encoded: str = "text"
    names: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Where the customer may be named: `kind` and `name` as in `catalog.model.CustomerSource`, and why."""

    kind: str
    name: str
    confidence: Confidence
    reason: str


@dataclass(frozen=True, slots=True)
class DraftMessage:
    """One message. `customer` is written where it is sure; `suggestions` are told beside it."""

    name: str
    format: str
    fields: tuple[DraftField, ...] = ()
    records: str | None = None
    each: str | None = None
    customer: Suggestion | None = None
    suggestions: tuple[Suggestion, ...] = ()
    class_: Proposal | None = None
    notes: tuple[str, ...] = ()
    options: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class DraftHead:
    """One label outside of bodies: `kind` as `catalog.model.HeadField` has it; a parameter may have a `language`."""

    kind: str
    name: str
    proposal: Proposal
    language: str = ""


@dataclass(frozen=True, slots=True)
class DraftOperation:
    """One operation: how it is told, what it carries, how often it was seen (0: only a document names it).

    `batch` is the kind of batch that it is, "" for none; `open_query`: parameters without a label have to pass.
    """

    name: str
    method: str
    path: str
    told: Told = ()
    body: str | None = None
    response: str | None = None
    errors: str | None = None
    count: int = 0
    notes: tuple[str, ...] = ()
    batch: str = ""
    head: tuple[DraftHead, ...] = ()
    open_query: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What is proposed for one system. `amends` are fields that messages of the existing catalogue don't name yet."""

    system: str
    operations: tuple[DraftOperation, ...]
    messages: tuple[DraftMessage, ...]
    exchanges: int = 0
    amends: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything that was found: a draft for each system, what was left out and why (keys of `leftout.LEFT_OUT`)."""

    drafts: tuple[Draft, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    unusable: Mapping[str, int] = field(default_factory=dict)
    exchanges: int = 0
