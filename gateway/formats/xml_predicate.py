"""Conditions in selectors of XML: the expressions of XPath 1.0 that stand in brackets, as far as they are safe.

A condition looks at what lies below an element, by name and level. Its cost is bounded by the size of that: there is no
`//`, no way up or sideways, and two paths can't be compared with each other, each value against each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from gateway.formats.xml_token import Cursor

Kind = Literal["nodes", "truth", "number", "text"]
_DEEPEST = 8
_INNERMOST = 2
_AND, _OR = ("and",), ("or",)
_EQUAL, _ORDER, _SUM = ("=", "!="), ("<=", ">=", "<", ">"), ("+", "-")

_FUNCTIONS: dict[str, tuple[int, int, Kind]] = {
    "position": (0, 0, "number"),
    "last": (0, 0, "number"),
    "count": (1, 1, "number"),
    "sum": (1, 1, "number"),
    "not": (1, 1, "truth"),
    "true": (0, 0, "truth"),
    "false": (0, 0, "truth"),
    "boolean": (1, 1, "truth"),
    "string": (0, 1, "text"),
    "number": (0, 1, "number"),
    "starts-with": (2, 2, "truth"),
    "contains": (2, 2, "truth"),
    "substring": (2, 3, "text"),
    "substring-before": (2, 2, "text"),
    "substring-after": (2, 2, "text"),
    "string-length": (0, 1, "number"),
    "normalize-space": (0, 1, "text"),
    "translate": (3, 3, "text"),
    "local-name": (0, 1, "text"),
    "namespace-uri": (0, 1, "text"),
}
_OF_NODES = frozenset({"count", "sum", "local-name", "namespace-uri"})

Part = str | tuple[str, str]
"""A piece of a condition as it is written, or a name in it: prefix and local part ("*" for any)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition. `position`: it is a number, and means that place among its like."""

    parts: tuple[Part, ...]
    position: bool
    prefixes: frozenset[str] = field(default_factory=frozenset)

    def xpath(self, name: Callable[[str, str], str]) -> str:
        """Write it as XPath, each name as `name` says."""
        return "".join(part if isinstance(part, str) else name(*part) for part in self.parts)


def condition(cursor: Cursor, inside: int = 0) -> Condition:
    """Read what stands in brackets. ValueError for what is not taken."""
    reader = _Reader(cursor, inside)
    kind = reader.choice(0)
    prefixes = frozenset(part[0] for part in reader.parts if isinstance(part, tuple) and part[0])
    return Condition(tuple(reader.parts), kind == "number", prefixes)


class _Reader:
    """Reads one expression, from the weakest operator to the strongest."""

    def __init__(self, cursor: Cursor, inside: int) -> None:
        self.cursor = cursor
        self.inside = inside
        self.parts: list[Part] = []

    def choice(self, depth: int) -> Kind:
        if depth > _DEEPEST:
            raise self.cursor.wrong("nested too deeply")
        return self._chain(_OR, lambda: self._chain(_AND, lambda: self._equality(depth), "truth"), "truth")

    def _chain(self, signs: tuple[str, ...], operand: Callable[[], Kind], made: Kind) -> Kind:
        kind = operand()
        while True:
            sign = self.cursor.skip(*signs)
            if not sign:
                return kind
            self.parts.append(f" {sign} ")
            other = operand()
            if made == "truth" and signs not in {_AND, _OR} and kind == other == "nodes":
                raise self.cursor.wrong("two paths can't be compared with each other; compare with a value")
            kind = made

    def _equality(self, depth: int) -> Kind:
        def ordered() -> Kind:
            return self._chain(_ORDER, lambda: self._chain(_SUM, lambda: self._operand(depth), "number"), "truth")

        return self._chain(_EQUAL, ordered, "truth")

    def _operand(self, depth: int) -> Kind:
        if depth > _DEEPEST:
            raise self.cursor.wrong("nested too deeply")
        token = self.cursor.here
        if token.kind == "text":
            self.parts.append(self.cursor.take().text)
            return "text"
        if token.kind == "number":
            self.parts.append(self.cursor.take().text)
            return "number"
        if self.cursor.skip("-"):
            self.parts.append("-")
            self._operand(depth + 1)
            return "number"
        if self.cursor.skip("("):
            self.parts.append("(")
            kind = self.choice(depth + 1)
            self._close(")")
            return kind
        if token.kind == "name" and self.cursor.peek().text == "(" and token.text != "text":
            return self._function(depth)
        return self._path()

    def _function(self, depth: int) -> Kind:
        name = self.cursor.take().text
        if name not in _FUNCTIONS:
            raise self.cursor.wrong(f"the function {name}() is not taken in selectors")
        fewest, most, made = _FUNCTIONS[name]
        self.cursor.expect("(")
        self.parts.append(f"{name}(")
        count = 0
        while self.cursor.here.text != ")" and self.cursor.here.kind != "end":
            if count:
                self._close(",")
            kind = self.choice(depth + 1)
            count += 1
            if name in _OF_NODES and kind != "nodes":
                raise self.cursor.wrong(f"{name}() takes a path")
        if not fewest <= count <= most:
            raise self.cursor.wrong(f"{name}() takes {fewest if fewest == most else f'{fewest} to {most}'} values")
        self._close(")")
        return made

    def _path(self) -> Kind:
        if self.cursor.skip("."):
            self.parts.append(".")
            if not self.cursor.skip("/"):
                return "nodes"
            self.parts.append("/")
        while True:
            if self.cursor.here.text == "text" and self.cursor.peek().text == "(":
                self.cursor.take()
                self.cursor.expect("(")
                self._close(")", "text()")
                return "nodes"
            attribute = bool(self.cursor.skip("@"))
            self.parts.append("@" if attribute else "")
            self._name()
            while not attribute and self.cursor.here.text == "[":
                self._inner()
            if attribute or not self.cursor.skip("/"):
                return "nodes"
            self.parts.append("/")

    def _name(self) -> None:
        if self.cursor.skip("*"):
            self.parts.append("*")
            return
        if self.cursor.here.kind != "name" or self.cursor.peek().text == "::":
            raise self.cursor.wrong("conditions look down, by names; a name or a value is missing")
        prefix, _, local = self.cursor.take().text.rpartition(":")
        self.parts.append((prefix, local))

    def _inner(self) -> None:
        if self.inside >= _INNERMOST:
            raise self.cursor.wrong("conditions in conditions, nested too deeply")
        self.cursor.expect("[")
        inner = condition(self.cursor, self.inside + 1)
        self.parts += ["[", *inner.parts]
        self._close("]")

    def _close(self, sign: str, written: str = "") -> None:
        self.cursor.expect(sign)
        self.parts.append(written or sign)
