"""The mark fits every page, one tile is always whole, and no large part of a page is without one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.watermark.mark import SHAPE
from gateway.watermark.text.layout import LEADING, Area, lay

sides = st.floats(min_value=0.01, max_value=20_000)
TEXT = f"ACME GmbH / crm / 2026-11-23 / {SHAPE}"


def measure(text):
    return 0.55 * len(text)


def extent(layout):
    cos, sin = math.cos(math.radians(layout.slant)), math.sin(math.radians(layout.slant))
    return layout.width * cos + layout.height * sin, layout.width * sin + layout.height * cos


@given(sides, sides, st.sampled_from([TEXT, SHAPE, "x" * 400, "a b " * 90]))
def test_the_first_tile_lies_whole_in_the_middle(width, height, text):
    layout = lay((text,), measure, Area(0, 0, width, height))
    assert layout.centres[0] == (width / 2, height / 2)
    across, up = extent(layout)
    assert across <= width * 0.95
    assert up <= height * 0.95
    assert layout.width == pytest.approx(max(map(measure, layout.lines)) * layout.size)
    assert layout.height == pytest.approx(len(layout.lines) * LEADING * layout.size)


@given(sides, sides)
def test_the_work_is_bounded_whatever_the_sides_are(width, height):
    cover = Area(-height, -width, height, width)
    assert len(lay((TEXT,), measure, Area(0, 0, width, height), cover=cover).centres) < 500


@pytest.mark.parametrize("size", [(595, 842), (842, 595), (3370, 4768), (300, 400), (1920, 1080)])
def test_an_ordinary_page_is_tiled_at_a_slant_in_a_size_that_follows_it(size):
    layout = lay((TEXT,), measure, Area(0, 0, *size))
    assert layout.slant == 30
    assert layout.size == pytest.approx(math.sqrt(size[0] * size[1]) / 62)
    assert 12 < len(layout.centres) < 64
    far = 0.25 * math.hypot(*size)
    for x in range(0, size[0], size[0] // 10):
        for y in range(0, size[1], size[1] // 10):
            assert min(math.dist((x, y), centre) for centre in layout.centres) < far


def test_a_strip_takes_level_or_upright_lines():
    assert lay((TEXT,), measure, Area(0, 0, 3000, 30)).slant == 0
    assert lay((TEXT,), measure, Area(0, 0, 30, 3000)).slant == 90


def test_what_a_crop_box_hides_is_tiled_too():
    page, cover = Area(0, 0, 300, 300), Area(-600, -600, 900, 900)
    beyond = [at for at in lay((TEXT,), measure, page, cover=cover).centres if not 0 < at[0] < 300]
    assert min(at[0] for at in beyond) < -300
    assert max(at[0] for at in beyond) > 600
