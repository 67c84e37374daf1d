"""A batch: requests in one body. Each takes every step by itself; either all of them pass, or none does.

The batch is an operation too, which a policy must allow; that alone lets none of its requests through. Each request in
it is a flow called after the batch's, `FLOW.1`, `FLOW.2` and so on, to the same system and by the same operator. All
are decided before anything is recorded, all are recorded before anything is forwarded, and so on the way back: each
part of the answer is treated as what its own request is answered by. One refusal refuses the whole; the others' entries
then say `batch-refused`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from gateway.errors import NotRecorded, StreamCut, Unreadable, UpstreamFailed
from gateway.flow import Flow, Headers, Leg, Request, Response, header
from gateway.formats import codings
from gateway.formats.batch import Asked, Call, Reply
from gateway.formats.batch_target import Base
from gateway.formats.batches import BATCHES
from gateway.formats.limits import BodyLimits
from gateway.ports import Ports, Send
from gateway.regime import MessagePlan, Regime
from gateway.steps import note, release, source
from gateway.steps.find import Aim, find
from gateway.steps.note import Passage

_BODYLESS = frozenset({204, 205, 304})
_FIRST_REDIRECT = 300
_ANSWERED_ALONE = Response(0)
_ADDRESSES = frozenset({"location", "content-location", "odata-entityid"})

_Message = TypeVar("_Message", Request, Response)


class Judge(Protocol):
    """Take one leg of one message through steps 1 to 5. Never raises."""

    def __call__(
        self, leg: Leg, flow: Flow, aim: Aim, plan: MessagePlan | None, message: Request | Response, body: bytes, /
    ) -> Awaitable[Passage]:
        """Give what became of it."""
        ...


@dataclass(slots=True, eq=False)
class _Part:
    """One request of a batch on its way; `aim` is None where no catalogue knows it, `intent` where it has none yet."""

    flow: Flow
    aim: Aim | None
    asked: Passage
    intent: int = -1
    answer: Response = _ANSWERED_ALONE
    answered: Passage = field(default_factory=Passage)


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Handles flows whose operation is a batch."""

    regime: Regime
    ports: Ports
    limits: BodyLimits
    judge: Judge

    async def handle(self, flow: Flow, aim: Aim, send: Send) -> Response:
        """Take a batch through both legs and give what the caller may have."""
        own, parts, asked = await self._ask(flow, aim)
        try:
            index = await self._intend(flow, aim, own, parts)  # 6
        except NotRecorded:
            return self.regime.refused("not-recorded", Leg.REQUEST, flow)
        if own.refusal or asked is None:  # 7
            return self.regime.refused(own.refusal, Leg.REQUEST, flow)
        answer, answered = await self._answer(flow, aim, own, parts, asked, send)
        try:
            for part in parts:  # 6
                if part.aim is not None:
                    await self._append_outcome(part, answered.refusal)
            await self.ports.append(note.response(flow, aim, answer, answered, index, self.regime, self.ports))
        except NotRecorded:
            return self.regime.refused("not-recorded", Leg.RESPONSE, flow)
        if answered.refusal:  # 7
            return self.regime.refused(answered.refusal, Leg.RESPONSE, flow)
        return release.released(answer, answered)

    async def _ask(self, flow: Flow, aim: Aim) -> tuple[Passage, Sequence[_Part], Asked | None]:
        """Take the batch, then each of its requests, through steps 1 to 5; then put it together as it may go on."""
        own, parts, asked = Passage(), list[_Part](), None
        try:
            request = await _whole(flow.request, self.limits)
            own = await self.judge(Leg.REQUEST, flow, aim, None, replace(request, body=b""), b"")
            own = replace(own, before=request.body, body=request.body)
            if own.refusal:
                return own, parts, None
            asked = self._opened(flow, aim, request)
            parts += [await self._asked(flow, call, number) for number, call in enumerate(asked.calls, 1)]
            refusal = next((part.asked.refusal for part in parts if part.asked.refusal), "")
            if not refusal:
                written = asked.written([release.forwarded(part.flow.request, part.asked) for part in parts])
                body = _wrapped(written, request, self.limits)
                return replace(own, body=body, treated=own.treated or body is not request.body), parts, asked
        except (Unreadable, UpstreamFailed, StreamCut) as error:
            refusal = error.refusal
        except Exception as error:  # noqa: BLE001 - fail closed: what nobody foresaw refuses, is recorded, shows nothing
            self.ports.alarm(flow.id, error)
            refusal = "internal"
        for part in parts:
            part.asked = replace(part.asked, refusal=part.asked.refusal or "batch-refused")
        return replace(own, refusal=refusal), parts, asked

    def _opened(self, flow: Flow, aim: Aim, request: Request) -> Asked:
        """Take the body apart. Raises `Unreadable`."""
        if not request.body:
            raise Unreadable("body-missing", "the batch is empty")
        if "respond-async" in (header(request.headers, "prefer") or "").lower():
            raise Unreadable("batch-unsafe", "the batch wants to be answered later")
        kind = BATCHES[aim.plan.operation.batch]
        base = Base.of(flow, self._folder(flow))
        return kind.asked(replace(request, body=_plain(request, self.limits)), base, self.limits)

    def _folder(self, flow: Flow) -> str:
        """Give the path that the system itself puts before what the gateway sees of it."""
        path = flow.request.target.partition("?")[0]
        here = f"{flow.root}{path}"
        there = self.ports.addresses.turned(flow, Leg.REQUEST, here) if flow.root else here
        return "" if there is None or there == here else urlsplit(there).path.removesuffix(path)

    async def _asked(self, flow: Flow, call: Call, number: int) -> _Part:
        """Take one request through steps 1 to 5, as if it had come by itself."""
        within = replace(flow, id=f"{flow.id}.{number}", request=call.request, batch=flow.id)
        try:
            aim = _named(find(within, self.regime, self.limits), call)
        except Unreadable as error:
            return _Part(within, None, Passage(call.body, refusal=error.refusal))
        passage = await self.judge(Leg.REQUEST, within, aim, aim.plan.body, within.request, call.body)
        return _Part(within, aim, passage)

    async def _intend(self, flow: Flow, aim: Aim, own: Passage, parts: Sequence[_Part]) -> int:
        """Record the batch and its requests: intents, or refusals. Raises `NotRecorded`, with no intent left open."""
        begun: list[tuple[Flow, Aim]] = []
        try:
            index = await self.ports.append(note.request(flow, aim, own, self.regime, self.ports))
            begun.append((flow, aim))
            for part in parts:
                if part.aim is None:
                    refusal = part.asked.refusal
                    await self.ports.append(note.refused(part.flow, refusal, self.regime, self.ports))
                else:
                    entry = note.request(part.flow, part.aim, part.asked, self.regime, self.ports)
                    part.intent = await self.ports.append(entry)
                    begun.append((part.flow, part.aim))
        except NotRecorded:
            for one, aimed in () if own.refusal else begun:
                await self._withdraw(one, aimed)
            raise
        return index

    async def _withdraw(self, flow: Flow, aim: Aim) -> None:
        """Say of an intent, where the log can, that it was not forwarded."""
        entry = note.request(flow, aim, Passage(refusal="not-recorded"), self.regime, self.ports)
        try:
            await self.ports.append(entry)
        except NotRecorded:
            return

    async def _append_outcome(self, part: _Part, refusal: str) -> None:
        """Record what one request was answered. Raises `NotRecorded`."""
        assert part.aim is not None, "what has an intent has an operation"
        answered = part.answered
        if refusal and not answered.refusal:
            answered = replace(answered, refusal="batch-refused")
        entry = note.response(part.flow, part.aim, part.answer, answered, part.intent, self.regime, self.ports)
        await self.ports.append(entry)

    async def _answer(
        self, flow: Flow, aim: Aim, own: Passage, parts: Sequence[_Part], asked: Asked, send: Send
    ) -> tuple[Response, Passage]:
        """Forward the batch, and take its answer, and each part of it, through the response leg."""
        answer, refusal = _ANSWERED_ALONE, ""
        try:
            answer = await send(release.forwarded(flow.request, own))
            answer = await _whole(answer, self.limits)
            return await self._released(flow, aim, parts, asked, answer)
        except (Unreadable, UpstreamFailed, StreamCut) as error:
            refusal = error.refusal
        except Exception as error:  # noqa: BLE001 - fail closed: it was forwarded, so its outcome must be recorded
            self.ports.alarm(flow.id, error)
            refusal = "internal"
        for part in parts:
            part.answered = replace(part.answered, refusal=part.answered.refusal or refusal)
        return answer, Passage(answer.body, refusal=refusal)

    async def _released(
        self, flow: Flow, aim: Aim, parts: Sequence[_Part], asked: Asked, answer: Response
    ) -> tuple[Response, Passage]:
        """Treat an answer part by part. Raises `Unreadable`."""
        failed = answer.status >= _FIRST_REDIRECT
        if failed or answer.status in _BODYLESS:
            answer = await release.withheld(answer)
        own = await self.judge(Leg.RESPONSE, flow, aim, None, replace(answer, body=b""), b"")
        own = replace(own, before=answer.body, body=answer.body)
        if failed:
            for part in parts:
                part.answer = Response(answer.status)
            return answer, own
        answered = asked.answered(replace(answer, body=_plain(answer, self.limits)), self.limits)
        released = [await self._replied(parts, reply) for reply in answered.replies]
        passages = [part.answered for part in parts]
        refusal = own.refusal or next((one.refusal for one in passages if one.refusal), "")
        if refusal:
            return answer, replace(own, refusal=refusal)
        body = _wrapped(answered.written(released), answer, self.limits)
        return answer, replace(
            own,
            body=body,
            treated=body is not answer.body or any(one.treated for one in (own, *passages)),
            personal=any(one.personal for one in (own, *passages)),
        )

    async def _replied(self, parts: Sequence[_Part], reply: Reply) -> Response:
        """Take one part of the answer through the response leg of what it answers; give what may be released of it."""
        answered = [parts[index] for index in reply.calls]
        first, answer = answered[0], self._turned(answered[0].flow, reply.response)
        plan = _plan(answered, answer.status)
        if answer.status in _BODYLESS or (plan is None and answer.status >= _FIRST_REDIRECT):
            answer, plan = await release.withheld(answer), None
        for part in answered:
            alone = part is first
            part.answer = answer if alone else replace(answer, body=b"")
            assert part.aim is not None, "what was forwarded has an operation"
            part.answered = await self.judge(
                Leg.RESPONSE, part.flow, part.aim, plan if alone else None, part.answer, part.answer.body
            )
        return release.part(answer, first.answered)

    def _turned(self, flow: Flow, answer: Response) -> Response:
        """Turn addresses in header fields that name a system into the gateway's; those that have none are left out."""
        headers = tuple(self._turn(flow, answer.headers))
        return answer if headers == answer.headers else replace(answer, headers=headers)

    def _turn(self, flow: Flow, headers: Headers) -> Iterator[tuple[str, str]]:
        for name, value in headers:
            if name.lower() not in _ADDRESSES:
                yield name, value
            elif (turned := self.ports.addresses.turned(flow, Leg.RESPONSE, value)) is not None:
                yield name, turned


def _named(aim: Aim, call: Call) -> Aim:
    """Let variables of the path that hold what nobody knows yet name nobody."""
    if not call.refers:
        return aim
    known = {
        name: "" if any(mark in value for mark in call.refers) else value for name, value in aim.match.variables.items()
    }
    return replace(aim, match=replace(aim.match, variables=known))


def _plan(answered: Iterable[_Part], status: int) -> MessagePlan | None:
    """Give how an answer is read: as all that it answers say, or, where these differ, not at all."""
    aims = [part.aim.plan for part in answered if part.aim is not None]
    if status < _FIRST_REDIRECT:
        return aims[0].response
    names = {None if aim.errors is None else aim.errors.name for aim in aims}
    return aims[0].errors if len(names) == 1 else None


def _plain(message: Request | Response, limits: BodyLimits) -> bytes:
    """Give a body without its content coding. Raises `Unreadable`."""
    return _opened(message, limits)[0]


def _opened(message: Request | Response, limits: BodyLimits) -> tuple[bytes, bool]:
    """Give a body without its content coding, and whether that holds nothing else. Raises `Unreadable`."""
    coding = header(message.headers, "content-encoding")
    plain, bare = codings.opened(message.body, coding, limits.size, limits.ratio)
    if len(plain) > limits.size:
        raise Unreadable("body-too-large", "decoded body over the limit")
    return plain, bare


def _wrapped(written: bytes, message: Request | Response, limits: BodyLimits) -> bytes:
    """Put the content coding on again; the very same body where nothing changed. Raises `Unreadable`."""
    coding = header(message.headers, "content-encoding")
    if written is message.body or (coding and (written, True) == _opened(message, limits)):
        return message.body
    return codings.encode(written, coding)


async def _whole(message: _Message, limits: BodyLimits) -> _Message:
    """Read a body that comes in pieces. Raises `Unreadable`, `UpstreamFailed`, `StreamCut`."""
    if message.stream is None:
        return message
    return replace(message, body=await source.whole(message.stream, limits.size), stream=None)
