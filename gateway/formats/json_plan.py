"""What one decision does below each label: the labels' tree, with its edits looked up and all idle branches cut off."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.formats.document import Edit, Edits, Spot, Whole
from gateway.formats.json_trie import Node


@dataclass(slots=True, eq=False)
class Plan:
    """What happens at one place and below it.

    `edit` treats what stands at the place itself; None leaves it alone. At an `end`, it treats all that lies below as
    well. `passage` is a place on the way to labels: no label covers it, and an object (or an array, as `objects` and
    `arrays` tell) there only leads on; anything else there is unlisted. `reached` belongs to `json_reach`.
    """

    edits: Edits
    spot: Spot
    pointer: str
    edit: Edit | None
    end: bool = True
    passage: bool = False
    objects: bool = False
    arrays: bool = False
    names: dict[str, Plan | None] = field(default_factory=dict)
    member: Plan | None = None
    indexes: dict[int, Plan | None] = field(default_factory=dict)
    element: Plan | None = None
    record: bool = False
    reached: dict[object, object] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Plan, ...]:
        """Give the plans right below."""
        below = (*self.names.values(), self.member, *self.indexes.values(), self.element)
        return tuple(plan for plan in below if plan is not None)

    @property
    def refuses(self) -> bool:
        """Tell whether a refusal is written for this place or below it."""
        here = self.edit is not None and self.edit.whole is Whole.REFUSE
        return here or any(plan.refuses for plan in self.targets)


def plan(node: Node, edits: Edits) -> Plan | None:
    """Give the plan of a place; None where nothing at or below it is touched."""
    if node.record:
        return Plan(edits, (), node.pointer, None, record=True)
    edit = edits.of(node.cover) if node.cover else edits.unlisted
    made = Plan(edits, node.cover, node.pointer, edit, end=node.end, passage=not node.cover)
    if not node.end:
        made.objects, made.arrays = bool(node.names or node.member), bool(node.indexes or node.element)
        stray = None
        if not node.cover and edits.unlisted is not None:
            stray = Plan(edits, (), f"{node.pointer}/?", edits.unlisted)
        made.names = {name: plan(child, edits) for name, child in node.names.items()}
        made.indexes = {index: plan(child, edits) for index, child in node.indexes.items()}
        made.member = plan(node.member, edits) if node.member else stray
        made.element = plan(node.element, edits) if node.element else stray
    return made if edit is not None or made.targets else None


def memoised(node: Node, edits: Edits) -> Plan | None:
    """Give the plan of a whole tree, compiled once for each `Edits`."""
    if node not in edits.memo:
        edits.memo[node] = plan(node, edits)
    known = edits.memo[node]
    assert known is None or isinstance(known, Plan)
    return known
