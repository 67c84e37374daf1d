"""What all the watermarks that apply to a document ask for together. Their order means nothing, and one more tightens.

What a rule doesn't say counts as its default, so that a rule about something else never loosens it: attachments are
marked, signatures dropped and PDF/A kept only where every rule that applies says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import reduce
from typing import TypeVar

from gateway.policy.model import Watermark
from gateway.watermark.plan import Attachments, Pdfa, Signed, Visible

W = TypeVar("W", bound=str)

ATTACHMENTS: tuple[Attachments, ...] = ("mark", "remove", "refuse")
SIGNED: tuple[Signed, ...] = ("drop", "refuse")
PDFA: tuple[Pdfa, ...] = ("keep", "drop", "refuse")
"""From the loosest to the strictest."""

CODE = Visible("{mark}")
"""What is shown where a rule asks for a visible mark and none has words for it."""


@dataclass(frozen=True, slots=True)
class Marking:
    """The parts of a plan of marking. `visible` are templates; `bare` asks that something be seen, whatever it says."""

    visible: frozenset[Visible]
    bare: bool
    hidden: bool
    view_only: bool
    bilevel: bool
    forbidden: frozenset[str]
    attachments: Attachments
    signed: Signed
    pdfa: Pdfa

    @property
    def shown(self) -> tuple[Visible, ...]:
        """Give the templates in a fixed order: the code at least, unless every rule leaves it to the hidden mark."""
        key = [one.name for one in fields(Visible)]
        ordered = tuple(sorted(self.visible, key=lambda one: [getattr(one, name) for name in key]))
        return ordered or ((CODE,) if self.bare or not self.hidden else ())


def marking(watermark: Watermark) -> Marking:
    """Give what one watermark asks for."""
    one = watermark
    words = [] if one.visible is None else [Visible(one.visible, one.placement, one.opacity, one.colour, one.size)]
    taken = frozenset(name for name, granted in one.permissions.items() if not granted)
    return Marking(
        frozenset(words),
        not one.unseen,
        one.hidden,
        one.view_only,
        one.bilevel,
        taken,
        one.attachments,
        one.signed,
        one.pdfa,
    )


def join(one: Marking, other: Marking) -> Marking:
    """Give what two ask for together: the stricter of both in every respect."""
    return Marking(
        one.visible | other.visible,
        one.bare or other.bare,
        one.hidden or other.hidden,
        one.view_only or other.view_only,
        one.bilevel or other.bilevel,
        one.forbidden | other.forbidden,
        _stricter(ATTACHMENTS, one.attachments, other.attachments),
        _stricter(SIGNED, one.signed, other.signed),
        _stricter(PDFA, one.pdfa, other.pdfa),
    )


def joined(watermarks: Iterable[Watermark]) -> Marking:
    """Give what watermarks ask for together; there must be one at least."""
    return reduce(join, map(marking, watermarks))


def _stricter(order: tuple[W, ...], one: W, other: W) -> W:
    return max(one, other, key=order.index)
