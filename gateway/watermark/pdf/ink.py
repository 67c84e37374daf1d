"""The drawing of the visible mark on a kind of page: a content stream in which only the code changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gateway.watermark.mark import SHAPE
from gateway.watermark.pdf.pages import Frame
from gateway.watermark.pdf.type import SIZE, Type, read_from_right
from gateway.watermark.plan import Visible
from gateway.watermark.text.ink import Colour, Ink
from gateway.watermark.text.layout import LEADING
from gateway.watermark.text.placing import TYPICAL, Placed, place

_RIM_WIDTH = 0.9
_LEGIBLE = 4.0  # points of font size below which edge texts and diagonals are given up for tiles


def draw(
    visible: Sequence[Visible], texts: Sequence[str], inks: Sequence[tuple[str, Ink]], type_: Type, frame: Frame
) -> bytes:
    """Write the content stream of a stamp, with `SHAPE` where the code will stand.

    `inks` are, for each text, the name of the graphics state with its opacity, and its colours.
    """
    shown, media, matrix = frame.upright()
    point = 1 / frame.unit
    groups = place(visible, texts, type_.measure, shown, least=_LEGIBLE * point, cover=media, point=point)
    return b"\n".join(_group(group, inks, type_, matrix) for group in groups)


def _group(
    group: Placed, inks: Sequence[tuple[str, Ink]], type_: Type, matrix: tuple[int, int, int, int, float, float]
) -> bytes:
    a, b, c, d, e, f = matrix
    layout = group.layout
    scale = layout.size / SIZE
    cos, sin = math.cos(math.radians(layout.slant)), math.sin(math.radians(layout.slant))
    # The form's own space lies along the slant, so that a tile is placed by two short numbers.
    along, across = (a * cos + c * sin, b * cos + d * sin), (c * cos - a * sin, d * cos - b * sin)
    space = " ".join(f"{number:.7f}" for number in (*(scale * part for part in (*along, *across)), e, f))
    left, top = -layout.width / 2, layout.height / 2 - 0.95 * layout.size
    first, *_ = lines = [inks[group.of[source]] for source in layout.sources]
    uniform = all(line == first for line in lines)
    start, rows = _rows(group, type_)
    passes = []
    for rendering in (1, 0):  # rims first, or they would eat the thin strokes of `@` and `/` on white
        shows = b" ".join(
            move + (b"" if uniform else _state(*ink) + b" ") + row for ink, (move, row) in zip(lines, rows, strict=True)
        )
        tiles = []
        for x, y in layout.centres:
            u, v = (x * cos + y * sin + left) / scale + start, (y * cos - x * sin + top) / scale
            tiles.append(f"1 0 0 1 {u:.1f} {v:.1f} Tm ".encode() + shows)
        passes.append(b"%d Tr\n" % rendering + b"\n".join(tiles))
    name = min(type_.fonts)[1:]
    head = f"q {space} cm ".encode() + _state(*first)
    return (
        head
        + f" {_RIM_WIDTH} w 1 j [] 0 d BT /{name} {SIZE} Tf {SIZE * LEADING} TL ".encode()
        + b"\n".join(passes)
        + b"\nET Q"
    )


def _rows(group: Placed, type_: Type) -> tuple[float, list[tuple[bytes, bytes]]]:
    """Give where the first line starts, and each line with the move to it."""
    layout = group.layout
    starts = []
    for line in layout.lines:
        spare = layout.width / layout.size - type_.measure(
            line if group.align == "start" else line.replace(SHAPE, TYPICAL)
        )
        share = {"start": float(read_from_right(line)), "centre": 0.5, "end": 1.0}[group.align]
        starts.append(round(spare * share * SIZE, 1))
    rows = []
    before = starts[0]
    for at, (start, line) in enumerate(zip(starts, layout.lines, strict=True)):
        move = b"" if not at else b"T* " if start == before else f"{start - before:.1f} {-SIZE * LEADING} Td ".encode()
        rows.append((move, type_.show(line)))
        before = start
    return starts[0], rows


def _state(name: str, ink: Ink) -> bytes:
    letters, rim = _colour(ink.letters, "g", "rg"), _colour(ink.rim, "G", "RG")
    return f"{name} gs {letters} {rim}".encode()


def _colour(colour: Colour, grey: str, other: str) -> str:
    parts = colour[:1] if len(set(colour)) == 1 else colour
    return " ".join([*(f"{part:.3g}" for part in parts), grey if len(parts) == 1 else other])
