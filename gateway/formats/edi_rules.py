"""What EDIFACT and X12 have in common and where they differ: envelopes and their counts, service data, hierarchies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Envelope:
    """A pair of service segments: what closes it, where its control number stands, what it may lie in.

    The closing segment says first how much is inside (segments with both ends where `counts_segments`, else
    envelopes), then the control number again; as a number where `numeric`.
    """

    closes: str
    control: int
    inside: tuple[str, ...] = ()
    counts_segments: bool = False
    numeric: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """One of the two standards. Elements count from 1.

    `tag` is a pattern, `example` a selector, `loop` what the option `loops` says of one. `service` has the elements of
    service segments: they keep an interchange together, so what happens to unlisted places doesn't reach them. Those
    in `codes` stay only where they are codes, those in `shapes` only where they are written as the standard has them,
    and those in `fixed` can't be labelled. `between` are segments right within
    an envelope. `breaks` end every loop. `trees` are segments that say by a number what they lie below: the elements of
    own and upper number. `widths` are those of segments whose elements are padded. `binary` are segments with bytes of
    any kind inside.
    """

    name: str
    tag: str
    example: str
    loop: str
    envelopes: Mapping[str, Envelope]
    service: Mapping[str, frozenset[int]]
    codes: Mapping[str, frozenset[int]]
    fixed: Mapping[str, frozenset[int]]
    trees: Mapping[str, tuple[int, int]]
    binary: frozenset[str]
    breaks: frozenset[str] = frozenset()
    between: Mapping[str, str] = field(default_factory=dict)
    widths: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    shapes: Mapping[str, Mapping[int, re.Pattern[str]]] = field(default_factory=dict)

    def shaped(self, tag: str, element: int, value: str) -> bool:
        """Tell whether a value in a service segment is written as the standard has it there, if it says how."""
        shape = self.shapes.get(tag, {}).get(element)
        return shape is None or shape.fullmatch(value) is not None

    @property
    def stops(self) -> frozenset[str]:
        """Give the segments that no loop goes beyond."""
        return self.breaks | {envelope.closes for envelope in self.envelopes.values()}


def elements(*numbers: int, up_to: int = 0) -> frozenset[int]:
    """Give a set of elements: those that are named, and all up to one."""
    return frozenset((*numbers, *range(1, up_to + 1)))
