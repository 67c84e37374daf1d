"""Looks at a marked PDF as a viewer does, for `marks_corpus_pdf.py`: what it shows, and what it says."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pikepdf
import pypdfium2
from PIL import Image, ImageChops

from gateway.watermark.hidden import brightness
from gateway.watermark.mark import number
from gateway.watermark.seek import seek

PAGES = 12  # of a document that are looked at
_MOST = 1_200  # pixels along a side
_SEEN, _SAME = 0.002, 8
_TINY = 340  # pixels at 100 dots an inch of the shorter side: smaller pages may have no room for a code


def faults(original: bytes, marked: bytes, codes: list[str]) -> list[str]:
    """Compare a PDF with its visibly marked copy, page by page; give what is wrong, nothing where all is well."""
    with pikepdf.open(io.BytesIO(marked)) as pdf:
        if len(pdf.pages) != len(codes):
            return ["pages lost"]
        for page in pdf.pages:
            page.obj.Resources.XObject.SvMark.write(b"")
        out = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pdf.save(out, fix_metadata_version=False)
    found = []
    try:
        before = pypdfium2.PdfDocument(original)
    except pypdfium2.PdfiumError:
        return ["not compared: the renderer can't open the original"]
    after, below = (pypdfium2.PdfDocument(data) for data in (marked, out.getvalue()))
    for document in (before, after, below):
        document.init_forms()
    if len(after) != len(codes) or len(before) != len(codes):
        return [f"the renderer counts {len(before)} pages before, {len(after)} after"]
    for at in range(min(len(codes), PAGES)):
        try:
            pictures = [_picture(document, at) for document in (before, below, after)]
            # Once more: the renderer picks other glyphs the first time that it meets a font.
            old, bare = _picture(before, at), _picture(below, at)
        except pypdfium2.PdfiumError:
            found.append(f"page {at + 1} not compared: the renderer can't show it")
            continue
        stamped = pictures[2]
        if old.size != bare.size or _differ(old, bare, _SAME) > 0:
            found.append(f"page {at + 1} shows something else: {old.size} {bare.size} {_differ(old, bare, _SAME):.5f}")
        if _differ(bare, stamped, _SAME) < _SEEN:
            found.append(f"the mark of page {at + 1} can't be seen")
    return found


def hidden_faults(marked: bytes, codes: list[str], key: bytes) -> list[str]:
    """Read the hidden mark of the first page back at 100 dots an inch."""
    document = pypdfium2.PdfDocument(marked)
    document.init_forms()
    width, height = document[0].get_size()
    if min(width, height) / 72 * 100 < _TINY:
        return []
    scale = min(100 / 72, 1600 / max(width, height))
    picture = document[0].render(scale=scale).to_pil().convert("RGB")
    read = seek(brightness(np.asarray(picture), "rgb"), key)
    return [] if read and read.code == number(codes[0]) else ["the hidden mark of page 1 can't be read"]


def _picture(document: pypdfium2.PdfDocument, at: int) -> Image.Image:
    page = document[at]
    scale = min(1.0, _MOST / max(1.0, *page.get_size()))
    return page.render(scale=scale).to_pil().convert("RGB")


def _differ(one: Image.Image, other: Image.Image, by: int) -> float:
    if one.size != other.size:
        return 1.0
    red, green, blue = ImageChops.difference(one, other).split()
    return sum(ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[by:]) / (one.width * one.height)
