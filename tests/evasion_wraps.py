"""Tricks on what is around a text: its charset, its content coding, what its headers say; and what a message is."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import brotli
import zstandard

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


@dataclass(frozen=True)
class Message:
    """A body and what its headers say of it; `words` are the names and values worth hiding.

    An archive is made of `members`, which tricks are played on one by one; `body` is what they make.
    """

    body: bytes
    kind: str | None
    words: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()
    members: tuple[tuple[str, bytes], ...] = ()

    def all_headers(self) -> tuple[tuple[str, str], ...]:
        return ((("Content-Type", self.kind),) if self.kind is not None else ()) + self.headers


Trick = Callable[[Random, Message], Message]


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
    if random.random() < 0.3:
        return _stacked(random, message)
    raw = zlib.compressobj(wbits=-15)
    packed = random.choice((gzip.compress, zlib.compress, bytes, lambda body: raw.compress(body) + raw.flush()))(
        message.body
    )
    said = random.choice(
        ("gzip", "x-gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "GZIP", "none", "", "gzip;q=1")
    )
    more = () if random.random() < 0.2 else ((random.choice(("Content-Encoding", "content-encoding")), said),)
    return replace(message, body=packed, headers=message.headers + more)


def _stacked(random: Random, message: Message) -> Message:
    """Compress by several codings that are told, each with what can stand beside the body in it."""
    body, names = message.body, []
    hidden = random.choice(message.words).encode()
    ways = {
        "gzip": lambda body: named_gzip(body, hidden),
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": lambda body: struct.pack("<II", 0x184D2A50, len(hidden)) + hidden + zstandard.compress(body),
    }
    for _ in range(random.randint(1, 3)):
        names.append(random.choice(tuple(ways)))
        body = ways[names[-1]](body)
    return replace(message, body=body, headers=(*message.headers, ("Content-Encoding", ", ".join(names))))


def named_gzip(body: bytes, name: bytes) -> bytes:
    """Compress a body as a file of a name."""
    made = gzip.compress(body, mtime=0)
    return made[:3] + b"\x08" + made[4:10] + name + b"\x00" + made[10:]


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
