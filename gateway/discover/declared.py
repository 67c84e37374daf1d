"""What documents about a system say: its paths, methods and the shapes of its bodies, as if they had been seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gateway.discover.assemble import Seen
from gateway.discover.group import Group
from gateway.discover.segments import Hole, Step

MOST_BYTES = 16 * 1024 * 1024
"""The size beyond which a document is not read."""


@dataclass(slots=True)
class Offer:
    """One operation that a document names; `under_root`: its path begins where the traffic tells, else at /."""

    steps: tuple[Step, ...]
    method: str
    group: Group


@dataclass(slots=True)
class Declared:
    """What one document names. `literals` are the words of its paths; `sets` those that tell where its root is."""

    offers: list[Offer] = field(default_factory=list)
    literals: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def combine(seen: Iterable[Seen], documents: Sequence[Declared]) -> list[Seen]:
    """Put what documents say together with what was seen: the same path and method are one operation."""
    every = list(seen)
    for document in documents:
        root = _root([one.steps for one in every], document.sets)
        for offer in document.offers:
            steps = (*root, *offer.steps)
            matching = [one for one in every if one.method == offer.method and not one.told and _fits(steps, one.steps)]
            same = [one for one in matching if _fits(one.steps, steps)]
            if not same:
                every.append(Seen(steps, offer.method, (), offer.group))
                continue
            same[0].group.absorb(offer.group)
            for other in same[1:]:
                same[0].group.absorb(other.group)
                every.remove(other)
    return every


def _root(templates: Iterable[tuple[Step, ...]], sets: frozenset[str]) -> tuple[Step, ...]:
    """Find what stands before the entity sets of a service: what most templates have there."""
    counts: dict[tuple[Step, ...], int] = {}
    for steps in templates:
        at = next((i for i, step in enumerate(steps) if _base(step) in sets), None)
        if at is not None:
            counts[steps[:at]] = counts.get(steps[:at], 0) + 1
    return max(counts, key=lambda steps: (counts[steps], -len(steps), str(steps)), default=())


def _base(step: Step) -> str:
    return step.prefix.partition("(")[0] if isinstance(step, Hole) else step


def _fits(wide: Sequence[Step], narrow: Sequence[Step]) -> bool:
    return len(wide) == len(narrow) and all(map(_covers, wide, narrow))


def _covers(wide: Step, narrow: Step) -> bool:
    """Tell whether a segment is the same, or a variable for the other; keys of OData are one, quoted or not."""
    if wide == narrow:
        return True
    if not isinstance(wide, Hole) or not isinstance(narrow, Hole):
        return False
    return _base(wide) != "" and _base(wide) == _base(narrow)


Reader = Callable[[str, bytes], Declared]
"""Reads a document (its name, for messages, and its bytes); raises `BadDocument` where it can't."""
