"""Marks a PDF: every page keeps its content, as a form, and shows its own code above it."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Dictionary, Object, Pdf

from gateway.errors import Unreadable
from gateway.watermark.mark import code
from gateway.watermark.pdf import attached as pdfattached
from gateway.watermark.pdf import claims as pdfclaims
from gateway.watermark.pdf import clean as pdfclean
from gateway.watermark.pdf import notes as pdfnotes
from gateway.watermark.pdf import seal as pdfseal
from gateway.watermark.pdf import signed as pdfsigned
from gateway.watermark.pdf import view as pdfview
from gateway.watermark.pdf.images import Pictures
from gateway.watermark.pdf.pages import Frame, frame, pages
from gateway.watermark.pdf.read import MOST_OF_ONE, TOO_LARGE, Reader
from gateway.watermark.pdf.rescue import opened, rewritten
from gateway.watermark.pdf.stamp import Sheet, Stamps
from gateway.watermark.pdf.tags import Tags
from gateway.watermark.pdf.wrap import Wrapped, Wrapper
from gateway.watermark.plan import Marked, Plan, unmarkable
from gateway.watermark.watch import UNWATCHED, Watch

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_HEADER_WITHIN = 1024  # bytes that viewers search for `%PDF-`
_BUFFER = 1 << 20
_SOME = 500  # pages that are soon read
_ABOVE = b"/Artifact <</Type /Pagination /Subtype /Watermark>> BDC /SvMark Do EMC"
_BROKEN = (
    pikepdf.PdfError,
    pikepdf.DataDecodingError,
    pikepdf.ForeignObjectError,
    pikepdf.DeletedObjectError,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the library raises at files that are broken in one way or another, from its C++ and from its Python side."""


# For the whole process, which is a worker's: bombs end here, long before its memory does.
pikepdf.settings.set_qpdf_limits(
    flate_max_memory=MOST_OF_ONE,
    png_max_memory=MOST_OF_ONE,
    tiff_max_memory=MOST_OF_ONE,
    run_length_max_memory=MOST_OF_ONE,
)


def mark(_document: str, body: bytes, plan: Plan, watch: Watch = UNWATCHED) -> Marked:
    """Give the marked PDF. See `document.mark`; the reasons are in docs/marks.md."""
    if b"%PDF-" not in body[:_HEADER_WITHIN]:
        raise unmarkable("format")
    try:
        return _read(body, plan, watch)
    except Unreadable as refused:
        if str(refused) != "broken":
            raise
        watch.doubt()
        return _read(rewritten(body), plan, watch)


def _read(body: bytes, plan: Plan, watch: Watch) -> Marked:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that are odd, but odd already when they came
            with opened(body, plan.limits.objects) as pdf:
                return _mark(pdf, plan, watch)
    except MemoryError as error:
        raise unmarkable("too-large") from error
    except _BROKEN as error:
        raise unmarkable("too-large" if TOO_LARGE in str(error) else "broken") from error


def _mark(pdf: Pdf, plan: Plan, watch: Watch) -> Marked:
    if pdf.is_encrypted and not pdf.user_password_matched:
        raise unmarkable("encrypted")  # opened by an owner's password that is empty: no viewer would
    # 1. Which pages there are, and whether the file can be marked at all; what would leave unmarked goes.
    all_pages = pages(pdf, plan.limits.pages)
    attachments = pdfattached.taken(pdf, plan.limits.output) if plan.attachments == "mark" else []
    signed = plan.signed == "drop" and pdfsigned.drop(pdf)
    cleaned = pdfclean.clean(pdf, all_pages, plan, watch)
    archive, notes = pdfclaims.settle(pdf, plan)
    # 2. Each page's content becomes a form, under the stamp with the code of the page.
    codes = tuple(code(plan.secret, number) for number in range(1, len(all_pages) + 1))
    press = _Press(pdf, plan, watch, reliant=cleaned.reliant, archive=archive)
    wraps = []
    for at, page in enumerate(all_pages):
        if at % _SOME == 0:
            watch.doubt()
        wraps.append(press.wrap(page))
    watch.trust()  # every page was read
    for wrap, text in zip(wraps, codes, strict=True):
        press.stamp(wrap, text)
    for wrap, text in zip(wraps, codes, strict=True):
        press.mark_pictures(wrap, text)
    if press.lifted and archive and pdfclaims.drop_accessible(pdf):
        notes += ("pdfua-dropped",)
    # 3. Where nothing but the look may leave, the pages become pictures.
    final = pdf
    if plan.view_only:
        final = pdfview.pictures(_written(pdf, plan, encryption=False), codes, plan.limits, watch)
    kept, more = pdfattached.attach(final, [] if archive else attachments, plan, len(codes), watch)
    body = _written(final, plan, encryption=pdfseal.encryption(pdf, plan.permissions, plan.secret), archive=archive)
    # 4. A file that had to be repaired shows that it can be read again.
    if pdf.get_warnings():
        with pikepdf.open(io.BytesIO(body)) as again:
            if len(again.pages) != len(codes):
                raise unmarkable("broken")
    lost = {
        "attachments-dropped": cleaned.attached > kept,
        "picture-unmarked": press.missed,
        "signature-dropped": signed or cleaned.signed,
    }
    return Marked(body, codes + more, tuple(sorted({*notes, *(note for note, is_so in lost.items() if is_so)})))


def _written(pdf: Pdf, plan: Plan, *, encryption: pikepdf.Encryption | bool, archive: bool = False) -> bytes:
    """Write the file anew: no older revision, no unreferenced object."""
    sink = _Bounded(plan.limits.output)
    out = io.BufferedWriter(sink, _BUFFER)
    pdf.save(
        out,
        min_version="1.4",
        preserve_pdfa=archive,
        fix_metadata_version=False,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        encryption=encryption,
    )
    out.flush()
    return sink.whole()


@dataclass(frozen=True, slots=True)
class _Wrap:
    """A page whose content has become a form."""

    page: Object
    resources: Object
    frame: Frame
    sheet: Sheet
    wrapped: Wrapped
    tagged: bool


class _Press:
    """Marks page after page of one document and remembers what pages can share."""

    def __init__(self, pdf: Pdf, plan: Plan, watch: Watch, *, reliant: bool, archive: bool) -> None:
        self._pdf, self._reliant = pdf, reliant
        self.lifted = False
        self._tags = Tags(pdf)
        self._reader = Reader()
        self._wrapper, self._stamps = Wrapper(pdf, self._reader), Stamps(pdf, plan.visible, plan.hidden, embed=archive)
        inside = plan.hidden and not plan.view_only
        self._pictures = Pictures(pdf, self._reader, plan, watch) if inside else None
        self._contents: dict[tuple[bool, int], Object] = {}

    def wrap(self, page: Object) -> _Wrap:
        """Make a form of a page's content, and refuse it where it can't be one."""
        frame_ = frame(page)
        resources = page.get("/Resources")
        if not isinstance(resources, Dictionary):
            resources = Dictionary()
        tagged = self._tags.tagged(page)
        sheet = self._stamps.sheet(frame_)
        wrapped = self._wrapper.wrap(page, resources, sheet, tagged=tagged)
        return _Wrap(page, resources, frame_, sheet, wrapped, tagged)

    def stamp(self, wrap: _Wrap, text: str) -> None:
        """Let the page show its form and the stamp above it."""
        page, form = wrap.page, wrap.wrapped.form
        stamp = self._stamps.stamp(page, wrap.frame, wrap.sheet, text)
        forms = {"/SvMark": stamp} if form is None else {"/SvPage": form, "/SvMark": stamp}
        if wrap.tagged and form is not None:
            self._tags.move(page, form)
        page.Resources = _with(wrap.resources, forms) if self._reliant else Dictionary(XObject=Dictionary(forms))
        page.Contents = self._content(form is not None, wrap.wrapped.open)
        page["/SOVG_Mark"] = pikepdf.String(text)
        self.lifted |= pdfnotes.lift(self._pdf, self._reader, page, wrap.frame, stamp)

    def mark_pictures(self, wrap: _Wrap, text: str) -> None:
        """Mark what the page shows in its own samples: after all that may refuse the file, because it takes longest."""
        if self._pictures and wrap.wrapped.form is not None:
            self._pictures.mark(wrap.wrapped.form, wrap.resources, wrap.frame.shown, text)
            self._pictures.missed |= wrap.wrapped.inline

    @property
    def missed(self) -> bool:
        """Whether a picture that is a good part of a page couldn't be marked in its own samples."""
        return bool(self._pictures and self._pictures.missed)

    def _content(self, below: bool, left_open: int) -> Object:
        """Give the content that pages share: the former content closed off, what it left open closed, the stamp."""
        key = below, left_open
        if key not in self._contents:
            under = b"q /SvPage Do Q " + b"EMC " * left_open if below else b""
            self._contents[key] = self._pdf.make_stream(under + _ABOVE)
        return self._contents[key]


def _with(resources: Object, forms: dict[str, Object]) -> Object:
    """Give resources with forms added; the page's own stay for forms and fonts that rely on them."""
    merged = Dictionary({key: resources[key] for key in resources.keys()})  # noqa: SIM118  not a dict
    old = merged.get("/XObject")
    named = {key: old[key] for key in old.keys()} if isinstance(old, Dictionary) else {}  # noqa: SIM118  the same
    merged.XObject = Dictionary({**named, **forms})
    return merged


class _Bounded(io.RawIOBase):
    """Takes the output up to a limit. The library writes a few bytes at a time: to be used behind a buffer."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._left = most
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        part = bytes(data)
        self._left -= len(part)
        if self._left < 0:
            raise MemoryError
        self._parts.append(part)
        return len(part)

    def whole(self) -> bytes:
        return b"".join(self._parts)
