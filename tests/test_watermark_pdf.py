"""A marked PDF shows on every page what it showed, however pages are shown, and each page's own mark above it."""

import pypdfium2
import pytest
from pdf_kit import (
    A4,
    PLAN,
    TEXT,
    add_page,
    blank,
    check_marked,
    differ,
    form,
    marked,
    opened,
    reason,
    rendered,
    saved,
    texts,
    unstamped,
)
from pikepdf import Array, Dictionary, Name

from gateway.watermark.mark import code
from gateway.watermark.plan import Plan, Visible
from gateway.watermark.text import helvetica

# How pages are shown

SHOWN = {
    "plain": {},
    "turned": {"Rotate": 90},
    "turned back": {"Rotate": -90},
    "turned more than once": {"Rotate": 450},
    "upside down": {"Rotate": 180},
    "turned by nonsense": {"Rotate": Name.Left},
    "reversed box": {"MediaBox": Array([595, 842, 0, 0])},
    "box away from the origin": {"MediaBox": Array([-300, 200, 295, 1042])},
    "crop box": {"CropBox": Array([50, 400, 400, 800])},
    "crop box and turned": {"CropBox": Array([50, 400, 400, 800]), "Rotate": 270},
    "no content": {"Contents": Array([])},
    "units": {"UserUnit": 3},
    "large page": {"MediaBox": Array([0, 0, 3370, 4768])},
    "page group": {"Group": Dictionary(S=Name.Transparency, CS=Name.DeviceRGB, I=True, K=True)},
}


@pytest.mark.parametrize("entries", list(SHOWN.values()), ids=list(SHOWN))
def test_pages_keep_their_look_however_they_are_shown(entries):
    body = saved(blank(**entries))
    check_marked(body, marked(body))


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_mark_is_slanted_alike_whichever_way_a_page_is_turned(turn):
    box = Array([0, 0, 842, 595]) if turn % 180 else Array(A4)
    upright = rendered(marked(saved(blank(content=b""))).body)[0]
    turned = rendered(marked(saved(blank(content=b"", Rotate=turn, MediaBox=box))).body)[0]
    assert differ(upright, turned, by=24) < 0.002


def test_a_page_whose_boxes_have_nothing_in_common_is_marked_where_its_media_box_is():
    result = marked(saved(blank(CropBox=Array([5000, 5000, 6000, 6000]))))
    with opened(result.body) as pdf:
        del pdf.pages[0].obj["/CropBox"]
        assert result.codes[0] in texts(saved(pdf))[0]


def test_what_pages_inherit_holds():
    pdf = blank(content=b"/Shape Do")
    pdf.pages[0].obj.Resources.XObject = Dictionary(Shape=form(pdf, b"20 600 200 90 re f"))
    page, tree = pdf.pages[0].obj, pdf.Root.Pages
    for key, value in (("/Rotate", 90), ("/MediaBox", Array([0, 0, 300, 700])), ("/Resources", page.Resources)):
        if key in page:
            del page[key]
        tree[key] = value
    body = saved(pdf)
    result = marked(body)
    check_marked(body, result)
    upright = marked(saved(blank(content=b"", MediaBox=Array([0, 0, 700, 300]))))
    assert differ(rendered(saved_without_shape(result.body))[0], rendered(upright.body)[0], by=24) < 0.002


def saved_without_shape(body):
    with opened(body) as pdf:
        pdf.pages[0].obj.Resources.XObject.SvPage.write(b"")
        return saved(pdf)


def test_a_page_tree_that_loops_is_broken():
    pdf = blank()
    body = saved(pdf).replace(b"/Kids [ 3 0 R ]", b"/Kids [ 2 0 R ]")
    assert reason(body) == "broken"


# The mark


def test_each_page_has_its_own_code_and_every_export_others():
    pdf = blank()
    add_page(pdf)
    body = saved(pdf)
    one, other = marked(body), marked(body, Plan(PLAN.visible, frozenset(), bytes(32)))
    assert one.codes == (code(PLAN.secret, 1), code(PLAN.secret, 2))
    assert not set(one.codes) & set(other.codes)
    assert [one.codes[number] in text for text in texts(one.body) for number in (0, 1)] == [True, False, False, True]


@pytest.mark.parametrize("text", ["a (b) \\c", "Müller & Søn € / {mark}", "x" * 300, "", "100% {mark} %s", "{mark}"])
def test_any_text_can_be_the_mark(text):
    body = saved(blank())
    check_marked(body, marked(body, Plan((Visible(text), Visible("second policy")), frozenset(), bytes(32))))


def test_characters_that_no_font_has_are_spelled_out():
    plan = Plan((Visible("𓀀 {mark}"),), frozenset(), bytes(32))
    assert "[U+13000]" in texts(marked(saved(blank()), plan).body)[0]


@pytest.mark.parametrize("shade", [0, 0.13, 0.25, 0.5, 0.75, 1])
def test_the_mark_can_be_seen_on_any_ground(shade):
    body = saved(blank(content=b"%f g 0 0 595 842 re f" % shade))
    result = marked(body)
    assert differ(rendered(result.body, 2)[0], rendered(unstamped(result.body), 2)[0], by=24) > 0.005


def test_a_file_can_be_marked_again():
    body = marked(saved(blank())).body
    check_marked(body, marked(body, Plan(PLAN.visible, frozenset(), bytes(32))))


def test_a_mark_costs_less_than_two_kilobytes_a_page():
    pdf = blank()
    for number in range(99):
        add_page(pdf, TEXT + b"%% %d" % number)
    body = saved(pdf)
    assert len(marked(body).body) - len(body) < 100 * 2000


def test_the_widths_of_the_letters_are_those_of_the_font():
    with opened(saved(blank(content=b""))) as pdf:
        pdf.pages[0].obj.Contents = pdf.make_stream(b"BT /F1 100 Tf 10 100 Td (Mg4.) Tj (|) Tj ET")
        with pypdfium2.PdfDocument(saved(pdf)) as document:
            page = document[0].get_textpage()
            bar = page.get_charbox(4, loose=True)[0]
    assert bar == pytest.approx(10 + 100 * helvetica.width("Mg4."), abs=1)
