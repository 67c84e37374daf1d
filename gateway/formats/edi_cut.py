"""Cutting an interchange into segments, and checking that its envelopes close, and count what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats.edi_rules import Envelope, Rules
from gateway.formats.edi_syntax import Leaf, Syntax
from gateway.formats.limits import BodyLimits

_LONGEST_COUNT = 10
"""Digits of a count."""


@dataclass(slots=True, eq=False)
class Segments:
    """The segments of an interchange: tags, and where in `text` begins and ends what stands behind each tag.

    `closed` has, for each opening service segment, its closing one.
    """

    text: str
    syntax: Syntax
    rules: Rules
    tags: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    closed: dict[int, int] = field(default_factory=dict)

    def widths(self, index: int) -> tuple[int, ...]:
        """Give the widths of a segment's elements; () where they have none."""
        return self.rules.widths.get(self.tags[index], ())

    def leaves(self, index: int) -> Iterator[Leaf]:
        """Take a segment apart; where its elements have widths, they have no parts: X12's ISA names the separators."""
        content = self.text[self.starts[index] : self.ends[index]]
        if not self.widths(index):
            yield from self.syntax.leaves(content)
            return
        *parts, last = content[1:].split(self.syntax.element)
        yield from (Leaf(number, 1, 1, raw, self.syntax.element) for number, raw in enumerate(parts, 1))
        yield Leaf(len(parts) + 1, 1, 1, last, "")

    def value(self, index: int, element: int) -> str:
        """Give the value of an element, without spaces around it; "" where it has more than one leaf."""
        syntax = self.syntax
        for leaf in self.leaves(index):
            if leaf.element == element:
                return "" if leaf.behind not in {syntax.element, ""} else syntax.value(leaf.raw).strip(" ")
        return ""


def cut(text: str, start: int, syntax: Syntax, rules: Rules, limits: BodyLimits, *, counted: bool = True) -> Segments:
    """Cut the text from `start` on. Raises `Unreadable`: body-malformed, body-miscounted, body-too-large.

    `counted` insists on true counts.
    """
    if sum(map(text.count, syntax.special)) > limits.values:
        raise Unreadable("body-too-large", "too many values in the interchange")
    found = Segments(text, syntax, rules)
    pattern, names = syntax.segment(rules.tag), dict[str, str]()
    while start < len(text):
        match = pattern.match(text, start)
        if match is None:
            raise Unreadable("body-malformed", "a segment is broken, or has no end")
        found.tags.append(names.setdefault(match[1], match[1]))
        found.starts.append(match.start(2))
        found.ends.append(match.end(2))
        start = match.end()
    if not rules.binary.isdisjoint(names):
        raise Unreadable("body-malformed", "binary data in segments is not read")
    _check(found, rules, counted=counted)
    return found


@dataclass(slots=True)
class _Open:
    """An envelope that is open: its segment, its rule, and what lies right within it."""

    index: int
    envelope: Envelope
    tag: str
    within: list[str] = field(default_factory=list)


def _check(segments: Segments, rules: Rules, *, counted: bool) -> None:
    """Check the envelopes: each lies where it can, and closes. Raises `Unreadable`: body-malformed."""
    closers = {envelope.closes for envelope in rules.envelopes.values()}
    opened: list[_Open] = []
    for index, tag in enumerate(segments.tags):
        around = opened[-1] if opened else None
        envelope = rules.envelopes.get(tag)
        if envelope is not None:
            if (around.tag not in envelope.inside) if around else bool(envelope.inside or index):
                raise Unreadable("body-malformed", "a service segment where it can't be")
            if around:
                around.within.append(tag)
            opened.append(_Open(index, envelope, tag))
        elif around is None:
            raise Unreadable("body-malformed", "a segment outside of the interchange")
        elif tag in closers:
            if around.envelope.closes != tag or len(set(around.within)) > 1:
                raise Unreadable("body-malformed", "a service segment where it can't be")
            _check_end(segments, opened.pop(), index, counted=counted)
        elif not around.envelope.counts_segments and rules.between.get(tag) != around.tag:
            raise Unreadable("body-malformed", "a segment outside of any message")
    if opened or not segments.tags:
        raise Unreadable("body-malformed", "the interchange has no end")


def _check_end(segments: Segments, opened: _Open, end: int, *, counted: bool) -> None:
    """Check count and control number of a closing segment. Raises `Unreadable`: body-malformed, body-miscounted."""
    start, envelope = opened.index, opened.envelope
    segments.closed[start] = end
    count = segments.value(end, 1)
    if not (count.isascii() and count.isdigit() and len(count) <= _LONGEST_COUNT):
        raise Unreadable("body-malformed", "a service segment has no count")
    if counted and int(count) != (end - start + 1 if envelope.counts_segments else len(opened.within)):
        raise Unreadable("body-miscounted", "a count in the interchange is wrong")
    control, again = segments.value(start, envelope.control), segments.value(end, 2)
    if envelope.numeric and control.isdigit() and again.isdigit():
        control, again = control.lstrip("0") or "0", again.lstrip("0") or "0"
    if control != again or not again:
        raise Unreadable("body-malformed", "the control numbers of an envelope differ")
