"""Two bodies held against each other, value by value: along their ways or, where they have none, by what they were."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.dryrun.called import Called

Path = tuple[str | int, ...]
"""The way to one value: names of members and indexes of elements, from the top of the body."""

Way = tuple[str, ...]

APART = object()
"""Stands beside what can't be held against anything: two readings of one body in two formats."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One value: its pointer, in parts; what tells its text from others; its `number`, or what it holds."""

    way: Way
    mark: int
    number: Any


@dataclass(frozen=True, slots=True, eq=False)
class Loose:
    """The values of one message, in the order of its writer."""

    items: tuple[Item, ...]


def together(one: Any, other: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Walk through two bodies of the same shape side by side; where one ends earlier, its end meets all below.

    Values that have no ways of their own are held against each other by what they were (`beside`).
    """
    waiting: list[tuple[Path, Any, Any]] = [((), one, other)]
    while waiting:
        path, a, b = waiting.pop()
        guide = a if isinstance(a, dict | list | Loose) else b
        if isinstance(guide, Loose) or isinstance(b, Loose):
            below = [((*path, *way), x, y) for way, x, y in beside(a, b)]
        elif _unlike(a, b):
            below = [(path, a, APART), (path, APART, b)]
        elif isinstance(guide, dict):
            names = dict.fromkeys([*guide, *(b if isinstance(b, dict) else ())])
            below = [((*path, name), _below(a, name), _below(b, name)) for name in names]
        elif isinstance(guide, list):
            below = [((*path, index), _below(a, index), _below(b, index)) for index in range(len(guide))]
        else:
            yield path, a, b
            continue
        waiting.extend(reversed(below))


def _unlike(a: Any, b: Any) -> bool:
    """Tell whether two readings of one body are of two shapes: it was read in two formats."""
    if not isinstance(a, dict | list) or not isinstance(b, dict | list):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return _members(a) != _members(b)
    return type(a) is not type(b) or len(a) != len(b)


def _members(value: dict[str, Any]) -> set[str]:
    return {name for name in value if not isinstance(name, Called)}


def _below(value: Any, step: Any) -> Any:
    """Give what stands at a step; None for a name that one of the two keeps unread."""
    if isinstance(value, dict):
        return value.get(step) if isinstance(step, Called) else value[step]
    return value[step] if isinstance(value, list) else value


def beside(one: Any, other: Any) -> Iterator[tuple[Way, Any, Any]]:
    """Hold two messages against each other; at least one of them is `Loose`.

    Equal values at one pointer belong together, in their order; then equal values anywhere, since two catalogues may
    call one place by two names. What only one of them met is kept by the other: None stands for it there.
    """
    if isinstance(one, Loose) and isinstance(other, Loose):
        yield from _matched(one, other)
    elif isinstance(one, Loose):
        yield from ((item.way, item.number, APART if isinstance(other, dict | list) else other) for item in one.items)
        if isinstance(other, dict | list):
            yield (), APART, other
    else:
        yield from ((way, b, a) for way, a, b in beside(other, one))


def _matched(one: Loose, other: Loose) -> Iterator[tuple[Way, Any, Any]]:
    pairs: list[Item | None] = [None] * len(one.items)
    taken = [False] * len(other.items)
    for key in (lambda item: (item.way, item.mark), lambda item: item.mark):
        free: dict[object, deque[int]] = defaultdict(deque)
        for index, item in enumerate(other.items):
            if not taken[index]:
                free[key(item)].append(index)
        for number, item in enumerate(one.items):
            found = free.get(key(item)) if pairs[number] is None else None
            if found:
                index = found.popleft()
                pairs[number], taken[index] = other.items[index], True
    for item, match in zip(one.items, pairs, strict=True):
        yield (
            min(item.way, match.way if match else item.way, key=lambda way: (way.count("?"), -len(way))),
            item.number,
            match.number if match else None,
        )
    for index, item in enumerate(other.items):
        if not taken[index]:
            yield item.way, None, item.number
