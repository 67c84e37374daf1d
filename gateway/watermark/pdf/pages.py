"""How the pages of a PDF are shown: their boxes and rotation (ISO 32000-2, 7.7.3 and 14.11.2).

What pages inherit, the library has written into each of them when it opened the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pikepdf import Array, Object, Pdf

from gateway.watermark.plan import unmarkable
from gateway.watermark.text.layout import Area

_FARTHEST = 1e6  # units from the origin; the format's own limit is 14,400
_LETTER = Area(0, 0, 612, 792)  # what viewers take where no usable box is given
_CORNERS = 4
_SMALL_UNIT, _LARGE_UNIT = 0.01, 1000.0  # that are believed


@dataclass(frozen=True, slots=True)
class Frame:
    """What a viewer shows of a page: `shown` in user space, all that the `media` box could show, `turned` clockwise.

    `unit` is the length of a unit of user space, in points.
    """

    shown: Area
    media: Area
    turned: int
    unit: float = 1.0

    def upright(self) -> tuple[Area, Area, tuple[int, int, int, int, float, float]]:
        """Give the shown and the media area as displayed, from (0, 0), and the matrix from there to user space."""
        shown, media = self.shown, self.media
        matrix = {
            0: (1, 0, 0, 1, shown.left, shown.low),
            90: (0, 1, -1, 0, shown.right, shown.low),
            180: (-1, 0, 0, -1, shown.right, shown.high),
            270: (0, -1, 1, 0, shown.left, shown.high),
        }[self.turned]
        return _into(shown, matrix), _into(media, matrix), matrix


def pages(pdf: Pdf, most: int) -> list[Object]:
    """Give the pages in order; refuses `no-pages` and `too-many-pages`."""
    count = len(pdf.pages)
    if count == 0:
        raise unmarkable("no-pages")
    if count > most:
        raise unmarkable("too-many-pages")
    return [page.obj for page in pdf.pages]


def frame(page: Object) -> Frame:
    """Read what is shown: boxes may be reversed, missing or outside each other, the rotation negative or 450."""
    media = box(page.get("/MediaBox")) or _LETTER
    crop = (box(page.CropBox) if "/CropBox" in page else None) or media
    shown = Area(
        max(media.left, crop.left), max(media.low, crop.low), min(media.right, crop.right), min(media.high, crop.high)
    )
    if shown.left >= shown.right or shown.low >= shown.high:
        shown = media
    quarters = math.trunc(number(page.Rotate) / 90) if "/Rotate" in page else 0
    unit = number(page.UserUnit) if "/UserUnit" in page else 1.0
    return Frame(shown, media, quarters * 90 % 360, unit if _SMALL_UNIT <= unit <= _LARGE_UNIT else 1.0)


def box(value: Object | None) -> Area | None:
    """Read a rectangle, whichever corners it names; None where there is none or it is empty."""
    if not isinstance(value, Array) or len(value) < _CORNERS:
        return None
    x, y, across, up = map(number, list(value)[:_CORNERS])
    area = Area(min(x, across), min(y, up), max(x, across), max(y, up))
    return area if area.left < area.right and area.low < area.high else None


def number(value: object) -> float:
    """Read a number; what is none, or absurdly far away, counts as 0 or as the farthest that is read."""
    try:
        found = float(value)  # type: ignore[arg-type]  # any PDF object may stand here: what is no number raises
    except (TypeError, ValueError, NotImplementedError):
        return 0.0
    return max(-_FARTHEST, min(_FARTHEST, found)) if math.isfinite(found) else 0.0


def _into(area: Area, matrix: tuple[int, int, int, int, float, float]) -> Area:
    """Carry an area from user space back through a matrix of quarter turns."""
    a, b, c, d, e, f = matrix
    xs = [a * (x - e) + b * (y - f) for x in (area.left, area.right) for y in (area.low, area.high)]
    ys = [c * (x - e) + d * (y - f) for x in (area.left, area.right) for y in (area.low, area.high)]
    return Area(min(xs), min(ys), max(xs), max(ys))
