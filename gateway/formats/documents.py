"""The documents that can be marked: PDF and pictures, told by their first bytes."""

from __future__ import annotations

import re

from gateway.formats.opaque import Opaque

DOCUMENTS = (
    Opaque("pdf", "A PDF document: it can be marked.", frozenset({"application/pdf"}), re.compile(rb"%PDF-")),
    Opaque(
        "png",
        "A PNG image, animated or not: it can be marked.",
        frozenset({"image/png", "image/apng", "image/vnd.mozilla.apng"}),
        re.compile(rb"\x89PNG\r\n\x1a\n"),
    ),
    Opaque("jpeg", "A JPEG image: it can be marked.", frozenset({"image/jpeg"}), re.compile(rb"\xff\xd8\xff")),
    Opaque(
        "webp",
        "A WebP image, animated or not: it can be marked.",
        frozenset({"image/webp"}),
        re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    ),
    Opaque(
        "avif",
        "An AVIF image: it can be marked.",
        frozenset({"image/avif", "image/avif-sequence"}),
        re.compile(rb".{4}ftypavi[fs]", re.DOTALL),
    ),
    Opaque(
        "gif", "A GIF image, animated or not: it can be marked.", frozenset({"image/gif"}), re.compile(rb"GIF8[79]a")
    ),
    Opaque(
        "tiff",
        "A TIFF image of one page or many: it can be marked.",
        frozenset({"image/tiff", "image/tiff-fx"}),
        re.compile(rb"II[*+]\0|MM\0[*+]"),
    ),
)

MARKABLE = tuple(one.NAME for one in DOCUMENTS)
"""The names of the formats whose pages can be marked."""


def kind_of(body: bytes) -> str | None:
    """Tell which of them these bytes begin as; None where none of them."""
    return next((one.NAME for one in DOCUMENTS if one.magic.match(body)), None)
