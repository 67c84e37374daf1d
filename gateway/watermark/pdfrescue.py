"""Opens a PDF, also one that only viewers manage to read: the renderer of viewers then writes it anew."""

from __future__ import annotations

import io

import pikepdf
import pypdfium2
from pikepdf import Pdf

from gateway.watermark.pdfread import TOO_LARGE
from gateway.watermark.plan import unmarkable

_LOCKED = ("unsupported encryption filter", "encryption dictionary")  # of files that only their recipients' keys open


def opened(body: bytes) -> Pdf:
    """Open a file that needs no password, with what pages inherit written into each of them.

    Refuses `encrypted` and `too-large`; raises `PdfError` where nothing can read the file.
    """
    try:
        return _open(body)
    except pikepdf.PasswordError as error:
        raise unmarkable("encrypted") from error
    except pikepdf.PdfError as error:
        said = str(error)
        if any(word in said for word in _LOCKED):
            raise unmarkable("encrypted") from error
        # An encrypted file would come out with other permissions than its author gave it, or none.
        if TOO_LARGE in said or b"/Encrypt" in body:
            raise
        return _open(_rewritten(body))


def _open(body: bytes) -> Pdf:
    return pikepdf.open(io.BytesIO(body), inherit_page_attributes=True)


def _rewritten(body: bytes) -> bytes:
    try:
        with pypdfium2.PdfDocument(body) as document:
            out = io.BytesIO()
            document.save(out)
            return out.getvalue()
    except pypdfium2.PdfiumError as error:
        raise unmarkable("broken") from error
