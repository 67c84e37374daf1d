"""A leaked picture, screenshot or photo: opened leniently, for it is only looked at."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gateway.watermark.hidden.embedding import Floats
from gateway.watermark.hidden.seek import shrunk
from gateway.watermark.image.broken import BROKEN
from gateway.watermark.mark import check
from gateway.watermark.plan import unmarkable

_FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "TGA")
_PIXELS = 120_000_000
_ENOUGH = 2_300_000  # pixels that are looked at; a JPEG can be decoded that small at once
_EDGE = 1 << 16  # bytes at either end of the file, where metadata is
_PRINTED = re.compile(rb"(?<![2-9A-Y-])[2-9A-Y]{5}-[2-9A-Y]{5}-[2-9A-Y]{5}(?![2-9A-Y-])")


@dataclass(frozen=True, slots=True)
class Pictures:
    """The frames or pages of a picture file."""

    body: bytes
    count: int

    def written(self, page: int) -> Iterator[tuple[str, Literal["text", "metadata"]]]:
        """Give the codes that the file says in plain text beside its pixels; of the whole file, told with page 1."""
        ends = (self.body,) if len(self.body) <= 2 * _EDGE else (self.body[:_EDGE], self.body[-_EDGE:])
        for end in ends if page == 1 else ():
            for found in _PRINTED.findall(end):
                if code := check(found.decode()):
                    yield code, "metadata"

    def luma(self, page: int) -> Floats:
        """Give the brightness of a frame, upright, transparent parts on white."""
        try:
            with _opened(self.body) as image:
                if image.format == "JPEG":
                    scale = max(1.0, (image.width * image.height / _ENOUGH) ** 0.5)
                    image.draft(None, (int(image.width / scale), int(image.height / scale)))
                if page > 1:
                    image.seek(page - 1)
                return shrunk(*_plain(ImageOps.exif_transpose(image)))
        except MemoryError as error:
            raise unmarkable("too-large") from error
        except BROKEN as error:
            raise unmarkable("broken") from error


def open_pages(body: bytes) -> Pictures:
    """Open a picture of any format that the library reads. Refuses `format`, `broken` and `too-many-pixels`."""
    try:
        with _opened(body) as image:
            return Pictures(body, getattr(image, "n_frames", 1))
    except (UnidentifiedImageError, *BROKEN) as error:
        raise unmarkable("format") from error


def _opened(body: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata; the size is checked here
        image = Image.open(io.BytesIO(body), formats=_FORMATS)
    if image.width * image.height > _PIXELS:
        raise unmarkable("too-many-pixels")
    return image


def _plain(image: Image.Image) -> tuple[np.ndarray, Literal["grey", "rgb"]]:
    """Give the samples of a picture, as they show on white."""
    if image.mode.startswith("I;16"):
        return np.asarray(image), "grey"
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        shown = image.convert("RGBA")
        ground = Image.new("RGBA", shown.size, "white")
        ground.alpha_composite(shown)
        image = ground
    if image.mode in {"1", "L"}:
        return np.asarray(image.convert("L")), "grey"
    if image.mode in {"I", "F"}:
        values = np.asarray(image, np.float32)
        low, high = float(values.min()), float(values.max())
        return ((values - low) * (255 / max(high - low, 1e-6))).astype(np.uint8), "grey"
    return np.asarray(image.convert("RGB")), "rgb"
