"""Where the parts of a multipart body begin and end (RFC 2046 section 5.1), so that no reader can see others.

Lines end with CRLF; the first one is the boundary, or a blank line before it; nothing follows the last boundary but one
CRLF; the boundary stands nowhere else, not even at the beginning of a longer one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats import multipart_headers, multipart_transfer, parts
from gateway.formats.media import UNCLEAR, MediaType
from gateway.formats.multipart_headers import Head
from gateway.formats.parts import Part

KINDS = frozenset({"multipart/form-data", "multipart/mixed", "multipart/related", "multipart/alternative"})
MOST_PARTS = 1000
_BOUNDARY = re.compile(rb"--([0-9A-Za-z()+_,./:=?-][0-9A-Za-z'()+_,./:=?-]{0,69})\r\n")
_CRLF = b"\r\n"


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One part: all that stands between two boundaries, its header, its content as written, and without encoding."""

    number: int
    raw: bytes = field(repr=False)
    head: Head
    content: bytes = field(repr=False)
    part: Part = field(repr=False)

    @property
    def in_form(self) -> bool:
        """Tell whether it is a field of a form."""
        return self.head.disposition == "form-data"


@dataclass(frozen=True, slots=True, eq=False)
class Sections:
    """The parts of a body, the boundary between them, and what stands before the first."""

    before: bytes
    boundary: bytes
    all: tuple[Section, ...]
    after: bytes

    def joined(self, raws: list[bytes]) -> bytes:
        """Write a body of other parts."""
        delimiter = b"--" + self.boundary
        return self.before + b"".join(delimiter + _CRLF + raw + _CRLF for raw in raws) + delimiter + b"--" + self.after


def read(body: bytes) -> Sections:
    """Take a body apart. Raises `Unreadable` for whatever is not clear."""
    start = 2 if body.startswith(b"\r\n--") else 0
    first = _BOUNDARY.match(body, start)
    if first is None:
        raise Unreadable("body-malformed", "the body does not begin with a boundary on a line of its own")
    boundary = first[1]
    delimiter, at, found = b"--" + boundary, start, list[Section]()
    while True:
        at += len(delimiter)
        if body.startswith(b"--", at) and found:
            break
        if not body.startswith(_CRLF, at):
            raise Unreadable("body-ambiguous", "a boundary is not alone on its line")
        begin, at = at + 2, body.find(delimiter, at + 2)
        if at < 0:
            raise Unreadable("body-incomplete", "the last boundary is missing")
        if at - 2 < begin or body[at - 2 : at] != _CRLF:
            raise Unreadable("body-ambiguous", "a boundary does not begin a line")
        if len(found) == MOST_PARTS:
            raise Unreadable("body-too-large", "too many parts")
        found.append(_section(len(found) + 1, body[begin : at - 2], boundary.decode()))
    after = body[at + 2 :]
    if after not in {b"", _CRLF}:
        raise Unreadable("body-ambiguous", "something follows the last boundary")
    return Sections(body[:start], boundary, tuple(found), after)


def agree(media: MediaType, sections: Sections) -> None:
    """Check that the content type and the parts say the same. Raises `Unreadable`: body-wrong-type, body-ambiguous."""
    if media.parameters.get("boundary") != sections.boundary.decode():
        raise Unreadable("body-wrong-type", "the content type does not tell the boundary of the body")
    if media.charset not in {"", "utf-8", "us-ascii"}:
        raise Unreadable("body-encoding", "the parts are in another charset than UTF-8")
    if any(name.startswith("boundary") and name != "boundary" for name in media.parameters):
        raise Unreadable("body-ambiguous", "the content type has several boundaries")
    is_form = media.kind == "multipart/form-data"
    if any(section.in_form is not is_form or (is_form and section.head.name is None) for section in sections.all):
        raise Unreadable("body-ambiguous", "the parts are not those of such a body")
    root = sections.all[0].head
    start, type_ = media.parameters.get("start"), media.parameters.get("type")
    if start is not None and start.strip("<>") != root.cid:
        raise Unreadable("body-ambiguous", "another part than the first is said to be the root")
    if type_ is not None and type_.lower() not in {root.kind.kind, root.kind.parameters.get("type", "").lower()}:
        raise Unreadable("body-ambiguous", "the root is of another type than is said")


def _section(number: int, raw: bytes, boundary: str) -> Section:
    """Read one part."""
    block, blank, content = (b"", _CRLF, raw[2:]) if raw.startswith(_CRLF) else raw.partition(_CRLF * 2)
    if not blank:
        raise Unreadable("body-malformed", "a part has no end of its header")
    head = multipart_headers.read(block)
    if head.length is not None and head.length != len(content):
        raise Unreadable("body-ambiguous", "a part has another length than it says")
    if head.kind.kind.startswith("multipart/"):
        inner = head.kind.parameters.get("boundary", UNCLEAR)
        if inner.startswith(boundary) or boundary.startswith(inner) or inner == UNCLEAR:
            raise Unreadable("body-ambiguous", "the boundary of a part can be taken for that around it")
        if head.encoding not in multipart_transfer.IDENTITIES:
            raise Unreadable("body-coding", "a multipart body in another is encoded")
    plain = multipart_transfer.decode(content, head.encoding)
    parts.check(plain, head.kind)
    return Section(number, raw, head, content, Part(plain, head.written))


def unique(sections: Sections) -> None:
    """Check that no two parts have the same Content-ID. Raises `Unreadable`: body-ambiguous."""
    cids = [section.head.cid for section in sections.all if section.head.cid is not None]
    if len(set(cids)) != len(cids):
        raise Unreadable("body-ambiguous", "two parts have the same Content-ID")
