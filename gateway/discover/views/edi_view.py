"""EDIFACT and X12: elements by segment and qualifier; each message of an interchange is a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import ClassVar

from gateway.discover.customers import suggested
from gateway.discover.draft import Suggestion
from gateway.discover.name_reasons import TAIL, WHOLE
from gateway.discover.outline import Outline, Purse, Several
from gateway.discover.proposal import Reason
from gateway.discover.records import Carried
from gateway.discover.spots import Spotted, spots
from gateway.discover.views.edi_words import (
    BUYERS,
    CODES,
    EDIFACT_CLASSES,
    EDIFACT_QUALIFIERS,
    IDS,
    X12_CLASSES,
    X12_QUALIFIERS,
)
from gateway.discover.views.view import Base, Viewed, typed
from gateway.errors import Unreadable
from gateway.formats import edifact, x12
from gateway.formats.edi import EdiDocument
from gateway.formats.edi_cut import Segments
from gateway.formats.edi_rules import Rules
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.registry import FORMATS
from gateway.formats.selector import Step

_MOST = 20_000
"""Segments of one interchange that are looked at."""

_SURE, _LIKELY = 8, 6
_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)
_CODE = re.compile(r"[A-Z0-9]{1,3}", re.ASCII)
_WRONG = "counts of segments or messages in it are wrong: `counts: keep` lets them pass"


class EdifactView(Base):
    """See above."""

    NAME: ClassVar[str] = "edifact"
    RULES: ClassVar[Rules] = edifact.RULES
    QUALIFIERS: ClassVar[dict[str, str]] = EDIFACT_QUALIFIERS
    RECORD: ClassVar[str] = "UNH"
    CLASSES: ClassVar[dict[str, str]] = EDIFACT_CLASSES

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        form, options = FORMATS[self.NAME], dict[str, object]()
        try:
            document = form.read(text, form.layout(Shape()), limits)
        except Unreadable:
            options["counts"] = "keep"
            document = form.read(text, form.layout(Shape(options=options)), limits)
        assert isinstance(document, EdiDocument), "the format's own"
        segments = document._segments  # noqa: SLF001 - what it was cut into, which nobody else asks
        return Viewed((self._tree(segments),), tuple(options.items()), remarks=(_WRONG,) if options else ())

    def _tree(self, segments: Segments) -> dict[str, object]:
        """Give what stands around messages, and each of them below the tag that it begins with."""
        around: dict[str, Several] = {}
        records = Several()
        at = around
        closing = self.RULES.envelopes[self.RECORD].closes
        for index, tag in enumerate(segments.tags[:_MOST]):
            if tag == self.RECORD:
                at = {}
                records.append(at)
            elif tag in self.RULES.stops and tag != "UNS":
                at = at if tag == closing else around
            for selector, value in self._values(segments, index, tag):
                at.setdefault(selector, Several()).append(typed(value))
        return {**around, self.RECORD: records}

    def _values(self, segments: Segments, index: int, tag: str) -> Iterator[tuple[str, str]]:
        """Give the values of a segment, each with the selector of its place; none of those that always stay."""
        leaves = [leaf for leaf in segments.leaves(index) if leaf.raw.strip()]
        syntax = segments.syntax
        held = {(leaf.element, leaf.component): syntax.value(leaf.raw).strip(" ") for leaf in leaves}
        where = self.QUALIFIERS.get(tag, "")
        element, _, component = where.partition(".")
        asked = (int(element), int(component or 1)) if where else (0, 0)
        code = held.get(asked, "")
        known = code in CODES.get(tag, ()) or _NUMBER.fullmatch(code)
        test = f"[{where}={code}]" if where and known else ""
        compound = {leaf.element for leaf in leaves if leaf.component > 1}
        for (number, part), value in held.items():
            if test and (number, part) == asked:
                continue
            if number in self.RULES.service.get(tag, ()) or number in self.RULES.trees.get(tag, ()):
                continue
            yield f"{tag}{test}/{number}" + (f".{part}" if number in compound else ""), value

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:
        """Nothing is to be settled: segments are called by the standard's names."""

    def carried(self, outline: Outline, subject: str) -> Carried:  # noqa: ARG002 - the protocol's
        """See `View`."""
        return Carried((self.RECORD,), outline.members.get(self.RECORD) or Outline(), listed=True)

    def frame(self, outline: Outline, steps: tuple[Step, ...]) -> Iterator[Spotted]:
        """See `View`."""
        return (spot for spot in spots(outline) if spot.steps and spot.steps[0] != steps[0])

    def records(self, steps: tuple[Step, ...]) -> str:
        """See `View`."""
        return str(steps[0])

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        return str(spot.steps[-1]) if spot.steps else ""

    def said(self, spot: Spotted) -> tuple[str, tuple[str, ...]]:  # noqa: ARG002 - the protocol's
        """Say nothing: tags are no words, and what they mean is known without them."""
        return "", ()

    def known(self, spot: Spotted) -> Reason | None:
        """Give the class that the standard gives a place."""
        selector = str(spot.steps[-1]) if spot.steps else ""
        tag, bracket, rest = selector.partition("[")
        place = rest.partition("]")[2] if bracket else selector[len(tag.partition("/")[0]) :]
        tag = tag.partition("/")[0]
        whole = place.partition(".")[0]
        for key in (selector, f"{tag}{place}", f"{tag}{whole}"):
            if key in self.CLASSES:
                return Reason(self.CLASSES[key], "the standard says so", WHOLE)
        if all(map(_CODE.fullmatch, spot.place.values.sample)):
            return Reason("business", "codes of up to three letters and digits", WHOLE)
        return Reason(self.CLASSES[tag], f"it stands in {tag}", TAIL) if tag in self.CLASSES else None

    def customers(self, found: Iterable[Spotted], records: int, subject: str) -> tuple[Suggestion, ...]:  # noqa: ARG002 - by the standard
        """Give the parties that are customers."""
        places = {str(spot.steps[-1]): spot for spot in found if spot.steps}
        made = list[tuple[int, Spotted, str]]()
        for tag, codes in BUYERS.items():
            for rank, code in enumerate(codes):
                test = f"{tag}[{self.QUALIFIERS.get(tag, '1')}={code}]"
                selector = f"{test}/{IDS[tag]}"
                spot = places.get(selector) or places.get(f"{test}/{IDS[tag].partition('.')[0]}")
                if spot is None:
                    continue
                once = not spot.place.several and spot.place.scalars >= records
                made.append((_SURE if once and not rank else _LIKELY - rank, spot, str(spot.steps[-1])))
        made.sort(key=lambda one: -one[0])
        return tuple(suggested(score, spot, selector, records) for score, spot, selector in made[:3])


class X12View(EdifactView):
    """See above."""

    NAME: ClassVar[str] = "x12"
    RULES: ClassVar[Rules] = x12.RULES
    QUALIFIERS: ClassVar[dict[str, str]] = X12_QUALIFIERS
    RECORD: ClassVar[str] = "ST"
    CLASSES: ClassVar[dict[str, str]] = X12_CLASSES
