"""Where what decided on a flow is written: fields in catalogues, rules in policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.dryrun.changes import Named
from gateway.dryrun.leaves import Cell
from gateway.errors import Place
from gateway.flow import Leg
from gateway.policy.decision import Reason
from gateway.policy.model import PolicySet
from gateway.steps.sight import Sight
from gateway.workbench import Trial
from gateway.workbench.survey import UNLISTED
from gateway.workbench.values import message_of


def policies_of(trial: Trial) -> PolicySet | None:
    """Give the set that a flow was tried under; None where no leg was judged."""
    return next((sight.hearing.book.policies for sight in trial.sights), None)


def fields_of(cell: Cell, sight: Sight, folder: str = "") -> tuple[Named, ...]:
    """Give the fields that cover a cell; for a whole document, the message itself."""
    message = message_of(cell.plan, cell.record, sight.hearing.book.policies)
    if not message.fields:
        return (Named(message.name, within(folder, message.place)),) if cell.spot else ()
    return tuple(
        Named(message.fields[index].written, within(folder, message.fields[index].place)) for index in cell.spot
    )


def rules_of(cell: Cell, sight: Sight, folder: str = "") -> tuple[Named, ...]:
    """Give the rules that asked for what a cell meets; for unlisted places, the message that says so."""
    if cell.fate.reveals:
        return named((*cell.fate.reasons, *cell.fate.reveals), folder)
    if cell.fate.reasons or cell.fate.rules != (UNLISTED,):
        return named(cell.fate.reasons, folder)
    return (Named(UNLISTED, within(folder, message_of(cell.plan, cell.record, sight.hearing.book.policies).place)),)


def verdict_rules(trial: Trial, folder: str = "") -> tuple[Named, ...]:
    """Give the rules that allowed a flow, or those that refused it; none where no rule did."""
    refused = trial.refused_leg
    sights = [sight for sight in trial.sights if refused is None or sight.leg is refused]
    decisions = [record.decision for sight in sights for record in sight.decided]
    if refused is None:
        return named((reason for one in decisions for reason in one.grants), folder)
    denials = [reason for one in decisions for reason in one.denials]
    return named(denials or [reason for sight in sights for reason in _refusing(sight)], folder)


def _refusing(sight: Sight) -> Iterable[Reason]:
    """Give the protections for whose sake places were refused."""
    for refused in sight.refused:
        record = next(record for record in sight.decided if record.edits is refused.edits)
        treated = record.decision.treated(record.labels.at(refused.spot))
        if refused.spot and treated.treatment is not None and treated.treatment.NAME == "refuse":
            yield from treated.reasons


def grants_of(trial: Trial, folder: str = "") -> tuple[Named, ...]:
    """Give the rules that granted a flow, whatever else refused it."""
    decisions = (record.decision for sight in trial.sights for record in sight.judged)
    return named((reason for one in decisions for reason in one.grants), folder)


def because_of(old: Trial, new: Trial, folders: tuple[str, str]) -> Place | None:
    """Tell where it was most likely written that flows end otherwise: if it can be, in the new set."""
    written = verdict_rules(new, folders[1])
    if written:
        return written[0].place
    lost = grants_of(old, folders[0])
    return successor_of(lost, new, folders[1]) or (lost[0].place if lost else None)


def successor_of(rules: Iterable[Named], trial: Trial, folder: str) -> Place | None:
    """Find an old rule in the new set, by its id: its conditions may have changed."""
    wanted, policies = {rule.name for rule in rules}, policies_of(trial)
    found = (rule for policy in policies.policies for rule in policy.rules) if policies else ()
    return next((within(folder, rule.place) for rule in found if rule.id in wanted), None)


def named(reasons: Iterable[Reason], folder: str = "") -> tuple[Named, ...]:
    """Give each rule once, in the order of their ids."""
    places = {reason.rule: reason.place for reason in reasons}
    return tuple(Named(rule, within(folder, places[rule])) for rule in sorted(places))


def within(folder: str, place: Place) -> Place:
    """Name a file as from here, not as from the folder of policies, so that an editor finds it."""
    return replace(place, file=f"{folder.rstrip('/')}/{place.file}") if folder else place


def passes(trial: Trial, leg: Leg) -> bool:
    """Tell whether a leg goes on: the request to the system, the response to the caller."""
    if leg is Leg.REQUEST:
        return trial.forwarded is not None
    return trial.released is not None and not trial.refusal
