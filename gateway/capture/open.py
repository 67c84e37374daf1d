"""Which kind of capture a file is, by its first bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.capture.cassette import read_cassette
from gateway.capture.exchange import Exchange, Unusable
from gateway.capture.faults import CutError
from gateway.capture.har import read_har
from gateway.capture.mitm import read_mitm
from gateway.capture.own import read_own
from gateway.capture.pieces import peek, pieces
from gateway.capture.seal import MAGIC
from gateway.capture.unpack import unpacked
from gateway.errors import BadCapture

LIMIT = 32 * 1024 * 1024
"""Of one exchange as it stands in the file, in bytes: a body of 16 MiB in base64 fits."""

_HAR = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe(?:\0\0)?|\xfe\xff|\0\0\xfe\xff)?[\s\0]*\{")
_MITM = re.compile(rb"\d{1,12}:")
_CASSETTE = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:---[ \t]*\r?\n|#[^\n]*\n|version:[ \t]*1[ \t]*\r?\n|\s)*(?:http_)?interactions:"
    rb"|(?:\xef\xbb\xbf)?\s*\{\s*(?:\"version\"\s*:\s*1\s*,\s*)?\"(?:http_)?interactions\"\s*:"
)
_HEAD = 512
_NONE = "no HAR file, no mitmproxy flows, no cassette, none of ours"
_OTHERS = (
    (b"PK\x03\x04", "a zip archive (Fiddler's .saz is one, too): unpack it, or save as HAR"),
    (b"\x0a\x0d\x0d\x0a", "a capture of packets: take one of HTTP instead, with a browser or mitmproxy"),
    (b"\xd4\xc3\xb2\xa1", "a capture of packets: take one of HTTP instead, with a browser or mitmproxy"),
    (b"\xa1\xb2\xc3\xd4", "a capture of packets: take one of HTTP instead, with a browser or mitmproxy"),
    (b"SOVCAP\x00", "a capture of a version of sovgate that this one doesn't know"),
)


def open_capture(
    stream: BinaryIO, name: str, keys: Sequence[X25519PrivateKey] = (), limit: int = LIMIT
) -> Iterator[Exchange | Unusable]:
    """Give what a capture holds, in its order, numbered from 1: HAR, mitmproxy's flows, cassettes or our own.

    The stream is read once, forward, in memory of a few times `limit`. `name` is how messages call it; `keys` open our
    own captures. Raises `BadCapture`, at once or on the way, where the file as a whole is no capture; `OSError` as the
    stream does.
    """
    source, packed = unpacked(pieces(stream), name)
    try:
        head, source = peek(source, _HEAD)
    except CutError:
        raise BadCapture(f"{name}: a compressed file that is damaged") from None
    if not head.strip(b" \t\r\n\0"):
        raise BadCapture(f"{name}: empty")
    if head.startswith(MAGIC):
        return read_own(source, name, keys, limit)
    if _CASSETTE.match(head):
        return read_cassette(source, name, limit)
    if _HAR.match(head):
        return read_har(source, name, limit)
    if _MITM.match(head):
        return read_mitm(source, limit)
    told = next((told for begin, told in _OTHERS if head.startswith(begin)), _NONE)
    raise BadCapture(f"{name}: once unpacked, {told}" if packed else f"{name}: {told}")
