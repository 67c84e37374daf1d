"""Pictures that cover a good part of a page carry the hidden mark in their own samples, and keep how they are coded."""

import io
import zlib

import numpy as np
import pikepdf
import pytest
from pdf_kit import blank, differ, form, opened, rendered, saved, unstamped
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from gateway.watermark.document import mark
from gateway.watermark.hidden.embedding import brightness
from gateway.watermark.hidden.seek import seek
from gateway.watermark.mark import number
from gateway.watermark.plan import Limits, Plan, Visible

KEY = bytes(range(32, 64))
PLAN = Plan((Visible("ACME GmbH / {mark}"),), frozenset(), bytes(range(32)), hidden=KEY)
WIDTH, HEIGHT = 440, 600
ACROSS = b"q 595 0 0 842 0 0 cm /I Do Q"


def scan(mode="L"):
    """Give a picture that looks like a scanned page: paper, lines of ink, a shade."""
    levels = np.full((HEIGHT, WIDTH), 240, np.uint8)
    chance = np.random.default_rng(7)
    for top in range(40, 560, 18):
        levels[top : top + 7, 40:400][chance.random((7, 360)) < 0.4] = 30
    levels[400:520, 220:400] = np.linspace(60, 220, 180, dtype=np.uint8)
    return Image.fromarray(levels).convert(mode)


def coded(kind, mode="L", **options):
    out = io.BytesIO()
    scan(mode).save(out, kind, **options)
    return out.getvalue()


def image(pdf, data, colours, bits=8, **entries):
    entries = {"Type": Name.XObject, "Subtype": Name.Image, "Width": WIDTH, "Height": HEIGHT, **entries}
    if colours is not None:
        entries |= {"ColorSpace": colours, "BitsPerComponent": bits}
    return pdf.make_stream(data, **entries)


def jpeg(mode, **options):
    space = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}[mode]
    return lambda pdf: image(pdf, coded("JPEG", mode, quality=85, **options), space, Filter=Name.DCTDecode)


def adobe_cmyk(pdf):
    picture = jpeg("CMYK")(pdf)
    picture.Decode = Array([1, 0] * 4)
    return picture


def packed_jpeg(pdf):
    data = zlib.compress(coded("JPEG", quality=85))
    return image(pdf, data, Name.DeviceGray, Filter=Array([Name.FlateDecode, Name.DCTDecode]))


def jpx(pdf):
    return image(pdf, coded("JPEG2000", "RGB", quality_layers=[12], irreversible=True), None, Filter=Name.JPXDecode)


def grey(pdf, **entries):
    return image(pdf, scan().tobytes(), Name.DeviceGray, **entries)


def negative(pdf):
    return image(pdf, bytes(255 - level for level in scan().tobytes()), Name.DeviceGray, Decode=Array([1, 0]))


def rgb(pdf):
    space = Array([Name.CalRGB, Dictionary(WhitePoint=Array([0.95, 1, 1.09]))])
    return image(pdf, scan("RGB").tobytes(), space)


def cmyk(pdf):
    return image(pdf, scan("CMYK").tobytes(), Name.DeviceCMYK)


def deep(pdf):
    return image(pdf, np.asarray(scan()).astype(">u2").__mul__(257).astype(">u2").tobytes(), Name.DeviceGray, 16)


def sixteen_levels(pdf):
    levels = np.asarray(scan()) >> 4
    return image(pdf, (levels[:, ::2] << 4 | levels[:, 1::2]).tobytes(), Name.DeviceGray, 4)


def palette(pdf):
    colours = String(bytes(level for at in range(256) for level in (at, at, 255 - at // 2)))
    return image(pdf, scan().tobytes(), Array([Name.Indexed, Name.DeviceRGB, 255, colours]))


def with_soft_mask(pdf):
    return grey(pdf, SMask=grey(pdf))


CODED = {
    "grey JPEG": jpeg("L"),
    "colour JPEG": jpeg("RGB", subsampling=2, progressive=True),
    "JPEG of RGB": jpeg("RGB", keep_rgb=True),
    "JPEG of four inks": jpeg("CMYK"),
    "JPEG of four inks as Adobe writes them": adobe_cmyk,
    "JPEG, packed once more": packed_jpeg,
    "JPEG 2000": jpx,
    "grey samples": grey,
    "a negative": negative,
    "RGB samples": rgb,
    "CMYK samples": cmyk,
    "samples of 16 bits": deep,
    "samples of 4 bits": sixteen_levels,
    "a palette": palette,
    "a soft mask": with_soft_mask,
}


def page_of(build, content=ACROSS, name="I"):
    pdf = blank(content=content)
    pdf.pages[0].obj.Resources.XObject = Dictionary({"/" + name: build(pdf)})
    return saved(pdf)


def pictures(body):
    with opened(body) as pdf:
        found = (thing for thing in pdf.objects if isinstance(thing, pikepdf.Stream) and "/Subtype" in thing)
        return [thing for thing in found if thing.Subtype == Name.Image and thing.get("/Width") == WIDTH]


def taken_out(body, at=0):
    """Give the code in a picture that somebody took out of the file, by its samples alone."""
    with opened(body) as pdf:
        thing = pdf.pages[at].obj.Resources.XObject.SvPage.Resources.XObject.I
        if thing.get("/BitsPerComponent") == 16:
            deep = np.frombuffer(thing.read_bytes(), ">u2").reshape(HEIGHT, WIDTH)
            picture = Image.fromarray((deep >> 8).astype(np.uint8))
        else:
            picture = pikepdf.PdfImage(thing).as_pil_image().convert("RGB")
    found = seek(brightness(np.asarray(picture.convert("RGB")), "rgb"), KEY)
    return found and found.code


@pytest.mark.parametrize("build", list(CODED.values()), ids=list(CODED))
def test_a_picture_taken_out_of_its_page_carries_the_code(build):
    body = page_of(build)
    result = mark("pdf", body, PLAN)
    assert taken_out(result.body) == number(result.codes[0])
    assert result.notes == ()
    before, after = rendered(body, 0.25)[0], rendered(unstamped(result.body), 0.25)[0]
    assert differ(before, after, by=24) < 0.002


@pytest.mark.parametrize("build", [jpeg("L"), jpeg("RGB", subsampling=2)])
def test_a_jpeg_keeps_its_tables_and_about_its_size(build):
    body = page_of(build)
    with opened(body) as before, opened(mark("pdf", body, PLAN).body) as after:
        old = before.pages[0].obj.Resources.XObject.I.read_raw_bytes()
        new = after.pages[0].obj.Resources.XObject.SvPage.Resources.XObject.I.read_raw_bytes()
    one, other = (Image.open(io.BytesIO(data)) for data in (old, new))
    assert one.quantization == other.quantization
    assert one.layer[0][1:3] == other.layer[0][1:3]
    assert len(new) < 1.5 * len(old)


def stencil(pdf):
    return image(pdf, bytes(WIDTH * HEIGHT // 8), None, ImageMask=True, BitsPerComponent=1)


def bilevel(pdf):
    return image(pdf, bytes(WIDTH * HEIGHT // 8), Name.DeviceGray, 1)


def key_colours(pdf):
    return grey(pdf, Mask=Array([0, 0]))


def one_ink(pdf):
    tint = Dictionary(FunctionType=2, Domain=Array([0, 1]), C0=Array([1]), C1=Array([0]), N=1)
    return image(pdf, scan().tobytes(), Array([Name.Separation, Name.Spot, Name.DeviceGray, tint]))


def cut_short(pdf):
    return image(pdf, scan().tobytes()[:5000], Name.DeviceGray)


def broken_jpeg(pdf):
    return image(pdf, b"\xff\xd8\xff rubbish", Name.DeviceGray, Filter=Name.DCTDecode)


@pytest.mark.parametrize("build", [stencil, bilevel, key_colours, one_ink, cut_short, broken_jpeg])
def test_a_picture_that_cannot_be_marked_stays_as_it_is_and_is_told(build):
    body = page_of(build)
    with opened(body) as before, opened((result := mark("pdf", body, PLAN)).body) as after:
        old = before.pages[0].obj.Resources.XObject.I
        new = after.pages[0].obj.Resources.XObject.SvPage.Resources.XObject.I
        assert new.read_raw_bytes() == old.read_raw_bytes() or new.read_bytes() == old.read_bytes()
    assert result.notes == ("picture-unmarked",)


@pytest.mark.parametrize(
    ("content", "touched"),
    [
        (b"q 300 0 0 400 0 0 cm /I Do Q", True),
        (b"q 100 0 0 100 0 0 cm q 4 0 0 5 0 0 cm /I Do Q Q", True),
        (b"q 0 595 -842 0 842 0 cm /I Do Q", True),
        (b"q 60 0 0 80 0 0 cm /I Do Q", False),
        (b"q 595 0 0 842 900 0 cm /I Do Q", False),
        (b"q 595 0 0 842 0 0 cm Q", False),
        (b"cm 1 2 cm (x) cm /I Do", True),
    ],
)
def test_what_covers_a_good_part_of_the_page_is_marked_and_small_things_are_not(content, touched):
    body = page_of(grey, content)
    result = mark("pdf", body, PLAN)
    with opened(result.body) as after:
        thing = after.pages[0].obj.Resources.XObject.SvPage.Resources.XObject.I
        assert (thing.read_bytes() != scan().tobytes()) is touched


def test_a_picture_inside_forms_is_found():
    pdf = blank(content=b"q 595 0 0 842 0 0 cm /Outer Do Q")
    inner = form(pdf, b"/I Do", (0, 0, 1, 1), Resources=Dictionary(XObject=Dictionary(I=grey(pdf))))
    outer = form(pdf, b"/Inner Do", (0, 0, 1, 1), Resources=Dictionary(XObject=Dictionary(Inner=inner)))
    pdf.pages[0].obj.Resources.XObject = Dictionary(Outer=outer)
    result = mark("pdf", saved(pdf), PLAN)
    with opened(result.body) as after:
        things = after.pages[0].obj.Resources.XObject.SvPage.Resources.XObject
        assert things.Outer.Resources.XObject.Inner.Resources.XObject.I.read_bytes() != scan().tobytes()


def test_a_picture_on_several_pages_is_marked_once_with_the_code_of_the_first():
    pdf = pikepdf.new()
    shared = grey(pdf)
    for _ in range(2):
        other = blank(content=ACROSS)
        pdf.pages.append(other.pages[0])
        pdf.pages[-1].obj.Resources.XObject = Dictionary(I=shared)
    result = mark("pdf", saved(pdf), PLAN)
    assert taken_out(result.body, 1) == number(result.codes[0])
    assert len(pictures(result.body)) == 1


def test_beyond_the_pixels_allowed_pictures_stay_as_they_are():
    limited = Plan(PLAN.visible, frozenset(), PLAN.secret, hidden=KEY, limits=Limits(pixels=WIDTH * HEIGHT - 1))
    assert mark("pdf", page_of(grey), limited).notes == ("picture-unmarked",)


def test_without_a_hidden_mark_pictures_are_left_alone():
    body = page_of(grey)
    with opened(mark("pdf", body, Plan(PLAN.visible, frozenset(), PLAN.secret)).body) as after:
        assert after.pages[0].obj.Resources.XObject.SvPage.Resources.XObject.I.read_bytes() == scan().tobytes()


def test_the_picture_of_a_scanned_page_still_gives_the_code():
    result = mark("pdf", page_of(jpeg("L")), PLAN)
    picture = rendered(result.body, 80 / 72)[0]
    found = seek(brightness(np.asarray(picture), "rgb"), KEY)
    assert found
    assert found.code == number(result.codes[0])


@pytest.mark.parametrize(("across", "notes"), [(500, ("picture-unmarked",)), (20, ())])
def test_a_large_picture_that_stands_in_the_content_itself_is_told(across, notes):
    data = bytes(range(250)) * (across * 500 // 250)
    content = b"q 595 0 0 842 0 0 cm BI /W %d /H 500 /BPC 8 /CS /G ID " % across + data + b" EI Q"
    assert mark("pdf", saved(blank(content=content)), PLAN).notes == notes
