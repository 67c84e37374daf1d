"""Catalogues that show more than they seem to: places under two labels, unlisted ones kept, data that no rule names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gateway.catalog.classes import covers
from gateway.catalog.model import Catalogue, Field, Message
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.formats.selector import ANY, Step, parse
from gateway.policy.doubts.world import World, on_legs
from gateway.policy.doubts.written import Written, tell

SENSITIVE = (
    "user.authorization", "user.biometric", "user.childrens", "user.content.private", "user.criminal_history",
    "user.demographic.political_opinion", "user.demographic.race_ethnicity", "user.demographic.religious_belief",
    "user.demographic.sexual_orientation", "user.financial", "user.government_id", "user.health_and_medical",
    "user.location.precise",
)  # fmt: skip
"""Classes whose data, in an answer, some rule is expected to name, if only to `keep` it."""

_JSON = frozenset({"json", "ndjson"})


def labels(world: World, written: Written) -> Iterator[Problem]:
    """Tell what is doubtful about the labels of messages."""
    named = {class_ for rule, _ in world.routed for class_ in rule.classes}
    allowed = {name for rule, reach in world.routed if rule.kind == "allow" for name in reach.operations}
    for catalogue in world.catalogues.values():
        shown = _shown(catalogue, allowed)
        told: set[str] = set()
        for message in catalogue.messages.values():
            yield from _one_place(message)
            if message.name in shown:
                yield from _kept(message, written)
                yield from _unnamed(message, named, told)


def _shown(catalogue: Catalogue, allowed: set[str]) -> set[str]:
    """Name the messages that answers to somebody carry, records of lists among them."""
    operations = (operation for operation in catalogue.operations.values() if operation.name in allowed)
    shown = {
        name for operation in operations for leg, names in on_legs(operation) for name in names if leg is Leg.RESPONSE
    }
    return shown | {each for name in shown if (each := catalogue.messages[name].each)}


def _one_place(message: Message) -> Iterator[Problem]:
    """Tell selectors of JSON that find the same place, and give it two labels."""
    if message.format not in _JSON:
        return  # the words of another format
    by_length: dict[int, list[tuple[tuple[Step, ...], Field]]] = defaultdict(list)
    exact: dict[tuple[Step, ...], Field] = {}
    for field in message.fields:
        selector = parse(field.selector)
        if field.names:
            continue  # what stands there is another matter
        if not (selector.hot or selector.singular):
            continue
        first = exact.setdefault(selector.steps, field)
        wide = ANY in selector.steps
        others = by_length[len(selector.steps)]
        if first is not field:
            yield _twice(field, first)
        else:
            for steps, other in others:
                if (wide or ANY in steps) and _meet(steps, selector.steps) and not _related(field, other):
                    yield _twice(field, other)
                    break
        others.append((selector.steps, field))


def _twice(field: Field, first: Field) -> Problem:
    also = Second("the other is here", first.place)
    if field.class_ == first.class_:
        message = f"{first.selector} finds the same place already"
        return tell(Fault.SAME_PLACE, field.place, message, "leave one of them out", also)
    message = f"{first.selector} finds this place as well: it gets what is done to {field.class_} and to {first.class_}"
    hint = "label each place once: a precise selector doesn't replace a wide one"
    return tell(Fault.SAME_PLACE, field.place, message, hint, also)


def _meet(one: tuple[Step, ...], other: tuple[Step, ...]) -> bool:
    """Tell whether two ways of one length can lead to the same place."""
    return all(a == b or a is ANY or b is ANY for a, b in zip(one, other, strict=True))


def _related(one: Field, other: Field) -> bool:
    """Tell whether one label covers the other, so that both say the same, more or less exactly."""
    return covers(one.class_, other.class_) or covers(other.class_, one.class_)


def _kept(message: Message, written: Written) -> Iterator[Problem]:
    """Tell a message of personal data that shows whatever nobody labelled."""
    personal = next((field for field in message.fields if covers("user", field.class_)), None)
    if message.unlisted == "keep" and personal is not None:
        place = written.top(message.place, "messages", message.name, "unlisted")
        text = f'"{message.name}" holds personal data ({personal.class_}), and shows every field that has no label'
        hint = "label the fields that are needed, and leave `unlisted` out: the rest is then redacted"
        yield tell(Fault.KEEPS_UNLISTED, place, text, hint, Second("labelled here", personal.place))


def _unnamed(message: Message, named: set[str], told: set[str]) -> Iterator[Problem]:
    """Tell sensitive data that no rule names, once a class."""
    for field in message.fields:
        class_ = field.class_
        if class_ in told or not any(covers(sensitive, class_) for sensitive in SENSITIVE):
            continue
        if not any(covers(one, class_) or covers(class_, one) for one in named):
            told.add(class_)
            text = f'no rule names the class "{class_}": whoever may read this gets it as it is'
            hint = "protect it; or write `treatment: keep`, if that is meant"
            yield tell(Fault.UNNAMED_CLASS, field.place, text, hint)
