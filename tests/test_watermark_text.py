"""The words of the mark in any script: shaped right, found by search, alike on pages and pictures."""

import io

import numpy as np
import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_kit import blank, saved
from PIL import Image

from gateway.watermark.document import mark
from gateway.watermark.mark import ALPHABET, SHAPE
from gateway.watermark.plan import Plan, Visible
from gateway.watermark.text.shaping import Typesetter, shows
from gateway.watermark.text.words import fill, is_winansi, put, spelled, wrap

SECRET = bytes(32)
SCRIPTS = {
    "Chinese": "北京华为技术有限公司",
    "Chinese, traditional": "臺北市政府",
    "Chinese, rare": "㐂龘",
    "Japanese": "株式会社サンプル",
    "Korean": "서울특별시",
    "Greek": "Ελλάς",
    "Cyrillic": "Москва",
    "Vietnamese": "Nguyễn Văn Ước",
    "Hebrew": "שלום",
    "Arabic": "شركة",
    "Persian": "گچپژ",
    "Devanagari": "नमस्ते",
    "Thai": "สวัสดีครับ",
    "Georgian": "თბილისი",
    "Tamil": "தமிழ்",
}


def marked(text, *, secret=SECRET, **look):
    return mark("pdf", saved(blank()), Plan((Visible(text, **look),), frozenset(), secret))


def read(body):
    page = pypdfium2.PdfDocument(body)[0]
    return page.get_textpage().get_text_bounded()


@pytest.mark.parametrize("name", SCRIPTS)
def test_text_of_any_script_is_drawn_and_found_by_search(name):
    found = marked(f"{SCRIPTS[name]} / {{mark}}", placement="footer")
    shown = read(found.body)
    assert SCRIPTS[name] in shown or SCRIPTS[name][::-1] in shown  # what runs from the right may be given as it stands
    assert found.codes[0] in shown
    assert "U+" not in shown


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_letter_is_a_box(name):
    runs = Typesetter().line(SCRIPTS[name]).runs
    assert all(glyph.number for run in runs for glyph in run.glyphs)


def test_arabic_letters_join_and_stand_from_the_right():
    (run,) = Typesetter().line("كتاب").runs
    alone = {Typesetter().line(letter).runs[0].glyphs[0].number for letter in "كتاب"}
    assert [glyph.text for glyph in run.glyphs] == [*"كتاب"][::-1]
    assert {glyph.number for glyph in run.glyphs} - alone


def test_what_no_font_has_is_spelled():
    assert spelled("a😀\u202eb\n", shows) == "a[U+1F600 U+202E]b[U+000A]"
    assert spelled("x" + "\u0301" * 9, shows).count("U+0301") == 5


@pytest.mark.parametrize(
    ("text", "embedded"), [("ACME Müller €", False), ("ACME 😀", False), ("Łódź", True), ("北京", True)]
)
def test_only_what_needs_fonts_has_them(text, embedded):
    with pikepdf.open(io.BytesIO(marked(text).body)) as pdf:
        files = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/FontFile2" in one]
    assert bool(files) is embedded


def test_fonts_are_cut_down_and_the_same_each_time():
    one, other = (marked("北京华为 / 張三 / {mark}") for _ in range(2))
    assert one.body == other.body
    assert len(one.body) < 16_000


def test_every_letter_of_codes_can_be_swapped_in():
    for start in range(20):
        found = marked("北京 {mark}", secret=bytes([start]) * 32, placement="footer")
        assert set(found.codes[0]) <= {*ALPHABET, "-"}
        assert found.codes[0] in read(found.body)


def test_pages_and_pictures_show_the_same_glyphs():
    look = {"placement": "footer", "opacity": 1.0, "size": 24}
    body = marked("北京 شركة नमस्ते {mark}", **look).body
    page = pypdfium2.PdfDocument(body)[0]
    drawn = np.asarray(page.render(scale=1).to_pil().convert("L"), float)
    out = io.BytesIO()
    Image.new("L", (drawn.shape[1], drawn.shape[0]), 255).save(out, "PNG")
    plan = Plan((Visible("北京 شركة नमस्ते {mark}", **look),), frozenset(), SECRET)
    pixels = np.asarray(Image.open(io.BytesIO(mark("png", out.getvalue(), plan).body)).convert("L"), float)
    rows = [array[-70:].min(axis=1) < 160 for array in (drawn, pixels)]
    assert all(row.any() for row in rows)
    inks = [(255 - array[-90:]).sum() for array in (drawn, pixels)]
    assert 0.6 < inks[0] / inks[1] < 1.6


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_value_can_turn_round_or_imitate_what_stands_beside_it(customer, recipient):
    filled = put("{customer} / {recipient} / {mark}", {"customer": customer, "recipient": recipient})
    assert filled.count("{mark}") == 1
    inside = filled.replace("\u2068", "\u2069")
    assert inside.count("\u2069") in {0, 4}


@given(st.lists(st.text("ab北京 ש1", min_size=1, max_size=20), min_size=1, max_size=4), st.integers(17, 64))
def test_a_code_is_never_broken_and_no_letter_is_lost(texts, columns):
    for text in fill(texts, SHAPE):
        lines = wrap(text, columns)
        kept = "".join(lines).replace(" ", "").replace("\u200e", "").replace("\u200f", "")
        assert kept == text.replace(" ", "")
        if SHAPE in text:
            assert any(SHAPE in line for line in lines)


def test_winansi_is_told_by_its_letters():
    assert is_winansi("Müller €")
    assert not is_winansi("Łódź")
