"""A leaked PDF: its text, its metadata, and its pages as a viewer shows them."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pikepdf
import pypdfium2

from gateway.watermark.hidden.embedding import Floats
from gateway.watermark.hidden.seek import shrunk
from gateway.watermark.mark import check
from gateway.watermark.plan import unmarkable

_RESOLUTION = 120  # dots an inch that a page is looked at with
_ENOUGH = 2_300_000  # pixels; larger pages carry larger marks
_SHORTEST = 160  # pixels that the shorter side of a small page is enlarged to
_PRINTED = re.compile(r"(?<![2-9A-Y])[2-9A-Y]{5}[-\u2010\u2011 ]?[2-9A-Y]{5}[-\u2010\u2011 ]?[2-9A-Y]{5}(?![2-9A-Y])")
_SPACES = re.compile(r"[\r\n\t\0]+")
_MOST_TEXT = 1_000_000  # characters of a page


@dataclass(frozen=True, slots=True)
class Document:
    """An open PDF; `said` are the codes that pages have in their dictionaries."""

    pdf: pypdfium2.PdfDocument
    count: int
    said: dict[int, str]

    def written(self, page: int) -> Iterator[tuple[str, Literal["text", "metadata"]]]:
        """Give the codes in the page's dictionary and in its text."""
        if page in self.said:
            yield self.said[page], "metadata"
        try:
            text = self.pdf[page - 1].get_textpage().get_text_range(count=-1)[:_MOST_TEXT]
        except (pypdfium2.PdfiumError, UnicodeDecodeError):
            return  # a page without readable text may have its mark in its picture
        for found in _PRINTED.findall(_SPACES.sub(" ", text)):
            if code := check(found):
                yield code, "text"

    def luma(self, page: int) -> Floats:
        """Give the brightness of a page as it is shown, with forms and annotations."""
        try:
            opened = self.pdf[page - 1]
            width, height = opened.get_size()
            if not (width > 0 and height > 0):
                raise unmarkable("broken")
            scale = min(_RESOLUTION / 72, math.sqrt(_ENOUGH / (width * height)))
            scale = max(scale, min(8.0, _SHORTEST / min(width, height)))
            if width * height * scale**2 > 4 * _ENOUGH:
                raise unmarkable("too-many-pixels")
            shown = opened.render(scale=scale, grayscale=True, may_draw_forms=True)
            return shrunk(shown.to_numpy().reshape(shown.height, -1)[:, : shown.width], "grey")
        except pypdfium2.PdfiumError as error:
            raise unmarkable("broken") from error


def open_pages(body: bytes) -> Document:
    """Open a PDF. Refuses `encrypted` and `broken`, and `no-pages`."""
    try:
        pdf = pypdfium2.PdfDocument(body)
        count = len(pdf)
    except pypdfium2.PdfiumError as error:
        raise unmarkable("encrypted" if "password" in str(error).lower() else "broken") from error
    if not count:
        raise unmarkable("no-pages")
    return Document(pdf, count, _said(body))


def _said(body: bytes) -> dict[int, str]:
    """Give the codes in the dictionaries of pages; none where the file is too broken for that."""
    try:
        with pikepdf.open(io.BytesIO(body)) as pdf:
            marks = ((number, page.obj.get("/SOVG_Mark")) for number, page in enumerate(pdf.pages, start=1))
            codes = ((number, check(str(mark))) for number, mark in marks if mark is not None)
            return {number: code for number, code in codes if code}
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError):
        return {}
