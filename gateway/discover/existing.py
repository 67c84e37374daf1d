"""The catalogue that is there already: its operations that were seen, and fields that its messages don't name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from gateway.catalog.match import Match, Matcher, choose
from gateway.catalog.model import Catalogue, Message
from gateway.catalog.template import fits
from gateway.catalog.template import parse as parse_path
from gateway.discover.bodies import LIMITS, Body
from gateway.discover.draft import DraftField, DraftMessage
from gateway.discover.group import Bodies, Group
from gateway.discover.labels import label
from gateway.discover.naming import route
from gateway.discover.outline import Decimal, Outline, Whole
from gateway.discover.records import Carried, around, beside
from gateway.discover.segments import Step as PathStep
from gateway.discover.spots import Spotted, spots
from gateway.discover.views.registry import VIEWS
from gateway.discover.views.view import View
from gateway.errors import Unreadable
from gateway.flow import Request, header
from gateway.formats import charset, codings, media
from gateway.formats.format import Shape, charset_of
from gateway.formats.registry import FORMATS
from gateway.formats.selector import ANY, Step, parse

_PREFIX = re.compile(r"[A-Za-z_][\w.-]*:(?=[A-Za-z_*])")


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
            match: Match | None = choose(candidates, _looking_in(asked, self.catalogues[system], request))
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
        return tuple(
            DraftMessage(name, catalogue.messages[name].format, tuple(fields.values()))
            for name, fields in found.items()
            if fields
        )

    def _amend(
        self,
        catalogue: Catalogue,
        message: Message,
        bodies: Bodies,
        echoes: set[int],
        found: dict[str, dict[str, DraftField]],
    ) -> None:
        view = VIEWS.get(message.format)
        if view is None or message.format not in bodies.outlines:
            return
        outline = bodies.of(message.format)
        view.tidy(outline, message.name, echoes)
        if view.NAME != "json":
            self._amend_other(catalogue, message, view, outline, found)
            return
        outer = spots(outline)
        if message.each is not None and message.records is not None:
            steps = parse(message.records).steps
            record = _follow(outline, steps)
            if record is not None:
                each = catalogue.messages[message.each]
                _add(found.setdefault(each.name, {}), each, spots(record))
                outer = beside(spots(around(outline, steps)), steps)
        _add(found.setdefault(message.name, {}), message, outer)

    def _amend_other(
        self,
        catalogue: Catalogue,
        message: Message,
        view: View,
        outline: Outline,
        found: dict[str, dict[str, DraftField]],
    ) -> None:
        """Add places of another format; a list is looked at only where its records are those that a draft would find.

        Whether a place is covered is told by the selectors as they are written, the same or with wildcards.
        """
        carried = view.carried(outline, message.name)
        record = message
        if message.each is not None:
            if carried.steps is None or _bare(view.records(carried.steps)) != _bare(message.records or ""):
                return
            record = catalogue.messages[message.each]
            new = (spot for spot in view.frame(outline, carried.steps) if not _has(message, view.framed(spot)))
            _put(found.setdefault(message.name, {}), label(new, message.name, view, frame=True))
        elif carried.steps is not None:
            carried = Carried(None, outline, listed=False)
        new = (spot for spot in spots(carried.record) if not _has(record, view.field(spot)))
        _put(found.setdefault(record.name, {}), label(new, record.name, view))


def _has(message: Message, selector: str) -> bool:
    """Tell whether a message has a field for a place: its own, one above it, or one of the same name anywhere."""
    return any(_reaches(_bare(field.selector), _bare(selector)) for field in message.fields)


def _reaches(written: str, selector: str) -> bool:
    if selector == written or selector.startswith((f"{written}/", f"{written}.")):
        return True
    if written.startswith("//"):
        return f"/{selector}".endswith(written[1:])
    return "*" in written and fnmatchcase(selector, written.replace("[", "[[]"))


def _bare(selector: str) -> str:
    """Give a selector without prefixes and without the ends that only say more exactly what is meant."""
    return _PREFIX.sub("", selector).removesuffix("/text()")


def _put(fields: dict[str, DraftField], new: Iterable[DraftField]) -> None:
    for one in new:
        fields.setdefault(one.selector, one)


def _add(fields: dict[str, DraftField], message: Message, found: Iterable[Spotted]) -> None:
    """Add the places that no field of a message covers."""
    known = [parse(field.selector).steps for field in message.fields if parse(field.selector).hot]
    new = (spot for spot in found if not any(_covers(steps, spot.steps) for steps in known))
    _put(fields, label(new, message.name, VIEWS["json"]))


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


def _looking_in(asked: Body, catalogue: Catalogue, request: Request) -> Callable[[Match, str], str | int | None]:
    """Look in a body by the selectors of its format; in another format nothing is found."""

    def look(match: Match, selector: str) -> str | int | None:
        if selector.startswith("$"):
            return _lookup(asked.value, parse(selector).steps)
        message = catalogue.messages.get(match.operation.body or "")
        if message is None or message.format != asked.kind:
            return None
        form = FORMATS[message.format]
        try:
            plain = codings.decode(request.body, header(request.headers, "content-encoding"), LIMITS.size, LIMITS.ratio)
            said = media.parse(header(request.headers, "content-type"))
            text = charset.to_utf8(plain, charset_of(form, plain, said.charset))
            return form.read(text, form.layout(Shape(options=message.options)), LIMITS).lookup(selector)
        except (Unreadable, ValueError):
            return None

    return look


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
