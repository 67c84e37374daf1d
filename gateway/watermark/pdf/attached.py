"""Marks what is attached to a PDF, where a policy says so: PDFs and pictures, each with codes of its own."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace

from pikepdf import AttachedFileSpec, Pdf

from gateway.errors import Unreadable
from gateway.formats.documents import kind_of
from gateway.watermark.document import mark
from gateway.watermark.plan import Marked, Plan
from gateway.watermark.watch import Watch

_MOST = 100  # attachments that are marked


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, as it is called and described in the document."""

    key: str
    name: str
    description: str
    data: bytes


def taken(pdf: Pdf, most: int) -> list[Attachment]:
    """Give the files that may be marked, at most `most` bytes of them in all, before they are removed."""
    found: list[Attachment] = []
    for key in list(pdf.attachments)[:_MOST]:
        spec = pdf.attachments[key]
        data = spec.get_file().read_bytes()
        most -= len(data)
        if most < 0:
            break
        if kind_of(data):
            found.append(Attachment(key, spec.filename, spec.description, data))
    return found


def attach(
    pdf: Pdf, attachments: list[Attachment], plan: Plan, pages: int, watch: Watch
) -> tuple[int, tuple[str, ...]]:
    """Attach the marked form of each file that can be marked; give how many, and their codes in order.

    Together with the document's own `pages` they may have as many pages as a document.
    """
    codes: list[str] = []
    count = 0
    for place, attachment in enumerate(attachments, 1):
        watch.doubt()
        marked = _marked(attachment, plan, place, plan.limits.pages - pages - len(codes), watch)
        watch.trust()
        if marked is None:
            continue
        codes += marked.codes
        count += 1
        kind = kind_of(marked.body)
        pdf.attachments[attachment.key] = AttachedFileSpec(
            pdf,
            marked.body,
            filename=attachment.name,
            description=attachment.description,
            mime_type="application/pdf" if kind == "pdf" else f"image/{kind}",
            creation_date="",
            mod_date="",
        )
    return count, tuple(codes)


def _marked(attachment: Attachment, plan: Plan, place: int, pages: int, watch: Watch) -> Marked | None:
    kind = kind_of(attachment.data)
    if kind is None or pages < 1:
        return None
    secret = hmac.digest(plan.secret, b"sovgate mark 1 attachment" + place.to_bytes(8, "big"), hashlib.sha256)
    limits = replace(plan.limits, pages=pages)
    try:
        inner = replace(plan, secret=secret, attachments="remove", limits=limits)
        return mark(kind, attachment.data, inner, watch=watch)
    except Unreadable:
        return None
