"""What a policy says of signatures, attachments and claims of a PDF is done, and noted; or the file is refused."""

import io
from dataclasses import replace

import pikepdf
import pytest
from pdf_kit import TEXT, add_page, blank, check_marked, differ, form, opened, rendered, saved, texts
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, Stream, String
from PIL import Image

from gateway.errors import Unreadable
from gateway.watermark.document import mark
from gateway.watermark.plan import Limits, Plan, Visible

PLAN = Plan((Visible("ACME GmbH / {mark}"),), frozenset(), bytes(range(32)))
DROP, KEEP = replace(PLAN, signed="drop"), replace(PLAN, pdfa="keep", hidden=bytes(32))


def reason(body, plan):
    with pytest.raises(Unreadable) as caught:
        mark("pdf", body, plan)
    return str(caught.value)


def streams(body):
    with opened(body) as pdf:
        return b"".join(thing.read_bytes() for thing in pdf.objects if isinstance(thing, Stream))


# Signatures


def signed(*, shows=True, kid=False, direct=False):
    """Give a file with a signed field, whose picture shows who signed; `kid`: the widget is not the field itself."""
    pdf = blank()
    value = Dictionary(
        Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), ByteRange=Array([0, 1, 2, 3]), Contents=b"SIGNATURE"
    )
    value = value if direct else pdf.make_indirect(value)
    widget = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array([60, 60, 260, 120]), F=132)
    if shows:
        picture = form(pdf, b"0.7 1 0.7 rg 0 0 200 60 re f 0 g 9 9 40 12 re f", (0, 0, 200, 60))
        widget.AP = Dictionary(N=picture)
    widget = pdf.make_indirect(widget)
    field = pdf.make_indirect(Dictionary(Kids=Array([widget]))) if kid else widget
    field.FT, field.T, field.V = Name.Sig, String("s"), value
    pdf.pages[0].obj.Annots = Array([widget])
    waiting = pdf.make_indirect(Dictionary(FT=Name.Sig, T=String("w")))
    pdf.Root.AcroForm = Dictionary(Fields=Array([field, waiting]), SigFlags=3)
    pdf.Root.Perms = Dictionary(DocMDP=value if not direct else Dictionary())
    pdf.Root.DSS = Dictionary(Certs=Array([pdf.make_stream(b"CERTIFICATE")]))
    return saved(pdf)


@pytest.mark.parametrize("options", [{}, {"shows": False}, {"kid": True}, {"direct": True}])
def test_signatures_are_refused_or_dropped_with_their_picture_kept(options):
    body = signed(**options)
    assert reason(body, PLAN) == "signed"
    result = mark("pdf", body, DROP)
    assert result.notes == ("signature-dropped",)
    check_marked(body, result)
    with opened(result.body) as pdf:
        assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["w"]
        assert not {"/Perms", "/DSS"} & set(pdf.Root.keys())
        assert "/SigFlags" not in pdf.Root.AcroForm
        for thing in pdf.objects:
            assert not (isinstance(thing, Dictionary) and {"/ByteRange", "/V"} & set(thing.keys()))
    assert b"SIGNATURE" not in result.body


def test_a_signature_that_no_field_holds_is_emptied():
    pdf = blank()
    value = pdf.make_indirect(Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3]), Contents=b"SIGNATURE"))
    pdf.Root.Elsewhere = Dictionary(Held=value)
    result = mark("pdf", saved(pdf), DROP)
    assert result.notes == ("signature-dropped",)
    with opened(result.body) as after:
        assert set(after.Root.Elsewhere.Held.keys()) == {"/Type"}


def test_a_file_without_signatures_loses_nothing():
    pdf = blank()
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("t"), V=String("x"), Rect=Array([9, 9, 99, 40])
    )
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(field)])
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.pages[0].obj.Annots[0]]))
    result = mark("pdf", saved(pdf), DROP)
    assert result.notes == ()
    with opened(result.body) as after:
        assert str(after.Root.AcroForm.Fields[0].V) == "x"


# Attachments


def with_attachments(**files):
    pdf = blank()
    for name, data in files.items():
        pdf.attachments[name] = AttachedFileSpec(pdf, data, filename=f"{name}.bin", description=f"about {name}")
    return saved(pdf)


def picture():
    out = io.BytesIO()
    Image.linear_gradient("L").resize((300, 200)).save(out, "PNG")
    return out.getvalue()


def two_pages():
    pdf = blank()
    add_page(pdf, TEXT)
    return saved(pdf)


def test_attachments_are_removed_and_noted_or_the_file_is_refused():
    body = with_attachments(invoice=two_pages())
    result = mark("pdf", body, PLAN)
    assert result.notes == ("attachments-dropped",)
    with opened(result.body) as pdf:
        assert not pdf.attachments
    assert reason(body, replace(PLAN, attachments="refuse")) == "attachments"
    assert mark("pdf", saved(blank()), replace(PLAN, attachments="refuse")).notes == ()


def test_attachments_are_marked_with_codes_of_their_own_and_others_removed():
    body = with_attachments(invoice=two_pages(), logo=picture(), data=b"<xml/>", bad=b"%PDF-1.7 rubbish")
    result = mark("pdf", body, replace(PLAN, attachments="mark"))
    assert result.notes == ("attachments-dropped",)
    assert len(set(result.codes)) == 1 + 2 + 1
    check_marked(body, replace(result, codes=result.codes[:1]))
    with opened(result.body) as pdf:
        assert sorted(pdf.attachments) == ["invoice", "logo"]
        spec = pdf.attachments["invoice"]
        assert (spec.filename, spec.description) == ("invoice.bin", "about invoice")
        invoice, logo = (pdf.attachments[key].get_file().read_bytes() for key in ("invoice", "logo"))
    for code, text in zip(result.codes[1:3], texts(invoice), strict=True):
        assert code in text
    assert Image.open(io.BytesIO(logo)).info["Mark"] == result.codes[3]
    assert mark("pdf", with_attachments(logo=picture()), replace(PLAN, attachments="mark")).notes == ()


def test_attachments_stay_beside_pages_that_became_pictures():
    plan = replace(PLAN, attachments="mark", view_only=True)
    result = mark("pdf", with_attachments(invoice=two_pages()), plan)
    with opened(result.body) as pdf:
        assert texts(pdf.attachments["invoice"].get_file().read_bytes()) == ["", ""]
    assert len(result.codes) == 3


def test_attachments_inside_attachments_are_removed():
    inner = with_attachments(secret=two_pages())
    result = mark("pdf", with_attachments(outer=inner), replace(PLAN, attachments="mark"))
    with opened(result.body) as pdf, opened(pdf.attachments["outer"].get_file().read_bytes()) as outer:
        assert not outer.attachments


def test_a_document_and_its_attachments_share_the_pages_allowed():
    plan = replace(PLAN, attachments="mark", limits=Limits(pages=2))
    result = mark("pdf", with_attachments(invoice=two_pages()), plan)
    assert (len(result.codes), result.notes) == (1, ("attachments-dropped",))


# Claims

CLAIM = (
    b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" pdfaid:conformance="B" pdfuaid:part="1"><pdfaid:part>%d</pdfaid:part>'
    b"<dc:title>Invoice</dc:title></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
)


def archive(part=2, intent=True, packet=None, **entries):
    pdf = blank(content=b"0.2 0.4 0.6 rg 60 500 200 200 re f", Resources=Dictionary(), **entries)
    pdf.Root.Metadata = pdf.make_stream(packet or CLAIM % part, Type=Name.Metadata, Subtype=Name.XML)
    if intent:
        profile = pdf.make_stream(b"a profile, of which its number counts", N=3)
        condition = String("sRGB")
        pdf.Root.OutputIntents = Array(
            [
                Dictionary(
                    Type=Name.OutputIntent,
                    S=Name("/GTS_PDFA1"),
                    OutputConditionIdentifier=condition,
                    DestOutputProfile=profile,
                )
            ]
        )
    return saved(pdf)


def metadata(body):
    with opened(body) as pdf:
        return pdf.Root.Metadata.read_bytes() if "/Metadata" in pdf.Root else b""


def test_claims_are_taken_back_and_that_is_noted():
    result = mark("pdf", archive(), PLAN)
    assert result.notes == ("pdfa-dropped", "pdfua-dropped")
    after = metadata(result.body)
    assert (b"pdfaid:" in after.replace(b"xmlns:pdfaid:", b""), b"<dc:title>Invoice</dc:title>" in after) == (
        False,
        True,
    )
    assert b"pdfuaid:part" not in after


def test_a_claim_in_another_encoding_is_seen_too():
    body = archive(packet=(CLAIM % 2).decode().encode("utf-16"))
    assert mark("pdf", body, PLAN).notes == ("pdfa-dropped", "pdfua-dropped")
    assert reason(body, replace(PLAN, pdfa="refuse")) == "pdfa"


def test_archives_can_be_refused():
    assert reason(archive(), replace(PLAN, pdfa="refuse")) == "pdfa"
    assert mark("pdf", saved(blank()), replace(PLAN, pdfa="refuse")).notes == ()


@pytest.mark.parametrize("part", [2, 3, 4])
def test_a_claim_is_kept_where_it_stays_true(part):
    body = archive(part)
    result = mark("pdf", body, KEEP)
    assert result.notes == ()
    assert metadata(result.body) == CLAIM % part
    check_archive(result.body)


def test_a_chinese_mark_keeps_the_claim_as_well():
    result = mark("pdf", archive(), replace(KEEP, visible=(Visible("北京 {mark}", colour="#cc0000"),)))
    assert result.notes == ()
    check_archive(result.body)


def check_archive(body):
    """Check what ISO 19005-2 says of the things that a mark adds: 6.1.7.2, 6.2.4.3, 6.2.8, 6.2.10, 6.2.11, 6.3."""
    forbidden = {"/LZWDecode", "/Crypt"}
    with opened(body) as pdf:
        assert not pdf.is_encrypted
        assert "/ID" in pdf.trailer
        for thing in pdf.objects:
            if isinstance(thing, Stream):
                filters = thing.get("/Filter", Array([]))
                names = {str(name) for name in (filters if isinstance(filters, Array) else [filters])}
                assert not names & forbidden
                assert not {"/F", "/FFilter", "/OPI", "/PS", "/Alternates"} & set(thing.keys())
                assert thing.get("/Interpolate", False) is False
            if isinstance(thing, Dictionary) and thing.get("/Type") == Name.Font and thing.Subtype != Name.Type0:
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(thing.FontDescriptor.keys())
            if isinstance(thing, Dictionary) and thing.get("/Type") == Name.ExtGState:
                assert not {"/TR", "/TR2", "/HTP"} & set(thing.keys())
            if isinstance(thing, Dictionary) and thing.get("/Type") == Name.Annot:
                assert thing.F & 4
                assert not thing.F & (1 | 2 | 32)
        assert b"GTS_PDFA1" in pdf.Root.OutputIntents.unparse(resolved=True)


LOST = {
    "part 1 forbids transparency": (lambda: archive(1), KEEP),
    "nothing says what grey looks like": (lambda: archive(intent=False), KEEP),
    "encryption is forbidden": (archive, replace(KEEP, permissions=frozenset({"copy"}))),
    "pictures of pages are other pages": (archive, replace(KEEP, view_only=True)),
}


@pytest.mark.parametrize(("build", "plan"), list(LOST.values()), ids=list(LOST))
def test_a_claim_that_would_become_false_is_refused(build, plan):
    assert reason(build(), plan) == "pdfa"


def test_an_accessible_file_whose_annotations_carry_the_mark_loses_that_claim():
    pdf = opened(archive())
    note = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([9, 9, 99, 99]), F=4)
    note.AP = Dictionary(N=form(pdf, b"1 0 0 rg 0 0 90 90 re f", (0, 0, 90, 90)))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(note)])
    result = mark("pdf", saved(pdf), KEEP)
    assert result.notes == ("pdfua-dropped",)
    assert b"pdfaid:conformance" in metadata(result.body)
    check_archive(result.body)


def test_an_owners_password_that_is_empty_opens_nothing_that_needs_one():
    body = saved(blank(), encryption=pikepdf.Encryption(owner="", user="u", R=6))
    assert reason(body, PLAN) == "encrypted"


def test_what_a_signed_picture_shows_stays():
    before = rendered(signed())[0]
    with_picture = differ(before, rendered(signed(shows=False))[0])
    assert with_picture > 0.01
