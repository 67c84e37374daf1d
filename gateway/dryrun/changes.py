"""What changes between two policy sets over the same traffic: counted, each with one example; never a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.dryrun.report import Where
from gateway.errors import Place
from gateway.flow import Leg


@dataclass(frozen=True, slots=True)
class Named:
    """A rule by its id, or a field by its selector, and where it is written (the file with its folder before it)."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two sets says of a place: `treatment` with its options, or why nothing of the leg is shown.

    `classes` are sorted; `rules` asked for the treatment; `fields` are the catalogue's that cover the place. Where the
    whole flow is refused, `refusal` names why, and the rest is empty. `note` tells what else the values met.
    """

    operation: str = ""
    classes: tuple[str, ...] = ()
    treatment: str = "refuse"
    rules: tuple[Named, ...] = ()
    fields: tuple[Named, ...] = ()
    refusal: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A place that is treated differently: `kind` is `exposed`, `hidden` or `otherwise`.

    `pointer` is a JSON Pointer with `*` for list indexes and `?` for names that neither catalogue knows; "" is a whole
    body. `because` is where the change was most likely written. `flows` and `places` (values) count how often it was
    met, `example` is the number of the first flow.
    """

    kind: str
    leg: Leg
    pointer: str
    old: Side
    new: Side
    because: Place | None
    flows: int = 0
    places: int = 0
    example: int | Where = 0


@dataclass(frozen=True, slots=True)
class FlowChange:
    """Flows that end differently: `kind` is `allowed`, `refused`, or `otherwise` (refused in both, not alike).

    `old` and `new` have the operation, the refusal ("" where it was allowed) and the rules, those that allowed or those
    that denied. `old_leg` and `new_leg` say which leg was refused.
    """

    kind: str
    old: Side
    new: Side
    old_leg: Leg | None
    new_leg: Leg | None
    because: Place | None
    flows: int = 0
    example: int | Where = 0


@dataclass(frozen=True, slots=True)
class MarkChange:
    """Documents that are marked differently: `kind` is `lost`, `gained` or `otherwise`.

    `what` is `watermark` (the pages leave without, or with one), `permission print` and the like (it is no longer taken
    away, or is now), `words` (what the mark says), `look` (how), `hidden` (its invisible part),
    `view_only`, `bilevel`, and `attachments`, `signed` or `pdfa` with the stricter word of both.
    """

    kind: str
    what: str
    operation: str
    old: tuple[Named, ...]
    new: tuple[Named, ...]
    because: Place | None
    flows: int = 0
    example: int | Where = 0


@dataclass(frozen=True, slots=True)
class ObservedChange:
    """A rule whose watching changed: `old` and `new` are `enforce`, `observe` or `absent`; `effect` is what it does."""

    rule: str
    effect: str
    old: str
    new: str
    because: Place | None
    flows: int = 0
    example: int | Where = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that changes. `same` of the `flows` come out alike; `left_out` kinds of change were too many to list.

    `left_out_exposed` tells that something newly exposed, or a lost mark, was among these.
    """

    flows: int = 0
    same: int = 0
    verdicts: tuple[FlowChange, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    marks: tuple[MarkChange, ...] = ()
    observed: tuple[ObservedChange, ...] = ()
    left_out: int = 0
    left_out_exposed: bool = False
    old_folder: str = field(default="", compare=False)
    new_folder: str = field(default="", compare=False)

    @property
    def exposed(self) -> bool:
        """Tell whether protection is lost: a value newly shown to anyone, or a mark or a restriction of it lost."""
        return self.left_out_exposed or bool(self.of("exposed")) or bool(self.marked("lost"))

    @property
    def any(self) -> bool:
        """Tell whether anything changes."""
        return bool(self.verdicts or self.fields or self.marks or self.observed or self.left_out)

    def of(self, kind: str) -> tuple[FieldChange, ...]:
        """Give the places that are newly `exposed`, newly `hidden` or treated `otherwise`, the most frequent first."""
        return _most_first(change for change in self.fields if change.kind == kind)

    def ended(self, kind: str) -> tuple[FlowChange, ...]:
        """Give the flows that are newly `allowed`, newly `refused`, or refused `otherwise`, the most frequent first."""
        return tuple(
            sorted((one for one in self.verdicts if one.kind == kind), key=lambda one: (-one.flows, one.example))
        )

    def marked(self, kind: str) -> tuple[MarkChange, ...]:
        """Give what is `lost`, `gained` or `otherwise` of marks."""
        return tuple(one for one in self.marks if one.kind == kind)


def _most_first(changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(sorted(changes, key=lambda one: (-one.places, one.leg, one.pointer)))
