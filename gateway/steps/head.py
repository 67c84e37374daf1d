"""What is labelled outside of bodies takes the same steps: read, decided by whose it is, treated, recorded.

It belongs to the customer whom the path, the query or a header names for the bodies of the operation; where these name
their customers themselves, to the one whose token it holds, or to nobody: then it is decided like the frame around
records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.catalog.path import parse
from gateway.errors import Unreadable
from gateway.flow import ANYONE, Flow, Leg, Request, Response
from gateway.formats import head
from gateway.formats.document import Document, Refused, Spot, Touch
from gateway.formats.head import Head, HeadDocument
from gateway.formats.query_language import Asked, unreadable
from gateway.formats.tally import pointer
from gateway.policy.decide import Decision, decide
from gateway.ports import Ports
from gateway.regime import HeadPlan, MessagePlan, Regime
from gateway.steps import judge
from gateway.steps.edit import Editor
from gateway.steps.find import Aim
from gateway.steps.judge import Hearing
from gateway.steps.owner import Owner, owners
from gateway.steps.read import customer_outside
from gateway.steps.record import Record
from gateway.tokens.keys import KeyUse
from gateway.tokens.shapes import could_be_token

_OUTSIDE = frozenset({"path", "query", "request-header"})


@dataclass(frozen=True, slots=True)
class HeadCase:
    """A head with the decision on it. `head` is what goes on, None where nothing changed.

    `records` has the one decision, or none where nothing is labelled; its `count` is 0. `owner` is the customer whom it
    belongs to.
    """

    records: tuple[Record, ...] = ()
    document: HeadDocument | None = None
    head: Head | None = None
    touches: tuple[Touch, ...] = ()
    refused: tuple[Refused, ...] = ()
    uses: tuple[KeyUse, ...] = ()
    keyless: frozenset[str] = frozenset()
    owner: Owner | None = None

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Give the decision, where there is one."""
        return tuple(record.decision for record in self.records)

    @property
    def personal(self) -> bool:
        """Tell whether it belongs to a customer who is named."""
        return any(record.facts.customer is not None for record in self.records)


NO_HEAD = HeadCase()
"""Nothing is labelled outside of the body."""


async def pass_head(
    leg: Leg,
    flow: Flow,
    aim: Aim,
    message: MessagePlan | None,
    top: Request | Response | None,
    regime: Regime,
    ports: Ports,
    editor: Editor,
    body: Document | None = None,
) -> HeadCase:
    """Take the head of a leg through steps 1 to 5. Raises `Unreadable`, `FactsUnavailable`, `KeysUnavailable`.

    `message` is the plan of the leg's body, `body` the body as it was read; `top` is None for the later pieces of a
    body, which have no head.
    """
    plan = aim.plan.heads.get(leg)
    if plan is None or top is None:
        return NO_HEAD
    document = head.read(Head(top.target if isinstance(top, Request) else "", top.headers), plan.layout)
    owner = next(_owners(leg, aim, message), None)
    answer_headers = top.headers if leg is Leg.RESPONSE else ()
    named = customer_outside(owner, flow, aim, answer_headers, ports.custody.owner) if owner else None
    if owner is None:
        named = _token_owner(document, ports)
    classes = frozenset[str]().union(*(plan.labels.at(spot) for _, spot, _ in document.places))
    hearing = await judge.convene(leg, flow, aim, (named,) if owner or named else (), classes, regime, ports)
    decision = hearing.decide(named) if owner or named else hearing.decide_frame()
    edits = editor.edits(hearing, named, decision, plan.labels)
    record = Record(hearing.known[named] if owner or named else ANYONE, decision, plan.labels, edits)
    borrowed = await owners({named: decision}, flow.purpose, hearing.now, ports)
    written = document.write(edits, borrowed.of.get(named))
    changed = written.head if written.head is not document.head else None
    if changed is not None and changed.target != document.head.target and not written.refused:
        _check(changed.target, flow, aim, regime)
    hidden = tuple(_hidden((*document.asked, *_within(plan, body)), plan, record, hearing, document))
    uses = await borrowed.settle()
    return HeadCase(
        records=(record,),
        document=document,
        head=changed,
        touches=written.touches,
        refused=(*hidden, *written.refused),
        uses=uses,
        keyless=borrowed.keyless,
        owner=borrowed.of.get(named),
    )


def _owners(leg: Leg, aim: Aim, message: MessagePlan | None) -> Iterator[MessagePlan]:
    """Give the messages of the operation whose customer is named outside of them, those of this leg first."""
    outside = _OUTSIDE if leg is Leg.REQUEST else _OUTSIDE | {"response-header"}
    for plan in (message, aim.plan.response):
        if plan is not None and plan.customer is not None and plan.customer.kind in outside:
            yield plan


def _token_owner(document: HeadDocument, ports: Ports) -> str | None:
    """Give the customer whose tokens stand here: that of all of them, where nobody is named otherwise."""
    tokens = {str(value) for _, spot, value in document.places if spot and could_be_token(value)}
    found = {ports.custody.owner(token) for token in tokens} - {None}
    return found.pop() if len(found) == 1 else None


def _check(target: str, flow: Flow, aim: Aim, regime: Regime) -> None:
    """Check that a treated target still is the operation that was decided on. Raises `Unreadable`: ambiguous-path."""
    segments = parse(target).segments
    fits = regime.matcher.candidates(flow.to, flow.request.method, segments, flow.request.headers)
    if aim.match.operation.name not in {match.operation.name for match in fits[:1]}:
        raise Unreadable("ambiguous-path", "a treated path would be another operation")


def _within(plan: HeadPlan, body: Document | None) -> Iterator[tuple[str, Asked]]:
    """Give what is asked in the body. Raises `Unreadable`: query-unreadable, also where the query isn't one text."""
    for selector, asking in plan.layout.within.items():
        text = body.lookup(selector) if body is not None else None
        if not isinstance(text, str):
            raise unreadable("the body has no query where the catalogue says that there is one")
        yield pointer(selector), asking.read(text)


def _hidden(
    asked_by: Iterable[tuple[str, Asked]], plan: HeadPlan, record: Record, hearing: Hearing, head: HeadDocument
) -> Iterator[Refused]:
    """Give what a query asks by that this caller would not see as it is in the answer.

    A query may meet the records of any customer, so what they agreed to doesn't count, unless one is named for all.
    Whoever holds a token that is turned back here may ask who has that very value.
    """
    answered = plan.answered
    if answered is None:
        return
    situation = replace(hearing.situation, leg=Leg.RESPONSE)
    decision = decide(hearing.book, situation, record.facts, answered.classes, hearing.now)
    first = len(plan.labels.classes) - len(answered.record.classes)
    unlisted = answered.record.unlisted_on(Leg.RESPONSE) != "keep"
    holds = frozenset(first + index for index in answered.record.contains)
    hides = [
        first + index
        for index, class_ in enumerate(answered.record.classes)
        if first + index in holds or decision.treated(frozenset({class_} - {""})).treatment is not None
    ]
    turned_back = {id(asked): _by_tokens(asked, plan, record.decision) for _, asked in head.asked}
    for at, asked in asked_by:
        by_tokens = turned_back.get(id(asked), frozenset())
        for spot, listed in asked.uses:
            if spot in by_tokens:
                continue
            if not listed and unlisted:
                yield Refused(f"{at}/?", (), record.edits, "hidden-field-queried")
            elif not holds.isdisjoint(spot) or _treated(decision, plan, spot):
                yield Refused(at + asked.asking.fields.pointer(spot), spot, record.edits, "hidden-field-queried")
        if asked.question.all and (unlisted or hides):
            yield Refused(at, (), record.edits, "hidden-field-queried")


def _by_tokens(asked: Asked, plan: HeadPlan, decision: Decision) -> frozenset[Spot]:
    """Give the properties of which a query asks only whether they are equal to tokens that are turned back."""
    uses = Counter(spot for spot, _ in asked.uses)
    tokens = Counter(
        one.spot
        for one in asked.literals
        if one.constant.equal and could_be_token(one.constant.value) and decision.revealed(plan.labels.at(one.spot))
    )
    return frozenset(spot for spot, count in tokens.items() if spot and uses[spot] <= count)


def _treated(decision: Decision, plan: HeadPlan, spot: tuple[int, ...]) -> bool:
    """Tell whether a property is treated on its way back, by any of the fields that have to do with it."""
    return any(decision.treated(plan.labels.at((index,))).treatment is not None for index in spot) or (
        bool(spot) and decision.treated(plan.labels.at(spot)).treatment is not None
    )
