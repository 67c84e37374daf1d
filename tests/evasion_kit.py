"""Tricks that hide a value from who reads on the way, and not from who reads at the end."""

from __future__ import annotations

import gzip
import json
import unicodedata
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

CHARSETS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "gbk",
    "gb18030",
    "latin-1",
    "shift_jis",
)
UNKNOWN = ("utf-7", "ebcdic", "x-none", "")
TYPES = (
    "application/json",
    "application/problem+json",
    "text/json",
    "text/plain",
    "text/csv",
    "text/html",
    "application/xml",
    "text/xml",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b1",
    "multipart/mixed; boundary=x",
    "text/event-stream",
    "application/edifact",
    "application/octet-stream",
    "",
    "*/*",
    "application/json;",
    "APPLICATION/JSON; Charset=UTF-8",
    "application/pdf",
    "image/png",
)
LOOK_ALIKES = {
    "e": "\u0435\uff45\xe9",
    "m": "\uff4d\u217f",
    "a": "\u0430\uff41",
    "i": "\u0456\u2170\u0131",
    "l": "\u217c\uff4c",
    "o": "\u043e\uff4f",
    "w": "\uff57",
    "h": "\u04bb\uff48",
}
BETWEEN = (b",", b"&", b"\n", b"\r\n", b"'", b";", b"><", b":", b"=", b"+", b"\r\n--b1")
STRAY = (
    b"\x00",
    b"\xef\xbb\xbf",
    "\u200b".encode(),
    b"\xff",
    b"\xc0\xa5",
    b"\x1b",
    b"\t",
    b"\r",
    b"\n",
    b"\\",
    b'"',
    b"'",
    b"=",
)


@dataclass(frozen=True)
class Message:
    """A body and what its headers say of it; `words` are the names and values worth hiding."""

    body: bytes
    kind: str
    words: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()

    def all_headers(self) -> tuple[tuple[str, str], ...]:
        return ((("Content-Type", self.kind),) if self.kind is not None else ()) + self.headers


Trick = Callable[[Random, Message], Message]


def _rewritten(spell: Callable[[Random, str], str]) -> Trick:
    """Spell one word otherwise: all of its letters, or some."""

    def trick(random: Random, message: Message) -> Message:
        word = random.choice(message.words).encode()
        share = random.choice((0.1, 0.5, 1.0))
        new = "".join(spell(random, one) if random.random() < share else one for one in word.decode()).encode()
        count = random.choice((1, -1))
        return replace(message, body=message.body.replace(word, new, count))

    return trick


escaped = _rewritten(
    lambda random, one: random.choice((f"\\u{ord(one):04x}", f"\\u{ord(one):04X}", f"\\x{ord(one):02x}"))
)
percent = _rewritten(lambda random, one: random.choice((f"%{ord(one):02x}", f"%25{ord(one):02x}", f"%u{ord(one):04x}")))
entity = _rewritten(lambda random, one: random.choice((f"&#{ord(one)};", f"&#x{ord(one):x};", f"&#x000{ord(one):X};")))
printable = _rewritten(lambda _, one: f"={ord(one):02X}")
case = _rewritten(lambda _, one: one.swapcase())
look_alike = _rewritten(lambda random, one: random.choice(LOOK_ALIKES.get(one, one)))
spaced = _rewritten(lambda random, one: one + random.choice(("\u200b", "\u00ad", "\u0301", " ", "\ufeff")))


def normal_form(random: Random, message: Message) -> Message:
    form = random.choice(("NFC", "NFD", "NFKC", "NFKD"))
    return replace(message, body=unicodedata.normalize(form, message.body.decode("utf-8", "replace")).encode())


def wrapped_word(random: Random, message: Message) -> Message:
    """Give a word as base64, as hex, in CDATA, in a comment or in quotes."""
    word = random.choice(message.words).encode()
    ways = (
        b64encode(word),
        word.hex().encode(),
        b"<![CDATA[" + word + b"]]>",
        b"<!--" + word + b"-->",
        b'"' + word + b'"',
    )
    return replace(message, body=message.body.replace(word, random.choice(ways), 1))


def pieces(random: Random, message: Message) -> Message:
    """Repeat, swap, move or leave out what stands between separators: members, columns, pairs, lines, segments.

    What comes first stays: a table's first line and what it names are names, and no values, by agreement.
    """
    separator = random.choice(BETWEEN)
    parts = message.body.split(separator)
    if len(parts) < 3:
        return message
    one, other = random.randrange(1, len(parts)), random.randrange(1, len(parts))
    match random.randrange(3):
        case 0:
            parts.insert(other, parts[one])
        case 1:
            parts[one], parts[other] = parts[other], parts[one]
        case _:
            del parts[one]
    return replace(message, body=separator.join(parts))


def stray(random: Random, message: Message) -> Message:
    at = random.randint(0, len(message.body))
    return replace(message, body=message.body[:at] + random.choice(STRAY) + message.body[at:])


def cut(random: Random, message: Message) -> Message:
    return replace(message, body=message.body[: random.randint(0, len(message.body))])


def joined(random: Random, message: Message) -> Message:
    between = random.choice((b"", b"\n", b" ", b",", b"\x00", b"\r\n\r\n", b"\x1e"))
    return replace(message, body=message.body + between + message.body)


def line_ends(random: Random, message: Message) -> Message:
    old, new = random.choice(
        ((b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\n", b"\r"), (b"\r\n", b"\r"), (b"\n", "\u2028".encode()))
    )
    return replace(message, body=message.body.replace(old, new, random.choice((1, -1))))


def nested(random: Random, message: Message) -> Message:
    body = message.body
    text = body.decode("utf-8", "replace")
    ways = (
        b"[" + body + b"]",
        b'{"d":' + body + b"}",
        b'{"value":[' + body + b"]}",
        json.dumps(text).encode(),
        json.dumps({"email": text}).encode(),
        json.dumps([[text]]).encode(),
        b"<x>" + body + b"</x>",
        b64encode(body),
        b"data: " + body + b"\n\n",
        b")]}'\n" + body,
        b"callback(" + body + b")",
        b"while(1);" + body,
        body[1:-1],
    )
    return replace(message, body=random.choice(ways))


def numbers(random: Random, message: Message) -> Message:
    new = random.choice(
        (b"4711.0", b"4.711e3", b'"4711"', b"04711", b"+4711", b"0x1267", b"-0", b"1E400", b"[4711]", b"null", b"NaN")
    )
    return replace(message, body=message.body.replace(b"4711", new, 1))


def charset(random: Random, message: Message) -> Message:
    """Write the body in another charset, and say so, or say nothing, or say something else."""
    real, said = random.choice(CHARSETS), random.choice(CHARSETS + UNKNOWN)
    body = message.body.decode("utf-8", "replace").encode(real, "replace")
    match random.randrange(3):
        case 0:
            return replace(message, body=body)
        case 1:
            return replace(message, body=body, kind=f"{message.kind}; charset={real}")
        case _:
            return replace(message, body=body, kind=f"{message.kind}; charset={said}")


def coding(random: Random, message: Message) -> Message:
    """Compress, and say so, or not, or twice; or say so without having done it."""
    raw = zlib.compressobj(wbits=-15)
    packed = random.choice((gzip.compress, zlib.compress, bytes, lambda body: raw.compress(body) + raw.flush()))(
        message.body
    )
    said = random.choice(
        ("gzip", "x-gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "GZIP", "none", "", "gzip;q=1")
    )
    more = () if random.random() < 0.2 else ((random.choice(("Content-Encoding", "content-encoding")), said),)
    return replace(message, body=packed, headers=message.headers + more)


def content_type(random: Random, message: Message) -> Message:
    new = random.choice(TYPES)
    match random.randrange(4):
        case 0:
            return replace(message, kind=new)
        case 1:
            return replace(message, headers=(*message.headers, ("Content-Type", new)))
        case 2:
            return replace(message, kind=f"{message.kind}, {new}")
        case _:
            more = (
                "; boundary=zz",
                "; header=absent",
                "; charset*=utf-8''gbk",
                ";;",
                "; charset",
                '; charset="utf-8',
                "; a=b; a=c",
            )
            return replace(message, kind=message.kind + random.choice(more))


def other_headers(random: Random, message: Message) -> Message:
    more = (
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Range", "bytes 0-9/99"),
        ("Transfer-Encoding", "gzip"),
        ("Content-Length", "3"),
        ("Trailer", "X-Email"),
        ("Content-Disposition", "attachment"),
        ("Content-MD5", "x"),
    )
    return replace(message, headers=(*message.headers, random.choice(more)))


TRICKS: tuple[Trick, ...] = (
    escaped,
    percent,
    entity,
    printable,
    case,
    look_alike,
    spaced,
    normal_form,
    wrapped_word,
    pieces,
    pieces,
    stray,
    cut,
    joined,
    line_ends,
    nested,
    numbers,
    charset,
    coding,
    content_type,
    other_headers,
)
LAST = (charset, coding)
"""Tricks after which a body is no text any more that others could be tried on."""


def tricked(random: Random, message: Message, most: int = 3) -> Message:
    """Apply a few tricks."""
    chosen = [random.choice(TRICKS) for _ in range(random.randint(1, most))]
    for trick in sorted(chosen, key=lambda one: one in LAST and 1 + LAST.index(one)):
        message = trick(random, message)
    return message
