"""The words in which changes are told, whatever the form."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.dryrun.changes import Changes, FieldChange, FlowChange, MarkChange, Named, ObservedChange, Side
from gateway.dryrun.words import NO_OPERATION, WHOLE, counted, number
from gateway.errors import Place
from gateway.flow import Leg
from gateway.refusals import REFUSALS

FIELDS = (
    ("exposed", "Newly exposed", "someone gets more of these values than before"),
    ("hidden", "Newly hidden", "less of these values is shown than before"),
    ("otherwise", "Treated otherwise", "changed, and neither certainly shows more than the other"),
)
FLOWS = (
    ("allowed", "Newly allowed", "refused before, and let through now"),
    ("refused", "Newly refused", "let through before, and refused now"),
    ("otherwise", "Refused otherwise", "refused before and now, for another reason or on the other leg"),
)
MARKS = (
    ("lost", "Marks lost", "documents leave with less protection than before"),
    ("gained", "Marks gained", "documents leave with more protection than before"),
    ("otherwise", "Marks changed", "documents are marked in other words"),
)
"""Kinds of change in the order in which they are told: the kind, its title, what it means."""

OBSERVED = ("Observed otherwise", "what rules in observe mode would do; it changes nothing yet")


def verdict(changes: Changes) -> str:
    """Say in a sentence or two what changes, the gravest first."""
    if not changes.flows:
        return "No flow was compared, so this says nothing about the policies."
    if not changes.any:
        return f"Nothing changes in {counted(changes.flows, 'flow')}."
    counts = [
        *((len(changes.of(kind)), "place", title) for kind, title, _ in FIELDS[:1]),
        *((len(changes.marked(kind)), "kind", title) for kind, title, _ in MARKS[:1]),
        *((sum(one.flows for one in changes.ended(kind)), "flow", title) for kind, title, _ in FLOWS),
        *((len(changes.of(kind)), "place", title) for kind, title, _ in FIELDS[1:]),
        *((len(changes.marked(kind)), "kind", title) for kind, title, _ in MARKS[1:]),
    ]
    told = "; ".join(f"{title.lower()}: {counted(count, word)}" for count, word, title in counts if count)
    changed = changes.flows - changes.same
    return f"{number(changed)} of {counted(changes.flows, 'flow')} changed" + (f": {told}." if told else ".")


def where(change: FieldChange) -> str:
    """Name the operation and the leg, and under which names both sets know the operation."""
    return f"{operation(change.old, change.new)}, {change.leg}"


def operation(old: Side, new: Side) -> str:
    """Name the operation; where both sets name it otherwise, both names."""
    names = list(dict.fromkeys(side.operation for side in (old, new) if side.operation))
    return " -> ".join(names) or NO_OPERATION


def place(change: FieldChange) -> str:
    """Name the place in the message."""
    return change.pointer or WHOLE


def classes(old: Side, new: Side) -> str:
    """Name the classes of a place; where both sets have others, both."""
    told = list(dict.fromkeys(", ".join(side.classes) or "(unlisted)" for side in (old, new) if not side.refusal))
    return " -> ".join(told)


def side(one: Side) -> str:
    """Say what one set does with a place."""
    if one.refusal:
        return "nothing is shown (" + (f"refused: {one.refusal}" if one.refusal in REFUSALS else one.refusal) + ")"
    return f"{one.treatment} ({one.note})" if one.note else one.treatment


def ending(one: Side, leg: Leg | None) -> str:
    """Say how a flow ends under one set."""
    if not one.refusal:
        return "allowed"
    return f"refused on the {leg}: {one.refusal}" if leg else f"refused: {one.refusal}"


def rules(named: tuple[Named, ...]) -> Iterator[str]:
    """Give each rule with where it is written."""
    yield from (f"{one.name} at {at(one.place)}" for one in named)


def at(written: Place | None) -> str:
    """Write a place; "" where there is none."""
    return "" if written is None else str(written)


def met(change: FieldChange | FlowChange | MarkChange | ObservedChange) -> str:
    """Say how often a change was met, and which flow to look at."""
    told = counted(change.flows, "flow")
    if isinstance(change, FieldChange):
        told = f"{counted(change.places, 'value')} in {told}"
    return f"{told}, the first is {first(change)}"


def first(change: FieldChange | FlowChange | MarkChange | ObservedChange) -> str:
    """Name the flow that is the example."""
    return f"flow {change.example}" if isinstance(change.example, int) else str(change.example)
