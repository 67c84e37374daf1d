"""The shared strings of a workbook (ECMA-376 part 1, section 18.4): what each says, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.errors import Unreadable
from gateway.formats import xlsx_part
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_cells import decoded, text_in
from gateway.formats.xlsx_names import MAIN
from gateway.formats.xlsx_part import Change, Element, Walk, XmlPart
from gateway.formats.xml_scan import pieces_of
from gateway.formats.xml_text import text_of

_STRING = rb'<%(p)bsi><%(p)bt(?:[ ]xml:space="preserve")?>([^<]*)</%(p)bt></%(p)bsi>|([ \t\r\n]++)|((?s:.))'
_OTHER = 3
_ROOT = re.compile(rb"<((?:[^ \t\r\n/>=<\"'&!?:]+:)?)sst(?=[ \t\r\n/>])[^<>]*>")


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """The texts, by number, and where each stands; `part` is None where there are none. `others` stand beside them."""

    member: str
    part: XmlPart | None
    texts: list[str]
    places: list[tuple[int, int]]
    others: list[Element]

    def blank(self, index: int) -> Change:
        """Leave a string empty: those after it keep their numbers."""
        prefix = self.part.root.prefix if self.part is not None else b""
        return (*self.places[index], b"<%bsi><%bt/></%bsi>" % (prefix, prefix, prefix))


@lru_cache(maxsize=64)
def _pattern(prefix: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    name = re.escape(prefix)
    return re.compile(_STRING % {b"p": name}), re.compile(b"</" + name + rb"si[ \t\r\n]*+>")


def read_strings(member: str | None, raw: bytes, limits: BodyLimits) -> Strings:
    """Read the shared strings. Raises `Unreadable`."""
    if member is None:
        return Strings("", None, [], [], [])
    body, written = xlsx_part.decoded(raw)
    texts, places = list[str](), list[tuple[int, int]]()

    def taken(element: Element, around: list[Element]) -> bool:
        if len(around) != 1 or element.name != (MAIN, "si"):
            return False
        texts.append(text_in(element))
        places.append((element.start, element.end))
        return True

    walk = Walk(limits, taken)
    found = _ROOT.search(body) if b"<!" not in body else None
    last = body.rfind(b"</")
    if found is None or found[0].endswith(b"/>") or last < found.end():
        root = walk.document(body)
    else:
        root = walk.document(body[: found.end()] + body[last:])
        root.end += last - found.end()
        if root.name == (MAIN, "sst"):
            _scan(body, found.end(), last, walk, root, texts, places)
    xlsx_part.check(body, walk.count)
    if root.name != (MAIN, "sst"):
        raise Unreadable("body-malformed", "a part of the workbook is not what it should be")
    if len(texts) > limits.values:
        raise Unreadable("body-too-large", "the workbook has too many strings")
    return Strings(member, XmlPart(body, written, root, tuple(walk.comments)), texts, places, root.children)


def _scan(
    body: bytes, at: int, end: int, walk: Walk, root: Element, texts: list[str], places: list[tuple[int, int]]
) -> None:
    """Read strings: those with one text by an expression, others element by element."""
    plain, last = _pattern(root.prefix)
    while at < end:
        for found in plain.finditer(body, at, end):
            if found[_OTHER] is not None:
                break
            text = found[1]
            if text is not None:
                texts.append(decoded(text_of(text)))
                places.append((at, found.end()))
                walk.count += 2
            at = found.end()
        if at < end:
            closed = last.search(body, at, end)
            upto = closed.end() if closed else end
            pieces = pieces_of(body[at:upto], 2 * walk.limits.values)
            if pieces[0].strip():
                raise Unreadable("body-ambiguous", "text beside elements in a part of the workbook")
            walk.follow(pieces[1:], at + len(pieces[0]), [root])
            at = upto
