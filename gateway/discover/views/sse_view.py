"""Event streams: `data` by the type of event, where types are words of a program; `id` of any event."""

from __future__ import annotations

import re
from typing import ClassVar

from gateway.discover.outline import Outline, Purse
from gateway.discover.records import Carried
from gateway.discover.shown import Show, show
from gateway.discover.spots import Spotted
from gateway.discover.views.view import MOST_ROWS, Base, Options, Viewed, typed
from gateway.discover.words import singular
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.sse import DEFAULT, HARMLESS, blocks, complete

_DELAY = re.compile(r"[0-9]{1,8}", re.ASCII)
_TYPE = re.compile(r"[A-Za-z][\w.:-]{0,60}", re.ASCII)
_MARKER = re.compile(r"\[(?:DONE|END|EOF|FINISHED|STOP)\]")
_COMMENTS = "comments in the stream say something: whatever no field names is unlisted, and comments have no field"


class SseView(Base):
    """See above."""

    NAME: ClassVar[str] = "sse"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        trees, markers, remarks = list[object](), set[str](), list[str]()
        for block in blocks(text[: complete(text)], limits.values):
            if not block.values:
                remarks += [_COMMENTS] if block.holds and not remarks else []
                continue
            fields: dict[str, object] = {}
            named = block.values.get("event", "")
            data = block.values.get("data")
            shown = named in {"", DEFAULT} or (bool(_TYPE.fullmatch(named)) and show(named) is Show.KNOWN)
            if data is not None and _MARKER.fullmatch(data):
                markers.add(data)
            elif data is not None and named and named != DEFAULT and shown:
                fields[named] = {"data": data}
            elif data is not None:
                fields["data"] = data
            if not shown:
                fields["event"] = named
            if "id" in block.values:
                fields["id"] = typed(block.values["id"])
            if not _DELAY.fullmatch(block.values.get("retry", "0")):
                fields["retry"] = block.values["retry"]
            if any(line.name == "" and not HARMLESS.fullmatch(line.value) for line in block.lines) and not remarks:
                remarks.append(_COMMENTS)
            if len(trees) < MOST_ROWS and fields:
                trees.append(fields)
        options: Options = (("markers", tuple(sorted(markers))),) if markers else ()
        return Viewed(trees, options, remarks=tuple(remarks))

    def carried(self, outline: Outline, subject: str) -> Carried:  # noqa: ARG002 - the protocol's
        """See `View`."""
        return Carried(None, outline, listed=True)

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        return ".".join(map(str, spot.steps))

    def said(self, spot: Spotted) -> tuple[str, tuple[str, ...]]:
        """Name data by the type of its event: that says more than "data"."""
        if spot.steps[-1:] == ("data",):
            kind = str(spot.steps[0]) if len(spot.steps) > 1 else ""
            return (kind or "data"), (singular(kind),) if kind else ()
        return super().said(spot)
