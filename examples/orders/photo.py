"""A picture of an order's first part: a flange as a workshop would draw it, made from the number of its drawing."""

from __future__ import annotations

from io import BytesIO
from math import cos, pi, sin

from PIL import Image, ImageDraw, ImageFont

from examples.orders.model import Order

_SIZE = (1200, 840)
_FINE = 2  # drawn at twice the size, then reduced, so that edges are smooth
_PAPER, _INK, _THIN, _RED, _METAL, _CUT = "#fbfaf6", "#1f2a36", "#8b97a5", "#b3402e", "#dbe2e8", "#aebac6"


class _Drawing:
    def __init__(self) -> None:
        self.image = Image.new("RGB", (_SIZE[0] * _FINE, _SIZE[1] * _FINE), _PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def circle(self, x: float, y: float, r: float, fill: str | None = None, ink: str = _INK, width: float = 3) -> None:
        box = [(x - r) * _FINE, (y - r) * _FINE, (x + r) * _FINE, (y + r) * _FINE]
        self._draw.ellipse(box, fill=fill, outline=ink, width=int(width * _FINE))

    def box(self, x: float, y: float, w: float, h: float, fill: str | None = None, width: float = 3) -> None:
        corners = [x * _FINE, y * _FINE, (x + w) * _FINE, (y + h) * _FINE]
        self._draw.rectangle(corners, fill=fill, outline=_INK, width=int(width * _FINE))

    def line(self, x: float, y: float, x2: float, y2: float, ink: str = _THIN, width: float = 1.5) -> None:
        self._draw.line([x * _FINE, y * _FINE, x2 * _FINE, y2 * _FINE], fill=ink, width=int(width * _FINE))

    def text(self, x: float, y: float, text: str, size: float = 20, ink: str = _INK, anchor: str = "ls") -> None:
        self._draw.text(
            (x * _FINE, y * _FINE), text, fill=ink, font=ImageFont.load_default(size * _FINE), anchor=anchor
        )

    def measure(self, x: float, y: float, x2: float, text: str) -> None:
        """A dimension between two verticals: line, arrow heads, figure."""
        self.line(x, y, x2, y, _RED)
        for tip, way in ((x, 1), (x2, -1)):
            self._draw.polygon(
                [(tip * _FINE, y * _FINE)] + [((tip + way * 14) * _FINE, (y + side * 4) * _FINE) for side in (1, -1)],
                fill=_RED,
            )
        self.text((x + x2) / 2, y - 8, text, 19, _RED, "ms")


def _front(drawing: _Drawing, number: int) -> float:
    """The front view: outer edge, bolt circle with its holes, bore. Gives the outer radius."""
    x, y, outer = 400.0, 370.0, 236.0 + number % 5 * 6
    bolts, ring, bore = 4 + number % 5, outer * 0.74, outer * (0.30 + number % 3 * 0.05)
    drawing.circle(x, y, outer, _METAL, width=4)
    drawing.circle(x, y, outer * 0.94, width=1)
    drawing.circle(x, y, ring, ink=_THIN, width=1)
    drawing.circle(x, y, bore * 1.32, _CUT)
    drawing.circle(x, y, bore, _PAPER, width=4)
    for bolt in range(bolts):
        angle = 2 * pi * bolt / bolts - pi / 2
        drawing.circle(x + ring * cos(angle), y + ring * sin(angle), 21, _PAPER)
    for dx, dy in ((1, 0), (0, 1)):
        reach = outer + 34
        drawing.line(x - dx * reach, y - dy * reach, x + dx * reach, y + dy * reach, _THIN, 1.2)
    drawing.measure(x - outer, y + outer + 58, x + outer, f"DIA {outer:.0f}")
    return outer


def _side(drawing: _Drawing, outer: float) -> None:
    """The side view, cut open: disc, neck, hatching."""
    x, y = 800.0, 370.0
    drawing.box(x, y - outer, 58, 2 * outer, _METAL, 4)
    drawing.box(x + 58, y - outer * 0.55, 96, outer * 1.1, _CUT, 4)
    drawing.box(x, y - outer * 0.3, 154, outer * 0.6, _PAPER, 3)
    for top, bottom in ((y - outer * 0.55, y - outer * 0.3), (y + outer * 0.3, y + outer * 0.55)):
        height = bottom - top
        for step in range(-int(height), 96, 12):  # lines at 45 degrees, cut at the edges
            start, end = max(step, 0), min(step + height, 96)
            drawing.line(x + 58 + start, bottom - (start - step), x + 58 + end, bottom - (end - step), _INK, 1)
    drawing.line(x - 30, y, x + 190, y, _THIN, 1.2)
    drawing.measure(x, y + outer + 58, x + 154, "154")


def _title_block(drawing: _Drawing, order: Order) -> None:
    line = order.lines[0]
    drawing.box(30, 30, 1140, 780, width=2)
    drawing.box(640, 706, 530, 104, _PAPER, 2)
    drawing.line(640, 758, 1170, 758, _INK)
    drawing.line(990, 706, 990, 810, _INK)
    drawing.text(654, 744, line.description[:40], 16)
    drawing.text(654, 794, "Nordlicht Feinmechanik GmbH", 17, _THIN)
    drawing.text(1004, 744, line.drawing, 24, _RED)
    drawing.text(1004, 794, f"for {order.id}", 17)


def render(order: Order, kind: str) -> bytes:
    """Give the picture as `PNG` or `JPEG` bytes, 1200 by 840 pixels."""
    drawing = _Drawing()
    for x in range(60, 1170, 30):
        drawing.line(x, 31, x, 809, "#f0eee6", 1)
    for y in range(60, 810, 30):
        drawing.line(31, y, 1169, y, "#f0eee6", 1)
    _side(drawing, _front(drawing, int(order.lines[0].drawing.removeprefix("DRW-"))))
    _title_block(drawing, order)
    out = BytesIO()
    drawing.image.resize(_SIZE, Image.Resampling.LANCZOS).save(out, kind, quality=90)
    return out.getvalue()
