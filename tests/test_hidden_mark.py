"""The hidden mark in pictures: it comes back after what people do to leaks, and from nothing else."""

import numpy as np
import pytest
from hidden_kit import CODE, KEY, jpeg, marked, page, read, scene
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from gateway.watermark.hidden import embedding as hidden
from gateway.watermark.hidden import tile as hidden_tile
from gateway.watermark.hidden.eye import similarity
from gateway.watermark.hidden.seek import readings, seek, shrunk
from gateway.watermark.hidden.views import views

LEAKS = {
    "as it is": lambda image: image,
    "jpeg 40": lambda image: jpeg(image, 40),
    "half size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "half as large again": lambda image: image.resize((image.width * 3 // 2, image.height * 3 // 2)),
    "half of it, cut out": lambda image: image.crop((51, 77, 51 + image.width * 7 // 10, 77 + image.height * 7 // 10)),
    "askew": lambda image: image.rotate(-1.7, Image.Resampling.BICUBIC),
    "upside down": lambda image: image.rotate(180),
    "lying": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored": ImageOps.mirror,
    "stretched": lambda image: image.resize((image.width * 26 // 25, image.height)),
    "stretched by a fifth": lambda image: image.resize((image.width, image.height * 6 // 5)),
    "sheared": lambda image: image.transform(image.size, Image.Transform.AFFINE, (1, 0.04, 0, 0, 1, 0)),
    "inverted": ImageOps.invert,
    "grey and pale": lambda image: ImageEnhance.Contrast(image.convert("L")).enhance(0.6),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_code_is_read_from_a_leaked_picture(leak):
    found = read(LEAKS[leak](marked(scene())))
    assert found is not None
    assert found.code == CODE


@pytest.mark.parametrize("leak", ["jpeg 40", "half of it, cut out", "askew", "grey and pale"])
def test_the_code_is_read_from_a_leaked_page(leak):
    found = read(LEAKS[leak](marked(page())))
    assert found is not None
    assert found.code == CODE


@given(code=st.integers(0, (1 << 64) - 1), key=st.binary(min_size=32, max_size=32))
@settings(max_examples=3, deadline=None)
def test_any_code_under_any_key_is_read_back(code, key):
    found = read(marked(scene(), code, key), key)
    assert found is not None
    assert found.code == code


def test_another_key_finds_nothing():
    assert read(marked(scene(240, 200)), bytes(32)) is None


def test_an_unmarked_picture_has_no_code():
    assert read(scene(200, 200, 8)) is None


def test_marking_is_the_same_every_time_and_depends_on_key_and_code():
    once, again, other, under = (
        np.asarray(marked(scene(128, 96), code, key)) for code, key in [(1, KEY), (1, KEY), (2, KEY), (1, bytes(32))]
    )
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert not np.array_equal(once, under)


def test_the_mark_tells_how_the_picture_lies():
    found = read(marked(scene()).resize((720, 540)).rotate(90, expand=True))
    assert found is not None
    assert (round(found.side / 384, 1), round(found.turn), found.mirrored) == (1, 90, False)


@pytest.mark.parametrize("subject", [scene, page], ids=["scene", "page"])
def test_the_mark_can_hardly_be_seen(subject):
    before, after = (np.asarray(image).astype(np.float32) for image in (subject(), marked(subject())))
    error = after - before
    error -= error.mean(axis=(0, 1))
    assert similarity(before[..., 1], after[..., 1]) >= 0.98
    assert 10 * np.log10(255**2 / np.mean(np.square(error))) >= (43 if subject is page else 38)


@pytest.mark.parametrize("mode", ["grey 8", "grey 16", "grey and alpha", "rgb 16", "rgba", "cmyk"])
def test_every_kind_of_pixels_carries_the_mark_natively(mode):
    rgb = np.asarray(scene())
    wide = rgb.astype(np.uint16) * 257
    alpha = np.full(rgb.shape[:2], 255, np.uint8)
    alpha[:60] = 0
    pixels, colours = {
        "grey 8": (rgb[..., 1], "grey"),
        "grey 16": (wide[..., 1], "grey"),
        "grey and alpha": (np.dstack([rgb[..., 1], alpha]), "grey"),
        "rgb 16": (wide, "rgb"),
        "rgba": (np.dstack([rgb, alpha]), "rgb"),
        "cmyk": (np.asarray(scene().convert("CMYK")), "cmyk"),
    }[mode]
    after = hidden.embed(pixels, CODE, KEY, colours)
    assert after.dtype == pixels.dtype
    assert after.shape == pixels.shape
    if "alpha" in mode or mode == "rgba":
        assert np.array_equal(after[..., -1], alpha)
        assert np.array_equal(after[:60], pixels[:60])
    found = seek(hidden.brightness(after, colours), KEY)
    assert found is not None
    assert found.code == CODE


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3), (63, 63)])
def test_pictures_too_small_for_a_code_are_marked_and_searched_without_harm(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    after = hidden.embed(pixels, CODE, KEY, "rgb")
    assert after.shape == pixels.shape
    assert seek(hidden.brightness(after, "rgb"), KEY) is None


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_colour_everywhere_carries_the_mark(level):
    after = hidden.embed(np.full((300, 300), level, np.uint8), CODE, KEY, "grey")
    found = seek(hidden.brightness(after, "grey"), KEY)
    assert found is not None
    assert found.code == CODE


def test_nothing_is_found_where_there_is_nothing():
    assert seek(np.zeros((500, 400), np.float32), KEY) is None
    assert seek(np.zeros((0, 0), np.float32), KEY) is None


def test_a_picture_may_be_turned_by_any_angle():
    found = read(marked(scene(720, 540)).rotate(33, Image.Resampling.BICUBIC, expand=True))
    assert found is not None
    assert (found.code, round(found.turn) % 90) == (CODE, 33)


def test_looking_on_finds_a_small_part_and_tells_how_far_it_got():
    chance = np.random.default_rng(2)
    wall = Image.fromarray(chance.integers(0, 256, (700, 800, 3), dtype=np.uint8))
    wall.paste(marked(scene(220, 200)), (560, 480))
    luma, shares = hidden.brightness(np.asarray(wall), "rgb"), list[float]()
    found = seek(luma, KEY, effort=2, progress=shares.append)
    assert found is not None
    assert found.code == CODE
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1


def test_readings_have_one_length():
    rows = [soft for soft, _, _ in readings(hidden.brightness(np.asarray(scene(120, 100)), "rgb"), KEY)]
    assert len(rows) == 5  # three even forms, and two of them in other ways up
    assert np.allclose([np.linalg.norm(row) for soft in rows for row in soft], 1, atol=1e-5)


def test_black_and_white_dots_are_searched_without_harm():
    dots = (np.random.default_rng(4).random((150, 150)) < 0.5).astype(np.float32) * 255
    assert seek(dots, KEY) is None


@pytest.mark.parametrize(("shape", "seen"), [((64, 9000), (64, 1024)), ((12_000, 70), (1120, 70))])
def test_only_the_middle_of_a_long_strip_is_searched(shape, seen):
    strip = np.random.default_rng(5).integers(0, 256, shape).astype(np.float32)
    assert [found.extent for found, _ in views(strip)] == [seen] * 3


def test_a_large_picture_is_looked_at_smaller():
    small = scene()
    large = np.tile(np.asarray(small), (5, 5, 1))
    luma = shrunk(large, "rgb")
    assert luma.shape == (900, 1200)
    assert np.allclose(
        luma[:180, :240], shrunk(np.asarray(small), "rgb").reshape(180, 2, 240, 2).mean(axis=(1, 3)), atol=0.01
    )


def test_a_tile_has_no_mean_and_one_strength_at_every_size():
    for size in (56, 64, 100, 256, 625):
        tile = hidden_tile.raster(CODE, KEY, size)
        assert tile.shape == (size, size)
        assert abs(float(tile.mean())) < 1e-4
        assert float(tile.std()) == pytest.approx(1, abs=1e-3)
