"""HAR 1.2 files as a stream: one entry at a time, whatever the file's size and whatever stands around the entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.capture import har_entry
from gateway.capture.exchange import Exchange, Unusable
from gateway.capture.faults import CutError, UnfitError
from gateway.capture.json_text import JsonText
from gateway.capture.pieces import Pieces, as_utf8
from gateway.errors import BadCapture

_MOST_PARTS = 200_000  # objects and arrays of one entry: each costs memory that its bytes don't show


def read_har(source: Pieces, name: str, limit: int) -> Iterator[Exchange | Unusable]:
    """Give what stands in `log.entries`, in the file's order. Raises `BadCapture` where there is no such thing."""
    number, mended = 0, ""
    try:
        source, mended = as_utf8(source)
        text = JsonText(source)
        for raw in _entries(text, name, limit):
            number += 1
            found = _read(number, raw, limit)
            if mended and isinstance(found, Exchange):
                found, mended = replace(found, repairs=(*found.repairs, mended)), ""
            yield found
        if not text.ended():
            yield Unusable(number + 1, "trailing")
    except CutError:
        yield Unusable(number + 1, "truncated")


def _entries(text: JsonText, name: str, limit: int) -> Iterator[bytes | None]:
    """Give each entry as bytes, None for one that is too large. `log` and `entries` may stand anywhere, and twice."""
    found = False
    try:
        for key in text.members():
            if key != b'"log"' or text.next() != b"{":
                text.value(0)
                continue
            for inner in text.members():
                if inner != b'"entries"' or text.next() != b"[":
                    text.value(0)
                    continue
                found = True
                yield from text.elements(limit, _MOST_PARTS)
    except CutError:
        if found:
            raise
    if not found:
        raise BadCapture(f"{name}: no HAR file: it has no list log.entries")


def _read(number: int, raw: bytes | None, limit: int) -> Exchange | Unusable:
    if raw is None:
        return Unusable(number, "too-large")
    try:
        return har_entry.read(number, raw, limit)
    except UnfitError as error:
        return Unusable(number, error.reason)
