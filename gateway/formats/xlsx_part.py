"""One XML part of a workbook: its elements with the places where they stand, and other bytes put in their place.

Strict: comments, CDATA sections, instructions, document types and text beside elements are refused. Another parser has
to find as many elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats import charset
from gateway.formats.charset import Charset
from gateway.formats.limits import BodyLimits
from gateway.formats.xml_scan import pieces_of
from gateway.formats.xml_tag import Name, Opened, attributes, closed, expanded, opened
from gateway.formats.xml_text import SPACE, text_of
from gateway.formats.xml_tree import counted

Change = tuple[int, int, bytes]
"""Where bytes go, from and to, and what comes in their place."""


@dataclass(slots=True, eq=False)
class Element:
    """An element from `start` to `end`; `raw` is its name as written. `held`: how many elements it had in it."""

    name: Name
    raw: bytes
    start: int
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

    def get(self, name: str, space: str = "") -> str | None:
        """Give an attribute."""
        return self.attributes.get((space, name))

    def all(self) -> Iterator[Element]:
        """Give it, and the elements in it, in order."""
        yield self
        for child in self.children:
            yield from child.all()


_Bare = dict[tuple[bytes, int], tuple[Name, Opened, Mapping[str, str]]]
"""Start tags without attributes, as written where these namespaces are known; the mapping is kept, so its id is."""

Taker = Callable[[Element, list[Element]], bool]
"""Gets each element when it ends, and those around it; True where it needs no longer be kept."""


@dataclass(frozen=True, slots=True, eq=False)
class XmlPart:
    """A part that was read; `body` is UTF-8."""

    body: bytes
    charset: Charset
    root: Element

    def spliced(self, changes: Iterable[Change]) -> bytes:
        """Write the part with changes, which don't overlap. Raises `Unreadable`: body-encoding."""
        made, done = list[bytes](), 0
        for start, end, new in sorted(changes):
            made += (self.body[done:start], new)
            done = end
        return charset.from_utf8(b"".join((*made, self.body[done:])), self.charset)


def read(raw: bytes, limits: BodyLimits, taken: Taker = lambda _element, _around: False) -> XmlPart:
    """Read a part. Raises `Unreadable`: body-malformed, -ambiguous, -encoding, -too-large, -too-deep."""
    written = charset.find(raw, "")
    body = charset.to_utf8(raw, written)
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "a part of the workbook is not UTF-8") from None
    root, count = _followed(pieces_of(body, 2 * limits.values), limits, taken)
    if counted(body) != count:
        raise Unreadable("body-ambiguous", "two parsers find different elements in a part of the workbook")
    return XmlPart(body, written, root)


def _followed(pieces: list[bytes], limits: BodyLimits, taken: Taker) -> tuple[Element, int]:
    """Follow the pieces; give the root element, and how many elements there are."""
    around: list[Element] = []
    root: Element | None = None
    bare: _Bare = {}
    at, count = len(pieces[0]), 0
    if pieces[0].strip(SPACE):
        raise Unreadable("body-malformed", "text before the first tag of a part")
    for index, piece in enumerate(pieces[1:], 1):
        if piece.startswith((b"!", b"?")):
            size = piece.find(b"?>") + 2
            if index > 1 or not piece.startswith(b"?xml") or piece[size:].strip(SPACE):
                raise Unreadable("body-ambiguous", "a part of the workbook has comments, sections or instructions")
        elif piece.startswith(b"/"):
            size, name = closed(piece)
            if not around or around[-1].raw != name:
                raise Unreadable("body-malformed", "an end tag that doesn't match its start tag")
            _close(around, at + 1 + size, taken)
        else:
            element, size, empty = _element(piece, at, around[-1].names if around else {"xml": ""}, bare)
            if (root is not None and not around) or len(around) >= limits.depth:
                raise Unreadable("body-too-deep" if around else "body-malformed", "more elements than there may be")
            root, count = root or element, count + 1
            around.append(element)
            if empty:
                _close(around, at + 1 + size, taken)
        if around:
            if size < len(piece):
                around[-1].text += text_of(piece[size:])
        elif piece[size:].strip(SPACE):
            raise Unreadable("body-malformed", "text outside of the root element")
        at += 1 + len(piece)
    if root is None or around:
        raise Unreadable("body-malformed", "a part of the workbook ends too early")
    return root, count


def _element(piece: bytes, at: int, names: Mapping[str, str], bare: _Bare) -> tuple[Element, int, bool]:
    """Read a start tag; `bare` remembers those without attributes."""
    key = piece[: piece.find(b">") + 1], id(names)
    known = bare.get(key)
    if known is not None:
        return Element(known[0], known[1].raw, at, {}, names), known[1].size, known[1].empty
    tag = opened(piece)
    names = {**names, **dict(tag.declared)} if tag.declared else names
    found: dict[Name, str] = {}
    for one in () if tag.bare else attributes(piece[: tag.size], names):
        found[one.name] = one.value
    name = expanded(tag.raw, names)
    if tag.bare:
        bare[key] = name, tag, names
    return Element(name, tag.raw, at, found, names), tag.size, tag.empty


def _close(around: list[Element], end: int, taken: Taker) -> None:
    """End the innermost element."""
    element = around.pop()
    element.end = end
    if element.held and element.text.strip():
        raise Unreadable("body-ambiguous", "text beside elements in a part of the workbook")
    if around:
        around[-1].held += 1
    if not taken(element, around) and around:
        around[-1].children.append(element)
