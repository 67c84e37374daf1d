"""Forms: fields by their names, `order[lines][*][sku]`; what stands in brackets and could be data gives way to `*`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gateway.discover.outline import Purse, Several
from gateway.discover.shown import Show, show
from gateway.discover.spots import Spotted
from gateway.discover.views.view import Base, Viewed, typed
from gateway.formats.form import Form, FormDocument
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.selector import ANY

STAR = "*"
_NAME = re.compile(r"([^\[\]]*)((?:\[[^\[\]]*\])*)")
_PIECE = re.compile(r"\[([^\[\]]*)\]")
_CHARSET = "_charset_"


class FormView(Base):
    """See above."""

    NAME: ClassVar[str] = "form"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        document: FormDocument = Form().read(text, Form().layout(Shape()), limits)
        pairs = [(pair.name, typed(pair.value)) for pair in document.pairs if pair.raw and pair.name != _CHARSET]
        return Viewed((nested(pairs),))

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        return joined(spot)


def joined(spot: Spotted) -> str:
    """Write the name of a field from its parts."""
    first, *rest = [STAR if step is ANY else str(step) for step in spot.steps] or [STAR]
    return first + "".join(f"[{piece}]" for piece in rest)


def nested(pairs: Iterable[tuple[str, object]]) -> Mapping[str, object]:
    """Lay out the fields of a form by the parts of their names. Parts that could be data are `*`."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        *above, last = parted(name)
        at = found
        for piece in above:
            inner = at.get(piece)
            if not isinstance(inner, _Both):
                inner = at[piece] = _Both(Several() if inner is None else inner, {})
            at = inner.below
        known = at.get(last)
        if isinstance(known, _Both):
            known.here.append(value)
        else:
            at[last] = Several([*(known or ()), value])
    return _plain(found)


def parted(name: str) -> tuple[str, ...]:
    """Take a name apart; parts that aren't shown, and numbers, are `*`."""
    match = _NAME.fullmatch(name)
    if match is None:
        return (STAR,)
    pieces = (match[1], *_PIECE.findall(match[2]))
    return tuple(piece if piece and show(piece) is not Show.ODD else STAR for piece in pieces)


class _Both:
    """A name with values of its own, and with parts below it."""

    def __init__(self, here: Several, below: dict[str, Any]) -> None:
        self.here = here
        self.below = below


def _plain(found: Mapping[str, Any]) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, value in found.items():
        made[name] = Several([*value.here, _plain(value.below)]) if isinstance(value, _Both) else value
    return made
