"""Marks a JPEG: grey, YCbCr, RGB, CMYK or YCCK, with the quality that it had.

The segments are walked to the end of the image, and only those that pixels come from reach the decoder.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

from PIL import Image, ImageChops
from PIL.JpegImagePlugin import get_sampling

from gateway.watermark.image import beside as image_beside
from gateway.watermark.image.frame import Marker, plain, upright
from gateway.watermark.plan import Limits, Marked, Plan, unmarkable
from gateway.watermark.watch import Watch

_START = b"\xff\xd8"
_CODED = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})  # SOF markers that are decoded (ITU-T T.81, table B.1)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})  # Huffman, arithmetic, quantisation, restart interval
_ALONE = frozenset(range(0xD0, 0xD8)) | {0x01}  # markers without a segment
_BEGIN, _END, _SCAN, _LINES, _LAYERS = 0xD8, 0xD9, 0xDA, 0xDC, 0xDE
_JFIF, _EXIF, _MORE, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed byte, not a restart
_PLAIN_JFIF = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
_UNITS = {1: 1.0, 2: 2.54}  # of a resolution: in an inch, in a centimetre
_SCANS = 100
_PASSES = 10  # times the limit of pixels that all scans together may go over
_INKS = 4
_BITS = 8


@dataclass(slots=True)
class _Jpeg:
    """What the segments say, and those `parts` that pixels come from."""

    width: int = 0
    height: int = 0
    progressive: bool = False
    components: tuple[tuple[int, int], ...] = ()  # each with its id and its quantisation table
    adobe: int | None = None
    jfif: bool = False
    several: bool = False
    orientation: int = 1
    dots: tuple[float, float] | None = None
    profile: dict[int, bytes] = field(default_factory=dict)
    scans: int = 0
    parts: list[bytes] = field(default_factory=lambda: [_START])

    @property
    def rgb(self) -> bool:
        """Whether three components are red, green and blue: libjpeg's rule, which viewers follow."""
        ids = bytes(id_ for id_, _ in self.components)
        return ids == b"RGB" if self.adobe is None and not self.jfif else self.adobe == 0 and not self.jfif


def mark(body: bytes, plan: Plan, watch: Watch) -> Marked:
    """Give the marked JPEG. See `document.mark`."""
    jpeg, end = _walk(body, 0, plan.limits)
    notes = _check_rest(body, end, jpeg, plan.limits)
    marker = Marker(plan, watch)
    with Image.open(io.BytesIO(b"".join(jpeg.parts)), formats=["JPEG"]) as image:
        jpeg.parts.clear()
        tables = [image.quantization[table] for _, table in jpeg.components]  # type: ignore[attr-defined]  # of a JPEG
        while tables[1:] and tables[-1] == tables[-2]:
            tables.pop()  # the last one serves the components that follow as well
        sampling = get_sampling(image)
        image.load()
    # Four inks without Adobe's marker are read by some as ink and by some as paper: here as Pillow doesn't.
    bare = len(jpeg.components) == _INKS and jpeg.adobe is None
    pixels = plain(upright(image, jpeg.orientation))
    pixels = marker.mark(ImageChops.invert(pixels) if bare else pixels)
    out = io.BytesIO()
    (ImageChops.invert(pixels) if bare else pixels).save(
        out,
        "JPEG",
        comment=marker.text.encode(),
        qtables=tables[:1] if pixels.mode in {"L", "CMYK"} else tables,
        subsampling=max(sampling, 0),  # an unusual one becomes 4:4:4, which loses nothing
        progressive=jpeg.progressive,
        keep_rgb=jpeg.rgb and pixels.mode == "RGB",
        icc_profile=image_beside.profile(b"".join(part for _, part in sorted(jpeg.profile.items())), pixels),
        dpi=image_beside.turned(jpeg.dots, jpeg.orientation) or (0, 0),
    )
    marked = out.getvalue()
    return Marked(_without_adobe(marked) if bare else marked, (marker.text,), notes)


def _check_rest(body: bytes, end: int, jpeg: _Jpeg, limits: Limits) -> tuple[str, ...]:
    """Refuse what follows the image, but for further pictures that a table of such (CIPA DC-007) spoke of."""
    notes: tuple[str, ...] = ()
    while rest := body[end:].lstrip(image_beside.PADDING):
        if not (jpeg.several and rest.startswith(_START)):
            raise unmarkable("trailing-data")
        end = _walk(body, len(body) - len(rest), limits)[1]
        notes = ("pictures-dropped",)
    return notes


def _walk(body: bytes, start: int, limits: Limits) -> tuple[_Jpeg, int]:
    """Walk the segments and scans of one image (ITU-T T.81, annex B); give what they say, and where it ends."""
    if not body.startswith(b"\xff\xd8\xff", start):
        raise unmarkable("format")
    jpeg, at = _Jpeg(), start + 2
    while True:
        while body[at : at + 2] == b"\xff\xff":
            at += 1  # fill bytes
        if len(body) < at + 2:
            raise unmarkable("truncated")
        marker, begin = body[at + 1], at
        if body[at] != 0xFF or marker in (0x00, _BEGIN):  # noqa: PLR2004  how a marker begins
            raise unmarkable("broken")
        at += 2
        if marker == _END:
            if not jpeg.scans:
                raise unmarkable("broken")
            jpeg.parts.append(body[begin:at])
            return jpeg, at
        if marker in _ALONE:
            continue
        length = int.from_bytes(body[at : at + 2], "big")
        segment = body[at + 2 : at + length]
        if length < 2 or len(segment) < length - 2:  # noqa: PLR2004  the length counts its own two bytes
            raise unmarkable("truncated")
        at += length
        if marker == _SCAN:
            found = _MARKER.search(body, at)
            if found is None:
                raise unmarkable("truncated")
            at = found.start()
        if _note(jpeg, marker, segment, limits):
            jpeg.parts.append(body[begin:at])


def _note(jpeg: _Jpeg, marker: int, segment: bytes, limits: Limits) -> bool:
    """Take in what a segment says; tell whether the pixels come from it."""
    if marker in _FRAMES:
        _frame(jpeg, marker, segment, limits)
        return True
    if marker == _SCAN:
        jpeg.scans += 1
        if jpeg.scans > _SCANS or jpeg.scans * jpeg.width * jpeg.height > _PASSES * limits.pixels:
            raise unmarkable("too-large")
        if not jpeg.components:
            raise unmarkable("broken")
        return True
    if marker in (_LINES, _LAYERS):
        raise unmarkable("coding")
    if marker == _JFIF and segment.startswith(b"JFIF\0") and len(segment) >= 12:  # noqa: PLR2004  to the resolution
        scale = _UNITS.get(segment[7], 0.0)
        across, down = (int.from_bytes(segment[place : place + 2], "big") for place in (8, 10))
        jpeg.dots = image_beside.resolution(across * scale, down * scale) or jpeg.dots
        if not jpeg.jfif:
            jpeg.parts.append(_PLAIN_JFIF)
        jpeg.jfif = True
    elif marker == _EXIF and segment.startswith(b"Exif\0\0"):
        jpeg.orientation, dots = image_beside.exif(segment)
        jpeg.dots = jpeg.dots or dots
    elif marker == _MORE and segment.startswith(b"ICC_PROFILE\0") and len(segment) > 14:  # noqa: PLR2004  its head
        jpeg.profile.setdefault(segment[12], segment[14:])
    elif marker == _MORE and segment.startswith(b"MPF\0"):
        jpeg.several = True
    elif marker == _ADOBE and segment.startswith(b"Adobe") and len(segment) >= 12:  # noqa: PLR2004  its size
        jpeg.adobe = segment[11]
        return True
    return marker in _TABLES


def _frame(jpeg: _Jpeg, marker: int, segment: bytes, limits: Limits) -> None:
    """Read a frame header (B.2.2). Refuses `broken`, `coding`, `depth`, `mode` and `too-many-pixels`."""
    if jpeg.components or len(segment) < 6 or len(segment) != 6 + 3 * segment[5]:  # noqa: PLR2004  its size
        raise unmarkable("broken")
    if segment[0] != _BITS:
        raise unmarkable("depth")
    if marker not in _CODED:
        raise unmarkable("coding")
    jpeg.height, jpeg.width = int.from_bytes(segment[1:3], "big"), int.from_bytes(segment[3:5], "big")
    image_beside.check_pixels(jpeg.width, jpeg.height, limits)
    if segment[5] not in (1, 3, 4):
        raise unmarkable("mode")
    jpeg.components = tuple((segment[place], segment[place + 2]) for place in range(6, len(segment), 3))
    jpeg.progressive = marker in (0xC2, 0xCA)


def _without_adobe(body: bytes) -> bytes:
    """Take the marker out that the encoder gives four inks, where the original had none."""
    at = body.index(b"\xff\xee\0\x0eAdobe")
    return body[:at] + body[at + 16 :]
