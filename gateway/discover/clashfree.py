"""Operations that a request could be equally well are made clear, so that what is drafted loads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.catalog.clash import clashes
from gateway.catalog.model import Operation, RequestPattern
from gateway.catalog.template import Segment, Template, parse, shared, written
from gateway.discover.draft import DraftOperation
from gateway.errors import Place

_NOWHERE = Place("", 1, 1)
_MOST_ROUNDS = 200


def clear(operations: Sequence[DraftOperation]) -> tuple[DraftOperation, ...]:
    """Name paths that fit two patterns as operations of their own; drop what can't be made clear.

    What is dropped is told in a note of the operation that remains.
    """
    kept = list(operations)
    for _ in range(_MOST_ROUNDS):
        pair = next(((one, other) for one, other, _ in clashes(map(_modelled, kept))), None)
        if pair is None:
            break
        first, second = (next(draft for draft in kept if draft.name == one.name) for one in pair)
        both = _both(first, second)
        if both is not None and not any(draft.path == both.path and draft.method == both.method for draft in kept):
            kept.append(replace(both, name=_unused(first.name, {draft.name for draft in kept})))
            continue
        keep, drop = (first, second) if first.count >= second.count else (second, first)
        kept.remove(drop)
        note = f"requests like {drop.method} {drop.path} can't be told from these: {drop.count} were left out"
        kept[kept.index(keep)] = replace(keep, notes=(*keep.notes, note))
    else:
        kept = _only_clear(kept)
    return tuple(kept)


def _both(first: DraftOperation, second: DraftOperation) -> DraftOperation | None:
    """Give an operation for the paths that fit both; it carries nothing, since no such request was seen."""
    template = shared(parse(first.path), parse(second.path))
    if template is None or first.told or second.told or written(template) in {first.path, second.path}:
        return None
    path = written(_apart(template))
    note = f"named because such a path would fit {first.path} and {second.path}; none was seen"
    return DraftOperation("", first.method, path, notes=(note,))


def _apart(template: Template) -> Template:
    """Give a template's variables names that differ: two paths may name theirs alike, in two places."""
    apart: list[Segment] = []
    used: set[str] = set()
    for segment in template:
        name = segment.variable
        if name is not None and name in used:
            name = _unused(name, used)
        used |= {name} if name is not None else set()
        apart.append(replace(segment, variable=name))
    return tuple(apart)


def _only_clear(operations: Iterable[DraftOperation]) -> list[DraftOperation]:
    """Keep each operation that clashes with none before it."""
    kept: list[DraftOperation] = []
    for draft in operations:
        if not any(clashes(map(_modelled, [*kept, draft]))):
            kept.append(draft)
    return kept


def _modelled(draft: DraftOperation) -> Operation:
    headers = {"SOAPAction" if at == "header" else at: value for at, value in draft.told if at == "header"}
    body: dict[str, str | int] = {at: value for at, value in draft.told if at != "header"}
    return Operation(draft.name, RequestPattern(draft.method, draft.path, headers, body), _NOWHERE)


def _unused(base: str, used: set[str]) -> str:
    return next(f"{base}-{count}" for count in range(2, len(used) + 3) if f"{base}-{count}" not in used)
