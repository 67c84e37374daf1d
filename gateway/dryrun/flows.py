"""Captured exchanges become flows: what a capture doesn't say is assumed, and told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gateway.capture.exchange import Exchange
from gateway.dryrun.sites import Sites
from gateway.errors import Unreadable
from gateway.flow import Flow, Operator, Purpose
from gateway.identity.purpose import purpose_of

SKIPPED: dict[str, str] = {
    "no-system": "no system is known at its address: give the address with --system NAME=URL",
    "no-caller": "the capture doesn't say who called: name the calling system with --from NAME",
    "ambiguous-purpose": "its purpose header stands twice or holds no purpose's name: the gateway would turn it away",
}
"""Reasons for which an exchange becomes no flow; what each means, and what to do."""

NOBODY = Operator(system="")
"""Nobody was named as the caller."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What captures by others don't say: whose addresses are whose, who called, what for, and when.

    `operator.system` is "" where nobody was named. `purpose_header` is the header in which the purpose is said, where
    `purpose` isn't given. `started` is taken where an exchange has no time (nanoseconds since the epoch).
    """

    sites: Sites = field(default_factory=Sites)
    operator: Operator = NOBODY
    purpose: Purpose | None = None
    purpose_header: str | None = None
    peer: str = ""
    started: int = 0


def flow_of(exchange: Exchange, assumed: Assumed) -> Flow | str:
    """Give the flow that an exchange was, its number as its id; or why it is none (a key of `SKIPPED`).

    What the gateway's own captures say counts; only what others leave open is assumed.
    """
    started = assumed.started if exchange.started is None else exchange.started
    said = exchange.said
    if said is not None:
        return Flow(
            str(exchange.number), started, said.to, exchange.request, said.operator, said.purpose, peer=said.peer
        )
    found = assumed.sites.find(exchange.site, exchange.request.target)
    if found is None:
        return "no-system"
    if not assumed.operator.system:
        return "no-caller"
    try:
        purpose = purpose_of(assumed.purpose, exchange.request.headers, assumed.purpose_header)
    except Unreadable:
        return "ambiguous-purpose"
    system, target = found
    request = exchange.request if target == exchange.request.target else replace(exchange.request, target=target)
    root = exchange.site + exchange.request.target.removesuffix(target).partition("?")[0]
    return Flow(str(exchange.number), started, system, request, assumed.operator, purpose, peer=assumed.peer, root=root)
