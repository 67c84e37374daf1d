"""What one decision does below each label: the labels' tree, with its edits looked up and all idle branches cut off."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.formats.document import Edit, Edits, Spot, Whole
from gateway.formats.json_trie import Node
from gateway.formats.names import Known

_KNOWN = Known()


@dataclass(slots=True, eq=False)
class Plan:
    """What happens at one place and below it.

    `edit` treats what stands at the place itself; None leaves it alone. At an `end`, it treats all that lies below as
    well. `passage` is a place on the way to labels: no label covers it, and an object (or an array, as `objects` and
    `arrays` tell) there only leads on; anything else there is unlisted. `reached` belongs to `json_reach`.

    `called` treats the names of members, None where all stay. `spelt` are names that officers wrote: they stay, and so
    do those that `known` lets stay, unless a field labels the names (`labelled`).
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
    called: Plan | None = None
    spelt: frozenset[str] = frozenset()
    known: Known = _KNOWN
    labelled: bool = False

    @property
    def targets(self) -> tuple[Plan, ...]:
        """Give the plans right below."""
        below = (*self.names.values(), self.member, *self.indexes.values(), self.element)
        return tuple(plan for plan in below if plan is not None)

    def renames(self, name: str) -> bool:
        """Tell whether the name of a member is treated."""
        return self.called is not None and name not in self.spelt and (self.labelled or not self.known.stays(name))

    @property
    def refuses(self) -> bool:
        """Tell whether a refusal is written for this place or below it."""
        here = self.edit is not None and self.edit.whole is Whole.REFUSE
        return here or any(plan.refuses for plan in self.targets)


def plan(node: Node, edits: Edits, known: Known = _KNOWN) -> Plan | None:
    """Give the plan of a place; None where nothing at or below it is touched. `known` are names that may stay."""
    if node.record:
        return Plan(edits, (), node.pointer, None, record=True)
    edit = edits.of(node.cover) if node.cover else edits.unlisted
    made = Plan(edits, node.cover, node.pointer, edit, end=node.end, passage=not node.cover)
    _call(made, node, known)
    if not node.end:
        made.objects, made.arrays = bool(node.names or node.member or node.called), bool(node.indexes or node.element)
        stray = None
        if not node.cover and edits.unlisted is not None:
            stray = Plan(edits, (), f"{node.pointer}/?", edits.unlisted)
        made.names = {name: plan(child, edits, known) for name, child in node.names.items()}
        made.indexes = {index: plan(child, edits, known) for index, child in node.indexes.items()}
        made.member = plan(node.member, edits, known) if node.member else stray
        made.element = plan(node.element, edits, known) if node.element else stray
    return made if edit is not None or made.targets or made.called else None


def below(plan: Plan) -> Plan:
    """Give the plan of all that lies in a place which is treated scalar by scalar."""
    if plan.member is plan:
        return plan
    made = Plan(plan.edits, plan.spot, plan.pointer, plan.edit, known=plan.known)
    made.called = Plan(plan.edits, plan.spot, f"{plan.pointer}/?", plan.edit)
    made.member = made.element = made
    return made


def _call(made: Plan, node: Node, known: Known) -> None:
    """Plan the names of members: by their own labels, else by that of all that stands there, else as unlisted."""
    spot, edit = node.called or node.cover, made.edit
    if node.called:
        edit = made.edits.of(node.called)
    elif node.cover and edit is not None and edit.whole is not Whole.DESCEND:
        edit = None  # nothing of it stays
    made.spelt, made.known, made.labelled = node.spelt, known, bool(node.called)
    made.called = None if edit is None else Plan(made.edits, spot, f"{node.pointer}/?", edit)


def memoised(node: Node, edits: Edits, known: Known = _KNOWN) -> Plan | None:
    """Give the plan of a whole tree, compiled once for each `Edits`."""
    if node not in edits.memo:
        edits.memo[node] = plan(node, edits, known)
    made = edits.memo[node]
    assert made is None or isinstance(made, Plan)
    return made
