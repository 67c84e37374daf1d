"""The visible mark of an image: light rims and dark letters, drawn into its own kind of pixels."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageChops

from gateway.watermark.image.letters import Letters, draw
from gateway.watermark.plan import Visible, unmarkable
from gateway.watermark.text.ink import Colour, ink
from gateway.watermark.text.layout import Area
from gateway.watermark.text.placing import Placed, place
from gateway.watermark.text.shaping import Typesetter, shows
from gateway.watermark.text.words import fill, spelled

_LEGIBLE = 11.0  # pixels of font size below which the mark only shrinks if it must
_LEAST = 5.0  # pixels below which nobody can read it
_POINT = 1 / 595  # of an image's shorter side is a point, as on a page of A4
_SOFTER = 1.14  # times as opaque as on a page: pixels blur thin letters
_INK = 255  # of a colour in CMYK


def stamp(image: Image.Image, visible: Sequence[Visible], code: str) -> Image.Image:
    """Give a marked copy of an L, RGB, RGBA or CMYK image. Refuses `too-small` where no code could be read."""
    shown = tuple(one for one in visible if one.text.strip()) or (Visible("{mark}"),)
    texts = tuple(spelled(text, shows) for text in fill([one.text for one in shown], code))
    typesetter = Typesetter()
    page = Area(0, 0, image.width, image.height)
    point = min(image.size) * _POINT
    groups = place(shown, texts, typesetter.measure, page, least=_LEGIBLE, point=point)
    if any(group.layout.size < _LEAST for group in groups):
        raise unmarkable("too-small")
    marked = image.copy()
    for group in groups:
        for number in dict.fromkeys(group.layout.sources):
            _stamp(marked, shown[group.of[number]], group, number, typesetter)
    return marked


def _stamp(image: Image.Image, visible: Visible, group: Placed, number: int, typesetter: Typesetter) -> None:
    """Draw the lines of one text wherever they stand."""
    colours = ink(visible)
    letters, around = (draw(group, number, typesetter, rim=rim) for rim in (False, True))
    rim = Letters(ImageChops.subtract(around.mask, letters.mask), around.left, around.top)  # hollow
    layers = [
        (drawn, drawn.mask.point([round(level * min(1.0, alpha * _SOFTER)) for level in range(256)]), colour)
        for drawn, colour, alpha in (
            (rim, colours.rim, colours.rim_alpha),
            (letters, colours.letters, colours.letters_alpha),
        )
    ]
    for x, y in group.layout.centres:
        for drawn, mask, colour in layers:
            _lay(image, mask, (round(x) + drawn.left, round(image.height - y) - drawn.top), colour)


def _lay(image: Image.Image, mask: Image.Image, corner: tuple[int, int], colour: Colour) -> None:
    red, green, blue = (round(255 * part) for part in colour)
    if image.mode == "RGBA":
        # Over transparency the mark has to be there too, and in its own colour: no blending with the hidden black.
        over = Image.new("RGBA", mask.size, (red, green, blue, 0))
        over.putalpha(mask)
        left, top = max(0, -corner[0]), max(0, -corner[1])
        if left < mask.width and top < mask.height:
            image.alpha_composite(over, (max(0, corner[0]), max(0, corner[1])), (left, top))
        return
    black = max(colour)
    inks = (*(round(_INK * (black - part)) for part in colour), round(_INK * (1 - black)))
    colours: dict[str, int | tuple[int, ...]] = {
        "L": round(0.299 * red + 0.587 * green + 0.114 * blue),
        "RGB": (red, green, blue),
        "CMYK": inks,
    }
    image.paste(colours[image.mode], corner, mask)
