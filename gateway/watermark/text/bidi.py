"""Which way each character of a line runs, and in which order its runs stand (Unicode Standard Annex 9).

Everything but explicit embeddings and overrides: the words of a mark may have none. What is filled into a template is
isolated instead, so that a Chinese name, an Arabic one and a code stand beside each other and never mix.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

LTR_ISOLATE, RTL_ISOLATE, FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2066", "\u2067", "\u2068", "\u2069"
LTR_MARK, RTL_MARK = "\u200e", "\u200f"
_STARTS = {LTR_ISOLATE, RTL_ISOLATE, FIRST_STRONG_ISOLATE}
_DEEPEST = 8  # isolates in isolates; what is deeper is read as if it were not isolated
_STRONG_RTL = {"R", "AL"}
_NEUTRAL = {"B", "S", "WS", "ON", "LRI", "RLI", "FSI", "PDI"}
_BRACKETS = "()[]{}⟨⟩⟪⟫「」『』【】〈〉《》（）［］｛｝"  # noqa: RUF001  the wide ones are meant
_PAIRS = dict(zip(_BRACKETS[::2], _BRACKETS[1::2], strict=True))
_MOST_PAIRS = 63  # open at once (BD16)


def rtl(text: str) -> bool:
    """Tell whether a text has anything that runs from right to left."""
    return any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in text)


def base(text: str) -> int:
    """Give the level of a paragraph by its first strong character, outside isolates (P2 and P3)."""
    depth = 0
    for character in text:
        if character in _STARTS:
            depth += 1
        elif character == POP_ISOLATE:
            depth = max(0, depth - 1)
        elif not depth and (kind := unicodedata.bidirectional(character)) in {"L", *_STRONG_RTL}:
            return 0 if kind == "L" else 1
    return 0


def levels(text: str) -> list[int]:
    """Give the level of each character: even ones run from left to right."""
    found = [0] * len(text)
    _resolve(text, range(len(text)), base(text), found, 0)
    return found


def visual(runs: Iterable[tuple[int, T]]) -> list[tuple[int, T]]:
    """Put runs with their levels in the order in which they stand, from the left (L2)."""
    ordered = list(runs)
    for level in range(max((level for level, _ in ordered), default=0), 0, -1):
        turned: list[tuple[int, T]] = []
        for high, group in itertools.groupby(ordered, lambda run: run[0] >= level):  # noqa: B023  used at once
            stretch = list(group)
            turned += reversed(stretch) if high else stretch
        ordered = turned
    return ordered


def _resolve(text: str, span: range, level: int, found: list[int], depth: int) -> None:
    """Find the levels of one isolate, or of the whole text; those within it by themselves."""
    own: list[int] = []
    at = span.start
    while at < span.stop:
        own.append(at)
        if text[at] in _STARTS and depth < _DEEPEST:
            end = _closing(text, at, span.stop)
            inner = range(at + 1, end)
            inside = text[inner.start : inner.stop]
            wanted = {LTR_ISOLATE: 0, RTL_ISOLATE: 1}.get(text[at], base(inside))
            _resolve(text, inner, level + 1 if (level + 1) % 2 == wanted else level + 2, found, depth + 1)
            at = end
        else:
            at += 1
    kinds = _kinds([unicodedata.bidirectional(text[place]) for place in own], [text[place] for place in own], level)
    for place, kind in zip(own, kinds, strict=True):
        found[place] = level + _raised(kind, level)  # I1 and I2


def _closing(text: str, start: int, stop: int) -> int:
    depth = 0
    for at in range(start, stop):
        depth += (text[at] in _STARTS) - (text[at] == POP_ISOLATE)
        if not depth:
            return at
    return stop


def _raised(kind: str, level: int) -> int:
    if level % 2:
        return int(kind in {"L", "EN", "AN"})
    return {"R": 1, "EN": 2, "AN": 2}.get(kind, 0)


def _kinds(kinds: list[str], characters: Sequence[str], level: int) -> list[str]:
    """Settle every character of a run of one level: L, R, EN or AN. Its ends are as if more of its direction came."""
    ahead = "R" if level % 2 else "L"
    seen = [at for at, kind in enumerate(kinds) if kind != "BN"]  # X9
    marks = {number for number, at in enumerate(seen) if kinds[at] == "NSM"}
    settled = _neutral(_weak([kinds[at] for at in seen], ahead), [characters[at] for at in seen], ahead, marks)
    by_place = dict(zip(seen, settled, strict=True))
    last = ahead
    for at in range(len(kinds)):
        last = by_place.get(at, last)
        kinds[at] = last
    return kinds


def _weak(kinds: list[str], ahead: str) -> list[str]:
    strong = before = ahead
    for at, kind in enumerate(kinds):
        now = kind
        if kind == "NSM":  # W1
            now = "ON" if before in {"LRI", "RLI", "FSI", "PDI"} else before
        if now in {"L", "R", "AL"}:
            strong = now
        elif now == "EN" and strong == "AL":  # W2
            now = "AN"
        kinds[at] = before = now
    kinds = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for at in range(1, len(kinds) - 1):  # W4
        around = kinds[at - 1]
        if around == kinds[at + 1] and (
            (around == "EN" and kinds[at] in {"ES", "CS"}) or (around, kinds[at]) == ("AN", "CS")
        ):
            kinds[at] = around
    for start, stop in _stretches(kinds, {"ET"}):  # W5
        if "EN" in (kinds[start - 1 : start] + kinds[stop : stop + 1]):
            kinds[start:stop] = ["EN"] * (stop - start)
    strong = ahead
    for at, kind in enumerate(kinds):
        if kind in {"ES", "ET", "CS"}:  # W6
            kinds[at] = "ON"
        elif kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":  # W7
            kinds[at] = "L"
    return kinds


def _neutral(kinds: list[str], characters: Sequence[str], ahead: str, marks: set[int]) -> list[str]:
    for start, end in sorted(_brackets(kinds, characters)):  # N0
        inside = {_direction(kind) for kind in kinds[start + 1 : end]} & {"L", "R"}
        if not inside:
            continue
        before = next((way for kind in reversed(kinds[:start]) if (way := _direction(kind))), ahead)
        way = ahead if ahead in inside or before == ahead else before
        for bracket in (start, end):
            kinds[bracket] = way
            for at in itertools.takewhile(marks.__contains__, range(bracket + 1, len(kinds))):
                kinds[at] = way
    for start, stop in _stretches(kinds, _NEUTRAL):  # N1 and N2
        before = _direction(kinds[start - 1]) if start else ahead
        after = _direction(kinds[stop]) if stop < len(kinds) else ahead
        kinds[start:stop] = [before if before == after else ahead] * (stop - start)
    return kinds


def _brackets(kinds: Sequence[str], characters: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Give the pairs of brackets (BD16)."""
    waiting: list[tuple[str, int]] = []
    for at, character in enumerate(characters):
        if kinds[at] != "ON":
            continue
        if character in _PAIRS:
            if len(waiting) == _MOST_PAIRS:
                return
            waiting.append((_PAIRS[character], at))
        elif any(close == character for close, _ in waiting):
            while waiting:
                close, start = waiting.pop()
                if close == character:
                    yield start, at
                    break


def _stretches(kinds: Sequence[str], of: set[str]) -> Iterator[tuple[int, int]]:
    at = 0
    for inside, group in itertools.groupby(list(kinds), lambda kind: kind in of):
        stop = at + len(list(group))
        if inside:
            yield at, stop
        at = stop


def _direction(kind: str) -> str:
    return "R" if kind in {"R", "EN", "AN"} else "L" if kind == "L" else ""
