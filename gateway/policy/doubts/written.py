"""Where the parts of a rule stand in its file: looked up only for what is told, so that rules needn't carry places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import Place, Problem, Second
from gateway.faults import Fault
from gateway.policy.model import ConsentKind, Rule
from gateway.yamlsource import Leaf, Listing, Node, Table
from gateway.yamlsource.node import shown

Way = str | int


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """The files' roots, by the files' names."""

    roots: Mapping[str, Node]

    def rule(self, rule: Rule, *way: Way) -> Place:
        """Give the place of a value in a rule, such as `to`; of what stands nearest around it where it isn't there."""
        return self._nearest(rule.place, _way(rule), way)

    def condition(self, rule: Rule, key: str) -> Place:
        """Give the place of one condition of a rule: beside the rule, or else in the scope."""
        own = self.rule(rule, key)
        return self.scope(rule, key) if own == rule.place else own

    def scope(self, rule: Rule, *way: Way) -> Place:
        """Give the place of one condition of the scope that a rule is written in."""
        return self._nearest(rule.place, ("scope",), way)

    def has(self, rule: Rule, key: str) -> bool:
        """Tell whether the scope that a rule is written in has a key."""
        return self._find(rule.place.file, ("scope", key)) is not None

    def top(self, place: Place, *way: Way) -> Place:
        """Give the place of a value, by its way from the top of the file that a place is in."""
        return self._nearest(place, (), way)

    def item(self, rule: Rule, key: str, text: str) -> Place:
        """Give the place of one text in a list of a rule, such as one of its classes."""
        node = self._find(rule.place.file, (*_way(rule), key))
        return _leaf(node, text) or self.rule(rule, key)

    def consent(self, kind: ConsentKind, key: str, text: str) -> Place:
        """Give the place of one text in a list of a consent."""
        node = self._find(kind.place.file, ("consents", kind.name, key))
        return _leaf(node, text) or kind.place

    def _nearest(self, otherwise: Place, base: tuple[Way, ...], way: tuple[Way, ...]) -> Place:
        for size in range(len(way), 0, -1):
            node = self._find(otherwise.file, (*base, *way[:size]))
            if node is not None:
                return node.place
        return otherwise

    def _find(self, file: str, way: tuple[Way, ...]) -> Node | None:
        """Follow keys and indexes from the top of a file; a single value is a list of one."""
        node = self.roots.get(file)
        for step in way:
            if isinstance(step, int):
                if isinstance(node, Listing):
                    node = node.items[step] if step < len(node.items) else None
            else:
                entries = node.entries if isinstance(node, Table) else ()
                node = next((value for key, value in entries if key.text == step), None)
        return node


def tell(code: Fault, place: Place, message: str, hint: str = "", also: Second | None = None) -> Problem:
    """Give a doubt; `also` is a second place that has to do with it."""
    return Problem(place, shown(message), shown(hint), code=code, also=also)


def _way(rule: Rule) -> tuple[Way, ...]:
    """Give the way to a rule, which its id tells: `sales/protect[2]`."""
    kind, _, index = rule.id.rpartition("/")[2].rstrip("]").partition("[")
    return kind, int(index)


def _leaf(node: Node | None, text: str) -> Place | None:
    """Give the place of a text in a list, or of the one text that stands there."""
    items = node.items if isinstance(node, Listing) else (node,)
    return next((item.place for item in items if isinstance(item, Leaf) and item.text == text), None)
