"""What is asked of a marking and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost: `pages`, decoded `pixels` of an image, `objects` of a PDF, bytes of `output`."""

    pages: int = 5_000
    pixels: int = 50_000_000
    objects: int = 1_000_000
    output: int = 128 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How to mark one export.

    `texts` are what the policies want to be seen, one a policy, with everything filled in but `{mark}`, the code of the
    page; where none has it, the code is added. `permissions` are those that the policies take away, among `print`,
    `copy` and `annotate`. `secret` is 32 random bytes, fresh for each export.
    """

    texts: tuple[str, ...]
    permissions: frozenset[str]
    secret: bytes
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked document and the codes on its pages, in their order; an image has one."""

    body: bytes
    codes: tuple[str, ...]


REASONS = {
    "animated": "the image has several frames, of which viewers show one or all",
    "broken": "the file can't be read, or not to its end",
    "covered": "form fields, which viewers draw above everything else, hide half of a page",
    "depth": "the image has more than 8 bits a sample, which marking would lose",
    "encrypted": "the file opens with a password only",
    "format": "the bytes are not of the format that was said, or of one that can't be marked",
    "javascript": "the file has scripts, which can change what is shown",
    "launch": "the file starts programs",
    "mode": "the image has a colour model that can't be marked",
    "nested": "a page opens more marked content than viewers survive",
    "no-pages": "the file has no page",
    "signed": "the file is signed, and the mark would break the signature",
    "too-large": "marking it takes more memory, or makes a larger file, than allowed",
    "too-many-objects": "the file has more objects than allowed",
    "too-many-pages": "the file has more pages than allowed",
    "too-many-pixels": "the image has more pixels than allowed",
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
