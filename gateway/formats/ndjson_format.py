"""Lines of JSON as a format of the catalogue: RFC 9535 selectors in each line, `application/x-ndjson` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gateway.formats import ndjson
from gateway.formats.format import Cutter, Lists, Option, Shape, agrees
from gateway.formats.json import Layout, layout
from gateway.formats.json_format import OPTIONS, Json, begins_like_json, names_of
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.portions import Lines, Portions
from gateway.formats.selector import parse

_TYPES = frozenset({
    "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl", "application/jsonlines",
    "application/x-jsonlines", "application/x-json-stream", "application/stream+json", "text/plain",
})  # fmt: skip
_LINES = parse("$[*]")


class Ndjson:
    """See `formats.ndjson`."""

    NAME: ClassVar[str] = "ndjson"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "rows"
    EXAMPLE: ClassVar[str] = "$.customer.email"
    HELP: ClassVar[str] = "Lines of JSON: each line is a record, its fields are labelled one by one."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = OPTIONS

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, "lines of JSON", _TYPES, lambda body: not body or begins_like_json(body))

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a selector of RFC 9535; it begins at the value of a line."""
        return Json().check(selector, singular=singular)

    def check_names(self, selector: str) -> None:
        """Check a selector whose names are labelled; a line itself has none."""
        Json().check_names(selector)
        if selector == "$":
            raise ValueError("a line has no name")

    def layout(self, shape: Shape) -> Layout:
        """Compile a message's selectors."""
        if shape.records is not None:
            raise ValueError("each line is a record by itself")
        return layout(
            fields=[parse(field) for field in shape.fields],
            customer=parse(shape.customer) if shape.customer else None,
            records=_LINES,
            names=names_of(shape),
        )

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> ndjson.NdjsonDocument:
        """Read a body. Raises `Unreadable`: body-ambiguous, and what reading JSON raises."""
        return ndjson.read(body, layout, limits)

    def cutter(self, layout: Any, limits: BodyLimits) -> Cutter:
        """Give what cuts a stream into whole lines."""
        return Portions(lambda text: ndjson.read(text, layout, limits), Lines(), limits.size)
