"""Bodies of parts: fields of forms by their names, other parts by their content type, else by their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from typing import ClassVar

from gateway.discover.outline import Outline, Purse, Several
from gateway.discover.shown import Show, show
from gateway.discover.spots import Spotted, hidden
from gateway.discover.views.form_view import STAR, joined, nested
from gateway.discover.views.view import Base, Options, Viewed, typed
from gateway.formats import multipart_parts
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.multipart import Multipart
from gateway.formats.multipart_headers import STRUCTURE
from gateway.formats.multipart_parts import Section
from gateway.formats.multipart_select import FILENAME
from gateway.formats.multipart_transfer import IDENTITIES

_MOST = 200
_CHARSET = "_charset_"
_PLAIN = frozenset({"", "text/plain"})
_HEADER = ";"
_ENCODED = "fields come in base64 or quoted-printable, which servers read differently: see `transfer_encodings`"


class MultipartView(Base):
    """See above."""

    NAME: ClassVar[str] = "multipart"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        form = Multipart()
        encoded = any(one.in_form and one.head.encoding not in IDENTITIES for one in multipart_parts.read(text).all)
        options: Options = (("transfer_encodings", "decode"),) if encoded else ()
        sections = form.read(text, form.layout(Shape(options=dict(options))), limits).sections.all
        fields = [(one.head.name or "", _held(one, purse)) for one in sections if _is_field(one)]
        made: dict[str, object] = {}
        names = Counter(_called(one, sections) for one in sections)
        for section in sections[:_MOST]:
            name = _called(section, sections)
            if not section.in_form:
                name = name if names[name] == 1 or name.startswith("#") else f"#{section.number}"
                made[name] = _held(section, purse)
            for header, value in _headers(section):
                place = f"{_selected(name)}{_HEADER}{header}"
                known = made.setdefault(place, Several())
                assert isinstance(known, list), "as it was made"
                known.append(value)
        return Viewed(({**nested(fields), **made},), options, remarks=(_ENCODED,) if encoded else ())

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:  # noqa: ARG002 - the protocol's
        """Let the names of fields that could be data be `*`; numbers and content types are none."""
        names = Outline()
        parts = {member.partition(_HEADER)[0] for member in outline.members}
        names.members = {name: Outline() for name in sorted(parts) if not name.startswith("#") and "/" not in name}
        odd = {*hidden(names, echoes)} - {STAR}
        for member in list(outline.members):
            name, semicolon, header = member.partition(_HEADER)
            if name in odd:
                inner = outline.members.pop(member)
                outline.members.setdefault(f"{STAR}{semicolon}{header}", Outline()).absorb(inner)

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        selector = joined(spot)
        return f"name:{selector}" if selector.startswith(("cid:", "#")) and len(spot.steps) > 1 else selector


def _is_field(section: Section) -> bool:
    return section.in_form and section.head.name != _CHARSET


def _held(section: Section, purse: Purse) -> object:
    if section.head.kind.kind in _PLAIN and section.head.filename is None and section.in_form:
        return typed(section.part.text) if len(section.part.body) < 1000 else purse.part(section.part)  # noqa: PLR2004 - no number
    return purse.part(section.part)


def _called(section: Section, sections: tuple[Section, ...]) -> str:
    """Name a part: the field that it is, else what no other part is, else its number."""
    if section.in_form:
        return section.head.name or ""
    kind = section.head.kind.kind or "text/plain"
    alike = [one for one in sections if (one.head.kind.kind or "text/plain") == kind]
    return f"#{section.number}" if section.number == 1 or len(alike) > 1 else kind


def _selected(name: str) -> str:
    return name if show(name) is not Show.ODD or name.startswith("#") or "/" in name else STAR


def _headers(section: Section) -> list[tuple[str, str]]:
    """Give the name of the file, and headers that don't say what a part is."""
    found = [(FILENAME, section.head.filename)] if section.head.filename is not None else []
    return [*found, *((line.name, line.value) for line in section.head.lines if line.name not in STRUCTURE)]
