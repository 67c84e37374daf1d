"""Treatments whose results can't stand in X12, which has no escape for its separators."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.catalog.classes import covers
from gateway.catalog.model import Message
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.policy.doubts.world import Reach, World, on_legs
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Rule
from gateway.treatments.mask import Mask
from gateway.treatments.redact import Redact

SEPARATORS = "*~:^>|"
"""What separates in most interchanges of X12; each names its own in ISA."""


def separating(world: World, written: Written) -> Iterator[Problem]:
    """Tell masks and constants with a separator that reach a field of X12."""
    for rule, reach in world.routed:
        treatment = rule.treatment
        made, key = "", ""
        if isinstance(treatment, Mask):
            made, key = treatment.character, "character"
        elif isinstance(treatment, Redact) and isinstance(treatment.constant, str):
            made, key = treatment.constant, "constant"
        sign = next((one for one in made if one in SEPARATORS), "")
        message = _reached(world, rule, reach) if sign else None
        if message is not None:
            text = f'"{sign}" separates in X12, which has no escape: where this reaches "{message.name}" it is refused'
            hint = f'give it another {key}, such as {key}: "#"'
            place = written.rule(rule, key if written.rule(rule, key) != rule.place else "treatment")
            yield tell(Fault.SEPARATES, place, text, hint, Second("the message is here", message.place))


def _reached(world: World, rule: Rule, reach: Reach) -> Message | None:
    """Give a message of X12 with a field that a rule is about; None where there is none."""
    for name in sorted(reach.operations):
        catalogue = world.catalogues[name.partition(".")[0]]
        for leg, messages in on_legs(world.operations[name]):
            for message in (part for one in messages for part in catalogue.within(one)):
                if leg in reach.legs and message.format == "x12" and _about(rule, message):
                    return message
    return None


def _about(rule: Rule, message: Message) -> bool:
    classes = {field.class_ for field in message.fields if field.class_}
    return any(covers(parent, one) for parent in rule.classes for one in classes) or (
        not rule.classes and bool(classes)
    )
