"""Taking a body of XML apart: pieces that begin with a `<`, each with its step; strict, in one pass, bounded.

Joined by `<`, the pieces are the body again. What the scanner does not take, it refuses: document types and entities,
XML 1.1, names that are none, tags that don't match. `xml_tree` reads the same body with a parser of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats.xml_label import Label
from gateway.formats.xml_path import STRUCTURAL, Kind, Path, Step
from gateway.formats.xml_tag import closed, expanded, opened
from gateway.formats.xml_text import SPACE

_DECLARATION = re.compile(
    rb"""\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"([0-9.]+)"|'([0-9.]+)')"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?"""
    rb"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>"""
)
_LONGEST_DECLARATION = 250  # charset.find looks no further than 400 bytes for the encoding
_SPECIAL = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_TARGET = re.compile(rb"""\?(?![Xx][Mm][Ll][ \t\r\n?])[^ \t\r\n?<>&"'/=!:]+(?=[ \t\r\n]|\?>)""")
_KINDS = ((b"!--", b"-->", Kind.COMMENT), (b"![CDATA[", b"]]>", Kind.SECTION), (b"?", b"?>", Kind.INSTRUCTION))
_PLAIN = frozenset({Kind.OPEN, Kind.CLOSE})
_LONGEST_KEPT = 300
_MOST_KEPT = 1024  # tags that one path remembers


@dataclass(slots=True, eq=False, repr=False)
class Found:
    """What conditions found: labels for some elements, by the index of their piece, and those that lead to such."""

    labels: dict[int, list[Label]] = field(default_factory=dict)
    leading: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False, repr=False)
class Scan:
    """A body taken apart; joined by `<`, the pieces are the body again, and the first is what stands before any tag.

    `marks` are the pieces with a marked step, in order; `odd` those with text after anything but a start tag, and CDATA
    sections; `elements` counts the elements.
    """

    pieces: list[bytes]
    steps: list[Step]
    marks: list[int]
    odd: list[int]
    elements: int

    def close(self, at: int) -> int:
        """Give the piece that closes the element that a piece opens."""
        steps, path, index = self.steps, self.steps[at].path, at
        if steps[at].kind is Kind.OPEN:
            index += 1
            while steps[index].path is not path or steps[index].kind is not Kind.CLOSE:
                index += 1
        return index

    def run(self, at: int) -> int:
        """Give the piece at which the text after a tag ends: the next tag, past comments and CDATA sections."""
        steps, index = self.steps, at + 1
        while index < len(steps) and steps[index].kind not in STRUCTURAL:
            index += 1
        return index

    def starts(self) -> list[int]:
        """Give the tags after which odd text begins, in order."""
        found, before, start = list[int](), -1, -1
        for odd in self.odd:
            at = odd
            while at > before and self.steps[at].kind not in STRUCTURAL:
                at -= 1
            before = odd
            if at > start and self.steps[at].kind in STRUCTURAL:
                start = at
                found.append(at)
        return found


def pieces_of(body: bytes, most: int) -> list[bytes]:
    """Cut a body at each `<` that begins a piece. Raises `Unreadable`: body-too-large, for more than `most` of them."""
    if body.count(b"<") > most:
        raise Unreadable("body-too-large", "too many elements in the body")
    if body.find(b"!") < 0 and body.find(b"?", body.find(b">")) < 0:
        return body.split(b"<")  # most bodies: nothing but a declaration, elements and texts
    made, at = [b""], 0
    for special in _SPECIAL.finditer(body):
        _add(made, body[at : special.start()])
        made.append(special[0][1:])
        at = special.end()
    _add(made, body[at:])
    return made


def scan(pieces: list[bytes], document: Path, found: Found | None = None) -> Scan:
    """Follow the pieces of a body down its paths.

    Raises `Unreadable`: body-malformed, body-too-deep, body-ambiguous, body-too-large.
    """
    scanner = _Scanner(document, Found() if found is None else found)
    steps = scanner.follow(pieces)
    if steps[-1].after is not document or not scanner.rooted:
        raise Unreadable("body-malformed", "the body ends before its root element does")
    elements = (len(pieces) - 1 - scanner.specials + scanner.empties) // 2
    return Scan(pieces, steps, scanner.marks, scanner.odd, elements)


def _add(made: list[bytes], between: bytes) -> None:
    """Cut what stands between comments, CDATA sections and instructions; its start belongs to the piece before it."""
    first, *rest = between.split(b"<")
    made[-1] += first
    made += rest


class _Scanner:
    """One pass. What a path has learned is met at once; the rest is read here."""

    def __init__(self, document: Path, found: Found) -> None:
        self.document = document
        self.found = found
        self.special = found.labels.keys() | found.leading
        self.once: dict[tuple[Path, bytes], Step] = {}
        self.marks: list[int] = []
        self.odd: list[int] = []
        self.empties = self.specials = 0
        self.rooted = False
        self.first = 1  # where a declaration may stand

    def follow(self, pieces: list[bytes]) -> list[Step]:
        """Give the step of each piece."""
        if pieces[0].strip(SPACE):
            raise Unreadable("body-malformed", "text before the first tag")
        if pieces[0]:
            self.first = 0
        here, special, once = self.document, self.special, self.once
        steps = [Step(Kind.DECLARATION, here, here, 0)]
        add, rest, opens = steps.append, iter(pieces), Kind.OPEN
        next(rest)
        for index, piece in enumerate(rest, 1):
            step = here.next.get(piece)
            if step is None or (special and index in special):
                tag, mark, text = piece.partition(b">")
                step = here.tags.get(tag)
                if step is None or not mark or (special and index in special):
                    step = once.get((here, tag))
                    if step is None or not mark or index in special:
                        step = self.meet(here, piece, index)
                        text = piece[step.size :]
                        if step.size == len(tag) + 1:
                            self.learn(here, tag, step, index)
                    self.note(here, piece, step, text, index)
                elif step.marked or step.kind is not opens or not text or text.isspace():
                    self.note(here, piece, step, text, index)
            add(step)
            here = step.after
        return steps

    def note(self, here: Path, piece: bytes, step: Step, text: bytes, index: int) -> None:
        """Take down what is of use later: where text is, what is marked; and the whole piece, where it is but a tag."""
        kind = step.kind
        if step.marked:
            self.marks.append(index)
        if text and not text.isspace():
            if step.after is self.document:
                raise Unreadable("body-malformed", "text outside of the root element")
            if kind is not Kind.OPEN:
                self.odd.append(index)
        elif step.bare and not step.marked and kind in _PLAIN and here is not self.document:
            if index not in self.special and len(piece) < _LONGEST_KEPT and len(here.next) < _MOST_KEPT:
                here.next[piece] = step
        elif kind is Kind.SECTION:
            self.odd.append(index)
        if kind is Kind.EMPTY:
            self.empties += 1
        elif kind not in STRUCTURAL:
            self.specials += 1

    def learn(self, here: Path, tag: bytes, step: Step, index: int) -> None:
        """Keep the step of a tag: for good where it is a name alone, for this body where it has attributes."""
        if here is self.document or index in self.special or step.kind not in STRUCTURAL:
            return
        if not step.bare:
            self.once[here, tag] = step
        elif len(tag) < _LONGEST_KEPT and len(here.tags) < _MOST_KEPT:
            here.tags[tag] = step

    def meet(self, here: Path, piece: bytes, index: int) -> Step:
        """Read a piece that is not known. Raises `Unreadable`."""
        if piece.startswith(b"/"):
            size, raw = closed(piece)
            if here is self.document or raw != here.raw:
                raise Unreadable("body-malformed", "an end tag that doesn't match its start tag")
            return here.step(Kind.CLOSE, size)
        if piece.startswith((b"!", b"?")):
            return _special(here, piece, first=index == self.first)
        if here is self.document:
            if self.rooted:
                raise Unreadable("body-malformed", "more than one root element")
            self.rooted = True
        tag = opened(piece)
        names = {**here.names, **dict(tag.declared)} if tag.declared else here.names
        labels, leading = self.found.labels.get(index, ()), index in self.found.leading
        below = here.child(tag.raw, expanded(tag.raw, names), names, tag.declared, labels, leading=leading)
        if below.depth > here.roots.depth:
            raise Unreadable("body-too-deep", "elements nested too deeply")
        return below.step(Kind.EMPTY if tag.empty else Kind.OPEN, tag.size, bare=tag.bare)


def _special(here: Path, piece: bytes, *, first: bool) -> Step:
    """Read a comment, a CDATA section, an instruction or the declaration. Raises `Unreadable`."""
    for begins, ends, kind in _KINDS:
        if piece.startswith(begins):
            at = piece.find(ends, len(begins))
            if at < 0:
                raise Unreadable("body-malformed", "a comment, section or instruction without its end")
            inside, size = piece[len(begins) : at], at + len(ends)
            if kind is Kind.COMMENT and (b"--" in inside or inside.endswith(b"-")):
                raise Unreadable("body-malformed", "a comment with -- in it")
            if kind is Kind.SECTION and here.parent is None:
                raise Unreadable("body-malformed", "text outside of the root element")
            if kind is not Kind.INSTRUCTION or _TARGET.match(piece):
                return Step(kind, here, here, size)
            declared = _DECLARATION.fullmatch(piece, 0, size) if first and size <= _LONGEST_DECLARATION else None
            if declared is None or (declared[1] or declared[2]) != b"1.0":
                raise Unreadable("body-malformed", "a declaration that XML 1.0 doesn't know")
            return Step(Kind.DECLARATION, here, here, size)
    raise Unreadable("body-malformed", "a document type: neither it nor its entities are taken")
