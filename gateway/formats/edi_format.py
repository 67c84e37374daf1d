"""EDIFACT and X12 as formats of the catalogue: segments and elements by qualifier, and their content types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gateway.formats import edi_layout, edi_selector, edifact, x12
from gateway.formats.edi import EdiDocument
from gateway.formats.edi_layout import OPTIONS, Layout
from gateway.formats.format import Lists, Option, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType

_EITHER = frozenset({"application/edi-consent", "text/plain"})  # RFC 1767


class Edifact:
    """See `formats.edifact`."""

    NAME: ClassVar[str] = "edifact"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "selected"
    EXAMPLE: ClassVar[str] = "NAD[1=BY]/4.1"
    HELP: ClassVar[str] = "UN/EDIFACT: segments by tag and qualifier, elements by number."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = OPTIONS

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, "EDIFACT", _EITHER | {"application/edifact"}, lambda body: body[:3] in {b"UNA", b"UNB"})

    def charset_within(self, plain: bytes) -> str:
        """Give the charset that the interchange names. Raises `Unreadable`: body-encoding."""
        return edifact.charset(plain)

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a selector."""
        return edi_selector.check(selector, edifact.RULES, singular=singular)

    def layout(self, shape: Shape) -> Layout:
        """Compile a message."""
        return edi_layout.layout(shape, edifact.RULES)

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: its counts come last, so an interchange is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> EdiDocument:
        """Read a body."""
        return edifact.read(body, layout, limits)


class X12:
    """See `formats.x12`."""

    NAME: ClassVar[str] = "x12"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "selected"
    EXAMPLE: ClassVar[str] = "N1[1=BY]/2"
    HELP: ClassVar[str] = "ASC X12: segments by tag and qualifier, elements by number."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = OPTIONS

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, "X12", _EITHER | {"application/edi-x12"}, lambda body: body.startswith(b"ISA"))

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a selector."""
        return edi_selector.check(selector, x12.RULES, singular=singular)

    def layout(self, shape: Shape) -> Layout:
        """Compile a message."""
        return edi_layout.layout(shape, x12.RULES)

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: its counts come last, so an interchange is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> EdiDocument:
        """Read a body."""
        return x12.read(body, layout, limits)
