"""A marked image shows what it showed and its mark above it, and carries nothing else of the file that it came from."""

import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_kit import PLAN, SECRET, changed, outcome, photo, read, reason, written
from PIL import Image, ImageChops, ImageCms, JpegImagePlugin
from PIL.PngImagePlugin import PngInfo

from gateway.watermark.document import mark
from gateway.watermark.mark import code
from gateway.watermark.plan import REASONS, Limits, Plan

SAMPLES = Path(__file__).parents[2] / "shared" / "samples" / "images"


# PNG


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1"])
def test_a_png_of_any_kind_is_marked_and_else_unchanged(mode):
    before = photo(mode)
    after = read(mark("png", written(before, "PNG"), PLAN).body)
    assert after.size == before.size
    assert 0.01 < changed(before, after) < 0.3
    assert 1 - changed(before, after, by=1) > 0.6  # pixels without a letter are what they were


def test_a_palette_with_transparency_keeps_it():
    before = photo("P")
    after = read(mark("png", written(before, "PNG", transparency=before.getpixel((0, 0))), PLAN).body)
    assert after.mode == "RGBA"
    assert after.getchannel("A").getextrema()[0] == 0


def test_colours_under_full_transparency_are_gone_and_the_mark_is_not():
    before = photo("RGBA")
    before.putalpha(0)
    after = read(mark("png", written(before, "PNG"), PLAN).body)
    alpha = after.getchannel("A")
    assert after.convert("RGB").getcolors(2) is None
    hidden = alpha.point(lambda level: 255 if level == 0 else 0)
    assert ImageChops.multiply(after.convert("RGB").convert("L"), hidden).getbbox() is None
    assert sum(alpha.histogram()[40:]) / (alpha.width * alpha.height) > 0.01


@pytest.mark.parametrize("shade", [0, 32, 64, 128, 192, 255])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_mark_can_be_seen_on_any_ground(mode, shade):
    before = Image.new("L", (600, 400), shade).convert(mode)
    after = read(mark("png", written(before, "PNG"), PLAN).body)
    assert changed(before, after, by=24) > 0.01


def test_other_exports_have_other_marks_in_the_pixels():
    body = written(photo(), "PNG")
    one, other = mark("png", body, PLAN), mark("png", body, Plan(PLAN.visible, frozenset(), bytes(32)))
    assert one.codes == (code(PLAN.secret, 1),) != other.codes
    assert changed(read(one.body), read(other.body)) > 0.002


@pytest.mark.parametrize("size", [(400, 40), (40, 400), (100, 100), (3000, 80), (90, 60)])
def test_strips_and_small_images_have_room_for_a_code(size):
    before = Image.new("RGB", size, "white")
    assert changed(before, read(mark("png", written(before, "PNG"), PLAN).body)) > 0.01


# JPEG


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_keeps_its_kind_and_its_quality(mode, progressive):
    body = written(photo(mode), "JPEG", quality=83, progressive=progressive, subsampling=1)
    before, after = read(body), read(mark("jpeg", body, PLAN).body)
    assert (after.mode, after.size, bool(after.info.get("progressive"))) == (mode, before.size, progressive)
    assert after.quantization == before.quantization
    assert JpegImagePlugin.get_sampling(after) == JpegImagePlugin.get_sampling(before)
    assert 0.01 < changed(before, after) < 0.3


def test_a_jpeg_whose_colours_are_stored_as_they_are_keeps_them():
    body = written(photo(), "JPEG", keep_rgb=True, quality=95)
    before, after = read(body), read(mark("jpeg", body, PLAN).body)
    assert after.info.get("adobe_transform") == before.info.get("adobe_transform") == 0
    assert changed(before, after) < 0.3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_lies_as_its_orientation_says_and_says_so_no_more(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    body = written(photo(), "JPEG", exif=exif, quality=95)
    after = read(mark("jpeg", body, PLAN).body)
    assert after.size == ((400, 300) if orientation < 5 else (300, 400))
    assert not after.getexif()


# What may leave with the pixels


def test_only_profile_and_resolution_leave_with_the_pixels():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    text = PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    options = {"icc_profile": profile, "exif": exif, "dpi": (300, 300)}
    png = written(photo(), "PNG", pnginfo=text, **options)
    jpeg = written(photo(), "JPEG", comment=SECRET, xmp=SECRET, **options)
    for kind, body in (("png", png), ("jpeg", jpeg)):
        assert SECRET in body
        result = mark(kind, body, PLAN)
        after = read(result.body)
        assert SECRET not in result.body
        assert after.info["icc_profile"] == profile
        assert after.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert result.codes[0].encode() in result.body  # in the metadata as well, for those who look there


def test_what_only_calls_itself_a_profile_is_dropped():
    result = mark("png", written(photo(), "PNG", icc_profile=SECRET * 20), PLAN)
    assert "icc_profile" not in read(result.body).info


# What is refused


def chunk(name, data):
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def png_of(*chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PNG, JPEG = written(photo(), "PNG"), written(photo(), "JPEG")
HEADER = chunk(b"IHDR", bytes.fromhex("000000400000004008020000 00".replace(" ", "")))
HUGE = chunk(b"IHDR", bytes.fromhex("000fffff000fffff0802000000"))
END = chunk(b"IEND", b"")
REFUSED = {
    "another format": ("png", b"GIF89a", "format"),
    "a jpeg that says png": ("png", JPEG, "format"),
    "a png that says jpeg": ("jpeg", PNG, "format"),
    "a gif that ends with its name": ("gif", b"GIF89a", "truncated"),
    "a png cut off": ("png", PNG[:-20], "truncated"),
    "a jpeg cut off": ("jpeg", JPEG[:-20], "truncated"),
    "a jpeg cut off in its header": ("jpeg", JPEG[:20], "truncated"),
    "something behind a png": ("png", PNG + b"PK\x03\x04", "trailing-data"),
    "something behind a jpeg": ("jpeg", JPEG + b"%PDF-1.7", "trailing-data"),
    "two jpegs": ("jpeg", JPEG + JPEG, "trailing-data"),
    "a wrong checksum": ("png", PNG[:40] + bytes([PNG[40] ^ 1]) + PNG[41:], "broken"),
    "a png without pixels": ("png", png_of(HEADER, END), "broken"),
    "a png with half its pixels": (
        "png",
        png_of(HEADER, chunk(b"IDAT", zlib.compress(bytes(64 * 97))), END),
        "broken",
    ),
    "a png without a header": ("png", png_of(END), "broken"),
    "a png with two headers": ("png", png_of(HEADER, HEADER, END), "broken"),
    "a jpeg without a frame": ("jpeg", b"\xff\xd8\xff\xd9", "broken"),
    "a bomb": ("png", png_of(HUGE, chunk(b"IDAT", b""), END), "too-many-pixels"),
    "no room": ("png", written(Image.new("L", (20, 20)), "PNG"), "too-small"),
}


@pytest.mark.parametrize(("kind", "body", "why"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_cannot_be_marked_safely_is_refused_with_its_reason(kind, body, why):
    assert reason(kind, body) == why


def test_limits_hold():
    assert reason("png", PNG, Plan((), frozenset(), bytes(32), limits=Limits(pixels=100))) == "too-many-pixels"
    assert reason("jpeg", JPEG, Plan((), frozenset(), bytes(32), limits=Limits(output=100))) == "too-large"


def test_padding_at_the_end_does_no_harm():
    assert mark("png", PNG + b"\0\0\r\n", PLAN).codes
    assert mark("jpeg", JPEG + bytes(500), PLAN).codes


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([("png", written(photo(size=(90, 60)), "PNG")), ("jpeg", written(photo(size=(90, 60)), "JPEG"))]),
    st.data(),
)
def test_a_damaged_file_is_marked_or_refused_and_never_anything_else(image, data):
    kind, body = image[0], bytearray(image[1])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    result = outcome(kind, bytes(body))
    assert result in REASONS if isinstance(result, str) else read(result.body).size


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.*")) or [None], ids=lambda path: path and path.name)
def test_public_samples_are_marked_or_refused(sample):
    if sample is None:
        pytest.skip("no ../shared/samples/images beside the repository")
    kind = {".jpg": "jpeg", ".tif": "tiff"}.get(sample.suffix, sample.suffix[1:])
    result = outcome(kind, sample.read_bytes())
    if isinstance(result, str):
        assert result in {"broken", "truncated", "depth", "mode"}
    else:
        assert read(result.body).size
