"""Pictures that lie, break off, hide something or ask for too much are refused, with the reason, before they cost."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_kit import PLAN, moving, outcome, photo, read, reason, written
from PIL import Image

from gateway.watermark.image import tifffile as image_tifffile
from gateway.watermark.plan import REASONS, Limits, Plan

SMALL = (90, 60)
ANIMATED = {"save_all": True, "append_images": moving(size=SMALL)[1:], "duration": 100}
BODIES = {
    "png": written(photo(size=SMALL), "PNG"),
    "apng": written(moving(size=SMALL)[0], "PNG", **ANIMATED),
    "jpeg": written(photo(size=SMALL), "JPEG"),
    "gif": written(photo("P", SMALL), "GIF"),
    "moving gif": written(moving(size=SMALL)[0], "GIF", **ANIMATED),
    "webp": written(photo(size=SMALL), "WEBP"),
    "moving webp": written(moving(size=SMALL)[0], "WEBP", **ANIMATED),
    "avif": written(photo(size=SMALL), "AVIF"),
    "moving avif": written(moving(size=SMALL)[0], "AVIF", **ANIMATED),
    "tiff": written(photo(size=SMALL), "TIFF"),
    "packed tiff": written(photo(size=SMALL), "TIFF", compression="tiff_lzw"),
}


def kind_of(name):
    return name.replace("apng", "png").split()[-1]


@pytest.mark.parametrize("name", BODIES)
def test_the_bodies_themselves_are_marked(name):
    assert not isinstance(outcome(kind_of(name), BODIES[name]), str)


@pytest.mark.parametrize("behind", [b"PK\x03\x04zip", b"%PDF-1.7", b"<html><script>", BODIES["png"]], ids=str)
@pytest.mark.parametrize("name", BODIES)
def test_nothing_may_follow_a_picture(name, behind):
    assert reason(kind_of(name), BODIES[name] + behind[:20]) == "trailing-data"


@pytest.mark.parametrize("name", BODIES)
def test_a_picture_cut_off_is_refused(name):
    for share in (0.2, 0.5, 0.9):
        body = BODIES[name]
        assert reason(kind_of(name), body[: int(share * len(body))]) in {"truncated", "broken"}


@pytest.mark.parametrize("name", BODIES)
def test_a_picture_of_another_kind_is_refused(name):
    for kind in ("png", "jpeg", "gif", "webp", "avif", "tiff"):
        if kind != kind_of(name):
            assert reason(kind, BODIES[name]) == "format"


@pytest.mark.parametrize("name", BODIES)
def test_pixels_pages_and_bytes_have_limits(name):
    def limited(**limits):
        return Plan(PLAN.visible, frozenset(), PLAN.secret, limits=Limits(**limits))

    assert reason(kind_of(name), BODIES[name], limited(pixels=5_000)) == "too-many-pixels"
    assert reason(kind_of(name), BODIES[name], limited(output=200)) == "too-large"
    if "moving" in name or name == "apng":
        assert reason(kind_of(name), BODIES[name], limited(pages=2)) == "too-many-pages"
        if "avif" not in name:
            assert reason(kind_of(name), BODIES[name], limited(moving_pixels=150_000)) == "too-many-pixels"


def test_an_avif_is_as_large_as_its_streams_say():
    limits = Limits(pixels=5_000)
    for name in ("avif", "moving avif"):
        body = BODIES[name]
        for side in (b"ispe", b"av01\0\0\0\0\0\0"):
            at = body.find(side)
            while side in body and at >= 0:
                small = b"\0\0\0\x0a\0\0\0\x0a" if side == b"ispe" else b"\0\x0a\0\x0a"
                body = patched(body, at + (8 if side == b"ispe" else 28), small)
                at = body.find(side, at + 8)
        plan = Plan(PLAN.visible, frozenset(), PLAN.secret, limits=limits)
        assert reason("avif", body, plan) == "too-many-pixels"


def gif(*blocks, width=90, height=60):
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b"".join(blocks)


def riff(*chunks):
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(strips=(bytes(5400),), **tags):
    file = image_tifffile.File()
    said = {256: 90, 257: 60, 258: 8, 259: 1, 262: 1, 277: 1, 278: 60}
    file.add(said | {int(tag[1:]): value for tag, value in tags.items()}, strips)
    return file.whole()


def patched(body, at, data):
    return body[:at] + data + body[at + len(data) :]


def box(name, data):
    return struct.pack(">I4s", 8 + len(data), name) + data


def jpeg_of(depth=8, marker=0xC0, parts=3, lines=60):
    body = BODIES["jpeg"]
    at = body.index(b"\xff\xc0")
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 8 + 3 * parts, depth, lines, 90, parts)
    return body[:at] + frame + body[at + 10 : at + 10 + 3 * parts] + body[at + 19 :]


AVIF = BODIES["avif"]
SIDE = AVIF.index(b"ispe") + 8
HUGE = b"\x00\x00\xff\xff\x00\x00\xff\xff"
LOOP = patched(
    tiff(), tiff().rindex(bytes(4), 0, len(tiff())), struct.pack("<I", int.from_bytes(tiff()[4:8], "little"))
)
SMALL_FRAME = b",\0\0\0\0\x0a\0\x0a\0\x80" + bytes(6) + b"\2\2\x4c\1\0"
VP8X = (b"VP8X", bytes(4) + b"\xff\xff\x3f\xff\xff\x3f")
REFUSED = {
    "a gif without a picture": ("gif", gif(b";"), "broken"),
    "a gif of a huge screen": ("gif", gif(b";", width=65535, height=65535), "too-many-pixels"),
    "a gif picture off its screen": ("gif", gif(b",\1\0\0\0Z\0<\0\0\2\0;"), "broken"),
    "a gif without colours": ("gif", gif(b",\0\0\0\0Z\0<\0\0\2\0;"), "broken"),
    "a gif of a thousand small pictures": ("gif", gif(SMALL_FRAME * 1001, b";"), "too-many-pixels"),
    "a gif that never ends": ("gif", BODIES["gif"][:-1], "truncated"),
    "a webp of a huge canvas": ("webp", riff(VP8X), "too-many-pixels"),
    "a webp without a picture": ("webp", riff((b"VP8X", bytes(10))), "broken"),
    "a webp with two pictures": ("webp", riff((b"VP8X", b"\2" + bytes(3) + b"\x59\0\0\x3b\0\0")), "broken"),
    "a webp whose picture isn't its canvas": (
        "webp",
        riff((b"VP8X", bytes(4) + b"\x58\0\0\x3b\0\0"), (b"VP8 ", BODIES["webp"][20:])),
        "broken",
    ),
    "a webp that says it is longer": ("webp", patched(BODIES["webp"], 4, b"\xff\xff\0\0"), "truncated"),
    "an avif of huge sides": ("avif", patched(AVIF, SIDE, HUGE), "too-many-pixels"),
    "an avif of no side": ("avif", patched(AVIF, SIDE, bytes(8)), "broken"),
    "an avif of ten bits": ("avif", patched(AVIF, AVIF.index(b"av1C") + 6, b"\x4c"), "depth"),
    "a heic": ("avif", box(b"ftyp", b"heic\0\0\0\0mif1heic"), "heic"),
    "an svg": ("png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
    "a tiff whose pages go round": ("tiff", LOOP, "broken"),
    "a tiff of fractions": ("tiff", tiff(t339=3), "depth"),
    "a tiff of 32 bits": ("tiff", tiff((bytes(21600),), t258=32), "depth"),
    "a tiff in other colours": ("tiff", tiff(t262=8), "mode"),
    "a tiff packed in old ways": ("tiff", tiff(t259=6), "coding"),
    "a tiff with too few strips": ("tiff", tiff(t278=20), "broken"),
    "a tiff of huge sides": ("tiff", tiff(t256=1 << 20, t257=1 << 20), "too-many-pixels"),
    "a tiff that unpacks to less": ("tiff", tiff((zlib.compress(bytes(10)),), t259=8), "broken"),
    "a tiff without pages": ("tiff", b"II*\0\0\0\0\0", "no-pages"),
    "a tiff that starts beyond its end": ("tiff", b"II*\0\xff\0\0\0", "truncated"),
    "a jpeg of twelve bits": ("jpeg", jpeg_of(depth=12), "depth"),
    "a jpeg without loss": ("jpeg", jpeg_of(marker=0xC3), "coding"),
    "a jpeg of two colours": ("jpeg", jpeg_of(parts=2), "mode"),
    "a jpeg whose height comes later": ("jpeg", jpeg_of(lines=0), "broken"),
    "a jpeg of a thousand scans": (
        "jpeg",
        BODIES["jpeg"][:-2] + BODIES["jpeg"][BODIES["jpeg"].index(b"\xff\xda") : -2] * 1000 + b"\xff\xd9",
        "too-large",
    ),
}


@pytest.mark.parametrize(("kind", "body", "why"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_cannot_be_marked_safely_is_refused_with_its_reason(kind, body, why):
    assert reason(kind, body) == why


def test_data_between_the_directories_of_a_tiff_do_not_leave():
    body = tiff()
    with_gap = body[:8] + b"CLEAN-COPY" + body[8:]
    result = outcome("tiff", with_gap)
    assert isinstance(result, str) or b"CLEAN-COPY" not in result.body


def test_strips_that_share_their_bytes_cannot_add_up():
    assert reason("tiff", patched_counts()) == "broken"


def patched_counts():
    """Give a TIFF whose strips all claim the same bytes."""
    body = tiff(tuple([bytes(90)] * 60), t278=1)
    with Image.open(io.BytesIO(body)) as image:
        places, lengths = image.tag_v2[273], image.tag_v2[279]
    old = struct.pack("<60I", *lengths)
    assert places
    return body.replace(old, struct.pack("<60I", *([300] * 60)))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(BODIES)), st.data())
def test_a_damaged_picture_is_marked_or_refused_and_never_anything_else(name, data):
    body = bytearray(BODIES[name])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    result = outcome(kind_of(name), bytes(body))
    assert result in REASONS if isinstance(result, str) else read(result.body).size
