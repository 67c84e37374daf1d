"""Whatever the content of a page does ends with it: nothing hides the mark, and the mark changes nothing."""

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_kit import (
    TEXT,
    add_page,
    blank,
    check_marked,
    differ,
    font,
    form,
    marked,
    opened,
    rendered,
    saved,
)
from pikepdf import Array, Dictionary, Name, String

# What the content does


def layer_of(pdf):
    return pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("hidden")))


HOSTILE = {
    "q never closed": b"q q q 0 0 1 1 re W n " + TEXT,
    "Q too many": b"Q Q Q " + TEXT + b"Q Q Q Q",
    "a clip of nothing": TEXT + b"0 0 0 0 re W n",
    "everything scaled to nothing": TEXT + b"0.0001 0 0 0.0001 0 0 cm",
    "a hidden layer never closed": TEXT + b"/OC /Hidden BDC",
    "marked content never closed": TEXT + b"/Span BMC " * 20,
    "EMC too many": b"EMC EMC " + TEXT + b"EMC",
    "a string never closed": TEXT + b"BT (abc",
    "a hexadecimal string never closed": TEXT + b"<4142",
    "a text object never closed": TEXT + b"BT /F1 9 Tf 3 Tr",
    "an inline image never closed": TEXT + b"BI /W 4 /H 4 /BPC 8 /CS /G ID 12345678",
    "a dictionary never closed": TEXT + b"/Span << /A ",
    "arrays never closed": TEXT + b"[" * 5000,
    "a comment at the end": TEXT + b"% no line end",
    "text that can't be seen": TEXT + b"/F1 0 Tf 3 Tr 1 g",
    "white on white": TEXT + b"1 g 1 G",
    "binary rubbish": TEXT + bytes(range(256)) * 20,
    "names of our own": TEXT + b"/SvMark Do /SvPage Do",
    "nothing but spaces": b"   \n",
}


@pytest.mark.parametrize("content", list(HOSTILE.values()), ids=list(HOSTILE))
def test_no_content_hides_the_mark_or_is_changed_by_it(content):
    pdf = blank(content=content)
    layer = layer_of(pdf)
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    pdf.pages[0].obj.Resources.Properties = Dictionary(Hidden=layer)
    body = saved(pdf)
    check_marked(body, marked(body))


def test_a_layer_left_open_is_closed_before_the_mark():
    pdf = blank(content=b"/OC /Hidden BDC (EMC) Tj /Span BMC % EMC\n BI ID EMC EI EMC")
    pdf.pages[0].obj.Resources.Properties = Dictionary(Hidden=layer_of(pdf))
    with opened(marked(saved(pdf)).body) as after:
        assert after.pages[0].Contents.read_bytes().startswith(b"q /SvPage Do Q EMC /Artifact")


OPERATORS = [b"q", b"Q", b"BT", b"ET", b"EMC", b"/A BMC", b"/OC /Hidden BDC", b"W n", b"(a", b"b)", b"<<", b">>", b"["]
OPERATORS += [TEXT, b"1 0 0 1 9 9 cm", b"10 10 300 300 re", b"f", b"BI", b"ID", b"EI", b"0 0 0 0 re", b"3 Tr", b"%x\n"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(OPERATORS), max_size=20).map(b" ".join))
def test_whatever_the_content_the_mark_is_seen_above_it(content):
    body = saved(blank(content=content))
    check_marked(body, marked(body))


def test_the_streams_of_a_page_are_one_content():
    pdf = blank()
    parts = [b"q 1 0 0 1 0 -100 cm", TEXT + b"% comment", b"Q BT /F1 20 Tf 50 50 Td (end", b") Tj ET"]
    pdf.pages[0].obj.Contents = Array([pdf.make_stream(part) for part in parts])
    body = saved(pdf)
    check_marked(body, marked(body))


def test_pages_that_share_their_content_but_not_their_resources_stay_apart():
    pdf = pikepdf.new()
    content = pdf.make_stream(b"/Shape Do")
    for shape in (b"0 0 300 300 re f", b"300 500 200 300 re f", b"0 0 300 300 re f"):
        shapes = pdf.make_indirect(Dictionary(XObject=Dictionary(Shape=form(pdf, shape))))
        add_page(pdf, content, Resources=shapes)
    body = saved(pdf)
    check_marked(body, marked(body))


def test_pages_that_share_content_and_resources_share_the_form():
    pdf = pikepdf.new()
    content, resources = pdf.make_stream(TEXT), pdf.make_indirect(Dictionary(Font=Dictionary(F1=font())))
    for _ in range(3):
        add_page(pdf, content, Resources=resources)
    body = saved(pdf)
    result = marked(body)
    check_marked(body, result)
    with opened(result.body) as after:
        assert len({page.obj.Resources.XObject.SvPage.objgen for page in after.pages}) == 1


def test_a_content_that_is_a_form_elsewhere_stays_that_form():
    pdf = blank()
    picture = form(pdf, b"0 0 1 rg 0 0 50 50 re f", (0, 0, 50, 50))
    add_page(pdf, picture)
    add_page(pdf, b"3 0 0 3 100 100 cm /P Do", Resources=Dictionary(XObject=Dictionary(P=picture)))
    body = saved(pdf)
    check_marked(body, marked(body))


def test_forms_that_rely_on_the_resources_of_their_page_find_them():
    pdf = blank(content=b"/Old Do")
    pdf.pages[0].obj.Resources.XObject = Dictionary(Old=form(pdf, TEXT))
    body = saved(pdf)
    assert differ(rendered(body)[0], rendered(saved(blank(content=b"")))[0]) > 0.01
    result = marked(body)
    check_marked(body, result)
    with opened(result.body) as after:
        assert "/F1" in after.pages[0].obj.Resources.Font


@pytest.mark.parametrize("careless", [False, True], ids=["elements", "one element in place of them"])
def test_the_tags_of_a_page_follow_its_content(careless):
    pdf = blank(content=b"/P <</MCID 0>> BDC " + TEXT + b"EMC", StructParents=0)
    page = pdf.pages[0].obj
    root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    element = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P, P=root, Pg=page, K=Array([0])))
    root.K, root.ParentTree = element, Dictionary(Nums=Array([0, element if careless else Array([element])]))
    pdf.Root.StructTreeRoot, pdf.Root.MarkInfo = root, Dictionary(Marked=True)
    body = saved(pdf)
    result = marked(body)
    check_marked(body, result)
    with opened(result.body) as after:
        page = after.pages[0].obj
        content = page.Resources.XObject.SvPage
        kid = after.Root.StructTreeRoot.K.K[0]
        assert (kid.Type, int(kid.MCID)) == (Name.MCR, 0)
        assert (kid.Stm.objgen, kid.Pg.objgen) == (content.objgen, page.objgen)
        assert (int(content.StructParents), "/StructParents" in page) == (0, False)
        assert page.Contents.read_bytes().count(b"/Artifact") == 1
