"""Opens a PDF, also one that only viewers manage to read: the renderer of viewers then writes it anew."""

from __future__ import annotations

import io
import re

import pikepdf
import pypdfium2
from pikepdf import Pdf

from gateway.watermark.plan import unmarkable

_LOCKED = ("unsupported encryption filter", "encryption dictionary")  # of files that only their recipients' keys open
_PACKED, _PACKED_COUNT = re.compile(rb"/ObjStm\b"), re.compile(rb"/N\s+(\d{1,9})\b")
_NEAR = 200  # bytes around the name of a stream of objects where their number stands


def opened(body: bytes, objects: int) -> Pdf:
    """Open a file that needs no password, with what pages inherit written into each of them.

    Refuses `encrypted`, and `too-many-objects` where more than `objects` are declared, before any is read; raises
    `PdfError` where the library can't read the file.
    """
    if _declared(body) > objects:
        raise unmarkable("too-many-objects")
    try:
        return pikepdf.open(io.BytesIO(body), inherit_page_attributes=True)
    except pikepdf.PasswordError as error:
        raise unmarkable("encrypted") from error
    except pikepdf.PdfError as error:
        if any(word in str(error) for word in _LOCKED):
            raise unmarkable("encrypted") from error
        raise


def rewritten(body: bytes) -> bytes:
    """Give a broken file as the renderer of viewers writes it, or refuse it as `broken`.

    Not an encrypted one: it would come out with other permissions than its author gave it, or none.
    """
    if b"/Encrypt" in body:
        raise unmarkable("broken")
    try:
        with pypdfium2.PdfDocument(body) as document:
            out = io.BytesIO()
            document.save(out)
            return out.getvalue()
    except pypdfium2.PdfiumError as error:
        raise unmarkable("broken") from error


def _declared(body: bytes) -> int:
    """Count the objects that a file says it has, without reading them: a million take a quarter of a minute."""
    count = body.count(b" obj")
    for found in _PACKED.finditer(body):
        number = _PACKED_COUNT.search(body, max(0, found.start() - _NEAR), found.end() + _NEAR)
        count += int(number[1]) if number else 0
    return count
