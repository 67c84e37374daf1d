"""Treating places one by one, and counting what was done: shared by the formats that hold text in places."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.formats.document import Edit, Edits, Owner, Refused, Scalar, Signal, Spot, Touch, Written
from gateway.formats.parts import Part

_MOST_REFUSED = 10


@dataclass(slots=True, eq=False)
class Tally:
    """What one writing of a body did."""

    touched: dict[tuple[Edits, Spot, str], int] = field(default_factory=dict)
    refused: dict[tuple[Edits, Spot, str], Refused] = field(default_factory=dict)
    _edits: dict[tuple[Edits, Spot], Edit | None] = field(default_factory=dict)

    def edit(self, edits: Edits, spot: Spot) -> Edit | None:
        """Give what happens at a spot; () is an unlisted place."""
        key = (edits, spot)
        if key not in self._edits:
            self._edits[key] = edits.of(spot) if spot else edits.unlisted
        return self._edits[key]

    def treat(
        self, edits: Edits, spot: Spot, pointer: str, value: str, owner: Owner, *, removable: bool = True
    ) -> Scalar | Signal:
        """Treat the text at a place: the very same object where nothing changes, or where it is refused.

        `Signal.REMOVE` where the place has to go; where it is not `removable` (leaving it out would move others), it
        is refused instead.
        """
        edit = self.edit(edits, spot)
        if edit is None:
            return value
        new = edit.value(value, owner)
        if new is value:
            return value
        if new is Signal.REFUSE or (new is Signal.DROP and not removable):
            self.refuse(edits, spot, pointer)
            return value
        self.touch(edits, spot, pointer)
        return Signal.REMOVE if new is Signal.DROP else new

    def treat_part(
        self, edits: Edits, spot: Spot, pointer: str, part: Part, owner: Owner, *, removable: bool = True
    ) -> Part | Scalar | Signal:
        """Do as `treat` for a whole part or member: the very same object where nothing changes.

        The edit gets the part as it is where it holds a message, and otherwise its text.
        """
        edit = self.edit(edits, spot)
        if edit is None:
            return part
        if edit.part is None:
            text = part.text
            new = self.treat(edits, spot, pointer, text, owner, removable=removable)
            return part if new is text else new
        held = edit.part(part, owner)
        if held is part:
            return part
        if held is Signal.REFUSE or (held is Signal.DROP and not removable):
            self.refuse(edits, spot, pointer)
            return part
        self.touch(edits, spot, pointer)
        return Signal.REMOVE if held is Signal.DROP else held

    def touch(self, edits: Edits, spot: Spot, pointer: str, count: int = 1) -> None:
        """Count a place that was changed."""
        key = (edits, spot, pointer)
        self.touched[key] = self.touched.get(key, 0) + count

    def refuse(self, edits: Edits, spot: Spot, pointer: str, why: str = "") -> None:
        """Note a place that was refused; `why` names the refusal where it isn't the edit's own."""
        if len(self.refused) < _MOST_REFUSED:
            self.refused.setdefault((edits, spot, pointer), Refused(pointer, spot, edits, why))

    def written(self, body: bytes) -> Written:
        """Give the message after its edits."""
        touches = tuple(Touch(edits, spot, pointer, count) for (edits, spot, pointer), count in self.touched.items())
        return Written(body, touches, tuple(self.refused.values()))


def text_of(value: Scalar) -> str:
    """Write a treated value where there is only text: null is empty, true and false are words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def pointer(selector: str) -> str:
    """Write a selector as reports name places: `$.lines[*].note` is `/lines/*/note`."""
    return "".join(f"/{part}" for part in re.findall(r"[^.\[\]'\"$/]+", selector))


def step(name: str) -> str:
    """Give one step of a JSON Pointer (RFC 6901 section 3)."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
