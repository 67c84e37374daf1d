"""Operations that the same request could be equally well: neither the path nor what narrows it decides between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from gateway.catalog.match import unquoted, values
from gateway.catalog.model import Operation
from gateway.catalog.template import Template, fits, meet, parse, shared, written


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    operation: Operation
    template: Template
    narrowed: Mapping[tuple[str, str], frozenset[str | int]]  # (header or body, its name) to the values it may have

    def could_be(self, other: _Pattern) -> bool:
        """Tell whether some request fits both patterns."""
        if not meet(self.template, other.template):
            return False
        return all(other.narrowed.get(key, either) & either for key, either in self.narrowed.items())

    def within(self, other: _Pattern) -> bool:
        """Tell whether this pattern asks for more than the other does: more places, and no other values in those."""
        return len(other.narrowed) < len(self.narrowed) and _takes(other, self.narrowed)


def clashes(operations: Iterable[Operation]) -> Iterator[tuple[Operation, Operation, str]]:
    """Give each pair of one system's operations that clash, with a hint how to tell them apart."""
    alike: dict[tuple[str, int], list[_Pattern]] = defaultdict(list)
    for operation in operations:
        pattern = _pattern(operation)
        alike[operation.request.method, len(pattern.template)].append(pattern)
    for patterns in alike.values():
        for one, other in combinations(patterns, 2):
            hint = _clash(one, other, patterns) if one.could_be(other) else None
            if hint is not None:
                yield one.operation, other.operation, hint


def _clash(one: _Pattern, other: _Pattern, patterns: Iterable[_Pattern]) -> str | None:
    """Give the hint for two patterns that a request may fit at once; None if one of them is the more precise."""
    wider, narrower = fits(one.template, other.template), fits(other.template, one.template)
    if wider and narrower:
        apart = one.within(other) or other.within(one)
        return None if apart else "narrow them by a header or a value of the body"
    if wider or narrower:
        return None
    between = shared(one.template, other.template)
    if between is None:
        return "let one of the paths be a special case of the other"
    both = {key: one.narrowed.get(key, either) & either for key, either in {**one.narrowed, **other.narrowed}.items()}
    if any(fits(p.template, between) and fits(between, p.template) and _takes(p, both) for p in patterns):
        return None
    return f"name the path that fits both, {written(between)}, as an operation of its own"


def _pattern(operation: Operation) -> _Pattern:
    narrowed: dict[tuple[str, str], frozenset[str | int]] = {}
    for name, text in operation.request.headers.items():
        narrowed["header", name.lower()] = frozenset({unquoted(text)})
    for selector, value in operation.request.body.items():
        narrowed["body", selector] = frozenset(values(value))
    return _Pattern(operation, parse(operation.request.path), narrowed)


def _takes(pattern: _Pattern, narrowed: Mapping[tuple[str, str], frozenset[str | int]]) -> bool:
    """Tell whether a pattern takes whatever is narrowed like this."""
    return all(key in narrowed and narrowed[key] <= either for key, either in pattern.narrowed.items())
