"""Turns what a page shows into one form, so that whatever its content does ends with it.

Appending to a page's content, or putting `q Q` around it, fails on real files: states left open, too many `Q`, a clip
of nothing, layers that are hidden and never closed. A form XObject (ISO 32000-2, 8.10) is a stream of its own, and the
content's bytes go into it as they are.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from gateway.watermark.pdf.content import absurd, holds_picture, left_open, roughly_open
from gateway.watermark.pdf.placed import LEAST
from gateway.watermark.pdf.read import UNREADABLE, Reader
from gateway.watermark.pdf.stamp import Sheet
from gateway.watermark.plan import unmarkable

_CLOSELY = 8 << 20  # bytes of contents with layers that are read word by word
_STEP = 64  # bytes of damaged data that are inflated at a time
_ENCODING = ("/Length", "/Filter", "/DecodeParms", "/DL")  # the entries of a stream that say how it is written


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A page's former content as a form (None: nothing to show).

    `open`: how much marked content it leaves open; `inline`: a large picture stands in the content itself.
    """

    form: Object | None
    open: int = 0
    inline: bool = False


class Wrapper:
    """Wraps the contents of one document's pages. Pages that share content, resources and box share the form."""

    def __init__(self, pdf: Pdf, reader: Reader) -> None:
        self._pdf, self._reader = pdf, reader
        self._closely = _CLOSELY
        self._known: dict[object, Wrapped] = {}

    def wrap(self, page: Object, resources: Object, sheet: Sheet, *, tagged: bool) -> Wrapped:
        """Give the form of a page. Tagged pages never share one: the tags name the form they are in."""
        contents = page.Contents if "/Contents" in page else None
        key = None
        if isinstance(contents, Stream) and resources.is_indirect and not tagged:
            key = contents.objgen, resources.objgen, sheet.number
            if key in self._known:
                return self._known[key]
        stream = self._one(contents)
        if stream is None:
            return Wrapped(None)
        wrapped = Wrapped(stream, *self._examine(stream, resources))
        stream.Type, stream.Subtype, stream.BBox, stream.Resources = Name.XObject, Name.Form, sheet.box, resources
        if key is not None:
            self._known[key] = wrapped
        return wrapped

    def _one(self, contents: Object | None) -> Object | None:
        """Give the contents as a stream that nothing else in the file uses, its data untouched where it was one."""
        if isinstance(contents, Array):
            streams = [part for part in list(contents) if isinstance(part, Stream)]
            if len(streams) > 1:
                return self._joined(streams)
            contents = streams[0] if streams else None
        if not isinstance(contents, Stream):
            return None
        # A copy that shares the data: the stream may be another page's content, or a form or pattern, as well.
        alone = copy.copy(contents)
        for entry in [entry for entry in alone.keys() if entry not in _ENCODING]:  # noqa: SIM118  a stream isn't a dict
            del alone[entry]
        return alone

    def _joined(self, streams: Sequence[Object]) -> Object:
        """Join several streams as if they were one, with white space between them (ISO 32000-2, 7.8.2).

        A space and no line end, because that is what viewers put there: a comment goes on into the next stream.
        """
        return self._pdf.make_stream(b" ".join(_data(stream, self._reader) for stream in streams))

    def _examine(self, stream: Object, resources: Object) -> tuple[int, bool]:
        """Refuse absurd nesting; count what is left open where that can hide what follows, in a layer (8.11.3).

        Tells whether a large picture stands in the content, too.
        """
        try:
            content = self._reader.read(stream)
        except UNREADABLE:
            return 0, False  # a viewer can't read it either; the data goes along as it is
        if absurd(content):
            raise unmarkable("nested")
        properties = resources.Properties if "/Properties" in resources else None
        still_open = 0
        if isinstance(properties, Dictionary):
            self._closely -= len(content)
            still_open = left_open(content) if self._closely >= 0 else roughly_open(content)
        return still_open, holds_picture(content, LEAST)


def _data(stream: Object, reader: Reader) -> bytes:
    """Give the data of a stream, or as much of it as viewers get out where it is damaged."""
    try:
        return reader.read(stream)
    except UNREADABLE as error:
        if stream.get("/Filter") != Name.FlateDecode or "/DecodeParms" in stream:
            raise unmarkable("broken") from error
    raw, whole, inflater = stream.read_raw_bytes(), bytearray(), zlib.decompressobj()
    with suppress(zlib.error):
        for at in range(0, len(raw), _STEP):
            part = inflater.decompress(raw[at : at + _STEP])
            reader.count(len(part))
            whole += part
    return bytes(whole)
