"""What lies above a page doesn't cover its mark, nothing unmarked leaves beside it, and permissions hold."""

import io
import re

import pikepdf
import pytest
from pdf_kit import (
    PLAN,
    TEXT,
    add_page,
    blank,
    check_marked,
    differ,
    font,
    marked,
    note,
    opened,
    reason,
    rendered,
    saved,
    texts,
)
from pikepdf import Array, Dictionary, Name, OutlineItem, Stream, String

from gateway.watermark.plan import Plan

# What may lie above it, or leave beside it


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


def test_fields_that_fill_nothing_hide_nothing():
    pdf = blank()
    field = note(pdf, Name.Widget, FT=Name.Tx, T=String("a"))
    field.AP.N.write(b"/Tx BMC q BT /F1 12 Tf (full of form) Tj ET Q EMC")
    pdf.pages[0].obj.Annots = Array([field])
    body = saved(pdf)
    check_marked(body, marked(body))
    field.MK = Dictionary(BG=Array([1]))
    assert reason(saved(pdf)) == "covered"


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
