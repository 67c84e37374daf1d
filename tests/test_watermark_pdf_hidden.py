"""The hidden mark of a PDF page is read back from its picture, whatever the page looks like, and costs little."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_kit import TEXT, add_page, blank, check_marked, form, opened, rendered, saved
from pikepdf import Array, Dictionary, Name, String

from gateway.watermark.document import mark
from gateway.watermark.hidden.embedding import brightness
from gateway.watermark.hidden.page import Tile
from gateway.watermark.hidden.seek import seek
from gateway.watermark.mark import number
from gateway.watermark.pdf import hidden as pdfhidden
from gateway.watermark.plan import Plan, Visible

KEY = bytes(range(32, 64))
PLAN = Plan((Visible("ACME GmbH / {mark}"),), frozenset(), bytes(range(32)), hidden=KEY)
DOTS = 80 / 72


def read(body, page=0, dots=DOTS):
    found = seek(brightness(np.asarray(rendered(body, dots)[page]), "rgb"), KEY)
    return found and found.code


SHOWN = {
    "white paper": {},
    "a dark slide": {"MediaBox": Array([0, 0, 960, 540]), "content": b"0.07 0.08 0.1 rg 0 0 960 540 re f"},
    "turned": {"Rotate": 90},
    "a box away from the origin": {"MediaBox": Array([-300, 200, 295, 1042])},
    "a crop box": {"CropBox": Array([50, 200, 550, 800])},
    "a small crop of a large page": {"MediaBox": Array([0, 0, 6000, 6000]), "CropBox": Array([50, 200, 650, 1000])},
    "a page composed in inks": {"Group": Dictionary(S=Name.Transparency, CS=Name.DeviceCMYK)},
    "units of three points": {"MediaBox": Array([0, 0, 200, 280]), "UserUnit": 3},
}


@pytest.mark.parametrize("entries", list(SHOWN.values()), ids=list(SHOWN))
def test_the_code_is_read_back_from_a_picture_of_the_page(entries):
    body = saved(blank(**entries))
    result = mark("pdf", body, PLAN)
    check_marked(body, result)
    dots = DOTS * entries.get("UserUnit", 1)
    assert read(result.body, dots=dots) == number(result.codes[0])


def test_a_large_page_is_read_as_small_as_a_screen_shows_it():
    result = mark("pdf", saved(blank(MediaBox=Array([0, 0, 3370, 4768]))), PLAN)
    assert read(result.body, dots=0.25) == number(result.codes[0])


def test_each_page_carries_its_own_code():
    pdf = blank()
    add_page(pdf)
    result = mark("pdf", saved(pdf), PLAN)
    assert [read(result.body, page) for page in (0, 1)] == [number(code) for code in result.codes]


def test_it_lies_above_an_opaque_annotation():
    pdf = blank()
    picture = form(pdf, b"1 1 1 rg 0 0 595 842 re f")
    cover = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([0, 0, 595, 842]), F=4, AP=Dictionary(N=picture))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(cover)])
    result = mark("pdf", saved(pdf), PLAN)
    assert read(result.body) == number(result.codes[0])


def test_it_is_no_layer_that_could_be_switched_off_and_no_content_to_screen_readers():
    pdf = blank()
    pdf.Root.OCProperties = Dictionary(OCGs=Array([]), D=Dictionary(BaseState=Name.OFF))
    pdf.Root.MarkInfo = Dictionary(Marked=True)
    with opened(mark("pdf", saved(pdf), PLAN).body) as after:
        page = after.pages[0].obj
        stamp = page.Resources.XObject.SvMark
        assert "/OC" not in stamp
        assert "/OC" not in stamp.Resources.XObject.S
        assert page.Contents.read_bytes().endswith(b"BDC /SvMark Do EMC")


def test_both_marks_together_cost_less_than_two_kilobytes_a_page():
    pdf = blank()
    for at in range(99):
        add_page(pdf, TEXT + b"%% %d" % at)
    body = saved(pdf)
    long = Plan((Visible("ACME GmbH / sales@crm.example / 2026-11-23 / {mark}"),), frozenset(), bytes(32), hidden=KEY)
    assert len(mark("pdf", body, long).body) - len(body) < 100 * 2000


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 30), st.integers(1, 12), st.binary(min_size=24, max_size=96).map(lambda data: data[: len(data) & ~3])
)
def test_a_sheet_is_its_tile_again_and_again(across, down, samples):
    tile = Tile(samples, 8, len(samples) // 4, 1.0, 1.0)
    rows = b"".join((b"\3" + samples[at : at + 4]) * across for at in range(0, len(samples), 4))
    assert zlib.decompress(zlib.decompress(pdfhidden.packed(tile, across, down))) == rows * down + b"\x80"


def test_a_page_says_its_code_in_its_metadata_too():
    result = mark("pdf", saved(blank()), PLAN)
    with opened(result.body) as after:
        assert after.pages[0].obj["/SOVG_Mark"] == String(result.codes[0])
