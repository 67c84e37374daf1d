"""The gate: how a flow becomes a verdict becomes bytes and an entry.

Whatever decides on a flow goes through `Gate.handle`; nothing else decides. Each leg, in order (1 to 5 in `steps.leg`):

1. read the body into a document, as the catalogue says it is
2. find its records, and the customer of each
3. get the facts of these customers (consents, attributes, passport heads), in one call
4. decide, record by record
5. apply the treatments, and the marks (through the `offload` port: never on the event loop)
6. record: the intent before anything is forwarded, the outcome before anything is released
7. release, or refuse

Whatever can't be read, named, decided, marked or recorded is refused; an error on the way is a refusal too. A body that
holds requests of its own (`steps.batch`) takes these steps for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import NotRecorded, StreamCut, Unreadable, UpstreamFailed
from gateway.flow import Flow, Leg, Request, Response
from gateway.ports import Send
from gateway.steps import note, release, stream
from gateway.steps.batch import Batches
from gateway.steps.find import Aim, find
from gateway.steps.leg import Legs
from gateway.steps.note import Passage
from gateway.steps.recorder import Recorder
from gateway.steps.stream import Stream

_BODYLESS = frozenset({204, 205, 304})
_FIRST_REDIRECT = 300


@dataclass(frozen=True, slots=True)
class Gate(Legs):
    """The policies in force, and the ports that they are carried out with; `watch` is shown each leg that is judged."""

    async def handle(self, flow: Flow, send: Send) -> Response:
        """Take a flow through both legs and give what the caller may have: the treated answer, or a refusal."""
        try:
            aim = find(flow, self.regime, self.limits)
        except Unreadable as error:
            return await self.refuse(flow, error.refusal)
        except Exception as error:  # noqa: BLE001 - fail closed: what nobody foresaw refuses, is recorded, shows nothing
            self.ports.alarm(flow.id, error)
            return await self.refuse(flow, "internal")
        if aim.plan.operation.batch:
            return await Batches(self.regime, self.ports, self.limits, self.whole).handle(flow, aim, send)
        asked, coming = await self.enter(Leg.REQUEST, flow, aim, aim.plan.body, flow.request)
        intent = note.request(flow, aim, asked, self.regime, self.ports, streamed=coming is not None)
        try:
            index = await self.ports.append(intent)  # 6
        except NotRecorded:
            return await self._withdrawn(flow, Leg.REQUEST, coming)
        if asked.refusal:  # 7
            return self.regime.refused(asked.refusal, Leg.REQUEST, flow)
        recorder = Recorder(flow, aim, index, self.regime, self.ports)
        rest = coming.recorded(*recorder.of_request()) if coming else None
        forwarded = release.forwarded(flow.request, asked, rest)
        answer, answered, going = await self._answer(flow, send, aim, forwarded)
        try:
            if going is not None:
                await recorder.began(answered)
            else:
                if coming is not None:
                    await coming.aclose()
                await self.ports.append(note.response(flow, aim, answer, answered, index, self.regime, self.ports))  # 6
        except (NotRecorded, StreamCut):
            return await self._withdrawn(flow, Leg.RESPONSE, going)
        if answered.refusal:  # 7
            cut = coming is not None and coming.refusal == answered.refusal
            return self.regime.refused(answered.refusal, Leg.REQUEST if cut else Leg.RESPONSE, flow)
        return release.released(answer, answered, going.recorded(*recorder.of_response(answer)) if going else None)

    async def _withdrawn(self, flow: Flow, leg: Leg, stream: Stream | None) -> Response:
        """Refuse what can't be recorded, and let go of what was to go on."""
        if stream is not None:
            await stream.aclose()
        return self.regime.refused("not-recorded", leg, flow)

    async def refuse(self, flow: Flow, refusal: str) -> Response:
        """Record a flow that is refused before its operation is known, and give the refusal."""
        try:
            await self.ports.append(note.refused(flow, refusal, self.regime, self.ports))
        except NotRecorded:
            refusal = "not-recorded"
        return self.regime.refused(refusal, Leg.REQUEST, flow)

    def streams(self, flow: Flow) -> bool:
        """Tell whether the body of a request can be passed on in pieces, so that nobody need read it whole before."""
        try:
            aim = find(flow, self.regime, self.limits, streamed=True)
            return not aim.plan.operation.batch and stream.streamable(aim.plan.body, self.limits)
        except Exception:  # noqa: BLE001 - `handle` meets it again, and records it
            return False

    async def _answer(
        self, flow: Flow, send: Send, aim: Aim, forwarded: Request
    ) -> tuple[Response, Passage, Stream | None]:
        """Forward the request, and take its answer through the response leg: whole, or up to its first piece."""
        response = aim.plan.response
        try:
            answer = await send(forwarded, streamed=stream.streamable(response, self.limits))
        except (UpstreamFailed, StreamCut) as error:
            return Response(0), Passage(refusal=error.refusal), None
        except Exception as error:  # noqa: BLE001 - fail closed: it was forwarded, so its outcome must be recorded
            self.ports.alarm(flow.id, error)
            return Response(0), Passage(refusal="internal"), None
        plan = response if answer.status < _FIRST_REDIRECT else aim.plan.errors
        if answer.status in _BODYLESS or (plan is None and answer.status >= _FIRST_REDIRECT):
            answer, plan = await release.withheld(answer), None
        answered, going = await self.enter(Leg.RESPONSE, flow, aim, plan, answer)
        return answer, answered, going
