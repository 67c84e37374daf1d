"""XML and SOAP: elements and attributes by name, under prefixes of the draft's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar

from gateway.discover.customers import suggested
from gateway.discover.draft import Suggestion
from gateway.discover.name_reasons import BESIDE
from gateway.discover.outline import Outline, Purse, Told
from gateway.discover.proposal import Reason
from gateway.discover.records import WRAPPERS, Carried, around, beside, is_paging
from gateway.discover.shown import Show, mostly_known, show
from gateway.discover.spots import Spotted, spots, tidy
from gateway.discover.views.view import Base, Options, Viewed
from gateway.discover.views.xml_tree import QUALIFIERS, STAR, TEXT, build
from gateway.discover.words import personal, plural, singular, spoken, words
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.registry import FORMATS
from gateway.formats.selector import ANY, Step

_ASIDE = "comments or instructions stand in it: whatever no field names is unlisted, and these have no field"
_PREFIX = re.compile(r"(?:^|[/@(\[])([A-Za-z][A-Za-z0-9]{0,7}):")
_BUILTIN = frozenset({"xml", "xsi", "soap"})
_ENVELOPE, _HEADER, _BODY = "soap:Envelope", "soap:Header", "soap:Body"
_OF_IDOCS = frozenset({"@SEGMENT", "@BEGIN"})
_SOLD_TO = re.compile(r"E1ED[A-Z]A1\[PARVW='AG'\]")
_MOST_DEEP = 5
_SURE = 8
_CALLED = 3
"""Steps to the element that says what is called: envelope, body, and itself."""


class XmlView(Base):
    """See above."""

    NAME: ClassVar[str] = "xml"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        form = FORMATS[self.NAME]
        form.read(text, form.layout(Shape()), limits)
        root, value, asides = build(text, purse)
        return Viewed(({root: value},), told=self._told(root, value), remarks=(_ASIDE,) if asides else ())

    def _told(self, root: str, value: object) -> Told:  # noqa: ARG002 - SOAP's
        return ()

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:
        """Let the text of an element that has attributes be the element's own, and settle names."""
        _merge(outline)
        tidy(outline, subject, echoes, maps=False, lone=False)

    def carried(self, outline: Outline, subject: str) -> Carried:
        """Find the element that repeats below wrappers; else the root is the record."""
        roots = list(outline.members)
        if len(roots) != 1 or outline.rest is not None:
            return Carried(None, _united(outline), listed=False)
        at = outline.members[roots[0]]
        steps: tuple[str, ...] = (roots[0],)
        for _ in range(_MOST_DEEP):
            name = _child(at, subject, forced=bool({_ENVELOPE, _BODY} & {*steps[-2:]}))
            if name is None:
                break
            inner = at.members[name]
            if _is_list(at, name, steps[-1], inner):
                return Carried((*steps, name), inner, listed=True)
            at, steps = inner, (*steps, name)
        if len(steps) > _CALLED and at.members:
            return Carried(steps, at, listed=False)
        return Carried(None, outline.members[roots[0]], listed=False)

    def frame(self, outline: Outline, steps: tuple[Step, ...]) -> Iterator[Spotted]:
        """See `View`."""
        return beside(spots(around(outline, steps)), steps)

    def records(self, steps: tuple[Step, ...]) -> str:
        """See `View`."""
        return "/" + "/".join(map(_step, steps))

    def framed(self, spot: Spotted) -> str:
        """Write the selector of a place around the records: it begins at the root."""
        return self._written(spot.steps[1:], spot)

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        if spot.steps[-1:] == (_HEADER,) and not spot.place.scalars:
            return ""  # an empty header is nothing
        if spot.steps and spot.steps[-1] in QUALIFIERS and any("[" in str(step) for step in spot.steps):
            return ""  # said by `structure`
        return self._written(spot.steps, spot)

    def _written(self, steps: Sequence[Step], spot: Spotted) -> str:
        text = "/".join(map(_step, steps))
        if spot.whole or not spot.place.members:
            return text or "."
        return f"{text}/{TEXT}" if text else TEXT

    def known(self, spot: Spotted) -> Reason | None:
        """See `View`: an IDoc's segments say that they are some."""
        if spot.steps and spot.steps[-1] in _OF_IDOCS:
            return Reason("system.operations", "it is about the message", BESIDE)
        return None

    def customers(self, found: Iterable[Spotted], records: int, subject: str) -> tuple[Suggestion, ...]:
        """See `View`: in an IDoc, the party that an order is sold to."""
        every = list(found)
        sold = [one for one in every if one.steps[-1:] == ("PARTN",) and _SOLD_TO.fullmatch(str(one.steps[-2:-1][0]))]
        first = tuple(suggested(_SURE, one, self.field(one), records) for one in sold[:1] if not one.several)
        return (*first, *super().customers(every, records, subject))[:3]

    def options(self, seen: Options, selectors: Sequence[str], purse: Purse) -> Mapping[str, object]:
        """Say what prefixes stand for, and which elements only qualify others."""
        used = {prefix for selector in selectors for prefix in _PREFIX.findall(selector)} - _BUILTIN
        spaces = {prefix: uri for uri, prefix in purse.prefixes.items() if prefix in used}
        made: dict[str, object] = {**dict(seen), **({"namespaces": dict(sorted(spaces.items()))} if spaces else {})}
        kept = [f"//{name}" for name in QUALIFIERS if any(f"[{name}=" in selector for selector in selectors)]
        return {**made, **({"structure": kept} if kept else {})}


class SoapView(XmlView):
    """The element in the body says which operation it is."""

    NAME: ClassVar[str] = "soap"

    def _told(self, root: str, value: object) -> Told:  # noqa: ARG002 - it is an envelope
        body = value.get(_BODY) if isinstance(value, dict) else None
        inner = body[0] if isinstance(body, list) and len(body) == 1 else None
        names = [name for name in inner if not name.startswith("@")] if isinstance(inner, dict) else []
        if len(names) != 1 or not safe(spoken(names[0])):
            return ()
        return ((f"name(/{_ENVELOPE}/{_BODY}/*)", names[0]),)


def safe(text: str) -> bool:
    """Tell whether the name of an operation is made of words that programs use."""
    return mostly_known(text) and show(text) is not Show.ODD and not any(map(personal, words(text)))


def _step(step: Step) -> str:
    return STAR if step is ANY else str(step)


def _merge(place: Outline) -> None:
    for inner in list(place.below()):
        _merge(inner)
    text = place.members.pop(TEXT, None)
    if text is not None:
        place.strings += text.strings
        place.integers += text.integers
        place.decimals += text.decimals
        place.holding += text.holding
        place.empty += text.empty
        place.held = text.held or place.held
        place.values.unite(text.values)


def _united(outline: Outline) -> Outline:
    """Lay several roots over one another: selectors begin in a record's element, whatever its name is."""
    whole = Outline()
    for inner in outline.below():
        whole.absorb(inner)
    return whole


def _elements(place: Outline) -> list[str]:
    return [name for name in place.members if not name.startswith("@")]


def _child(at: Outline, subject: str, *, forced: bool) -> str | None:
    """Give the one element that leads on to records."""
    names = _elements(at)
    if forced and _BODY in names:
        return _BODY
    inner = [name for name in names if at.members[name].members and not is_paging(spoken(name), said=True)]
    if at.rest is not None or at.cut or len(inner) != 1 or at.scalars:
        return None
    beside_ = [name for name in at.members if name != inner[0] and not name.startswith("@")]
    if any(not is_paging(spoken(name), said=True) for name in beside_):
        return None
    name = spoken(inner[0])
    joined, about = "".join(words(name)), "".join(words(subject))
    wrapper = joined in WRAPPERS or joined.endswith(("response", "result", "list")) or joined in {about, plural(about)}
    return inner[0] if forced or wrapper or at.members[inner[0]].several else None


def _is_list(at: Outline, name: str, above: str, inner: Outline) -> bool:
    """Tell whether an element is one of many: some body has several, or it is called like one of what is above it."""
    if not inner.members or name in {_BODY, _ENVELOPE}:
        return False
    said, over = "".join(words(spoken(name))), "".join(words(spoken(above)))
    return at.members[name].several or (said != over and singular(over) == said)
