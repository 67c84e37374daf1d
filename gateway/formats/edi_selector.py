"""Selectors of EDIFACT and X12: segments by tag and qualifier, in loops, and the elements in them.

    NAD                   all elements of every NAD segment
    NAD/4                 element 4, with all of its components
    NAD/4.1               its first component
    NAD[1=BY]/4.1         only of segments whose first element says BY
    NAD[1=BY|IV]/4.1      BY or IV
    COM[1.2=TE]/1.1       a qualifier in the second component of the first element
    NAD[1=BY] > CTA/2.2   CTA segments after that NAD, in its loop

`[1=BY]` asks the first component of element 1. A selector never covers what it asks for: `NAD[1=BY]` is all but the
qualifier.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from gateway.formats.edi_rules import Rules
from gateway.formats.format import SelectsSeveral

_LONGEST = 500
_STEP = re.compile(r"\s*([^\s\[\]/>]*)\s*((?:\[[^\[\]]*\]\s*)*)")
_TEST = re.compile(r"\[\s*([1-9][0-9]{0,2})(?:\.([1-9][0-9]{0,2}))?\s*=([^=]*)\]")
_PLACE = re.compile(r"\s*([1-9][0-9]{0,2})(?:\.([1-9][0-9]{0,2}))?\s*")


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on a segment: one of `values` stands at a leaf."""

    element: int
    component: int
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """Segments with a tag that pass every test."""

    tag: str
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """A checked selector; `element` None means whole segments, `component` None whole elements."""

    steps: tuple[Step, ...]
    element: int | None = None
    component: int | None = None

    @property
    def tag(self) -> str:
        """Give the tag of the segments that it finds."""
        return self.steps[-1].tag

    def covers(self, element: int, component: int) -> bool:
        """Tell whether it covers a leaf of the segments that it finds."""
        if self.element not in {None, element} or self.component not in {None, component}:
            return False
        return all((test.element, test.component) != (element, component) for test in self.steps[-1].tests)


@lru_cache(maxsize=4096)
def parse(text: str, rules: Rules) -> Selector:
    """Parse a selector; ValueError says what is wrong with it."""
    if len(text) > _LONGEST:
        raise ValueError("this is too long for a selector")
    path, slash, place = text.partition("/") if "]" not in text else _parted(text)
    steps = tuple(_step(part, rules) for part in path.split(">"))
    for above, below in pairwise(steps):
        if above.tag == below.tag and above.tag not in rules.trees:
            raise ValueError(f"the loop of a {above.tag} ends where the next {above.tag} begins: it can't hold one")
    if not slash:
        return Selector(steps)
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ValueError("after / stands the number of an element, and perhaps of a component: /4 or /4.1")
    return _checked(Selector(steps, int(found[1]), int(found[2]) if found[2] else None))


def check(text: str, rules: Rules, *, singular: bool = False) -> bool:
    """Check a selector, as `Format.check` does; all are quick."""
    selector = parse(text, rules)
    if singular:
        if selector.element is None:
            raise SelectsSeveral("this selector finds whole segments; here it must find one element")
    elif selector.element in rules.fixed.get(selector.tag, ()):
        raise ValueError(f"{selector.tag}/{selector.element} holds the interchange together: it always stays as it is")
    return True


def _parted(text: str) -> tuple[str, str, str]:
    """Part the place from the path; a value in brackets may hold a slash."""
    end = text.rindex("]") + 1
    after, slash, place = text[end:].partition("/")
    return text[:end] + after, slash, place


def _step(text: str, rules: Rules) -> Step:
    found = _STEP.fullmatch(text)
    if found is None:
        raise ValueError(f"a segment is written by its tag, and conditions in brackets: {rules.example}")
    if not re.fullmatch(rules.tag, found[1]):
        raise ValueError(f'"{found[1][:20]}" is no tag of a segment: tags are capital letters and digits')
    tests = re.findall(r"\[[^\[\]]*\]", found[2])
    return Step(found[1], tuple(_test(test) for test in tests))


def _test(text: str) -> Test:
    found = _TEST.fullmatch(text)
    values = frozenset(value.strip() for value in found[3].split("|")) if found else frozenset()
    if found is None or "" in values:
        raise ValueError("a condition is an element and its value: [1=BY], [1.2=TE] or [1=BY|SU]")
    return Test(int(found[1]), int(found[2] or 1), values)


def _checked(selector: Selector) -> Selector:
    """Refuse a selector that covers nothing, since it asks for the very value that it names."""
    for test in selector.steps[-1].tests:
        if (selector.element, selector.component or 1) == (test.element, test.component):
            raise ValueError("this selector names the very value that it asks for, which stays as it is")
    return selector
