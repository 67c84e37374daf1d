"""Puts the marks on the pixels of one frame: what is seen, and the hidden mark above it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.watermark.hidden import embedding as hidden
from gateway.watermark.hidden.seek import SMALLEST
from gateway.watermark.image.beside import Colours
from gateway.watermark.image.stamp import stamp
from gateway.watermark.mark import code, number
from gateway.watermark.plan import Plan, unmarkable
from gateway.watermark.watch import UNWATCHED, Watch

Deep = NDArray[np.uint16]

_COLOURS: dict[str, Colours] = {"L": "grey", "RGB": "rgb", "RGBA": "rgb", "CMYK": "cmyk"}
_CHANNELS = {"grey": 1, "rgb": 3, "cmyk": 4}
_STRIP = 1 << 20  # samples that are blended at a time
_PLANE = 2  # dimensions of samples without channels


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks all frames of one picture, or one page of a file of several, with the code of page `page`."""

    plan: Plan
    watch: Watch = UNWATCHED
    page: int = 1
    above: dict[tuple[int, int], Image.Image] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """The code in its printed form."""
        return code(self.plan.secret, self.page)

    def mark(self, image: Image.Image) -> Image.Image:
        """Give a marked copy of an L, RGB, RGBA or CMYK image. Refuses `too-small` where a mark has no room."""
        self._check_room(image.size)
        self.watch.trust()  # it is decoded
        if self._seen:
            if image.size in self.above and image.mode != "CMYK":
                image = Image.alpha_composite(image.convert("RGBA"), self.above[image.size]).convert(image.mode)
            else:
                image = stamp(image, self.plan.visible, self.text)
        if not self.plan.hidden:
            return image
        colours = _COLOURS[image.mode]
        pixels = hidden.embed(np.asarray(image), number(self.text), self.plan.hidden, colours)
        return Image.frombuffer(image.mode, image.size, pixels, "raw", image.mode, 0, 1)

    def expect_frames(self, image: Image.Image, count: int, size: tuple[int, int]) -> None:
        """Decode all frames, so that none is found broken late; draw the visible mark once for all, of this size."""
        for at in range(count):
            image.seek(at)
            image.load()
        if self._seen:
            self.above[size] = self._overlay(size)

    def mark_deep(self, pixels: Deep, colours: Colours) -> Deep:
        """Give a marked copy of 16-bit samples; a channel beyond those of `colours` is alpha, CMYK is ink."""
        height, width = pixels.shape[:2]
        self._check_room((width, height))
        self.watch.trust()
        if self._seen:
            pixels = _blended(pixels, self._overlay((width, height)), colours)
        if not self.plan.hidden:
            return pixels
        marked = hidden.embed(pixels, number(self.text), self.plan.hidden, colours)
        assert marked.dtype == np.uint16
        return marked  # type: ignore[return-value]  # the dtype that it was given

    @property
    def _seen(self) -> bool:
        return bool(self.plan.visible) or not self.plan.hidden

    def _check_room(self, size: tuple[int, int]) -> None:
        if self.plan.hidden and min(size) < SMALLEST:
            raise unmarkable("too-small")

    def _overlay(self, size: tuple[int, int]) -> Image.Image:
        return stamp(Image.new("RGBA", size), self.plan.visible, self.text)


def plain(image: Image.Image) -> Image.Image:
    """Give an image in L, RGB, RGBA or CMYK; palettes and key colours become what they show. Refuses `mode`."""
    if image.mode in {"RGBA", "RGBa", "LA", "La", "PA"} or "transparency" in image.info:
        shown = image.convert("LA") if image.mode == "La" else image
        shown = shown.convert("RGBA")
        invisible = shown.getchannel("A").point(lambda alpha: 255 if alpha == 0 else 0)
        shown.paste((0, 0, 0, 0), mask=invisible)  # colours that alpha hides would be a clean copy
        return shown
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in {"P", "RGBX", "YCbCr"}:
        return image.convert("RGB")
    raise unmarkable("mode")


def plain_deep(pixels: Deep, colours: Colours) -> Deep:
    """Clear the colours that alpha hides, in place."""
    count = _CHANNELS[colours]
    if pixels.ndim > _PLANE and pixels.shape[2] > count:
        pixels[pixels[..., count] == 0] = 0
    return pixels


def _blended(pixels: Deep, overlay: Image.Image, colours: Colours) -> Deep:
    """Lay an RGBA image over samples (Porter and Duff's `over`), a strip at a time."""
    marked = pixels.copy()
    width, count = pixels.shape[1], _CHANNELS[colours]
    rows = max(1, _STRIP // (4 * width))
    shade = np.float32(65535 / 255)
    for top in range(0, len(pixels), rows):
        strip = marked[top : top + rows]
        flat = strip if strip.ndim > _PLANE else strip[..., None]
        above = np.asarray(overlay.crop((0, top, width, top + len(strip)))).astype(np.float32)
        cover = above[..., 3:] / 255
        colour = _as(above[..., :3], colours) * shade
        below = flat[..., :count].astype(np.float32)
        if flat.shape[2] == count:
            flat[...] = below + (colour - below) * cover + np.float32(0.5)
            continue
        under = flat[..., count:].astype(np.float32) / 65535 * (1 - cover)
        whole = cover + under
        mixed = (colour * cover + below * under) / np.maximum(whole, np.float32(1e-9))
        flat[..., :count] = np.where(cover > 0, mixed + np.float32(0.5), flat[..., :count])
        flat[..., count:] = whole * 65535 + np.float32(0.5)
    return marked


def _as(rgb: NDArray[np.float32], colours: Colours) -> NDArray[np.float32]:
    if colours == "rgb":
        return rgb
    if colours == "grey":
        luma: NDArray[np.float32] = rgb @ np.array([[0.299], [0.587], [0.114]], np.float32)
        return luma
    ink = 255 - rgb
    black = ink.min(axis=2, keepdims=True)
    return np.concatenate([ink - black, black], axis=2)


@lru_cache(maxsize=1)
def _turns() -> dict[int, Image.Transpose]:
    way = Image.Transpose
    names = way.FLIP_LEFT_RIGHT, way.ROTATE_180, way.FLIP_TOP_BOTTOM, way.TRANSPOSE
    return dict(enumerate((*names, way.ROTATE_270, way.TRANSVERSE, way.ROTATE_90), 2))


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn an image as the TIFF or EXIF tag `Orientation` says, 1 to 8."""
    return image if orientation == 1 else image.transpose(_turns()[orientation])


def upright_deep(pixels: Deep, orientation: int) -> Deep:
    """Turn samples as the TIFF or EXIF tag `Orientation` says, 1 to 8."""
    if orientation > 4:  # noqa: PLR2004  from there on rows and columns are swapped
        pixels = pixels.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
