"""What crosses, for a capture: the request as the gate gets it, the answer before its treatment, what was known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from gateway.capture.exchange import Exchange, Said
from gateway.capture.fields import without_secrets
from gateway.flow import CustomerFacts, Flow, Request, Response
from gateway.ports import Send
from gateway.proxy.passing import Passing
from gateway.steps import source
from gateway.steps.sight import Sight

_SWITCHING = 101
_MOST_KEPT = 1 << 20
"""How many bytes of a body in pieces are kept for a capture; a longer one is captured without."""


class Tee:
    """Passes a body in pieces on, and keeps it as long as it is not too long: `all` of it, or None."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        """Take what is passed on."""
        self._stream = stream
        self._held: bytearray | None = bytearray()
        self._ended = False

    def all(self, *, partly: bool = False) -> bytes | None:
        """Give the body; None where it broke off (unless `partly` will do), or is not kept for its length."""
        return bytes(self._held) if (self._ended or partly) and self._held is not None else None

    def __aiter__(self) -> Tee:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._stream)
        except StopAsyncIteration:
            self._ended = True
            raise
        if self._held is not None:
            self._held += piece
            if len(self._held) > _MOST_KEPT:
                self._held = None
        return piece

    async def aclose(self) -> None:
        """Stop reading."""
        await source.close(self._stream)

    def cut(self, refusal: str) -> None:
        """End at once."""
        source.cut(self._stream, refusal)


@dataclass(slots=True)
class _Seen:
    """What the gate showed of a flow that it handles."""

    operations: set[str] = field(default_factory=set)
    answer: Response | None = None
    asked: Tee | None = None
    answered: Tee | None = None
    customers: dict[str, CustomerFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Capturer:
    """Keeps the flows that the gate handles: those to `systems` and of `operations`, all of them where these are empty.

    `keep` must neither wait nor raise. A flow whose operation never was known is kept only where none is named.
    """

    keep: Callable[[Exchange], None]
    systems: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def watch(self, sight: Sight) -> None:
        """Take note of a leg: to be the gate's `watch`."""
        seen = self._seen.get(sight.flow.batch or sight.flow.id)
        if seen is not None:
            seen.operations.add(sight.aim.plan.operation.name)
            for customer, facts in sight.hearing.known.items():
                if customer is not None:
                    seen.customers[customer] = facts

    async def handle(self, handle: Callable[[Flow, Send], Awaitable[Response]], flow: Flow, send: Send) -> Response:
        """Let `handle` have a flow, and keep what crossed, also where it ends in a refusal or an error."""
        if self.systems and flow.to not in self.systems:
            return await handle(flow, send)
        seen = self._seen[flow.id] = _Seen()
        if flow.request.stream is not None:
            seen.asked = Tee(flow.request.stream)
            flow = replace(flow, request=replace(flow.request, stream=seen.asked))

        async def noted(request: Request, *, streamed: bool = False) -> Response:
            seen.answer = await send(request, streamed=streamed)
            if seen.answer.stream is None:
                return seen.answer
            seen.answered = Tee(seen.answer.stream)
            return replace(seen.answer, stream=seen.answered)

        released: Response | None = None
        try:
            released = await handle(flow, noted)
        finally:
            if released is None or released.stream is None:
                self._kept(flow, seen)
        if released.stream is not None:
            live = released.live
            stream = Passing(released.stream, lambda _: self._kept(flow, seen, live=live), _passed_over)
            return replace(released, stream=stream)
        return released

    def _kept(self, flow: Flow, seen: _Seen, *, live: bool = False) -> None:
        """Keep a flow that has come to its end; of events without end, what came until then."""
        del self._seen[flow.id]
        if not self.operations or not self.operations.isdisjoint(seen.operations):
            self.keep(_exchange(flow, seen, live=live))


def _passed_over(_: Exception) -> None:
    """Leave an error to whoever sees it next."""


def _exchange(flow: Flow, seen: _Seen, *, live: bool) -> Exchange:
    """Put an exchange together. Its number is its place in the file."""
    asked, response = flow.request, seen.answer
    body = asked.body if seen.asked is None else seen.asked.all()
    repairs: tuple[str, ...] = ("no-request-body",) if body is None else ()
    headers, held = without_secrets(asked.headers)
    request = Request(asked.method, asked.target, headers, body or b"")
    if response is None or response.status == _SWITCHING:
        response, repairs = None, (*repairs, "no-answer")
    else:
        body = response.body if seen.answered is None else seen.answered.all(partly=live)
        answered, held_too = without_secrets(response.headers)
        held = held or held_too
        if body is None:
            response, repairs = None, (*repairs, "no-answer-body")
        else:
            response = Response(response.status, answered, body)
    said = Said(flow.to, flow.operator, flow.purpose, flow.peer, seen.customers)
    return Exchange(0, "", request, response, flow.started, (*repairs, "credentials") if held else repairs, said)
