"""Marks a GIF: every frame composed to its full size, with a palette of its own, its delay and its transparency.

The blocks (GIF89a) are walked to the end, and only those that pixels come from reach the decoder.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.watermark.image import beside as image_beside
from gateway.watermark.image.frame import Marker, plain
from gateway.watermark.plan import Limits, Marked, Plan, unmarkable
from gateway.watermark.watch import Watch

_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_TABLE = 0x80  # flag: a colour table follows
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_CLEAR = 2  # the disposal: before the next frame, which may be transparent here, nothing is left
_OPAQUE = 40  # of 255: a pixel of a mark over nothing shows from there on
_COLOURS = 256
_PLACES = np.array([1 << 16, 1 << 8, 1], np.uint32)  # of red, green and blue in a number


@dataclass(slots=True)
class _Gif:
    """What the blocks say, and those `parts` that pixels come from."""

    width: int = 0
    height: int = 0
    loop: bytes = b""
    controls: list[bytes] = field(default_factory=list)  # one for each picture: its delay
    transparent: bool = False
    pictures: list[bytes] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)


def mark(body: bytes, plan: Plan, watch: Watch) -> Marked:
    """Give the marked GIF. See `document.mark`."""
    gif = _walk(body, plan.limits)
    marker, room = Marker(plan, watch), plan.limits.output
    clean = b"".join(gif.parts)
    gif.parts.clear()
    head = b"GIF89a" + gif.width.to_bytes(2, "little") + gif.height.to_bytes(2, "little") + b"\x70\0\0"
    parts = [head, _extension(_APPLICATION, _LOOPS[0], gif.loop) if gif.loop else b""]
    with Image.open(io.BytesIO(clean), formats=["GIF"]) as image:
        if getattr(image, "n_frames", 1) != len(gif.controls):
            raise unmarkable("broken")
        if len(gif.controls) > 1:
            marker.expect_frames(image, len(gif.controls), image.size)
        for number, delay in enumerate(gif.controls):
            image.seek(number)
            parts.append(_frame(marker.mark(plain(image.copy())), delay, moving=len(gif.controls) > 1))
            room -= len(parts[-1])
            if room < 0:
                raise unmarkable("too-large")
    parts.append(_extension(0xFE, marker.text.encode()))
    return Marked(b"".join((*parts, bytes([_END]))), (marker.text,))


def _frame(picture: Image.Image, delay: bytes, *, moving: bool) -> bytes:
    """Give control and picture of one frame: all of the canvas, in colours of its own."""
    indexed, key = _indexed(picture, moving=moving)
    out = io.BytesIO()
    indexed.save(out, "GIF", optimize=False)
    written = _walk(out.getvalue(), Limits())
    clear = key is not None
    control = bytes([_CLEAR << 2 | clear]) + delay + bytes([key or 0])
    return _extension(_CONTROL, control) + written.pictures[0]


def _indexed(picture: Image.Image, *, moving: bool) -> tuple[Image.Image, int | None]:
    """Give the picture in a palette, and the index in it that is transparent."""
    seen = picture.convert("RGB")
    alpha = np.asarray(picture.getchannel("A")) if picture.mode == "RGBA" else None
    clear = None if alpha is None or alpha.min() >= _OPAQUE else alpha < _OPAQUE
    indices, palette = _few(seen, _COLOURS if clear is None else _COLOURS - 1, moving=moving)
    key = None
    if clear is not None:
        key = len(palette) // 3
        indices[clear] = key
        palette += bytes(3)
    indexed = Image.fromarray(indices)
    indexed.putpalette(palette)
    return indexed, key


def _few(seen: Image.Image, most: int, *, moving: bool) -> tuple[NDArray[np.uint8], bytes]:
    """Give indices and palette: the colours as they are if they are few enough."""
    colours = seen.getcolors(most)
    if colours is None:
        few = _quickly(seen, most) if moving else seen.quantize(most, Image.Quantize.MEDIANCUT)
        palette = bytes(few.getpalette() or ())
        return np.array(few), palette
    # The library would take colours that are close for one another.
    table = np.array([colour for _, colour in colours], np.uint32)
    where = np.zeros(1 << 24, np.uint8)
    where[table @ _PLACES] = np.arange(len(table))
    indices = np.empty(seen.size[::-1], np.uint8)
    pixels = np.asarray(seen)
    for row in range(len(pixels)):
        indices[row] = where[pixels[row] @ _PLACES]
    return indices, table.astype(np.uint8).tobytes()


def _quickly(seen: Image.Image, most: int) -> Image.Image:
    """Choose colours by every fourth pixel and six bits of it: half a level worse, in a quarter of the time."""
    some = np.ascontiguousarray(np.asarray(seen)[::2, ::2]) & 0xFC | 2
    chosen = Image.fromarray(some).quantize(most, Image.Quantize.MEDIANCUT)
    return seen.quantize(palette=chosen, dither=Image.Dither.NONE)


def _extension(label: int, *blocks: bytes) -> bytes:
    return bytes([_EXTENSION, label]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _walk(body: bytes, limits: Limits) -> _Gif:
    if body[:6] not in (b"GIF87a", b"GIF89a"):
        raise unmarkable("format")
    if len(body) < 13:  # noqa: PLR2004  the screen descriptor
        raise unmarkable("truncated")
    gif, control = _Gif(), b""
    gif.width, gif.height = (int.from_bytes(body[at : at + 2], "little") for at in (6, 8))
    image_beside.check_pixels(gif.width, gif.height, limits)
    at = 13 + _table(body[10])
    shared = body[13:at]
    gif.parts.append(body[:at])
    while True:
        begin, kind = at, body[at : at + 1]
        if kind == bytes([_END]):
            image_beside.nothing_after(body, at + 1)
            if not gif.controls:
                raise unmarkable("broken")
            gif.parts.append(kind)
            return gif
        if kind == bytes([_EXTENSION]):
            label = body[at + 1 : at + 2]
            at, first = _blocks(body, at + 2)
            if label == bytes([_CONTROL]):
                if len(first) != 4:  # noqa: PLR2004  its size
                    raise unmarkable("broken")
                control = first
                gif.parts.append(body[begin:at])
            elif label == bytes([_APPLICATION]) and first in _LOOPS and not gif.loop:
                loop = body[begin + 15 : begin + 18]
                gif.loop = loop if loop[:1] == b"\1" and body[begin + 14] == 3 else b""  # noqa: PLR2004  its size
        elif kind == bytes([_PICTURE]):
            left, top, width, height = (int.from_bytes(body[at + of : at + of + 2], "little") for of in (1, 3, 5, 7))
            flags = body[at + 9 : at + 10]
            if not flags:
                raise unmarkable("truncated")
            own = _table(flags[0])
            if not width or not height or left + width > gif.width or top + height > gif.height:
                raise unmarkable("broken")
            if not own and not shared:
                raise unmarkable("broken")
            at, _ = _blocks(body, at + 11 + own)
            colours = b"" if own else shared
            flags = bytes([flags[0] if own else flags[0] & 0x78 | _TABLE | body[10] & 7])
            gif.pictures.append(b"".join((body[begin : begin + 9], flags, colours, body[begin + 10 : at])))
            gif.parts.append(body[begin:at])
            gif.controls.append(control[1:3].ljust(2, b"\0"))
            control = b""
            image_beside.check_pixels(gif.width, gif.height, limits, len(gif.controls))
        else:
            raise unmarkable("truncated" if not kind else "broken")


def _table(flags: int) -> int:
    """Give how long the colour table is that these flags speak of."""
    return 3 << (flags & 7) + 1 if flags & _TABLE else 0


def _blocks(body: bytes, at: int) -> tuple[int, bytes]:
    """Give where a chain of data blocks ends, and its first block."""
    first = body[at + 1 : at + 1 + body[at]] if at < len(body) else b""
    while at < len(body):
        if body[at] == 0:
            return at + 1, first
        at += 1 + body[at]
    raise unmarkable("truncated")
