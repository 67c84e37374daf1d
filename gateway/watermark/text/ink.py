"""How the letters of the visible mark are coloured: letters and a rim around them, of which one shows on any ground."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.watermark.plan import Visible

_LETTERS, _RIM = 0.875, 1.0625  # of the opacity: the rim is thin, and takes a little more
_DARK, _WHITE, _BLACK = (0.2, 0.2, 0.2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
LEAST_OPACITY = 0.1
"""Below which nobody would find a mark that he doesn't know of."""
CLEAR = 1.3
"""The contrast from which a mark can be seen; text is meant to have 4.5, and a mark isn't in the way of it."""

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of letters and rims, and how opaque both are."""

    letters: Colour
    rim: Colour
    letters_alpha: float
    rim_alpha: float


def ink(visible: Visible) -> Ink:
    """Give the colours of a text: as said, or dark; the rim is light around dark letters and dark around light ones."""
    letters = _read(visible.colour) if visible.colour else _DARK
    rim = _WHITE if _luminance(letters) < 0.4 else _BLACK  # noqa: PLR2004  about the middle as eyes see it
    return Ink(letters, rim, min(1.0, visible.opacity * _LETTERS), min(1.0, visible.opacity * _RIM))


def contrast(visible: Visible, ground: Colour) -> float:
    """Give the contrast of a text to a plain ground (WCAG 2.2, 1.4.3), of its letters or its rim: the better one."""
    chosen = ink(visible)
    below = _luminance(ground)
    found = []
    for colour, alpha in ((chosen.letters, chosen.letters_alpha), (chosen.rim, chosen.rim_alpha)):
        red, green, blue = (alpha * over + (1 - alpha) * under for over, under in zip(colour, ground, strict=True))
        lighter, darker = sorted((_luminance((red, green, blue)), below), reverse=True)
        found.append((lighter + 0.05) / (darker + 0.05))
    return max(found)


def unclear(visible: Visible) -> str:
    """Name the ground on which a text can hardly be seen: `white`, `black`, or nothing."""
    return next(
        (name for name, ground in (("white", _WHITE), ("black", _BLACK)) if contrast(visible, ground) < CLEAR), ""
    )


def _read(colour: str) -> Colour:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    """Give the relative luminance (WCAG 2.2)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)  # noqa: PLR2004
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
