"""One flow from the catalogue to the verdict: what was recognised, which rules held and which nearly did, and why.

Everything here is read off a trial (`gateway.workbench.Trial`) and asked of the code that decided; nothing is decided
anew. Customers are numbers in the order in which they appear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.dryrun.changes import Named
from gateway.dryrun.leaves import Tracer
from gateway.dryrun.nearby import Nearby, nearby
from gateway.dryrun.origin import passes, within
from gateway.dryrun.outside import fields_outside
from gateway.dryrun.story import FieldStory, fields_in
from gateway.dryrun.template import literals, method, template
from gateway.flow import ANYONE, CustomerFacts, Leg
from gateway.formats.documents import MARKABLE
from gateway.policy.decision import Decision
from gateway.policy.explain import Account, accounts
from gateway.policy.marking import Marking, joined
from gateway.policy.model import PolicySet
from gateway.policy.situation import Situation
from gateway.steps.edit import refusal_of
from gateway.steps.sight import Sight
from gateway.workbench import Trial


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Records of a leg that were decided alike. `customers` are their numbers; () for a stranger's, or for none.

    `frame` tells that there is no record: the frame around a list, or a request whose answer will have the records.
    """

    customers: tuple[int, ...]
    records: int
    frame: bool
    decision: Decision
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LegStory:
    """One leg that was judged. `passes`: the gate let it go on; `refusal` why not.

    `refused` are places that were refused, each with the refusal that it stands for. `marked`: marks count here;
    `marking` is what all of them ask for together.
    """

    leg: Leg
    situation: Situation
    message: Named | None
    passes: bool
    refusal: str
    groups: tuple[Group, ...]
    fields: tuple[FieldStory, ...]
    refused: tuple[tuple[str, str], ...]
    marked: bool
    marking: Marking | None


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """The whole of it. `asked` is the request without what may be a value; `operation` None where none was recognised.

    `refusal` is "" for a flow that is allowed, `leg` the one that was refused. `ids` are the customers' own ids, by
    their numbers: to be shown only where that was asked for. `batch` is the kind of batch that it is, "" for none.
    """

    asked: str
    from_: str
    to: str
    purpose: str
    operation: Named | None
    request: str
    nearby: tuple[Nearby, ...]
    refusal: str
    leg: Leg | None
    legs: tuple[LegStory, ...]
    answered: bool
    ids: Mapping[int, str] = field(repr=False)
    folder: str = ""
    batch: str = ""


def explain(trial: Trial, policies: PolicySet, folder: str = "") -> Story:
    """Tell the story of a trial; `policies` are those that it was tried under, `folder` stands before their files."""
    flow = trial.flow
    numbers = _numbered(trial)
    catalogue = policies.catalogues.get(flow.to)
    operation = (
        next((one for one in catalogue.operations.values() if one.name == trial.operation), None) if catalogue else None
    )
    tracer = Tracer()
    purpose = f"{flow.purpose.name} (said in a {flow.purpose.source})" if flow.purpose else ""
    return Story(
        asked=f"{method(flow.request.method)} {template(flow.request.target, literals(policies.catalogues))}",
        from_=flow.operator.system,
        to=flow.to,
        purpose=purpose,
        operation=Named(operation.name, within(folder, operation.place)) if operation else None,
        request=f"{operation.request.method} {operation.request.path}" if operation else "",
        nearby=nearby(flow, catalogue, trial.operation),
        refusal=trial.refusal,
        leg=trial.refused_leg,
        legs=tuple(_leg(trial, sight, tracer, numbers, folder) for sight in trial.sights),
        answered=trial.released is not None,
        ids={number: customer for customer, number in numbers.items()},
        folder=folder,
        batch=operation.batch if operation else "",
    )


def _numbered(trial: Trial) -> dict[str, int]:
    """Give each customer a number, in the order in which they appear."""
    seen = (record.facts.customer for sight in trial.sights for record in sight.decided)
    return {customer: number for number, customer in enumerate(dict.fromkeys(c for c in seen if c is not None), 1)}


def _leg(trial: Trial, sight: Sight, tracer: Tracer, numbers: Mapping[str, int], folder: str) -> LegStory:
    """Tell of one leg."""
    groups = tuple(_groups(sight, numbers))
    refused_here = trial.refused_leg is sight.leg
    return LegStory(
        leg=sight.leg,
        situation=sight.hearing.situation,
        message=_message(sight, folder),
        passes=passes(trial, sight.leg),
        refusal=trial.refusal if refused_here else "",
        groups=groups,
        fields=(*fields_outside(sight, groups, folder), *fields_in(sight, tracer.trace(sight), groups, folder)),
        refused=tuple((one.pointer, refusal_of([one], sight.decided, sight.leg)) for one in sight.refused),
        marked=_takes_marks(sight),
        marking=_marking(sight),
    )


def _takes_marks(sight: Sight) -> bool:
    return sight.leg is Leg.RESPONSE and sight.plan is not None and sight.plan.format.NAME in MARKABLE


def _marking(sight: Sight) -> Marking | None:
    """Join what the watermarks of a document ask for; None where there is none."""
    due = [one for record in sight.judged if record.count for _, one in record.decision.watermarks]
    return joined(due) if due and _takes_marks(sight) else None


def _groups(sight: Sight, numbers: Mapping[str, int]) -> Iterator[Group]:
    """Put together what was decided alike, and give an account of every rule for each."""
    alike: dict[tuple[int, bool], list[CustomerFacts]] = {}
    records: dict[tuple[int, bool], int] = {}
    decisions: dict[tuple[int, bool], Decision] = {}
    for record in sight.decided:
        key = (id(record.decision), record.facts is ANYONE)
        alike.setdefault(key, []).append(record.facts)
        records[key] = records.get(key, 0) + record.count
        decisions[key] = record.decision
    hearing = sight.hearing
    for key, facts in alike.items():
        yield Group(
            customers=tuple(dict.fromkeys(numbers[one.customer] for one in facts if one.customer is not None)),
            records=records[key],
            frame=key[1],
            decision=decisions[key],
            accounts=accounts(hearing.book, hearing.situation, facts[0], hearing.classes, hearing.now),
        )


def _message(sight: Sight, folder: str) -> Named | None:
    """Name the message of a leg."""
    if sight.plan is None:
        return None
    catalogue, _, name = sight.plan.name.partition(".")
    message = sight.hearing.book.policies.catalogues[catalogue].messages[name]
    return Named(sight.plan.name, within(folder, message.place))
