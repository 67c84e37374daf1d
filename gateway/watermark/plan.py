"""What is asked of a marking and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gateway.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost: `pages` or frames, `objects` of a PDF, bytes of `output`.

    `pixels` are those of one decoded image, `frames_pixels` those of all pages of an image file, `moving_pixels` those
    of all frames of an animation, of which none counts as less than 60,000: as many as half a minute is enough for.
    """

    pages: int = 5_000
    pixels: int = 50_000_000
    frames_pixels: int = 100_000_000
    moving_pixels: int = 60_000_000
    objects: int = 300_000
    output: int = 128 << 20


Placement = Literal["tiled", "diagonal", "header", "footer", "corner"]
"""Where the visible mark stands: all over the page, once across it, or at an edge."""

OPACITY = 0.32
"""How opaque the visible mark is where nobody says otherwise: readable, and the text below it as well."""

Attachments = Literal["remove", "mark", "refuse"]
Signed = Literal["refuse", "drop"]
Pdfa = Literal["drop", "keep", "refuse"]
"""What a plan may say of attachments, signed files and claims to be PDF/A."""


@dataclass(frozen=True, slots=True)
class Visible:
    """What one policy wants to be seen: `text` with everything filled in but `{mark}`, the code of the page.

    `opacity` is 0 to 1; `colour` is `#rrggbb`, or "" for dark letters with a light rim, which show on any ground;
    `size` is in points, 0 to follow the page.
    """

    text: str
    placement: Placement = "tiled"
    opacity: float = OPACITY
    colour: str = ""
    size: float = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How to mark one export.

    Where no visible text has a place for the code, it is added. `permissions` are those that the policies take away,
    among `print`, `copy` and `annotate`. `secret` is 32 random bytes, fresh for each export: the codes come from it.
    `hidden` is the key of the hidden mark (32 bytes), b"" for none. `view_only` replaces pages by marked pictures.
    `bilevel` lets the hidden mark move the edges of strokes in a PDF's pictures of two colours, where it can be seen.
    `attachments` of a PDF are removed, marked (and removed where they can't be), or refuse the file. A `signed` file
    is refused, or loses its signatures. A claim to be PDF/A is dropped, kept where it can be and refused where not, or
    refuses the file.
    """

    visible: tuple[Visible, ...]
    permissions: frozenset[str]
    secret: bytes
    hidden: bytes = field(default=b"", repr=False)
    view_only: bool = False
    bilevel: bool = False
    attachments: Attachments = "remove"
    signed: Signed = "refuse"
    pdfa: Pdfa = "drop"
    limits: Limits = field(default_factory=Limits)

    @property
    def texts(self) -> tuple[str, ...]:
        """The visible texts."""
        return tuple(visible.text for visible in self.visible)


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked document and the codes on its pages, in their order; an image has one.

    `notes` are what it lost on the way, by the words of docs/marks.md: `signature-dropped`, `pdfa-dropped` ...
    """

    body: bytes
    codes: tuple[str, ...]
    notes: tuple[str, ...] = ()


REASONS = {
    "attachments": "the file has attachments, which the policy doesn't let through",
    "broken": "the file can't be read, or not to its end",
    "coding": "the pixels are packed in a way that isn't read here",
    "covered": "form fields, which viewers draw above everything else, hide half of a page",
    "depth": "the image has samples that marking would lose: 12 bits of a JPEG, 10 of an AVIF, fractions",
    "encrypted": "the file opens with a password only",
    "format": "the bytes are not of the format that was said, or of one that can't be marked",
    "heic": "the image is a HEIC, which isn't decoded here",
    "javascript": "the file has scripts, which can change what is shown",
    "launch": "the file starts programs",
    "mode": "the image has a colour model that can't be marked",
    "nested": "a page opens more marked content than viewers survive",
    "no-pages": "the file has no page",
    "pdfa": "the file claims to be PDF/A, and the claim can't be kept or isn't let through",
    "signed": "the file is signed, and the mark would break the signature",
    "svg": "an SVG is a program that draws, with texts that can be taken out of it",
    "too-large": "marking it takes more memory, or makes a larger file, than allowed",
    "too-many-objects": "the file has more objects than allowed",
    "too-many-pages": "the file has more pages or frames than allowed",
    "too-many-pixels": "the image, or all of its frames, have more pixels than allowed",
    "too-small": "the image has no room for a code that could be read",
    "trailing-data": "the image file goes on after the end of the image",
    "truncated": "the image file ends before the image does",
    "xfa": "the file is an XFA form, whose pages are made by the viewer",
}
"""Why a document can't be marked. The words are stable: they stand in audit entries and answers."""


def unmarkable(reason: str) -> Unreadable:
    """Give the refusal of a document that can't be marked safely; `reason` is one of `REASONS`."""
    assert reason in REASONS, reason
    return Unreadable("body-unmarkable", reason)
