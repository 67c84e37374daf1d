"""Marks a PNG or APNG: of any depth, every frame composed to its full size, without loss.

The chunks are walked to the end, and only those that pixels come from reach the decoder.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from gateway.watermark.image import beside as image_beside
from gateway.watermark.image import pngfile as image_pngfile
from gateway.watermark.image.beside import Colours
from gateway.watermark.image.frame import Deep, Marker, plain, plain_deep, upright, upright_deep
from gateway.watermark.image.pngfile import ALPHA, GREY, GREY_ALPHA, HEADER, RGB, SIGNATURE, chunk
from gateway.watermark.plan import Limits, Marked, Plan, unmarkable
from gateway.watermark.watch import Watch

_COLOURS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4}
"""Chunks that say how colours look, and their lengths: they stay."""
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"IDAT", b"fdAT", b"IEND"})
_FRAME = struct.Struct(">IIIIIHHBB")  # fcTL: sequence, width, height, left, top, delay, its unit, disposal, blending
_DEEP = 16
_INCHES = 39.3701  # in a metre
_DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), 3: (1, 2, 4, 8), GREY_ALPHA: (8, 16), ALPHA: (8, 16)}


@dataclass(slots=True)
class _Png:
    """What the chunks say, and those `parts` that pixels come from."""

    width: int = 0
    height: int = 0
    depth: int = 0
    kind: int = 0
    key: bytes = b""  # tRNS
    colours: list[bytes] = field(default_factory=list)
    profile: bytes = b""
    dots: tuple[float, float] | None = None
    orientation: int = 1
    frames: int = 0
    plays: bytes = b""
    delays: list[bytes] = field(default_factory=list)
    begun: bool = False
    apart: bool = False  # the picture of viewers that show no animation isn't one of its frames
    parts: list[bytes] = field(default_factory=lambda: [SIGNATURE])


def mark(body: bytes, plan: Plan, watch: Watch) -> Marked:
    """Give the marked PNG. See `document.mark`."""
    png = _walk(body, plan.limits)
    marker = Marker(plan, watch)
    clean = b"".join(png.parts)
    png.parts.clear()
    head = b"".join(png.colours)
    if png.depth == _DEEP and not png.frames:
        pixels = marker.mark_deep(upright_deep(_deep(clean, png), png.orientation), _deep_colours(png))
        kind = image_pngfile.kind(pixels)
        head += _beside(png, _deep_colours(png), marker.text)
        size = pixels.shape[1], pixels.shape[0]
        return Marked(image_pngfile.whole(size, _DEEP, kind, head, image_pngfile.packed_fast(pixels)), (marker.text,))
    with Image.open(io.BytesIO(clean), formats=["PNG"]) as image:
        if png.frames:
            return Marked(_animation(image, png, marker), (marker.text,))
        image.load()
        shown = marker.mark(upright(plain(image), png.orientation))
    kind, data = image_pngfile.packed(shown)
    head += _beside(png, "grey" if kind == GREY else "rgb", marker.text)
    return Marked(image_pngfile.whole(shown.size, 8, kind, head, data), (marker.text,))


def _animation(image: Image.Image, png: _Png, marker: Marker) -> bytes:
    """Write every frame in full, in RGBA, to replace the one before."""
    pictures = png.frames + png.apart
    if getattr(image, "n_frames", 1) != pictures:
        raise unmarkable("broken")
    parts, sequence, size, room = [], 0, (0, 0), marker.plan.limits.output
    marker.expect_frames(image, pictures, image_beside.turned_size(image.size, png.orientation))
    for number in range(pictures):
        image.seek(number)
        shown = marker.mark(upright(plain(image.convert("RGBA")), png.orientation))
        size = shown.size
        if number or not png.apart:
            delay = png.delays[number - png.apart]
            head = struct.pack(">IIIII", sequence, *size, 0, 0) + delay + b"\0\0"
            parts.append(chunk(b"fcTL", head))
            sequence += 1
        for data in image_pngfile.packed_fast(np.asarray(shown)):
            parts.append(chunk(b"fdAT", sequence.to_bytes(4, "big") + data) if number else chunk(b"IDAT", data))
            sequence += bool(number)
            room -= len(data)
            if room < 0:
                raise unmarkable("too-large")
    control = chunk(b"acTL", png.frames.to_bytes(4, "big") + png.plays)
    beside = b"".join(png.colours) + _beside(png, "rgb", marker.text) + control
    header = chunk(b"IHDR", HEADER.pack(*size, 8, ALPHA, 0, 0, 0))
    return b"".join((SIGNATURE, header, beside, *parts, chunk(b"IEND", b"")))


def _beside(png: _Png, colours: Colours, text: str) -> bytes:
    """Give the chunks for what stays beside the pixels, and the code for those who look there."""
    parts = [chunk(b"tEXt", b"Mark\0" + text.encode())]
    if profile := image_beside.profile(png.profile, colours):
        parts.append(chunk(b"iCCP", b"ICC\0\0" + zlib.compress(profile)))
    if dots := image_beside.turned(png.dots, png.orientation):
        parts.append(chunk(b"pHYs", struct.pack(">IIB", *(round(each * _INCHES) for each in dots), 1)))
    return b"".join(parts)


def _deep_colours(png: _Png) -> Colours:
    return "grey" if png.kind in (GREY, GREY_ALPHA) else "rgb"


def _deep(clean: bytes, png: _Png) -> Deep:
    """Decode 16 bits. Pillow keeps 8 of a colour, but can be told which: so it decodes twice, or takes four for two."""
    if png.kind == GREY_ALPHA:
        # Two bytes of grey and two of alpha are four bytes a pixel, as 8-bit RGBA is.
        header = chunk(b"IHDR", HEADER.pack(png.width, png.height, 8, ALPHA, 0, 0, clean[28]))
        with Image.open(io.BytesIO(SIGNATURE + header + clean[33:]), formats=["PNG"]) as image:
            pixels = np.asarray(image).copy().view(">u2").astype(np.uint16)
    elif png.kind == GREY:
        with Image.open(io.BytesIO(clean), formats=["PNG"]) as image:
            pixels = np.asarray(image).astype(np.uint16)
    else:
        pixels = _half(clean, "B").astype(np.uint16)
        pixels <<= 8
        pixels |= _half(clean, "L")
    if png.key:
        key = np.frombuffer(png.key, ">u2")
        flat = pixels.reshape(png.height, png.width, -1)
        shown = np.where((flat == key).all(axis=2, keepdims=True), 0, 65535).astype(np.uint16)
        pixels = np.concatenate([flat, shown], axis=2)
    return plain_deep(pixels, _deep_colours(png))


def _half(clean: bytes, which: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Give the upper (B) or the lower (L) bytes of RGB or RGBA: those that the named byte order takes for upper."""
    with Image.open(io.BytesIO(clean), formats=["PNG"]) as image:
        image.tile = [image.tile[0]._replace(args=f"{image.mode};16{which}")]
        return np.asarray(image)


def _walk(body: bytes, limits: Limits) -> _Png:
    """Walk the chunks (W3C PNG, section 5), each with its checksum."""
    if not body.startswith(SIGNATURE):
        raise unmarkable("format")
    at, png, view = len(SIGNATURE), _Png(), memoryview(body)
    while True:
        length, name = int.from_bytes(body[at : at + 4], "big"), body[at + 4 : at + 8]
        data, checksum = view[at + 8 : at + 8 + length], body[at + 8 + length : at + 12 + length]
        if len(checksum) < 4:  # noqa: PLR2004  the bytes of a CRC-32
            raise unmarkable("truncated")
        if zlib.crc32(data, zlib.crc32(name)) != int.from_bytes(checksum, "big"):
            raise unmarkable("broken")
        if (name == b"IHDR") != (png.width == 0):
            raise unmarkable("broken")
        if name == b"IHDR":
            _header(png, bytes(data), limits)
        elif name in (b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IEND"):
            _animated(png, name, bytes(data[:26]), limits)
        else:
            _note(png, name, data)
        if name in _KEPT:
            png.parts.append(body[at : at + 12 + length])
        at += 12 + length
        if name == b"IEND":
            image_beside.nothing_after(body, at)
            return png


def _header(png: _Png, data: bytes, limits: Limits) -> None:
    if len(data) != HEADER.size:
        raise unmarkable("broken")
    png.width, png.height, png.depth, png.kind, *_, interlaced = HEADER.unpack(data)
    image_beside.check_pixels(png.width, png.height, limits)
    if png.depth not in _DEPTHS.get(png.kind, ()) or interlaced > 1:
        raise unmarkable("broken")


def _animated(png: _Png, name: bytes, data: bytes, limits: Limits) -> None:
    """Check the chunks of pictures and of an animation (PNG third edition, 11.3.6)."""
    if name == b"IDAT":
        png.apart = png.apart if png.begun else bool(png.frames) and not png.delays
        png.begun = True
    elif name == b"acTL":
        if png.begun or png.frames or len(data) != 8:  # noqa: PLR2004  its size
            raise unmarkable("broken")
        if png.depth == _DEEP:
            raise unmarkable("depth")
        png.frames, png.plays = int.from_bytes(data[:4], "big"), data[4:]
        image_beside.check_pixels(png.width, png.height, limits, png.frames + 1)
    elif name == b"fcTL":
        if len(data) != _FRAME.size:
            raise unmarkable("broken")
        _, width, height, left, top, *_ = _FRAME.unpack(data)
        if not (0 < width <= png.width - left and 0 < height <= png.height - top):
            raise unmarkable("broken")
        png.delays.append(data[20:24])
    elif name == b"IEND":
        if not png.begun or len(png.delays) != png.frames:
            raise unmarkable("broken")
    elif not png.frames:
        raise unmarkable("broken")


def _note(png: _Png, name: bytes, data: memoryview) -> None:
    """Take in what a chunk says about how the picture looks."""
    if name == b"tRNS":
        if png.depth == _DEEP and len(data) != {GREY: 2, RGB: 6}.get(png.kind):
            raise unmarkable("broken")
        png.key = bytes(data)
    elif _COLOURS.get(name) == len(data) and not png.begun:
        png.colours.append(chunk(name, bytes(data)))
    elif name == b"iCCP" and not png.profile:
        packed = bytes(data[:81]).partition(b"\0")[0]
        png.profile = image_pngfile.inflated(data[len(packed) + 2 :])
    elif name == b"pHYs" and len(data) == 9 and data[8] == 1:  # noqa: PLR2004  its size
        across, down = struct.unpack(">II", data[:8])
        png.dots = image_beside.resolution(across / _INCHES, down / _INCHES)
    elif name == b"eXIf":
        png.orientation = image_beside.exif(bytes(data))[0]
