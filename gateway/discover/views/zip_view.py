"""Archives: members by the shape of their names, `orders/*.json`, and what they hold."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import ClassVar

from gateway.discover.outline import Outline, Purse, Several
from gateway.discover.segments import Hole, step, without_ending
from gateway.discover.shown import Show, show
from gateway.discover.spots import Spotted
from gateway.discover.views.view import Base, Viewed
from gateway.formats import zip_parts
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.parts import Part

_MOST = 200
"""Members of one archive that are looked into."""


class ZipView(Base):
    """See above."""

    NAME: ClassVar[str] = "zip"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        found: dict[str, Several] = {}
        members = [one for one in zip_parts.read(text, limits).members.values() if not one.is_folder]
        for member in members[:_MOST]:
            found.setdefault(patterned(member.name), Several()).append(purse.part(Part(member.body)))
        for member in members[_MOST:]:
            found.setdefault(patterned(member.name), Several())
        return Viewed((dict(found),))

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:
        """Nothing is to be settled: names that could be data were left out when they were read."""

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        return str(spot.steps[0]) if spot.steps and isinstance(spot.steps[0], str) else "**"


def patterned(name: str) -> str:
    """Give the pattern of a member's name: words of programs as they are, anything else as `*`."""
    made, before = list[str](), ""
    for piece in name.split("/"):
        at = step(piece, before)
        if isinstance(at, str) and show(without_ending(at)) is not Show.KNOWN:
            at = Hole("", at[len(without_ending(at)) :])
        text = f"{at.prefix}*{at.suffix}" if isinstance(at, Hole) else at
        made.append(text if not set(text) & set("\\:") else "*")
        before = at if isinstance(at, str) else ""
    return "/".join(made)
