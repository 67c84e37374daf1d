"""Step 6: what the audit log says of a flow. Pseudonyms, digests, pointers, classes and rule ids: never a value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from typing import cast

from msgspec import structs

from gateway.audit.entry import (
    Actor,
    Body,
    Decided,
    DeviceUsed,
    Entry,
    FieldTreated,
    KeysUsed,
    Kind,
    Mark,
    Network,
    Observed,
)
from gateway.flow import NONE, Device, Flow, Leg, Response
from gateway.formats.document import Spot, Touch
from gateway.formats.head import Head
from gateway.ports import Names, Ports
from gateway.regime import Regime
from gateway.steps.find import Aim
from gateway.steps.record import Record
from gateway.tokens.keys import KeyUse

_Said = tuple[tuple[str, ...], str, tuple[str, ...]]
"""Classes, treatment, rules."""
_DECISION = attrgetter("decision")
_CUSTOMER = attrgetter("customer")
_PASSPORT = attrgetter("passport")
_COUNT = attrgetter("count")


@dataclass(frozen=True, slots=True)
class Passage:
    """What steps 1 to 5 made of one leg: the body that may go on, or the refusal; and what is to be recorded of it.

    `personal` tells that it holds records of customers who are named; `why` is the word that tells more of
    a refusal. `head` is what goes on where more than the body
    changed.
    """

    before: bytes = b""
    body: bytes = b""
    refusal: str = ""
    treated: bool = False
    personal: bool = False
    decided: tuple[Decided, ...] = ()
    reasons: tuple[str, ...] = ()
    observed: tuple[Observed, ...] = ()
    marks: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    why: str = ""
    head: Head | None = None
    uses: tuple[KeyUse, ...] = ()


def request(flow: Flow, aim: Aim, asked: Passage, regime: Regime, ports: Ports, *, streamed: bool = False) -> Entry:
    """Give the entry of a request leg: the intent before it is forwarded, or its refusal.

    Of a `streamed` body it tells the first piece; the others have entries of their own.
    """
    entry = _entry("refusal" if asked.refusal else "intent", flow, aim, asked, regime, ports)
    return structs.replace(entry, leg=Leg.REQUEST.value, piece=1) if streamed else entry


def response(
    flow: Flow, aim: Aim, answer: Response, answered: Passage, intent: int, regime: Regime, ports: Ports
) -> Entry:
    """Give the entry of a response leg, the outcome, before anything of it is released."""
    return _entry("outcome", flow, aim, answered, regime, ports, status=answer.status or None, intent=intent)


def piece(
    leg: Leg, flow: Flow, aim: Aim, passage: Passage, number: int, intent: int, regime: Regime, ports: Ports
) -> Entry:
    """Give the entry of one piece of a streamed leg, before it is given on."""
    entry = _entry("piece", flow, aim, passage, regime, ports, intent=intent)
    return structs.replace(entry, leg=leg.value, piece=number)


def closed(
    leg: Leg,
    flow: Flow,
    aim: Aim,
    end: Passage,
    pieces: int,
    body: Body,
    status: int | None,
    intent: int,
    regime: Regime,
    ports: Ports,
) -> Entry:
    """Give the entry that closes a streamed leg (for a response, the outcome); `end` has the refusal that cut it."""
    kind: Kind = "outcome" if leg is Leg.RESPONSE else "piece"
    entry = _entry(kind, flow, aim, end, regime, ports, status=status, intent=intent)
    return structs.replace(entry, leg=leg.value, pieces=pieces, body=body)


def refused(flow: Flow, refusal: str, regime: Regime, ports: Ports) -> Entry:
    """Give the entry of a flow that was refused before its operation was known."""
    return _entry("refusal", flow, None, Passage(flow.request.body, refusal=refusal), regime, ports)


def decided(records: Iterable[Record], touches: Sequence[Touch], leg: Leg, names: Names) -> tuple[Decided, ...]:
    """Group the records that were decided alike; each group with its customers, their passports and its fields."""
    groups: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records:
        groups[id(record.edits)].append(record)
    found = (_decided(group, touches, leg, names) for group in groups.values())
    return tuple(one for one in found if one.records or one.fields or one.customers)


def observed(records: Sequence[Record]) -> tuple[Observed, ...]:
    """Tell what rules in observe mode would have done: each rule and effect once, with the number of records."""
    if all(decision.observed is None for decision in set(map(_DECISION, records))):
        return ()
    counts: Counter[tuple[str, str]] = Counter()
    for record in records:
        would, does = record.decision.observed, record.decision
        if would is None:
            continue
        seen = {(reason.rule, "deny") for reason in would.denials if reason not in does.denials}
        seen |= {(due[0].rule, "watermark") for due in would.watermarks if due not in does.watermarks}
        for class_ in frozenset(record.labels.classes):
            now, then = does.treated(frozenset({class_})), would.treated(frozenset({class_}))
            name = then.treatment.NAME if then.treatment else "keep"
            seen |= {(reason.rule, name) for reason in then.reasons if reason not in now.reasons}
        counts.update(dict.fromkeys(seen, max(record.count, 1)))
    return tuple(Observed(rule, effect, "", count) for (rule, effect), count in sorted(counts.items()))


def reasons(records: Iterable[Record]) -> tuple[str, ...]:
    """Give the ids of the rules that allowed, or of those that denied."""
    decisions = set(map(_DECISION, records))
    return tuple(sorted({reason.rule for one in decisions for reason in (one.denials or one.grants)}))


def _decided(group: Sequence[Record], touches: Sequence[Touch], leg: Leg, names: Names) -> Decided:
    """Say what was decided on records that were decided alike."""
    named = [record.facts for record in group if record.facts.customer is not None]
    heads = tuple(map(_PASSPORT, named))
    return Decided(
        customers=tuple(map(names.customer, map(_CUSTOMER, named))),
        passports=heads if any(heads) else (),
        records=sum(map(_COUNT, group)),
        fields=tuple(
            _field(group[0], touch, leg)
            for touch in touches
            if touch.edits is group[0].edits and not _only_holds(group[0], touch)
        ),
    )


def _only_holds(record: Record, touch: Touch) -> bool:
    """Tell whether a place changed only because the message that it holds did: that is told from the inside."""
    if not touch.spot or not record.labels.contains:
        return False
    return record.labels.contained(touch.spot) is not None and not record.labels.at(touch.spot)


def _field(record: Record, touch: Touch, leg: Leg) -> FieldTreated:
    """Say what was done at one place. Edits are shared by all records that are decided alike, so it is said once."""
    key = (_field, touch.spot)
    said = touch.edits.memo.get(key)
    if said is None:
        said = touch.edits.memo[key] = _said(record, touch.spot, leg)
    classes, treatment, rules = cast("_Said", said)
    return FieldTreated(touch.pointer, classes, treatment, rules, touch.count)


def _said(record: Record, spot: Spot, leg: Leg) -> _Said:
    """Give a place's classes, its treatment, and the rules for it; an unlisted place is the catalogue's own rule."""
    if not spot:
        return (), record.labels.unlisted_on(leg), ("catalogue/unlisted",)
    classes = record.labels.at(spot)
    treated = record.decision.treated(classes)
    if treated.treatment is None and record.labels.is_address(spot):
        return tuple(sorted(classes)), "address", ("catalogue/address",)
    revealed = record.decision.revealed(classes)
    name = treated.treatment.NAME if treated.treatment else "reveal" if revealed else "write-back"
    return tuple(sorted(classes)), name, tuple(reason.rule for reason in (*treated.reasons, *revealed))


def _used(use: KeyUse, names: Names) -> KeysUsed:
    """Say what was done with one customer's keys."""
    return KeysUsed(names.customer(use.customer), use.keys, use.made, use.digest, use.opened, use.refused)


def _entry(
    kind: Kind,
    flow: Flow,
    aim: Aim | None,
    passage: Passage,
    regime: Regime,
    ports: Ports,
    status: int | None = None,
    intent: int | None = None,
) -> Entry:
    """Fill in what every entry of a flow says."""
    now = ports.clock()
    operator = flow.operator
    return Entry(
        kind=kind,
        time=now,
        flow=flow.id,
        trace=flow.trace,
        from_=operator.system,
        to=flow.to,
        operation=aim.plan.operation.name if aim else "",
        purpose=flow.purpose,
        operator=Actor(
            ports.names.operator(operator.subject) if operator.subject else "",
            operator.role,
            operator.kind,
            operator.assurance,
            operator.authenticated,
            operator.evidence,
            operator.acr,
            operator.amr,
            operator.holder if operator.holder != NONE else "",
            operator.presence if operator.presence != NONE else "",
        ),
        device=_device(operator.device, ports.names) if operator.device is not None else None,
        network=_network(flow),
        decided=passage.decided,
        policies=regime.policies.digest,
        catalogue=regime.policies.catalogue_digest,
        body=_body(passage),
        keys=tuple(_used(use, ports.names) for use in passage.uses),
        marks=tuple(Mark(code, page) for page, code in enumerate(passage.marks, start=1)),
        lost=passage.lost,
        verdict="refuse" if passage.refusal else "allow",
        refusal=passage.refusal,
        why=passage.why,
        reasons=passage.reasons,
        observed=passage.observed,
        status=status,
        intent=intent,
        duration=now - flow.started,
    )


def _device(device: Device, names: Names) -> DeviceUsed:
    """Name what they acted with by its pseudonym."""
    pseudonym = names.device(device.name) if device.name else ""
    return DeviceUsed(
        device.evidence, device.how, pseudonym, device.profile, device.boot, device.debug, device.measured
    )


def _network(flow: Flow) -> Network:
    """Say where a request came from."""
    origin = flow.origin
    if origin is None:
        return Network(flow.peer)
    return Network(
        origin.peer,
        origin.client,
        origin.proxy,
        origin.tls,
        origin.forwarded,
        origin.trusted,
        origin.asn,
        origin.country,
        origin.dated,
    )


def _body(passage: Passage) -> Body | None:
    """Give the digests of the body as it came, and as it goes on where that differs."""
    if not passage.before:
        return None
    before = sha256(passage.before).hexdigest()
    if passage.refusal or passage.body is passage.before:
        return Body(before, len(passage.before))
    return Body(before, len(passage.before), sha256(passage.body).hexdigest(), len(passage.body))
