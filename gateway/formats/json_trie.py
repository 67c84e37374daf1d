"""The labels of a message as a tree: each step down a body is one look-up, and overlapping labels have been united.

Where several selectors reach a place, by name or by wildcard, its node holds all of them; a label covers all that lies
below it. The tree is built once per message, or per record where a selector had to find its places first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.formats.document import Spot
from gateway.formats.selector import ANY, Step

RECORD = -1
"""The index that marks, among labels, the way to a list's records."""

MOST_NODES = 200_000


@dataclass(slots=True, eq=False)
class Node:
    """One place that labels lead to or through.

    `cover` are the fields that cover it; () is a place on the way. `names` and `indexes` lead on by name and index;
    `member` and `element` are where all others lead, None where no label knows them. `pointer` is the JSON Pointer
    (RFC 6901) with `*` for indexes and wildcards. `called` are the fields that label the names of its members; `spelt`
    are the names that officers wrote, which are no data.
    """

    pointer: str
    cover: Spot = ()
    names: dict[str, Node] = field(default_factory=dict)
    member: Node | None = None
    indexes: dict[int, Node] = field(default_factory=dict)
    element: Node | None = None
    record: bool = False
    called: Spot = ()
    spelt: frozenset[str] = frozenset()

    @property
    def end(self) -> bool:
        """Tell whether no label leads further."""
        return not (self.names or self.indexes or self.member or self.element or self.called)


@dataclass(frozen=True, slots=True)
class Label:
    """The way to one field's places. `names` are those that reports may show; None: all on the way.

    `called`: the field labels not what stands at the end of the way, but the names of the members that stand there; the
    last step is a wildcard.
    """

    index: int
    steps: Sequence[Step]
    names: frozenset[str] | None = None
    called: bool = False


def build(labels: Iterable[Label], pointer: str = "") -> Node:
    """Build the tree of labels under a pointer; ValueError where they overlap so much that it would not fit."""
    return _Builder().node([(label, 0) for label in labels], frozenset(), pointer)


class _Builder:
    """Counts the nodes of one tree."""

    def __init__(self) -> None:
        self.count = 0

    def node(self, going: list[tuple[Label, int]], above: frozenset[int], pointer: str) -> Node:
        """Build the node that all of `going` (labels, and how many steps are behind) have reached."""
        self.count += 1
        if self.count > MOST_NODES:
            raise ValueError("the selectors overlap in too many ways; name members instead of wildcards")
        ended = {label.index for label, done in going if done == len(label.steps)}
        cover = above | (ended - {RECORD})
        node = Node(pointer, tuple(sorted(cover)), record=RECORD in ended)
        wild: list[tuple[Label, int]] = []
        named: dict[Step, list[tuple[Label, int]]] = {}
        node.called = tuple(
            sorted(label.index for label, done in going if label.called and done == len(label.steps) - 1)
        )
        for label, done in going:
            if done < len(label.steps) - label.called:
                step = label.steps[done]
                (wild if step is ANY else named.setdefault(step, [])).append((label, done + 1))
        node.spelt = frozenset(step for step, ways in named.items() if isinstance(step, str) and _is_spelt(step, ways))
        for step, onward in named.items():
            if isinstance(step, str):
                node.names[step] = self.node(onward + wild, cover, f"{pointer}/{_shown(step, onward)}")
            elif isinstance(step, int):
                node.indexes[step] = self.node(onward + wild, cover, f"{pointer}/*")
        if wild:
            node.member = node.element = self.node(wild, cover, f"{pointer}/*")
        elif cover and (node.names or node.indexes or node.called):
            node.member = node.element = Node(pointer, node.cover)
        return node


def _is_spelt(name: str, onward: list[tuple[Label, int]]) -> bool:
    """Tell whether an officer wrote a name, so that it is no data."""
    return any(label.names is None or name in label.names for label, _ in onward)


def _shown(name: str, onward: list[tuple[Label, int]]) -> str:
    """Escape a name for a pointer (RFC 6901 section 3); `?` where the name may be a value of someone's data."""
    if any(label.names is not None and name not in label.names for label, _ in onward):
        return "?"
    return name.replace("~", "~0").replace("/", "~1")
