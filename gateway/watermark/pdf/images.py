"""Puts the hidden mark into the pictures of a PDF, in their own samples: who takes a scan out of its page has it too.

A picture keeps its coding, its size and, if it is a JPEG, its quantisation tables; of two colours it keeps those and
becomes fax of Group 4. Masks stay as they are. What can't be marked so stays as it is, under the mark of the page, and
is told: pictures of two colours where the plan doesn't ask for it, or with too few edges; colours other than grey, RGB
and CMYK; key colours; broken pictures; and what comes after the pixels allowed.
"""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name, Object, Pdf, PdfError, Stream
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

from gateway.watermark.hidden import embedding as hidden
from gateway.watermark.hidden import twotone as hidden_twotone
from gateway.watermark.image.broken import BROKEN
from gateway.watermark.mark import number as bits_of
from gateway.watermark.pdf import samples as pdfsamples
from gateway.watermark.pdf import twotone as pdftwotone
from gateway.watermark.pdf.pages import number
from gateway.watermark.pdf.placed import Finder
from gateway.watermark.pdf.read import Reader
from gateway.watermark.pdf.samples import Unusual
from gateway.watermark.plan import Plan
from gateway.watermark.text.layout import Area
from gateway.watermark.watch import Watch

_BROKEN = (*BROKEN, PdfError)
_WHOLE = frozenset({"/DCTDecode", "/DCT", "/JPXDecode"})  # filters that hold a whole picture
_SHORT = {"/Fl": "/FlateDecode", "/DCT": "/DCTDecode", "/CCF": "/CCITTFaxDecode"}
_MODES: dict[str, Literal["grey", "rgb", "cmyk"]] = {"L": "grey", "RGB": "rgb", "CMYK": "cmyk"}
_GROWS = 3  # times: a lossless picture that would grow more becomes a JPEG
_QUALITY = 92
_FINER = 0.7  # of the compression that a JPEG 2000 had: coded twice, a mark is lost at the same rate

Samples = NDArray[np.uint8] | NDArray[np.uint16]


class Pictures:
    """Marks the pictures of one document, as many pixels as the plan allows. `missed`: one was left as it was."""

    def __init__(self, pdf: Pdf, reader: Reader, plan: Plan, watch: Watch) -> None:
        self._pdf, self._reader, self._watch = pdf, reader, watch
        self._key, self._bilevel, self._left = plan.hidden, plan.bilevel, plan.limits.pixels
        self._finder, self._done = Finder(reader), set[tuple[int, int]]()
        self.missed = False

    def mark(self, content: Object, resources: Object, shown: Area, code: str) -> None:
        """Mark the pictures of a page; one that several pages show has the code of the first."""
        for image in self._finder.pictures(content, resources, shown):
            if image.objgen in self._done:
                continue
            self._done.add(image.objgen)
            self._watch.doubt()
            try:
                self._one(image, bits_of(code))
            except (Unusual, Image.DecompressionBombError, *_BROKEN):
                self.missed = True
            finally:
                self._watch.trust()

    def _one(self, image: Object, code: int) -> None:
        self._left -= round(number(image.Width) * number(image.Height))
        if self._left < 0:
            raise Unusual
        mask = image.get("/SMask")
        if bool(image.get("/ImageMask")) or isinstance(image.get("/Mask"), Array) or image.get("/SMaskInData", 0) != 0:
            raise Unusual
        if isinstance(mask, Stream) and "/Matte" in mask:
            raise Unusual
        filters = _filters(image)
        if filters and filters[-1] in _WHOLE:
            self._file(image, filters, code)
        elif (filters and filters[-1] in pdftwotone.FAX) or image.get("/BitsPerComponent") == 1:
            self._two_tone(image, filters, code)
        else:
            self._samples(image, code)

    def _file(self, image: Object, filters: list[str], code: int) -> None:
        """Mark a JPEG or JPEG 2000."""
        body = _inner(self._pdf, self._reader, image, filters)
        kind = "JPEG2000" if filters[-1] == "/JPXDecode" else "JPEG"
        with Image.open(io.BytesIO(body), formats=[kind]) as picture:
            colours = _MODES.get(picture.mode)
            if picture.width * picture.height > number(image.Width) * number(image.Height) or colours is None:
                raise Unusual
            options = _jpeg_options(picture, image) if kind == "JPEG" else _jpx_options(picture, len(body))
            picture.load()
            pixels = np.asarray(picture)
        if "/ColorSpace" in image and pdfsamples.space(image.ColorSpace, self._reader).colours != colours:
            raise Unusual
        # The library gives the inks of a JPEG turned round, and takes them so again.
        turned = pdfsamples.inverted(image, len(picture.mode)) != (colours == "cmyk")
        out = io.BytesIO()
        marked = np.ascontiguousarray(self._embedded(pixels, code, colours, turned=turned))
        fresh = Image.frombuffer(picture.mode, picture.size, marked, "raw", picture.mode, 0, 1)
        fresh.save(out, kind, **options)
        image.write(out.getvalue(), filter=Name.DCTDecode if kind == "JPEG" else Name.JPXDecode)

    def _samples(self, image: Object, code: int) -> None:
        """Mark samples that are packed without loss, or not at all."""
        pixels, space = pdfsamples.read(image, self._reader)
        before = len(image.read_raw_bytes())
        turned = space.palette is None and pdfsamples.inverted(image, space.count)
        marked = self._embedded(pixels, code, space.colours, turned=turned)
        packed, parameters = pdfsamples.packed(marked)
        lossless = True
        if len(packed) > _GROWS * before and marked.dtype == np.uint8 and space.colours != "cmyk":
            out = io.BytesIO()
            Image.fromarray(marked).save(out, "JPEG", quality=_QUALITY, subsampling=0)
            if out.tell() < len(packed):
                packed, lossless = out.getvalue(), False
        if space.palette is not None:
            image.ColorSpace = space.base
            if "/Decode" in image:
                del image.Decode
        image.BitsPerComponent = 8 * marked.itemsize
        if lossless:
            image.write(packed, filter=Name.FlateDecode, decode_parms=parameters)
        else:
            image.write(packed, filter=Name.DCTDecode)

    def _two_tone(self, image: Object, filters: list[str], code: int) -> None:
        """Mark samples of one bit, if the plan puts up with what is seen of it."""
        if not self._bilevel:
            raise Unusual
        dark = pdftwotone.darker(image, self._reader)
        if filters and filters[-1] in pdftwotone.FAX:
            packed = _inner(self._pdf, self._reader, image, filters)
            samples = pdftwotone.read_fax(image, packed, self._reader)
        else:
            samples = pdftwotone.read(image, self._reader)
        self._watch.trust()  # it is decoded
        marked = hidden_twotone.embed(samples == dark, code, self._key)
        if marked is None:
            raise Unusual
        pdftwotone.write(image, marked, dark=dark)

    def _embedded(
        self, pixels: Samples, code: int, colours: Literal["grey", "rgb", "cmyk"], *, turned: bool
    ) -> Samples:
        self._watch.trust()  # it is decoded
        most = np.iinfo(pixels.dtype).max
        marked = hidden.embed(most - pixels if turned else pixels, code, self._key, colours)
        return most - marked if turned else marked


def _filters(image: Object) -> list[str]:
    filters = image.get("/Filter")
    names = list(filters) if isinstance(filters, Array) else [] if filters is None else [filters]
    return [_SHORT.get(str(name), str(name)) for name in names]


def _inner(pdf: Pdf, reader: Reader, image: Object, filters: list[str]) -> bytes:
    """Give the picture file that the last filter holds, out of the filters around it."""
    raw = image.read_raw_bytes()
    if len(filters) == 1:
        return raw
    parameters = image.get("/DecodeParms")
    around = pdf.make_stream(raw, Filter=Array(list(image.Filter)[:-1]))
    if isinstance(parameters, Array):
        around.DecodeParms = Array(list(parameters)[:-1])
    return reader.read(around)


def _jpeg_options(picture: Image.Image, image: Object) -> dict[str, object]:
    """Give what keeps the quality, and refuses colours that only the PDF tells how to read."""
    parameters = image.get("/DecodeParms")
    last = list(parameters)[-1] if isinstance(parameters, Array) and len(parameters) else parameters
    if isinstance(last, Dictionary) and "/ColorTransform" in last and "adobe" not in picture.info:
        raise Unusual
    tables = picture.quantization  # type: ignore[attr-defined]  # of a JPEG
    return {
        "qtables": tables if picture.mode == "RGB" else [tables[min(tables)]],
        "subsampling": max(get_sampling(picture), 0),
        "progressive": bool(picture.info.get("progressive")),
        "keep_rgb": picture.mode == "RGB" and picture.info.get("adobe_transform") == 0,
    }


def _jpx_options(picture: Image.Image, size: int) -> dict[str, object]:
    raw = picture.width * picture.height * len(picture.mode)
    return {"quality_mode": "rates", "quality_layers": [max(1.0, _FINER * raw / size)], "irreversible": True}
