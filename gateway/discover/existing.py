"""The catalogue that is there already: its operations that were seen, and fields that its messages don't name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gateway.catalog.match import Match, Matcher, choose
from gateway.catalog.model import Catalogue, Message
from gateway.catalog.template import fits
from gateway.catalog.template import parse as parse_path
from gateway.discover.bodies import Body
from gateway.discover.draft import DraftField, DraftMessage
from gateway.discover.group import Bodies, Group
from gateway.discover.labels import label
from gateway.discover.naming import route
from gateway.discover.outline import Decimal, Outline, Whole
from gateway.discover.records import around, beside
from gateway.discover.segments import Step as PathStep
from gateway.discover.spots import Spotted, spots, tidy
from gateway.errors import Unreadable
from gateway.flow import Request
from gateway.formats.selector import ANY, Step, parse


@dataclass(frozen=True, slots=True)
class Named:
    """An operation that the catalogue names, with what was seen of it."""

    system: str
    group: Group


@dataclass(slots=True)
class Existing:
    """Catalogues by the names of their systems."""

    catalogues: dict[str, Catalogue]
    groups: dict[str, Named] = field(default_factory=dict)
    _matcher: Matcher | None = None

    @property
    def systems(self) -> Iterable[str]:
        """Name the systems."""
        return self.catalogues

    def find(self, systems: Sequence[str], request: Request, segments: Sequence[str], asked: Body) -> Named | None:
        """Give the operation that a request is, in the first of these systems that knows it."""
        if self._matcher is None:
            self._matcher = Matcher(self.catalogues)
        for system in systems:
            try:
                candidates = self._matcher.candidates(system, request.method, segments, request.headers)
            except Unreadable:
                continue
            match: Match | None = choose(candidates, _looking_in(asked.value))
            if match is not None:
                return self.groups.setdefault(match.operation.name, Named(system, Group()))
        return None

    def names(self, system: str, method: str, steps: Sequence[PathStep]) -> bool:
        """Tell whether an operation of a system has this method and path, whatever its variables are called."""
        wide = parse_path(route(steps).path)
        return any(
            operation.request.method == method and fits(parse_path(operation.request.path), wide)
            for operation in self.catalogues[system].operations.values()
        )

    def amended(self, system: str, echoes: set[int]) -> tuple[DraftMessage, ...]:
        """Give the fields that messages of a system don't name yet, as messages with these fields alone."""
        found: dict[str, dict[str, DraftField]] = {}
        catalogue = self.catalogues[system]
        for name, named in sorted(self.groups.items()):
            if named.system != system:
                continue
            operation = catalogue.operations[name.partition(".")[2]]
            for leg in ("body", "response", "errors"):
                message = getattr(operation, leg)
                if message is not None:
                    self._amend(catalogue, catalogue.messages[message], getattr(named.group, leg), echoes, found)
        return tuple(DraftMessage(name, "json", tuple(fields.values())) for name, fields in found.items() if fields)

    def _amend(
        self,
        catalogue: Catalogue,
        message: Message,
        bodies: Bodies,
        echoes: set[int],
        found: dict[str, dict[str, DraftField]],
    ) -> None:
        if message.format != "json" or not bodies.kinds["json"]:
            return
        tidy(bodies.outline, message.name, echoes)
        outer = spots(bodies.outline)
        if message.each is not None and message.records is not None:
            steps = parse(message.records).steps
            record = _follow(bodies.outline, steps)
            if record is not None:
                each = catalogue.messages[message.each]
                _add(found.setdefault(each.name, {}), each, spots(record))
                outer = beside(spots(around(bodies.outline, steps)), steps)
        _add(found.setdefault(message.name, {}), message, outer)


def _add(fields: dict[str, DraftField], message: Message, found: Iterable[Spotted]) -> None:
    """Add the places that no field of a message covers."""
    known = [parse(field.selector).steps for field in message.fields if parse(field.selector).hot]
    new = (spot for spot in found if not any(_covers(steps, spot.steps) for steps in known))
    for one in label(new, message.name):
        fields.setdefault(one.selector, one)


def _covers(label_: Sequence[Step], place: Sequence[Step]) -> bool:
    """Tell whether a label reaches a place: it is the place's own, or one above it; wildcards fit all."""
    return len(label_) <= len(place) and all(one in {ANY, other} for one, other in zip(label_, place, strict=False))


def _follow(place: Outline, steps: Sequence[Step]) -> Outline | None:
    """Give what stands at the end of some steps; None where nothing was seen there."""
    for at in steps:
        following = place.elements if at is ANY else place.members.get(str(at))
        if following is None:
            return None
        place = following
    return place


def _looking_in(value: object) -> Callable[[Match, str], str | int | None]:
    """Look in a JSON value; in another format nothing is found."""
    return lambda _match, selector: _lookup(value, parse(selector).steps) if selector.startswith("$") else None


def _lookup(value: object, steps: Sequence[Step]) -> str | int | None:
    """Give the text or whole number at the end of some steps, as the gate's own look-up does."""
    for at in steps:
        if isinstance(value, dict) and isinstance(at, str):
            value = value.get(at)
        elif isinstance(value, list) and isinstance(at, int) and -len(value) <= at < len(value):
            value = value[at]
        else:
            return None
    if isinstance(value, Whole):
        return int(value)
    return value if isinstance(value, str) and not isinstance(value, Decimal) else None
