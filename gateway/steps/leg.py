"""Steps 1 to 5: one leg of a flow, from its bytes to what may go on and what is to be recorded of it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from itertools import chain

from gateway.errors import FactsUnavailable, KeysUnavailable, StreamCut, Unreadable, UpstreamFailed
from gateway.flow import ANYONE, Flow, Leg, Request, Response
from gateway.formats.limits import BodyLimits
from gateway.ports import Ports
from gateway.regime import Labels, MessagePlan, Regime
from gateway.steps import edit, judge, note, read, stream, treat
from gateway.steps.edit import NO_EDITS
from gateway.steps.find import Aim
from gateway.steps.head import pass_head
from gateway.steps.note import Passage
from gateway.steps.reading import Reading
from gateway.steps.record import Record
from gateway.steps.sight import Sight, Watch
from gateway.steps.stream import Stream
from gateway.steps.treat import Treated

NOTHING: frozenset[str] = frozenset()
NO_LABELS = Labels()
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 section 9.2.1: what asks, and changes nothing


@dataclass(frozen=True, slots=True)
class Legs:
    """The policies in force, and the ports that they are carried out with; `watch` is shown each leg that is judged."""

    regime: Regime
    ports: Ports
    editor: edit.Editor
    limits: BodyLimits = field(default_factory=BodyLimits)
    watch: Watch | None = None

    async def enter(
        self, leg: Leg, flow: Flow, aim: Aim, plan: MessagePlan | None, message: Request | Response
    ) -> tuple[Passage, Stream | None]:
        """Take one leg through steps 1 to 5: whole, or, where it comes in pieces, as far as its first. Never raises."""
        headers, body, going = message.headers, message.body, None
        head = iter((message,))  # judged once, with the body or with its first piece
        if message.stream is not None:
            try:
                opened = await stream.opened(
                    leg, flow, aim, plan, headers, message.stream, self.limits, self.ports.custody.owner,
                    judge=lambda piece: self._safely(
                        flow, piece.body, self._pass_reading(leg, flow, aim, piece, next(head, None))
                    ),
                    alarm=lambda error: self.ports.alarm(flow.id, error),
                )  # fmt: skip
            except (Unreadable, UpstreamFailed, StreamCut) as error:
                return Passage(refusal=error.refusal), None
            going, body = (opened, b"") if isinstance(opened, Stream) else (None, opened)
        if going is None:
            return await self.whole(leg, flow, aim, plan, message, body), None
        passage = None if leg is Leg.RESPONSE and going.live else await going.first()
        if passage is None and leg is Leg.REQUEST and going.empty:
            passage = Passage(refusal="body-missing")
        elif passage is None:
            passage = await self._safely(flow, b"", self._pass_empty(leg, flow, aim, plan, next(head, message)))
        if passage.refusal:
            await going.aclose()
            return passage, None
        return passage, going

    async def whole(
        self, leg: Leg, flow: Flow, aim: Aim, plan: MessagePlan | None, message: Request | Response, body: bytes
    ) -> Passage:
        """Take one leg through steps 1 to 5. Never raises: what goes wrong is a refusal."""
        if body and plan is None:
            return Passage(body, refusal="body-unexpected")
        if body and plan is not None:
            return await self._safely(flow, body, self._pass_body(leg, flow, aim, plan, message, body))
        if plan is not None and leg is Leg.REQUEST:
            return Passage(refusal="body-missing")
        return await self._safely(flow, body, self._pass_empty(leg, flow, aim, plan, message))

    async def _safely(self, flow: Flow, body: bytes, passing: Awaitable[Passage]) -> Passage:
        """Turn whatever goes wrong into a refusal."""
        try:
            return await passing
        except Unreadable as error:
            return Passage(body, refusal=error.refusal, why=error.word)
        except FactsUnavailable:
            return Passage(body, refusal="facts-unavailable")
        except KeysUnavailable:
            return Passage(body, refusal="keys-unavailable")
        except Exception as error:  # noqa: BLE001 - fail closed: what nobody foresaw refuses, is recorded, shows nothing
            self.ports.alarm(flow.id, error)
            return Passage(body, refusal="internal")

    async def _pass_empty(
        self, leg: Leg, flow: Flow, aim: Aim, plan: MessagePlan | None, top: Request | Response
    ) -> Passage:
        """Decide a leg without a body; the path, the query or a header may still name the customer."""
        named = (
            read.customer_outside(aim.plan.response, flow, aim, (), self.ports.custody.owner)
            if aim.plan.response
            else None
        )
        # Where no one is named and nothing can be changed, the verdict waits for the records of the answer.
        asks = flow.request.method in _SAFE or bool(aim.plan.operation.batch)
        waits = named is None and (leg is Leg.RESPONSE or asks)
        hearing = await judge.convene(leg, flow, aim, () if waits else (named,), NOTHING, self.regime, self.ports)  # 3
        facts = ANYONE if waits else hearing.known[named]
        decision = hearing.decide_frame() if waits else hearing.decide(named)  # 4
        judged = (Record(facts, decision, NO_LABELS, NO_EDITS),)
        head = await pass_head(leg, flow, aim, plan, top, self.regime, self.ports, self.editor)
        if self.watch is not None:
            self.watch(Sight(flow, leg, aim, hearing, judged, head=head))
        everything = (*judged, *head.records)
        refusal = judge.verdict((decision, *head.decisions))
        return Passage(
            refusal=refusal or edit.refusal_of(head.refused, everything, leg, head.keyless),
            treated=plan is not None or head.head is not None,
            personal=head.personal,
            decided=note.decided(everything, head.touches, leg, self.ports.names),
            reasons=note.reasons(everything),
            observed=note.observed(everything),
            head=head.head,
            uses=head.uses,
        )

    async def _pass_body(
        self, leg: Leg, flow: Flow, aim: Aim, plan: MessagePlan, message: Request | Response, body: bytes
    ) -> Passage:
        """Take a leg's body through steps 1 to 5."""
        reading = read.read(leg, flow, aim, plan, message.headers, body, self.limits, self.ports.custody.owner)  # 1, 2
        return await self._pass_reading(leg, flow, aim, reading, message)

    async def _pass_reading(
        self, leg: Leg, flow: Flow, aim: Aim, reading: Reading, top: Request | Response | None
    ) -> Passage:
        """Take what was read through steps 3 to 5, and what is labelled in the head: `top` is what it is a body of."""
        customers = list(chain.from_iterable(one.customers for one in reading.all()))
        classes, body = reading.plan.classes, reading.body
        hearing = await judge.convene(leg, flow, aim, customers, classes, self.regime, self.ports)  # 3
        case = treat.decide(reading, hearing, self.editor)  # 4
        records, judged = case.records, [*case.records, *case.frames]
        head = await pass_head(
            leg, flow, aim, reading.plan, top, self.regime, self.ports, self.editor, reading.document
        )
        refusal = judge.verdict((*(record.decision for record in records or judged), *head.decisions))
        try:
            treated = Treated(body) if refusal else await treat.treat(case, leg, flow, hearing.now, self.ports)  # 5
        except Unreadable:
            if self.watch is not None:  # it was decided on, and can't be written so
                self.watch(Sight(flow, leg, aim, hearing, judged, case, None, head))
            raise
        everything = [*judged, *head.records]
        keyless = head.keyless | treated.keyless
        refusal = refusal or edit.refusal_of((*head.refused, *treated.refused), everything, leg, keyless)
        if self.watch is not None:
            self.watch(Sight(flow, leg, aim, hearing, judged, case, treated, head))
        return Passage(
            before=body,
            body=treated.body,
            refusal=refusal,
            treated=treated.body is not body or head.head is not None,
            personal=head.personal or any(customer is not None for customer in customers),
            decided=note.decided(everything, (*head.touches, *treated.touches), leg, self.ports.names),
            reasons=note.reasons(everything),
            observed=note.observed(everything),
            marks=treated.marks,
            lost=treated.lost,
            head=head.head,
            uses=(*head.uses, *treated.uses),
        )
