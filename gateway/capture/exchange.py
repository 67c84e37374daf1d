"""What every kind of capture is read into: exchanges in their order, and what could not be used, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.flow import CustomerFacts, Operator, Purpose, Request, Response


@dataclass(frozen=True, slots=True)
class Said:
    """What only the gateway's own captures tell of a flow: who asked whom for what, and what was known of customers."""

    to: str
    operator: Operator
    purpose: Purpose | None = None
    peer: str = ""
    customers: Mapping[str, CustomerFacts] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as the system behind the gateway got and gave them.

    `number` counts from 1 through everything in the capture, usable or not: it is what `explain --flow N` takes.
    `site` is scheme, host and port where they were captured (`https://erp.example:8443`, lower case, no default port),
    "" where they weren't. `request.target` is the raw path and query. Headers agree with bodies: a content coding is
    named only where the body still has it. `response` is None where no answer was captured. `started` is in
    nanoseconds since the epoch, None where unknown. `repairs` name what had to be guessed or mended (keys of
    `capture.faults.REPAIRS`). `said` is there in the gateway's own captures alone.
    """

    number: int
    site: str
    request: Request
    response: Response | None
    started: int | None = None
    repairs: tuple[str, ...] = ()
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """What stands in a capture and can't be used; `reason` is a key of `capture.faults.UNUSABLE`."""

    number: int
    reason: str
