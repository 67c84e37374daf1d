"""Keeps annotations from covering the mark: where they lie, the mark is shown once more, above them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from gateway.watermark.pdf.pages import Frame, box
from gateway.watermark.pdf.read import UNREADABLE, Reader
from gateway.watermark.plan import unmarkable
from gateway.watermark.text.layout import Area

_UNSEEN = 2 | 32  # Hidden, NoView (ISO 32000-2, table 167)
_FIXED = 4 | 64 | 128 | 512  # Print, ReadOnly, Locked, LockedContents
_MOST_HOLES = 200
_MOST = 10_000  # annotations of a page
_PAINTING = re.compile(rb"(?<![^\s\])>])(?:[fFbB]\*?|sh|Do|EI)(?![^\s/\[(<%])")  # operators that fill areas
_LONGEST = 1 << 20  # bytes of an appearance that are looked through
_MOST_COVERED = 0.5  # of the page, by form fields, which viewers draw above everything else


def lift(pdf: Pdf, reader: Reader, page: Object, frame: Frame, stamp: Object) -> bool:
    """Add an annotation that shows the stamp inside the rectangles of the visible ones; tell whether there are any.

    Refuses `covered` where form fields, which no annotation can be put above, hide half of the page, and
    `too-many-objects`.
    """
    annotations = page.Annots if "/Annots" in page else None  # quicker than `get` where there are none: most pages
    if not isinstance(annotations, Array):
        return False
    if len(annotations) > _MOST:
        raise unmarkable("too-many-objects")
    holes: list[Area] = []
    fields = 0.0
    for note in list(annotations):
        if not _opaque(note):
            continue
        area = _within(box(note.get("/Rect")), frame.shown)
        if area is None:
            continue
        holes.append(area)
        if note.get("/Subtype") == Name.Widget and _fills(note, reader):
            fields += _size(area)
    if fields > _MOST_COVERED * _size(frame.shown):
        raise unmarkable("covered")
    if not holes:
        return False
    if len(holes) > _MOST_HOLES:
        holes = [frame.shown]
    shown = Array([frame.shown.left, frame.shown.low, frame.shown.right, frame.shown.high])
    clip = "".join(f"{a.left:.3f} {a.low:.3f} {a.right - a.left:.3f} {a.high - a.low:.3f} re " for a in holes)
    picture = pdf.make_stream(
        f"q {clip}W n /SvMark Do Q".encode(),
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=shown,
        Resources=Dictionary(XObject=Dictionary(SvMark=stamp)),
    )
    above = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=shown, F=_FIXED, P=page, AP=Dictionary(N=picture))
    page.Annots = Array([*list(annotations), pdf.make_indirect(above)])
    return True


def _opaque(note: Object) -> bool:
    """Tell whether an annotation may paint: all but links without a picture, pop-ups and what is hidden."""
    if not isinstance(note, Dictionary):
        return False
    flags = note.get("/F", 0)
    if isinstance(flags, int) and flags & _UNSEEN:
        return False
    kind = note.get("/Subtype")
    return kind != Name.Popup and (kind != Name.Link or "/AP" in note)


def _fills(field: Object, reader: Reader) -> bool:
    """Tell whether a field may fill its rectangle: with a background, or with more than letters and lines."""
    look = field.get("/MK")
    ground = look.get("/BG") if isinstance(look, Dictionary) else None
    if isinstance(ground, Array) and len(ground) > 0:
        return True
    return any(_paints(state, reader) for state in _states(field))


def _states(field: Object) -> Iterator[Object]:
    appearances = field.get("/AP")
    normal = appearances.get("/N") if isinstance(appearances, Dictionary) else None
    if isinstance(normal, Stream):
        yield normal
    elif isinstance(normal, Dictionary):
        yield from (normal[state] for state in normal.keys() if isinstance(normal[state], Stream))  # noqa: SIM118  not a dict


def _paints(appearance: Object, reader: Reader) -> bool:
    try:
        content = reader.read(appearance)
    except UNREADABLE:
        return False
    return len(content) > _LONGEST or _PAINTING.search(content) is not None


def _within(area: Area | None, page: Area) -> Area | None:
    if area is None:
        return None
    cut = Area(
        max(area.left, page.left), max(area.low, page.low), min(area.right, page.right), min(area.high, page.high)
    )
    return cut if cut.left < cut.right and cut.low < cut.high else None


def _size(area: Area) -> float:
    return (area.right - area.left) * (area.high - area.low)
