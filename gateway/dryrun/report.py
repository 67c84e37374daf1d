"""What a dry run found, added up: places, classes, rules and counts; values only where they were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.errors import Place

R = TypeVar("R")


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """One exchange: the capture's name, and its number in it, as `sovgate explain CAPTURE --flow N` takes them.

    `part` is the number of a request in the batch that the exchange is, 0 for all of it.
    """

    capture: str
    number: int
    part: int = 0

    def __str__(self) -> str:
        """Write it short."""
        return f"{self.capture}#{self.number}" + (f".{self.part}" if self.part else "")


@dataclass(frozen=True, slots=True)
class Rows(Generic[R]):
    """Rows, the weightiest first. `more` counts what found no room in any row, since tables are bounded."""

    rows: tuple[R, ...] = ()
    more: int = 0

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Capture:
    """One capture that was read: bytes and SHA-256 (hex) of what was read of it; `whole` tells if that is all."""

    name: str
    size: int
    sha256: str
    entries: int
    whole: bool = True
    fault: str = ""


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An operation: flows, how many of them were refused, records in answers, places treated, marks issued.

    `unanswered` flows were captured without an answer; `withheld` had an error answer whose body the catalogue doesn't
    name, so that it is taken off.
    """

    operation: str
    flows: int
    refused: int
    records: int
    strangers: int
    treated: int
    marks: int
    unanswered: int
    withheld: int

    @property
    def allowed(self) -> int:
        """Count the flows that pass."""
        return self.flows - self.refused


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Flows refused for one reason (a key of `gateway.refusals.REFUSALS`) on one leg of one operation.

    `rules` are those that denied, `places` the pointers that the refusal is about, each with a count; `first` is the
    first such flow.
    """

    refusal: str
    title: str
    leg: str
    operation: str
    count: int
    first: Where
    rules: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A value before and after, as JSON text; `after` is None where it is gone. Only where values were asked for."""

    before: str
    after: str | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A place of a message that passed, and what it met: `count` values in `flows` flows.

    `classes` are () where no field of the catalogue names the place; `treatment` is `keep` where it stays as it is.
    """

    operation: str
    leg: str
    pointer: str
    classes: tuple[str, ...]
    treatment: str
    rules: tuple[str, ...]
    count: int
    flows: int
    first: Where
    example: Example | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Of one class, or by one rule: how many values met each treatment."""

    name: str
    treatments: Mapping[str, int]

    @property
    def count(self) -> int:
        """Count all of them."""
        return sum(self.treatments.values())

    @property
    def kept(self) -> int:
        """Count those that stay as they are."""
        return self.treatments.get("keep", 0)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of the policies: in how many legs it was in question (its scope fits), in how many it was in force.

    `values` counts what it treated, or the pages it marked. `why` says, of a rule that did nothing, how far it got; ""
    for others.
    """

    rule: str
    kind: str
    place: Place
    observe: bool
    in_question: int
    in_force: int
    values: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class ObservedRow:
    """What a rule in observe mode would have done (`deny`, `watermark` or a treatment), and to how many records."""

    rule: str
    effect: str
    count: int


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer: `name` is a number in the order of appearance unless values were asked for."""

    name: str
    consents: tuple[str, ...]
    flows: int
    refused: int
    records: int
    first: Where


@dataclass(frozen=True, slots=True)
class UnnamedOperation:
    """Requests that no catalogue names: a guess at what they have in common, without what could be a value."""

    system: str
    method: str
    template: str
    count: int
    first: Where


@dataclass(frozen=True, slots=True)
class UnnamedField:
    """A place that no catalogue names: its pointer as far as its names may be shown, and what it meets."""

    operation: str
    leg: str
    pointer: str
    treatment: str
    count: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked whom, for what; `source` says where the purpose was said: a claim, a header, or assumed."""

    from_: str
    to: str
    purpose: str
    source: str
    flows: int


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `policies` and `catalogue` are digests of the policy set; times are in nanoseconds since the epoch.

    `facts` says where it was taken from what customers agreed to; `unrecorded` counts customers of whom the captures
    recorded nothing. `crowded`: there were more customers than `customer_count` tells apart. `interrupted`: it was
    stopped before its end. `failures` count errors of the gate that nobody foresaw, by their kind.
    """

    version: str
    made: int
    folder: str
    policies: str
    catalogue: str
    facts: str
    captures: tuple[Capture, ...]
    entries: int
    flows: int
    refused: int
    unanswered: int
    since: int | None
    until: int | None
    values_shown: bool
    interrupted: bool
    callers: Rows[Caller]
    operations: Rows[OperationRow]
    refusals: Rows[RefusalRow]
    fields: Rows[FieldRow]
    classes: tuple[Share, ...]
    treatments: Mapping[str, int]
    by_rule: tuple[Share, ...]
    rules: tuple[RuleRow, ...]
    observed: Rows[ObservedRow]
    customers: Rows[CustomerRow]
    customer_count: int
    crowded: bool
    strangers: int
    unrecorded: int
    marks: int
    unnamed_operations: Rows[UnnamedOperation]
    unnamed_fields: Rows[UnnamedField]
    unusable: Mapping[str, int]
    repairs: Mapping[str, int]
    skipped: Mapping[str, int]
    sites: Rows[tuple[str, int]]
    failures: Mapping[str, int]

    @property
    def allowed(self) -> int:
        """Count the flows that pass."""
        return self.flows - self.refused

    @property
    def idle(self) -> tuple[RuleRow, ...]:
        """Give the rules that did nothing."""
        return tuple(row for row in self.rules if row.why)
