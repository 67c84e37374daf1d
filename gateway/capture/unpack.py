"""Captures that were compressed as files, `.har.gz` and `.zst`: unpacked as a stream, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import zstandard

from gateway.capture.faults import CutError
from gateway.capture.pieces import PIECE, Pieces, peek
from gateway.errors import BadCapture

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

_OUT = 1024 * 1024
_ZSTD_WINDOW = 128 * 1024 * 1024  # the most that `zstd` writes unless told otherwise
_FREE = 64 * 1024 * 1024
_RATIO = 250  # captured traffic shrinks 5 to 50 times


def unpacked(source: Pieces, name: str) -> tuple[Pieces, bool]:
    """Take off gzip (RFC 1952) or Zstandard (RFC 8878); tells whether there was any to take off.

    Raises, on the way, `CutError` where the file is damaged or cut, `BadCapture` where it expands beyond all measure.
    """
    head, source = peek(source, 4)
    if head.startswith(GZIP):
        return _bounded(source, name, _gunzip), True
    if head == ZSTD:
        return _bounded(source, name, _unzstd), True
    return source, False


def _bounded(source: Pieces, name: str, unpack: Callable[[Pieces], Pieces]) -> Pieces:
    """Hold what comes out against what went in: a bomb of a few bytes would keep a reader busy for days."""
    went_in = came_out = 0

    def counted() -> Pieces:
        nonlocal went_in
        for piece in source:
            went_in += len(piece)
            yield piece

    for piece in unpack(counted()):
        came_out += len(piece)
        if came_out > max(_FREE, went_in * _RATIO):
            raise BadCapture(f"{name}: expands more than {_RATIO} times: unpack it first, if it is to be trusted")
        yield piece


def _gunzip(source: Pieces) -> Pieces:
    """Read members until the end; zeros that follow them are tape padding."""
    stream = zlib.decompressobj(31)
    for piece in source:
        rest = piece
        while rest:
            if stream.eof:
                if not rest.strip(b"\0"):
                    break
                stream = zlib.decompressobj(31)
            try:
                yield stream.decompress(rest, _OUT)
            except zlib.error:
                raise CutError from None
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
    while not stream.eof:
        last = stream.decompress(b"", _OUT)
        if not last:
            raise CutError
        yield last


def _unzstd(source: Pieces) -> Pieces:
    """Read frames until the end."""
    maker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    stream = maker.decompressobj()
    for piece in source:
        for start in range(0, len(piece), PIECE // 128):  # each 4 bytes may stand for 128 kB
            rest = piece[start : start + PIECE // 128]
            while rest:
                if stream.eof:
                    stream = maker.decompressobj()
                try:
                    yield stream.decompress(rest)
                except zstandard.ZstdError:
                    raise CutError from None
                rest = stream.unused_data if stream.eof else b""
    if not stream.eof:
        raise CutError
