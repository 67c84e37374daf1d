"""Marks a WebP: lossy, lossless, with alpha, animated; every frame composed to its full size.

The chunks (RFC 9649) are walked to the end, and only those that pixels come from reach the decoder.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from gateway.watermark.image import beside as image_beside
from gateway.watermark.image.frame import Marker, plain, upright
from gateway.watermark.image.vp8 import quality
from gateway.watermark.plan import Limits, Marked, Plan, unmarkable
from gateway.watermark.watch import Watch

_PROFILE, _ALPHA, _MOVES = 0x20, 0x10, 0x02  # flags of VP8X
_REPLACES = 0x02  # flag of ANMF: not blended with what is below
_LOSSY, _LOSSLESS = b"VP8 ", b"VP8L"
_START = b"\x9d\x01\x2a"
_SIDES = 0x3FFF  # of a VP8 frame: 14 bits
_BEST = 95  # beyond that a lossy picture only grows
_FAST_FROM = 1_000_000  # pixels from which a lossless picture is packed faster and less tightly


@dataclass(slots=True)
class _Frame:
    """One frame: its place on the canvas, its milliseconds, and how it is coded."""

    width: int = 0
    height: int = 0
    milliseconds: int = 0
    alpha: bool = False
    lossless: bool = False
    quality: float = 0


@dataclass(slots=True)
class _WebP:
    """What the chunks say, and those `parts` that pixels come from."""

    width: int = 0
    height: int = 0
    flags: int = 0
    canvas: bool = False
    control: bytes = b""
    profile: bytes = b""
    orientation: int = 1
    frames: list[_Frame] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)


def mark(body: bytes, plan: Plan, watch: Watch) -> Marked:
    """Give the marked WebP. See `document.mark`."""
    webp = _walk(body, plan.limits)
    marker, room = Marker(plan, watch), plan.limits.output
    clean = _riff(webp.parts)
    webp.parts.clear()
    shown: list[bytes] = []
    profile, size = b"", (0, 0)
    with Image.open(io.BytesIO(clean), formats=["WEBP"]) as image:
        if getattr(image, "n_frames", 1) != len(webp.frames):
            raise unmarkable("broken")
        if webp.control:
            marker.expect_frames(image, len(webp.frames), image_beside.turned_size(image.size, webp.orientation))
        for number, frame in enumerate(webp.frames):
            image.seek(number)
            picture = marker.mark(upright(plain(image), webp.orientation))
            profile, size = image_beside.profile(webp.profile, picture), picture.size
            shown.append(_coded(picture, frame))
            room -= len(shown[-1])
            if room < 0:
                raise unmarkable("too-large")
    return Marked(_written(webp, shown, size, profile, marker.text), (marker.text,))


def _coded(picture: Image.Image, frame: _Frame) -> bytes:
    """Give the chunks of a picture: its alpha, if that is apart, and its colours."""
    out = io.BytesIO()
    if frame.lossless:
        # Without loss `quality` is effort.
        fast = picture.width * picture.height >= _FAST_FROM
        picture.save(out, "WEBP", lossless=True, quality=20 if fast else 60, method=0 if fast else 3)
    else:
        picture.save(out, "WEBP", quality=min(round(frame.quality) + 3, _BEST), method=2, alpha_quality=100)
    coded = out.getvalue()
    return b"".join(_chunk(name, data) for name, data in _chunks(coded, 12) if name in (b"ALPH", _LOSSY, _LOSSLESS))


def _written(webp: _WebP, shown: list[bytes], size: tuple[int, int], profile: bytes, text: str) -> bytes:
    moves = bool(webp.control)
    alpha = any(frame.alpha for frame in webp.frames) or moves
    flags = (_PROFILE if profile else 0) | (_ALPHA if alpha else 0) | (_MOVES if moves else 0)
    side = [(length - 1).to_bytes(3, "little") for length in size]
    parts = [_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + b"".join(side))]
    if profile:
        parts.append(_chunk(b"ICCP", profile))
    if not moves:
        parts.append(shown[0])
    else:
        parts.append(_chunk(b"ANIM", webp.control))
        for frame, coded in zip(webp.frames, shown, strict=True):
            head = bytes(6) + b"".join(side) + frame.milliseconds.to_bytes(3, "little") + bytes([_REPLACES])
            parts.append(_chunk(b"ANMF", head + coded))
    return _riff([*parts, _chunk(b"mark", text.encode())])


def _riff(parts: list[bytes]) -> bytes:
    return b"".join((b"RIFF", (4 + sum(map(len, parts))).to_bytes(4, "little"), b"WEBP", *parts))


def _chunk(name: bytes, data: bytes) -> bytes:
    return b"".join((name, len(data).to_bytes(4, "little"), data, b"\0" * (len(data) % 2)))


def _chunks(body: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at < len(body):
        length = int.from_bytes(body[at + 4 : at + 8], "little")
        data = body[at + 8 : at + 8 + length]
        if len(body) < at + 8 + length:
            raise unmarkable("truncated")
        yield body[at : at + 4], data
        at += 8 + length + length % 2


def _walk(body: bytes, limits: Limits) -> _WebP:
    if body[:4] != b"RIFF" or body[8:12] != b"WEBP":
        raise unmarkable("format")
    end = 8 + int.from_bytes(body[4:8], "little")
    if end + end % 2 > len(body) + 1:
        raise unmarkable("truncated")
    image_beside.nothing_after(body, end)
    webp, alpha = _WebP(), b""
    for name, data in _chunks(body[:end], 12):
        if name == b"VP8X":
            if webp.canvas or webp.frames or len(data) < 10:  # noqa: PLR2004  its size
                raise unmarkable("broken")
            webp.canvas, webp.flags = True, data[0]
            webp.width, webp.height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (4, 7))
            image_beside.check_pixels(webp.width, webp.height, limits)
        elif name == b"ANIM" and webp.flags & _MOVES:
            if webp.control or len(data) != 6:  # noqa: PLR2004  its size
                raise unmarkable("broken")
            webp.control = data
        elif name == b"ANMF" and webp.control:
            webp.frames.append(_moving(webp, data))
            image_beside.check_pixels(webp.width, webp.height, limits, len(webp.frames))
        elif name in (b"ALPH", _LOSSY, _LOSSLESS):
            if webp.control or webp.frames:
                raise unmarkable("broken")
            if name == b"ALPH":
                alpha = _chunk(name, data)
                continue
            webp.frames.append(_still(webp, name, data, alpha=bool(alpha), limits=limits))
            webp.parts += [alpha, _chunk(name, data)]
        elif name == b"ICCP" and webp.flags & _PROFILE:
            webp.profile = webp.profile or data
        elif name == b"EXIF":
            webp.orientation = image_beside.exif(data)[0]
    if not webp.frames or bool(webp.flags & _MOVES) != bool(webp.control):
        raise unmarkable("broken")
    if webp.canvas:
        side = [(length - 1).to_bytes(3, "little") for length in (webp.width, webp.height)]
        head = _chunk(b"VP8X", bytes([webp.flags & (_ALPHA | _MOVES), 0, 0, 0]) + b"".join(side))
        webp.parts = [head, _chunk(b"ANIM", webp.control) if webp.control else b"", *webp.parts]
    return webp


def _still(webp: _WebP, name: bytes, data: bytes, *, alpha: bool, limits: Limits) -> _Frame:
    frame = _read(name, data)
    frame.alpha |= alpha
    if not webp.canvas:
        webp.width, webp.height = frame.width, frame.height
        image_beside.check_pixels(webp.width, webp.height, limits)
    elif (webp.width, webp.height) != (frame.width, frame.height):
        raise unmarkable("broken")
    return frame


def _moving(webp: _WebP, data: bytes) -> _Frame:
    """Read a frame of an animation: it lies on the canvas and has one picture."""
    if len(data) < 16:  # noqa: PLR2004  its head
        raise unmarkable("truncated")
    left, top, width, height, milliseconds = (int.from_bytes(data[at : at + 3], "little") for at in range(0, 15, 3))
    found, alpha, kept = None, False, [data[:16]]
    for name, part in _chunks(data, 16):
        if name == b"ALPH":
            alpha = True
        elif name not in (_LOSSY, _LOSSLESS):
            continue
        elif found:
            raise unmarkable("broken")
        else:
            found = _read(name, part)
        kept.append(_chunk(name, part))
    if found is None or (found.width, found.height) != (width + 1, height + 1):
        raise unmarkable("broken")
    if 2 * left + found.width > webp.width or 2 * top + found.height > webp.height:
        raise unmarkable("broken")
    found.milliseconds = milliseconds
    found.alpha |= alpha
    webp.parts.append(_chunk(b"ANMF", b"".join(kept)))
    return found


def _read(name: bytes, data: bytes) -> _Frame:
    """Read the head of a picture: a VP8 key frame (RFC 6386, 9.1) or VP8L (RFC 9649, 3.4)."""
    if name == _LOSSY:
        if len(data) < 10:  # noqa: PLR2004  its head
            raise unmarkable("truncated")
        if data[0] & 1 or data[3:6] != _START:
            raise unmarkable("broken")
        width, height = (int.from_bytes(data[at : at + 2], "little") & _SIDES for at in (6, 8))
        return _Frame(width, height, quality=quality(data))
    bits = int.from_bytes(data[1:5], "little")
    if len(data) < 5 or data[0] != 0x2F or bits >> 29:  # noqa: PLR2004  signature and version
        raise unmarkable("broken")
    return _Frame((bits & _SIDES) + 1, (bits >> 14 & _SIDES) + 1, alpha=bool(bits >> 28 & 1), lossless=True)
