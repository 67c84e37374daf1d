"""Walks the boxes of an AVIF (ISO/IEC 14496-12, HEIF, AVIF 1.1) and tells what they say of its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.watermark.image import beside as image_beside
from gateway.watermark.image.av1 import sides
from gateway.watermark.image.places import Places
from gateway.watermark.plan import Limits, unmarkable

_TOP = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid"})
_BRANDS = frozenset({b"avif", b"avis"})
_HOLD = {
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"iprp": 0,
    b"ipco": 0,
    b"edts": 0,
    b"meta": 4,
    b"stsd": 8,
}
"""Boxes that hold others, and how many bytes they have before them."""
_PICTURES = 3  # times the limit that all pictures together may have: colours, alpha, a still beside an animation
_SAMPLE = 78  # bytes of a description of video samples before its boxes
_BOXES = 20_000
_DEEPEST = 10
_SAMPLINGS = {(0, 0): "4:4:4", (1, 0): "4:2:2", (1, 1): "4:2:0"}


@dataclass(slots=True)
class Look:
    """What the boxes say: the number of frames of an animation, the sampling and the meaning of colours."""

    frames: int = 0
    sampling: str = "4:2:0"
    sized: bool = False
    colours: bytes = b""
    once: bool = False
    boxes: int = 0
    places: Places = field(default_factory=Places)

    @property
    def lossless(self) -> bool:
        """Whether the picture may be: its colours are stored as they are."""
        return self.colours[4:6] == bytes(2)


def walk(body: bytes, limits: Limits) -> Look:
    """Walk a file. Refuses `broken`, `depth`, `format`, `too-many-pages`, `too-many-pixels`, `trailing-data`."""
    size = int.from_bytes(body[:4], "big")
    brands = {body[8:12], *(body[at : at + 4] for at in range(16, min(size, 256), 4))}
    if body[4:8] != b"ftyp" or not brands & _BRANDS:
        raise unmarkable("format")
    look = Look()
    _walk(body, 0, len(body), look, limits, 0)
    if not look.sized:
        raise unmarkable("broken")
    _check_streams(body, look, limits)
    return look


def _check_streams(body: bytes, look: Look, limits: Limits) -> None:
    """Refuse pictures that are larger than their container says: decoders go by what the stream says."""
    total = 0
    for stream in look.places.streams(body):
        said = sides(stream)
        for width, height in said:
            image_beside.check_pixels(width, height, limits)
        total += max((width * height for width, height in said), default=0)
        if total > _PICTURES * max(limits.pixels, limits.frames_pixels):
            raise unmarkable("too-many-pixels")


def boxes(body: bytes, at: int, end: int, *, top: bool = False) -> Iterator[tuple[bytes, int, int]]:
    """Give the boxes between two places: name, where the content begins and where it ends."""
    while at < end:
        size, name, head = int.from_bytes(body[at : at + 4], "big"), body[at + 4 : at + 8], 8
        if top and name not in _TOP:
            image_beside.nothing_after(body, at)
            return
        if size == 1:
            size, head = int.from_bytes(body[at + 8 : at + 16], "big"), 16
        elif size == 0 and top:
            size = end - at
        if size < head or at + size > end:
            raise unmarkable("truncated" if top else "broken")
        yield name, at + head, at + size
        at += size


def finished(body: bytes, look: Look, text: str) -> bytes:
    """Give what the encoder wrote with the meaning of colours and the end of the loop that the original had.

    `text` goes into a box that nobody shows, for those who look there.
    """
    out = bytearray(body)
    at = out.find(b"colrnclx")
    while at >= 0 and look.colours:
        out[at + 8 : at + 12] = look.colours[:4]  # primaries and transfer; the matrix is the encoder's own
        at = out.find(b"colrnclx", at + 8)
    at = out.find(b"elst", out.find(b"edts"))
    if look.once and at >= 0:
        out[at + 7] &= 0xFE
    data = b"Mark " + text.encode()
    return bytes(out) + (8 + len(data)).to_bytes(4, "big") + b"free" + data


def _walk(body: bytes, begin: int, end: int, look: Look, limits: Limits, depth: int) -> None:
    for name, at, last in boxes(body, begin, end, top=depth == 0):
        look.boxes += 1
        if look.boxes > _BOXES or depth > _DEEPEST:
            raise unmarkable("broken")
        data = body[at : min(last, at + 32)]
        look.places.note(name, body, at, last)
        if name in _HOLD:
            _walk(body, at + _HOLD[name], last, look, limits, depth + 1)
        elif name == b"iinf":
            _walk(body, at + (8 if data[:1] != b"\0" else 6), last, look, limits, depth + 1)
        elif name == b"av01":
            _pixels(look, data[24:26], data[26:28], limits)
            _walk(body, at + _SAMPLE, last, look, limits, depth + 1)
        elif name == b"ispe":
            _pixels(look, data[4:8], data[8:12], limits)
        elif name == b"stsz":
            look.frames = max(look.frames, int.from_bytes(data[8:12], "big"))
            if look.frames > limits.pages:
                raise unmarkable("too-many-pages")
        elif name == b"av1C" and len(data) >= 4:  # noqa: PLR2004  its size
            if data[2] & 0x40:
                raise unmarkable("depth")
            if not data[2] & 0x10:  # of the colours, not of alpha
                look.sampling = _SAMPLINGS.get((data[2] >> 3 & 1, data[2] >> 2 & 1), "4:4:4")
        elif name == b"colr" and data[:4] == b"nclx":
            look.colours = look.colours or data[4:11]
        elif name == b"elst":
            look.once = not data[3] & 1


def _pixels(look: Look, width: bytes, height: bytes, limits: Limits) -> None:
    look.sized = True
    image_beside.check_pixels(int.from_bytes(width, "big"), int.from_bytes(height, "big"), limits)
