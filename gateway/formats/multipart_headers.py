"""Header fields of a part (RFC 2045, RFC 7578 section 4), read strictly.

What two readers could take apart in two ways is refused: folded lines, doubled parameters, escapes, encoded words,
several forms of one name that disagree. These are the tricks of WAFFLED and its kin.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_to_bytes

from gateway.errors import Unreadable
from gateway.formats import media
from gateway.formats.media import MediaType

_MOST_BYTES, _MOST_LINES = 16 * 1024, 32
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_PARAMETER = re.compile(r'[ \t]*;[ \t]*([A-Za-z0-9_-]+\*?)=("[^"\\]*"|[^\s";,\\]+)')
_SMUGGLED = re.compile(r"(?:^|[;,])[ \t]*(?:file)?name\*?(?:[0-9]+\*?)?[ \t]*=|=\?", re.IGNORECASE)
_WORD = re.compile(r"=\?utf-8\?B\?([A-Za-z0-9+/]+={0,2})\?=", re.IGNORECASE)
_EXTENDED = re.compile(r"utf-8'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_OF_DISPOSITION = frozenset({"name", "filename", "filename*"})
_FILE_NAMES = {"content-disposition": frozenset({"filename", "filename*"}), "content-type": frozenset({"name"})}
STRUCTURE = frozenset({
    "content-disposition", "content-type", "content-transfer-encoding", "content-id", "content-length", "mime-version",
})  # fmt: skip
"""Headers that say what a part is. Any other is a place of its own."""
DIGESTS = frozenset({"content-md5", "digest", "content-digest", "repr-digest"})
"""Headers that are not true any more once the part has changed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One header field: as it was written, its name in lower case, its value without blanks around it."""

    raw: bytes
    name: str
    value: str

    def with_value(self, value: str) -> Line:
        """Give the same field with another value. ValueError for one that would break out of its line."""
        if _CONTROL.search(value):
            raise ValueError("a header's value is one line")
        raw = self.raw.partition(b":")[0] + b": " + value.encode()
        return Line(raw, self.name, value)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a header: `start` is where its `;` or the blanks before that stand, `at` where its value does."""

    name: str
    value: str
    start: int
    at: int
    end: int


@dataclass(frozen=True, slots=True)
class Head:
    """What the header of a part says. `kind` is the content type, `written` as it stands there.

    `cid` has no angle brackets. `filename` is the name of the file in whatever forms it is there.
    """

    lines: tuple[Line, ...]
    disposition: str
    name: str | None
    filename: str | None
    kind: MediaType
    written: str
    encoding: str
    cid: str | None
    length: int | None

    def value(self, name: str) -> str | None:
        """Give the value of a header."""
        return next((line.value for line in self.lines if line.name == name), None)


def read(block: bytes) -> Head:
    """Read the header of a part: lines with CRLF between them, none at the end.

    Raises `Unreadable`: body-malformed, body-ambiguous, body-encoding, body-too-large, body-coding.
    """
    lines = tuple(_lines(block))
    said = {line.name: line.value for line in lines}
    if len(said) != len(lines):
        raise Unreadable("body-ambiguous", "a part has a header twice")
    if said.get("mime-version", "1.0") != "1.0" or "content-encoding" in said:
        raise Unreadable("body-coding", "a part has a content coding, or another version of MIME")
    disposition = said.get("content-disposition", "")
    known = _without_words({one.name: one.value for one in parameters(disposition)})
    if set(known) - _OF_DISPOSITION or any(map(_SMUGGLED.search, known.values())):
        raise Unreadable("body-ambiguous", "a part's disposition can be read in more than one way")
    written = said.get("content-type", "")
    kind = media.parse(written)
    if kind.kind == media.UNCLEAR or media.UNCLEAR in {kind.charset, kind.parameters.get("boundary")}:
        raise Unreadable("body-ambiguous", "a part's content type can be read in more than one way")
    named = next((one.value for one in parameters(written) if one.name == "name"), None)
    length = said.get("content-length")
    if length is not None and not re.fullmatch("[0-9]{1,18}", length):
        raise Unreadable("body-malformed", "a part's length is no number")
    return Head(
        lines=lines,
        disposition=disposition.partition(";")[0].strip(" \t").lower(),
        name=known.get("name"),
        filename=_filename(known.get("filename"), known.get("filename*"), named),
        kind=kind,
        written=written,
        encoding=said.get("content-transfer-encoding", "").lower(),
        cid=_cid(said.get("content-id")),
        length=None if length is None else int(length),
    )


def _without_words(known: dict[str, str]) -> dict[str, str]:
    """Read a file's name in an encoded word (RFC 2047) where it stands beside the extended one, as .NET writes both."""
    word = _WORD.fullmatch(known.get("filename", "")) if "filename*" in known else None
    if word is None:
        return known
    try:
        return {**known, "filename": b64decode(word[1], validate=True).decode()}
    except ValueError:
        return known


def parameters(value: str) -> list[Parameter]:
    """Read the parameters of a header. Raises `Unreadable`: body-ambiguous, for any that is doubled or not clear."""
    start = at = len(value.partition(";")[0])
    found: list[Parameter] = []
    while at < len(value) and value[at:] != ";":  # as Salesforce's documentation has it: nothing follows
        match = _PARAMETER.match(value, at)
        start = at
        if match is None or ("'" in match[2] and match[2][0] != '"' and not match[1].endswith("*")):
            raise Unreadable("body-ambiguous", "a part's header has parameters that can be read in more than one way")
        at = match.end()
        found.append(Parameter(match[1].lower(), match[2].strip('"'), start, match.start(2), at))
    names = [one.name for one in found]
    if len(set(names)) != len(names) or any(name.endswith("*") and name != "filename*" for name in names):
        raise Unreadable("body-ambiguous", "a part's header has a parameter twice")
    return found


def renamed(head: Head, new: str | None) -> tuple[Line, ...]:
    """Give a part's lines with another name of the file; None leaves it out."""
    made = []
    for line in head.lines:
        forms = _FILE_NAMES.get(line.name, frozenset())
        value = line.value
        for one in reversed(parameters(value) if forms else []):
            if one.name not in forms:
                continue
            if new is None:
                value = value[: one.start] + value[one.end :]
            else:
                written = f"utf-8''{quote(new, safe='')}" if one.name == "filename*" else f'"{_quoted(new)}"'
                value = value[: one.at] + written + value[one.end :]
        made.append(line if value == line.value else line.with_value(value))
    return tuple(made)


def _quoted(text: str) -> str:
    """Escape what would end a quoted text, as browsers do (WHATWG HTML, multipart/form-data)."""
    return re.sub('[\x00-\x1f\x7f"\\\\]', lambda found: f"%{ord(found[0]):02X}", text)


def _lines(block: bytes) -> Iterator[Line]:
    if len(block) > _MOST_BYTES:
        raise Unreadable("body-too-large", "the header of a part is too large")
    raws: Sequence[bytes] = block.split(b"\r\n") if block else ()
    if len(raws) > _MOST_LINES:
        raise Unreadable("body-too-large", "the header of a part has too many lines")
    for raw in raws:
        match = _LINE.fullmatch(raw)
        if match is None:
            raise Unreadable("body-malformed", "the header of a part has a line that is none")
        try:
            value = match[2].decode().strip(" \t")
        except UnicodeDecodeError:
            raise Unreadable("body-encoding", "the header of a part is not UTF-8") from None
        if _CONTROL.search(value.replace("\t", " ")):
            raise Unreadable("body-ambiguous", "the header of a part has control characters")
        yield Line(raw, match[1].decode().lower(), value)


def _filename(plain: str | None, extended: str | None, named: str | None) -> str | None:
    """Give the name of the file; where it is there in several forms, they agree (RFC 6266 section 4.3)."""
    forms = {form for form in (plain, named) if form is not None}
    if extended is not None:
        match = _EXTENDED.fullmatch(extended)
        try:
            full = unquote_to_bytes(match[1]).decode() if match else "\x00"
        except UnicodeDecodeError:
            full = "\x00"
        if _CONTROL.search(full) or _SMUGGLED.search(full):
            raise Unreadable("body-ambiguous", "a part's file name is in no form that is read")
        forms = {full if unquote(form) == full else form for form in forms} | {full}
    if len(forms) > 1:
        raise Unreadable("body-ambiguous", "a part has two file names")
    return next(iter(forms), None)


def _cid(value: str | None) -> str | None:
    if value is None:
        return None
    if not re.fullmatch(r"<[^<>\s]{1,500}>", value):
        raise Unreadable("body-malformed", "a part's Content-ID is none")
    return value[1:-1]
