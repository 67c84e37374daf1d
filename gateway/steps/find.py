"""Before step 1: which operation a request is, by its path and method, its headers, or a value in its body."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.catalog.match import Match, choose
from gateway.catalog.path import Target, parse
from gateway.errors import Unreadable
from gateway.flow import Flow, header
from gateway.formats import codings, json
from gateway.formats.limits import BodyLimits
from gateway.regime import OperationPlan, Regime

_WHOLE = json.layout(fields=(), customer=None)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a request is aimed at: the operation with its plans, the path's variables, the parsed target."""

    plan: OperationPlan
    match: Match
    target: Target


def find(flow: Flow, regime: Regime, limits: BodyLimits) -> Aim:
    """Find the operation. Raises `Unreadable`, for an unknown operation or a body that can't be read."""
    request = flow.request
    target = parse(request.target)
    candidates = regime.matcher.candidates(flow.to, request.method, target.segments, request.headers)
    if not candidates:
        raise Unreadable("unknown-operation", "no path and method of the catalogue fit")
    match: Match | None = candidates[0]
    if any(candidate.operation.request.body for candidate in candidates):
        plain = codings.decode(request.body, header(request.headers, "content-encoding"), limits.size, limits.ratio)
        document = json.read(plain, _WHOLE, limits.depth, limits.values)
        match = choose(candidates, document.lookup)
    if match is None:
        raise Unreadable("unknown-operation", "no value in the body that the catalogue names")
    if header(request.headers, "upgrade") is not None and not match.operation.upgrade:
        raise Unreadable("upgrade-refused", "the catalogue does not let this operation leave HTTP")
    return Aim(regime.operations[match.operation.name], match, target)
