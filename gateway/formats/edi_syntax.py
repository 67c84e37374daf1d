"""The characters that separate an EDI message: how its segments are cut, and how a value is read and written there.

A *leaf* is the smallest part of a segment: a component of an element, or of one of its repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gateway.errors import Unreadable

_CONTROLS = "\x00-\x1f\x7f"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_ENDS = "\r\n"
"""What may end segments and separate nothing else: readers skip line ends."""


class Leaf(NamedTuple):
    """A leaf as written: its element, repetition and component, each from 1, and the separator behind it."""

    element: int
    repetition: int
    component: int
    raw: str
    behind: str


@dataclass(frozen=True)
class Syntax:
    """The separators of one interchange; `release` and `repetition` are "" where there is none."""

    element: str
    component: str
    terminator: str
    release: str = ""
    repetition: str = ""

    def check(self, *others: str) -> None:
        """Check that each can do its work, and that none is one of `others`. Raises `Unreadable`: body-malformed."""
        used = [one for one in (self.element, self.component, self.terminator, self.release, self.repetition) if one]
        apart = len({*used, *others}) == len([*used, *others])
        sound = all(one.isascii() and not one.isalnum() and one not in " \t\x00" for one in used)
        if not apart or not sound or any(one in _ENDS for one in used if one != self.terminator):
            raise Unreadable("body-malformed", "separators that can't separate")

    @cached_property
    def special(self) -> frozenset[str]:
        """Give the characters that mean something else than themselves."""
        return frozenset({self.element, self.component, self.terminator, self.release, self.repetition} - {""})

    def segment(self, tag: str) -> re.Pattern[str]:
        """Give what matches a segment whose tag is like the pattern `tag`; its groups are tag and all after the tag.

        Control characters are in no segment: some readers skip them, others don't.
        """
        end, loose = re.escape(self.terminator), re.escape(self.release)
        apart = re.escape("".join({self.element, self.component, self.repetition}))
        released = f"|{loose}[^{_CONTROLS}]" if loose else ""
        content = f"(?:[^{end}{loose}{_CONTROLS}]++|[{apart}]{released})*+"
        return re.compile(f"({tag})(?=[{re.escape(self.element)}{end}])({content}){end}[ \\t\\r\\n]*")

    @cached_property
    def _leaf(self) -> re.Pattern[str]:
        apart, loose = re.escape(f"{self.element}{self.component}{self.repetition}"), re.escape(self.release)
        released = f"|{loose}." if loose else ""
        return re.compile(f"((?:[^{apart}{loose}]++{released})*+)([{apart}]|\\Z)", re.DOTALL)

    def leaves(self, content: str) -> Iterator[Leaf]:
        """Take the elements of a segment apart; `content` is all between tag and terminator, "" where it has none."""
        element, repetition, component = 1, 1, 1
        for match in self._leaf.finditer(content, 1):
            raw, behind = match.groups()
            yield Leaf(element, repetition, component, raw, behind)
            if behind == self.element:
                element, repetition, component = element + 1, 1, 1
            elif behind == self.component:
                component += 1
            elif behind:
                repetition, component = repetition + 1, 1
            else:
                return

    def value(self, raw: str) -> str:
        """Read a leaf: what was released is itself (ISO 9735-1 section 8.2)."""
        if not self.release or self.release not in raw:
            return raw
        return re.sub(f"{re.escape(self.release)}(.)", r"\1", raw)

    def written(self, value: str) -> str:
        """Write a leaf. Raises `Unreadable`: treatment-misfit, for what can't stand there."""
        if _CONTROL.search(value):
            raise Unreadable("treatment-misfit", "a treated value has control characters, which no segment can hold")
        if self.special.isdisjoint(value):
            return value
        if not self.release:
            raise Unreadable("treatment-misfit", "a treated value holds a separator, and there is no escape for it")
        return "".join(self.release + one if one in self.special else one for one in value)
