"""One value before and after, for those who asked to see values."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder, dumps
from typing import Any

from gateway.dryrun.report import Example
from gateway.formats.document import Signal
from gateway.formats.json import JsonDocument
from gateway.steps.sight import Sight
from gateway.workbench.values import is_name, parts, plain, values

_LARGEST_BODY = 1 << 20
_LONGEST = 80
_PARSER = JSONDecoder(parse_float=Decimal)
_GONE = object()


def example(sight: Sight, pointer: str, *, treated: bool) -> Example | None:
    """Give the first value at a pointer (with `*` and `?`), before and after; where `treated`, the first that changed.

    None where there is none, or the body is too large to be looked through for an example.
    """
    written = sight.treated
    if pointer.startswith("#"):
        return None  # outside of the body
    if sight.case is None or written is None or len(sight.case.reading.text) > _LARGEST_BODY:
        return None
    if not isinstance(sight.document, JsonDocument):
        return _listed(sight, pointer, treated=treated)
    before = _parsed(sight.case.reading.text)
    after = _parsed(plain(sight.case.reading, written.body))
    if pointer.endswith("/?") and (found := _listed(sight, pointer, treated=treated, names=True)) is not None:
        return found
    names = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for old, new in _pairs(before, after, names):
        if not isinstance(old, dict | list) and (not treated or old != new or type(old) is not type(new)):
            return Example(_told(old), None if new is _GONE else _told(new))
    return _listed(sight, pointer, treated=treated) if sight.case.inner else None


def _listed(sight: Sight, pointer: str, *, treated: bool, names: bool = False) -> Example | None:
    """Do as `example` for what has pointers, and for what values hold: there the first steps may be left out.

    `names`: look at the names of members alone.
    """
    wanted = parts(pointer)
    for one in values(sight):
        way = tuple("*" if isinstance(step, int) else step for step in one.location)
        if names and not is_name(one):
            continue
        named = len(way) >= len(wanted) and all(a in {b, "?"} for a, b in zip(wanted[::-1], way[::-1], strict=False))
        if named and (not treated or one.after != one.old or type(one.after) is not type(one.old)):
            return Example(_told(one.old), None if isinstance(one.after, Signal) else _told(one.after))
    return None


def _by_old_names(old: dict[str, Any], new: Any) -> dict[str, Any]:
    """Give an object's members by the names that they had: names may have been treated, and their order stays."""
    if not isinstance(new, dict):
        return {}
    return dict(zip(old, new.values(), strict=True)) if len(new) == len(old) else new


def _pairs(old: Any, new: Any, names: list[str]) -> Iterator[tuple[Any, Any]]:
    """Give the values at a pointer, each beside what stands there afterwards."""
    if not names:
        yield old, new
        return
    first, *rest = names
    if isinstance(old, dict):
        known = first not in {"*", "?"} or first in old
        after = _by_old_names(old, new)
        for name in ([first] if first in old else []) if known else list(old):
            yield from _pairs(old[name], after.get(name, _GONE), rest)
    elif isinstance(old, list) and first == "*":
        # Where elements went, those that are left stand elsewhere: which is which can't be told any more.
        same = isinstance(new, list) and len(new) == len(old)
        for index, value in enumerate(old):
            yield from _pairs(value, new[index] if same else _GONE, rest)


def _parsed(body: bytes) -> Any:
    """Read a body that the gate has read before; _GONE where it is none any more."""
    try:
        return _PARSER.decode(body.decode("utf-8-sig"))
    except (JSONDecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return _GONE


def _told(value: Any) -> str:
    """Write a value short."""
    if value is _GONE:
        return ""
    text = str(value) if isinstance(value, Decimal) else dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
