"""JSON as a format of the catalogue: RFC 9535 selectors, `application/json` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gateway.formats import json
from gateway.formats.format import Lists, Option, SelectsSeveral, Shape, agrees
from gateway.formats.json_layout import Names
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.selector import ANY, parse

_TYPES = frozenset({"application/json", "text/json", "text/plain"})
_BEGINS = b'{["-0123456789tfn'
OPTIONS: Mapping[str, Option] = {
    "names": Option(
        "texts",
        "The names that members without a label may have; all others are treated as unlisted values are."
        " Without it, names stay that are written as names in programs are.",
        minimum=0,
    ),
}


class Json:
    """See `formats.json`."""

    NAME: ClassVar[str] = "json"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "selected"
    EXAMPLE: ClassVar[str] = "$.customer.email"
    HELP: ClassVar[str] = "JSON: its fields are labelled one by one."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = OPTIONS

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

    def check_names(self, selector: str) -> None:
        """Check a selector whose names are labelled: it leads to the members of a map, or to the record."""
        found = parse(selector)
        if found.steps[-1:] != (ANY,) and selector != "$":
            raise ValueError("names are labelled where a selector ends with .*, for the members of a map")
        if not found.hot:
            raise ValueError("names are labelled by a selector of names, indexes and wildcards alone")

    def layout(self, shape: Shape) -> json.Layout:
        """Compile a message's selectors."""
        return json.layout(
            fields=[parse(field) for field in shape.fields],
            customer=parse(shape.customer) if shape.customer else None,
            records=parse(shape.records) if shape.records else None,
            envelope=[parse(field) for field in shape.envelope],
            names=names_of(shape),
        )

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: a JSON text is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> json.JsonDocument:
        """Read a body."""
        return json.read(body, layout, limits.depth, limits.values)


def names_of(shape: Shape) -> Names:
    """Give what a catalogue says of names."""
    listed = shape.options.get("names")
    return Names(shape.names, shape.envelope_names, shape.by_name, None if listed is None else frozenset(listed))


def begins_like_json(body: bytes) -> bool:
    """Tell whether a body begins as some JSON value does."""
    start = body.lstrip(b" \t\r\n")
    return bool(start) and start[0] in _BEGINS
