"""The paths of one system, segment by segment: what varies becomes a variable, by its shape or by its numbers.

Memory is bounded: a node with too many children takes them for one, and a tree with too many nodes grows no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from zlib import crc32

from gateway.discover.group import Group
from gateway.discover.narrow import MOST as MOST_TOLD
from gateway.discover.outline import Told
from gateway.discover.segments import ANYTHING, Hole, Step, likely_literal, step, surely_literal, takes_values

MOST_NODES = 20_000
_MOST_CHILDREN = 300
_MANY = 12
"""Unknown words under one parent beyond which they are values."""


@dataclass(slots=True)
class Node:
    """One position: `groups` are what ends here, by method and by what tells them apart."""

    children: dict[Step, Node] = field(default_factory=dict)
    groups: dict[tuple[str, Told], Group] = field(default_factory=dict)
    before: set[int] = field(default_factory=set)  # checksums of what stood before it: two are enough

    def absorb(self, other: Node) -> None:
        """Take up another position."""
        for at, child in other.children.items():
            mine = self.children.setdefault(at, child)
            if mine is not child:
                mine.absorb(child)
        for key, group in other.groups.items():
            known = self.groups.setdefault(key, group)
            if known is not group:
                known.absorb(group)
        self.before |= set(sorted(other.before)[:2])


class Tree:
    """The paths of one system; `literals` are segments that documents name, so that they are no values."""

    def __init__(self, literals: frozenset[str] = frozenset()) -> None:
        """Start with no path."""
        self._literals = literals
        self.root = Node()
        self.nodes = 0

    def find(self, method: str, segments: tuple[str, ...], told: Told) -> Group | None:
        """Give the group of a request, by its decoded segments; None where the tree may grow no more."""
        node, before, trail = self.root, "", 0
        for text in segments:
            at = text if text in self._literals else step(text, before)
            following = node.children.get(at)
            if following is None:
                if self.nodes >= MOST_NODES:
                    return None
                if len(node.children) >= _MOST_CHILDREN:
                    _collapse(node, self._literals)
                    at = at if isinstance(at, Hole) or at in self._literals or surely_literal(at) else ANYTHING
                if at not in node.children:
                    self.nodes += 1
                following = node.children.setdefault(at, Node())
            if len(following.before) < 2:  # noqa: PLR2004 - see Node
                following.before.add(trail)
            node, before = following, at if isinstance(at, str) else ""
            trail = crc32(text.encode("utf-8", "surrogatepass"), trail)
        return node.groups.setdefault((method, told), Group())

    def settle(self, echoes: set[int]) -> None:
        """Decide of every word that is left whether it is a value; `echoes` are checksums of texts in answers."""
        _settle(self.root, "", self._literals, after_hole=False, echoes=echoes)

    def ends(self) -> Iterator[tuple[tuple[Step, ...], dict[tuple[str, Told], Group]]]:
        """Give the templates with what ends there, in a fixed order."""
        yield from _ends(self.root, ())


def _settle(node: Node, before: str, literals: frozenset[str], *, after_hole: bool, echoes: set[int]) -> None:
    unknown = _unknown(node, literals)
    values = {at for at in unknown if _is_value(node, at, before, after_hole=after_hole, echoes=echoes)}
    if len(unknown) - len(values) > _MANY:
        values |= {at for at in unknown if not likely_literal(at)}
    for word in sorted(values):
        _move(node, word)
    for at, child in node.children.items():
        _settle(child, at if isinstance(at, str) else "", literals, after_hole=isinstance(at, Hole), echoes=echoes)
    for method in {method for method, _ in node.groups}:
        _unite_told(node, method)


def _is_value(node: Node, at: str, before: str, *, after_hole: bool, echoes: set[int]) -> bool:
    """Tell whether an unknown word is a value: by where it stands, and by what stands beside it."""
    if after_hole:
        # /orders/7/zfreigabe: the same word after two ids is a word of the interface.
        return len(node.children[at].before) < 2 and not likely_literal(at)  # noqa: PLR2004 - see Node
    if takes_values(before) or any(isinstance(other, Hole) and other == ANYTHING for other in node.children):
        return True
    return crc32(at.encode()) in echoes and not likely_literal(at)


def _move(node: Node, at: str) -> None:
    """Take a word for a value."""
    child = node.children.pop(at)
    mine = node.children.setdefault(ANYTHING, child)
    if mine is not child:
        mine.absorb(child)


def _collapse(node: Node, literals: frozenset[str]) -> None:
    for at in _unknown(node, literals):
        _move(node, at)


def _unknown(node: Node, literals: frozenset[str]) -> list[str]:
    """Give the words below a node that could be values."""
    return [at for at in node.children if isinstance(at, str) and at not in literals and not surely_literal(at)]


def _unite_told(node: Node, method: str) -> None:
    """Unite what is told apart where that makes too many operations."""
    keys = [key for key in node.groups if key[0] == method and key[1]]
    if len(keys) <= MOST_TOLD:
        return
    whole = node.groups.setdefault((method, ()), Group())
    for key in keys:
        whole.absorb(node.groups.pop(key))


def _ends(node: Node, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], dict[tuple[str, Told], Group]]]:
    if node.groups:
        yield steps, node.groups
    for at in sorted(node.children, key=lambda at: (isinstance(at, Hole), str(at))):
        yield from _ends(node.children[at], (*steps, at))
