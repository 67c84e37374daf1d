"""Marks a picture: decoded, turned upright, marked, and written anew from its pixels alone.

Each format walks its file to the end before a decoder sees any of it, and only the parts that pixels come from get
there. Nothing of the file survives but pixels, timing, colour profile and resolution: no EXIF, thumbnail, comment,
private chunk.
"""

from __future__ import annotations

import warnings

from PIL import Image

from gateway.watermark import image_gif, image_jpeg, image_png, image_webp
from gateway.watermark.plan import Marked, Plan, unmarkable

_FORMATS = {"png": image_png.mark, "jpeg": image_jpeg.mark, "webp": image_webp.mark, "gif": image_gif.mark}
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
)
"""What the library raises at broken images: a broken PNG is a `SyntaxError` to it."""


def mark(kind: str, body: bytes, plan: Plan) -> Marked:
    """Give the marked picture. See `document.mark`; the reasons are in docs/marks.md."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata, which is dropped; a bomb is refused before
            marked = _FORMATS[kind](body, plan)
    except MemoryError as error:
        raise unmarkable("too-large") from error
    except (Image.DecompressionBombError, *_BROKEN) as error:
        raise unmarkable("broken") from error
    if len(marked.body) > plan.limits.output:
        raise unmarkable("too-large")
    return marked
