"""Spread an entry that is too long over several: an entry bundle of tlog-tiles counts an entry's bytes in 16 bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import structs

from gateway.audit.entry import Decided, Entry, FieldTreated, encode, size
from gateway.errors import NotRecorded

PAYLOAD_LIMIT = 47_000
"""The longest payload in bytes: as a JWS it takes a third more and a signature, and must stay below 65,536."""

_ALL_PARTS_ALIKE = 4_000  # what counter, prev, part and the like may add to a part
_RUN = 64  # how many customers, rules, marks or reasons stay together
_LARGE = 8_000  # a decision longer than this is cut into pieces

T = TypeVar("T")


def split(entry: Entry, limit: int = PAYLOAD_LIMIT) -> tuple[Entry, ...]:
    """Give entries whose payloads stay below `limit` bytes, numbered `part` of `parts`; sums of counts stay right.

    What grows with a body (decisions, keys, marks, reasons, observations) is dealt out; the rest is in every part.
    Raises `NotRecorded` where even that doesn't fit.
    """
    base = structs.replace(entry, decided=(), keys=(), marks=(), reasons=(), observed=())
    room = limit - len(encode(base)) - _ALL_PARTS_ALIKE
    if room < 0:
        raise NotRecorded("an entry is too long to be recorded")
    parts: list[Entry] = []
    part, used = base, 0
    for grown, length in _grow(entry):
        if length > room:
            raise NotRecorded("an entry is too long to be recorded")
        if used + length > room:
            parts.append(part)
            part, used = base, 0
        part = structs.replace(
            part,
            decided=part.decided + grown.decided,
            keys=part.keys + grown.keys,
            marks=part.marks + grown.marks,
            reasons=part.reasons + grown.reasons,
            observed=part.observed + grown.observed,
        )
        used += length
    parts.append(part)
    return tuple(structs.replace(part, part=number, parts=len(parts)) for number, part in enumerate(parts, 1))


def _grow(entry: Entry) -> Iterator[tuple[Entry, int]]:
    """Give the members that grow in small pieces, each as an entry that holds only it, with its length in bytes."""
    empty = Entry(kind=entry.kind, time=0)
    pieces = [
        *(structs.replace(empty, reasons=run) for run in _runs(entry.reasons)),
        *(structs.replace(empty, observed=run) for run in _runs(entry.observed)),
        *(structs.replace(empty, marks=run) for run in _runs(entry.marks)),
        *(structs.replace(empty, keys=run) for run in _runs(entry.keys)),
        *(structs.replace(empty, decided=(piece,)) for piece in _decisions(entry.decided)),
    ]
    return ((piece, len(encode(piece))) for piece in pieces)


def _decisions(decided: Sequence[Decided]) -> Iterator[Decided]:
    """Cut long decisions: the number of records, then fields, then customers; each piece names its decision."""
    for number, decision in enumerate(decided):
        if size(decision) <= _LARGE:
            yield decision
            continue
        yield Decided(records=decision.records, number=number)
        for field in decision.fields:
            for fields in _field_runs(field):
                yield Decided(fields=(fields,), number=number)
        for start in range(0, len(decision.customers), _RUN):
            run = slice(start, start + _RUN)
            yield Decided(customers=decision.customers[run], passports=decision.passports[run], number=number)


def _field_runs(field: FieldTreated) -> Iterator[FieldTreated]:
    """Cut the rules of one place; only the first piece counts how often it was met."""
    yield structs.replace(field, rules=field.rules[:_RUN])
    for rules in list(_runs(field.rules))[1:]:
        yield structs.replace(field, rules=rules, count=0)


def _runs(items: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """Give the items in runs of at most `_RUN`."""
    return (items[start : start + _RUN] for start in range(0, len(items), _RUN))
