"""Reads and writes a PDF's pictures of two colours: fax, JBIG2 and packed bits (ISO 32000-2, 7.4.6, 7.4.7, 8.9.5)."""

from __future__ import annotations

import io
from contextlib import closing
from decimal import Decimal

import numpy as np
import pikepdf
import pypdfium2
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name, Object, Stream
from PIL import Image

from gateway.watermark.hidden.embedding import brightness
from gateway.watermark.pdf import samples as pdfsamples
from gateway.watermark.pdf.pages import number
from gateway.watermark.pdf.read import MOST_OF_ONE, Reader
from gateway.watermark.pdf.samples import Unusual

Bits = NDArray[np.bool_]

FAX = frozenset({"/CCITTFaxDecode", "/JBIG2Decode"})
"""Filters that pack pictures of two colours, and no others."""
_APART = 128  # levels of brightness between the two colours, at least
_ROWS, _OFFSETS, _SIZES = 278, 273, 279  # tags of a TIFF: rows a strip, where strips are, how long
_MIDDLE = 127


def darker(image: Object, reader: Reader) -> bool:
    """Tell which of the two samples is the darker one. Raises `Unusual` where both are much alike."""
    space = pdfsamples.space(image.get("/ColorSpace"), reader)
    if space.palette is None:
        if space.colours != "grey":
            raise Unusual
        levels = np.array([0.0, 255.0], np.float32)
    else:
        levels = brightness(space.palette[:2, None], space.colours).reshape(-1)
    if len(levels) < 2 or abs(levels[0] - levels[1]) < _APART:  # noqa: PLR2004  two colours
        raise Unusual
    return bool(levels[0] > levels[1]) != pdfsamples.inverted(image, 1)


def read(image: Object, reader: Reader) -> Bits:
    """Give samples that are packed in a way that isn't only for two colours, or not at all."""
    width, height = _size(image)
    row = (width + 7) // 8
    data = reader.read(image) if row * height <= MOST_OF_ONE else b""
    if len(data) < row * height:
        raise Unusual
    rows = np.frombuffer(data, np.uint8, row * height).reshape(height, row)
    return np.unpackbits(rows, axis=1, count=width).view(np.bool_)


def read_fax(image: Object, packed: bytes, reader: Reader) -> Bits:
    """Give the samples that the last filter of a picture, one of `FAX`, holds `packed`.

    The renderer of viewers unpacks them, from a file made for it of this picture alone.
    """
    width, height = _size(image)
    last, said = (
        list(value)[-1] if isinstance(value, Array) and len(value) else value
        for value in (image.Filter, image.get("/DecodeParms"))
    )
    with pikepdf.new() as made:
        made.add_blank_page()
        picture = made.make_stream(
            packed,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=width,
            Height=height,
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=1,
            Filter=last,
            DecodeParms=_copied(made, said, reader),
        )
        made.pages[0].obj.Resources = Dictionary(XObject=Dictionary(I=picture))
        made.pages[0].obj.Contents = made.make_stream(b"/I Do")
        out = io.BytesIO()
        made.save(out)
    try:
        with closing(pypdfium2.PdfDocument(out.getvalue())) as document, closing(document[0]) as page:
            for thing in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]):
                levels = thing.get_bitmap().to_numpy()
                samples: Bits = (levels if levels.ndim == 2 else levels[..., 0]) > _MIDDLE  # noqa: PLR2004  rows, columns
                if samples.shape == (height, width):
                    return samples
    except pypdfium2.PdfiumError as error:
        raise Unusual from error
    raise Unusual


def _copied(made: pikepdf.Pdf, said: Object | None, reader: Reader) -> Dictionary:
    """Give what is said of a filter, in another file: numbers, and the symbols that JBIG2 pictures share."""
    fresh = Dictionary()
    for key, value in said.items() if isinstance(said, Dictionary) else ():
        if isinstance(value, bool | int | Decimal):
            fresh[key] = value
        elif key == "/JBIG2Globals" and isinstance(value, Stream):
            fresh[key] = made.make_stream(reader.read(value))
    return fresh


def write(image: Object, shown: Bits, *, dark: bool) -> None:
    """Put what is dark into a picture, whose darker sample is `dark`, as Group 4 or deflated, whichever is smaller."""
    height, width = shown.shape
    out = io.BytesIO()
    # Group 4 is the one strip of such a TIFF.
    Image.fromarray(shown).save(out, "TIFF", compression="group4", tiffinfo={_ROWS: height})
    with Image.open(out, formats=["TIFF"]) as made:
        tags = made.tag_v2  # type: ignore[attr-defined]  # of a TIFF
        (start,), (size,) = tags[_OFFSETS], tags[_SIZES]
    fax = out.getvalue()[start : start + size]
    deflated, parameters = pdfsamples.packed(np.packbits(shown == dark, axis=1))
    image.BitsPerComponent = 1
    if len(fax) <= len(deflated):
        parameters = Dictionary(K=-1, Columns=width, Rows=height, BlackIs1=dark)
        image.write(fax, filter=Name.CCITTFaxDecode, decode_parms=parameters)
    else:
        parameters.BitsPerComponent, parameters.Columns = 1, width
        image.write(deflated, filter=Name.FlateDecode, decode_parms=parameters)


def _size(image: Object) -> tuple[int, int]:
    return int(number(image.Width)), int(number(image.Height))
