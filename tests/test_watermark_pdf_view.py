"""Where a policy lets nothing but the look leave, the pages of a marked PDF become pictures of them."""

import numpy as np
import pikepdf
import pytest
from pdf_kit import A4, TEXT, add_page, blank, differ, form, opened, rendered, saved, texts
from pikepdf import Array, Dictionary, Name, Stream, String

from gateway.errors import Unreadable
from gateway.watermark.document import mark
from gateway.watermark.hidden.embedding import brightness
from gateway.watermark.hidden.seek import seek
from gateway.watermark.mark import number
from gateway.watermark.plan import Limits, Plan, Visible

KEY = bytes(range(32, 64))
VISIBLE = (Visible("ACME GmbH / {mark}"),)
PLAN = Plan(VISIBLE, frozenset(), bytes(range(32)), hidden=KEY, view_only=True)
LIKE = Plan(VISIBLE, frozenset(), bytes(range(32)), hidden=KEY)

SHOWN = {
    "plain": {},
    "turned": {"Rotate": 90},
    "turned back and cropped": {"Rotate": -90, "CropBox": Array([50, 400, 400, 800])},
    "away from the origin": {"MediaBox": Array([-300, 200, 295, 1042])},
    "in units": {"UserUnit": 2},
    "large": {"MediaBox": Array([0, 0, 3370, 4768])},
    "colours": {"content": b"1 0 0 rg 0 0 300 842 re f"},
}


@pytest.mark.parametrize("entries", list(SHOWN.values()), ids=list(SHOWN))
def test_the_pictures_show_what_the_marked_pages_show(entries):
    body = saved(blank(**entries))
    result, like = mark("pdf", body, PLAN), mark("pdf", body, LIKE)
    assert result.codes == like.codes
    assert differ(rendered(result.body)[0], rendered(like.body)[0], by=40) < 0.02


def test_nothing_but_pictures_is_left():
    pdf = blank()
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(S=Name.URI, URI=String("x:y"))
    )
    pdf.pages[0].obj.Annots = Array([link])
    pdf.Root.Lang = String("de")
    add_page(pdf, TEXT)
    result = mark("pdf", saved(pdf), PLAN)
    assert texts(result.body) == ["", ""]
    with opened(result.body) as after:
        assert set(after.Root.keys()) == {"/Type", "/Pages"}
        assert [set(page.obj.keys()) for page in after.pages] == [
            {"/Type", "/Parent", "/MediaBox", "/Resources", "/Contents", "/SOVG_Mark"}
        ] * 2
        assert [str(page.obj["/SOVG_Mark"]) for page in after.pages] == list(result.codes)
        streams = [thing for thing in after.objects if isinstance(thing, Stream)]
        assert sum(thing.get("/Subtype") == Name.Image for thing in streams) == 2


def test_the_picture_carries_the_hidden_mark():
    result = mark("pdf", saved(blank()), PLAN)
    with opened(result.body) as after:
        picture = pikepdf.PdfImage(after.pages[0].obj.Resources.XObject.SvPage).as_pil_image().convert("RGB")
    found = seek(brightness(np.asarray(picture), "rgb"), KEY)
    assert found
    assert found.code == number(result.codes[0])


def test_annotations_and_filled_fields_are_in_the_picture():
    pdf = blank(content=b"")
    note = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([0, 0, 300, 300]), F=4)
    note.AP = Dictionary(N=form(pdf, b"0 0 1 rg 0 0 300 300 re f", (0, 0, 300, 300)))
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("a"), Rect=Array([300, 300, 500, 500]), F=4
    )
    field.AP = Dictionary(N=form(pdf, b"0 1 0 rg 0 0 200 200 re f", (0, 0, 200, 200)))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(note), pdf.make_indirect(field)])
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.pages[0].obj.Annots[1]]))
    body = saved(pdf)
    picture = rendered(mark("pdf", body, PLAN).body)[0]
    assert differ(picture, rendered(mark("pdf", body, LIKE).body)[0], by=40) < 0.02
    blue, green = picture.getpixel((70, 350)), picture.getpixel((200, 220))
    assert (blue[2] > 180 > blue[0], green[1] > 180 > green[0]) == (True, True)


def test_permissions_hold_for_the_pictures_too():
    sealed = Plan(VISIBLE, frozenset({"print"}), bytes(32), view_only=True)
    with opened(mark("pdf", saved(blank()), sealed).body) as after:
        assert (after.is_encrypted, after.allow.print_highres) == (True, False)


def test_more_pages_than_can_be_shown_sharply_are_refused():
    pdf = blank()
    for _ in range(9):
        add_page(pdf)
    small = Plan(VISIBLE, frozenset(), bytes(32), view_only=True, limits=Limits(pixels=1_000_000))
    with pytest.raises(Unreadable, match="too-many-pixels"):
        mark("pdf", saved(pdf), small)


def test_a_page_of_grey_is_a_grey_picture():
    with opened(mark("pdf", saved(blank(content=b"0 g 9 9 99 99 re f", MediaBox=Array(A4))), PLAN).body) as after:
        assert after.pages[0].obj.Resources.XObject.SvPage.ColorSpace == Name.DeviceGray


def test_a_page_longer_than_a_picture_can_be_is_made_coarser():
    with opened(mark("pdf", saved(blank(MediaBox=Array([0, 0, 9, 10**6]))), PLAN).body) as after:
        assert 60_000 < int(after.pages[0].obj.Resources.XObject.SvPage.Height) < 65_500
