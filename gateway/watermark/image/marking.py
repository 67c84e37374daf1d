"""Marks a picture: decoded, turned upright, marked, and written anew from its pixels alone.

Each format walks its file to the end before a decoder sees any of it, and only the parts that pixels come from get
there. Nothing of the file survives but pixels, timing, colour profile and resolution: no EXIF, thumbnail, comment,
private chunk.
"""

from __future__ import annotations

import warnings

from PIL import Image

from gateway.watermark.image import avif as image_avif
from gateway.watermark.image import gif as image_gif
from gateway.watermark.image import jpeg as image_jpeg
from gateway.watermark.image import png as image_png
from gateway.watermark.image import tiff as image_tiff
from gateway.watermark.image import webp as image_webp
from gateway.watermark.image.broken import BROKEN
from gateway.watermark.plan import Marked, Plan, unmarkable
from gateway.watermark.watch import UNWATCHED, Watch

_FORMATS = {
    "avif": image_avif.mark,
    "gif": image_gif.mark,
    "jpeg": image_jpeg.mark,
    "png": image_png.mark,
    "tiff": image_tiff.mark,
    "webp": image_webp.mark,
}
_LOOK = 1024  # bytes from the start
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def mark(kind: str, body: bytes, plan: Plan, watch: Watch = UNWATCHED) -> Marked:
    """Give the marked picture. See `document.mark`; the reasons are in docs/marks.md."""
    _check_kind(body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata, which is dropped; a bomb is refused before
            marked = _FORMATS[kind](body, plan, watch)
    except MemoryError as error:
        raise unmarkable("too-large") from error
    except (Image.DecompressionBombError, *BROKEN) as error:
        raise unmarkable("broken") from error
    if len(marked.body) > plan.limits.output:
        raise unmarkable("too-large")
    return marked


def _check_kind(body: bytes) -> None:
    """Name what can't be marked whatever it was said to be."""
    start = body[:_LOOK]
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC and not {b"avif", b"avis"} & {start[8:12], *_brands(start)}:
        raise unmarkable("heic")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in start:
        raise unmarkable("svg")


def _brands(start: bytes) -> set[bytes]:
    return {start[at : at + 4] for at in range(16, min(int.from_bytes(start[:4], "big"), len(start)), 4)}
