"""What may stay beside the pixels: a colour profile that is one, and the resolution; and which way is up."""

from __future__ import annotations

import math
import struct
from typing import Literal

from PIL import Image

from gateway.watermark.plan import Limits, unmarkable

Colours = Literal["grey", "rgb", "cmyk"]

PADDING = b"\0\r\n\t "
"""What careless writers leave at the end of a file."""

_LEAST_FRAME = 60_000  # pixels: smaller frames take as long
_PROFILE_LONGEST = 2 << 20  # bytes; the profiles of printers reach one megabyte
_SPACES: dict[bytes, Colours] = {b"GRAY": "grey", b"RGB ": "rgb", b"CMYK": "cmyk"}
_MODES: dict[str, Colours] = {"L": "grey", "RGB": "rgb", "RGBA": "rgb", "CMYK": "cmyk"}
_RESOLUTIONS = 10_000  # dots per inch that are believed
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _ACROSS, _DOWN, _UNIT = 0x0112, 0x011A, 0x011B, 0x0128
_SHORT, _RATIONAL = 3, 5
_UNITS = {2: 1.0, 3: 2.54}  # of a resolution: in an inch, in a centimetre
_LAST_TURN, _SWAPPED = 8, 5  # orientations; from the second on width and height are swapped
_ENTRIES = 1_000


def check_pixels(width: int, height: int, limits: Limits, frames: int = 1) -> None:
    """Refuse what would take too much to decode, before anything is: `broken`, `too-many-pages`, `too-many-pixels`."""
    if width < 1 or height < 1 or frames < 1:
        raise unmarkable("broken")
    if frames > limits.pages:
        raise unmarkable("too-many-pages")
    moving = max(width * height, _LEAST_FRAME) * frames if frames > 1 else 0
    if width * height > limits.pixels or moving > limits.moving_pixels:
        raise unmarkable("too-many-pixels")


def nothing_after(body: bytes, end: int) -> None:
    """Refuse a file that goes on after its end: what would leave unmarked, or be read differently elsewhere."""
    if body[end:].strip(PADDING):
        raise unmarkable("trailing-data")


def profile(data: bytes, image: Image.Image | Colours) -> bytes:
    """Give an ICC profile of the size that it says (ICC.1, 7.2), for the colours of `image`, or b""."""
    colours = image if isinstance(image, str) else _MODES[image.mode]
    true = data[36:40] == b"acsp" and int.from_bytes(data[:4], "big") == len(data) <= _PROFILE_LONGEST
    return data if true and _SPACES.get(data[16:20]) == colours else b""


def resolution(across: float, down: float) -> tuple[float, float] | None:
    """Give a resolution in dots an inch, or None where it can't be one."""
    return (across, down) if all(math.isfinite(dots) and 0 < dots < _RESOLUTIONS for dots in (across, down)) else None


def turned(dots: tuple[float, float] | None, orientation: int) -> tuple[float, float] | None:
    """Give the resolution of a picture that was turned upright."""
    return dots[::-1] if dots and orientation >= _SWAPPED else dots


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Give width and height of a picture that was turned upright."""
    return (size[1], size[0]) if orientation >= _SWAPPED else size


def exif(data: bytes) -> tuple[int, tuple[float, float] | None]:
    """Give orientation, 1 to 8, and resolution that EXIF data say; what can't be read says nothing."""
    data = data.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(data[:4])
    try:
        return _read(data, order) if order else (1, None)
    except (struct.error, ZeroDivisionError):
        return 1, None


def _read(data: bytes, order: str) -> tuple[int, tuple[float, float] | None]:
    at = struct.unpack_from(f"{order}I", data, 4)[0]
    said: dict[int, float] = {}
    for _ in range(min(_ENTRIES, struct.unpack_from(f"{order}H", data, at)[0])):
        tag, kind, _count, place = struct.unpack_from(f"{order}HHII", data, at + 2)
        if tag in (_ACROSS, _DOWN) and kind == _RATIONAL:
            above, below = struct.unpack_from(f"{order}II", data, place)
            said.setdefault(tag, above / below if below else 0.0)
        elif tag in (_ORIENTATION, _UNIT) and kind == _SHORT:
            said.setdefault(tag, struct.unpack_from(f"{order}H", data, at + 10)[0])
        at += 12
    orientation = int(said.get(_ORIENTATION, 1))
    scale = _UNITS.get(int(said.get(_UNIT, 2)), 0.0)
    dots = resolution(said.get(_ACROSS, 0) * scale, said.get(_DOWN, 0) * scale)
    return (orientation if 1 <= orientation <= _LAST_TURN else 1), dots
