"""A body that was read: its document, what it was wrapped in, and the messages that are embedded in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.formats import charset, codings
from gateway.formats.charset import Charset
from gateway.formats.document import Document, Scalar
from gateway.formats.parts import Part
from gateway.regime import Contained, MessagePlan

Place = tuple[Contained, str | None, Scalar | Part]
"""Where a message is embedded: what the catalogue says of it, the customer of the record around it, the value itself.

Equal values of one customer at one field hold equal messages, and meet the same: they are read and treated once.
"""


@dataclass(slots=True, eq=False)
class Reading:
    """A body as the catalogue says it is. `text` is what the document was read from: without coding, in UTF-8.

    `customers` has the customer of each record, found in the body or outside of it. `back` turns other bytes into the
    value that holds an embedded message. `bare` tells that its coding holds nothing besides: else it is put on anew,
    even where nothing changed.
    """

    plan: MessagePlan
    document: Document
    body: bytes
    text: bytes
    coding: str | None
    charset: Charset
    customers: Sequence[str | None]
    inner: Mapping[Place, Reading] = field(default_factory=dict)
    back: Callable[[bytes], str | Part] | None = None
    bare: bool = True

    def all(self) -> Iterator[Reading]:
        """Give this body and all that is embedded in it."""
        yield self
        for reading in self.inner.values():
            yield from reading.all()

    def wrapped(self, text: bytes) -> bytes:
        """Put charset and coding on again; the very same body where nothing changed. Raises `Unreadable`."""
        if text is self.text and self.bare:
            return self.body
        return codings.encode(charset.from_utf8(text, self.charset), self.coding)
