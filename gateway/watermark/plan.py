"""What is asked of a marking and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost: `pages`, decoded `pixels` of an image, `objects` of a PDF and bytes of the `output`."""

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


def unmarkable(reason: str) -> Unreadable:
    """Give the refusal of a document that can't be marked safely; `reason` is a stable word, see docs/marks.md."""
    return Unreadable("body-unmarkable", reason)
