"""Nodes to typed values: each method gives the value, or records a problem at the node's place and gives None."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from gateway.errors import FaultyFiles, Place, Problem, Second
from gateway.faults import Fault
from gateway.yamlsource.meaning import BOOLEANS_OF_YAML_1_1, Odd, described, meaning
from gateway.yamlsource.node import Leaf, Listing, Node, Table, shown
from gateway.yamlsource.parse import parse_into
from gateway.yamlsource.section import Section
from gateway.yamlsource.suggest import suggest

N = TypeVar("N", int, float)

_MAPPING = "write key: value, each on a line of its own or within { }"
_ABSENT = "write what belongs there, or leave the key out"
_ENOUGH = 200  # problems after which no more time goes into suggestions


class Reader:
    """Collects everything that is wrong (`problems`) or doubtful (`warnings`) while files are read.

    `roots` are the files as parsed, by name, for whoever needs a place later.
    """

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.roots: dict[str, Node] = {}

    def parse(self, name: str, data: bytes) -> Node | None:
        """Read a file's YAML; faults are recorded, and None means that there is nothing to go on with."""
        node = parse_into(self.problems, name, data)
        if node is not None:
            self.roots[name] = node
        return node

    @property
    def hurried(self) -> bool:
        """Tell whether so much is wrong that no more time goes into suggestions."""
        return len(self.problems) >= _ENOUGH

    def finish(self) -> None:
        """Raise FaultyFiles if anything was wrong."""
        if self.problems:
            raise FaultyFiles(self.problems, self.warnings)

    def fault(
        self,
        at: Node | Place,
        message: str,
        hint: str = "",
        *,
        code: Fault,
        also: Second | None = None,
    ) -> None:
        """Record something wrong; `also` is a second place that has to do with it, such as the first of two."""
        self.problems.append(_problem(at, message, hint, code, also))

    def warn(
        self,
        at: Node | Place,
        message: str,
        hint: str = "",
        *,
        code: Fault,
        also: Second | None = None,
    ) -> None:
        """Record something doubtful: it can be used, but somebody should look."""
        self.warnings.append(_problem(at, message, hint, code, also))

    def unknown(
        self, at: Node | Place, kind: str, word: str, known: Iterable[str], *, code: Fault = Fault.UNKNOWN_WORD
    ) -> None:
        """Record a word that names nothing, with what was probably meant."""
        hint = "" if self.hurried else suggest(word, set(known))
        self.fault(at, f'unknown {kind} "{word[:100]}"', hint, code=code)

    def text(self, node: Node) -> str | None:
        """Read text that is not empty. What YAML takes for a number, a boolean or nothing must stand in quotes."""
        if isinstance(node, Leaf):
            means = meaning(node)
            if isinstance(means, str) and not (node.plain and means in BOOLEANS_OF_YAML_1_1):
                if not means.strip():
                    self.fault(node, "expected text, found an empty one", _ABSENT, code=Fault.NO_VALUE)
                    return None
                return means
        quotable = isinstance(node, Leaf) and node.text
        self._expected("text", node, f'put it in quotes: "{quotable[:100]}"' if quotable else "write one text")
        return None

    def integer(self, node: Node, *, minimum: int | None = None, maximum: int | None = None) -> int | None:
        """Read a whole number within its bounds, both included."""
        value = meaning(node) if isinstance(node, Leaf) else None
        if isinstance(value, bool) or not isinstance(value, int):
            self._expected("a whole number", node, _bare(node) or "write digits alone, without quotes")
            return None
        return self._bounded(node, value, minimum, maximum)

    def number(self, node: Node, *, minimum: float | None = None, maximum: float | None = None) -> float | None:
        """Read a number, such as seconds, within its bounds, both included."""
        value = meaning(node) if isinstance(node, Leaf) else None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._expected("a number", node, _bare(node) or "write digits, with a point where it needs one")
            return None
        return self._bounded(node, float(value), minimum, maximum)

    def boolean(self, node: Node) -> bool | None:
        """Read true or false; the yes, no, on and off of YAML 1.1 are told, not taken."""
        value = meaning(node) if isinstance(node, Leaf) else None
        if not isinstance(value, bool):
            self._expected("true or false", node, _bare(node) or "write true or false")
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
        self._expected("text, a number, true or false", node, "write one value; text in quotes is always text")
        return None

    def choice(
        self, node: Node, among: Collection[str], kind: str = "value", *, code: Fault = Fault.UNKNOWN_WORD
    ) -> str | None:
        """Read one of a few known texts; `code` is for what is none of them."""
        value = self.text(node)
        if value is not None and value not in among:
            self.unknown(node, kind, value, among, code=code)
            return None
        return value

    def listing(self, node: Node) -> tuple[Node, ...]:
        """Read a list that has something in it, and nothing twice; a single value is a list of one."""
        if isinstance(node, Listing):
            if not node.items:
                self.fault(node, "the list is empty", _ABSENT, code=Fault.EMPTY_LIST)
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
        self._expected("a mapping (key: value)", node, _MAPPING)
        return ()

    def section(
        self,
        node: Node | None,
        keys: Collection[str],
        required: Iterable[str] = (),
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> Section:
        """Read a mapping whose keys are known; unknown and missing ones are recorded. Anything else has no members.

        `elsewhere` has the hints for keys that people write here and that belong to another place.
        """
        if not isinstance(node, Table):
            if node is not None:
                self._expected("a mapping (key: value)", node, _MAPPING)
            return Section(self, node, {})
        members: dict[str, Node] = {}
        for key, value in node.entries:
            if key.text in keys:
                members[key.text] = value
            else:
                self._unknown_key(key, keys, elsewhere)
        needed = tuple(required)
        for missing in (key_name for key_name in needed if node.whole and key_name not in members):
            hint = f"needed here: {', '.join(needed)}"
            self.fault(node, f'the key "{missing}" is missing', hint, code=Fault.MISSING_KEY)
        return Section(self, node, members)

    def _bounded(self, node: Node, value: N, minimum: float | None, maximum: float | None) -> N | None:
        if (minimum is None or value >= minimum) and (maximum is None or value <= maximum):
            return value
        low = "" if minimum is None else f"{minimum} or more"
        high = "" if maximum is None else f"{maximum} or less"
        allowed = f"{minimum}" if minimum == maximum else " and ".join(filter(None, (low, high)))
        self.fault(node, f"{value} is out of range", f"write {allowed}", code=Fault.OUT_OF_RANGE)
        return None

    def _tell_twice(self, leaves: Iterable[Leaf]) -> None:
        seen: dict[str, Leaf] = {}
        for leaf in leaves:
            first = seen.setdefault(leaf.text, leaf)
            if first is not leaf:
                message, also = f'"{leaf.text[:100]}" stands twice in this list', Second("first here", first.place)
                self.fault(leaf, message, "keep one of them", code=Fault.TWICE_IN_LIST, also=also)

    def _missing(self, leaf: Leaf, expected: str, hint: str = "") -> bool:
        """Tell whether a leaf has no value at all, and record it (once)."""
        if leaf.broken:
            return True
        if meaning(leaf) is None:
            hint = hint if leaf.text else _ABSENT
            self.fault(leaf, f"expected {expected}, found nothing", hint, code=Fault.NO_VALUE)
            return True
        return False

    def _expected(self, expected: str, node: Node, hint: str = "") -> None:
        """Record a value of another kind than expected, unless it was recorded before."""
        if not isinstance(node, Leaf):
            self.fault(node, f"expected {expected}, found {described(node)}", hint, code=Fault.WRONG_KIND)
        elif node.plain and node.text in BOOLEANS_OF_YAML_1_1:
            found = f'"{node.text}", which some YAML readers take for true or false'
            self.fault(node, f"expected {expected}, found {found}", hint, code=Fault.AMBIGUOUS_VALUE)
        elif not self._missing(node, expected, hint):
            self.fault(node, f"expected {expected}, found {described(node)}", hint, code=Fault.WRONG_KIND)

    def _unknown_key(self, key: Leaf, keys: Collection[str], elsewhere: Mapping[str, str]) -> None:
        if key.text in elsewhere:
            self.fault(key, f'unknown key "{key.text}"', elsewhere[key.text], code=Fault.UNKNOWN_KEY)
        else:
            self.unknown(key, "key", key.text, keys, code=Fault.UNKNOWN_KEY)


def _bare(node: Node) -> str:
    """Give the hint for a number or a boolean that stands in quotes; "" for anything else."""
    if isinstance(node, Leaf) and not node.plain and not isinstance(meaning(replace(node, plain=True)), str | None):
        return f"write it without quotes: {node.text[:100]}"
    return ""


def _problem(at: Node | Place, message: str, hint: str, code: Fault, also: Second | None) -> Problem:
    return Problem(at if isinstance(at, Place) else at.place, shown(message), shown(hint), code=code, also=also)
