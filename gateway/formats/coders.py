"""The codings themselves, piece by piece: gzip (RFC 1952), zlib and deflate, brotli (RFC 7932), Zstandard (RFC 8878).

A piece given to a decoder has 64 KiB at most; what it gives comes in pieces that are bounded as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import brotli
import zstandard

from gateway.errors import Unreadable

_INFLATED_PIECE = 1024 * 1024
_ZSTD_PIECE = 512  # each 4 bytes may stand for 128 kB (RFC 8878 section 3.1.1.2): 16 MiB at a time at most
_ZSTD_WINDOW = 8 * 1024 * 1024  # RFC 9659 section 3
_MOST_MEMBERS = 1000  # of a gzip file or frames of zstd: bodies of countless tiny ones are an attack
_GZIP_FLAGS = 3  # where they stand in a member
_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_BROTLI_QUALITY = 4  # what a proxy can afford


class Decoder(Protocol):
    """Takes one coding off.

    `bare` tells that all that came is in what was given: no name or comment of a file (RFC 1952 section 2.3), no frame
    to be skipped (RFC 8878 section 3.1.2), where a text could stand that no reader of the body sees. What brotli calls
    metadata can't be seen from here.
    """

    bare: bool

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what the next bytes stand for. Raises `Unreadable`: body-coding."""
        ...

    def end(self) -> None:
        """Check that nothing is missing. Raises `Unreadable`: body-incomplete."""
        ...


class Encoder(Protocol):
    """Puts one coding on."""

    def feed(self, data: bytes) -> bytes:
        """Give all that the other side needs to read the next bytes."""
        ...

    def end(self) -> bytes:
        """Give what closes the body."""
        ...

    def whole(self, body: bytes) -> bytes:
        """Give the coded form of a whole body; on an encoder that was not fed."""
        ...


class _Inflate:
    """Any number of gzip members (RFC 1952 section 2.2), or one zlib stream, or the bare deflate that some send."""

    def __init__(self, bits: int, members: int) -> None:
        self._bits = bits
        self._members = members
        self._stream: Any = zlib.decompressobj(bits) if bits else None
        self._head = b""
        self._start: bytes | None = b"" if bits else None  # of a gzip member, until its flags are seen
        self.bare = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._start is not None:
            self._start += data[: _GZIP_FLAGS + 1]
            if len(self._start) > _GZIP_FLAGS:
                self.bare, self._start = not self._start[_GZIP_FLAGS], None
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:  # noqa: PLR2004 - the length of a zlib header (RFC 1950)
                return
            data, head = self._head, self._head
            zlib_header = head[0] & 15 == 8 and (head[0] * 256 + head[1]) % 31 == 0  # noqa: PLR2004 - RFC 1950
            self._bits = 15 if zlib_header else -15
            self._stream = zlib.decompressobj(self._bits)
        rest, full = data, False
        while rest or full:
            if self._stream.eof:
                self._members, self.bare = self._members - 1, False
                if not self._members:
                    raise _broken()
                self._stream = zlib.decompressobj(self._bits)
            try:
                piece = self._stream.decompress(rest, _INFLATED_PIECE)
            except zlib.error:
                raise _broken() from None
            yield piece
            rest = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            full = len(piece) == _INFLATED_PIECE and not self._stream.eof

    def end(self) -> None:
        if self._stream is None or not self._stream.eof:
            raise _cut_short()


class _Unbrotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self.bare = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream.is_finished():
            if data:
                raise _broken()
            return
        rest, piece = data, b"?"
        while piece and not self._stream.is_finished():
            try:
                piece = self._stream.process(rest, output_buffer_limit=_INFLATED_PIECE)
            except brotli.error:  # what follows the stream as well
                raise _broken() from None
            yield piece
            rest = b""

    def end(self) -> None:
        if not self._stream.is_finished():
            raise _cut_short()


class _Unzstd:
    """Frames of Zstandard (RFC 8878 section 3), each with a window that HTTP allows."""

    def __init__(self) -> None:
        self._maker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._stream = self._maker.decompressobj()
        self._members = _MOST_MEMBERS
        self._start: bytes | None = b""
        self.bare = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._start is not None:
            self._start += data[: len(_ZSTD_FRAME)]
            if len(self._start) >= len(_ZSTD_FRAME):
                self.bare, self._start = self._start.startswith(_ZSTD_FRAME), None
        for start in range(0, len(data), _ZSTD_PIECE):
            rest = data[start : start + _ZSTD_PIECE]
            while rest:
                if self._stream.eof:
                    self._stream, self._members = self._maker.decompressobj(), self._members - 1
                    self.bare = False
                    if not self._members:
                        raise Unreadable("body-coding", "too many frames in the compressed body")
                try:
                    yield self._stream.decompress(rest)
                except zstandard.ZstdError:
                    raise _broken() from None
                rest = self._stream.unused_data if self._stream.eof else b""

    def end(self) -> None:
        if not self._stream.eof:
            raise _cut_short()


class _Deflate:
    """gzip as one member without name and time, so that the same body gives the same bytes; or a zlib stream."""

    def __init__(self, bits: int) -> None:
        self._stream = zlib.compressobj(6, zlib.DEFLATED, bits)

    def feed(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._stream.flush()

    def whole(self, body: bytes) -> bytes:
        return self._stream.compress(body) + self._stream.flush()


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=_BROTLI_QUALITY)

    def feed(self, data: bytes) -> bytes:
        return bytes(self._stream.process(data) + self._stream.flush())

    def end(self) -> bytes:
        return bytes(self._stream.finish())

    def whole(self, body: bytes) -> bytes:
        return bytes(brotli.compress(body, quality=_BROTLI_QUALITY))


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor().compressobj()

    def feed(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._stream.flush()

    def whole(self, body: bytes) -> bytes:
        return zstandard.compress(body)


def _broken() -> Unreadable:
    return Unreadable("body-coding", "the compressed body is broken, or followed by something else")


def _cut_short() -> Unreadable:
    return Unreadable("body-incomplete", "the compressed body ends before its end")


DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: _Inflate(31, _MOST_MEMBERS),
    "x-gzip": lambda: _Inflate(31, _MOST_MEMBERS),
    "deflate": lambda: _Inflate(0, 1),
    "br": _Unbrotli,
    "zstd": _Unzstd,
}
"""By the names of RFC 9110 and the IANA registry."""

ENCODERS: dict[str, Callable[[], Encoder]] = {
    "gzip": lambda: _Deflate(31),
    "x-gzip": lambda: _Deflate(31),
    "deflate": lambda: _Deflate(15),
    "br": _Brotli,
    "zstd": _Zstd,
}
