"""The parts of a batch in multipart/mixed (RFC 2046 section 5.1), found in the one way that all readers agree on.

Other than bodies of forms and mails, batches name their parts without angle brackets, may end all their lines with LF,
and get lengths wrong: all lines end alike, nothing but blank lines is before the first boundary or after the last, and
the boundary stands nowhere else, not even as the beginning of a longer one. A length that isn't the part's is refused
in a request, where a system might believe it, and put right in an answer (`mend`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats import media
from gateway.formats.media import MediaType

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
_BLANK = re.compile(rb"(?:\r?\n)*")
_MOST_LINES, _LONGEST = 100, 64 * 1024
UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})
"""Charsets that a part may be said to be in: lines are ASCII, and bodies tell their own."""
_IDENTITIES = frozenset({"", "binary", "8bit", "7bit"})
_KNOWN = frozenset({"content-type", "content-transfer-encoding", "content-length", "content-id", "mime-version"})
_ID = re.compile(r"<?([A-Za-z0-9_.~@:+-]{1,128})>?")


@dataclass(frozen=True, slots=True)
class Line:
    """One header field: as it was written, its name, its value as Latin-1 text."""

    raw: bytes
    name: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What stands between two boundaries: `head` are the lines before `content`; `id` is its Content-ID, "" for none.

    `wrong` tells that its length is not the one that it says.
    """

    raw: bytes
    head: tuple[Line, ...]
    content: bytes
    kind: MediaType
    id: str
    wrong: bool

    def written(self, content: bytes, eol: bytes) -> bytes:
        """Give the part with other content."""
        if content is self.content and not self.wrong:
            return self.raw
        lines = (_counted(line, len(content)) for line in self.head)
        return b"".join(line + eol for line in lines) + eol + content


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A body taken apart; `eol` ends its lines."""

    body: bytes
    eol: bytes
    before: bytes
    delimiter: bytes
    all: tuple[Part, ...]
    after: bytes

    def written(self, contents: Sequence[bytes]) -> bytes:
        """Give the body with other contents of its parts; the very same object where they are the same.

        Raises `Unreadable`: body-ambiguous, where the boundary would stand in one of them.
        """
        pairs = list(zip(self.all, contents, strict=True))
        if all(content is part.content and not part.wrong for part, content in pairs):
            return self.body
        raws = [part.written(content, self.eol) for part, content in pairs]
        if any(self.delimiter in raw for raw in raws):
            raise Unreadable("body-ambiguous", "the boundary would stand in what was treated")
        made = (self.delimiter + self.eol + raw + self.eol for raw in raws)
        return b"".join((self.before, *made, self.delimiter, b"--", self.after))


def read(body: bytes, kind: MediaType, eol: bytes | None, most: int, *, mend: bool) -> Parts:
    """Take a body apart, whose lines end with `eol` (None: with CRLF or LF). Raises `Unreadable`."""
    boundary = kind.parameters.get("boundary", "")
    forms = {name for name in kind.parameters if name.startswith("boundary")}
    if (
        kind.kind != "multipart/mixed"
        or kind.charset not in UTF8
        or not _BOUNDARY.fullmatch(boundary)
        or forms != {"boundary"}
    ):
        raise Unreadable("body-wrong-type", "the batch is not multipart/mixed with a boundary")
    delimiter = b"--" + boundary.encode()
    start = body.find(delimiter)
    if start < 0 or not _BLANK.fullmatch(body, 0, start):
        raise malformed("the batch does not begin with its boundary")
    found = b"\r\n" if body.startswith(b"\r\n", start + len(delimiter)) else b"\n"
    eol = found if eol is None else eol
    parts, at = list[Part](), start + len(delimiter)
    while not body.startswith(b"--", at):
        if not body.startswith(eol, at):
            raise Unreadable("body-ambiguous", "a boundary is not alone on its line")
        begin = at + len(eol)
        at = body.find(delimiter, begin)
        if at < 0:
            raise Unreadable("body-incomplete", "the last boundary of the batch is missing")
        end = at - len(eol)
        if end < begin or body[end:at] != eol or (eol == b"\n" and body[end - 1 : end] == b"\r"):
            raise Unreadable("body-ambiguous", "a boundary does not begin a line")
        if len(parts) == most:
            raise Unreadable("body-too-large", f"the batch has more than {most} parts")
        parts.append(_part(body[begin:end], eol, delimiter, mend=mend))
        at += len(delimiter)
    after = body[at + 2 :]
    if not parts or not _BLANK.fullmatch(after):
        raise malformed("the batch is empty, or something follows its last boundary")
    return Parts(body, eol, body[:start], delimiter, tuple(parts), after)


def lines(block: bytes, eol: bytes) -> tuple[Line, ...]:
    """Read header fields, one on each line. Raises `Unreadable`: body-malformed, body-too-large."""
    if not block:
        return ()
    if len(block) > _LONGEST or block.count(eol) >= _MOST_LINES:
        raise Unreadable("body-too-large", "a head in the batch is too large")
    return tuple(map(_line, block.split(eol)))


def split(content: bytes, eol: bytes) -> tuple[bytes, bytes]:
    """Part a head from what follows the blank line; there may be neither blank line nor anything after it."""
    head, blank, rest = content.partition(eol + eol)
    return (head, rest) if blank else (content.removesuffix(eol), b"")


def length(fields: Sequence[Line]) -> int | None:
    """Give the length that a head tells; None where it tells none. Raises `Unreadable`: body-malformed."""
    told = next((line.value for line in fields if line.name.lower() == "content-length"), None)
    if told is not None and not re.fullmatch("[0-9]{1,18}", told):
        raise malformed("a length in the batch is no number")
    return None if told is None else int(told)


def identifier(fields: Sequence[Line]) -> str:
    """Give the Content-ID that a head tells; "" where it tells none. Raises `Unreadable`."""
    told = [line.value for line in fields if line.name.lower() == "content-id"]
    match = _ID.fullmatch(told[0]) if told else None
    if len(told) > 1 or (told and match is None):
        raise malformed("a Content-ID in the batch is none, or there are two")
    return match[1] if match else ""


def malformed(message: str) -> Unreadable:
    """Give the error for a batch that isn't what it should be."""
    return Unreadable("body-malformed", message)


def _line(raw: bytes) -> Line:
    match = _LINE.fullmatch(raw)
    if match is None:
        raise malformed("a header field in the batch is none")
    return Line(raw, match[1].decode(), match[2].decode("latin-1"))


def _part(raw: bytes, eol: bytes, delimiter: bytes, *, mend: bool) -> Part:
    """Read one part."""
    head, content = split(raw, eol)
    fields = lines(head, eol)
    said = {line.name.lower(): line.value for line in fields}
    if len(said) != len(fields):
        raise Unreadable("body-ambiguous", "a part of the batch has a header twice")
    if not said.keys() <= _KNOWN:
        raise Unreadable("unlisted-field", "a part of the batch has a header that no such part has")
    if said.get("content-transfer-encoding", "").lower() not in _IDENTITIES or said.get("mime-version", "1.0") != "1.0":
        raise Unreadable("body-coding", "a part of the batch has a transfer encoding")
    kind = media.parse(said.get("content-type"))
    if kind.kind == media.UNCLEAR or media.UNCLEAR in {kind.charset, kind.parameters.get("boundary")}:
        raise Unreadable("body-ambiguous", "a part's content type can be read in more than one way")
    inner = b"--" + kind.parameters.get("boundary", "").encode("latin-1", "replace")
    if inner != b"--" and (inner.startswith(delimiter) or delimiter.startswith(inner)):
        raise Unreadable("body-ambiguous", "the boundary of a part can be taken for that around it")
    told = length(fields)
    wrong = told is not None and told != len(content)
    if wrong and not mend:
        raise Unreadable("body-ambiguous", "a part of the batch has another length than it says")
    return Part(raw, fields, content, kind, identifier(fields), wrong)


def _counted(line: Line, size: int) -> bytes:
    """Give a line, the length with the right number."""
    if line.name.lower() != "content-length":
        return line.raw
    return line.raw.partition(b":")[0] + b": " + str(size).encode()
