"""The hidden mark over PDF pages: whatever renders the page renders the mark."""

import io
import zlib

import numpy as np
import pikepdf
import pypdfium2
import pytest
from hidden_kit import CODE, KEY, jpeg, read
from pikepdf import Array, Dictionary, Name
from PIL import Image

from gateway.watermark.hidden.page import PIXELS, blend, sheet_for_page, tile_for_page


def document(width=595, height=842, rotate=0, ground=1, cmyk=False):
    """Give a page of text on a ground of this grey with the mark over it, drawn in the plainest way."""
    pdf = pikepdf.new()
    rows = " ".join(
        f"(Article {row * 7919 % 1000}, to be delivered in week {row}, carriage paid) Tj T*" for row in range(44)
    )
    text = f"{ground} g 0 0 {width} {height} re f {1 - ground} g BT /F 11 Tf 16 TL 50 {height - 60} Td {rows} ET"
    sheet = sheet_for_page(CODE, KEY, width, height)
    image = pdf.make_stream(sheet.samples)
    image.Type, image.Subtype, image.ColorSpace = Name.XObject, Name.Image, Name.DeviceGray
    image.Width, image.Height, image.BitsPerComponent = sheet.columns, sheet.rows, 4
    mode, opacity = blend(cmyk=cmyk)
    draw = f"q /G gs {sheet.width} 0 0 {sheet.height} 0 {height - sheet.height} cm /T Do Q"
    resources = Dictionary(
        Font=Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)),
        XObject=Dictionary(T=image),
        ExtGState=Dictionary(G=Dictionary(BM=Name("/" + mode), ca=opacity)),
    )
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, width, height]),
        Rotate=rotate,
        Resources=resources,
        Contents=pdf.make_stream(f"{text}\n{draw}".encode()),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def render(body, dots):
    opened = pypdfium2.PdfDocument(body)
    try:
        return opened[0].render(scale=dots / 72).to_pil().convert("RGB")
    finally:
        opened.close()


@pytest.mark.parametrize("dots", [72, 120])
def test_a_rendered_page_tells_its_code(dots):
    found = read(render(document(), dots))
    assert found is not None
    assert found.code == CODE
    assert found.side == pytest.approx(256 * dots / 150, rel=0.01)


@pytest.mark.parametrize(
    "leak",
    [
        lambda image: jpeg(image, 50),
        lambda image: image.crop((200, 300, 200 + image.width // 2, 300 + image.height // 2)),
        lambda image: jpeg(image.crop((66, 40, 766, 1030)).resize((350, 495), Image.Resampling.LANCZOS), 50),
    ],
    ids=["jpeg 50", "a quarter of it", "half of it, half size, jpeg 50"],
)
def test_a_leaked_rendering_tells_its_code(leak):
    found = read(leak(render(document(), 120)))
    assert found is not None
    assert found.code == CODE


def test_a_turned_page_and_a_large_one_carry_the_mark():
    turned, large = read(render(document(rotate=90), 72)), read(render(document(1684, 2384), 32))
    assert turned is not None
    assert large is not None
    assert (turned.code, large.code) == (CODE, CODE)


def test_a_dark_page_tells_its_code_as_a_light_one_does():
    found = read(jpeg(render(document(ground=0.08), 100), 50))
    assert found is not None
    assert found.code == CODE


def test_what_blends_in_inks_is_drawn_so_that_no_colour_fades():
    found = read(jpeg(render(document(cmyk=True), 100), 50))
    assert blend(cmyk=True)[0] == "Multiply"
    assert found is not None
    assert found.code == CODE


def test_a_tile_is_two_samples_a_byte_and_a_sheet_repeats_it():
    tile, sheet = tile_for_page(CODE, KEY), sheet_for_page(CODE, KEY, 595, 842)
    assert len(tile.samples) == PIXELS * PIXELS // 2
    assert (tile.width, tile.height) == pytest.approx((122.88, 122.88), rel=0.001)
    assert (sheet.width >= 595, sheet.height >= 842) == (True, True)
    rows = np.frombuffer(sheet.samples, np.uint8).reshape(sheet.rows, sheet.columns // 2)
    assert rows[-PIXELS:, -PIXELS // 2 :].tobytes() == tile.samples


def test_the_mark_adds_little_more_than_a_kilobyte_to_a_page():
    sheet = sheet_for_page(CODE, KEY, 595, 842)
    assert len(zlib.compress(sheet.samples, 9)) < 1400
