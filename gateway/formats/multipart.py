"""Multipart bodies: forms with files (RFC 7578), mixed, alternative and related parts (RFC 2046, 2387; MTOM, XOP).

Each part is a place: it holds a message of its own (`contains`: its content type, charset and transfer encoding must be
what that message is), or has a class and is treated as text, base64 where its bytes are no text. The names of files are
places too, and so are headers that don't say what a part is. What no field names is unlisted; the names of a form's
fields, Content-IDs and content types are structure and stay. A field that nobody labelled goes with a name that is not
written as names in programs are (`formats.names`), where its edit would change that name: it could be a value.

In MTOM (XOP) and SOAP with attachments the parts are values of the XML that is the root: a class on the element that
refers to a part says nothing of that part. So a part that has a Content-ID needs a label of its own there: one that no
field names is refused even where unlisted places are kept.

Promise: parts and headers that no edit changes stay byte-identical, and so does all that is around them. A changed part
goes in the transfer encoding in which it came, with its length, if it told one, counted anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.errors import Unreadable
from gateway.formats import multipart_headers, multipart_parts, multipart_transfer
from gateway.formats.alike import alike
from gateway.formats.document import Edits, Owner, Signal, Spot, Written
from gateway.formats.format import Lists, Option, Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.multipart_headers import DIGESTS, STRUCTURE, Line
from gateway.formats.multipart_parts import KINDS, Section, Sections
from gateway.formats.multipart_select import FILENAME, Selector, parse
from gateway.formats.names import plain
from gateway.formats.parts import Part
from gateway.formats.tally import Tally, pointer, text_of

_BRACKETS = re.compile(r"\[[\w-]{0,20}\]", re.ASCII)
_CHARSET = "_charset_"  # RFC 7578 section 4.6: a field of a form that tells the charset of the others


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A compiled message. `decoded`: whether encoded parts of forms are read."""

    fields: tuple[Selector, ...]
    customer: Selector | None
    decoded: bool

    def spot(self, section: Section, header: str = "") -> Spot:
        """Give the fields that cover a part, or a header of it."""
        fields = enumerate(self.fields)
        return tuple(at for at, one in fields if one.header == header and one.finds(section.number, section.head))

    def pointer(self, spot: Spot, header: str = "") -> str:
        """Name a place as it was labelled: names of fields may be someone's data, and so may headers."""
        if spot:
            return pointer(self.fields[spot[0]].text)
        return "/?" + (f"/{FILENAME}" if header == FILENAME else "/?" if header else "")


class Multipart:
    """See above."""

    NAME: ClassVar[str] = "multipart"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "none"
    EXAMPLE: ClassVar[str] = "document, application/pdf or document;filename"
    HELP: ClassVar[str] = "A body of several parts, such as a form with files: each is labelled, or holds a message."
    TEXT: ClassVar[bool] = False
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "transfer_encodings": Option(
            "choice",
            "What happens to fields of forms that come in base64 or quoted-printable: servers don't agree on them.",
            default="refuse",
            choices=("refuse", "decode"),
        ),
    }

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and boundaries. Raises `Unreadable`: body-wrong-type, and what reading does."""
        if media.kind not in KINDS:
            raise Unreadable("body-wrong-type", "the content type is not multipart, or of a kind that is not read")
        multipart_parts.agree(media, multipart_parts.read(plain))

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a selector of parts."""
        parse(selector, singular=singular)
        return True

    def layout(self, shape: Shape) -> Layout:
        """Compile the selectors. ValueError for records: a body of parts is one record."""
        if shape.records is not None:
            raise ValueError("a multipart body is one record; it has no list of them")
        customer = parse(shape.customer, singular=True) if shape.customer else None
        decoded = shape.options.get("transfer_encodings") == "decode"
        return Layout(tuple(map(parse, shape.fields)), customer, decoded)

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: a body of parts is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> MultipartDocument:
        """Read a body. Raises `Unreadable`: body-malformed, -ambiguous, -incomplete, -coding, -encoding, -too-large."""
        if len(body) > limits.size:
            raise Unreadable("body-too-large", "over the limit")
        sections = multipart_parts.read(body)
        multipart_parts.unique(sections)
        for section in sections.all:
            if section.in_form and section.head.encoding not in multipart_transfer.IDENTITIES and not layout.decoded:
                raise Unreadable("body-ambiguous", "a field of a form has a transfer encoding")
            if _tells_charset(section) and section.content.lower() not in {b"utf-8", b"utf8"}:
                raise Unreadable("body-encoding", "the form is in another charset than UTF-8")
        return MultipartDocument(body, layout, sections)


@dataclass(frozen=True, slots=True, eq=False)
class MultipartDocument:
    """A multipart body that was read."""

    body: bytes
    layout: Layout
    sections: Sections

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer, where exactly one is named. Raises `Unreadable` where there are two."""
        if self.layout.customer is None:
            return [None]
        found = set(self._texts(self.layout.customer)) | set(self._alike(self.layout.customer))
        if len(found) > 1:
            raise Unreadable("body-ambiguous", "the parts name two customers")
        return [next(iter(found), None) or None]

    def lookup(self, selector: str) -> str | int | None:
        """Give the text of a part that is there once."""
        found = list(self._texts(parse(selector)))
        return found[0] if len(found) == 1 and list(self._alike(parse(selector))) in ([], found) else None

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,  # noqa: ARG002 - a Document's form; nothing is around the record
        owners: Sequence[Owner] | None = None,
    ) -> Written:
        """Treat each part, and its header. Raises `Unreadable` where a treated part can't be written."""
        owner = (self.customers if owners is None else owners)[0]
        tally = Tally()
        packaged = self.sections.all[0].head.kind.kind.endswith("xml")
        writer = _Writer(self.layout, records[0], owner, tally, b"--" + self.sections.boundary, packaged)
        raws = [(section.raw, writer.section(section)) for section in self.sections.all]
        if all(new is old for old, new in raws):
            return tally.written(self.body)
        return tally.written(self.sections.joined([new for _, new in raws if new is not None]))

    def _alike(self, selector: Selector) -> Iterator[str]:
        """Give the texts of fields of a form that some servers take for the one that is selected."""
        name = selector.text.removeprefix("name:")
        for section in self.sections.all:
            text = section.part.text
            if selector.of == "name" and text is not None and section.head.name and alike(section.head.name, name):
                yield text

    def _texts(self, selector: Selector) -> Iterator[str]:
        for section in self.sections.all:
            if selector.finds(section.number, section.head):
                head = section.head
                found = head.filename if selector.header == FILENAME else head.value(selector.header)
                text = found if selector.header else section.part.text
                if text is not None:
                    yield text


@dataclass(frozen=True, slots=True, eq=False)
class _Writer:
    """Writes parts again as one decision says; `packaged`: the first part is XML, which may refer to the others."""

    layout: Layout
    edits: Edits
    owner: Owner
    tally: Tally
    delimiter: bytes
    packaged: bool

    def section(self, section: Section) -> bytes | None:
        """Write a part; the very same bytes where nothing changed, None where it has to go."""
        if _tells_charset(section):
            return section.raw
        new = self._content(section)
        if new is None:
            return None
        lines = self._lines(section)
        if new is section.part.body and lines == section.head.lines:
            return section.raw
        content = section.content
        if new is not section.part.body:
            content = multipart_transfer.encode(new, section.head.encoding, content)
            lines = tuple(_counted(line, len(content)) for line in lines if line.name not in DIGESTS)
        raw = b"".join(line.raw + b"\r\n" for line in lines) + b"\r\n" + content
        if self.delimiter in raw:
            raise Unreadable("body-ambiguous", "a treated part holds the boundary")
        return raw

    def _content(self, section: Section) -> bytes | None:
        """Treat what a part holds; None where it has to go."""
        spot = self.layout.spot(section)
        where, part = self.layout.pointer(spot), section.part
        new = self.tally.treat_part(self.edits, spot, where, part, self.owner, removable=section.in_form)
        if isinstance(new, Signal) or (section.in_form and not spot and self._names_somebody(section)):
            return None
        if isinstance(new, Part):
            if new is part and self.packaged and not spot and section.number > 1 and section.head.cid is not None:
                self.tally.refuse(self.edits, spot, where, "unlisted-field")
            return new.body
        return part.filled(text_of(new))

    def _names_somebody(self, section: Section) -> bool:
        """Tell whether the name of a field that nobody labelled could be a value, and would be changed as one."""
        name, edit, known = section.head.name or "", self.tally.edit(self.edits, ()), self.layout.customer
        if edit is None or plain(_BRACKETS.sub("", name)) or (known and known.finds(section.number, section.head)):
            return False
        return edit.value(name, self.owner) != name

    def _lines(self, section: Section) -> tuple[Line, ...]:
        """Treat the name of the file, and the headers that are places."""
        head, lines = section.head, section.head.lines
        if head.filename is not None:
            new, spot, where = self._treated(section, FILENAME, head.filename)
            if isinstance(new, Signal) and section.in_form:
                self.tally.refuse(self.edits, spot, where)  # without it a file would become a text
            elif new is not head.filename:
                lines = multipart_headers.renamed(head, None if isinstance(new, Signal) else text_of(new))
        made = []
        for line in lines:
            if line.name in STRUCTURE:
                made.append(line)
                continue
            new, spot, where = self._treated(section, line.name, line.value)
            try:
                if not isinstance(new, Signal):
                    made.append(line if new is line.value else line.with_value(text_of(new)))
            except ValueError:
                self.tally.refuse(self.edits, spot, where)
        return lines if len(made) == len(lines) and all(map(_same, made, lines)) else tuple(made)

    def _treated(self, section: Section, header: str, text: str) -> tuple[Any, Spot, str]:
        spot = self.layout.spot(section, header)
        where, removable = self.layout.pointer(spot, header), not section.in_form
        return self.tally.treat(self.edits, spot, where, text, self.owner, removable=removable), spot, where


def _same(one: object, other: object) -> bool:
    return one is other


def _counted(line: Line, length: int) -> Line:
    return line.with_value(str(length)) if line.name == "content-length" else line


def _tells_charset(section: Section) -> bool:
    return section.in_form and section.head.name == _CHARSET
