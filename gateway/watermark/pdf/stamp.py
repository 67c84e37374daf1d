"""The visible mark of a PDF page: a small form of its own for each page, everything else shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Object, Pdf

from gateway.watermark.mark import SHAPE
from gateway.watermark.pdf.hidden import Sheets
from gateway.watermark.pdf.ink import draw
from gateway.watermark.pdf.pages import Frame
from gateway.watermark.pdf.type import choose
from gateway.watermark.plan import Visible
from gateway.watermark.text.ink import Ink, ink
from gateway.watermark.text.words import fill


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pages that are shown alike: their number among the kinds, the `box` of their forms, and the stamp's content.

    The box holds all that such a page may show, with room, so that nothing at its edge is cut.
    """

    number: int
    box: Array
    drawing: bytes


class Stamps:
    """Makes the stamps of one document. Pages that look alike share their layout, and all share font and state."""

    def __init__(self, pdf: Pdf, visible: Sequence[Visible], hidden: bytes, *, embed: bool = False) -> None:
        """Prepare fonts and states. `embed` says that no font may be left to the viewer, as PDF/A asks."""
        self._pdf = pdf
        self._hidden = Sheets(pdf, hidden, smooth=not embed) if hidden else None
        # A document that carries the hidden mark may do without a visible one; any other shows its code at least.
        self._visible = tuple(one for one in visible if one.text.strip()) or (() if hidden else (Visible("{mark}"),))
        texts = fill([one.text for one in self._visible], SHAPE) if self._visible else ()
        self._type, self._texts = choose(pdf, texts, embed=embed)
        self._sheets: dict[Frame, Sheet] = {}
        colours = [ink(one) for one in self._visible]
        opacities = {(one.letters_alpha, one.rim_alpha): None for one in colours}
        names = {each: f"/G{number}" for number, each in enumerate(opacities)}
        self._inks = [(names[one.letters_alpha, one.rim_alpha], one) for one in colours]
        states = {
            **{names[one.letters_alpha, one.rim_alpha]: _state(one) for one in colours},
            **(self._hidden.states if self._hidden else {}),
        }
        self._fonts = pdf.make_indirect(Dictionary(self._type.fonts))
        self._states = pdf.make_indirect(Dictionary(states))
        self._resources = pdf.make_indirect(Dictionary(Font=self._fonts, ExtGState=self._states))

    def sheet(self, frame: Frame) -> Sheet:
        """Give what pages that look alike share."""
        if frame not in self._sheets:
            media = frame.media
            room = 8 + (media.right - media.left + media.high - media.low) / 16
            box = Array([media.left - room, media.low - room, media.right + room, media.high + room])
            self._sheets[frame] = Sheet(len(self._sheets), box, self._drawn(frame))
        return self._sheets[frame]

    def stamp(self, page: Object, frame: Frame, sheet: Sheet, code: str) -> Object:
        """Give the form that shows the marks of one page, in the page's user space."""
        drawing, resources = self._type.swap(sheet.drawing, code), self._resources
        if self._hidden:
            image, drawn = self._hidden.image(page, frame, code)
            drawing = drawn + drawing
            resources = Dictionary(Font=self._fonts, ExtGState=self._states, XObject=Dictionary(S=image))
        form = self._pdf.make_stream(drawing)
        form.Type, form.Subtype, form.BBox, form.Resources = Name.XObject, Name.Form, sheet.box, resources
        return form

    def _drawn(self, frame: Frame) -> bytes:
        return draw(self._visible, self._texts, self._inks, self._type, frame) if self._visible else b""


def _state(ink_: Ink) -> Dictionary:
    """Give the graphics state that a text's opacity needs."""
    return Dictionary(
        Type=Name.ExtGState, ca=ink_.letters_alpha, CA=ink_.rim_alpha, BM=Name.Normal, SMask=Name("/None"), AIS=False
    )
