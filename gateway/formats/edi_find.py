"""Finding segments by selectors: where loops end, and what lies below a level of a hierarchy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise

from gateway.errors import Unreadable
from gateway.formats.edi_cut import Segments
from gateway.formats.edi_layout import Layout
from gateway.formats.edi_selector import Selector, Step

Span = tuple[int, int]
"""Segments from the first to before the second."""


class Finder:
    """Finds segments in one interchange; what it learned of loops and conditions it keeps."""

    def __init__(self, segments: Segments, layout: Layout) -> None:
        """Note where loops end."""
        self._segments = segments
        self._layout = layout
        stops = layout.rules.stops
        self._stops = [index for index, tag in enumerate(segments.tags) if tag in stops]
        self._tagged: dict[str, list[int]] = {}
        self._passed: dict[Step, list[int]] = {}
        self._below: dict[str, dict[int, int]] = {}
        self._own: dict[int, int] = {}

    def find(self, selector: Selector, span: Span) -> list[int]:
        """Give the segments in a span that a selector finds, in order. Raises `Unreadable`, for a broken hierarchy."""
        spans, found = [span], list[int]()
        for index, step in enumerate(selector.steps):
            passed = self._passing(step)
            found = [one for start, end in spans for one in _within(passed, start, end)]
            if index + 1 < len(selector.steps):
                below = selector.steps[index + 1].tag == step.tag
                spans = _merged((one + 1, min(self._end(one, below=below), span[1])) for one in found)
        return found

    def records(self, selector: Selector) -> list[Span]:
        """Give the spans of records: each from its segment on, with all that is below. Raises `Unreadable`."""
        found = [(one, self._end(one, below=True)) for one in self.find(selector, (0, len(self._segments.tags)))]
        if any(before[1] > after[0] for before, after in pairwise(found)):
            raise Unreadable("body-ambiguous", "a record lies within another")
        return found

    def values(self, selector: Selector, span: Span) -> set[str]:
        """Give the different values, without spaces around them, that a selector of one place finds.

        None where it names an element that turns out to have several parts.
        """
        syntax, found = self._segments.syntax, set[str]()
        for index in self.find(selector, span):
            for leaf in self._segments.leaves(index):
                if leaf.element != selector.element or selector.component not in {None, leaf.component}:
                    continue
                if selector.component is None and (leaf.component > 1 or leaf.repetition > 1):
                    return set()
                found.add(syntax.value(leaf.raw).strip(" "))
        return found - {""}

    def _at(self, tag: str) -> list[int]:
        """Give all segments with a tag."""
        if tag not in self._tagged:
            self._tagged[tag] = [index for index, one in enumerate(self._segments.tags) if one == tag]
        return self._tagged[tag]

    def _passing(self, step: Step) -> list[int]:
        """Give all segments that a step finds, wherever they are."""
        if not step.tests:
            return self._at(step.tag)
        if step not in self._passed:
            self._passed[step] = [index for index in self._at(step.tag) if self._passes(index, step)]
        return self._passed[step]

    def _passes(self, index: int, step: Step) -> bool:
        """Tell whether a segment passes every test; readers don't mind spaces around a code."""
        syntax, missing = self._segments.syntax, set(step.tests)
        for leaf in self._segments.leaves(index):
            missing -= {
                test
                for test in missing
                if (test.element, test.component) == (leaf.element, leaf.component)
                and syntax.value(leaf.raw).strip(" ") in test.values
            }
            if not missing:
                return True
        return False

    def _end(self, index: int, *, below: bool) -> int:
        """Give the segment before which the loop of a segment ends; with what is below it in its hierarchy."""
        tag = self._segments.tags[index]
        if index in self._segments.closed:
            return self._segments.closed[index] + 1
        if below and tag in self._layout.rules.trees:
            return self._tree(tag)[index]
        if index not in self._own:
            end = self._stop(index)
            same = self._at(tag)
            after = bisect_left(same, index + 1)
            end = min(end, same[after]) if after < len(same) else end
            self._own[index] = self._members_end(index, end)
        return self._own[index]

    def _members_end(self, index: int, end: int) -> int:
        """Give the first segment after one that doesn't belong to its loop."""
        members = self._layout.loops.get(self._segments.tags[index])
        if members is None:
            return end
        tags = self._segments.tags
        return next((at for at in range(index + 1, end) if tags[at] not in members), end)

    def _stop(self, index: int) -> int:
        """Give the next segment that no loop goes beyond."""
        at = bisect_left(self._stops, index + 1)
        return self._stops[at] if at < len(self._stops) else len(self._segments.tags)

    def _tree(self, tag: str) -> dict[int, int]:
        """Give where each level of a hierarchy ends. Raises `Unreadable`: body-malformed."""
        if tag in self._below:
            return self._below[tag]
        own, upper = self._layout.rules.trees[tag]
        ends, seen = dict[int, int](), set[str]()
        above: list[tuple[str, int]] = []
        end = 0
        for index in self._at(tag):
            if index >= end:
                ends.update((one, end) for _, one in above)
                above, seen, end = [], set(), self._stop(index)
            name, parent = self._segments.value(index, own), self._segments.value(index, upper)
            while above and above[-1][0] != parent:
                ends[above.pop()[1]] = index
            if not name or name in seen or (parent and not above):
                raise Unreadable("body-malformed", "the levels of a hierarchy don't lie below each other")
            seen.add(name)
            above.append((name, index))
        ends.update((one, end) for _, one in above)
        self._below[tag] = ends
        return ends


def _within(sorted_: list[int], start: int, end: int) -> Iterator[int]:
    """Give the members of a sorted list that lie in a span."""
    for at in range(bisect_left(sorted_, start), len(sorted_)):
        if sorted_[at] >= end:
            return
        yield sorted_[at]


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap, so that nothing is found twice; they come by their starts."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
