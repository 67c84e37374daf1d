"""Any bytes in any charset, under any content coding: what is taken off goes on again; in pieces as in one.

The first byte chooses what is said of the rest.
"""

from __future__ import annotations

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats import charset, codings, media

DECLARED = ("", *charset.CHARSETS, "utf-7", "x-none")
CODED = (None, "gzip", "deflate", "br", "zstd", "gzip, br", "deflate, gzip", "identity", "x")
SIZE, RATIO = 1 << 20, 50


def target(data: bytes) -> None:
    if not data:
        return
    body, said = data[1:], DECLARED[data[0] % len(DECLARED)]
    media.parse(body.decode("latin-1"))
    text = whole(body, said)
    for size in (1, 3, 1000):
        assert in_pieces(body, said, size) == text
    name = CODED[data[0] % len(CODED)]
    plain = opened(body, name)
    for size in (1, 7, 70_000):
        assert unpacked(body, name, size) in {plain, None}
    if plain is not None:
        assert codings.decode(codings.encode(plain, name), name, SIZE, SIZE) == plain


def whole(body: bytes, said: str) -> bytes | None:
    """Take a charset off, and put it on again."""
    try:
        found = charset.find(body, said)
        text = charset.to_utf8(body, found)
    except Unreadable:
        return None
    assert charset.from_utf8(text, found) == body
    return text


def in_pieces(body: bytes, said: str, size: int) -> bytes | None:
    """Do the same as bytes come in."""
    coder, made, back = charset.Transcoder(said), b"", b""
    try:
        for piece in [*(coder.feed(body[at : at + size]) for at in range(0, len(body), size)), coder.end()]:
            made += piece
            back += coder.back(piece) if piece else b""
    except Unreadable:
        return None
    assert back in {body, b""}
    return made


def opened(body: bytes, name: str | None) -> bytes | None:
    """Take a content coding off."""
    try:
        return codings.decode(body, name, SIZE, RATIO)
    except Unreadable:
        return None


def unpacked(body: bytes, name: str | None, size: int) -> bytes | None:
    """Do the same as bytes come in."""
    try:
        unpacker = codings.Unpacker(name, RATIO)
        made = b"".join(piece for at in range(0, len(body), size) for piece in unpacker.feed(body[at : at + size]))
        unpacker.end()
    except Unreadable:
        return None
    return made


if __name__ == "__main__":
    fuzz(target, "charset")
