"""What a plan does to records of a known shape: which places must be cut out of them, and what happens at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.formats.document import Whole
from gateway.formats.json_pattern import Pattern, Way
from gateway.formats.json_plan import Plan
from gateway.formats.json_shape import ArrayShape, ObjectShape, Shape


@dataclass(frozen=True, slots=True)
class Reach:
    """`wants` are the places where a plan does anything, True where it may remove them.

    `places` are the plans at the places that a pattern cuts; None where these are not enough for the plan.
    """

    wants: Mapping[Way, bool]
    places: Mapping[Way, Plan] | None


def reach(plan: Plan, pattern: Pattern) -> Reach:
    """Tell what a plan does to the records of a pattern; worked out once for both."""
    known = plan.reached.get(pattern)
    if known is None:
        wants = wanted(plan, pattern.record)
        places = None
        if all(pattern.reaches(way, removable=removable) for way, removable in wants.items()):
            below = {way: _at(plan, way) for way in pattern.groups if any(way == want[: len(way)] for want in wants)}
            places = {way: found for way, found in below.items() if found is not None}
        known = plan.reached[pattern] = Reach(wants, places)
    assert isinstance(known, Reach)
    return known


def wanted(plan: Plan | None, shape: Shape | None, way: Way = ()) -> dict[Way, bool]:
    """Give the places where a plan does anything to values of a shape."""
    if plan is None or plan.record:
        return {}
    if plan.passage and not plan.end:
        if isinstance(shape, ObjectShape) and plan.called and any(plan.renames(one.name) for one in shape.members):
            return {way: False}
        if isinstance(shape, ObjectShape) and plan.objects:
            found: dict[Way, bool] = {}
            for member in shape.members:
                found |= wanted(plan.names.get(member.name, plan.member), member.shape, (*way, member.name))
            return found
        if isinstance(shape, ArrayShape) and plan.arrays:
            within = (wanted(below, shape.element) for below in (plan.element, *plan.indexes.values()))
            return {way: False} if any(within) else {}
        if shape is None:
            return {}  # nothing but null, which leads nowhere
    return {way: plan.edit is not None and plan.edit.whole is Whole.REMOVE}


def _at(plan: Plan | None, way: Way) -> Plan | None:
    """Follow names down a plan."""
    for name in way:
        if plan is None:
            return None
        plan = plan.names.get(name, plan.member)
    return plan
