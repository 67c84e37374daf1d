"""Bodies that are passed or refused as a whole: documents, which are marked elsewhere, and plain bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.errors import Unreadable
from gateway.formats.document import Edits, Owner, Refused, Touch, Whole, Written
from gateway.formats.format import Lists, Option, Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import UNTYPED, MediaType
from gateway.formats.parts import Part


@dataclass(frozen=True, slots=True)
class OpaqueDocument:
    """A body that is one record with one spot, where the catalogue labels the whole. Whatever changes it is refused."""

    body: bytes
    labelled: bool
    customers: Sequence[str | None] = (None,)

    def lookup(self, selector: str) -> str | int | None:  # noqa: ARG002 - a Document's form
        """Find nothing: there is no inside."""
        return None

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,  # noqa: ARG002 - a Document's form
        owners: Sequence[Owner] | None = None,
    ) -> Written:
        """Give the same bytes, or refuse: a part of a picture can't be masked by editing its bytes."""
        edits = records[0]
        edit = edits.of((0,)) if self.labelled else None
        if edit is None:
            return Written(self.body)
        text = Part(self.body).text  # an edit that only looks, for what the gateway wrote itself, leaves it as it is
        if edit.whole is not Whole.REFUSE and edit.value(text, (owners or self.customers)[0]) is text:
            return Written(self.body)
        return Written(self.body, (Touch(edits, (0,), "", 1),), (Refused("", (0,), edits),))


@dataclass(frozen=True, slots=True)
class Opaque:
    """A format without fields: `types` are its content types, `magic` what its first bytes match.

    Without them anything goes.
    """

    NAME: str
    HELP: str
    types: frozenset[str] = frozenset()
    magic: re.Pattern[bytes] = re.compile(rb"")
    BY_FIELDS: ClassVar[bool] = False
    LISTS: ClassVar[Lists] = "none"
    EXAMPLE: ClassVar[str] = ""
    TEXT: ClassVar[bool] = False
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        if not self.types:
            return
        if media.kind not in UNTYPED and media.kind not in self.types:
            raise Unreadable("body-wrong-type", f"the content type is not {self.NAME}")
        if not self.magic.match(plain):
            raise Unreadable("body-wrong-type", f"the body is no {self.NAME}")

    def check(self, selector: str, *, singular: bool = False) -> bool:  # noqa: ARG002 - a Format's form
        """Refuse: there is nothing to select."""
        raise ValueError(f"{self.NAME} has no fields; label it as a whole by `class`")

    def layout(self, shape: Shape) -> bool:
        """Tell whether the whole is labelled."""
        return bool(shape.options.get("labelled"))

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: a document is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> OpaqueDocument:  # noqa: ARG002 - a Format's form
        """Take the body as it is."""
        return OpaqueDocument(body, labelled=bool(layout))
