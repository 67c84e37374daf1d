"""EDI messages that were read: records with their customers, and back again with nothing else changed.

Promise, of EDIFACT and X12 alike: segments and elements that no edit changes stay byte-identical, with separators,
releases, line ends and padding. A value that is changed is written with what its syntax needs (EDIFACT releases it; X12
has no escape, so a value with a separator is refused). Nothing is shifted: a removed value leaves its place empty, no
segment comes or goes, and so the counts stay true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.errors import Unreadable
from gateway.formats.document import Edits, Owner, Signal, Spot, Written
from gateway.formats.edi_cut import Segments
from gateway.formats.edi_find import Finder, Span
from gateway.formats.edi_layout import Layout
from gateway.formats.edi_selector import Selector, parse
from gateway.formats.edi_syntax import Leaf
from gateway.formats.tally import Tally, text_of


class _Place(NamedTuple):
    """Where leaves are: the fields that cover them, how reports name them, whether they never change."""

    tag: str
    spot: Spot
    pointer: str
    fixed: bool


class EdiDocument:
    """An interchange that was read and found sound."""

    def __init__(self, body: bytes, segments: Segments, layout: Layout) -> None:
        """Find the records, and the customer of each. Raises `Unreadable`: body-ambiguous, body-malformed."""
        self.body = body
        self._segments = segments
        self._layout = layout
        self._finder = Finder(segments, layout)
        self._places: dict[tuple[str, Spot, int, int, bool, bool], _Place] = {}
        self._whole = (0, len(segments.tags))
        self._records = [self._whole] if layout.records is None else self._finder.records(layout.records)
        self.customers: Sequence[str | None] = [self._customer(span) for span in self._records]

    def lookup(self, selector: str) -> str | int | None:
        """Give the text that a selector of one place finds; None where there is none, or there are two."""
        found = self._finder.values(parse(selector, self._layout.rules), self._whole)
        return next(iter(found)) if len(found) == 1 else None

    def write(self, records: Sequence[Edits], envelope: Edits, owners: Sequence[Owner] | None = None) -> Written:
        """Apply one `Edits` a record, and `envelope` to what is around the records.

        A treated value that can't stand in its place is refused: treatment-misfit. Raises `Unreadable`: body-encoding.
        """
        owners = self.customers if owners is None else owners
        if len(records) != len(self._records) or len(owners) != len(records):
            raise ValueError("one decision and one customer for each record")
        tally, changed = Tally(), dict[int, str]()
        for span, edits, owner in zip(self._records, records, owners, strict=True):
            found = self._found(self._layout.fields, span)
            changed.update(self._treated(tally, edits, owner, [span], found, inside=True))
        if self._layout.records is not None:
            found = self._found(self._layout.envelope, self._whole)
            changed.update(self._treated(tally, envelope, None, self._around(), found, inside=False))
        return tally.written(self._written(changed) if changed else self.body)

    def _customer(self, span: Span) -> str | None:
        """Give the customer of a record. Raises `Unreadable` where there are two."""
        selector = self._layout.customer
        found = set() if selector is None else self._finder.values(selector, span)
        if len(found) > 1:
            raise Unreadable("body-ambiguous", "a record names two customers")
        return next(iter(found), None)

    def _around(self) -> list[Span]:
        """Give the spans between the records."""
        starts = [0, *(end for _, end in self._records)]
        ends = [*(start for start, _ in self._records), self._whole[1]]
        return list(zip(starts, ends, strict=True))

    def _found(self, fields: Sequence[Selector], span: Span) -> dict[int, Spot]:
        """Give the fields that find each segment."""
        found: dict[int, Spot] = {}
        for number, selector in enumerate(fields):
            for index in self._finder.find(selector, span):
                found[index] = (*found.get(index, ()), number)
        return found

    def _treated(
        self, tally: Tally, edits: Edits, owner: str | None, spans: list[Span], found: dict[int, Spot], *, inside: bool
    ) -> Iterator[tuple[int, str]]:
        """Give the segments that are treated, and what stands behind their tags then."""
        segments, unlisted = self._segments, tally.edit(edits, ()) is not None
        for index in (index for start, end in spans for index in range(start, end)):
            fields = found.get(index, ())
            if not fields and not unlisted:
                continue
            leaves, new = list(segments.leaves(index)), dict[int, str]()
            for at, leaf in enumerate(leaves):
                if leaf.raw:
                    raw = self._leaf(tally, edits, owner, index, leaf, self._place(index, leaf, fields, inside=inside))
                    if raw is not leaf.raw:
                        new[at] = raw
            if new:
                made = (new.get(at, leaf.raw) + leaf.behind for at, leaf in enumerate(leaves))
                yield index, segments.syntax.element + "".join(made)

    def _place(self, index: int, leaf: Leaf, fields: Spot, *, inside: bool) -> _Place:
        """Say where a leaf is; `fields` are those that found its segment."""
        tag, layout = self._segments.tags[index], self._layout
        alone = leaf.component == 1 and leaf.behind in {self._segments.syntax.element, ""}
        key = (tag, fields, leaf.element, leaf.component, alone, inside)
        place = self._places.get(key)
        if place is None:
            spot = layout.spot(fields, leaf.element, leaf.component, inside=inside)
            name = tag if spot or tag in layout.tags else "?"  # a tag that no selector names could be someone's data
            pointer = f"/{name}/{leaf.element}" if alone else f"/{name}/{leaf.element}/{leaf.component}"
            place = _Place(tag, spot, pointer, leaf.element in layout.rules.fixed.get(tag, ()))
            self._places[key] = place
        return place

    def _leaf(self, tally: Tally, edits: Edits, owner: str | None, index: int, leaf: Leaf, place: _Place) -> str:
        """Treat one leaf, and write it; the very text that it was where nothing changes it."""
        syntax, widths = self._segments.syntax, self._segments.widths(index)
        value = syntax.value(leaf.raw).rstrip(" ") if widths else syntax.value(leaf.raw)
        if not value or (place.fixed and self._layout.rules.shaped(place.tag, leaf.element, value)):
            return leaf.raw
        if not place.spot and self._layout.stays(place.tag, leaf.element, leaf.component, value):
            return leaf.raw
        new = tally.treat(edits, place.spot, place.pointer, value, owner, removable=not widths)
        text = "" if isinstance(new, Signal) else text_of(new)
        if new is value or text == value:
            return leaf.raw
        try:
            return _fitted(syntax.written(text), widths[leaf.element - 1] if widths else 0)
        except Unreadable as error:
            tally.refuse(edits, place.spot, place.pointer, error.refusal)
            return leaf.raw

    def _written(self, changed: dict[int, str]) -> bytes:
        """Put changed segments in their places."""
        segments, parts, after = self._segments, list[str](), 0
        for index in sorted(changed):
            parts += (segments.text[after : segments.starts[index]], changed[index])
            after = segments.ends[index]
        try:
            return "".join((*parts, segments.text[after:])).encode()
        except UnicodeEncodeError:
            raise Unreadable("body-encoding", "a treated value is no text") from None


def _fitted(text: str, width: int) -> str:
    """Pad a value to the width of its element, where it has one. Raises `Unreadable`: treatment-misfit."""
    if width and len(text) > width:
        raise Unreadable("treatment-misfit", "a treated value is longer than its element can be")
    return text.ljust(width)
