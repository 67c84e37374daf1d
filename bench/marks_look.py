"""Looks at a marked PDF as a viewer does, for `marks_corpus_pdf.py`: what it shows, and what it says."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pikepdf
import pypdfium2
from PIL import Image, ImageChops, ImageStat

from gateway.errors import Unreadable
from gateway.watermark.document import mark
from gateway.watermark.hidden.embedding import brightness
from gateway.watermark.hidden.seek import seek
from gateway.watermark.mark import number
from gateway.watermark.plan import Plan

_PAGES = 12  # of a refused document that are looked at
_MOST = 800  # pixels along a side
_SEEN, _SAME = 0.002, 8
_ROOM = 16  # pixels that a page must have for anything to be seen on it
_TINY = 340  # pixels at 100 dots an inch of the shorter side: smaller pages may have no room for a code
_UNLIKE = 8.0  # levels, root mean square, that pictures may differ by for their own hidden marks


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a file: why it was `refused`, or its marked form; and the `seconds` of processor time it took."""

    refused: str
    seconds: float
    body: bytes = b""
    codes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def timed(document: str, body: bytes, plan: Plan) -> Came:
    """Mark a document, in the worker, and say what it took."""
    start = _used()
    try:
        marked = mark(document, body, plan)
    except Unreadable as refused:
        return Came(str(refused), _used() - start)
    return Came("", _used() - start, marked.body, marked.codes, marked.notes)


def _used() -> float:
    usage = getrusage(RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def shows(body: bytes) -> int:
    """Give how many pages of a refused file a viewer can show, as far as they are looked at and aren't empty."""
    try:
        document = pypdfium2.PdfDocument(body)
        document.init_forms()
        return sum(_ink(document, at) for at in range(min(_PAGES, len(document))))
    except pypdfium2.PdfiumError:
        return 0


def _ink(document: pypdfium2.PdfDocument, at: int) -> bool:
    low, high = _picture(document, at).convert("L").getextrema()
    return low != high


def faults(original: bytes, marked: bytes, codes: list[str], pages: int) -> list[str]:
    """Compare the first `pages` of a PDF with its visibly marked copy; give what is wrong, if anything."""
    with pikepdf.open(io.BytesIO(marked)) as pdf:
        if len(pdf.pages) != len(codes):
            return ["pages lost"]
        wrong = [at for at, page in enumerate(pdf.pages) if str(page.obj.get("/SOVG_Mark", "")) != codes[at]]
        if wrong:
            return [f"page {wrong[0] + 1} says another code than its own"]
    try:
        before = pypdfium2.PdfDocument(original)
    except pypdfium2.PdfiumError:
        return ["not compared: the renderer can't open the original"]
    after, below = (pypdfium2.PdfDocument(data) for data in (marked, _unstamped(marked)))
    for document in (before, after, below):
        document.init_forms()
    if len(after) != len(codes) or len(before) != len(codes):
        return [f"the renderer counts {len(before)} pages before, {len(after)} after"]
    found = []
    for at in range(min(len(codes), pages)):
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
        if min(bare.size) >= _ROOM and _differ(bare, stamped, _SAME) < _SEEN:
            found.append(f"the mark of page {at + 1} can't be seen")
    return found


def picture_faults(original: bytes, marked: bytes, pages: int) -> list[str]:
    """Compare a PDF with its copy whose pictures have hidden marks of their own: alike, but for the marks."""
    try:
        before, below = pypdfium2.PdfDocument(original), pypdfium2.PdfDocument(_unstamped(marked))
        for document in (before, below):
            document.init_forms()
        found = []
        for at in range(min(pages, len(before), len(below))):
            apart = _apart(_picture(before, at), _picture(below, at))
            if apart > _UNLIKE:
                found.append(f"page {at + 1} shows something else with the hidden mark: {apart:.1f} levels")
    except pypdfium2.PdfiumError:
        return ["not compared: the renderer can't show it"]
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


def _unstamped(marked: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(marked)) as pdf:
        for page in pdf.pages:
            page.obj.Resources.XObject.SvMark.write(b"")
        out = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pdf.save(out, fix_metadata_version=False)
    return out.getvalue()


def _picture(document: pypdfium2.PdfDocument, at: int) -> Image.Image:
    page = document[at]
    scale = min(1.0, _MOST / max(1.0, *page.get_size()))
    picture: Image.Image = page.render(scale=scale).to_pil()
    return picture.convert("RGB")


def _differ(one: Image.Image, other: Image.Image, by: int) -> float:
    if one.size != other.size:
        return 1.0
    red, green, blue = ImageChops.difference(one, other).split()
    return sum(ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[by:]) / (one.width * one.height)


def _apart(one: Image.Image, other: Image.Image) -> float:
    """Give by how many levels two pictures differ, root mean square, seen from so far that fine marks are gone."""
    if one.size != other.size:
        return 255.0
    small = [
        picture.resize((max(1, one.width // 4), max(1, one.height // 4)), Image.Resampling.BOX)
        for picture in (one, other)
    ]
    return math.sqrt(sum(each**2 for each in ImageStat.Stat(ImageChops.difference(*small)).rms) / 3)
