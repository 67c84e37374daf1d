"""Tracing a leak: its pages are read in worker processes, and what is read is looked up in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gateway.audit.issued import Issue
from gateway.ports import Offload
from gateway.watermark.leak.reading import Leak, Reading, compare, examine, read

_USUAL, _THOROUGH = 1, 2  # efforts of `seek`
_WRITTEN_AT_ONCE, _HIDDEN_AT_ONCE = 40, 4  # pages a call
_LOOKED_AT = 60  # pages of a file whose hidden marks are looked for, unless the search is thorough
_CONFIRMED = 2  # pages whose hidden mark is looked for although they say in letters where they come from
_COMPARED = 3  # pages that known codes are compared with, where none can be read
_CHANCE = 0.1  # beyond it, agreeing says nothing
_CANDIDATES = 20_000  # codes that are compared, the newest first

Lookup = Callable[[frozenset[str] | None], Iterable[Issue]]
"""Gives the issues of codes in the log, or of all that are in the time that is asked for."""

Watch = Callable[[str, int, int], None]
"""Is told what is being done, how many pages of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A page of the leak (None where a code was typed), and the issue of the mark that it carries."""

    reading: Reading | None
    issue: Issue


@dataclass(frozen=True, slots=True)
class Export:
    """An entry of the log whose marks the leak carries."""

    index: int
    path: str
    payload: dict[str, Any]
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Likely:
    """An issue whose hidden mark agrees with a page of the leak better than others.

    `score` and `chance` are those of `hidden_like.Compared`: the chance that the best of as many wrong codes does so.
    """

    page: int
    score: float
    chance: float
    issue: Issue


@dataclass(frozen=True, slots=True)
class Traced:
    """What came out. `unknown` are readings whose codes this log doesn't have.

    `looked` counts the pages whose hidden marks were looked for; `likely` are ranked, best first, out of `compared`.
    """

    leak: Leak | None
    exports: tuple[Export, ...]
    unknown: tuple[Reading, ...] = ()
    looked: int = 0
    likely: tuple[Likely, ...] = ()
    compared: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for in a file: `pages` (first and last, None for all), hidden marks by `key`."""

    body: bytes
    key: bytes = field(repr=False)
    pages: tuple[int, int] | None = None
    thorough: bool = False
    top: int = 5


def from_code(issues: Iterable[Issue]) -> Traced:
    """Give what a typed code came from."""
    return Traced(None, _exports([Hit(None, issue) for issue in issues]))


async def trace(search: Search, offload: Offload, lookup: Lookup, watch: Watch) -> Traced:
    """Read the marks of a file and find their exports.

    1. What stands there in letters, on every page. 2. Hidden marks, on the first pages, and on those where that says
    nothing that the log knows. 3. Where no page says anything, the known codes are compared with the first pages.
    Raises `Unreadable`.
    """
    leak: Leak = await offload(examine, search.body)
    first, last = search.pages or (1, leak.pages)
    pages = tuple(range(first, min(last, leak.pages) + 1))
    look = partial(_look, search, leak, offload, watch)
    readings = await look("reading", pages, _WRITTEN_AT_ONCE, b"", _USUAL)
    issues = _by_code(lookup(frozenset(one.code for one in readings)))
    told = {one.page for one in readings if one.code in issues}
    rest = [page for page in pages if search.thorough or page not in told or page < first + _CONFIRMED]
    rest = rest if search.thorough else rest[:_LOOKED_AT]
    hidden = await look("looking for hidden marks", tuple(rest), _HIDDEN_AT_ONCE, search.key, _USUAL)
    hidden = [one for one in hidden if one.by == "hidden"]
    if search.thorough:
        silent = tuple(page for page in rest if page not in {one.page for one in hidden})
        turned = await look("looking more closely", silent, 1, search.key, _THOROUGH)
        hidden += [one for one in turned if one.by == "hidden"]
    issues.update(_by_code(lookup(frozenset(one.code for one in hidden) - issues.keys())))
    readings += hidden
    hits = [Hit(one, issue) for one in readings for issue in issues.get(one.code, ())]
    unknown = tuple(one for one in readings if one.code not in issues)
    if hits or not rest:
        return Traced(leak, _exports(hits), unknown, len(rest))
    likely, compared = await _rank(search, leak, rest[:_COMPARED], offload, lookup, watch)
    return Traced(leak, (), unknown, len(rest), likely, compared)


async def _look(
    search: Search, leak: Leak, offload: Offload, watch: Watch, doing: str, pages: tuple[int, ...], at_once: int,
    key: bytes, effort: int,
) -> list[Reading]:  # fmt: skip
    """Read pages, some in each call."""
    found: list[Reading] = []
    for start in range(0, len(pages), at_once):
        watch(doing, start, len(pages))
        some = pages[start : start + at_once]
        found += await offload(read, leak.kind, search.body, some, key, effort)
    return found


async def _rank(
    search: Search, leak: Leak, pages: Sequence[int], offload: Offload, lookup: Lookup, watch: Watch
) -> tuple[tuple[Likely, ...], int]:
    """Compare the codes of the log with a few pages."""
    issues = list(lookup(None))[-_CANDIDATES:]
    best: dict[str, Likely] = {}
    for done, page in enumerate(pages if issues else ()):
        watch("comparing with exports in the log", done, len(pages))
        codes = tuple(dict.fromkeys(issue.code for issue in issues))
        scores: list[tuple[float, float]] = await offload(compare, leak.kind, search.body, page, search.key, codes)
        by_code = dict(zip(codes, scores, strict=True))
        for issue in issues:
            score, chance = by_code[issue.code]
            if issue.code not in best or best[issue.code].chance > chance:
                best[issue.code] = Likely(page, score, chance, issue)
    told = (one for one in best.values() if one.chance <= _CHANCE)
    ranked = sorted(told, key=lambda one: (one.chance, -one.score))
    return tuple(ranked[: search.top]), len(best)


def _by_code(issues: Iterable[Issue]) -> dict[str, list[Issue]]:
    found: dict[str, list[Issue]] = {}
    for issue in issues:
        found.setdefault(issue.code, []).append(issue)
    return found


def _exports(hits: Iterable[Hit]) -> tuple[Export, ...]:
    """Group hits by the entry that they stand in; first the one with most pages."""
    grouped: dict[int, list[Hit]] = {}
    for hit in hits:
        grouped.setdefault(hit.issue.index, []).append(hit)
    found = [Export(index, some[0].issue.path, some[0].issue.payload, tuple(some)) for index, some in grouped.items()]
    return tuple(sorted(found, key=lambda export: (-len(export.hits), export.index)))
