"""Our own captures, read with the recipient's private key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.capture import seal
from gateway.capture.exchange import Exchange, Unusable
from gateway.capture.faults import CutError
from gateway.capture.keep import Kept
from gateway.capture.pieces import Pieces, Source
from gateway.errors import BadCapture

_DECODER = msgspec.msgpack.Decoder(Kept)
_WRITTEN = 1 << 20  # beside the bodies: headers, facts, and what seals them


def read_own(source: Pieces, name: str, keys: Sequence[X25519PrivateKey], limit: int) -> Iterator[Exchange | Unusable]:
    """Give the exchanges of a file. Raises `BadCapture` where the file can't be opened with any of the keys."""
    file = Source(source)
    opened = _open(file, name, keys)
    number = ended = 0
    try:
        while not file.ended():
            size = int.from_bytes(file.take(seal.SIZE), "big")
            if size > limit + _WRITTEN:
                file.skip(size)
                found: Exchange | Unusable | None = Unusable(number + 1, "too-large")
            else:
                found = _read(number, opened.open(number, file.take(size)))
            number += 1
            if found is None:
                ended = number
                break
            yield found
        if not ended:
            yield Unusable(number + 1, "truncated")
        elif not file.ended():
            yield Unusable(number, "trailing")
    except CutError:
        yield Unusable(number + 1, "truncated")


def _open(file: Source, name: str, keys: Sequence[X25519PrivateKey]) -> seal.FileKey:
    """Find the key that opens the file. Raises `BadCapture`."""
    try:
        start = file.take(len(seal.MAGIC) + seal.SIZE)
        size = int.from_bytes(start[-seal.SIZE :], "big")
        if size > seal.LARGEST_HEADER:
            raise BadCapture(f"{name}: its header is damaged")
        header_bytes = file.take(size)
        header = msgspec.json.decode(header_bytes, type=seal.Header)
    except (CutError, ValueError, RecursionError):
        raise BadCapture(f"{name}: its header is damaged, or cut short") from None
    if not keys:
        raise BadCapture(f"{name}: sealed for the key {_shown(header)}: give the private key with --key FILE")
    opened = (seal.unseal(header, start + header_bytes, key) for key in keys)
    found = next((key for key in opened if key is not None), None)
    if found is None:
        raise BadCapture(f"{name}: sealed for the key {_shown(header)}, which isn't given; or its header was changed")
    return found


def _shown(header: seal.Header) -> str:
    """Give the key's id, as far as it can be one: the file may say anything there."""
    return header.recipient if header.recipient.isalnum() and len(header.recipient) == 16 else "of an unknown name"  # noqa: PLR2004 - hex digits


def _read(number: int, plain: bytes | None) -> Exchange | Unusable | None:
    """Give what a record holds; None for the last. `number` counts from 0."""
    if plain is None:
        return Unusable(number + 1, "tampered")
    kind = plain[:1]
    if kind == seal.END:
        return None
    if kind == seal.MISSING:
        return Unusable(number + 1, "dropped")
    if kind != seal.EXCHANGE:
        return Unusable(number + 1, "malformed")
    try:
        kept = _DECODER.decode(memoryview(plain)[1:])
    except (ValueError, RecursionError):
        return Unusable(number + 1, "malformed")
    if "no-request-body" in kept.repairs:
        return Unusable(number + 1, "no-request-body")
    return Exchange(number + 1, kept.site, kept.request, kept.response, kept.started, kept.repairs, kept.said)
