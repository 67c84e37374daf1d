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
    body = page_of(lambda pdf: picture(pdf, bits(grain), Decode=Array([1, 0])))
    result = mark("pdf", body, PLAN)
    assert inside(result.body)[:2] == (1, "/FlateDecode")
    expected = twotone.embed(grain, number(result.codes[0]), KEY)
    assert np.array_equal(np.asarray(taken_out(result.body)) < 128, expected)


def test_it_grows_little():
    assert inside(mark("pdf", page_of(group_4), PLAN).body)[2] < 1.25 * len(fax(DARK))


def holes_less(dark):
    """Give how many things there are, less the holes in them: the Euler number, from squares of four pixels."""
    room = np.pad(dark, 1)
    squares = np.stack([room[:-1, :-1], room[:-1, 1:], room[1:, :-1], room[1:, 1:]])
    count = squares.sum(axis=0)
    across = (count == 2) & (squares[0] == squares[3])
    return (int((count == 1).sum()) - int((count == 3).sum()) - 2 * int(across.sum())) // 4


def test_only_edges_move_and_nothing_is_parted_joined_made_or_lost():
    marked = twotone.embed(DARK, CODE, KEY)
    moved = marked != DARK
    near = np.pad(DARK, 2, "edge")
    shifted = [near[y : y + HEIGHT, x : x + WIDTH] for y in range(5) for x in range(5)]
    assert not (moved & (np.all(shifted, axis=0) | ~np.any(shifted, axis=0))).any()
    assert holes_less(marked) == holes_less(DARK)
    assert 0.006 < moved.mean() < 0.02
    assert moved.sum() < 0.4 * DARK.sum()


def test_rules_stay_straight():
    ruled = DARK.copy()
    ruled[:, 20:24] = True
    marked = twotone.embed(ruled, CODE, KEY)
    assert np.array_equal(marked[:, 16:28], ruled[:, 16:28])
    assert not np.array_equal(marked, ruled)


def test_finer_scans_of_the_same_page_are_moved_as_far():
    fine = np.repeat(np.repeat(DARK, 3, axis=0), 3, axis=1)
    assert code_in(np.where(twotone.embed(fine, CODE, KEY), np.uint8(0), np.uint8(255))) == CODE


def test_light_on_dark_is_marked_too():
    assert code_in(np.where(twotone.embed(~DARK, CODE, KEY), 0, 255)) == CODE


def test_what_is_too_thin_or_made_of_dots_or_blank_carries_nothing():
    rows, columns = np.indices(DARK.shape)
    chance = np.random.default_rng(3)
    dots = chance.random(DARK.shape) < columns / WIDTH
    for dark in (columns % 9 == 0, (rows + columns) % 12 == 0, dots, np.zeros_like(DARK), np.ones_like(DARK)):
        assert twotone.embed(dark, CODE, KEY) is None
    nearly_blank = DARK.copy()
    nearly_blank[150:] = False
    assert twotone.embed(nearly_blank, CODE, KEY) is None


def empty(pdf):
    return picture(pdf, bits(np.ones_like(DARK)))


def stencil(pdf):
    made = picture(pdf, bits(DARK), ImageMask=True)
    del made.ColorSpace
    return made


def two_alike(pdf):
    return picture(pdf, bits(DARK), Array([Name.Indexed, Name.DeviceGray, 1, String(b"\xff\xa0")]))


def one_colour(pdf):
    return picture(pdf, bits(DARK), Array([Name.Indexed, Name.DeviceGray, 0, String(b"\xff")]))


def three_channels(pdf):
    return picture(pdf, bits(np.repeat(DARK, 3, axis=1)), Name.DeviceRGB)


def odd_decode(pdf):
    return picture(pdf, bits(DARK), Decode=Array([0, 0.5]))


def cut_short(pdf):
    return picture(pdf, bits(DARK)[:5000])


def no_jbig2(pdf):
    return picture(pdf, b"rubbish", Filter=Name.JBIG2Decode)


def test_without_a_plan_that_asks_for_it_it_stays_as_it_is_and_that_is_told():
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
