"""Writes PNG: chunks, and pixels of 8 and 16 bits packed into their data."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.watermark.image.frame import Deep

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">IIBBBBB")
"""Of IHDR: width, height, depth, kind of colour, three methods."""
GREY, RGB, GREY_ALPHA, ALPHA = 0, 2, 4, 6
"""Kinds of colour; the last is RGB with alpha."""
PIXELS = b"IDAT"

_KINDS = {"L": GREY, "RGB": RGB, "RGBA": ALPHA}
_CHANNELS = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: ALPHA}
_LONGEST = (2 << 20) + 1  # bytes of a colour profile
_STRIP = 1 << 22  # bytes that are filtered at a time
_SUB = 1  # the filter: what differs from the pixel to the left
_FAST = 2  # zlib's level
_FAST_FROM = 500_000  # pixels
_PLANE = 2  # dimensions of samples without channels


def chunk(name: bytes, data: bytes) -> bytes:
    """Give a chunk with its length and checksum."""
    return b"".join((len(data).to_bytes(4, "big"), name, data, zlib.crc32(data, zlib.crc32(name)).to_bytes(4, "big")))


def whole(size: tuple[int, int], depth: int, kind: int, beside: bytes, data: Iterable[bytes]) -> bytes:
    """Give a file of one picture; `beside` are the chunks between its header and its data."""
    parts = [SIGNATURE, chunk(b"IHDR", HEADER.pack(*size, depth, kind, 0, 0, 0)), beside]
    parts += [chunk(PIXELS, part) for part in data]
    return b"".join((*parts, chunk(b"IEND", b"")))


def inflated(data: bytes | memoryview) -> bytes:
    """Give what was deflated, if it is no longer than a colour profile can be, else b""."""
    try:
        profile = zlib.decompressobj().decompress(data, _LONGEST)
    except zlib.error:
        return b""
    return profile if len(profile) < _LONGEST else b""


def packed(image: Image.Image) -> tuple[int, list[bytes]]:
    """Give the kind of colour of an L, RGB or RGBA image, and its data in parts."""
    if image.width * image.height >= _FAST_FROM:
        return _KINDS[image.mode], packed_fast(np.asarray(image))
    out = io.BytesIO()
    image.save(out, "PNG")
    body, at, parts = out.getbuffer(), len(SIGNATURE), []
    while at < len(body):
        length = int.from_bytes(body[at : at + 4], "big")
        if body[at + 4 : at + 8] == PIXELS:
            parts.append(bytes(body[at + 8 : at + 8 + length]))
        at += 12 + length
    return _KINDS[image.mode], parts


def kind(pixels: Deep) -> int:
    """Give the kind of colour of 16-bit samples, by their channels."""
    return _CHANNELS[pixels.shape[2] if pixels.ndim > _PLANE else 1]


def packed_fast(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> list[bytes]:
    """Give the data of samples of 8 or 16 bits, in parts.

    With one filter for all rows and little effort: pixels with grain come out as large as with more, in a third of the
    time.
    """
    height, width = samples.shape[:2]
    flat = samples.reshape(height, -1)
    step = samples.itemsize * flat.shape[1] // width
    rows = max(1, _STRIP // (step * width))
    packer, parts = zlib.compressobj(_FAST), []
    for top in range(0, height, rows):
        raw = np.ascontiguousarray(flat[top : top + rows].astype(f">u{samples.itemsize}", copy=False)).view(np.uint8)
        lines = np.empty((len(raw), raw.shape[1] + 1), np.uint8)
        lines[:, 0] = _SUB
        lines[:, 1 : step + 1] = raw[:, :step]
        np.subtract(raw[:, step:], raw[:, :-step], out=lines[:, step + 1 :])
        parts.append(packer.compress(lines.data))
    return [part for part in (*parts, packer.flush()) if part]
