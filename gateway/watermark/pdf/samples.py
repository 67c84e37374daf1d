"""The samples of a PDF's pictures as arrays, and back (ISO 32000-2, 8.9.5 and 8.6)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from gateway.watermark.pdf.pages import number
from gateway.watermark.pdf.read import MOST_OF_ONE, Reader

Colours = Literal["grey", "rgb", "cmyk"]
_COUNTS: dict[Colours, int] = {"grey": 1, "rgb": 3, "cmyk": 4}
_NAMED: dict[str, Colours] = {
    "/DeviceGray": "grey", "/CalGray": "grey", "/G": "grey", "/DeviceRGB": "rgb", "/CalRGB": "rgb", "/RGB": "rgb",
    "/DeviceCMYK": "cmyk", "/CMYK": "cmyk",
}  # fmt: skip
_BY_COUNT: dict[int, Colours] = {count: colours for colours, count in _COUNTS.items()}
_INDEXED = 4  # parts of an indexed space
_UP = 2  # the row filter of PNG that writes differences from the row above
_WHOLE, _DEEP = 8, 16  # bits


class Unusual(Exception):
    """A picture that this doesn't know how to mark."""


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space: what its samples mean, and for indexed ones the `palette`, (n, channels), in the space `base`."""

    colours: Colours
    palette: NDArray[np.uint8] | None = None
    base: Object | None = None

    @property
    def count(self) -> int:
        """Channels."""
        return _COUNTS[self.colours]


def space(value: Object | None, reader: Reader) -> Space:
    """Read a colour space. Raises `Unusual` where it is none of grey, RGB, CMYK or a palette of them."""
    if isinstance(value, Name) and str(value) in _NAMED:
        return Space(_NAMED[str(value)])
    if not isinstance(value, Array) or len(value) == 0:
        raise Unusual
    kind = str(value[0])
    if kind in _NAMED:
        return Space(_NAMED[kind])
    if kind == "/ICCBased" and isinstance(value[1], Stream):
        count = int(number(value[1].get("/N")))
        if count in _BY_COUNT:
            return Space(_BY_COUNT[count])
    if kind in {"/Indexed", "/I"} and len(value) == _INDEXED:
        base, lookup = space(value[1], reader), value[3]
        data = (
            reader.read(lookup) if isinstance(lookup, Stream) else bytes(lookup) if isinstance(lookup, String) else b""
        )
        entries = len(data) // base.count
        if base.palette is None and entries:
            palette = np.frombuffer(data, np.uint8, entries * base.count).reshape(entries, base.count)
            return Space(base.colours, palette, value[1])
    raise Unusual


def inverted(image: Object, count: int) -> bool:
    """Tell whether samples are read the other way round. Raises `Unusual` for any other way than that and the usual."""
    decode = image.get("/Decode")
    if decode is None:
        return False
    ends = [number(end) for end in list(decode)] if isinstance(decode, Array) else []
    if ends == [0, 1] * count:
        return False
    if ends == [1, 0] * count:
        return True
    raise Unusual


def read(image: Object, reader: Reader) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], Space]:
    """Give the samples, (height, width) or (height, width, channels), palettes resolved.

    Raises `Unusual` for samples of one bit (see `twotone`) and for pictures that aren't whole.
    """
    width, height, bits = (int(number(image.get(key))) for key in ("/Width", "/Height", "/BitsPerComponent"))
    found = space(image.get("/ColorSpace"), reader)
    channels = 1 if found.palette is not None else found.count
    if bits not in (2, 4, _WHOLE, _DEEP) or (bits < _WHOLE and channels > 1):
        raise Unusual
    row = (width * channels * bits + 7) // 8
    if row * height > MOST_OF_ONE:
        raise Unusual
    data = reader.read(image)
    if len(data) < row * height:
        raise Unusual
    rows = np.frombuffer(data, np.uint8, row * height).reshape(height, row)
    if bits == _DEEP:
        deep = rows.view(">u2").astype(np.uint16).reshape(height, width, channels)
        return (deep[..., 0] if channels == 1 else deep), found
    samples = _unpacked(rows, bits)[:, : width * channels]
    if found.palette is not None:
        ends = [number(end) for end in list(image.Decode)] if isinstance(image.get("/Decode"), Array) else []
        if ends not in ([], [0, 2**bits - 1]):
            raise Unusual
        samples = found.palette[np.minimum(samples, len(found.palette) - 1)]
        return (samples[..., 0] if found.count == 1 else samples), found
    if bits < _WHOLE:
        samples = samples * np.uint8(255 // (2**bits - 1))
    return (samples if channels == 1 else samples.reshape(height, width, channels)), found


def _unpacked(rows: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    if bits == _WHOLE:
        return rows
    shifts = np.arange(_WHOLE - bits, -1, -bits, dtype=np.uint8)
    spread: NDArray[np.uint8] = (rows[..., None] >> shifts) & np.uint8(2**bits - 1)
    return spread.reshape(len(rows), -1)


def packed(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> tuple[bytes, Dictionary]:
    """Give the samples deflated, with PNG's prediction from the row above, and the parameters that say so."""
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim > 2 else 1  # noqa: PLR2004  rows, columns, channels
    raw = samples.astype(">u2").view(np.uint8) if samples.dtype == np.uint16 else samples
    rows = np.ascontiguousarray(raw).reshape(height, -1)
    predicted = np.empty((height, rows.shape[1] + 1), np.uint8)
    predicted[:, 0] = _UP
    predicted[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=predicted[1:, 1:])
    parameters = Dictionary(Predictor=10 + _UP, Colors=channels, BitsPerComponent=8 * samples.itemsize, Columns=width)
    return zlib.compress(predicted.data, 6), parameters
