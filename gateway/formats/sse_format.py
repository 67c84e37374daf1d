"""Server-sent events as a format: `text/event-stream`, each event a record, which goes on as soon as it is complete.

Promise: events that no edit changes stay byte-identical, comments and keep-alives included; where an edit changes
`data`, its lines are written anew where the first of them stood. What follows the last complete event is left out.

A selector is a field, `data`, `event`, `id` or `retry`, of every event; or that of one type of event, written
`order-created.data`, which then counts alone for that type (`message.data` for events that name no type). A type that
no selector names is a value like any other, and so is every comment that says more than that the connection lives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.errors import Unreadable
from gateway.formats.document import Edits, Owner, Signal, Spot, Written
from gateway.formats.format import Lists, Option, Piece, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.sse import DEFAULT, FIELDS, HARMLESS, Block, Line, blocks, complete
from gateway.formats.tally import Tally, step, text_of

_TYPE = "text/event-stream"
_CHARSETS = frozenset({"", "utf-8", "utf8"})
_BEGINS = re.compile(rb"(?:data|event|id|retry)(?::|[\r\n])|[:\r\n]")
_SELECTOR = re.compile(r"(?:[^\x00-\x1f\x7f$/][^\x00-\x1f\x7f]{0,199}\.)?(?:data|event|id|retry)")
_BREAKS = re.compile(r"\r\n|\r|\n")
_UNSAFE = re.compile(r"[\r\n\x00]+")
_DELAY = re.compile(r"[0-9]{1,8}", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A compiled message: the catalogue's fields by type of event ("": any) and field of it; the customer's place."""

    spots: Mapping[str, Mapping[str, Spot]]
    customer: tuple[str, str] | None
    markers: frozenset[str]

    def spot(self, kind: str, field: str) -> tuple[Spot, str]:
        """Give the catalogue's fields that cover a place, and its pointer."""
        own = self.spots.get(kind, {}).get(field)
        if own is not None:
            return own, step(kind) + step(field)
        spot = self.spots.get("", {}).get(field, ())
        return spot, step(field) if spot else "/?"


class Sse:
    """See above."""

    NAME: ClassVar[str] = "sse"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "rows"
    EXAMPLE: ClassVar[str] = "data or order-created.data"
    HELP: ClassVar[str] = "Server-sent events: each is a record, treated as it passes."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = True
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "markers": Option("texts", "Data that says nothing of anyone and passes as it is, such as [DONE].", ()),
    }

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type, body-encoding."""
        agrees(media, plain, "an event stream", frozenset({_TYPE}), lambda body: bool(_BEGINS.match(body)))
        if media.charset not in _CHARSETS:
            raise Unreadable("body-encoding", "an event stream is UTF-8, whatever its content type says")

    def check(self, selector: str, *, singular: bool = False) -> bool:  # noqa: ARG002 - an event has each field once
        """Check a selector."""
        if not _SELECTOR.fullmatch(selector):
            raise ValueError(f"not a field of events: one of {', '.join(FIELDS)}, or that of a type, {self.EXAMPLE}")
        return True

    def layout(self, shape: Shape) -> Layout:
        """Compile the selectors. ValueError for records: each event is one."""
        if shape.records is not None:
            raise ValueError("each event is a record by itself")
        spots: dict[str, dict[str, Spot]] = {}
        for index, selector in enumerate(shape.fields):
            kind, field = _parted(selector)
            fields = spots.setdefault(kind, {})
            fields[field] = (*fields.get(field, ()), index)
        customer = _parted(shape.customer) if shape.customer else None
        return Layout(spots, customer, frozenset(shape.options.get("markers") or ()))

    def cutter(self, layout: Any, limits: BodyLimits) -> SseCutter:
        """Give what cuts a stream into what is complete."""
        return SseCutter(layout, limits)

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> SseDocument:
        """Read a body. Raises `Unreadable`: body-encoding, body-ambiguous, body-too-large."""
        end = complete(body)
        return SseDocument(body, layout, tuple(blocks(body[:end], limits.values)), whole=end == len(body))


class SseCutter:
    """Gives what is complete with each feed, as one document: nothing waits for what comes later."""

    def __init__(self, layout: Layout, limits: BodyLimits) -> None:
        """Take how the events are laid out."""
        self._layout = layout
        self._limits = limits
        self._held = bytearray()
        self._seen = 0

    def feed(self, text: bytes) -> Iterator[Piece]:
        """Give what is complete with the next bytes. Raises `Unreadable`."""
        self._held += text
        end = complete(self._held, self._seen)
        found = bytes(self._held[:end])
        del self._held[:end]
        if len(self._held) > self._limits.size:
            raise Unreadable("body-too-large", "an event is over the limit")
        self._seen = max(0, len(self._held) - 2)  # a line end may be cut in two
        if found:
            yield Piece(SseDocument(found, self._layout, tuple(blocks(found, self._limits.values))), found)

    def end(self) -> Iterator[Piece]:
        """Give nothing: what no blank line follows is no event."""
        return iter(())


class SseDocument:
    """Events that were read, with what stands between them. Where it is not `whole`, the rest is left out."""

    def __init__(self, body: bytes, layout: Layout, parts: tuple[Block, ...], *, whole: bool = True) -> None:
        """Take the bytes and their parts."""
        self.body = body
        self.layout = layout
        self.parts = parts
        self.whole = whole

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer of each event, and of each comment that holds something."""
        return [self._customer(block) for block in self.parts if block.holds]

    def lookup(self, selector: str) -> str | int | None:
        """Give what a field says that stands in exactly one event."""
        kind, field = _parted(selector)
        found = [one.values[field] for one in self.parts if field in one.values and kind in {"", one.type}]
        return found[0] if len(found) == 1 else None

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,  # noqa: ARG002 - a Document's form; nothing is around the events
        owners: Sequence[Owner] | None = None,
    ) -> Written:
        """Treat event by event."""
        tally, made, same, number = Tally(), list[bytes](), self.whole, 0
        owners = self.customers if owners is None else owners
        for block in self.parts:
            new = None
            if block.holds:
                new = _Writing(self.layout, block, tally, records[number], owners[number]).written()
                number += 1
            same = same and new is None
            made += [line.raw for line in block.lines] if new is None else new
        return tally.written(self.body if same else b"".join(made))

    def _customer(self, block: Block) -> str | None:
        if self.layout.customer is None:
            return None
        kind, field = self.layout.customer
        return (block.values.get(field) or None) if kind in {"", block.type} else None


@dataclass(slots=True, eq=False)
class _Writing:
    """One event, or one comment, on its way through the edits of its record."""

    layout: Layout
    block: Block
    tally: Tally
    edits: Edits
    owner: Owner

    def written(self) -> list[bytes] | None:
        """Give the lines after the edits; None where nothing changed."""
        made: list[bytes] = []
        changed = False
        told = dict.fromkeys(self.block.values)
        for name in told:
            told[name] = self._field(name)
        for line in self.block.lines:
            if line.name:
                new = told[line.name]
                if new is not None:
                    told[line.name] = b""  # further lines of data went into the first
            else:
                new = self._other(line)
            changed = changed or new is not None
            text = line.raw if new is None else new
            if text.startswith(b"\n") and made and made[-1].endswith(b"\r"):
                made.append(b"\n")  # what stood between has gone: CR and LF must not become one line end
            if text:
                made.append(text)
        return made if changed else None

    def _field(self, name: str) -> bytes | None:
        """Give the lines of a field after its edit; None where it stays."""
        value = self.block.values[name]
        spot, pointer = self.layout.spot(self.block.type, name)
        if (name == "data" and value in self.layout.markers) or (not spot and self._known(name, value)):
            return None
        new = self.tally.treat(self.edits, spot, pointer, value, self.owner)
        if new is value:
            return None
        if isinstance(new, Signal):
            return b""
        end = next(line.end for line in self.block.lines if line.name == name)
        lines = _BREAKS.split(text_of(new)) if name == "data" else [_UNSAFE.sub(" ", text_of(new))]
        return b"".join(f"{name}: {line}".encode() + end for line in lines)

    def _known(self, name: str, value: str) -> bool:
        """Tell whether an unlabelled field says only what the catalogue or the standard says already."""
        if name == "event":
            return value in {"", DEFAULT} or value in self.layout.spots
        if name == "retry":
            return bool(_DELAY.fullmatch(value))
        return not value

    def _other(self, line: Line) -> bytes | None:
        """Give a comment, or a field that no reader knows, after the edit of what is unlisted: always as a comment."""
        if HARMLESS.fullmatch(line.value):
            return None
        new = self.tally.treat(self.edits, (), "/?", line.value, self.owner)
        if new is line.value:
            return None
        text = "" if isinstance(new, Signal) else f" {_UNSAFE.sub(' ', text_of(new))}"
        return f":{text}".encode() + line.end


def _parted(selector: str) -> tuple[str, str]:
    """Give the type of event that a selector names ("": any), and the field."""
    kind, _, field = selector.rpartition(".")
    return kind, field
