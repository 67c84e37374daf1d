"""Whole messages in parts of a body (multipart) or in members of an archive: bytes with a content type of their own.

A format that has parts hands them to `Edit.part` where the catalogue says that they hold a message. To treatments,
which know texts, a part is its text, or base64 of its bytes where these are no text.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats import charset, media


@dataclass(frozen=True, slots=True)
class Part:
    """A message that is a part of another: its bytes, without transfer encoding, and its content type as written."""

    body: bytes
    media: str = ""

    @property
    def text(self) -> str:
        """Give the text; base64 where the bytes are none."""
        found = _charset(self.body, self.media)
        if found is None:
            return b64encode(self.body).decode()
        return charset.to_utf8(self.body, found).decode()

    def filled(self, text: str) -> bytes:
        """Give the bytes of another text, in the same charset. Raises `Unreadable`: body-encoding."""
        found = _charset(self.body, self.media)
        return charset.from_utf8(text.encode(), found or charset.PLAIN)


def check(body: bytes, said: media.MediaType) -> None:
    """Check that a part which names a charset is in it. Raises `Unreadable`: body-encoding."""
    if not said.charset:
        return
    try:
        charset.to_utf8(body, charset.find(body, said.charset)).decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "a part is not in the charset that it names") from None


def _charset(body: bytes, written: str) -> charset.Charset | None:
    """Tell the charset of a part's text; None where it is no text."""
    try:
        found = charset.find(body, media.parse(written).charset)
        charset.to_utf8(body, found).decode()
    except (Unreadable, UnicodeDecodeError):
        return None
    return found
