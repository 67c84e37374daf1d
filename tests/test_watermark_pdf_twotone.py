"""Pictures of two colours carry the hidden mark at the edges of their strokes, and stay pictures of two colours."""

import io
import random
import struct
import zlib
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
from pdf_kit import blank, opened, rendered, saved
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from gateway.watermark.document import mark
from gateway.watermark.hidden import twotone
from gateway.watermark.hidden.seek import seek
from gateway.watermark.mark import number
from gateway.watermark.plan import Plan, Visible

KEY, CODE = bytes(range(32, 64)), 0x0123_4567_89AB_CDEF
PLAN = Plan((Visible("ACME GmbH / {mark}"),), frozenset(), bytes(range(32)), hidden=KEY, bilevel=True)
ACROSS = b"q 420 0 0 595 0 0 cm /I Do Q"
BOX = Array((0, 0, 420, 595))


def scanned():
    """Give a page of text, true where it is dark."""
    chance = random.Random(4)
    lines = (
        " ".join("".join(chance.choices("aeionrstldmu", k=chance.randint(2, 8))) for _ in range(7)) for _ in range(27)
    )
    content = "BT /F1 15 Tf 20 TL 25 560 Td " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    return np.asarray(rendered(saved(blank(content=content.encode(), MediaBox=BOX)), 2.4)[0].convert("L")) < 140


DARK = scanned()
HEIGHT, WIDTH = DARK.shape


def picture(pdf, data, space=Name.DeviceGray, size=DARK.shape, **entries):
    return pdf.make_stream(
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size[1],
        Height=size[0],
        ColorSpace=space,
        BitsPerComponent=1,
        **entries,
    )


def bits(ones):
    return np.packbits(ones, axis=1).tobytes()


def fax(ones, group="group4"):
    """Give the strip that a TIFF of one strip holds."""
    out = io.BytesIO()
    Image.fromarray(ones).save(out, "TIFF", compression=group, tiffinfo={278: len(ones)})
    with Image.open(io.BytesIO(out.getvalue())) as made:
        (start,), (size,) = made.tag_v2[273], made.tag_v2[279]
    return out.getvalue()[start : start + size]


def parameters(group, **more):
    return Dictionary(K=group, Columns=WIDTH, Rows=HEIGHT, **more)


def group_4(pdf):
    return picture(pdf, fax(DARK), Filter=Name.CCITTFaxDecode, DecodeParms=parameters(-1))


def group_3(pdf):
    return picture(pdf, fax(DARK, "group3"), Filter=Name.CCITTFaxDecode, DecodeParms=parameters(0))


def black_is_1(pdf):
    shown = parameters(-1, BlackIs1=True)
    return picture(pdf, fax(DARK), Filter=Name.CCITTFaxDecode, DecodeParms=shown, Decode=Array([1, 0]))


def packed_fax(pdf):
    filters, said = Array([Name.FlateDecode, Name.CCITTFaxDecode]), Array([None, parameters(-1)])
    return picture(pdf, zlib.compress(fax(DARK)), Filter=filters, DecodeParms=said)


def deflated(pdf):
    return picture(pdf, zlib.compress(bits(~DARK)), Filter=Name.FlateDecode)


def turned(pdf):
    return picture(pdf, bits(DARK), Decode=Array([1, 0]))


def palette(pdf):
    return picture(pdf, bits(DARK), Array([Name.Indexed, Name.DeviceRGB, 1, String(b"\xff\xf8\xf0\x10\x10\x18")]))


def jbig2(pdf):
    """Write one region, coded as in Group 4 (ITU-T T.88, 7.4.6 and 7.4.8)."""
    page = struct.pack(">IIIIBH", WIDTH, HEIGHT, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", WIDTH, HEIGHT, 0, 0, 0, 1) + fax(DARK)
    segments = ((0, 48, page), (1, 38, region))
    data = b"".join(struct.pack(">IBBBI", at, kind, 0, 1, len(body)) + body for at, kind, body in segments)
    return picture(pdf, data, Filter=Name.JBIG2Decode)


CODED = {
    "fax of Group 4": group_4,
    "fax of Group 3": group_3,
    "fax whose black is 1": black_is_1,
    "fax, packed once more": packed_fax,
    "deflated": deflated,
    "white is 0": turned,
    "a palette": palette,
    "JBIG2": jbig2,
}


def page_of(build):
    pdf = blank(content=ACROSS, MediaBox=BOX)
    pdf.pages[0].obj.Resources.XObject = Dictionary(I=build(pdf))
    return saved(pdf)


def taken_out(body):
    """Give the large picture of a page as the renderer of viewers reads it, grey."""
    with pypdfium2.PdfDocument(body) as document:
        things = document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
        (thing,) = (thing for thing in things if thing.get_px_size() == (WIDTH, HEIGHT))
        return thing.get_bitmap().to_pil().convert("L")


def inside(body):
    with opened(body) as pdf:
        thing = pdf.pages[0].obj.Resources.XObject.SvPage.Resources.XObject.I
        return (
            thing.get("/BitsPerComponent"),
            str(thing.get("/Filter")),
            len(thing.read_raw_bytes()),
            thing.get("/Decode"),
        )


def code_in(image):
    found = seek(np.asarray(image, np.float32), KEY)
    return found and found.code


def squeezed(image):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=50)
    return Image.open(out)


@pytest.mark.parametrize("build", CODED.values(), ids=CODED)
def test_every_coding_is_read_and_marked_alike(build):
    result = mark("pdf", page_of(build), PLAN)
    expected = twotone.embed(DARK, number(result.codes[0]), KEY)
    assert np.array_equal(np.asarray(taken_out(result.body)) < 128, expected)
    assert result.notes == ()
    assert inside(result.body)[:2] == (1, "/CCITTFaxDecode")


def test_a_picture_taken_out_of_its_page_carries_the_code_whatever_becomes_of_it():
    result = mark("pdf", page_of(group_4), PLAN)
    image = taken_out(result.body)
    half = image.resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.LANCZOS)
    crop = image.crop((WIDTH // 8, HEIGHT // 6, WIDTH * 7 // 8, HEIGHT * 5 // 6))
    assert {code_in(leak) for leak in (image, half, squeezed(image), crop)} == {number(result.codes[0])}


def test_what_fax_makes_large_is_deflated():
    grain = np.zeros_like(DARK)
    grain[::2, ::2] = True
    grain[: HEIGHT * 3 // 4] = DARK[: HEIGHT * 3 // 4]
    body = page_of(group_4)
    result = mark("pdf", body, replace(PLAN, bilevel=False))
    with opened(body) as before, opened(result.body) as after:
        old = before.pages[0].obj.Resources.XObject.I
        assert after.pages[0].obj.Resources.XObject.SvPage.Resources.XObject.I.read_raw_bytes() == old.read_raw_bytes()
    assert result.notes == ("picture-unmarked",)


@pytest.mark.parametrize(
    "build", [empty, stencil, two_alike, one_colour, three_channels, odd_decode, cut_short, no_jbig2]
)
def test_what_cannot_be_marked_so_stays_as_it_is_and_is_told(build):
    body = page_of(build)
    with opened(body) as before, opened((result := mark("pdf", body, PLAN)).body) as after:
        old = before.pages[0].obj.Resources.XObject.I
        new = after.pages[0].obj.Resources.XObject.SvPage.Resources.XObject.I
        assert new.read_raw_bytes() == old.read_raw_bytes() or new.read_bytes() == old.read_bytes()
    assert result.notes == ("picture-unmarked",)
