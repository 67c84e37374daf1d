"""Find the exports that marks were issued for. Shows what is stored; `audit.verify` is what proves it."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.audit.reading import Files, Gap, stored_entries
from gateway.audit.signatures import payload_of
from gateway.errors import BrokenLog

_SAYS_MARKS = b'"marks":['


@dataclass(frozen=True, slots=True)
class Issue:
    """A mark and the entry that it stands in: its index, the file that holds it, its payload.

    `page` is that of the export, counted from 1. An entry that is too long stands in the log in parts, one after
    the other: `index` and `path` are then of the first, and `payload` has the decisions and marks of all.
    """

    code: str
    page: int
    index: int
    path: str
    payload: dict[str, Any]


def issued(
    files: Files,
    published: int,
    codes: Container[str] | None = None,
    since: int = 0,
    until: int | None = None,
    gap: Gap | None = None,
) -> Iterator[Issue]:
    """Give the issues of codes (None: of all), of entries from `since` and before `until` (nanoseconds), in order.

    `published` is the checkpoint's size; `gap` is told of entries whose bodies are gone. Raises `BrokenLog`.
    """
    parts: list[dict[str, Any]] = []
    first = 0, ""
    for index, path, jws in stored_entries(files, published, gap=gap):
        try:
            payload = payload_of(jws)
            if _SAYS_MARKS not in payload and b'"parts":' not in payload:
                continue
            said = orjson.loads(payload)
            if said.get("part", 1) == 1:
                parts, first = [], (index, path)
            parts.append(said)
            if said.get("part", 1) != said.get("parts", 1):
                continue
            whole = _joined(parts)
            if since <= whole["time"] and (until is None or whole["time"] < until):
                for mark in whole.get("marks", ()):
                    if codes is None or mark["code"] in codes:
                        yield Issue(mark["code"], mark.get("page", 1), *first, whole)
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise BrokenLog(f"{path}: entry {index} can't be read: the log was edited") from error


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Put the parts of an entry together."""
    if len(parts) == 1:
        return parts[0]
    lists = {name: [one for part in parts for one in part.get(name, ())] for name in ("decided", "marks")}
    return {**parts[0], **{name: found for name, found in lists.items() if found}}
