"""Selectors: JSONPath (RFC 9535), parsed by a library; plain ones are compiled by us, others find their places first.

A plain selector is made of child names, indexes from 0 and wildcards alone. It is *hot*: followed without parsing a
body. Any other (descendants, filters, slices, unions, indexes from the end) needs a fully parsed value: `locate` gives
the places that it selects there, and each place is a plain selector again. The functions `match()` and `search()` are
refused: their regular expressions meet other people's data, and the library's engine can be made to run for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathQuery, lex
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector, WildcardSelector

from gateway.errors import Unreadable


class Any_(Enum):  # noqa: N801 - `Any` alone is typing's
    """The wildcard step: every member or every element."""

    ANY = "*"


ANY = Any_.ANY
Step = str | int | Any_
"""One step down: a member's name, an element's index, or any of either."""

_MOST_PLACES = 100_000

# RFC 9535 section 2.5.1.1, name-first and name-char. The library's own pattern (1.0.1) ends the second range at U+10FF,
# which leaves no name of two Chinese characters.
lex.RE_PROPERTY = re.compile(r"[\u0080-\uD7FF\uE000-\U0010FFFFa-zA-Z_][\u0080-\uD7FF\uE000-\U0010FFFFa-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Selector:
    """A checked selector. `singular`: selects one place at most (RFC 9535 section 2.3.5.1). `hot`: see above.

    `steps` are the way down of a hot or singular selector, () for others; `names` are the member names that the officer
    wrote, which reports may show.
    """

    text: str
    singular: bool
    hot: bool
    steps: tuple[Step, ...]
    names: frozenset[str]
    query: JSONPathQuery = field(repr=False, compare=False)

    def locate(self, value: Any) -> list[tuple[str | int, ...]]:
        """Give the places of a parsed value (dict, list, str, int, float, bool, None) that are selected, each once.

        Raises `Unreadable` where the value is nested too deeply or selects more places than any record holds.
        """
        found: dict[tuple[str | int, ...], None] = {}
        try:
            for count, node in enumerate(self.query.finditer(value)):
                if count >= _MOST_PLACES:
                    raise Unreadable("body-too-large", "a selector finds too many places in the body")
                found[node.location] = None
        except (JSONPathError, RecursionError):
            raise Unreadable("body-too-deep", "a selector can't be followed through the body") from None
        return list(found)


class _Environment(JSONPathEnvironment):
    """RFC 9535 without its regular expressions."""

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        del self.function_extensions["match"], self.function_extensions["search"]


_ENVIRONMENT = _Environment()


@lru_cache(maxsize=4096)
def parse(text: str) -> Selector:
    """Parse a selector; ValueError says what is wrong with it, and where."""
    try:
        query = _ENVIRONMENT.compile(text)
    except JSONPathError as error:
        if "'match' is not defined" in str(error) or "'search' is not defined" in str(error):
            raise ValueError(f"regular expressions aren't allowed in selectors: {error}") from None
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    steps = _steps(query)
    singular = bool(query.singular_query())
    return Selector(
        text=text,
        singular=singular,
        hot=steps is not None and not any(isinstance(step, int) and step < 0 for step in steps),
        steps=steps or (),
        names=frozenset(_names(query)),
        query=query,
    )


def _steps(query: JSONPathQuery) -> tuple[Step, ...] | None:
    """Give the way down of a query that is nothing but names, indexes and wildcards; None for any other."""
    steps: list[Step] = []
    for segment in query.segments:
        if isinstance(segment, JSONPathRecursiveDescentSegment) or len(segment.selectors) != 1:
            return None
        step = _step(segment.selectors[0])
        if step is None:
            return None
        steps.append(step)
    return tuple(steps)


def _step(selector: Any) -> Step | None:
    if isinstance(selector, NameSelector):
        return selector.name
    if isinstance(selector, IndexSelector):
        return selector.index
    return ANY if isinstance(selector, WildcardSelector) else None


def _names(query: JSONPathQuery) -> Iterable[str]:
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, NameSelector):
                yield selector.name
