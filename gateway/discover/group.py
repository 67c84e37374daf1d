"""What was seen of one operation: how often, its bodies both ways, and where customers may be named outside of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from gateway.capture.exchange import Exchange
from gateway.discover import bodies
from gateway.discover.outline import Outline, Purse
from gateway.discover.shown import Show, show
from gateway.discover.words import record_of, words
from gateway.flow import Headers
from gateway.formats.limits import BodyLimits

LIMITS = BodyLimits()
"""The gate's own, so that what is drafted is what the gate can read."""

_MOST_NAMES = 8
_LONGEST_NAME = 64
_BODYLESS = frozenset({204, 205, 304})
_FIRST_REDIRECT = 300

Told = tuple[tuple[str, str], ...]
"""What tells an operation apart from others at the same path: ("header" or a selector's text, what it must be)."""


@dataclass(slots=True)
class Bodies:
    """One leg's bodies: how many of which format, why some couldn't be read, and what JSON ones hold."""

    kinds: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    outline: Outline = field(default_factory=Outline)

    def add(self, body: bodies.Body, purse: Purse, *, echo: bool = False) -> None:
        """See one body."""
        self.kinds[body.kind] += 1
        if body.refusal:
            self.refusals[body.refusal] += 1
        if body.kind == "json":
            self.outline.learn(body.value, purse, echo=echo)

    def absorb(self, other: Bodies) -> None:
        """Take up what was seen of another."""
        self.kinds += other.kinds
        self.refusals += other.refusals
        self.outline.absorb(other.outline)

    @property
    def format(self) -> str:
        """Name the format that most bodies have, JSON before others; "none" where there were no bodies."""
        some = {kind: count for kind, count in self.kinds.items() if kind not in {"none", "unreadable"}}
        if "json" in some:
            return "json"
        return max(some, key=lambda kind: (some[kind], kind), default="unreadable" if self.refusals else "none")


@dataclass(slots=True)
class Group:
    """One operation as it was seen. `declared` tells that a document names it."""

    count: int = 0
    declared: bool = False
    body: Bodies = field(default_factory=Bodies)
    response: Bodies = field(default_factory=Bodies)
    errors: Bodies = field(default_factory=Bodies)
    query: Counter[str] = field(default_factory=Counter)
    request_headers: Counter[str] = field(default_factory=Counter)
    response_headers: Counter[str] = field(default_factory=Counter)

    def add(self, exchange: Exchange, asked: bodies.Body, purse: Purse) -> None:
        """See one exchange, whose request body was read already."""
        self.count += 1
        self.body.add(asked, purse)
        _names(self.request_headers, [name for name, _ in exchange.request.headers])
        _, _, query = exchange.request.target.partition("?")
        _names(self.query, [unquote_plus(pair.partition("=")[0]) for pair in query[:2000].split("&") if pair])
        answer = exchange.response
        if answer is None:
            return
        _names(self.response_headers, [name for name, _ in answer.headers])
        if answer.status not in _BODYLESS:
            leg = self.response if answer.status < _FIRST_REDIRECT else self.errors
            leg.add(bodies.read(answer.headers, answer.body, LIMITS), purse, echo=True)

    def absorb(self, other: Group) -> None:
        """Take up what was seen of another, which is not to be used afterwards."""
        self.count += other.count
        self.declared = self.declared or other.declared
        self.body.absorb(other.body)
        self.response.absorb(other.response)
        self.errors.absorb(other.errors)
        self.query += other.query
        self.request_headers += other.request_headers
        self.response_headers += other.response_headers


def read_request(headers: Headers, body: bytes) -> bodies.Body:
    """Read a request's body."""
    return bodies.read(headers, body, LIMITS)


def _names(counts: Counter[str], names: list[str]) -> None:
    """Count the names that may say where a customer is named: a few, each once for an exchange."""
    for name in {name for name in names if names.count(name) == 1}:
        if name in counts or (len(counts) < _MOST_NAMES and _speaks_of_customers(name)):
            counts[name] += 1


def _speaks_of_customers(name: str) -> bool:
    """Tell whether a name may be a customer's; client ids are mostly those of programs (RFC 6749 section 2.2)."""
    short = len(name) <= _LONGEST_NAME and show(name) is Show.KNOWN and "client" not in words(name)
    return short and record_of(name) in {"customer", "party"}
