"""Our own captures, written: exchanges in, sealed bytes out. Where the bytes go is others' business."""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from gateway.capture.exchange import Exchange, Said
from gateway.capture.seal import EXCHANGE, begin
from gateway.flow import Request, Response


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exchange in a file. Its number is its place, so it isn't written; members that are unknown are passed over."""

    site: str
    request: Request
    response: Response | None = None
    started: int | None = None
    repairs: tuple[str, ...] = ()
    said: Said | None = None


_ENCODER = msgspec.msgpack.Encoder()


def packed(exchange: Exchange) -> bytes:
    """Give what a record of an exchange holds."""
    kept = Kept(exchange.site, exchange.request, exchange.response, exchange.started, exchange.repairs, exchange.said)
    return EXCHANGE + _ENCODER.encode(kept)


class Keeper:
    """Seals one file's records, in the order in which they are written. `start` comes first, nothing after the end.

    What was sealed and could not be written ends the file: no other record may stand in its place (a nonce of AES-GCM
    is used once), and none after it would open.
    """

    def __init__(self, recipient: X25519PublicKey, secret: bytes) -> None:
        """Take whose key will open the file, and 32 fresh random bytes."""
        self.start, self._key = begin(recipient, secret)
        self._number = 0

    def seal(self, record: bytes) -> bytes:
        """Seal the next record: what `packed` gave, `MISSING` or `END`. It becomes `OVERHEAD` bytes longer."""
        number = self._number
        self._number += 1
        return self._key.seal(number, record)
