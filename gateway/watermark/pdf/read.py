"""Inflates the streams of one document, so much in all and no more: a thousand small bombs are one large bomb."""

from __future__ import annotations

from pikepdf import DataDecodingError, Object, PdfError, QpdfRuntimeError

from gateway.watermark.plan import unmarkable

TOO_LARGE = "memory limit"
"""What the library says of streams that inflate beyond what is allowed."""
UNREADABLE = (PdfError, DataDecodingError, QpdfRuntimeError)
"""What the library raises at a stream whose data is damaged, or in a coding that it doesn't read."""
MOST_OF_ONE = 192 << 20  # bytes that one stream may become, in any coding
_MOST = 320 << 20  # bytes: two seconds of work, or three


class Reader:
    """Reads streams. Refuses `too-large` once they were more than `most` bytes together."""

    def __init__(self, most: int = _MOST) -> None:
        self._left = most

    def read(self, stream: Object) -> bytes:
        """Give the data of a stream; raises what is in `UNREADABLE`."""
        try:
            data = stream.read_bytes()
        except UNREADABLE as error:
            if TOO_LARGE in str(error):
                raise unmarkable("too-large") from error
            raise
        self.count(len(data))
        return data

    def count(self, size: int) -> None:
        """Count bytes that were inflated in another way."""
        self._left -= size
        if self._left < 0:
            raise unmarkable("too-large")
