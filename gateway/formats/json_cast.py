"""Following a plan through a body that was cast: the same as walking it, at a fraction of the price.

It knows the straight way only: down to scalars. Wherever the plan wants anything else (a whole object, a null where
labels lead on), the part is written as text again and handed to the walk; the text is the very text that arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from gateway.formats.document import Signal
from gateway.formats.json_mould import Cast, Mould
from gateway.formats.json_plan import Plan
from gateway.formats.json_walk import Value, Walk
from gateway.formats.selector import ANY, Step

_ENCODER = msgspec.json.Encoder()

Places = list[tuple[Any, "Mould | None"]]
"""Values, each with its mould."""


def find(cast: Cast, steps: Sequence[Step]) -> Places:
    """Give the values at the end of some steps, in the body's order."""
    found: Places = [(cast.value, cast.mould)]
    for step in steps:
        onward: Places = []
        for value, mould in found:
            if mould is None or value is None:
                continue
            if mould.array:
                if step is ANY:
                    onward += [(inner, mould.element) for inner in value]
                elif isinstance(step, int) and -len(value) <= step < len(value):
                    onward.append((value[step], mould.element))
            elif step is ANY or isinstance(step, str):
                for name, attribute, inner in mould.members:
                    if (step is ANY or step == name) and (member := getattr(value, attribute)) is not UNSET:
                        onward.append((member, inner))
        found = onward
    return found


def text(value: Any) -> Raw:
    """Write a part of a cast body: the text that arrived."""
    return value if isinstance(value, Raw) else Raw(_ENCODER.encode(value))


class Hand:
    """Treats cast values in place; `changed` tells whether any was."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.changed = False

    def treat(self, plan: Plan, value: Any, mould: Mould | None) -> Value:
        """Give what the plan makes of a value: the same object, treated inside, or another instead."""
        if plan.record:
            return self.walk.replaced.get(id(value), value)
        if mould is None:
            new = self.walk.scalar(plan, value) if plan.end else self.walk.treat(plan, value)
        elif value is None or plan.end or not plan.passage or not (plan.arrays if mould.array else plan.objects):
            old = text(value)
            new = self.walk.treat(plan, old)
            new = value if new is old else new
        elif mould.array:
            return self._elements(plan, value, mould.element)
        else:
            self._members(plan, value, mould)
            return value
        self.changed = self.changed or new is not value
        return new

    def _members(self, plan: Plan, value: Any, mould: Mould) -> None:
        for attribute, child, inner in self._targets(plan, mould):
            old = getattr(value, attribute)
            if old is not UNSET:
                new = self.treat(child, old, inner)
                if new is not old:
                    setattr(value, attribute, UNSET if new is Signal.REMOVE else new)

    def _elements(self, plan: Plan, value: list[Any], mould: Mould | None) -> Value:
        made = []
        for index, old in enumerate(value):
            child = plan.indexes.get(index, plan.element)
            new = old if child is None else self.treat(child, old, mould)
            if new is not Signal.REMOVE:
                made.append(new)
        return made

    @staticmethod
    def _targets(plan: Plan, mould: Mould) -> tuple[tuple[str, Plan, Mould | None], ...]:
        """Give the members of a mould that a plan treats; worked out once for both."""
        known = plan.cast.get(mould)
        if known is None:
            chosen = ((attribute, plan.names.get(name, plan.member), inner) for name, attribute, inner in mould.members)
            known = tuple((attribute, child, inner) for attribute, child, inner in chosen if child is not None)
            plan.cast[mould] = known
        return known
