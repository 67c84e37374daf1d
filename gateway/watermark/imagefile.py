"""Reads the outside of a PNG or JPEG: its size before anything is decoded, and that it is one whole picture, no more.

What comes after the end of a picture, or a second one inside, would leave unmarked or be read differently elsewhere.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from gateway.watermark.plan import unmarkable

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_PADDING = b"\0\r\n\t "  # what careless writers leave at the end
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF markers (ITU-T T.81, table B.1)
_ALONE = frozenset(range(0xD0, 0xD8)) | {0x01}  # markers without a segment
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed byte, not a restart


@dataclass(frozen=True, slots=True)
class Header:
    """The size in pixels and the bits of a sample, as the file's header says."""

    width: int
    height: int
    depth: int


def read(kind: str, body: bytes) -> Header:
    """Read a `png` or `jpeg`. Refuses `format`, `truncated`, `broken`, `animated` and `trailing-data`."""
    return _png(body) if kind == "png" else _jpeg(body)


def _png(body: bytes) -> Header:
    """Walk the chunks (W3C PNG, section 5), each with its checksum."""
    if not body.startswith(_PNG):
        raise unmarkable("format")
    at, header = len(_PNG), None
    while True:
        length, name = int.from_bytes(body[at : at + 4], "big"), body[at + 4 : at + 8]
        data = body[at + 8 : at + 8 + length]
        checksum = body[at + 8 + length : at + 12 + length]
        if len(checksum) < 4:  # noqa: PLR2004  the bytes of a CRC-32
            raise unmarkable("truncated")
        if zlib.crc32(data, zlib.crc32(name)) != int.from_bytes(checksum, "big"):
            raise unmarkable("broken")
        at += 12 + length
        if (name == b"IHDR") != (header is None):
            raise unmarkable("broken")
        if name == b"IHDR":
            if length != 13:  # noqa: PLR2004  its fixed size
                raise unmarkable("broken")
            header = Header(int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big"), data[8])
        if name in (b"acTL", b"fcTL", b"fdAT"):
            raise unmarkable("animated")
        if name == b"IEND":
            _nothing_after(body, at)
            assert header is not None
            return header


def _jpeg(body: bytes) -> Header:
    """Walk the segments and scans (ITU-T T.81, annex B) to the end of the image."""
    if not body.startswith(_JPEG):
        raise unmarkable("format")
    at, header = 2, None
    while True:
        while body[at : at + 2] == b"\xff\xff":
            at += 1  # fill bytes
        if len(body) < at + 2:
            raise unmarkable("truncated")
        marker = body[at + 1]
        if body[at] != 0xFF or marker in (0x00, _START):  # noqa: PLR2004  how a marker begins
            raise unmarkable("broken")
        at += 2
        if marker == _END:
            if header is None:
                raise unmarkable("broken")
            _nothing_after(body, at)
            return header
        if marker in _ALONE:
            continue
        length = int.from_bytes(body[at : at + 2], "big")
        segment = body[at + 2 : at + length]
        if length < 2 or len(segment) < length - 2:  # noqa: PLR2004  the length counts its own two bytes
            raise unmarkable("truncated")
        at += length
        if marker in _FRAMES:
            if header is not None or len(segment) < 6:  # noqa: PLR2004  a frame header's fixed part
                raise unmarkable("broken")
            header = Header(int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big"), segment[0])
        if marker == _SCAN:
            found = _MARKER.search(body, at)
            if found is None:
                raise unmarkable("truncated")
            at = found.start()


def _nothing_after(body: bytes, end: int) -> None:
    if body[end:].strip(_PADDING):
        raise unmarkable("trailing-data")
