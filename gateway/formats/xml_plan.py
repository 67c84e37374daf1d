"""What edits do at the paths of an XML message: worked out once for each path, and remembered with the edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.formats.document import Edit, Edits, Scalar, Signal, Spot, Whole
from gateway.formats.xml_path import Kind, Path, Step
from gateway.formats.xml_tag import Name


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a kind of XML adds: `typed` values by their element (XML-RPC), and which elements may be left `hollow`."""

    typed: bool = False
    hollow: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Act:
    """An edit at a place, None: kept; whose it is, and what the place is called."""

    edits: Edits
    edit: Edit | None
    spot: Spot
    pointer: str


@dataclass(slots=True, eq=False, repr=False)
class Plan:
    """What happens at one path: to the `element` as a whole, to its `text`, to comments in it, to its attributes.

    `whole`: an element with others in it is treated in one piece. `alone`: labels are only over it as a whole, so that
    it goes as a whole where its value does. `value` is what treats its text, `many` what treats many such texts.
    """

    path: Path
    edits: Edits
    element: Act
    text: Act
    whole: bool
    alone: bool
    value: Callable[[Scalar, str | None], Scalar | Signal] | None
    many: Callable[[Sequence[Scalar]], Sequence[Any]] | None
    _attributes: dict[Name, Act] = field(default_factory=dict)

    def attribute(self, name: Name) -> Act:
        """Give what happens to an attribute."""
        known = self._attributes.get(name)
        if known is None:
            spot = self.path.spot(name)
            edit = None if self.path.kept(name) else _edit(self.edits, spot)
            known = self._attributes[name] = Act(self.edits, edit, spot, self.path.attribute(name))
        return known

    @property
    def idle(self) -> bool:
        """Tell whether nothing happens to the element or its text."""
        return self.element.edit is None and self.text.edit is None

    @property
    def silent(self) -> bool:
        """Tell whether nothing can happen to any attribute either."""
        labelled = any(one.attribute is not None and one.index >= 0 for one in self.path.ends)
        return self.idle and not labelled and (self.edits.unlisted is None or bool(self.path.cover))


class Plans(dict[Step, "Plan | None"]):
    """The plans of steps: None for those at which nothing can happen."""

    def __init__(self, edits: Edits, dialect: Dialect) -> None:
        """Begin with nothing known."""
        super().__init__()
        self.edits = edits
        self.dialect = dialect
        self.paths: dict[Path, Plan] = {}

    def __missing__(self, step: Step) -> Plan | None:
        """Work out what happens at a step."""
        self[step] = made = self._made(step)
        return made

    def at(self, path: Path) -> Plan:
        """Give the plan of a path."""
        known = self.paths.get(path)
        if known is None:
            known = self.paths[path] = _plan(path, self.edits, self.dialect)
        return known

    def _made(self, step: Step) -> Plan | None:
        if step.kind in {Kind.OPEN, Kind.EMPTY}:
            plan = self.at(step.path)
            return None if plan.idle and (step.bare or plan.silent) else plan
        if step.kind in {Kind.COMMENT, Kind.INSTRUCTION}:
            plan = self.at(step.after)
            return None if plan.element.edit is None else plan
        return None


def plans(edits: Edits, roots: object, dialect: Dialect) -> Plans:
    """Give what edits do; remembered for the paths that are in use."""
    known = edits.memo.get(dialect)
    if isinstance(known, tuple) and known[0] is roots:
        held = known[1]
        assert isinstance(held, Plans)
        return held
    made = Plans(edits, dialect)
    edits.memo[dialect] = (roots, made)
    return made


def _plan(path: Path, edits: Edits, dialect: Dialect) -> Plan:
    own = None if path.structure else _edit(edits, path.cover)
    within = own if path.text == path.cover else _edit(edits, path.text)
    whole = own is not None and own.whole is not Whole.DESCEND and bool(path.cover or not path.passage)
    if whole and own is not None and own.whole is Whole.EMPTY and dialect.hollow is not None:
        whole = path.name[1] in dialect.hollow
    return Plan(
        path=path,
        edits=edits,
        element=Act(edits, own, path.cover, path.pointer),
        text=Act(edits, within, path.text, path.pointer),
        whole=whole and path.parent is not None,
        alone=bool(path.cover or not path.passage),
        value=None if within is None else within.value,
        many=None if within is None else within.many,
    )


def _edit(edits: Edits, spot: Spot) -> Edit | None:
    """Look up an edit, once for each spot."""
    if not spot:
        return edits.unlisted
    known: Mapping[Spot, Edit | None] | object = edits.memo.setdefault(_SPOTS, {})
    assert isinstance(known, dict)
    if spot not in known:
        known[spot] = edits.of(spot)
    found = known[spot]
    assert found is None or isinstance(found, Edit)
    return found


_SPOTS = "xml spots"
