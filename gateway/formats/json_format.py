"""JSON as a format of the catalogue: RFC 9535 selectors, `application/json` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gateway.formats import json
from gateway.formats.format import Lists, Option, SelectsSeveral, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.selector import parse

_TYPES = frozenset({"application/json", "text/json", "text/plain"})
_BEGINS = b'{["-0123456789tfn'


class Json:
    """See `formats.json`."""

    NAME: ClassVar[str] = "json"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "selected"
    EXAMPLE: ClassVar[str] = "$.customer.email"
    HELP: ClassVar[str] = "JSON: its fields are labelled one by one."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, "JSON", _TYPES, begins_like_json, "+json")

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a selector of RFC 9535."""
        try:
            found = parse(selector)
        except ValueError as error:
            raise ValueError(f"not a selector of RFC 9535: {error}") from None
        if singular and not found.singular:
            raise SelectsSeveral("this selector can find several values; here it must find one")
        return found.hot

    def layout(self, shape: Shape) -> json.Layout:
        """Compile a message's selectors."""
        return json.layout(
            fields=[parse(field) for field in shape.fields],
            customer=parse(shape.customer) if shape.customer else None,
            records=parse(shape.records) if shape.records else None,
            envelope=[parse(field) for field in shape.envelope],
        )

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: a JSON text is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> json.JsonDocument:
        """Read a body."""
        return json.read(body, layout, limits.depth, limits.values)


def begins_like_json(body: bytes) -> bool:
    """Tell whether a body begins as some JSON value does."""
    start = body.lstrip(b" \t\r\n")
    return bool(start) and start[0] in _BEGINS
