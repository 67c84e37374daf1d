"""A drafted catalogue, before it is written: operations and messages with everything that speaks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.discover.group import Told
from gateway.discover.proposal import Confidence, Proposal


@dataclass(frozen=True, slots=True)
class DraftField:
    """One label: a selector relative to the record, and the class proposed; `always`: every record has it."""

    selector: str
    proposal: Proposal
    always: bool = True


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


@dataclass(frozen=True, slots=True)
class DraftOperation:
    """One operation: how it is told, what it carries, how often it was seen (0: only a document names it)."""

    name: str
    method: str
    path: str
    told: Told = ()
    body: str | None = None
    response: str | None = None
    errors: str | None = None
    count: int = 0
    notes: tuple[str, ...] = ()


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
