"""Marks a PNG or JPEG: decoded, turned upright, marked, and written anew from its pixels alone.

Nothing of the file survives but pixels, colour profile and resolution: no EXIF, thumbnail, comment, private chunk.
"""

from __future__ import annotations

import io
import math
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import get_sampling
from PIL.PngImagePlugin import PngInfo

from gateway.watermark import imagefile
from gateway.watermark.imagestamp import stamp
from gateway.watermark.mark import code
from gateway.watermark.plan import Marked, Plan, unmarkable

_PROFILE_LONGEST = 2 << 20  # bytes; the profiles of printers reach one megabyte
_RESOLUTIONS = 10_000  # dots per inch that are believed
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
)
"""What the library raises at broken images: a broken PNG is a `SyntaxError` to it."""


def mark(kind: str, body: bytes, plan: Plan) -> Marked:
    """Give the marked image of a `png` or `jpeg`. See `document.mark`; the reasons are in docs/marks.md."""
    header = imagefile.read(kind, body)
    if header.width * header.height > plan.limits.pixels:
        raise unmarkable("too-many-pixels")
    if header.depth > 8:  # noqa: PLR2004  the library keeps no more bits of colour than that
        raise unmarkable("depth")
    text = code(plan.secret, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata, which is dropped; a bomb is refused above
            with Image.open(io.BytesIO(body), formats=[kind.upper()]) as image:
                return Marked(_written(image, plan, text), (text,))
    except MemoryError as error:
        raise unmarkable("too-large") from error
    except (UnidentifiedImageError, Image.DecompressionBombError, *_BROKEN) as error:
        raise unmarkable("broken") from error


def _written(image: Image.Image, plan: Plan, text: str) -> bytes:
    # 1. What is kept of the file beside its pixels, read before they are turned.
    options = _jpeg_options(image, text) if image.format == "JPEG" else _png_options(text)
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and _is_profile(profile):
        options["icc_profile"] = profile
    resolution = image.info.get("dpi")
    if resolution and all(math.isfinite(dots) and 0 < dots < _RESOLUTIONS for dots in resolution):
        options["dpi"] = tuple(map(float, resolution))
    # 2. The pixels, upright, in a mode that the stamp can be drawn in.
    image.load()
    upright = _plain(ImageOps.exif_transpose(image))
    # 3. The stamp, and a file made from nothing but the pixels.
    fresh = stamp(upright, plan.texts, text)
    fresh.info.clear()
    out = io.BytesIO()
    fresh.save(out, image.format, **options)
    if out.tell() > plan.limits.output:
        raise unmarkable("too-large")
    return out.getvalue()


def _plain(image: Image.Image) -> Image.Image:
    """Give an image in L, RGB, RGBA or CMYK; palettes and key colours become what they show."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        shown = image.convert("RGBA")
        invisible = shown.getchannel("A").point(lambda alpha: 255 if alpha == 0 else 0)
        shown.paste((0, 0, 0, 0), mask=invisible)  # colours that alpha hides would be a clean copy
        return shown
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P":
        return image.convert("RGB")
    raise unmarkable("mode")


def _jpeg_options(image: Image.Image, text: str) -> dict[str, object]:
    """Give what keeps the quality as it was: quantisation tables, subsampling, progressive or not, RGB or YCbCr."""
    options: dict[str, object] = {"comment": text.encode(), "qtables": image.quantization}  # type: ignore[attr-defined]  # of a JPEG
    sampling = get_sampling(image)
    options["subsampling"] = max(sampling, 0)  # an unusual one becomes 4:4:4, which loses nothing
    options["progressive"] = bool(image.info.get("progressive"))
    options["keep_rgb"] = image.mode == "RGB" and image.info.get("adobe_transform") == 0
    return options


def _png_options(text: str) -> dict[str, object]:
    remark = PngInfo()
    remark.add_text("Mark", text)
    return {"pnginfo": remark}


def _is_profile(profile: bytes) -> bool:
    """Tell whether these bytes are an ICC profile of the size that it says (ICC.1, 7.2), and no larger than usual."""
    return (
        len(profile) <= _PROFILE_LONGEST
        and profile[36:40] == b"acsp"
        and int.from_bytes(profile[:4], "big") == len(profile)
    )
