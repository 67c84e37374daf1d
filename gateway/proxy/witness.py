"""What crosses, for a capture: the request as the gate gets it, the answer before its treatment, what was known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.capture.exchange import Exchange, Said
from gateway.capture.fields import without_secrets
from gateway.flow import CustomerFacts, Flow, Request, Response
from gateway.ports import Send
from gateway.steps.sight import Sight

_SWITCHING = 101


@dataclass(slots=True)
class _Seen:
    """What the gate showed of a flow that it handles."""

    operation: str = ""
    customers: dict[str, CustomerFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """Keeps the flows that the gate handles: those to `systems` and of `operations`, all of them where these are empty.

    `keep` must neither wait nor raise. A flow whose operation never was known is kept only where none is named.
    """

    keep: Callable[[Exchange], None]
    systems: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def watch(self, sight: Sight) -> None:
        """Take note of a leg: to be the gate's `watch`."""
        seen = self._seen.get(sight.flow.id)
        if seen is not None:
            seen.operation = sight.aim.plan.operation.name
            for customer, facts in sight.hearing.known.items():
                if customer is not None:
                    seen.customers[customer] = facts

    async def handle(self, handle: Callable[[Flow, Send], Awaitable[Response]], flow: Flow, send: Send) -> Response:
        """Let `handle` have a flow, and keep what crossed, also where it ends in a refusal or an error."""
        if self.systems and flow.to not in self.systems:
            return await handle(flow, send)
        seen = self._seen[flow.id] = _Seen()
        answer: Response | None = None

        async def noted(request: Request, *, streamed: bool = False) -> Response:
            nonlocal answer
            answer = await send(request, streamed=streamed)
            return answer

        try:
            return await handle(flow, noted)
        finally:
            del self._seen[flow.id]
            if not self.operations or seen.operation in self.operations:
                self.keep(_exchange(flow, answer, seen))


def _exchange(flow: Flow, answer: Response | None, seen: _Seen) -> Exchange:
    """Put an exchange together. Its number is its place in the file."""
    asked, response = flow.request, answer
    repairs: tuple[str, ...] = ()
    if response is None or response.status == _SWITCHING:
        response, repairs = None, ("no-answer",)
    headers, held = without_secrets(asked.headers)
    request = Request(asked.method, asked.target, headers, asked.body)
    if response is not None:
        answered, held_too = without_secrets(response.headers)
        response, held = Response(response.status, answered, response.body), held or held_too
    said = Said(flow.to, flow.operator, flow.purpose, flow.peer, seen.customers)
    return Exchange(0, "", request, response, flow.started, (*repairs, "credentials") if held else repairs, said)
