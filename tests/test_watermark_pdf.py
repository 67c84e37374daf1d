"""A marked PDF shows on every page what it showed, and the page's own mark above it; or it is refused with a reason."""

import io
import re
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_kit import (
    A4,
    TEXT,
    add_page,
    blank,
    check_marked,
    differ,
    font,
    form,
    opened,
    rendered,
    saved,
    texts,
    unstamped,
)
from pikepdf import Array, Dictionary, Name, OutlineItem, Stream, String

from gateway.errors import Unreadable
from gateway.watermark import helvetica
from gateway.watermark.document import mark
from gateway.watermark.mark import code
from gateway.watermark.plan import REASONS, Limits, Plan, Visible

PLAN = Plan((Visible("ACME GmbH / crm / 2026-11-23 / {mark}"),), frozenset(), bytes(range(32)))
SAMPLES = Path(__file__).parents[2] / "shared" / "samples" / "pdf"


def marked(body, plan=PLAN):
    return mark("pdf", body, plan)


def outcome(body):
    """Give the marked PDF, or the reason why it is refused."""
    try:
        return marked(body)
    except Unreadable as refused:
        return str(refused)


def reason(body, plan=PLAN):
    with pytest.raises(Unreadable) as caught:
        marked(body, plan)
    assert caught.value.refusal == "body-unmarkable"
    return str(caught.value)


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


def test_the_tags_of_a_page_follow_its_content():
    pdf = blank(content=b"/P <</MCID 0>> BDC " + TEXT + b"EMC", StructParents=0)
    page = pdf.pages[0].obj
    root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    element = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P, P=root, Pg=page, K=Array([0])))
    root.K, root.ParentTree = element, Dictionary(Nums=Array([0, Array([element])]))
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


# What may lie above it, or leave beside it


def note(pdf, kind, rect=A4, **entries):
    picture = form(pdf, b"1 1 1 rg 0 0 595 842 re f")
    return pdf.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=kind, Rect=Array(rect), F=4, AP=Dictionary(N=picture), **entries)
    )


@pytest.mark.parametrize("kind", [Name.Stamp, Name.Square, Name.FreeText, Name.Link])
def test_an_opaque_annotation_does_not_cover_the_mark(kind):
    pdf = blank()
    pdf.pages[0].obj.Annots = Array([note(pdf, kind)])
    body = saved(pdf)
    result = marked(body)
    check_marked(body, result)
    assert differ(rendered(body)[0], rendered(result.body)[0]) > 0.004


def test_form_fields_that_hide_half_a_page_are_refused_and_small_ones_are_kept():
    pdf = blank()
    pdf.pages[0].obj.Annots = Array([note(pdf, Name.Widget, FT=Name.Btn, T=String("a"))])
    assert reason(saved(pdf)) == "covered"
    pdf.pages[0].obj.Annots = Array([note(pdf, Name.Widget, (10, 10, 200, 60), FT=Name.Btn, T=String("a"))])
    body = saved(pdf)
    check_marked(body, marked(body))


@pytest.mark.parametrize("rect", [(0, 0, 0, 0), (1,), (595, 842, 0, 0)])
def test_annotations_with_odd_rectangles_do_no_harm(rect):
    pdf = blank()
    pdf.pages[0].obj.Annots = Array([note(pdf, Name.Stamp, rect), 7, Dictionary()])
    body = saved(pdf)
    check_marked(body, marked(body))


SECRET = b"CLEAN-COPY-OF-THE-PAGE"


def hide_attachment(pdf):
    pdf.attachments["clean.pdf"] = SECRET


def hide_attachment_note(pdf):
    file = Dictionary(Type=Name.Filespec, F=String("a"), EF=Dictionary(F=pdf.make_stream(SECRET)))
    kind = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 20, 20]), FS=file)
    pdf.pages[0].obj.Annots = Array([kind])


def hide_thumbnail(pdf):
    pdf.pages[0].obj.Thumb = pdf.make_stream(SECRET)


def hide_page_data(pdf):
    pdf.pages[0].obj.PieceInfo = Dictionary(X=Dictionary(Private=pdf.make_stream(SECRET)))


def hide_alternate(pdf):
    image = pdf.make_stream(b"\0", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8)
    image.ColorSpace = Name.DeviceGray
    image.Alternates = Array([Dictionary(Image=pdf.make_stream(SECRET))])
    pdf.pages[0].obj.Resources.XObject = Dictionary(I=image)


def hide_template(pdf):
    page = pdf.make_indirect(Dictionary(Type=Name.Template, Contents=pdf.make_stream(SECRET)))
    pdf.Root.Names = Dictionary(Templates=Dictionary(Names=Array([String("t"), page])))


def hide_page_taken_out(pdf):
    page = add_page(pdf, SECRET)
    with pdf.open_outline() as outline:
        outline.root.append(OutlineItem("old", page.objgen and Array([page, Name.Fit])))
    del pdf.pages[1]


def hide_metadata(pdf):
    pdf.Root.Metadata = pdf.make_stream(b"<xmp:Thumbnails><xmpGImg:image>" + SECRET, Type=Name.Metadata)


def hide_metadata_of_a_page(pdf):
    pdf.pages[0].obj.Metadata = pdf.make_stream(SECRET, Type=Name.Metadata)


def hide_form_data(pdf):
    pdf.Root.SpiderInfo = Dictionary(C=pdf.make_stream(SECRET))


HIDING = [value for name, value in globals().items() if name.startswith("hide_")]


@pytest.mark.parametrize("hide", HIDING)
def test_nothing_unmarked_leaves_beside_the_pages(hide):
    pdf = blank()
    hide(pdf)
    body = saved(pdf)
    assert SECRET in everything(body)
    result = marked(body)
    assert SECRET not in everything(result.body)
    check_marked(body, result)


def everything(body):
    with opened(body) as pdf:
        return b"".join(thing.read_raw_bytes() for thing in pdf.objects if isinstance(thing, Stream)) + b"".join(
            thing.read_bytes() for thing in pdf.objects if isinstance(thing, Stream) and "/Filter" in thing
        )


def test_older_revisions_are_gone():
    old = saved(blank(content=SECRET), compress_streams=False)
    number = int(re.search(rb"/Contents (\d+) 0 R", old)[1])
    start = int(re.search(rb"startxref\s+(\d+)", old)[1])
    root, size = re.search(rb"/Root (\d+ 0 R)", old)[1], re.search(rb"/Size (\d+)", old)[1]
    update = b"%d 0 obj\n<</Length %d>>\nstream\n%sendstream\nendobj\n" % (number, len(TEXT), TEXT)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(old))
    trailer = b"trailer\n<</Root %s /Size %s /Prev %d>>\n" % (root, size, start)
    body = old + update + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(old) + len(update))
    assert SECRET in body
    result = marked(body)
    assert SECRET not in result.body + everything(result.body)
    check_marked(body, result)
    assert "Invoice 4711" in texts(result.body)[0]


def test_a_font_may_be_called_like_an_attachment():
    pdf = blank(content=TEXT.replace(b"/F1", b"/EF"))
    pdf.pages[0].obj.Resources = Dictionary(Font=Dictionary(EF=font(), Thumb=font(), JS=font(), RF=font()))
    body = saved(pdf)
    check_marked(body, marked(body))


def test_a_claim_to_be_an_archive_is_taken_back():
    claim = (
        b'<?xpacket begin=""?><rdf:RDF><rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" '
        b'pdfaid:conformance="B"><pdfaid:part>1</pdfaid:part><dc:title>Invoice</dc:title></rdf:Description>'
    )
    pdf = blank()
    pdf.Root.Metadata = pdf.make_stream(claim, Type=Name.Metadata, Subtype=Name.XML)
    with opened(marked(saved(pdf)).body) as after:
        packet = after.Root.Metadata.read_bytes()
    assert (b"pdfaid:" in packet, b"<dc:title>Invoice</dc:title>" in packet) == (False, True)


# Permissions


def permissions(body):
    with opened(body) as pdf:
        allow = pdf.allow
        names = ("print_highres", "print_lowres", "extract", "modify_annotation", "modify_form")
        return pdf.is_encrypted and pdf.encryption.R, {name for name in names if getattr(allow, name)}


def test_no_demand_no_encryption():
    assert permissions(marked(saved(blank())).body)[0] is False


@pytest.mark.parametrize(
    ("forbidden", "granted"),
    [
        ({"print"}, {"extract", "modify_annotation", "modify_form"}),
        ({"copy"}, {"print_highres", "print_lowres", "modify_annotation", "modify_form"}),
        ({"annotate"}, {"print_highres", "print_lowres", "extract"}),
        ({"print", "copy", "annotate"}, set()),
    ],
)
def test_what_a_policy_forbids_is_forbidden_with_aes_256(forbidden, granted):
    body = saved(blank())
    result = marked(body, Plan(PLAN.visible, frozenset(forbidden), bytes(32)))
    assert permissions(result.body) == (6, granted)
    check_marked(body, result)


def test_an_encrypted_file_that_anyone_can_open_stays_encrypted_and_as_strict():
    author = pikepdf.Encryption(owner="owner", user="", R=4, allow=pikepdf.Permissions(print_highres=False))
    body = saved(blank(), encryption=author)
    result = marked(body, Plan(PLAN.visible, frozenset({"copy"}), bytes(32)))
    assert permissions(result.body) == (6, {"print_lowres", "modify_annotation", "modify_form"})
    check_marked(body, result)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(result.body), password="owner").check_pdf_syntax()


# What is refused


def scripted(**root):
    pdf = blank()
    for key, value in root.items():
        pdf.Root["/" + key] = value
    return saved(pdf)


def signed():
    pdf = blank()
    value = Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3]), Contents=String("x"))
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String("s"), V=value, Rect=Array([0] * 4))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(field)])
    return saved(pdf)


def in_an_annotation(**action):
    pdf = blank()
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(**action))
    pdf.pages[0].obj.Annots = Array([link])
    return saved(pdf)


REFUSED = {
    "another format": (lambda: b"GIF89a", "format"),
    "a password": (lambda: saved(blank(), encryption=pikepdf.Encryption(owner="o", user="u")), "encrypted"),
    "a signature": (signed, "signed"),
    "usage rights": (lambda: scripted(Perms=Dictionary(UR3=Dictionary())), "signed"),
    "an XFA form": (lambda: scripted(AcroForm=Dictionary(XFA=Array([]))), "xfa"),
    "a script at opening": (
        lambda: scripted(OpenAction=Dictionary(S=Name.JavaScript, JS=String("1"))),
        "javascript",
    ),
    "scripts of the document": (
        lambda: scripted(Names=Dictionary(JavaScript=Dictionary(Names=Array([])))),
        "javascript",
    ),
    "a script in a link": (lambda: in_an_annotation(S=Name.JavaScript, JS=String("1")), "javascript"),
    "a script after an action": (
        lambda: in_an_annotation(S=Name.GoTo, Next=Dictionary(S=Name.JavaScript)),
        "javascript",
    ),
    "a script in a rendition": (lambda: in_an_annotation(S=Name.Rendition, JS=String("1")), "javascript"),
    "a script named in escapes": (
        lambda: in_an_annotation(S=Name.JavaScript).replace(b"/JavaScript", b"/Jav#61Script"),
        "javascript",
    ),
    "a program": (lambda: in_an_annotation(S=Name.Launch), "launch"),
    "no pages": (lambda: saved(pikepdf.new()), "no-pages"),
    "a header alone": (lambda: b"%PDF-1.7\n", "broken"),
    "absurd nesting": (lambda: saved(blank(content=b"/A BMC " * 100_000)), "nested"),
}


@pytest.mark.parametrize(("build", "why"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_cannot_be_marked_safely_is_refused_with_its_reason(build, why):
    assert reason(build()) == why


@pytest.mark.parametrize(
    ("limits", "why"),
    [(Limits(pages=1), "too-many-pages"), (Limits(objects=3), "too-many-objects"), (Limits(output=999), "too-large")],
)
def test_limits_hold(limits, why):
    pdf = blank()
    add_page(pdf)
    assert reason(saved(pdf), Plan(PLAN.visible, frozenset(), PLAN.secret, limits=limits)) == why


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_marked_or_refused_and_never_anything_else(data):
    pdf = blank()
    add_page(pdf, Annots=Array([note(pdf, Name.Stamp)]), Rotate=90)
    body = bytearray(saved(pdf, compress_streams=False))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    result = outcome(bytes(body))
    if isinstance(result, str):
        assert result in REASONS
    else:
        with opened(result.body) as after:
            assert len(after.pages) == len(result.codes)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.pdf")) or [None], ids=lambda path: path and path.name)
def test_public_samples_are_marked_or_refused(sample):
    if sample is None:
        pytest.skip("no ../shared/samples/pdf beside the repository")
    body = sample.read_bytes()
    result = outcome(body)
    if isinstance(result, str):
        assert result in {"broken", "javascript", "signed", "xfa"}
    else:
        rendered(body)  # the renderer picks other glyphs for a missing font the first time that it meets it
        check_marked(body, result)
