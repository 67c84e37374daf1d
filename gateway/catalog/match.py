"""Which operation a request is: by method and path at once, then by headers, then by values of the body.

A path is looked up segment by segment in a tree, so that the cost doesn't grow with the number of operations. The most
precise one wins: literal segments before variables, patterns that name headers or values before plain ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.catalog.model import Catalogue, Operation
from gateway.catalog.template import Segment, parse
from gateway.errors import Unreadable
from gateway.flow import Headers
from gateway.formats.head import compared


@dataclass(frozen=True, slots=True)
class Match:
    """An operation that a request may be, with the values that the path's variables have in it."""

    operation: Operation
    variables: Mapping[str, str] = field(hash=False)


@dataclass(slots=True)
class _Node:
    """A step of the tree: the next segment is literal, or one with a variable (the narrowest first), or none."""

    literal: dict[str, _Node] = field(default_factory=dict)
    variable: list[tuple[Segment, _Node]] = field(default_factory=list)
    ends: list[tuple[Operation, tuple[str, ...]]] = field(default_factory=list)  # operation, names of its variables


class Matcher:
    """Every operation of every system, made ready once."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        """Build the trees, one for each system and method."""
        self._roots: dict[tuple[str, str], _Node] = {}
        for name, catalogue in catalogues.items():
            for operation in catalogue.operations.values():
                self._add(name, operation)
        for root in self._roots.values():
            _sort(root)

    def candidates(
        self, system: str, method: str, target_segments: Sequence[str], headers: Headers
    ) -> tuple[Match, ...]:
        """Give the operations that the request may be, the most precise first; () if the catalogue knows none.

        HEAD is answered by what GET is, unless the catalogue names HEAD (RFC 9110 section 9.3.2). Raises
        Unreadable("ambiguous-request") where a header that tells operations apart stands more than once.
        """
        found = self._find(system, method, target_segments, headers)
        if not found and method == "HEAD":
            found = self._find(system, "GET", target_segments, headers)
        return found

    def _find(self, system: str, method: str, segments: Sequence[str], headers: Headers) -> tuple[Match, ...]:
        root = self._roots.get((system, method))
        if root is None:
            return ()
        return tuple(
            Match(operation, dict(zip(names, values, strict=True)))
            for node, values in _walk(root, segments, 0, ())
            for operation, names in node.ends
            if not operation.request.headers or _headers_fit(operation.request.headers, headers)
        )

    def _add(self, system: str, operation: Operation) -> None:
        template = parse(operation.request.path)
        node = self._roots.setdefault((system, operation.request.method), _Node())
        for segment in template:
            node = _step(node, segment)
        node.ends.append((operation, tuple(s.variable for s in template if s.variable is not None)))


def choose(candidates: Sequence[Match], lookup: Callable[[Match, str], str | int | None]) -> Match | None:
    """Give the most precise candidate whose values the body has; `lookup` gives the value at its selector, or None.

    A text and a number are never the same value. None: the body has none of them.
    """
    for match in candidates:
        wanted = match.operation.request.body
        if all(_same(lookup(match, selector), value) for selector, value in wanted.items()):
            return match
    return None


def _step(node: _Node, segment: Segment) -> _Node:
    """Give the node after a segment; segments that differ only in their variable's name share one."""
    if segment.variable is None:
        return node.literal.setdefault(segment.prefix, _Node())
    for known, following in node.variable:
        if (known.prefix, known.suffix) == (segment.prefix, segment.suffix):
            return following
    node.variable.append((segment, _Node()))
    return node.variable[-1][1]


def _sort(node: _Node) -> None:
    """Put what is more precise before what is less, everywhere in the tree."""
    node.variable.sort(key=lambda pair: -len(pair[0].prefix + pair[0].suffix))
    node.ends.sort(key=lambda end: -len(end[0].request.headers) - len(end[0].request.body))
    for following in (*node.literal.values(), *(after for _, after in node.variable)):
        _sort(following)


def _walk(
    node: _Node, segments: Sequence[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    """Give every node where the segments end, with the variables' values, the most precise first."""
    if at == len(segments):
        yield node, values
        return
    text = segments[at]
    following = node.literal.get(text)
    if following is not None:
        yield from _walk(following, segments, at + 1, values)
    for segment, after in node.variable:
        value = segment.take(text)
        if value is not None:
            yield from _walk(after, segments, at + 1, (*values, value))


def _headers_fit(wanted: Mapping[str, str], headers: Headers) -> bool:
    """Tell whether the request has every header as wanted; quotes around a value (as SOAPAction's) don't count."""
    for name, value in wanted.items():
        lines = [text for key, text in headers if compared(key) == compared(name)]
        if len(lines) > 1:
            # One server takes the first line, another the last: the operation would be anyone's guess.
            raise Unreadable("ambiguous-request", "a header that names the operation stands more than once")
        if not lines or unquoted(lines[0]) != unquoted(value):
            return False
    return True


def unquoted(value: str) -> str:
    """Give a header's value without the quotes around it."""
    value = value.strip(" \t")
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def values(wanted: str | int | tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Give the values that a place may have."""
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _same(found: str | int | None, wanted: str | int | tuple[str | int, ...]) -> bool:
    return any(type(found) is type(one) and found == one for one in values(wanted))
