"""Before step 1: which operation a request is, by its path and method, its headers, or a value in its body."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.catalog.match import Match, choose
from gateway.catalog.path import Target, parse
from gateway.errors import Unreadable
from gateway.flow import Flow, Request, header
from gateway.formats import charset, codings, media
from gateway.formats.document import Document
from gateway.formats.format import charset_of
from gateway.formats.limits import BodyLimits
from gateway.regime import MessagePlan, OperationPlan, Regime


@dataclass(frozen=True, slots=True)
class Aim:
    """What a request is aimed at: the operation with its plans, the path's variables, the parsed target."""

    plan: OperationPlan
    match: Match
    target: Target


def find(flow: Flow, regime: Regime, limits: BodyLimits, *, streamed: bool = False) -> Aim:
    """Find the operation. Raises `Unreadable`, for an unknown operation or a body that can't be read.

    What came in a batch is no batch itself. Where a body is `streamed`, nothing in it can tell the operation.
    """
    request = flow.request
    target = parse(request.target)
    candidates = regime.matcher.candidates(flow.to, request.method, target.segments, request.headers)
    if not candidates:
        raise Unreadable("unknown-operation", "no path and method of the catalogue fit")
    if flow.batch and not (candidates := tuple(one for one in candidates if not one.operation.batch)):
        raise Unreadable("batch-unsafe", "a batch stands in a batch")
    match = candidates[0]
    if any(candidate.operation.request.body for candidate in candidates):
        if streamed or request.stream is not None:
            raise Unreadable("unknown-operation", "the operation hangs on a body that nobody has read")
        told = _Told(request, regime, limits)
        chosen = choose(candidates, told.lookup)
        if chosen is None:
            raise told.fault or Unreadable("unknown-operation", "no value in the body that the catalogue names")
        match = chosen
    if header(request.headers, "upgrade") is not None and not match.operation.upgrade:
        raise Unreadable("upgrade-refused", "the catalogue does not let this operation leave HTTP")
    return Aim(regime.operations[match.operation.name], match, target)


class _Told:
    """The body of a request that may be one of several operations, read as each of them says it is."""

    def __init__(self, request: Request, regime: Regime, limits: BodyLimits) -> None:
        self._kind = media.parse(header(request.headers, "content-type"))
        self._plain = codings.decode(
            request.body, header(request.headers, "content-encoding"), limits.size, limits.ratio
        )
        self._regime = regime
        self._limits = limits
        self._documents: dict[str, Document | None] = {}
        self._found: dict[tuple[str, str], str | int | None] = {}
        self.fault: Unreadable | None = None

    def lookup(self, match: Match, selector: str) -> str | int | None:
        """Give the value at a selector; None where the body isn't what this operation takes."""
        plan = self._regime.operations[match.operation.name].body
        if plan is None:
            return None
        if plan.name not in self._documents:
            self._documents[plan.name] = self._read(plan)
        document, asked = self._documents[plan.name], (plan.name, selector)
        if asked not in self._found:  # one address may serve a hundred operations, all told by one place
            self._found[asked] = None if document is None else document.lookup(selector)
        return self._found[asked]

    def _read(self, plan: MessagePlan) -> Document | None:
        try:
            text = charset.to_utf8(self._plain, charset_of(plan.format, self._plain, self._kind.charset))
            plan.format.agree(self._kind, text)
            return plan.format.read(text, plan.layout, self._limits)
        except Unreadable as error:
            self.fault = error
            return None
