"""Builds PDFs for the tests of marks, and looks at them as a viewer does."""

import io
import warnings

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageChops

from gateway.errors import Unreadable
from gateway.watermark.document import mark
from gateway.watermark.plan import Plan, Visible

A4 = (0, 0, 595, 842)
TEXT = b"0.8 0.9 1 rg 60 500 200 200 re f 0 g BT /F1 24 Tf 80 600 Td (Invoice 4711) Tj ET\n"
PLAN = Plan((Visible("ACME GmbH / crm / 2026-11-23 / {mark}"),), frozenset(), bytes(range(32)))


def marked(body, plan=PLAN):
    return mark("pdf", body, plan)


def reason(body, plan=PLAN):
    with pytest.raises(Unreadable) as caught:
        marked(body, plan)
    assert caught.value.refusal == "body-unmarkable"
    return str(caught.value)


def font():
    return Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)


def blank(**page):
    """Give an open PDF with one page that shows `TEXT`; entries of the page can be given or replaced."""
    pdf = pikepdf.new()
    add_page(pdf, **page)
    return pdf


def add_page(pdf, content=TEXT, **entries):
    page = Dictionary(Type=Name.Page, MediaBox=Array(A4), Resources=Dictionary(Font=Dictionary(F1=font())))
    page.Contents = pdf.make_stream(content) if isinstance(content, bytes) else content
    for key, value in entries.items():
        page["/" + key] = value
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return pdf.pages[-1].obj


def saved(pdf, **options):
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pikepdf.PageCopyWarning)  # the tests build odd files on purpose
        pdf.save(out, fix_metadata_version=False, preserve_pdfa=False, **options)
    return out.getvalue()


def opened(body):
    return pikepdf.open(io.BytesIO(body))


def form(pdf, content, box=(0, 0, 595, 842), **entries):
    stream = Stream(pdf, content)
    stream.stream_dict = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array(box), **entries)
    return pdf.make_indirect(stream)


def rendered(body, scale=0.5):
    """Give a picture of each page, annotations and form fields included."""
    with pypdfium2.PdfDocument(body) as document:
        document.init_forms()
        return [document[number].render(scale=scale).to_pil().convert("RGB") for number in range(len(document))]


def texts(body):
    """Give the text that a viewer finds on each page, without line breaks."""
    with pypdfium2.PdfDocument(body) as document:
        return [
            document[number].get_textpage().get_text_range().replace("\r\n", "").replace("\n", "")
            for number in range(len(document))
        ]


def unstamped(marked):
    """Give a marked PDF with nothing in its stamps: what is left is what the original showed."""
    with opened(marked) as pdf:
        for page in pdf.pages:
            page.obj.Resources.XObject.SvMark.write(b"")
        return saved(pdf)


def differ(one: Image.Image, other: Image.Image, by=8):
    """Give the share of pixels that differ visibly between two pictures of the same size."""
    assert one.size == other.size
    worst = ImageChops.difference(one, other).split()
    merged = ImageChops.lighter(ImageChops.lighter(worst[0], worst[1]), worst[2])
    return sum(merged.histogram()[by:]) / (one.width * one.height)


def check_marked(original, marked):
    """Check the promise: each page shows what it showed and its mark above it, and can be searched for its code."""
    before, after, below = rendered(original), rendered(marked.body), rendered(unstamped(marked.body))
    assert len(before) == len(after) == len(marked.codes)
    for number in range(len(before)):
        assert differ(before[number], below[number]) == 0, f"page {number + 1} shows something else"
        assert differ(after[number], below[number]) > 0.004, f"the mark of page {number + 1} can't be seen"
    for code, text in zip(marked.codes, texts(marked.body), strict=True):
        assert code in text


def note(pdf, kind, rect=A4, **entries):
    """Give an annotation whose picture is opaque."""
    picture = form(pdf, b"1 1 1 rg 0 0 595 842 re f")
    return pdf.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=kind, Rect=Array(rect), F=4, AP=Dictionary(N=picture), **entries)
    )
