"""One XML part of a workbook: its elements with the places where they stand, and other bytes put in their place.

Strict: instructions, document types and text beside elements are refused. Another parser has to find as many elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats import charset
from gateway.formats.charset import Charset
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_names import plain_space
from gateway.formats.xml_scan import pieces_of
from gateway.formats.xml_tag import Attribute, Name, Opened, attributes, closed, expanded, opened
from gateway.formats.xml_text import SPACE, section, text_of
from gateway.formats.xml_tree import counted

Change = tuple[int, int, bytes]
"""Where bytes go, from and to, and what comes in their place."""


@dataclass(slots=True, eq=False)
class Element:
    """An element from `start` to `end`, what is in it from `inside`; `raw` is its name as written.

    `held`: how many elements it had in it.
    """

    name: Name
    raw: bytes
    start: int
    inside: int
    attributes: Mapping[Name, str]
    names: Mapping[str, str]
    end: int = 0
    text: str = ""
    held: int = 0
    children: list[Element] = field(default_factory=list)

    @property
    def prefix(self) -> bytes:
        """Give the prefix of its name, with the colon."""
        return self.raw[: self.raw.find(b":") + 1]

    @property
    def cut(self) -> Change:
        """Give the change that takes it out."""
        return self.start, self.end, b""

    def get(self, name: str, space: str = "") -> str | None:
        """Give an attribute."""
        return self.attributes.get((space, name))

    def all(self) -> Iterator[Element]:
        """Give it, and the elements in it, in order."""
        yield self
        for child in self.children:
            yield from child.all()


Taker = Callable[[Element, list[Element]], bool]
"""Gets each element when it ends, and those around it; True where it needs no longer be kept."""


@dataclass(frozen=True, slots=True, eq=False)
class XmlPart:
    """A part that was read; `body` is UTF-8, `comments` are those of XML."""

    body: bytes
    charset: Charset
    root: Element
    comments: tuple[Change, ...] = ()

    def spliced(self, changes: Iterable[Change]) -> bytes:
        """Write the part with changes; one within another that takes all of it out is nothing by itself.

        Raises `Unreadable`: body-encoding.
        """
        made, done = list[bytes](), 0
        for start, end, new in sorted(changes, key=lambda change: (change[0], -change[1])):
            if start >= done:
                made += (self.body[done:start], new)
                done = end
        return charset.from_utf8(b"".join((*made, self.body[done:])), self.charset)

    def written(self, element: Element) -> list[Attribute]:
        """Give the attributes of an element, with their places within the tag, which begins after `start`."""
        return attributes(self.body[element.start + 1 : element.inside], element.names)

    def without(self, element: Element, *names: str, space: str = "") -> list[Change]:
        """Take attributes out of an element."""
        at = element.start + 1
        found = self.written(element)
        return [(at + one.start, at + one.end, b"") for one in found if one.name in {(space, name) for name in names}]

    def blanked(self, element: Element, names: Iterable[Name]) -> list[Change]:
        """Leave attributes of an element empty."""
        at, names = element.start + 1, set(names)
        return [(at + one.at, at + one.end, b'""') for one in self.written(element) if one.name in names]

    def emptied(self, element: Element) -> Change:
        """Take out what is in an element."""
        last = self.body.rfind(b"<", element.start, element.end)
        return (element.inside, last, b"") if element.inside < element.end else (element.end, element.end, b"")


def decoded(raw: bytes) -> tuple[bytes, Charset]:
    """Give a part as UTF-8, and how it is written. Raises `Unreadable`: body-encoding."""
    written = charset.find(raw, "")
    body = charset.to_utf8(raw, written)
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "a part of the workbook is not UTF-8") from None
    return body, written


def read(
    raw: bytes, limits: BodyLimits, taken: Taker = lambda _element, _around: False, *, mixed: bool = False
) -> XmlPart:
    """Read a part; `mixed` lets texts stand beside elements.

    Raises `Unreadable`: body-malformed, -ambiguous, -encoding, -too-large, -too-deep.
    """
    body, written = decoded(raw)
    walk = Walk(limits, taken, mixed=mixed)
    root = walk.document(body)
    check(body, walk.count)
    return XmlPart(body, written, root, tuple(walk.comments))


def check(body: bytes, count: int) -> None:
    """Check that another parser finds as many elements. Raises `Unreadable`: body-malformed, body-ambiguous."""
    if counted(body) != count:
        raise Unreadable("body-ambiguous", "two parsers find different elements in a part of the workbook")


class Walk:
    """Follows the pieces of a part; counts the elements, and takes down where XML comments stand."""

    def __init__(self, limits: BodyLimits, taken: Taker, *, mixed: bool = False) -> None:
        """Begin."""
        self.count = 0
        self.comments: list[Change] = []
        self.limits, self._taken, self._mixed = limits, taken, mixed
        self._bare: dict[tuple[bytes, int], tuple[Name, Opened, Mapping[str, str]]] = {}

    def document(self, body: bytes) -> Element:
        """Read a whole part. Raises `Unreadable`."""
        pieces = pieces_of(body, 2 * self.limits.values)
        if pieces[0].strip(SPACE):
            raise Unreadable("body-malformed", "text before the first tag of a part")
        around, at, begin = list[Element](), len(pieces[0]), 1
        if len(pieces) > 1 and pieces[1].startswith(b"?xml") and not pieces[0]:
            if pieces[1][pieces[1].find(b"?>") + 2 :].strip(SPACE):
                raise Unreadable("body-malformed", "text outside of the root element")
            at, begin = at + 1 + len(pieces[1]), 2
        root = self.follow(pieces[begin:], at, around)
        if root is None:
            raise Unreadable("body-malformed", "a part of the workbook ends too early")
        return root

    def follow(self, pieces: list[bytes], at: int, around: list[Element]) -> Element | None:
        """Follow pieces, whose first begins `at`, within elements; give the first element. Raises `Unreadable`."""
        first: Element | None = None
        outside = len(around)
        for piece in pieces:
            if piece.startswith((b"!", b"?")):
                size = self._special(piece, at, around)
            elif piece.startswith(b"/"):
                size, name = closed(piece)
                if len(around) == outside or around[-1].raw != name:
                    raise Unreadable("body-malformed", "an end tag that doesn't match its start tag")
                self._close(around, at + 1 + size)
            else:
                element, size, empty = self._element(piece, at, around[-1].names if around else {"xml": ""})
                if (first is not None and not around) or len(around) >= self.limits.depth:
                    raise Unreadable("body-too-deep" if around else "body-malformed", "more elements than there may be")
                first = first or element
                self.count += 1
                around.append(element)
                if empty:
                    self._close(around, at + 1 + size)
            if len(around) > outside:
                if size < len(piece):
                    around[-1].text += text_of(piece[size:])
            elif piece[size:].strip(SPACE):
                raise Unreadable("body-malformed", "text outside of the root element")
            at += 1 + len(piece)
        if len(around) != outside:
            raise Unreadable("body-malformed", "a part of the workbook ends too early")
        return first

    def _special(self, piece: bytes, at: int, around: list[Element]) -> int:
        """Take a comment down, or the text of a CDATA section; give its size."""
        if piece.startswith(b"!--"):
            size = piece.find(b"-->", 3) + 3
            self.comments.append((at, at + 1 + size, b""))
            return size
        text = section(piece[: piece.find(b"]]>") + 3]) if around else None
        if text is None:
            raise Unreadable("body-ambiguous", "a part of the workbook has instructions, or a document type")
        around[-1].text += text.decode().replace("\r\n", "\n").replace("\r", "\n")
        return piece.find(b"]]>") + 3

    def _element(self, piece: bytes, at: int, names: Mapping[str, str]) -> tuple[Element, int, bool]:
        """Read a start tag; those without attributes are remembered."""
        key = piece[: piece.find(b">") + 1], id(names)
        known = self._bare.get(key)
        if known is not None:
            tag = known[1]
            return Element(known[0], tag.raw, at, at + 1 + tag.size, {}, names), tag.size, tag.empty
        tag = opened(piece)
        if tag.declared:
            names = {**names, **{prefix: plain_space(uri) for prefix, uri in tag.declared}}
        found: dict[Name, str] = {}
        for one in () if tag.bare else attributes(piece[: tag.size], names):
            found[one.name] = one.value
        name = expanded(tag.raw, names)
        if tag.bare:
            self._bare[key] = name, tag, names  # the mapping is kept, so that its id is
        return Element(name, tag.raw, at, at + 1 + tag.size, found, names), tag.size, tag.empty

    def _close(self, around: list[Element], end: int) -> None:
        """End the innermost element."""
        element = around.pop()
        element.end = end
        if not self._mixed and element.held and element.text.strip():
            raise Unreadable("body-ambiguous", "text beside elements in a part of the workbook")
        if around:
            around[-1].held += 1
        if not self._taken(element, around) and around:
            around[-1].children.append(element)
