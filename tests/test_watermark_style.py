"""Where the texts of several policies stand, and how they look: none covers another, and the page stays readable."""

import io
import math
from itertools import combinations

import numpy as np
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_kit import blank, saved
from PIL import Image, ImageDraw

from gateway.watermark.document import mark
from gateway.watermark.mark import SHAPE
from gateway.watermark.plan import Plan, Visible
from gateway.watermark.text.layout import Area
from gateway.watermark.text.placing import place

PLACEMENTS = ("tiled", "diagonal", "header", "footer", "corner")
SECRET = bytes(32)
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
VISIBLE = st.builds(
    Visible,
    text=st.sampled_from(["ACME GmbH", "Exported by ann@crm.example on 2026-11-23", "北京"]),
    placement=st.sampled_from(PLACEMENTS),
    size=st.sampled_from([0, 8, 30]),
)


def measure(text):
    return 0.6 * len(text)


def boxes(placed):
    layout = placed.layout
    cos, sin = math.cos(math.radians(layout.slant)), math.sin(math.radians(layout.slant))
    wide, high = layout.width / 2, layout.height / 2
    for x, y in layout.centres:
        yield [(x + a * wide * cos - b * high * sin, y + a * wide * sin + b * high * cos) for a, b in CORNERS]


def apart(one, other):
    for corners in (one, other):
        for at in (0, 1):
            u, v = corners[at + 1][0] - corners[at][0], corners[at + 1][1] - corners[at][1]
            mine, theirs = ([u * x + v * y for x, y in each] for each in (one, other))
            if max(mine) <= min(theirs) + 1e-6 or max(theirs) <= min(mine) + 1e-6:
                return True
    return False


def set_on(visible, width, height):
    texts = [f"{one.text} {SHAPE}" for one in visible]
    return place(visible, texts, measure, Area(0, 0, width, height), least=4)


@given(st.lists(VISIBLE, min_size=1, max_size=5), st.floats(20, 5000), st.floats(20, 5000))
def test_every_text_stands_somewhere_whole_and_none_covers_another(visible, width, height):
    placed = set_on(visible, width, height)
    assert sorted(number for one in placed for number in one.of) == list(range(len(visible)))
    for one in placed:
        assert {*one.layout.sources} == {*range(len(one.of))}
        assert all(-1e-6 <= x <= width + 1e-6 and -1e-6 <= y <= height + 1e-6 for x, y in next(boxes(one)))
    for one, other in combinations(placed, 2):
        assert all(apart(a, b) for a in boxes(one) for b in boxes(other))


def test_footers_stack_and_headers_hang():
    at = [one.layout.centres[0][1] for one in set_on([Visible("a", "footer"), Visible("b", "footer")], 595, 842)]
    assert at[0] < at[1] < 100
    (header,) = set_on([Visible("a", "header")], 595, 842)
    assert header.layout.centres[0][1] > 800


def test_a_page_without_room_for_edges_is_tiled():
    (placed,) = set_on([Visible("a" * 30, "footer"), Visible("b", "header")], 90, 20)
    assert placed.of == (0, 1)


def test_a_size_is_in_points():
    (placed,) = set_on([Visible("a", "footer", size=11)], 595, 842)
    assert placed.layout.size == 11


def rendered(visible, ground, turn=0):
    pdf = blank()
    page = pdf.pages[0]
    page.Contents = pdf.make_stream(f"{ground} {ground} {ground} rg 0 0 2000 2000 re f".encode())
    page.Rotate = turn
    body = mark("pdf", saved(pdf), Plan(visible, frozenset(), SECRET)).body
    return np.asarray(pypdfium2.PdfDocument(body)[0].render(scale=2).to_pil().convert("L"), float)


@pytest.mark.parametrize("ground", [0, 0.5, 1])
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("colour", ["", "#c00000", "#ffffff", "#000000"])
def test_a_mark_is_seen_on_any_ground(placement, colour, ground):
    seen = rendered((Visible("北京 ACME {mark}", placement, colour=colour),), ground)
    assert (abs(seen - 255 * ground) > 12).sum() > 400


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_footer_is_at_the_foot_whichever_way_the_page_is_turned(turn):
    seen = rendered((Visible("ACME {mark}", "footer"),), 1, turn)
    assert (seen[-120:] < 250).any()
    assert not (seen[:-120] < 250).any()


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_text_of_a_page_stays_readable_below_the_mark(placement):
    page = Image.new("RGB", (900, 600), "white")
    pen = ImageDraw.Draw(page)
    for row in range(60):
        pen.text((20, 10 * row), "the page's own words " * 8, fill="black")
    out = io.BytesIO()
    page.save(out, "PNG")
    plan = Plan((Visible("ACME GmbH {mark}", placement),), frozenset(), SECRET)
    before = np.asarray(page.convert("L"), float)
    after = np.asarray(Image.open(io.BytesIO(mark("png", out.getvalue(), plan).body)).convert("L"), float)
    ink, paper = before < 64, before > 250
    assert np.quantile(after[ink], 0.99) < np.quantile(after[paper], 0.01)
    assert (after != before).any()
