"""Customers' keys where they come to nothing: a `reveal` that opens nothing, a treatment where nobody is named."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.catalog.classes import covers
from gateway.catalog.model import Catalogue, Message
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.policy.doubts.world import World, on_legs
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Rule

_TURNED_BACK = ("encrypt", "tokenise")


def keys(world: World, written: Written) -> Iterator[Problem]:
    """Tell what is doubtful about rules that need customers' keys."""
    for rule, reach in world.routed:
        if reach.empty:
            continue
        if rule.kind == "reveal":
            for class_ in sorted(rule.classes):
                yield from _nothing_to_turn_back(world, rule, class_, written)
        elif rule.treatment is not None and rule.treatment.KEYED:
            found = next(_nameless(world, rule), None)
            if found is not None:
                message = f'"{found.name}" names no customer, and this needs a customer\'s key: there it always refuses'
                hint = "say in the catalogue where the `customer` is named, or take another treatment"
                also = Second("the message is here", found.place)
                yield tell(Fault.NO_CUSTOMER, written.rule(rule, "treatment"), message, hint, also)


def _nothing_to_turn_back(world: World, rule: Rule, class_: str, written: Written) -> Iterator[Problem]:
    """Tell a class that no rule turns into what can be turned back, or not for the purposes that are asked for here."""
    about = [one for one, _ in world.routed if one.treatment is not None and _meets(one, class_)]
    makers = [one for one in about if one.treatment is not None and one.treatment.NAME in _TURNED_BACK]
    place = written.item(rule, "classes", class_)
    if not makers:
        sealed = any(one.treatment is not None and one.treatment.NAME == "seal" for one in about)
        message = (
            f'"{class_}" is only sealed: that opens for its customer alone, and never here'
            if sealed
            else f'no rule encrypts or tokenises "{class_}": there is nothing to turn back'
        )
        hint = "write the rule that does, or leave this as it is while older tokens are still around"
        yield tell(Fault.REVEALS_NOTHING, place, message, hint)
        return
    made_for = [world.words(one).get("purposes") for one in makers]
    opened_for = world.words(rule).get("purposes")
    if opened_for and all(purposes and purposes.isdisjoint(opened_for) for purposes in made_for):
        others = frozenset[str]().union(*(purposes for purposes in made_for if purposes))
        message = (
            f'tokens of "{class_}" are made for {_listed(others)}, and open for the purpose that they were made for '
            f"only: here it is {_listed(opened_for)}"
        )
        yield tell(Fault.REVEALS_NOTHING, place, message, "write the purpose for which they are made")


def _meets(rule: Rule, class_: str) -> bool:
    """Tell whether a rule is about a class, one below it or one above."""
    return any(covers(one, class_) or covers(class_, one) for one in rule.classes) or not rule.classes


def _nameless(world: World, rule: Rule) -> Iterator[Message]:
    """Give messages in which a rule reaches something that certainly belongs to nobody."""
    for operation, leg in sorted(
        (operation, leg) for operation in world.reach(rule).operations for leg in world.reach(rule).legs
    ):
        catalogue = world.catalogues[operation.partition(".")[0]]
        names = dict(on_legs(world.operations[operation]))[leg]
        for name in names:
            yield from _without_customer(catalogue, catalogue.messages[name], rule)


def _without_customer(catalogue: Catalogue, message: Message, rule: Rule) -> Iterator[Message]:
    """Give a message whose records name no customer, or what is around them, if the rule reaches something there."""
    record = catalogue.messages[message.each] if message.each else message
    if record.customer is None and message.customer is None and _holds(record, rule):
        yield record
    if record is not message and _holds(message, rule):
        yield message


def _holds(message: Message, rule: Rule) -> bool:
    classes = {field.class_ for field in message.fields} | {message.class_ or ""}
    return any(class_ and any(covers(one, class_) for one in rule.classes) for class_ in classes)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
