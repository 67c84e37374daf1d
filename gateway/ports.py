"""What the gate needs from outside, each a small callable with an in-memory twin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.audit.entry import Entry
from gateway.flow import CustomerFacts, Flow, Leg, Request, Response
from gateway.tokens.keys import Custody


class Send(Protocol):
    """Forward a request to the target system of one flow. Raises `UpstreamFailed` where there is no usable answer."""

    def __call__(self, request: Request, /, *, streamed: bool = False) -> Awaitable[Response]:
        """Give the answer, its body as it came, content coding included; whole, unless it may be `streamed`.

        A `StreamCut` out of `request.stream` goes through, and the system must not take what it got for all.
        """
        ...


class Append(Protocol):
    """Make an audit entry durable. Raises `NotRecorded`."""

    def __call__(self, entry: Entry, /) -> Awaitable[int]:
        """Give the entry's index in the log once it is on disk."""
        ...


class Offload(Protocol):
    """Run a pure function on untrusted bytes elsewhere, under limits. Raises `Unreadable` for whatever goes wrong."""

    def __call__(self, function: Callable[..., Any], /, *arguments: object) -> Awaitable[Any]:
        """Give what the function gives."""
        ...


class Facts(Protocol):
    """Tell what is known of customers. Raises `FactsUnavailable`."""

    def __call__(self, customers: Iterable[str], now: int, /) -> Awaitable[Mapping[str | None, CustomerFacts]]:
        """Give the facts of each customer at `now` (nanoseconds since the epoch)."""
        ...


class Names(Protocol):
    """The names under which the log knows people."""

    def customer(self, identifier: str) -> str:
        """Give the pseudonym under which the log knows a customer."""
        ...

    def operator(self, identifier: str) -> str:
        """Give the pseudonym under which the log knows an operator."""
        ...

    def device(self, identifier: str) -> str:
        """Give the pseudonym under which the log knows a device."""
        ...


class Addresses(Protocol):
    """Knows under which addresses systems are reached: their own, and the gateway's."""

    def turned(self, flow: Flow, leg: Leg, address: str, /) -> str | None:
        """Give an address as the other side knows it, the same where it names no system.

        In responses a system's own becomes the gateway's: None where that has none for it. In requests it is turned
        back.
        """
        ...

    def left(self, flow: Flow, body: bytes, /) -> None:
        """Look at a response's treated body for addresses of systems that nobody labelled, and tell of them."""
        ...


class AsTheyAre:
    """Knows of no addresses: each stays as it is."""

    def turned(self, _flow: Flow, _leg: Leg, address: str, /) -> str | None:
        """Give the address."""
        return address

    def left(self, _flow: Flow, _body: bytes, /) -> None:
        """Look at nothing."""


AS_THEY_ARE = AsTheyAre()


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the gate is given, but for `Send`, which belongs to a flow.

    `clock` tells nanoseconds since the epoch; `random` gives fresh random bytes; `marks` is the
    key of hidden marks (32 bytes); `alarm` is told of errors that nobody
    foresaw, with the flow's id: whoever is told shows their type and place, never their text.
    """

    facts: Facts
    append: Append
    offload: Offload
    clock: Callable[[], int]
    random: Callable[[int], bytes]
    names: Names
    custody: Custody
    alarm: Callable[[str, Exception], None]
    marks: bytes = field(repr=False)
    addresses: Addresses = AS_THEY_ARE
