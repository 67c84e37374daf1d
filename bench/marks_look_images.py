"""Looks at a marked picture as a viewer does, for `marks_corpus_images.py`: each frame, its size and its time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from gateway.watermark.hidden.embedding import brightness
from gateway.watermark.hidden.seek import seek
from gateway.watermark.image import frame as image_frame
from gateway.watermark.image import marking as image
from gateway.watermark.mark import number
from gateway.watermark.plan import Plan

KEY = b"the hidden mark: 32 bytes of key"
FRAMES = 12  # that are looked at
_SURE = 800_000  # pixels from which a hidden mark has to be read
_SEEN, _SAME = 0.002, 8
_LOSSY = {"jpeg": 6.0, "webp": 6.0, "avif": 4.0, "gif": 4.0, "tiff": 6.0, "png": 1.0}
"""Grey levels that frames may differ by on average: lossy formats, new palettes, colours that the reader rounds."""
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError)


def faults(kind: str, original: bytes, marked: bytes, codes: list[str]) -> list[str]:
    """Compare a picture with its visibly marked copy, frame by frame; give what is wrong, nothing where all is well."""
    stamp, image_frame.stamp = image_frame.stamp, lambda picture, *_: picture
    try:
        bare = image.mark(kind, original, Plan((), frozenset(), bytes(32)))
    finally:
        image_frame.stamp = stamp
    try:
        before = list(_frames(original))
    except _BROKEN:
        return ["not compared: the library can't read all of the original"]
    below, after = list(_frames(bare.body)), list(_frames(marked))
    if bare.notes:
        before = before[: len(below)]
    if not len(before) == len(below) == len(after):
        return [f"{len(before)} frames became {len(after)}"]
    if kind == "tiff" and len(codes) != len(after):
        return ["pages without a code of their own"]
    found = []
    for at, ((old, time), (same, _), (new, new_time)) in enumerate(zip(before, below, after, strict=True), 1):
        if old.size != new.size or abs((time or 0) - (new_time or 0)) > 1:
            found.append(f"frame {at} had {old.size} for {time} ms and has {new.size} for {new_time} ms")
        elif (much := float(np.abs(_seen(old) - _seen(same)).mean())) > _LOSSY[kind]:
            found.append(f"frame {at} shows something else: {much:.1f} levels")
        elif float((np.abs(_seen(same) - _seen(new)).max(axis=2) > _SAME).mean()) < _SEEN:
            found.append(f"the mark of frame {at} can't be seen")
    return found


def hidden_faults(marked: bytes, codes: list[str]) -> list[str]:
    """Read the hidden mark of the first frame back."""
    shown, _ = next(_frames(marked))
    luma = brightness(_seen(shown).astype(np.uint8), "rgb")
    found = seek(luma, KEY)
    if found is not None and found.code == number(codes[0]):
        return []
    sure = shown.width * shown.height >= _SURE
    return [f"{'' if sure else 'not compared: '}the hidden mark isn't read, {shown.size}"]


def _frames(body: bytes) -> Iterator[tuple[Image.Image, int | None]]:
    with warnings.catch_warnings(), Image.open(io.BytesIO(body)) as picture:
        warnings.simplefilter("ignore")
        for at in range(min(getattr(picture, "n_frames", 1), FRAMES)):
            picture.seek(at)
            picture.load()
            yield _coloured(ImageOps.exif_transpose(picture.copy())), picture.info.get("duration")


def _coloured(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits, which the library would cut off rather than scale
        picture = Image.fromarray((np.asarray(picture).astype(np.int32) >> 8).astype(np.uint8))
    return picture.convert("RGBA")


def _seen(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Give the pixels on white."""
    ground = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB")).astype(np.int16)
