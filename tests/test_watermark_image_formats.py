"""Every format keeps its frames, its times, its depth, its transparency and what it shows; only the marks are new."""

import io
import struct
import zlib

import numpy as np
import pytest
from hidden_kit import scene
from image_kit import BOTH, HIDDEN, KEY, PLAN, SECRET, apart, changed, deep, frames, moving, photo, read, written
from PIL import Image, ImageChops, ImageCms, JpegImagePlugin, TiffImagePlugin

from gateway.sandbox import Sandbox
from gateway.watermark.document import mark
from gateway.watermark.hidden.embedding import brightness, embed
from gateway.watermark.hidden.seek import seek
from gateway.watermark.image import frame as image_frame
from gateway.watermark.image import pngfile as image_pngfile
from gateway.watermark.image import tifffile as image_tifffile
from gateway.watermark.mark import code, number
from gateway.watermark.plan import Plan, Visible

LOSSY = 4.0  # grey levels on average that a lossy format may be off


@pytest.fixture
def unstamped(monkeypatch):
    """Leave the visible mark out: what is left is what the file shows without it."""
    monkeypatch.setattr(image_frame, "stamp", lambda image, *_: image)


def transparent(size=(160, 120)):
    shown = photo("RGBA", size)
    shown.putalpha(Image.radial_gradient("L").resize(size).point(lambda level: 255 if level < 150 else 0))
    return shown


def film(kind, **options):
    """Write an animation of three frames."""
    first, *rest = moving()
    return written(first, kind, save_all=True, append_images=rest, duration=[80, 120, 200], **options)


STILL = {
    "gif": ("gif", written(photo("P"), "GIF"), 0),
    "gif of few colours": ("gif", written(photo("1"), "GIF"), 0),
    "gif with transparency": ("gif", written(transparent(), "GIF"), 0),
    "webp": ("webp", written(photo(), "WEBP", quality=80), LOSSY),
    "webp without loss": ("webp", written(photo(), "WEBP", lossless=True), 0),
    "webp with alpha": ("webp", written(transparent(), "WEBP"), LOSSY),
    "webp with alpha, without loss": ("webp", written(transparent(), "WEBP", lossless=True), 0),
    "avif": ("avif", written(photo(), "AVIF", quality=80), LOSSY),
    "avif in grey": ("avif", written(photo("L"), "AVIF"), LOSSY),
    "avif with alpha": ("avif", written(transparent(), "AVIF"), LOSSY),
    "png with a palette": ("png", written(photo("P"), "PNG"), 0),
    "png with alpha": ("png", written(transparent(), "PNG"), 0),
    "tiff": ("tiff", written(photo(), "TIFF"), 0),
    "tiff, grey": ("tiff", written(photo("L"), "TIFF", compression="tiff_lzw"), 0),
    "tiff, ink": ("tiff", written(photo("CMYK"), "TIFF", compression="tiff_adobe_deflate"), 0),
    "tiff, fax": ("tiff", written(photo("1"), "TIFF", compression="group4"), 0),
    "tiff, palette": ("tiff", written(photo("P"), "TIFF", compression="packbits"), 0),
    "tiff, alpha": ("tiff", written(transparent(), "TIFF"), 0),
    "tiff, jpeg": ("tiff", written(photo(), "TIFF", compression="jpeg", quality=90), LOSSY),
    "tiff, grey jpeg": ("tiff", written(photo("L"), "TIFF", compression="jpeg", quality=90), LOSSY),
    "tiff, big": ("tiff", written(photo(), "TIFF", big_tiff=True), 0),
}
MOVING = {
    "gif": ("gif", film("GIF", loop=3)),
    "apng": ("png", film("PNG", loop=3)),
    "webp": ("webp", film("WEBP", loop=3)),
    "webp without loss": (
        "webp",
        film("WEBP", lossless=True),
    ),
    "avif": ("avif", film("AVIF")),
    "transparent gif": (
        "gif",
        written(
            transparent(), "GIF", save_all=True, append_images=[transparent().rotate(90), transparent()], disposal=2
        ),
    ),
    "transparent apng": (
        "png",
        written(transparent(), "PNG", save_all=True, append_images=[transparent().rotate(90)], disposal=1),
    ),
}


@pytest.mark.parametrize(("kind", "body", "off"), list(STILL.values()), ids=list(STILL))
def test_a_picture_shows_what_it_showed(kind, body, off, unstamped):
    result = mark(kind, body, PLAN)
    ((before, _),), ((after, _),) = frames(body), frames(result.body)
    assert read(result.body).format == kind.upper()
    assert after.size == before.size
    assert apart(before, after) <= off


@pytest.mark.parametrize(("kind", "body", "off"), list(STILL.values()), ids=list(STILL))
def test_a_picture_shows_its_mark(kind, body, off):
    result = mark(kind, body, PLAN)
    assert result.codes == (code(PLAN.secret, 1),)
    assert changed(frames(body)[0][0], frames(result.body)[0][0]) > 0.005


@pytest.mark.parametrize(("kind", "body"), list(MOVING.values()), ids=list(MOVING))
def test_an_animation_keeps_its_frames_and_their_times(kind, body, unstamped):
    before, after = frames(body), frames(mark(kind, body, PLAN).body)
    assert [time for _, time in after] == [time for _, time in before]
    assert read(mark(kind, body, PLAN).body).info.get("loop") == read(body).info.get("loop")
    assert max(apart(old, new) for (old, _), (new, _) in zip(before, after, strict=True)) <= LOSSY


@pytest.mark.parametrize(("kind", "body"), list(MOVING.values()), ids=list(MOVING))
def test_every_frame_of_an_animation_shows_the_one_mark(kind, body):
    result = mark(kind, body, PLAN)
    assert result.codes == (code(PLAN.secret, 1),)
    for (old, _), (new, _) in zip(frames(body), frames(result.body), strict=True):
        assert changed(old, new) > 0.005


def test_the_picture_that_stands_in_for_an_animation_is_marked_too():
    first, *rest = moving()
    body = written(first, "PNG", save_all=True, append_images=rest, default_image=True)
    after = mark("png", body, PLAN).body
    assert read(after).info["default_image"]
    assert len(frames(after)) == len(frames(body)) == 3
    assert all(changed(old, new) > 0.005 for (old, _), (new, _) in zip(frames(body), frames(after), strict=True))


def test_each_page_of_a_tiff_has_a_code_of_its_own():
    body = written(photo(), "TIFF", save_all=True, append_images=[photo("L"), photo("1"), photo("CMYK")])
    result = mark("tiff", body, PLAN)
    after = read(result.body)
    assert result.codes == tuple(code(PLAN.secret, page) for page in range(1, 5))
    assert after.n_frames == 4
    modes = []
    for at in range(4):
        after.seek(at)
        modes.append(after.mode)
    assert modes == ["RGB", "L", "L", "CMYK"]


# Depth


def png16(pixels, key=b""):
    head = image_pngfile.chunk(b"tRNS", key) if key else b""
    size = pixels.shape[1], pixels.shape[0]
    data = image_pngfile.packed_fast(pixels)
    return image_pngfile.whole(size, 16, image_pngfile.kind(pixels), head, data)


def samples16(body):
    """Give the samples of a 16-bit PNG of ours, read by hand: each row differs from the pixel to its left."""
    at, data = 8, b""
    while at < len(body):
        length, name = struct.unpack(">I4s", body[at : at + 8])
        if name == b"IHDR":
            width, height, depth, kind = struct.unpack(">IIBB", body[at + 8 : at + 18])
        data += body[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    assert depth == 16
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 2 * width * channels)
    raw = np.cumsum(lines[:, 1:].reshape(height, width, 2 * channels), axis=1, dtype=np.uint8)
    pixels = raw.reshape(height, width, channels, 2).astype(np.uint16)
    return pixels[..., 0] << 8 | pixels[..., 1]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_of_16_bits_keeps_each_of_them(channels, unstamped):
    pixels = deep(channels)
    after = samples16(mark("png", png16(pixels), PLAN).body)
    visible = pixels.reshape(after.shape).copy()
    if channels in {2, 4}:
        visible[visible[..., -1] == 0] = 0
    assert np.array_equal(after, visible)


def test_the_clear_colour_of_a_png_of_16_bits_becomes_alpha(unstamped):
    pixels = deep(3)
    after = samples16(mark("png", png16(pixels, pixels[7, 9].astype(">u2").tobytes()), PLAN).body)
    assert tuple(after[7, 9]) == (0, 0, 0, 0)
    assert (after[..., 3] == 65535).mean() > 0.99


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_marks_of_16_bits_lie_on_all_depths_alike(channels):
    after = samples16(mark("png", png16(deep(channels)), PLAN).body).astype(int)
    differ = np.abs(after - deep(channels).reshape(after.shape)).max(axis=2) > 2000
    assert 0.01 < differ.mean() < 0.5


def tiff16(pixels, order="<", *, predictor=1, apart=False, tile=0, colours=None, extra=None, orientation=1, coding=8):
    """Write 16-bit samples as others do: in either byte order, in planes or tiles, as differences or not."""
    height, width, channels = pixels.shape
    tags = {256: width, 257: height, 258: (16,) * channels, 259: coding, 274: orientation, 277: channels}
    tags |= {262: (1, 1, 1, 2, 2)[channels] if colours is None else colours, 284: 2 if apart else 1, 317: predictor}
    tags |= {338: extra} if extra is not None else {}
    planes = [pixels[..., at : at + 1] for at in range(channels)] if apart else [pixels]
    parts = []
    for plane in planes:
        if tile:
            tall, wide = -(-height // tile) * tile, -(-width // tile) * tile
            padded = np.zeros((tall, wide, plane.shape[2]), np.uint16)
            padded[:height, :width] = plane
            blocks = [padded[y : y + tile, x : x + tile] for y in range(0, tall, tile) for x in range(0, wide, tile)]
        else:
            blocks = [plane[top : top + 50] for top in range(0, height, 50)]
        for block in blocks:
            out = block.copy()
            if predictor == 2:
                out[:, 1:] -= block[:, :-1]
            data = out.astype(f"{order}u2").tobytes()
            parts.append(zlib.compress(data) if coding == 8 else data)
    tags |= {322: tile, 323: tile} if tile else {278: 50}
    file = image_tifffile.File(order)
    file.add(tags, parts, tiled=bool(tile))
    return file.whole()


def tiff_samples(body):
    """Give the samples of a TIFF of ours, read by another library's rules: differences along rows, little-endian."""
    with Image.open(io.BytesIO(body)) as image:
        tags = image.tag_v2
        width, height, channels = tags[256], tags[257], tags[277]
        assert (tags[259], tags[317], set(tags[258])) == (8, 2, {16})
        raw = b"".join(zlib.decompress(body[at : at + size]) for at, size in zip(tags[273], tags[279], strict=True))
    lines = np.frombuffer(raw, "<u2").reshape(height, width, channels)
    return np.cumsum(lines, axis=1, dtype=np.uint16)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"coding": 1},
        {"predictor": 2},
        {"apart": True},
        {"apart": True, "predictor": 2},
        {"tile": 64},
        {"tile": 64, "predictor": 2},
        {"tile": 32, "apart": True},
    ],
    ids=str,
)
def test_a_tiff_of_16_bits_keeps_each_of_them_however_it_is_laid_out(order, how, unstamped):
    pixels = deep(3)
    assert np.array_equal(tiff_samples(mark("tiff", tiff16(pixels, order, **how), PLAN).body), pixels)


def test_a_tiff_of_16_bits_may_be_grey_ink_inverted_or_have_alpha(unstamped):
    grey, ink, alpha = deep(1)[..., None], deep(4), deep(4)
    assert np.array_equal(tiff_samples(mark("tiff", tiff16(grey), PLAN).body), grey)
    assert np.array_equal(tiff_samples(mark("tiff", tiff16(ink, colours=5), PLAN).body), ink)
    assert np.array_equal(tiff_samples(mark("tiff", tiff16(grey, colours=0), PLAN).body), 65535 - grey)
    kept = tiff_samples(mark("tiff", tiff16(alpha, extra=2), PLAN).body)
    assert np.array_equal(kept[alpha[..., 3] > 0], alpha[alpha[..., 3] > 0])


# Which way is up


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "webp", "avif", "tiff"])
def test_every_format_lies_as_its_orientation_says_and_says_so_no_more(kind, orientation, unstamped):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"tiff": {"tiffinfo": {274: orientation}}, "webp": {"exif": exif, "lossless": True}}
    body = written(photo(size=(160, 120)), kind.upper(), **options.get(kind, {"exif": exif}))
    after = mark(kind, body, PLAN).body
    assert read(after).size == ((160, 120) if orientation < 5 else (120, 160))
    assert not read(after).getexif().get(0x0112)
    assert apart(frames(body)[0][0], frames(after)[0][0]) < LOSSY


UPRIGHT = [
    lambda a: a,
    np.fliplr,
    lambda a: np.rot90(a, 2),
    np.flipud,
    lambda a: np.swapaxes(a, 0, 1),
    lambda a: np.rot90(a, -1),
    lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    np.rot90,
]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bits_lie_as_their_orientation_says(orientation, unstamped):
    after = tiff_samples(mark("tiff", tiff16(deep(3), orientation=orientation), PLAN).body)
    assert np.array_equal(after, UPRIGHT[orientation - 1](deep(3)))


# What may leave with the pixels


@pytest.mark.parametrize("kind", ["webp", "avif", "tiff", "gif", "apng"])
def test_nothing_but_profile_and_resolution_leaves_with_the_pixels(kind):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[270], info[700], info[65000] = SECRET.decode(), SECRET, SECRET
    options = {
        "webp": {"icc_profile": profile, "exif": exif, "xmp": SECRET},
        "avif": {"icc_profile": profile, "exif": exif, "xmp": SECRET},
        "tiff": {"icc_profile": profile, "tiffinfo": info, "dpi": (300, 200)},
        "gif": {"comment": SECRET},
        "apng": {"save_all": True, "append_images": moving()[1:], "exif": exif, "icc_profile": profile},
    }
    body = written(moving()[0], kind.removeprefix("a") if kind == "apng" else kind, **options[kind])
    result = mark("png" if kind == "apng" else kind, body, PLAN)
    after = read(result.body)
    assert SECRET in body
    assert SECRET not in result.body
    assert after.info.get("icc_profile") == (None if kind == "gif" else profile)
    assert result.codes[0].encode() in result.body  # in the metadata as well, for those who look there
    if kind == "tiff":
        assert after.info["dpi"] == (300, 200)


def test_colours_that_alpha_hides_are_gone():
    hidden = photo("RGBA", (200, 150))
    hidden.putalpha(0)
    for kind, options in (("webp", {"lossless": True, "exact": True}), ("tiff", {}), ("png", {})):
        after = read(mark(kind, written(hidden, kind, **options), PLAN).body).convert("RGBA")
        clear = np.asarray(after)[..., 3] == 0
        assert clear.any()
        assert not np.asarray(after)[clear].any()


def test_small_copies_in_a_tiff_are_dropped_and_said_so():
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[254] = 1
    out = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(out, new=True) as file:
        for picture, options in ((photo(), {}), (photo(size=(40, 30)), {"tiffinfo": info})):
            picture.save(file, "TIFF", **options)
            file.newFrame()
    result = mark("tiff", out.getvalue(), PLAN)
    assert read(out.getvalue()).n_frames == 2
    assert (read(result.body).n_frames, result.notes) == (1, ("pictures-dropped",))


def test_further_pictures_of_a_camera_are_dropped_and_said_so():
    out = io.BytesIO()
    photo().save(out, "MPO", save_all=True, append_images=[photo("L").convert("RGB")])
    result = mark("jpeg", out.getvalue(), PLAN)
    assert read(out.getvalue()).n_frames == 2
    assert (read(result.body).format, result.notes) == ("JPEG", ("pictures-dropped",))


# Quality


def test_a_jpeg_in_a_tiff_keeps_its_tables():
    body = written(photo(), "TIFF", compression="jpeg", quality=60)

    def tables(tiff):
        with Image.open(io.BytesIO(tiff)) as image:
            tags = image.tag_v2
            start, size = tags[273][0], tags[279][0]
            jpeg = tiff[start : start + size]
            shared = tags.get(347, b"")
        whole = shared[:-2] + jpeg[2:] if shared else jpeg
        with Image.open(io.BytesIO(whole)) as image:
            return [image.quantization[key] for key in sorted(image.quantization)], JpegImagePlugin.get_sampling(image)

    assert tables(mark("tiff", body, PLAN).body) == tables(body)


def test_ink_is_ink_whether_or_not_adobe_says_so():
    none, black = Image.new("L", (400, 300)), Image.linear_gradient("L").resize((400, 300))
    ink = Image.merge("CMYK", (none, none, none, black))
    said, bare = written(ink, "JPEG", quality=95), written(ImageChops.invert(ink), "JPEG", quality=95)
    at = bare.index(b"\xff\xee\0\x0eAdobe")
    bare = bare[:at] + bare[at + 16 :]
    for body, seen in ((said, lambda ink: ink), (bare, ImageChops.invert)):
        after = mark("jpeg", body, PLAN).body
        assert (b"Adobe" in after) == (body == said)
        # The library reads both alike; others read the second as its negative, and so does the mark.
        shades = [np.asarray(seen(read(each)).convert("L"), np.int16) for each in (body, after)]
        bright = shades[0] > 128
        assert (shades[1] - shades[0] < -20)[bright].mean() > 0.005


@pytest.mark.parametrize("quality", [30, 60, 75, 90])
def test_a_lossy_webp_keeps_about_its_quality(quality):
    body = written(photo(size=(640, 480)), "WEBP", quality=quality)
    plain = Plan((Visible("{mark}"),), frozenset(), bytes(32))
    assert len(mark("webp", body, plain).body) < 3 * len(body) + 40_000


# The hidden mark


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif", "gif"])
def test_the_hidden_mark_is_read_back_where_formats_lose_something(kind):
    result = mark(kind, written(scene(360, 270), kind, quality=85), BOTH)
    found = seek(brightness(np.asarray(read(result.body).convert("RGB")), "rgb"), KEY)
    assert found is not None
    assert found.code == number(result.codes[0])


def test_the_hidden_mark_is_put_in_as_it_is_where_formats_lose_nothing():
    shown = np.asarray(scene(200, 150))
    bits = number(code(HIDDEN.secret, 1))
    expected = embed(shown, bits, KEY, "rgb")
    for kind, options in (("png", {}), ("tiff", {}), ("webp", {"lossless": True})):
        result = mark(kind, written(scene(200, 150), kind, **options), HIDDEN)
        assert np.array_equal(np.asarray(read(result.body).convert("RGB")), expected)
    fine = shown.astype(np.uint16) * 257
    expected = embed(fine, bits, KEY, "rgb")
    assert np.array_equal(samples16(mark("png", png16(fine), HIDDEN).body), expected)
    assert np.array_equal(tiff_samples(mark("tiff", tiff16(fine), HIDDEN).body), expected)


async def test_every_format_is_marked_in_a_worker_that_may_do_nothing_else():
    box = Sandbox(workers=1)
    await box.start()
    try:
        for kind in ("png", "jpeg", "webp", "avif", "gif", "tiff"):
            body = written(photo(size=(200, 150)), kind)
            assert (await box.run(mark, kind, body, BOTH)).codes == (code(BOTH.secret, 1),)
    finally:
        await box.close()
