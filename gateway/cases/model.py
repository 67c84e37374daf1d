"""Cases as written: a made-up flow, the system's answer to it, what its customers agreed to, and what is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.cases.outcome import Outcome
from gateway.cases.tokens import Token
from gateway.errors import Place, Problem
from gateway.flow import CustomerFacts, Flow, Response

Attached = Callable[[str], bytes | None]
"""Gives a file that a case names, by its name relative to the policies' folder; None where there is none to be had."""


class Expectation(Protocol):
    """One thing that a case expects, and where that is written."""

    @property
    def place(self) -> Place:
        """Where it is written."""
        ...

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell where the outcome is another one; each place that differs with what was found there."""
        ...


@dataclass(frozen=True, slots=True)
class Customers:
    """What the customers of a case agreed to; `others` holds for everyone who isn't `named`.

    `keyless` have no keys that may be used.
    """

    named: Mapping[str, CustomerFacts] = field(default_factory=dict, hash=False)
    places: Mapping[str, Place] = field(default_factory=dict, hash=False)
    others: CustomerFacts | None = None
    keyless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One flow to be tried. `name` is a sentence; one row of a table is a case of its own, placed at its row.

    `suite` is the name of its file's cases; `tokens` are made for it, and stand in its messages by their names.
    """

    suite: str
    name: str
    place: Place
    flow: Flow
    answer: Response
    customers: Customers
    expected: tuple[Expectation, ...]
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """The cases of one file, and what is doubtful about them."""

    name: str
    file: str
    place: Place
    title: str = ""
    cases: tuple[Case, ...] = ()
    warnings: tuple[Problem, ...] = ()
