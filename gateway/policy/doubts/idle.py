"""Rules that have no effect: conditions that exclude each other, legs without a body, classes that nothing carries."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.catalog.classes import covers
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.formats.documents import MARKABLE
from gateway.formats.registry import FORMATS
from gateway.policy.doubts.imply import apart, asked, never_both
from gateway.policy.doubts.world import Reach, World
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Condition, Rule

_ANYTHING = Condition()
_DOCUMENTS = ", ".join(MARKABLE[:-1])
_WHOLE = frozenset(name for name, form in FORMATS.items() if not form.BY_FIELDS)


def never(rule: Rule, reach: Reach, written: Written) -> Problem | None:
    """Tell why a rule never applies; None if it may."""
    return next(_outside_the_scope(rule, written), None) or next(_no_route(rule, reach, written), None)


def idle(world: World, written: Written) -> Iterator[Problem]:
    """Tell rules that change nothing where they apply."""
    for rule, reach in world.routed:
        yield from _nothing_there(world, rule, reach, written)


def _outside_the_scope(rule: Rule, written: Written) -> Iterator[Problem]:
    """Tell conditions of a rule that exclude those of its policy's scope."""
    when, scope = rule.when, rule.scope
    if when == _ANYTHING:
        return
    named = (
        ("from", when.from_, scope.from_),
        ("to", when.to, scope.to),
        ("operations", when.operations, scope.operations),
    )
    for key, inside, outside in named:
        if inside and outside and inside.isdisjoint(outside):
            yield _outside(rule, key, written)
    outer = dict(asked(scope))
    for key, inside in asked(when):
        if key in outer and inside.isdisjoint(outer[key]):
            yield _outside(rule, key, written, only=f" where the {key.split('.')[0].rstrip('s')} is known")
    if never_both(when.time, scope.time):
        yield _outside(rule, "time", written)
    if apart(when.network, scope.network):
        yield _outside(rule, "network", written)


def _outside(rule: Rule, key: str, written: Written, only: str = "") -> Problem:
    """Tell a condition; `only` says where it can't hold: a restriction does wherever it can't be told."""
    way = key.split(".")
    message = f"this rule never applies{only}: `{key}` lies outside the policy's scope"
    hint = f"write what is both here and in `{key}` of the scope, or delete the rule"
    also = Second("the scope is here", written.scope(rule, *way))
    return tell(Fault.NEVER_APPLIES, written.rule(rule, *way), message, hint, also)


def _no_route(rule: Rule, reach: Reach, written: Written) -> Iterator[Problem]:
    """Tell a rule that no flow's systems and operation fit."""
    if not reach.operations:
        if rule.scope.operations or rule.when.operations:
            message = "this rule never applies: its operations belong to other systems than `to` names"
        else:
            message = "this rule never applies: no catalogue names an operation that it reaches"
        key = "operations" if rule.when.operations and not rule.when.to else "to"
        hint = "`to` names the system whose operations these are"
        yield tell(Fault.NEVER_APPLIES, written.condition(rule, key), message, hint)
    elif len(reach.sources) == 1 and reach.sources == reach.targets:
        message = f"here {min(reach.sources)} asks itself: `from` and `to` are the same system"
        hint = "`from` is the system that asks and `to` the one that is asked, on both legs"
        yield tell(Fault.ASKS_ITSELF, written.condition(rule, "from"), message, hint)


def _nothing_there(world: World, rule: Rule, reach: Reach, written: Written) -> Iterator[Problem]:
    """Tell a rule about fields or pages that finds none in what it reaches."""
    formats = frozenset().union(*world.formats_of(reach))
    if not formats and rule.kind in {"protect", "watermark"}:
        legs = " and no ".join(sorted(reach.legs))
        message = f"the operations that this reaches have no {legs} body: this has no effect"
        yield tell(Fault.NO_BODY, written.condition(rule, "leg"), message, "look at the `leg` and the `operations`")
        return
    if rule.kind == "watermark":
        yield from _unmarkable(world, rule, reach, formats)
    carried = frozenset().union(*world.classes_of(reach)) if rule.classes else frozenset()
    for class_ in sorted(rule.classes):
        place = written.item(rule, "classes", class_)
        parent = next((other for other in sorted(rule.classes) if other != class_ and covers(other, class_)), None)
        if parent is not None:
            message = f'"{parent}" covers "{class_}" already'
            yield tell(Fault.CLASS_COVERED, place, message, "leave one of them out")
        elif not any(covers(class_, other) for other in carried):
            hint = "label the fields in the catalogue, or delete the class here"
            yield tell(Fault.CLASS_NOWHERE, place, _nowhere(world, rule, class_), hint)


def _unmarkable(world: World, rule: Rule, reach: Reach, formats: frozenset[str]) -> Iterator[Problem]:
    """Tell a watermark that finds nothing to mark, or what can't be marked and is therefore refused."""
    if not formats & _WHOLE:
        message = "the operations that this reaches carry no document: there is nothing to mark"
        yield tell(Fault.NOTHING_TO_MARK, rule.place, message, f"marks stand on {_DOCUMENTS} and {MARKABLE[-1]}")
    elif "bytes" in formats and rule.unless is None:
        places = ((name, leg) for name in sorted(reach.operations) for leg in reach.legs)
        name = next(name for name, leg in places if "bytes" in world.formats.get((name, leg), ()))
        message = f"the body of {name} can't be marked, and so it is refused"
        hint = f"name the `operations` whose documents are to be marked: {_DOCUMENTS} or {MARKABLE[-1]}"
        yield tell(
            Fault.UNMARKABLE,
            rule.place,
            message,
            hint,
            also=Second("the operation is here", world.operations[name].place),
        )


def _nowhere(world: World, rule: Rule, class_: str) -> str:
    """Say that no message has a field of a class: none of these systems, or none where this rule looks."""
    to = rule.when.to or rule.scope.to
    systems = to or world.catalogues.keys()
    if any(
        covers(class_, c)
        for (name, _), found in world.carried.items()
        if name.partition(".")[0] in systems
        for c in found
    ):
        return f'none of the messages that this reaches has a field of class "{class_}": this has no effect'
    where = ", ".join(sorted(to)) if to else "any system"
    return f'no message of {where} has a field of class "{class_}": this has no effect'
