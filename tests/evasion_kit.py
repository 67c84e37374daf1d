"""Tricks that hide a value from who reads on the way, and not from who reads at the end."""

from __future__ import annotations

import json
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from random import Random

from evasion_archives import packed
from evasion_wraps import Message, Trick, charset, coding, content_type, other_headers

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


SNIPPETS = (
    b'<?xml version="1.0" encoding="gbk"?>',
    b'<!DOCTYPE a [<!ENTITY e "x">]>',
    b' xmlns="urn:x"',
    b' xsi:nil="true"',
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<x/>",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: text/html\r\n",
    b"Content-Encoding: gzip\r\n",
    b"--b1\r\n",
    b"\r\n--b1--\r\n",
    b'"__proto__":{},',
    b'{"email":"',
    b"/*",
    b"*/",
    b"//",
    b"#",
    b"%PDF-1.7\n",
    b"PK\x03\x04",
    b"GIF89a",
    b"&email=",
    b"[]=",
    b"sep=;\r\n",
    b"data: ",
    b"event: name\n",
    b"\n\n",
    b"retry: 1\n",
    b"UNA|.? ~",
    b"?'",
    b"'UNZ+1+77'",
    b"~IEA*1*000000905~",
    b"ISA*00*",
    b"\x1f\x8b\x08\x00",
)
"""What means something to one format or another, to be put where it does not belong."""


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


def inserted(random: Random, message: Message) -> Message:
    """Put a snippet somewhere: at a separator more often than not."""
    at = random.randint(0, len(message.body))
    if random.random() < 0.7:
        at = max(message.body.rfind(random.choice(BETWEEN), 0, at), 0)
    return replace(message, body=message.body[:at] + random.choice(SNIPPETS) + message.body[at:])


def mark(random: Random, message: Message) -> Message:
    """Put a byte order mark before the body, twice, behind it, or in the middle."""
    one = random.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"\x2b\x2f\x76\x38"))
    half = len(message.body) // 2
    ways = (one + message.body, one * 2 + message.body, message.body + one)
    return replace(message, body=random.choice((*ways, message.body[:half] + one + message.body[half:])))


def space(random: Random, message: Message) -> Message:
    """Put white space before the body, behind it, or both."""
    more = random.choice((b" ", b"\n", b"\r\n", b"\t \r\n", b"\n" * 600, b"\x0b", b"\x0c", b"\xc2\xa0"))
    return replace(message, body=random.choice((more + message.body, more + message.body + more, message.body + more)))


def before(random: Random, message: Message) -> Message:
    """Put empty lines before the body."""
    return replace(message, body=random.choice((b"\n", b"\r\n", b"\r\n\r\n", b"\n" * 600)) + message.body)


def deep(random: Random, message: Message) -> Message:
    """Nest it deeper than anyone should."""
    levels = random.choice((5, 60, 300, 3000))
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"<x>", b"</x>")))
    return replace(message, body=opening * levels + message.body + closing * levels)


def chunks(random: Random, message: Message) -> Message:
    """Leave the framing of HTTP in the body."""
    at = random.randint(0, len(message.body))
    parts = (message.body[:at], message.body[at:], b"")
    return replace(message, body=b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts))


def separators(random: Random, message: Message) -> Message:
    """Write it with other separators, or other quotes."""
    old, new = random.choice(
        (
            (b",", b";"),
            (b",", b"\t"),
            (b'"', b"'"),
            (b"*", b"|"),
            (b"~", b"'"),
            (b"'", b"~"),
            (b"+", b"|"),
            (b":", b">"),
        )
    )
    return replace(message, body=message.body.replace(old, new))


def numbers(random: Random, message: Message) -> Message:
    new = random.choice(
        (b"4711.0", b"4.711e3", b'"4711"', b"04711", b"+4711", b"0x1267", b"-0", b"1E400", b"[4711]", b"null", b"NaN")
    )
    return replace(message, body=message.body.replace(b"4711", new, 1))


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
    inserted,
    inserted,
    mark,
    space,
    deep,
    chunks,
    separators,
    numbers,
    charset,
    coding,
    content_type,
    other_headers,
)
OUTSIDE = (before, charset, coding, content_type, other_headers)
"""Tricks that leave names and values as they are, and only change how they are read."""
ON_BYTES = (cut, joined, coding, content_type, other_headers, inserted, stray, nested, chunks)
"""Tricks that can be played on what is no text."""
LAST = (charset, coding)
"""Tricks after which a body is no text any more that others could be tried on."""


def tricked(random: Random, message: Message, most: int = 3, tricks: tuple[Trick, ...] = TRICKS) -> Message:
    """Apply a few tricks; to an archive: to one of its members, to how they are packed, and to what comes of it."""
    chosen = [random.choice(tricks) for _ in range(random.randint(1, most))]
    if message.members and tricks is TRICKS:
        if random.random() < 0.7:
            at = random.randrange(len(message.members))
            name, body = message.members[at]
            changed = tricked(random, Message(body, "", message.words), most).body
            message = replace(message, members=(*message.members[:at], (name, changed), *message.members[at + 1 :]))
        message = replace(message, body=packed(random, message))
        chosen = [trick for trick in chosen if trick in ON_BYTES and random.random() < 0.4]
    for trick in sorted(chosen, key=lambda one: one in LAST and 1 + LAST.index(one)):
        message = trick(random, message)
    return message
