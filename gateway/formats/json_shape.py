"""The shape that a message's bodies have had so far: which objects have which members, and where only scalars stand."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place where only scalars have been seen, or things of more than one kind."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: what stands there, and whether it was there in every object so far."""

    name: str
    shape: Shape | None
    always: bool


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object's members, in the order in which they were seen. `nullable`: null has stood here as well."""

    members: tuple[Member, ...]
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """An array; `element` unites all of its elements. `nullable`: null has stood here as well."""

    element: Shape | None
    nullable: bool = False


Shape = Leaf | ObjectShape | ArrayShape
"""What stands at a place. None, beside it, is a place where nothing but null has been seen."""

LEAF = Leaf()
MOST_MEMBERS = 200
"""Objects of one kind have no more members than these: what has more is a map, whose names are data."""


class NoShapeError(ValueError):
    """Bodies of this message have no shape that is worth learning."""


def learn(shape: Shape | None, value: object) -> Shape | None:
    """Widen a shape to a parsed value. What is now an object and now an array becomes a leaf.

    Raises `NoShapeError` for an object with too many names: learning on would take as long as there are names.
    """
    if value is None:
        return replace(shape, nullable=True) if isinstance(shape, ObjectShape | ArrayShape) else shape
    if isinstance(value, dict):
        return _learn_members(shape, value) if isinstance(shape, ObjectShape | None) else LEAF
    if isinstance(value, list):
        if not isinstance(shape, ArrayShape | None):
            return LEAF
        element = shape.element if shape else None
        for inner in value:
            element = learn(element, inner)
        return ArrayShape(element, nullable=shape is not None and shape.nullable)
    return LEAF


def _learn_members(shape: ObjectShape | None, value: dict[str, object]) -> ObjectShape:
    """Add new members behind the one that they follow, so that optional ones find their place in the order."""
    known = {member.name: member for member in shape.members} if shape else {}
    order = list(known)
    place = 0
    for name, inner in value.items():
        before = known.get(name)
        if before is not None:
            place = order.index(name)
            widened = learn(before.shape, inner)
            if widened is not before.shape:
                known[name] = Member(name, widened, before.always)
        else:
            order.insert(place, name)
            if len(order) > MOST_MEMBERS:
                raise NoShapeError
            known[name] = Member(name, learn(None, inner), always=shape is None)
        place += 1
    members = tuple(Member(name, known[name].shape, known[name].always and name in value) for name in order)
    if shape is None:
        return ObjectShape(members)
    return shape if members == shape.members else replace(shape, members=members)


def depth(shape: Shape | None) -> int:
    """Give how many objects and arrays are nested at most."""
    if isinstance(shape, ArrayShape):
        return 1 + depth(shape.element)
    if isinstance(shape, ObjectShape):
        return 1 + max((depth(member.shape) for member in shape.members), default=0)
    return 0


def size(shape: Shape | None) -> int:
    """Count the places."""
    if isinstance(shape, ArrayShape):
        return 1 + size(shape.element)
    if isinstance(shape, ObjectShape):
        return 1 + sum(size(member.shape) for member in shape.members)
    return 1
