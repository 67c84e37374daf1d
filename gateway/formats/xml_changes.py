"""What changes in the pieces of an XML body: texts put in, tags rewritten, whole elements taken out."""

from __future__ import annotations

from collections import Counter

from gateway.formats.xml_leaf import Made
from gateway.formats.xml_path import Kind
from gateway.formats.xml_scan import Scan
from gateway.formats.xml_tag import attributes

_OPENS = frozenset({Kind.OPEN, Kind.EMPTY})


class Changes:
    """The changes to one body: `tags` and `texts` are those that are others now, by piece; a tag of None is gone."""

    def __init__(self, scan: Scan) -> None:
        """Begin with nothing changed."""
        self.scan = scan
        self.tags: dict[int, bytes | None] = {}
        self.texts: dict[int, bytes] = {}
        self._family: tuple[int, int, Counter[object]] = (0, 0, Counter())

    def body(self, body: bytes) -> bytes:
        """Give the body as it became, the very same where nothing changed."""
        if not self.tags and not self.texts:
            return body
        pieces, steps = self.scan.pieces.copy(), self.scan.steps
        if not self.tags:
            for at, new in self.texts.items():
                pieces[at] = pieces[at][: steps[at].size] + new
            return b"<".join(pieces)
        for at in self.tags.keys() | self.texts.keys():
            piece, size = pieces[at], steps[at].size
            tag, text = self.tags.get(at, piece[:size]), self.texts.get(at)
            pieces[at] = (tag or b"") + (piece[size:] if text is None else text)
        if None not in self.tags.values():
            return b"<".join(pieces)
        parts = [piece if self.tags.get(at, b"") is None else b"<" + piece for at, piece in enumerate(pieces)]
        return b"".join(parts)[1:]

    def member(self, at: int) -> int:
        """Give where the member of an XML-RPC struct begins whose value an element is; 0 for any other value."""
        path = self.scan.steps[at].path
        value = path if path.name[1] == "value" else path.parent
        member = value.parent if value is not None and value.name[1] == "value" else None
        while at and member is not None and member.name[1] == "member":
            at -= 1
            if self.scan.steps[at].kind is Kind.OPEN and self.scan.steps[at].path is member:
                return at
        return 0

    def droppable(self, at: int) -> bool:
        """Tell whether an element can be left out, as a member: none beside it has its name, and others stay."""
        steps, path = self.scan.steps, self.scan.steps[at].path
        first, last, names = self._family
        if not first < at < last or steps[first].path is not path.parent:
            first = at
            while first and (steps[first].kind is not Kind.OPEN or steps[first].path is not path.parent):
                first -= 1
            last = self.scan.close(first) if first else 0
            within = (steps[index] for index in range(first + 1, last))
            names = Counter(one.path.name for one in within if one.kind in _OPENS and one.path.parent is path.parent)
            self._family = (first, last, names)
        return bool(first) and names[path.name] == 1 and len(names) > 1

    def replace(self, at: int, end: int, content: bytes) -> None:
        """Put content between a tag and the next one, in the place of all that stands there."""
        if at + 1 < end:
            self.drop(at + 1, end - 1)
            self.texts[end - 1] = b""
        self.texts[at] = content

    def drop(self, first: int, last: int) -> None:
        """Take out some pieces, all but the text after the last."""
        for at in range(first, last + 1):
            self.tags[at] = None
            if at < last:
                self.texts[at] = b""

    def remove(self, at: int, end: int) -> None:
        """Take out an element; a root element stays, empty."""
        parent = self.scan.steps[at].path.parent
        if parent is None or parent.parent is None:
            self.hollow_out(at, end)
        else:
            self.drop(at, end)

    def hollow_out(self, at: int, end: int) -> None:
        """Leave nothing of an element but its tags, its declarations, and attributes that say how to read it."""
        step = self.scan.steps[at]
        if at < end:
            self.replace(at, end, b"")
        tag, made, done = self.scan.pieces[at][: step.size], list[bytes](), 0
        for one in () if step.bare else attributes(tag, step.path.names):
            if not one.structural:
                made.append(tag[done : one.start])
                done = one.end
        if done:
            self.tags[at] = b"".join(made) + tag[done:]

    def rename(self, at: int, end: int, made: Made) -> None:
        """Give an element another name and content, without attributes."""
        name = (made.name or "").encode()
        if made.empty or at == end:
            self.drop(at, end)
            self.tags[at] = name + b"/>"
            if not made.empty:
                self.tags[at] = name + b">" + made.content + b"</" + name + b">"
            return
        self.replace(at, end, made.content)
        self.tags[at], self.tags[end] = name + b">", b"/" + name + b">"
