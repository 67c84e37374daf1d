"""Marks a document of any format that can be marked."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from gateway.watermark.plan import Marked, Plan, unmarkable
from gateway.watermark.watch import UNWATCHED, Watch

_MODULES = {"pdf": "gateway.watermark.pdf.marking"} | dict.fromkeys(
    ("png", "jpeg", "webp", "avif", "gif", "tiff"), "gateway.watermark.image.marking"
)


def mark(document: str, body: bytes, plan: Plan, *, watch: Watch = UNWATCHED) -> Marked:
    """Put the marks of a plan on every page of a `pdf`, or of a picture: `png`, `jpeg`, `webp`, `avif`, `gif`, `tiff`.

    Raises `Unreadable` with the refusal `body-unmarkable` and, as its message, the reason: one of the words of
    docs/marks.md, never a value. Meant for a worker process: the file is untrusted and the libraries are heavy.
    """
    if document not in _MODULES:
        raise unmarkable("format")
    # The libraries are loaded here and not at the top, so that the gateway's own process never pays for them.
    return cast("Marked", import_module(_MODULES[document]).mark(document, body, plan, watch))
