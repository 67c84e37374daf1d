"""The shape that a message's bodies have had so far: which objects have which members, and where only scalars stand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place where only scalars have been seen, or things of more than one kind."""


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object's members, in the order in which they were seen."""

    members: tuple[tuple[str, Shape | None], ...]


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """An array; `element` unites all of its elements."""

    element: Shape | None


Shape = Leaf | ObjectShape | ArrayShape
"""What stands at a place. None, beside it, is a place where nothing but null has been seen: it may be anything yet."""

LEAF = Leaf()


def learn(shape: Shape | None, value: object) -> Shape | None:
    """Widen a shape to a parsed value; null fits anywhere. What is now an object and now an array becomes a leaf."""
    if value is None:
        return shape
    if isinstance(value, dict):
        return _learn_members(shape, value) if isinstance(shape, ObjectShape | None) else LEAF
    if isinstance(value, list):
        if not isinstance(shape, ArrayShape | None):
            return LEAF
        element = shape.element if shape else None
        for inner in value:
            element = learn(element, inner)
        return ArrayShape(element)
    return LEAF


def _learn_members(shape: ObjectShape | None, value: dict[str, object]) -> ObjectShape:
    """Add new members behind the one that they follow, so that optional ones find their place in the order."""
    known = dict(shape.members) if shape else {}
    order = list(known)
    place = 0
    for name, inner in value.items():
        if name in known:
            place = order.index(name)
        else:
            order.insert(place, name)
        place += 1
        known[name] = learn(known.get(name), inner)
    return ObjectShape(tuple((name, known[name]) for name in order))
