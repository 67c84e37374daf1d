"""Labels of XML messages as ways down: where each stands at an element, and where it goes on from there.

A *going* is a label and how many of its steps are behind. Each element has a set of them; those of an element below it
follow from these and its name alone, so that elements reached by the same names share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.formats.xml_selector import Selector, Tail, Test
from gateway.formats.xml_tag import Name

RECORD, CUSTOMER, STRUCTURE, KNOWN = -1, -2, -3, -4
"""Indexes of what is no field: the way to a list's records, to a record's customer, to names that are no values, and to
texts that are where a standard wants them: they are as unlisted as others, but what is around them stays."""

Uris = Mapping[str, tuple[str, ...]]
"""The namespaces that each prefix of the catalogue stands for: one, or several versions of one."""


@dataclass(frozen=True, slots=True)
class Move:
    """A step down: `uris` or `local` None is any; `shown` is how the officer wrote it."""

    deep: bool
    uris: tuple[str, ...] | None
    local: str | None
    shown: str

    def fits(self, name: Name) -> bool:
        """Tell whether an element or attribute is meant."""
        return self.local in {None, name[1]} and (self.uris is None or name[0] in self.uris)


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """The way to a field's places. A `ghost` leads nowhere: it lends its names to reports, others find its places."""

    index: int
    absolute: bool
    moves: tuple[Move, ...]
    tail: Tail
    attribute: Move | None
    deep: bool
    ghost: bool = False


Going = tuple[Label, int]


def label(index: int, selector: Selector, namespaces: Uris) -> Label:
    """Make a label of a selector. ValueError for prefixes that the catalogue doesn't name."""
    moves = tuple(_move(step.test, namespaces, deep=step.deep) for step in selector.steps)
    attribute = _move(selector.attribute, namespaces) if selector.attribute else None
    return Label(index, selector.absolute, moves, selector.tail, attribute, selector.deep, ghost=not selector.plain)


def begin(labels: Iterable[Label], name: Name) -> list[Going]:
    """Give where labels stand at the element that they begin at, which has a name."""
    return [
        *((one, 0) for one in labels if not one.absolute),
        *onward([(one, 0) for one in labels if one.absolute], name),
    ]


def onward(goings: Iterable[Going], name: Name) -> list[Going]:
    """Give where labels stand at an element below."""
    made: dict[Going, None] = {}
    for label_, behind in goings:
        if behind < len(label_.moves):
            move = label_.moves[behind]
            if move.deep:
                made[label_, behind] = None
            if move.fits(name):
                made[label_, behind + 1] = None
        elif label_.deep:
            made[label_, behind] = None
    return list(made)


def ended(going: Going) -> bool:
    """Tell whether a label's steps are all behind."""
    return going[1] == len(going[0].moves)


def leads(going: Going) -> bool:
    """Tell whether a label has places further down, or among an element's attributes and texts."""
    return not going[0].ghost and (not ended(going) or going[0].tail != "element")


def overlaps(around: Label, records: Label) -> bool:
    """Tell whether a label of what is around records could cover them, or reach into them."""
    ours, others = _from_document(around), _from_document(records)
    goings, done = {(0, 0)}, set[tuple[int, int]]()
    while goings:
        here = goings.pop()
        done.add(here)
        one, other = here
        here_ends, there = one == len(ours), other == len(others)
        if here_ends and (around.tail == "element" or around.deep or there):
            return True
        if here_ends or there:
            if there and not here_ends:
                return True
            continue
        mine, theirs = ours[one], others[other]
        steps = {(one, other)} if mine.deep and theirs.deep else set[tuple[int, int]]()
        steps |= {(one + 1, other)} if theirs.deep else set()
        steps |= {(one, other + 1)} if mine.deep else set()
        steps |= {(one + 1, other + 1)} if _meet(mine, theirs) else set()
        goings |= steps - done
    return False


def _from_document(label_: Label) -> tuple[Move, ...]:
    return label_.moves if label_.absolute else (Move(False, None, None, "*"), *label_.moves)


def _meet(one: Move, other: Move) -> bool:
    """Tell whether one name could be meant by both."""
    local = one.local is None or other.local is None or one.local == other.local
    return local and (one.uris is None or other.uris is None or bool({*one.uris} & {*other.uris}))


def _move(test: Test, namespaces: Uris, *, deep: bool = False) -> Move:
    if test.prefix and test.prefix not in namespaces:
        raise ValueError(f"the prefix {test.prefix} is not among the namespaces of this message")
    uris = None if test.prefix is None else namespaces[test.prefix] if test.prefix else ("",)
    return Move(deep, uris, test.local, test.shown)
