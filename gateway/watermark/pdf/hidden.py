"""The hidden mark of PDF pages: one faint grey picture over all of a page, in every renderer's way (`hidden_page`)."""

from __future__ import annotations

import hashlib
import math
import zlib
from functools import lru_cache

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from gateway.watermark.hidden.page import Tile, blend, tile_for_page
from gateway.watermark.mark import number
from gateway.watermark.pdf.pages import Frame
from gateway.watermark.text.layout import Area

# Flate twice, because the first pass writes the same few bytes for each of the equal tiles. Without the last filter the
# library would undo that: it takes Flate for itself.
_FILTERS = Array([Name.FlateDecode, Name.FlateDecode, Name.RunLengthDecode])
_END = b"\x80"  # of run-length data; a byte below 128 says how many come next, less one (ISO 32000-2, 7.4.5)
_LEVEL, _WINDOW, _ZLIB = 6, 15, b"\x78\x9c"  # of zlib, and the header of its format (RFC 1950)
_REACH = 32_000  # bytes that Flate can look back
_NAMES = {False: "/H", True: "/K"}  # of the states, for pages composed in light and in inks
_INKS = 4  # colours
_BEYOND = 4  # times what is shown: so much of what a crop box hides is covered as well


class Sheets:
    """Makes the pictures of one document. `smooth` asks renderers to interpolate, which PDF/A forbids to ask."""

    def __init__(self, pdf: Pdf, key: bytes, *, smooth: bool = True) -> None:
        self._pdf, self._key, self._smooth = pdf, key, smooth
        self.states = {_NAMES[inks]: _state(inks=inks) for inks in (False, True)}

    def image(self, page: Object, frame: Frame, code: str) -> tuple[Object, bytes]:
        """Give the picture of one page, to be called `/S`, and the content that draws it."""
        area, unit = _covered(frame), frame.unit
        shown = frame.shown
        tile = tile_for_page(
            number(code), self._key, (shown.right - shown.left) * unit, (shown.high - shown.low) * unit
        )
        width, height = tile.width / unit, tile.height / unit
        across = max(1, math.ceil((area.right - area.left) / width - 1e-6))
        down = max(1, math.ceil((area.high - area.low) / height - 1e-6))
        image = self._pdf.make_stream(
            packed(tile, across, down),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=tile.columns * across,
            Height=tile.rows * down,
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=4,
            Filter=_FILTERS,
        )
        if self._smooth:
            image.Interpolate = True
        place = f"{width * across:.3f} 0 0 {height * down:.3f} {area.left:.3f} {area.high - height * down:.3f} cm"
        return image, f"q {_NAMES[_in_inks(page)]} gs {place} /S Do Q ".encode()


def _state(*, inks: bool) -> Object:
    mode, alpha = blend(cmyk=inks)
    return Dictionary(
        Type=Name.ExtGState, ca=round(alpha, 5), CA=1, BM=Name("/" + mode), SMask=Name("/None"), AIS=False
    )


def _in_inks(page: Object) -> bool:
    """Tell whether a page is composed in inks (ISO 32000-2, 11.6.6)."""
    group = page.Group if "/Group" in page else None
    space = group.get("/CS") if isinstance(group, Dictionary) else None
    if isinstance(space, Array) and len(space) > 1 and isinstance(space[1], Stream):
        return space[1].get("/N") == _INKS
    return space == Name.DeviceCMYK


def packed(tile: Tile, across: int, down: int) -> bytes:
    """Lay the tile out, in one picture: tiles side by side show seams, because renderers round edges outwards."""
    wide = tile.columns // 2
    head = bytes([wide - 1])
    row = b"".join([(head + tile.samples[at : at + wide]) * across for at in range(0, len(tile.samples), wide)])
    if len(row) > _REACH:
        return zlib.compress(zlib.compress(row * down + _END, _LEVEL), _LEVEL)
    tail = _again(len(row), down - 1)
    raw = zlib.compressobj(_LEVEL, wbits=-_WINDOW)
    first = raw.compress(row) + raw.flush(zlib.Z_SYNC_FLUSH)
    whole = _ZLIB + first + tail + zlib.adler32(row * down + _END).to_bytes(4, "big")
    return zlib.compress(whole, _LEVEL)


@lru_cache(maxsize=64)
def _again(size: int, times: int) -> bytes:
    """Give the Flate data (RFC 1951) that says the last `size` bytes again so many times, whatever they are, and ends.

    Found once for each shape of page, it saves most of the work of packing.
    """
    noise = hashlib.shake_256(b"").digest(size)
    raw = zlib.compressobj(_LEVEL, wbits=-_WINDOW, zdict=b"\0" + noise)  # zlib never looks at the very first byte
    return raw.compress(noise * times + _END) + raw.flush()


def _covered(frame: Frame) -> Area:
    """Give what is to be covered: all that could be shown, unless a crop box shows little of it."""
    return frame.media if _size(frame.media) <= _BEYOND * _size(frame.shown) else frame.shown


def _size(area: Area) -> float:
    return (area.right - area.left) * (area.high - area.low)
