"""Content codings (RFC 9110 section 8.4.1): off before a body is read, and on again after it was treated.

Decoding never holds more than the cap and one piece, whatever the input promises: what expands beyond the cap is
refused as soon as it does. Cut short or followed by anything else, a body is refused as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import brotli
import zstandard

from gateway.errors import Unreadable

_PIECE = 65_536
_INFLATED_PIECE = 1024 * 1024
_ZSTD_PIECE = 512  # each 4 bytes may stand for 128 kB (RFC 8878 section 3.1.1.2): 16 MiB at a time at most
_ZSTD_WINDOW = 8 * 1024 * 1024  # RFC 9659 section 3
_MOST_MEMBERS = 1000  # of a gzip file or frames of zstd: bodies of countless tiny ones are an attack
_MOST_CODINGS = 3
_ALWAYS_ALLOWED = 1024 * 1024  # a small body may expand to this, whatever the ratio

Pieces = Iterator[bytes]


def decode(body: bytes, content_encoding: str | None, max_size: int, max_ratio: int) -> bytes:
    """Take off all codings that a `Content-Encoding` names; without any, the very same object comes back.

    The result has at most `max_size` bytes, and `max_ratio` times those received (or 1 MiB, if that is more). Raises
    `Unreadable`: body-coding (unknown, broken, more than three), body-expands-too-much, body-incomplete.
    """
    cap = min(max_size, max(len(body) * max_ratio, _ALWAYS_ALLOWED))
    for name in reversed(_names(content_encoding)):
        whole = bytearray()
        for piece in _DECODERS[name](body):
            whole += piece
            if len(whole) > cap:
                raise Unreadable("body-expands-too-much", f"the body expands beyond {cap} bytes")
        body = bytes(whole)
    return body


def encode(body: bytes, content_encoding: str | None) -> bytes:
    """Put the codings on again, in their order. Raises `Unreadable` as `decode` does for names."""
    for name in _names(content_encoding):
        body = _ENCODERS[name](body)
    return body


def _names(content_encoding: str | None) -> list[str]:
    """Give the codings named, in the order in which they were applied; identity is none."""
    listed = (name.strip(" \t").lower() for name in (content_encoding or "").split(","))
    names = [name for name in listed if name not in {"", "identity"}]
    if len(names) > _MOST_CODINGS:
        raise Unreadable("body-coding", f"more than {_MOST_CODINGS} content codings")
    if any(name not in _DECODERS for name in names):
        raise Unreadable("body-coding", "a content coding that is not supported")
    return names


def _gunzip(body: bytes) -> Pieces:
    """Read a gzip file of any number of members (RFC 1952 section 2.2)."""
    return _inflate(body, 31, _MOST_MEMBERS)


def _deflate(body: bytes) -> Pieces:
    """Read a zlib stream (RFC 1950), or the bare deflate data that some servers send instead."""
    zlib_header = len(body) > 1 and body[0] & 15 == 8 and (body[0] * 256 + body[1]) % 31 == 0  # noqa: PLR2004 - RFC 1950
    return _inflate(body, 15 if zlib_header else -15, 1)


def _inflate(body: bytes, bits: int, members: int) -> Pieces:
    stream = zlib.decompressobj(bits)
    for start in range(0, len(body), _PIECE):
        rest, full = body[start : start + _PIECE], False
        while rest or full:
            if stream.eof:
                members -= 1
                if not members:
                    raise _broken()
                stream = zlib.decompressobj(bits)
            try:
                piece = stream.decompress(rest, _INFLATED_PIECE)
            except zlib.error:
                raise _broken() from None
            yield piece
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            full = len(piece) == _INFLATED_PIECE and not stream.eof
    if not stream.eof:
        raise _cut_short()


def _unbrotli(body: bytes) -> Pieces:
    """Read a brotli stream (RFC 7932); the decoder itself refuses whatever follows it."""
    stream = brotli.Decompressor()
    for start in range(0, len(body), _PIECE):
        rest, piece = body[start : start + _PIECE], b"?"
        while piece and not stream.is_finished():
            try:
                piece = stream.process(rest, output_buffer_limit=_INFLATED_PIECE)
            except brotli.error:
                raise _broken() from None
            yield piece
            rest = b""
        if stream.is_finished() and start + _PIECE < len(body):
            raise _broken()
    if not stream.is_finished():
        raise _cut_short()


def _unzstd(body: bytes) -> Pieces:
    """Read frames of Zstandard (RFC 8878 section 3), each with a window that HTTP allows."""
    maker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    stream, members = maker.decompressobj(), _MOST_MEMBERS
    for start in range(0, len(body), _ZSTD_PIECE):
        rest = body[start : start + _ZSTD_PIECE]
        while rest:
            if stream.eof:
                stream, members = maker.decompressobj(), members - 1
                if not members:
                    raise Unreadable("body-coding", "too many frames in the compressed body")
            try:
                yield stream.decompress(rest)
            except zstandard.ZstdError:
                raise _broken() from None
            rest = stream.unused_data if stream.eof else b""
    if not stream.eof:
        raise _cut_short()


def _gzip(body: bytes) -> bytes:
    """Write one member without name and time: the same body gives the same bytes."""
    stream = zlib.compressobj(6, zlib.DEFLATED, 31)
    return stream.compress(body) + stream.flush()


def _brotli(body: bytes) -> bytes:
    """Write at a quality that a proxy can afford."""
    compressed: bytes = brotli.compress(body, quality=4)
    return compressed


def _broken() -> Unreadable:
    return Unreadable("body-coding", "the compressed body is broken, or followed by something else")


def _cut_short() -> Unreadable:
    return Unreadable("body-incomplete", "the compressed body ends before its end")


_DECODERS: dict[str, Callable[[bytes], Pieces]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": zlib.compress,
    "br": _brotli,
    "zstd": zstandard.compress,
}
