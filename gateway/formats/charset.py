"""Charsets of text bodies: told by the content type, a byte order mark and an XML prolog, which must agree.

A body is decoded strictly and worked on as UTF-8; what was treated is encoded again as it came. A body that doesn't
come back byte for byte is refused: two readers might see two texts in it.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from gateway.errors import Unreadable

CHARSETS: dict[str, str] = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii", "ansi_x3.4-1968"), "ascii"),
    **dict.fromkeys(("utf-16", "utf16"), "utf-16"),
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "iso_8859-1", "l1"), "latin-1"),
    **dict.fromkeys(("iso-8859-15", "latin-9"), "iso8859-15"),
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in range(2, 10)},
    **dict.fromkeys(("windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("gbk", "cp936", "windows-936"), "gbk"),
    "gb2312": "gb2312",
    "gb18030": "gb18030",
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "shift_jis"),
    **dict.fromkeys(("windows-31j", "cp932", "ms932"), "cp932"),
    **dict.fromkeys(("big5",), "big5"),
    "euc-jp": "euc_jp",
    "euc-kr": "euc_kr",
}
"""Names of the IANA registry that are read, in lower case, and Python's names for them. UTF-7 and its like are not."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_PROLOG = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["'][0-9.]+["']"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["'])?[^>]*\?>"""
)
_OF_JSON = frozenset({b"{", b"["})
_ENOUGH = 512  # bytes that show mark and prolog of a stream
_WIDEST = 4  # bytes of the longest mark, and of the widest character
_UTF16_OF = {"utf-16": ("utf-16-le", "utf-16-be")}


@dataclass(frozen=True, slots=True)
class Charset:
    """A codec, and the byte order mark that stood before the text."""

    codec: str = "utf-8"
    mark: bytes = b""

    @property
    def plain(self) -> bool:
        """Tell whether the body is UTF-8 already, with nothing before it."""
        return self.codec == "utf-8" and not self.mark


PLAIN = Charset()


class Transcoder:
    """Does for streams what `to_utf8` and `from_utf8` do for whole bodies; holds nothing back that is clear already."""

    def __init__(self, declared: str) -> None:
        """Take the charset that the content type names, "" for none."""
        self._declared = declared
        self._held: bytes | None = b""  # what doesn't tell the charset yet
        self._decoder: codecs.IncrementalDecoder | None = None
        self._part = b""  # of a character, held by the decoder
        self._first = True
        self._start = _WIDEST  # bytes in which a NUL tells of UTF-16 or UTF-32
        self.charset = PLAIN
        self._marked = False

    def feed(self, data: bytes) -> bytes:
        """Give the next text as UTF-8. Raises `Unreadable`: body-encoding."""
        if self._held is not None:
            data = self._held + data
            if not _tells(data):
                self._held = data
                return b""
            data = self._begin(data)
        if self._start > 0:
            if self.charset.plain and b"\x00" in data[: self._start]:
                raise _unsaid()
            self._start -= len(data)
        return data if self._decoder is None else self._decoded(data)

    def end(self) -> bytes:
        """Give the rest. Raises `Unreadable`: body-encoding."""
        rest = b"" if self._held is None else self._begin(self._held)
        return rest if self._decoder is None else self._decoded(rest, final=True)

    def back(self, text: bytes) -> bytes:
        """Encode a piece of text again. Raises `Unreadable`: body-encoding."""
        mark = b"" if self._marked else self.charset.mark
        self._marked = True
        return mark + from_utf8(text, Charset(self.charset.codec))

    def _begin(self, data: bytes) -> bytes:
        """Settle the charset; give what follows the mark."""
        self.charset = find(data, self._declared)
        self._held = None
        if not self.charset.plain:
            self._decoder = codecs.getincrementaldecoder(self.charset.codec)("strict")
        return data[len(self.charset.mark) :]

    def _decoded(self, data: bytes, *, final: bool = False) -> bytes:
        """Decode strictly; what comes must be what would be written again."""
        assert self._decoder is not None
        came = self._part + data
        try:
            text = self._decoder.decode(data, final)
            self._part = bytes(self._decoder.getstate()[0])
            same = text.encode(self.charset.codec) == came[: len(came) - len(self._part)]
        except UnicodeError:
            text, same = "", False
        if not same or (self._first and text.startswith("\ufeff")):
            raise Unreadable("body-encoding", "the body is not in the charset that it names")
        self._first = self._first and not text
        return text.encode()


def _tells(data: bytes) -> bool:
    """Tell whether the start of a body shows its mark and its prolog, or that it has none."""
    mark = next((mark for mark, _ in _MARKS if data.startswith(mark)), b"")
    if data.startswith(_WIDE) or (not mark and any(one.startswith(data) for one, _ in _MARKS)):
        return len(data) >= _WIDEST
    rest = data[len(mark) : len(mark) + 8]
    if len(data) < _WIDEST and (b"\x00" in rest or mark.startswith((b"\xff", b"\xfe"))):
        return False
    if len(rest) < 2:  # noqa: PLR2004 - what begins a prolog
        return False
    return len(data) >= _ENOUGH or not rest.replace(b"\x00", b"").startswith(b"<?")


def find(body: bytes, declared: str, default: str = "utf-8") -> Charset:
    """Tell the charset of a body; `declared` is the content type's, "" where it says none.

    `default` counts where nobody says anything. Raises `Unreadable`: body-encoding.
    """
    if body[:1] in _OF_JSON and declared in {"", "utf-8"} and default == "utf-8" and b"\x00" not in body[:4]:
        return PLAIN  # nearly every body: no mark, no prolog
    mark, marked = next(((mark, codec) for mark, codec in _MARKS if body.startswith(mark)), (b"", ""))
    if body.startswith(_WIDE):
        raise Unreadable("body-encoding", "the body is UTF-32")
    said = {codec for codec in (marked, _named(declared), _named(_in_prolog(body, mark, marked))) if codec}
    for general, orders in _UTF16_OF.items():
        if general in said and said & set(orders):
            said.discard(general)  # the mark tells the order of bytes that the name leaves open
    if "utf-16" in said:
        raise Unreadable("body-encoding", "UTF-16 without a byte order mark")
    if {"utf-8", "ascii"} <= said:
        said.discard("ascii")
    if len(said) > 1:
        raise Unreadable("body-encoding", "content type, byte order mark and prolog name different charsets")
    codec = next(iter(said), default)
    if codec == "utf-8" and not mark and b"\x00" in body[:_WIDEST]:
        raise _unsaid()
    return PLAIN if codec == "utf-8" and not mark else Charset(codec, mark)


def settle(body: bytes, declared: str, within: str) -> Charset:
    """Tell the charset of a body whose format has a place to name one: `within`, by Python's name.

    It must be what `find` tells, and counts where nothing else is said; ASCII is a part of the others, and narrower.
    Raises `Unreadable`: body-encoding.
    """
    found = find(body, declared, within)
    if "ascii" in {found.codec, within}:
        return Charset("ascii", found.mark)
    if found.codec != within:
        raise Unreadable("body-encoding", "the body names another charset than its content type or its mark")
    return found


def of_text(body: bytes) -> Charset:
    """Give the charset of bytes that were made from a text: what it says of itself was true somewhere else."""
    return Charset("utf-8", codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else PLAIN


def to_utf8(body: bytes, charset: Charset) -> bytes:
    """Give the text as UTF-8, without a byte order mark; the very same object where it is that already.

    Raises `Unreadable`: body-encoding, where the bytes aren't what they claim, or wouldn't come back.
    """
    if charset.plain:
        return body
    held = body[len(charset.mark) :]
    try:
        text = held.decode(charset.codec)
        same = text.encode(charset.codec) == held
    except (UnicodeDecodeError, UnicodeEncodeError):
        same = False
    if not same or text.startswith("\ufeff"):
        raise Unreadable("body-encoding", "the body is not in the charset that it names")
    return text.encode()


def from_utf8(text: bytes, charset: Charset) -> bytes:
    """Encode again as it came. Raises `Unreadable`: body-encoding, for characters that the charset doesn't have."""
    if charset.plain:
        return text
    try:
        return charset.mark + text.decode().encode(charset.codec)
    except UnicodeEncodeError:
        raise Unreadable("body-encoding", "a treated value can't be written in the body's charset") from None


def _named(name: str) -> str:
    """Give the codec of a name; "" for none. Raises `Unreadable` for one that is not read."""
    if name and name not in CHARSETS:
        raise Unreadable("body-encoding", "a charset that is not read")
    return CHARSETS[name] if name else ""


def _unsaid() -> Unreadable:
    return Unreadable("body-encoding", "the body looks like UTF-16 or UTF-32, and nothing says so")


def _in_prolog(body: bytes, mark: bytes, marked: str) -> str:
    """Give the encoding that an XML declaration names (XML 1.0 section 4.3.3); "" where there is none."""
    if body[len(mark) : len(mark) + 1] not in {b"<", b"\x00"}:
        return ""
    start = body[len(mark) : len(mark) + 400]
    if marked.startswith("utf-16"):
        start = start[: len(start) // 2 * 2].decode(marked, "replace").encode("ascii", "replace")
    found = _PROLOG.match(start)
    return found[1].decode().lower() if found and found[1] else ""
