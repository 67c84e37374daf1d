"""Replaces the pages of a marked PDF by pictures of them: no text to copy, no layer to take off, nothing behind.

Each picture shows what a viewer shows, annotations, filled fields and marks included.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import closing

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

from gateway.watermark.pdf.pages import Frame, frame
from gateway.watermark.plan import Limits, unmarkable
from gateway.watermark.watch import Watch

_DOTS, _LEAST_DOTS = 150, 96  # an inch
_PAGE, _SIDE = 5_000_000, 65_000  # pixels of a page and of its longer side, at most: JPEG has no more
_DOCUMENT = 3  # times the pixels of an image that a whole document may take: some fifteen seconds of work
_QUALITY = 82
_POINTS = 72.0
_GREY = 6  # levels that the colours of a grey page may differ by


def pictures(marked: bytes, codes: Sequence[str], limits: Limits, watch: Watch) -> Pdf:
    """Give a document of pictures, one for each page of a marked one. Refuses `too-many-pixels`, `broken`."""
    with pikepdf.open(io.BytesIO(marked), inherit_page_attributes=True) as pdf:
        frames = [frame(page.obj) for page in pdf.pages]
    dots = _dots(frames, limits.pixels * _DOCUMENT)
    made = pikepdf.new()
    for code, frame_, (data, width, height, mode) in zip(
        codes, frames, _rendered(marked, frames, dots, watch), strict=True
    ):
        across, up = _size(frame_)
        image = made.make_stream(
            data,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=width,
            Height=height,
            ColorSpace=Name.DeviceGray if mode == "L" else Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        )
        page = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, across, up]),
            Resources=Dictionary(XObject=Dictionary(SvPage=image)),
            Contents=made.make_stream(f"{across:.3f} 0 0 {up:.3f} 0 0 cm /SvPage Do".encode()),
            SOVG_Mark=String(code),
        )
        if frame_.unit != 1:
            page.UserUnit = frame_.unit
        made.pages.append(pikepdf.Page(made.make_indirect(page)))
    return made


def _rendered(marked: bytes, frames: list[Frame], dots: float, watch: Watch) -> Iterator[tuple[bytes, int, int, str]]:
    """Give each page as a JPEG, with its size and mode, one in memory at a time."""
    try:
        with closing(pypdfium2.PdfDocument(marked)) as document:
            document.init_forms()
            if len(document) != len(frames):
                raise unmarkable("broken")
            for at, frame_ in enumerate(frames):
                watch.doubt()
                with closing(document[at]) as page:
                    width, height = page.get_size()
                    scale = dots / _POINTS * frame_.unit
                    scale *= min(1.0, math.sqrt(_PAGE / max(1.0, width * height * scale * scale)))
                    scale = min(scale, _SIDE / max(width, height))
                    with closing(page.render(scale=scale, rev_byteorder=True)) as bitmap:
                        picture = bitmap.to_pil().convert("RGB")
                watch.trust()
                yield _jpeg(picture)
    except pypdfium2.PdfiumError as error:
        raise unmarkable("broken") from error


def _jpeg(picture: Image.Image) -> tuple[bytes, int, int, str]:
    _, blue, red = picture.convert("YCbCr").split()
    near = range(128 - _GREY, 128 + _GREY + 1)
    if all(low in near and high in near for low, high in (blue.getextrema(), red.getextrema())):
        picture = picture.convert("L")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue(), picture.width, picture.height, picture.mode


def _dots(frames: list[Frame], most: int) -> float:
    """Give the resolution that all pages together can afford."""
    wanted = 0.0
    for frame_ in frames:
        across, up = _size(frame_)
        wanted += min(_PAGE, across * up * (frame_.unit * _DOTS / _POINTS) ** 2)
    dots = _DOTS * min(1.0, math.sqrt(most / max(1.0, wanted)))
    if dots < _LEAST_DOTS:
        raise unmarkable("too-many-pixels")
    return dots


def _size(frame_: Frame) -> tuple[float, float]:
    """Give the size of a page as it is displayed, in its units."""
    shown = frame_.upright()[0]
    return shown.right - shown.left, shown.high - shown.low
