"""JSON, and lines of it, by RFC 9535 selectors."""

from __future__ import annotations

import json as json_
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

from gateway.discover.outline import Decimal, Outline, Purse, Whole
from gateway.discover.records import Carried, carried
from gateway.discover.spots import tidy
from gateway.discover.views.view import MOST_ROWS, Base, Viewed
from gateway.errors import Unreadable
from gateway.formats import json, ndjson
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.ndjson_format import Ndjson

_WHOLE = json.layout(fields=(), customer=None)
_LINES = Ndjson().layout(Shape())
_DECODER = json_.JSONDecoder(parse_int=Whole, parse_float=Decimal)


class JsonView(Base):
    """See above."""

    NAME: ClassVar[str] = "json"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        json.read(text, _WHOLE, limits.depth, limits.values)
        return Viewed((_decoded(text),))

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:
        """See `View`."""
        tidy(outline, subject, echoes)

    def carried(self, outline: Outline, subject: str) -> Carried:
        """See `View`."""
        return carried(outline, subject)


class NdjsonView(JsonView):
    """Each line is a record."""

    NAME: ClassVar[str] = "ndjson"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        ndjson.read(text, _LINES, limits)
        lines = [line for line in text.split(b"\n") if line.strip(b" \t\r")]
        return Viewed([_decoded(line) for line in lines[:MOST_ROWS]])

    def carried(self, outline: Outline, subject: str) -> Carried:  # noqa: ARG002 - the protocol's
        """See `View`."""
        return Carried(None, outline, listed=True)


def _decoded(text: bytes) -> Any:
    try:
        return _DECODER.decode(text.decode())
    except (ValueError, RecursionError):
        raise Unreadable("body-not-json", "not JSON") from None
