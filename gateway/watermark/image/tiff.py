"""Marks a TIFF: each page with a code of its own; grey, RGB, CMYK, palettes, 1 to 16 bits, strips and tiles.

The directories are walked to the end, and each page goes to the decoder in a small TIFF made for it, with the tags and
data that its pixels come from and nothing else. What was lossless stays so; JPEG stays JPEG, with its tables.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops
from PIL.JpegImagePlugin import get_sampling

from gateway.watermark.image import beside as image_beside
from gateway.watermark.image.beside import Colours
from gateway.watermark.image.frame import Deep, Marker, plain, plain_deep, upright, upright_deep
from gateway.watermark.image.ifd import Directory, Reader
from gateway.watermark.image.tifffile import COUNTS, OFFSETS, TILE_COUNTS, TILE_OFFSETS, File, Value, deflated
from gateway.watermark.plan import Limits, Marked, Plan, unmarkable
from gateway.watermark.watch import Watch

_JPEG, _DEFLATE = 7, 8
_CODINGS = frozenset({1, 2, 3, 4, 5, _JPEG, _DEFLATE, 32773, 32946})
_INVERTED, _GREY, _RGB, _CMYK, _YCC = 0, 1, 2, 5, 6
_COLOURS: dict[int, Colours] = {_INVERTED: "grey", _GREY: "grey", _RGB: "rgb", _CMYK: "cmyk"}
_CHANNELS = {"grey": 1, "rgb": 3, "cmyk": 4}
_KINDS = frozenset({_INVERTED, _GREY, _RGB, 3, _CMYK, _YCC})
_KEPT = (258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 320, 322, 323, 332, 338, 530, 531)
_KEPT_RAW = (347,)  # tables of JPEG
_UNSIGNED = (1, 4)  # sample formats; the second is `undefined`
_DEEP = 16
_ASSOCIATED, _ALPHA = 1, 2  # extra samples
_WIDE = 65_000  # pixels that a JPEG can hold, and a little less
_APART = 2  # planar configuration
_SMALLER, _MASK = 1, 4  # bits of a page's kind: a small copy of another, a mask of another
_PAGE = 2


@dataclass(frozen=True, slots=True)
class _Page:
    """What the directory of a page says."""

    directory: Directory
    width: int
    height: int
    bits: int
    samples: int
    colours: int  # photometric interpretation
    coding: int
    apart: bool
    tile: tuple[int, int] | None
    data: tuple[memoryview, ...]
    extra: tuple[int, ...]

    @property
    def orientation(self) -> int:
        turn = self.directory.one(274, 1)
        return turn if 1 <= turn <= 8 else 1  # noqa: PLR2004  the last one


def mark(body: bytes, plan: Plan, watch: Watch) -> Marked:
    """Give the marked TIFF. See `document.mark`."""
    reader = Reader(body)
    pages, notes = _pages(reader, body, plan.limits)
    image_beside.nothing_after(body, reader.end)
    if len(pages) > 1:
        for page in pages:
            _decoded(page, reader.order)  # so that none is found broken late
    out, codes = File(), []
    for number, page in enumerate(pages, 1):
        marker = Marker(plan, watch, number)
        if page.bits == _DEEP:
            _add_deep(out, page, reader.order, marker, several=len(pages) > 1)
        else:
            _add(out, page, reader.order, marker, several=len(pages) > 1)
        codes.append(marker.text)
        if len(out) > plan.limits.output:
            raise unmarkable("too-large")
    return Marked(out.whole(), tuple(codes), notes)


def _pages(reader: Reader, body: bytes, limits: Limits) -> tuple[list[_Page], tuple[str, ...]]:
    pages: list[_Page] = []
    notes: tuple[str, ...] = ()
    total = 0
    for directory in reader.directories(limits.pages):
        if pages and (directory.one(254, 0) & (_SMALLER | _MASK) or directory.one(255, 1) == _SMALLER + 1):
            notes = ("pictures-dropped",)
            continue
        page = _page(directory, body, limits)
        total += page.width * page.height
        if total > limits.frames_pixels:
            raise unmarkable("too-many-pixels")
        pages.append(page)
    if not pages:
        raise unmarkable("no-pages")
    return pages, notes


def _page(directory: Directory, body: bytes, limits: Limits) -> _Page:
    """Check a page. Refuses `broken`, `coding`, `depth`, `mode`, `truncated` and `too-many-pixels`."""
    width, height = directory.one(256, 0), directory.one(257, 0)
    image_beside.check_pixels(width, height, limits)
    samples = directory.one(277, 1)
    bits = directory.values.get(258, (1,))
    if not 1 <= samples <= 8 or len(set(bits)) != 1 or not set(directory.values.get(339, (1,))) <= set(_UNSIGNED):  # noqa: PLR2004  more channels than anyone shows
        raise unmarkable("depth")
    if bits[0] not in (1, 2, 4, 8, _DEEP) or (bits[0] < 8 and samples > 1):  # noqa: PLR2004  no decoder for less of several
        raise unmarkable("depth")
    colours, coding = directory.one(262, _GREY), directory.one(259, 1)
    if colours not in _KINDS or (bits[0] == _DEEP and colours not in _COLOURS):
        raise unmarkable("mode")
    if coding not in _CODINGS or (coding == _JPEG and bits[0] != 8):  # noqa: PLR2004  what JPEG has here
        raise unmarkable("coding")
    tile = (directory.one(322, 0), directory.one(323, 0)) if TILE_OFFSETS in directory.values else None
    apart = samples > 1 and directory.one(284, 1) == _APART
    data = _data(directory, body)
    rows = min(directory.one(278, height), height)
    if (tile and (min(tile) < 1 or tile[0] * tile[1] > limits.pixels)) or rows < 1:
        raise unmarkable("broken")
    parts = math.ceil(width / tile[0]) * math.ceil(height / tile[1]) if tile else math.ceil(height / rows)
    if len(data) != parts * (samples if apart else 1):
        raise unmarkable("broken")
    extra = directory.values.get(338, ())
    return _Page(directory, width, height, bits[0], samples, colours, coding, apart, tile, data, extra)


def _data(directory: Directory, body: bytes) -> tuple[memoryview, ...]:
    """Give the strips or tiles: inside the file, and no more of them than the file has bytes."""
    tiled = TILE_OFFSETS in directory.values
    places = directory.values.get(TILE_OFFSETS if tiled else OFFSETS, ())
    lengths = directory.values.get(TILE_COUNTS if tiled and TILE_COUNTS in directory.values else COUNTS, ())
    if not places or len(places) != len(lengths) or sum(lengths) > len(body):
        raise unmarkable("broken")
    view = memoryview(body)
    return tuple(view[place : place + length] for place, length in zip(places, lengths, strict=True))


def _add(out: File, page: _Page, order: str, marker: Marker, *, several: bool) -> None:
    """Mark a page of up to 8 bits a sample and write it."""
    shown = marker.mark(upright(_shown(page, order), page.orientation))
    tags: dict[int, Value]
    if page.coding == _JPEG and shown.mode != "RGBA" and max(shown.size) < _WIDE:
        tags, strips = _jpeg(page, shown)
    else:
        rows, strips = deflated(np.asarray(shown))
        tags = {259: _DEFLATE, 278: rows, 317: 2}
        tags[262] = {"L": _GREY, "CMYK": _CMYK}.get(shown.mode, _RGB)
    bands = len(shown.getbands())
    if shown.mode == "RGBA":
        tags[338] = _ALPHA
    tags |= {256: shown.width, 257: shown.height, 258: (8,) * bands, 277: bands}
    profile = image_beside.profile(page.directory.raw.get(34675, b""), shown)
    out.add(tags | _beside(page, profile, marker, several=several), strips)


def _decoded(page: _Page, order: str) -> Image.Image | Deep:
    return _deep(page, order, _COLOURS[page.colours]) if page.bits == _DEEP else _shown(page, order)


def _shown(page: _Page, order: str) -> Image.Image:
    """Decode a page of up to 8 bits a sample."""
    raw, values = page.directory.raw, page.directory.values
    tags: dict[int, Value] = {256: page.width, 257: page.height}
    tags |= {tag: values[tag] for tag in _KEPT if tag in values}
    tags |= {tag: raw[tag] for tag in _KEPT_RAW if tag in raw}
    tags[258] = (page.bits,) * page.samples
    with Image.open(io.BytesIO(_alone(page, order, tags, page.data)), formats=["TIFF"]) as image:
        image.load()
        return plain(image)


def _jpeg(page: _Page, shown: Image.Image) -> tuple[dict[int, Value], list[bytes]]:
    """Write pixels as JPEG with the tables and sampling that the page had; one strip, whole in itself."""
    tables = page.directory.raw.get(347, b"")
    first = tables[:-2] + bytes(page.data[0][2:]) if tables else bytes(page.data[0])
    with Image.open(io.BytesIO(first), formats=["JPEG"]) as old:
        quantisation = [old.quantization[key] for key in sorted(old.quantization)]  # type: ignore[attr-defined]  # of a JPEG
        sampling = max(get_sampling(old), 0) if shown.mode == "RGB" and page.colours == _YCC else 0
    packed = io.BytesIO()
    rgb = shown.mode == "RGB" and page.colours != _YCC
    (ImageChops.invert(shown) if shown.mode == "CMYK" else shown).save(
        packed, "JPEG", qtables=quantisation[: 1 + (shown.mode == "RGB")], subsampling=sampling, keep_rgb=rgb
    )
    kind = {"L": _GREY, "CMYK": _CMYK}.get(shown.mode, _RGB if rgb else _YCC)
    tags: dict[int, Value] = {259: _JPEG, 262: kind, 278: shown.height}
    if kind == _YCC:
        tags[530] = ((1, 1), (2, 1), (2, 2))[sampling]
    return tags, [packed.getvalue()]


def _add_deep(out: File, page: _Page, order: str, marker: Marker, *, several: bool) -> None:
    """Mark a page of 16 bits a sample and write it."""
    colours = _COLOURS[page.colours]
    pixels = marker.mark_deep(upright_deep(_deep(page, order, colours), page.orientation), colours)
    rows, strips = deflated(pixels)
    bands = pixels.shape[2]
    tags: dict[int, Value] = {256: pixels.shape[1], 257: pixels.shape[0], 258: (_DEEP,) * bands, 259: _DEFLATE}
    tags |= {262: {"grey": _GREY, "rgb": _RGB, "cmyk": _CMYK}[colours], 277: bands, 278: rows, 317: 2}
    if bands > _CHANNELS[colours]:
        tags[338] = _ALPHA
    profile = image_beside.profile(page.directory.raw.get(34675, b""), colours)
    out.add(tags | _beside(page, profile, marker, several=several), strips)


def _deep(page: _Page, order: str, colours: Colours) -> Deep:
    """Decode 16 bits: the decoder knows only grey, so it is told that a row of colours is a longer row of grey."""
    step = 1 if page.apart else page.samples
    tags: dict[int, Value] = {256: page.width * step, 257: page.height, 258: _DEEP, 259: page.coding, 262: _GREY}
    tags |= {277: 1, 278: page.directory.one(278, page.height), 266: page.directory.one(266, 1)}
    if page.tile:
        tags |= {322: page.tile[0] * step, 323: page.tile[1]}
    differences = page.directory.one(317, 1) == 2 and page.coding != 1  # noqa: PLR2004  horizontal
    if differences and step == 1:
        tags[317] = 2
    count = len(page.data) // (page.samples if page.apart else 1)
    planes = []
    for at in range(0, len(page.data), count):
        with Image.open(io.BytesIO(_alone(page, order, tags, page.data[at : at + count])), formats=["TIFF"]) as image:
            planes.append(np.asarray(image).astype(np.uint16))
    flat = np.stack(planes, axis=-1) if page.apart else planes[0]
    pixels: Deep = flat.reshape(page.height, page.width, page.samples)
    if differences and step > 1:
        wide = page.tile[0] if page.tile else page.width
        for left in range(0, page.width, wide):
            pixels[:, left : left + wide] = np.cumsum(pixels[:, left : left + wide], axis=1, dtype=np.uint16)
    if page.colours == _INVERTED:
        pixels[..., 0] = ~pixels[..., 0]
    known = _CHANNELS[colours]
    if page.samples < known:
        raise unmarkable("broken")
    if page.samples == known or not page.extra or page.extra[0] not in (_ASSOCIATED, _ALPHA):
        return np.ascontiguousarray(pixels[..., :known])
    pixels = np.ascontiguousarray(pixels[..., : known + 1])
    if page.extra[0] == _ASSOCIATED:
        cover = np.maximum(pixels[..., known:], 1).astype(np.float32)
        pixels[..., :known] = np.minimum(pixels[..., :known] * (65535 / cover) + np.float32(0.5), 65535)
    return plain_deep(pixels, colours)


def _alone(page: _Page, order: str, tags: dict[int, Value], data: tuple[memoryview, ...]) -> bytes:
    """Give a TIFF of one page with these tags and data."""
    alone = File(order)
    alone.add(tags, data, tiled=page.tile is not None)
    return alone.whole()


def _beside(page: _Page, profile: bytes, marker: Marker, *, several: bool) -> dict[int, Value]:
    """Give the tags for what stays beside the pixels, and the code for those who look there."""
    tags: dict[int, Value] = {254: _PAGE if several else 0, 270: marker.text.encode() + b"\0", 284: 1}
    given = page.directory.rationals
    if dots := image_beside.resolution(given.get(282, 0), given.get(283, 0)):
        across, down = image_beside.turned(dots, page.orientation) or dots
        tags |= {282: across, 283: down, 296: page.directory.one(296, 2)}
    if profile:
        tags[34675] = profile
    return tags
