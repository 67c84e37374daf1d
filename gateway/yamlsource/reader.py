"""Nodes to typed values: each method gives the value, or records a problem at the node's place and gives None."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import TypeVar

from gateway.errors import FaultyFiles, Place, Problem
from gateway.yamlsource.meaning import BOOLEANS_OF_YAML_1_1, Odd, described, meaning
from gateway.yamlsource.node import Leaf, Listing, Node, Table, shown
from gateway.yamlsource.parse import parse_into
from gateway.yamlsource.section import Section
from gateway.yamlsource.suggest import suggest

N = TypeVar("N", int, float)

_ENOUGH = 200  # problems after which no more time goes into suggestions


class Reader:
    """Collects everything that is wrong (`problems`) or doubtful (`warnings`) while files are read."""

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def parse(self, name: str, data: bytes) -> Node | None:
        """Read a file's YAML; faults are recorded, and None means that there is nothing to go on with."""
        return parse_into(self.problems, name, data)

    def finish(self) -> None:
        """Raise FaultyFiles if anything was wrong."""
        if self.problems:
            raise FaultyFiles(self.problems)

    def fault(self, at: Node | Place, message: str, hint: str = "") -> None:
        """Record something wrong."""
        self.problems.append(Problem(at if isinstance(at, Place) else at.place, shown(message), shown(hint)))

    def warn(self, at: Node | Place, message: str, hint: str = "") -> None:
        """Record something doubtful: it can be used, but somebody should look."""
        self.warnings.append(Problem(at if isinstance(at, Place) else at.place, shown(message), shown(hint)))

    def unknown(self, at: Node | Place, kind: str, word: str, known: Iterable[str]) -> None:
        """Record a word that names nothing, with what was probably meant."""
        hint = suggest(word, set(known)) if len(self.problems) < _ENOUGH else ""
        self.fault(at, f'unknown {kind} "{word[:100]}"', hint)

    def text(self, node: Node) -> str | None:
        """Read text that is not empty. What YAML takes for a number, a boolean or nothing must stand in quotes."""
        if isinstance(node, Leaf):
            means = meaning(node)
            if isinstance(means, str) and not (node.plain and means in BOOLEANS_OF_YAML_1_1):
                if not means.strip():
                    self.fault(node, "expected text, found an empty one")
                    return None
                return means
            if node.text:
                self.fault(node, f"expected text, found {self._told(node)}", f'put it in quotes: "{node.text[:100]}"')
                return None
        self._expected("text", node)
        return None

    def integer(self, node: Node, *, minimum: int | None = None, maximum: int | None = None) -> int | None:
        """Read a whole number within its bounds, both included."""
        value = meaning(node) if isinstance(node, Leaf) else None
        if isinstance(value, bool) or not isinstance(value, int):
            self._expected("a whole number", node)
            return None
        return self._bounded(node, value, minimum, maximum)

    def number(self, node: Node, *, minimum: float | None = None, maximum: float | None = None) -> float | None:
        """Read a number, such as seconds, within its bounds, both included."""
        value = meaning(node) if isinstance(node, Leaf) else None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._expected("a number", node)
            return None
        return self._bounded(node, float(value), minimum, maximum)

    def boolean(self, node: Node) -> bool | None:
        """Read true or false; the yes, no, on and off of YAML 1.1 are told, not taken."""
        value = meaning(node) if isinstance(node, Leaf) else None
        if not isinstance(value, bool):
            self._expected("true or false", node, "write true or false")
            return None
        return value

    def scalar(self, node: Node) -> str | int | Decimal | bool | None:
        """Read text, a number, true or false, as it is written."""
        if isinstance(node, Leaf):
            value = meaning(node)
            if value == "" or (node.plain and node.text in BOOLEANS_OF_YAML_1_1):
                return self.text(node)
            if value is not None and not isinstance(value, Odd):
                return value
        self._expected("text, a number, true or false", node)
        return None

    def choice(self, node: Node, among: Collection[str], kind: str = "value") -> str | None:
        """Read one of a few known texts."""
        value = self.text(node)
        if value is not None and value not in among:
            self.unknown(node, kind, value, among)
            return None
        return value

    def listing(self, node: Node) -> tuple[Node, ...]:
        """Read a list that has something in it, and nothing twice; a single value is a list of one."""
        if isinstance(node, Listing):
            if not node.items:
                self.fault(node, "the list is empty", "write what belongs there, or leave the key out")
            leaves = [item for item in node.items if isinstance(item, Leaf) and not item.broken]
            if len({leaf.text for leaf in leaves}) < len(leaves):
                self._tell_twice(leaves)
            return node.items
        return () if isinstance(node, Leaf) and self._missing(node, "a list") else (node,)

    def texts(self, node: Node) -> tuple[str, ...]:
        """Read a list of texts."""
        return tuple(text for text in map(self.text, self.listing(node)) if text is not None)

    def table(self, node: Node) -> tuple[tuple[Leaf, Node], ...]:
        """Read a mapping whose keys are free."""
        if isinstance(node, Table):
            return node.entries
        self._expected("a mapping (key: value)", node)
        return ()

    def section(self, node: Node | None, keys: Collection[str], required: Iterable[str] = ()) -> Section:
        """Read a mapping whose keys are known; unknown and missing ones are recorded. Anything else has no members."""
        if not isinstance(node, Table):
            if node is not None:
                self._expected("a mapping (key: value)", node)
            return Section(self, node, {})
        members: dict[str, Node] = {}
        for key, value in node.entries:
            if key.text in keys:
                members[key.text] = value
            else:
                self.unknown(key, "key", key.text, keys)
        for key_name in required:
            if key_name not in members:
                self.fault(node, f'the key "{key_name}" is missing')
        return Section(self, node, members)

    def _bounded(self, node: Node, value: N, minimum: float | None, maximum: float | None) -> N | None:
        if (minimum is None or value >= minimum) and (maximum is None or value <= maximum):
            return value
        low = "" if minimum is None else f"{minimum} or more"
        high = "" if maximum is None else f"{maximum} or less"
        allowed = f"{minimum}" if minimum == maximum else " and ".join(filter(None, (low, high)))
        self.fault(node, f"{value} is out of range", f"write {allowed}")
        return None

    def _tell_twice(self, leaves: Iterable[Leaf]) -> None:
        seen: set[str] = set()
        for leaf in leaves:
            if leaf.text in seen:
                self.fault(leaf, f'"{leaf.text[:100]}" stands twice in this list', "keep one of them")
            seen.add(leaf.text)

    def _missing(self, leaf: Leaf, expected: str) -> bool:
        """Tell whether a leaf has no value at all, and record it (once)."""
        if leaf.broken:
            return True
        if meaning(leaf) is None:
            self.fault(leaf, f"expected {expected}, found nothing")
            return True
        return False

    def _expected(self, expected: str, node: Node, hint: str = "") -> None:
        if not (isinstance(node, Leaf) and node.broken):
            self.fault(node, f"expected {expected}, found {self._told(node)}", hint)

    def _told(self, node: Node) -> str:
        if isinstance(node, Leaf) and node.plain and node.text in BOOLEANS_OF_YAML_1_1:
            return f'"{node.text}", which some YAML readers take for true or false'
        return described(node)
