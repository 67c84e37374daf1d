"""Selectors of XML: a safe part of XPath 1.0, whose cost is bounded by the size of the body.

Steps go down only: `Order/Customer/Email`, `//Email`, `*`, with predicates in brackets; the last may be `@id`, `@*` or
`text()`. A path without `/` before it begins at the record's element, one with `/` at a document of which the record's
element is the root. Left out: other axes, `|`, variables, `id()`, `lang()`, `name()` and `concat()` in predicates,
`//` in them, two paths compared with each other, `//` after the first step where there are predicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gateway.formats.xml_predicate import Condition, condition
from gateway.formats.xml_token import Cursor

Tail = Literal["element", "attribute", "text"]
_MOST_CONDITIONS = 8
_NAMED = ("name", "local-name", "namespace-uri")


@dataclass(frozen=True, slots=True)
class Test:
    """What a name must be: None is any. `prefix` is "" for no namespace."""

    prefix: str | None
    local: str | None

    @property
    def shown(self) -> str:
        """Give it as it is written."""
        if self.local is None:
            return f"{self.prefix}:*" if self.prefix else "*"
        return f"{self.prefix}:{self.local}" if self.prefix else self.local


@dataclass(frozen=True, slots=True)
class Step:
    """A step down to elements; `deep`: at any depth (`//`)."""

    deep: bool
    test: Test
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """A checked selector. `singular`: it is written to find one place. `plain`: it has no conditions.

    `named` asks for the name of what is found (`name`, `local-name` or `namespace-uri`); "" for places. `deep`: the
    attributes or texts at its end are those of all elements below as well.
    """

    text: str
    absolute: bool
    steps: tuple[Step, ...]
    tail: Tail
    attribute: Test | None
    deep: bool
    named: str = ""

    @property
    def plain(self) -> bool:
        """Tell whether names alone lead to its places."""
        return not any(step.conditions for step in self.steps)

    @property
    def quick(self) -> bool:
        """Tell whether it costs little: elements at any depth, with conditions, are looked at one by one."""
        return self.plain or not any(step.deep for step in self.steps)

    @property
    def singular(self) -> bool:
        """Tell whether it is written to find one place."""
        one = not self.deep and all(
            not step.deep and (step.test.local or any(each.position for each in step.conditions))
            for step in (self.steps[1:] if self.absolute else self.steps)
        )
        first = not self.steps or not self.absolute or not self.steps[0].deep
        return bool(self.named) or (one and first and (self.attribute is None or self.attribute.local is not None))

    @property
    def prefixes(self) -> frozenset[str]:
        """Give the prefixes in it."""
        found = {step.test.prefix for step in self.steps}
        found |= {prefix for step in self.steps for each in step.conditions for prefix in each.prefixes}
        if self.attribute is not None:
            found.add(self.attribute.prefix)
        return frozenset(prefix for prefix in found if prefix)


@lru_cache(maxsize=4096)
def parse(text: str) -> Selector:
    """Parse a selector; ValueError says what is wrong with it."""
    cursor = Cursor(text)
    named = ""
    if cursor.here.text in _NAMED and cursor.peek().text == "(":
        named = cursor.take().text
        cursor.expect("(")
    absolute, steps, tail, attribute, deep = _path(cursor)
    if named:
        cursor.expect(")")
        if tail == "text":
            raise ValueError("a text has no name")
    if cursor.here.kind != "end":
        raise cursor.wrong(f"{cursor.here.text!r} doesn't belong here")
    found = Selector(text, absolute, steps, tail, attribute, deep, named)
    if sum(len(step.conditions) for step in steps) > _MOST_CONDITIONS:
        raise ValueError("too many conditions")
    if not found.plain and (deep or any(step.deep for step in steps[1:])):
        raise ValueError("with conditions in it, // can stand only at its start")
    return found


def _path(cursor: Cursor) -> tuple[bool, tuple[Step, ...], Tail, Test | None, bool]:
    """Read a path: absolute or not, its steps, what it ends in, and whether that is at any depth."""
    lead = cursor.skip("/", "//")
    absolute, deep = bool(lead), lead == "//"
    if lead == "/" and cursor.here.kind == "end":
        raise ValueError("/ is the document; name its element: /*")
    steps: list[Step] = []
    while True:
        if cursor.here.text == "text" and cursor.peek().text == "(":
            cursor.take()
            cursor.expect("(")
            cursor.expect(")")
            return absolute, tuple(steps), "text", None, deep
        if cursor.skip("@") or _axis(cursor, "attribute"):
            return absolute, tuple(steps), "attribute", _test(cursor), deep
        if cursor.skip("."):
            if deep or (absolute and not steps):
                raise cursor.wrong("name what is meant instead of . here")
        else:
            _axis(cursor, "child")
            steps.append(Step(deep, _test(cursor), tuple(_conditions(cursor))))
        onward = cursor.skip("/", "//")
        deep = onward == "//"
        if not onward:
            return absolute, tuple(steps), "element", None, False


def _axis(cursor: Cursor, name: str) -> bool:
    if cursor.peek().text != "::":
        return False
    if cursor.here.text not in {"child", "attribute"}:
        raise cursor.wrong(f"the axis {cursor.here.text} is not taken: selectors go down only")
    if cursor.here.text != name:
        return False
    cursor.take()
    cursor.take()
    return True


def _test(cursor: Cursor) -> Test:
    if cursor.skip("*"):
        return Test(None, None)
    if cursor.here.kind != "name" or cursor.peek().text == "(":
        raise cursor.wrong("a name is missing; selectors go down, step by step")
    prefix, _, local = cursor.take().text.rpartition(":")
    return Test(prefix, None if local == "*" else local)


def _conditions(cursor: Cursor) -> list[Condition]:
    found = []
    while cursor.skip("["):
        found.append(condition(cursor))
        cursor.expect("]")
    return found
