"""What was seen of one operation: how often, its bodies both ways, and where customers may be named outside of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from gateway.capture.exchange import Exchange
from gateway.discover import bodies
from gateway.discover.bodies import LIMITS
from gateway.discover.headers import wanted
from gateway.discover.outline import Outline, Purse
from gateway.discover.segments import surely_literal
from gateway.discover.shown import Show, show
from gateway.discover.values import Values
from gateway.discover.views.registry import VIEWS
from gateway.discover.views.view import Options, typed
from gateway.discover.words import record_of, words
from gateway.flow import Headers

_MOST_NAMES = 8
_MOST_PLACES = 60
_LONGEST_QUERY = 4000
_LONGEST_NAME = 64
_BODYLESS = frozenset({204, 205, 304})
_FIRST_REDIRECT = 300


@dataclass(slots=True)
class Bodies:
    """One leg's bodies: how many of which format, why some couldn't be read, what they hold, and how they are written.

    `remarks` are what is to be told of those of a format, with how many bodies it is true of.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    outlines: dict[str, Outline] = field(default_factory=dict)
    options: dict[str, Counter[Options]] = field(default_factory=dict)
    remarks: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, body: bodies.Body, purse: Purse, *, echo: bool = False) -> None:
        """See one body."""
        self.kinds[body.kind] += 1
        if body.refusal:
            self.refusals[body.refusal] += 1
        if body.kind not in VIEWS:
            return
        outline = self.of(body.kind)
        for tree in body.trees:
            outline.learn(tree, purse, echo=echo)
        self.options.setdefault(body.kind, Counter())[body.options] += 1
        for remark in body.remarks:
            self.remarks[body.kind, remark] += 1

    def of(self, kind: str) -> Outline:
        """Give what bodies of a format hold."""
        return self.outlines.setdefault(kind, Outline())

    def absorb(self, other: Bodies) -> None:
        """Take up what was seen of another."""
        self.kinds += other.kinds
        self.refusals += other.refusals
        self.remarks += other.remarks
        for kind, outline in other.outlines.items():
            self.of(kind).absorb(outline)
        for kind, seen in other.options.items():
            self.options.setdefault(kind, Counter()).update(seen)

    @property
    def written(self) -> Options:
        """Say how most of the bodies of its format are written."""
        seen = self.options.get(self.format)
        return max(seen, key=lambda one: (seen[one], repr(one))) if seen else ()

    @property
    def format(self) -> str:
        """Name the format that most bodies have, JSON before others; "none" where there were no bodies."""
        some = {kind: count for kind, count in self.kinds.items() if kind not in {"none", "unreadable"}}
        if "json" in some:
            return "json"
        return max(some, key=lambda kind: (some[kind], kind), default="unreadable" if self.refusals else "none")


@dataclass(slots=True)
class Group:
    """One operation as it was seen. `declared` tells that a document names it, `batch` which kind of batch it is.

    `unanswered` counts exchanges whose answer the capture doesn't hold.

    `segments` are the path's by their number, `parameters` the query's, `fields` and `answer_fields` those of headers
    that may carry data; `odd_parameters` counts those whose names aren't kept.
    """

    count: int = 0
    declared: bool = False
    unanswered: int = 0
    body: Bodies = field(default_factory=Bodies)
    response: Bodies = field(default_factory=Bodies)
    errors: Bodies = field(default_factory=Bodies)
    batch: str = ""
    segments: dict[int, Values] = field(default_factory=dict)
    parameters: dict[str, Outline] = field(default_factory=dict)
    odd_parameters: int = 0
    fields: dict[str, Outline] = field(default_factory=dict)
    answer_fields: dict[str, Outline] = field(default_factory=dict)
    query: Counter[str] = field(default_factory=Counter)
    request_headers: Counter[str] = field(default_factory=Counter)
    response_headers: Counter[str] = field(default_factory=Counter)

    def add(self, exchange: Exchange, asked: bodies.Body, purse: Purse) -> None:
        """See one exchange, whose request body was read already."""
        self.count += 1
        self.body.add(asked, purse)
        _names(self.request_headers, [name for name, _ in exchange.request.headers])
        _, _, query = exchange.request.target.partition("?")
        pairs = [
            tuple(map(unquote_plus, pair.partition("=")[::2])) for pair in query[:_LONGEST_QUERY].split("&") if pair
        ]
        _names(self.query, [name for name, _ in pairs])
        for name, value in pairs:
            shown = len(name) <= _LONGEST_NAME and show(name) is not Show.ODD
            if not shown or not _learn(self.parameters, name, value, purse):
                self.odd_parameters += 1
        _fields(self.fields, exchange.request.headers, purse)
        answer = exchange.response
        if answer is None:
            self.unanswered += 1
            return
        _names(self.response_headers, [name for name, _ in answer.headers])
        _fields(self.answer_fields, answer.headers, purse)
        if answer.status not in _BODYLESS:
            leg = self.response if answer.status < _FIRST_REDIRECT else self.errors
            leg.add(bodies.read(answer.headers, answer.body, LIMITS, purse), purse, echo=True)

    def absorb(self, other: Group) -> None:
        """Take up what was seen of another, which is not to be used afterwards."""
        self.count += other.count
        self.unanswered += other.unanswered
        self.declared = self.declared or other.declared
        self.batch = self.batch or other.batch
        self.odd_parameters += other.odd_parameters
        for number, values in other.segments.items():
            self.segments.setdefault(number, Values()).unite(values)
        for mine, theirs in ((self.parameters, other.parameters), (self.fields, other.fields),
                             (self.answer_fields, other.answer_fields)):  # fmt: skip
            for name, place in theirs.items():
                mine.setdefault(name, Outline()).absorb(place)
        self.body.absorb(other.body)
        self.response.absorb(other.response)
        self.errors.absorb(other.errors)
        self.query += other.query
        self.request_headers += other.request_headers
        self.response_headers += other.response_headers


def walk(group: Group, segments: Sequence[str]) -> None:
    """Keep what stood in the path, where that could be a value."""
    for number, text in enumerate(segments):
        if text and not surely_literal(text):
            group.segments.setdefault(number, Values()).add(text)


def _fields(places: dict[str, Outline], headers: Headers, purse: Purse) -> None:
    for name, value in headers:
        if len(name) <= _LONGEST_NAME and wanted(name):
            _learn(places, name, value, purse)


def _learn(places: dict[str, Outline], name: str, value: str, purse: Purse) -> bool:
    """See a value outside of a body; tell whether its place is kept."""
    if name not in places and len(places) >= _MOST_PLACES:
        return False
    places.setdefault(name, Outline()).learn(typed(value), purse)
    return True


def read_request(headers: Headers, body: bytes, purse: Purse) -> bodies.Body:
    """Read a request's body."""
    return bodies.read(headers, body, LIMITS, purse)


def _names(counts: Counter[str], names: list[str]) -> None:
    """Count the names that may say where a customer is named: a few, each once for an exchange."""
    for name in {name for name in names if names.count(name) == 1}:
        if name in counts or (len(counts) < _MOST_NAMES and _speaks_of_customers(name)):
            counts[name] += 1


def _speaks_of_customers(name: str) -> bool:
    """Tell whether a name may be a customer's; client ids are mostly those of programs (RFC 6749 section 2.2)."""
    short = len(name) <= _LONGEST_NAME and show(name) is Show.KNOWN and "client" not in words(name)
    return short and record_of(name) in {"customer", "party"}
