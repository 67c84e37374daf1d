"""Transfer encodings of parts (RFC 2045 section 6): off to read a part, and on again in the form in which they came."""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64, a2b_qp
from itertools import pairwise

from gateway.errors import Unreadable

IDENTITIES = frozenset({"", "7bit", "8bit", "binary"})

_CRLF = b"\r\n"
_NO_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r\n)")
_NOT_QUOTED = re.compile(rb"[^\t\r\n -~]")
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b"=") | frozenset(b"\t")
_QUOTED = [b"%c" % byte if byte in _PLAIN else b"=%02X" % byte for byte in range(256)]
_WIDTH = 76
_PIECE = 65_536


def decode(content: bytes, encoding: str) -> bytes:
    """Take an encoding off. Raises `Unreadable`: body-coding, for one that is unknown or not in one clear form."""
    if encoding == "base64":
        return _from_base64(content)
    if encoding == "quoted-printable":
        return _from_quoted(content)
    if encoding not in IDENTITIES:
        raise Unreadable("body-coding", "a part has a transfer encoding that is not read")
    if encoding == "7bit" and not content.isascii():
        raise Unreadable("body-coding", "a part is not the 7-bit text that it says")
    return content


def encode(plain: bytes, encoding: str, before: bytes) -> bytes:
    """Put an encoding on; `before` is the part as it was, whose lines show how wide they are.

    Raises `Unreadable`: body-encoding, where 7 bits don't suffice.
    """
    if encoding == "base64":
        text, width = b64encode(plain), len(before.partition(_CRLF)[0]) if _CRLF in before else 0
        lines = [text[at : at + width] for at in range(0, len(text), width)] if width else [text]
        return _CRLF.join(lines) + (_CRLF if before.endswith(_CRLF) else b"")
    if encoding == "quoted-printable":
        return _CRLF.join(map(_quoted, plain.split(_CRLF)))
    if encoding == "7bit" and not plain.isascii():
        raise Unreadable("body-encoding", "a treated part can't be written in 7 bits")
    return plain


def _from_base64(content: bytes) -> bytes:
    """Decode base64 with padding, on one line or on many of one width; nothing else stands in it."""
    lines = content.removesuffix(_CRLF).split(_CRLF)
    text, width = b"".join(lines), len(lines[0])
    even = all(len(line) == width for line in lines[1:-1]) and (len(lines) == 1 or 0 < len(lines[-1]) <= width)
    try:
        plain = a2b_base64(text, strict_mode=True)
    except NotBase64:
        even, plain = False, b""
    # What hangs over in the last group is zero; and nothing follows the padding.
    if not even or len(text) != (len(plain) + 2) // 3 * 4 or b64encode(plain[(len(plain) - 1) // 3 * 3 :]) != text[-4:]:
        raise Unreadable("body-coding", "a part is not in clear base64")
    return plain


def _from_quoted(content: bytes) -> bytes:
    """Decode quoted-printable whose lines end with CRLF, and none with a blank, which may have been lost or added."""
    rest = content.replace(_CRLF, b"")
    loose = content.endswith((b" ", b"\t")) or b" \r\n" in content or b"\t\r\n" in content
    if loose or b"\r" in rest or b"\n" in rest or _NO_ESCAPE.search(content) or _NOT_QUOTED.search(content):
        raise Unreadable("body-coding", "a part is not in clear quoted-printable")
    return a2b_qp(content)


def _quoted(line: bytes) -> bytes:
    """Write one line, in several where it is long; a blank at the end is escaped (RFC 2045 section 6.7)."""
    pieces = (line[at : at + _PIECE] for at in range(0, len(line), _PIECE))
    text = b"".join(b"".join(map(_QUOTED.__getitem__, piece)) for piece in pieces)
    if text.endswith((b" ", b"\t")):
        text = text[:-1] + b"=%02X" % text[-1]
    if len(text) < _WIDTH:
        return text
    cuts = [0]
    while cuts[-1] + _WIDTH <= len(text):
        at = cuts[-1] + _WIDTH - 1
        escape = text.rfind(b"=", at - 2, at)
        cuts.append(at if escape < 0 else escape)
    return b"=\r\n".join(text[start:end] for start, end in pairwise([*cuts, len(text)]))
