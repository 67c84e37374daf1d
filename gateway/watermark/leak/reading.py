"""Reads the marks in a file that turned up somewhere: printed codes in its text or metadata, and hidden ones.

Bytes in, readings out. The functions are meant for a worker process (`gateway.sandbox`), a few pages a call, so that
whoever waits can be told how far it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol, cast

from gateway.errors import Unreadable
from gateway.watermark.mark import number, printed


@dataclass(frozen=True, slots=True)
class Leak:
    """What a file is (`pdf` or `image`), and how many pages it has."""

    kind: Literal["pdf", "image"]
    pages: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A code on a page (counted from 1), and the way in which it was read.

    Of a hidden mark: `agreement` in standard deviations (see `seek.Found`), `turn` in degrees, counter-clockwise, and
    whether it was `mirrored`.
    """

    page: int
    code: str
    by: Literal["text", "metadata", "hidden"]
    agreement: float = 0
    turn: float = 0
    mirrored: bool = False


class Pages(Protocol):
    """A file that was opened to be looked at."""

    count: int

    def written(self, page: int) -> Iterator[tuple[str, Literal["text", "metadata"]]]:
        """Give the codes that stand on a page, or in what the file says of it."""
        ...

    def luma(self, page: int) -> Any:
        """Give the brightness of a page as `seek` takes it, an array of numpy."""
        ...


def examine(body: bytes) -> Leak:
    """Tell what a file is. Raises `Unreadable`: `body-unmarkable` with a reason of docs/marks.md."""
    kind: Literal["pdf", "image"] = "pdf" if b"%PDF-" in body[:1024] else "image"
    return Leak(kind, _opened(kind, body).count)


def read(kind: str, body: bytes, pages: tuple[int, ...], key: bytes, effort: int) -> tuple[Reading, ...]:
    """Read some pages; `key` is that of the hidden marks (b"": don't look), `effort` is as in `seek`.

    Raises `Unreadable` where a page can't be read.
    """
    opened, found = _opened(kind, body), list[Reading]()
    for page in pages:
        written = [Reading(page, code, by) for code, by in dict.fromkeys(opened.written(page))]
        found += written
        if key and (hidden := _hidden(opened, page, key, effort)):
            found.append(hidden)
    return tuple(found)


def compare(kind: str, body: bytes, page: int, key: bytes, codes: tuple[str, ...]) -> list[tuple[float, float]]:
    """Tell how well the hidden mark of each code agrees with a page, where none can be read: its score and chance.

    Both are those of `hidden_like.Compared`.
    """
    from gateway.watermark.hidden import like as hidden_like  # noqa: PLC0415 - numpy belongs to the worker, not to who imports this

    found = hidden_like.compared(_opened(kind, body).luma(page), key, [number(code) for code in codes])
    return list(zip(found.scores, found.chances, strict=True))


def _hidden(opened: Pages, page: int, key: bytes, effort: int) -> Reading | None:
    from gateway.watermark.hidden import seek  # noqa: PLC0415 - as above

    luma = opened.luma(page)
    found = seek.seek(luma, key, effort=effort) if min(luma.shape) >= seek.SMALLEST else None
    if found is None:
        return None
    return Reading(page, printed(found.code), "hidden", found.confidence, found.turn, found.mirrored)


def _opened(kind: str, body: bytes) -> Pages:
    """Open a file with the library that it takes, which is loaded only now: it is heavy."""
    if kind not in ("pdf", "image"):
        raise Unreadable("body-unmarkable", "format")
    return cast("Pages", import_module(f"gateway.watermark.leak.{kind}").open_pages(body))
