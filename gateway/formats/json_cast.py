"""Following a plan through a body that was cast: the same as walking it, at a fraction of the price.

All values of one place, over many records, are treated together: one call of the decoder for a whole column of texts.
It knows the straight way only: down to scalars. Wherever the plan wants anything else (a whole object, a null where
labels lead on), the part is written as text again and handed to the walk; the text is the very text that arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, repeat
from operator import is_
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from gateway.formats.document import Signal
from gateway.formats.json_mould import Cast, Member, Mould
from gateway.formats.json_plan import Plan
from gateway.formats.json_walk import Value, Walk
from gateway.formats.selector import ANY, Step

Owners = Sequence[str | None]
"""The customer of each value in a column."""

_ENCODER = msgspec.json.Encoder()
_COLUMN = msgspec.json.Decoder(list[str | int | float | bool | None])
_RARE = frozenset({Signal, Decimal})
"""What an edit may make that can't be written as it is."""


def find(cast: Cast, steps: Sequence[Step]) -> list[tuple[Any, Mould | None]]:
    """Give the values at the end of some steps, in the body's order, each with its mould."""
    found: list[tuple[Any, Mould | None]] = [(cast.value, cast.mould)]
    for step in steps:
        onward: list[tuple[Any, Mould | None]] = []
        for value, mould in found:
            if mould is None or value is None:
                continue
            if mould.array:
                if step is ANY:
                    onward += zip(value, repeat(mould.element), strict=False)
                elif isinstance(step, int) and -len(value) <= step < len(value):
                    onward.append((value[step], mould.element))
            elif step is ANY or isinstance(step, str):
                for member in mould.members:
                    if (step is ANY or step == member.name) and (inner := member.get(value)) is not UNSET:
                        onward.append((inner, member.mould))
        found = onward
    return found


def find_alike(values: Sequence[Any], mould: Mould | None, steps: Sequence[Step]) -> Sequence[Any] | None:
    """Give one leaf of each of many values, at the end of the same names; None where they are not all alike."""
    for step in steps:
        if mould is None or not isinstance(step, str) or set(map(type, values)) - {mould.kind}:
            return None
        member = next((member for member in mould.members if member.name == step), None)
        if member is None:
            return None
        values, mould = list(map(member.get, values)), member.mould
    return values if mould is None else None


def column(texts: Sequence[Any]) -> list[Any] | None:
    """Decode a column of scalars at once; None where not all are there, or one is beyond the decoder."""
    try:
        return _COLUMN.decode(b"[" + b",".join(texts) + b"]")
    except (TypeError, msgspec.ValidationError):
        return None


def text(value: Any) -> Raw:
    """Write a part of a cast body: the text that arrived."""
    return value if isinstance(value, Raw) else Raw(_ENCODER.encode(value))


class Hand:
    """Treats cast values in place; `changed` tells whether any was."""

    def __init__(self, walk: Walk) -> None:
        """Take the walk that treats single values, and counts what is touched."""
        self.walk = walk
        self.changed = False

    def records(self, plan: Plan, records: Sequence[Any], mould: Mould | None, owners: Owners) -> None:
        """Treat records of one mould that share a plan; those that become something else are replaced."""
        if mould is None or not _alike(plan, records, mould) or not self._within(plan, records, mould, owners):
            for record, owner in zip(records, owners, strict=True):
                new = self.treat(plan, record, mould, owner)
                if new is not record:
                    self.walk.replaced[id(record)] = new

    def treat(self, plan: Plan, value: Any, mould: Mould | None, owner: str | None) -> Value:
        """Give what the plan makes of one value: the same object, treated inside, or another instead."""
        self.walk.customer = owner
        if plan.record:
            return self.walk.replaced.get(id(value), value)
        if mould is not None and value is not None and _leads_on(plan, mould):
            return value if self._within(plan, [value], mould, [owner]) else self._elements(plan, value, mould, owner)
        old = text(value)
        new = self.walk.scalar(plan, old) if plan.end and mould is None else self.walk.treat(plan, old)
        if new is old:
            return value
        self.changed = True
        return new

    def members(self, plan: Plan, values: Sequence[Any], mould: Mould, owners: Owners) -> None:
        """Treat the members of many objects of one mould, member by member."""
        for member, child in _targets(plan, mould):
            below = list(map(member.get, values))
            inner = member.mould
            if inner is None and child.end:
                self._column(child, member, values, below, owners)
            elif inner is None or not _alike(child, below, inner) or not self._within(child, below, inner, owners):
                self._each(child, member, values, below, owners)

    def _within(self, plan: Plan, values: Sequence[Any], mould: Mould, owners: Owners) -> bool:
        """Treat what is in many objects or arrays of one mould, all in place; False where that can't be done."""
        if not mould.array:
            self.members(plan, values, mould, owners)
            return True
        every, inner = plan.element, mould.element
        if plan.indexes or every is None or inner is None:
            return False
        together = list(chain.from_iterable(values))
        each = list(chain.from_iterable(map(repeat, owners, map(len, values))))
        return _alike(every, together, inner) and self._within(every, together, inner, each)

    def _column(self, plan: Plan, member: Member, values: Sequence[Any], texts: Sequence[Any], owners: Owners) -> None:
        """Treat one member of many objects, a scalar in all of them."""
        old_values = column(texts)
        if old_values is None or plan.edit is None or float in set(map(type, old_values)):
            self._each(plan, member, values, texts, owners)
            return
        new_values = list(map(plan.edit.value, old_values, owners))
        attribute = member.attribute
        changes = zip(values, texts, old_values, new_values, strict=True)
        if _RARE.isdisjoint(map(type, new_values)):
            touched = 0
            for value, _, old, new in changes:
                if new is not old:
                    setattr(value, attribute, new)
                    touched += 1
            self.walk.touched += repeat(plan, touched)
            self.changed = self.changed or touched > 0
        else:
            for value, raw, old, new in changes:
                if new is not old:
                    self._put(member, value, raw, self.walk.made(plan, raw, new))

    def _each(self, plan: Plan, member: Member, values: Sequence[Any], below: Sequence[Any], owners: Owners) -> None:
        """Treat one member of many objects, one by one."""
        for value, old, owner in zip(values, below, owners, strict=True):
            if old is not UNSET:
                self._put(member, value, old, self.treat(plan, old, member.mould, owner))

    def _put(self, member: Member, value: Any, old: Any, new: Value) -> None:
        """Put a new value in the old one's place."""
        if new is not old:
            self.changed = True
            setattr(value, member.attribute, UNSET if new is Signal.REMOVE else new)

    def _elements(self, plan: Plan, value: list[Any], mould: Mould, owner: str | None) -> Value:
        """Treat the elements of an array one by one; removed ones close up."""
        if plan.element and plan.element.record and not self.walk.replaced:
            return value
        made: list[Value] = []
        for index, old in enumerate(value):
            child = plan.indexes.get(index, plan.element)
            new = old if child is None else self.treat(child, old, mould.element, owner)
            if new is not Signal.REMOVE:
                made.append(new)
        return value if len(made) == len(value) and all(map(is_, made, value)) else made


def _leads_on(plan: Plan, mould: Mould) -> bool:
    """Tell whether a place only leads on to others, and holds what they can be found in."""
    return plan.passage and not plan.end and (plan.arrays if mould.array else plan.objects)


def _alike(plan: Plan, values: Sequence[Any], mould: Mould) -> bool:
    """Tell whether values of one place, all of one kind, only lead on: then they are treated together."""
    return _leads_on(plan, mould) and not set(map(type, values)) - {mould.kind}


def _targets(plan: Plan, mould: Mould) -> tuple[tuple[Member, Plan], ...]:
    """Give the members of a mould that a plan treats; worked out once for both."""
    known = plan.cast.get(mould)
    if known is None:
        chosen = ((member, plan.names.get(member.name, plan.member)) for member in mould.members)
        known = plan.cast[mould] = tuple((member, child) for member, child in chosen if child is not None)
    return known
