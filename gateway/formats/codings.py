"""Content codings (RFC 9110 section 8.4.1): off before a body is read, and on again after it was treated.

Decoding never holds more than the cap and one piece, whatever the input promises: what expands beyond the cap is
refused as soon as it does. Cut short or followed by anything else, a body is refused as well. Whole bodies and streams
go the same way, piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors import Unreadable
from gateway.formats.coders import DECODERS, ENCODERS, Decoder, Encoder

_PIECE = 65_536
_MOST_CODINGS = 3
_ALWAYS_ALLOWED = 1024 * 1024  # a small body may expand to this, whatever the ratio


class Unpacker:
    """Takes codings off what comes in pieces, for streams: there is no cap but the ratio, and 1 MiB in any case."""

    def __init__(self, content_encoding: str | None, max_ratio: int) -> None:
        """Take the value of `Content-Encoding`. Raises `Unreadable`: body-coding."""
        self._decoders: list[Decoder] = [DECODERS[name]() for name in reversed(_names(content_encoding))]
        self._ratio = max_ratio
        self._came = self._gave = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what the next bytes stand for. Raises `Unreadable`: body-coding, body-expands-too-much."""
        self._came += len(data)
        if not self._decoders:
            yield data
            return
        for piece in _through(self._decoders, data):
            self._gave += len(piece)
            if self._gave > max(self._came * self._ratio, _ALWAYS_ALLOWED):
                raise Unreadable("body-expands-too-much", "the body expands beyond the ratio")
            yield piece

    def end(self) -> None:
        """Check that nothing is missing. Raises `Unreadable`: body-incomplete."""
        for decoder in self._decoders:
            decoder.end()


class Packer:
    """Puts codings on what goes in pieces; each piece can be read by the other side as soon as it is there."""

    def __init__(self, content_encoding: str | None) -> None:
        """Take the value of `Content-Encoding`. Raises `Unreadable`: body-coding."""
        self._encoders: list[Encoder] = [ENCODERS[name]() for name in _names(content_encoding)]

    def feed(self, data: bytes) -> bytes:
        """Give the coded form of the next bytes."""
        for encoder in self._encoders:
            data = encoder.feed(data)
        return data

    def end(self) -> bytes:
        """Give what closes the body."""
        data = b""
        for encoder in self._encoders:
            data = (encoder.feed(data) if data else b"") + encoder.end()
        return data


def decode(body: bytes, content_encoding: str | None, max_size: int, max_ratio: int) -> bytes:
    """Take off all codings that a `Content-Encoding` names; without any, the very same object comes back.

    Limits and errors are those of `opened`.
    """
    return opened(body, content_encoding, max_size, max_ratio)[0]


def opened(body: bytes, content_encoding: str | None, max_size: int, max_ratio: int) -> tuple[bytes, bool]:
    """Take off all codings; and tell whether they hold nothing else, so that a body may go on in them as it came.

    The result has at most `max_size` bytes, and `max_ratio` times those received (or 1 MiB, if that is more). Raises
    `Unreadable`: body-coding (unknown, broken, more than three), body-expands-too-much, body-incomplete.
    """
    names, bare = _names(content_encoding), True
    cap = min(max_size, max(len(body) * max_ratio, _ALWAYS_ALLOWED))
    for name in reversed(names):
        decoder, whole = DECODERS[name](), bytearray()
        for start in range(0, len(body), _PIECE):
            for piece in decoder.feed(body[start : start + _PIECE]):
                whole += piece
                if len(whole) > cap:
                    raise Unreadable("body-expands-too-much", f"the body expands beyond {cap} bytes")
        decoder.end()
        body, bare = bytes(whole), bare and decoder.bare
    return body, bare


def encode(body: bytes, content_encoding: str | None) -> bytes:
    """Put the codings on again, in their order. Raises `Unreadable` as `decode` does for names."""
    for name in _names(content_encoding):
        encoder = ENCODERS[name]()
        body = encoder.whole(body)
    return body


def _through(decoders: list[Decoder], data: bytes) -> Iterator[bytes]:
    """Feed one decoder with what the one before gives."""
    if not decoders:
        yield data
        return
    for start in range(0, len(data), _PIECE):
        for piece in decoders[0].feed(data[start : start + _PIECE]):
            yield from _through(decoders[1:], piece)


def _names(content_encoding: str | None) -> list[str]:
    """Give the codings named, in the order in which they were applied; identity is none."""
    if not content_encoding:
        return []
    listed = (name.strip(" \t").lower() for name in content_encoding.split(","))
    names = [name for name in listed if name not in {"", "identity"}]
    if len(names) > _MOST_CODINGS:
        raise Unreadable("body-coding", f"more than {_MOST_CODINGS} content codings")
    if any(name not in DECODERS for name in names):
        raise Unreadable("body-coding", "a content coding that is not supported")
    return names
