"""Any bytes as CBOR, COSE, or what a device signs (EAT, TPM): read in one way, or refused by one kind of error."""

from __future__ import annotations

import json
import math
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from harness import fuzz

from gateway.attestation.cbor import Tagged, decode, decode_first
from gateway.attestation.cose import read_key, read_sign1
from gateway.attestation.device import DeviceRules, Devices
from gateway.attestation.eat import EatRules
from gateway.attestation.quote import TpmRules
from gateway.attestation.tpm import read_quote, read_signature
from gateway.crypto import b64url, public_jwk
from gateway.errors import NotAuthenticated
from gateway.flow import Operator
from gateway.identity.jwks import read_key_set
from gateway.identity.replay import Nonces

NOW = 1_790_000_000_000_000_000
KEY = Ed25519PrivateKey.from_private_bytes(b"d" * 32).public_key()
KEYS = read_key_set(json.dumps({"keys": [public_jwk(KEY)]}).encode(), "keys")
EAT = EatRules(frozenset({"ES256", "EdDSA"}), KEYS)
DEVICES = Devices(DeviceRules(EAT, TpmRules({"laptop": KEY})), Nonces(b"n" * 32))
ANN = Operator("crm", "ann", authenticated="jwt", evidence=(("jwt", "a" * 64),))


def target(data: bytes) -> None:
    cbor(data)
    for read in (read_key, read_quote, read_signature):
        refused(ValueError, read, data)
    text = data.decode("latin-1")
    for value in (f"eat+cwt {b64url(data).decode()}", f"tpm {b64url(data).decode()}", f"eat+jwt {text}", text):
        refused(NotAuthenticated, DEVICES.check, value, ANN, NOW)
    given = json.dumps({"quote": b64url(data).decode(), "signature": b64url(data[-72:]).decode(), "key": "laptop"})
    refused(NotAuthenticated, DEVICES.check, f"tpm {b64url(given.encode()).decode()}", ANN, NOW)


def cbor(data: bytes) -> None:
    """Read it whole and as a beginning; what is written again as short as can be is what was read."""
    try:
        value = decode(data)
    except ValueError:
        refused(ValueError, decode_first, data)
        return
    assert decode_first(data)[1] == len(data)
    if plain(value):
        assert written(value) == data
    refused(ValueError, read_sign1, value)


def refused(error: type[Exception], read: Any, *data: Any) -> None:
    """Let it be read, or refused by this kind of error alone; bytes of a stranger are never known."""
    try:
        read(*data)
    except error:
        return
    assert read != DEVICES.check


def plain(value: Any) -> bool:
    """Tell whether there are no floats in it: those have several lengths."""
    if isinstance(value, Tagged):
        return plain(value.value)
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return not isinstance(value, float) and all(map(plain, inside))


def written(value: Any) -> bytes:
    """Write CBOR."""
    match value:
        case None | bool():
            return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(written, value))
        case dict():
            return head(5, len(value)) + b"".join(written(key) + written(one) for key, one in value.items())
    return head(6, value.tag) + written(value.value)


def head(major: int, count: int) -> bytes:
    """Write the head of an item."""
    if count < 24:
        return bytes([major << 5 | count])
    length = 1 << math.ceil(math.log2((count.bit_length() + 7) // 8))
    return bytes([major << 5 | 24 + length.bit_length() - 1]) + count.to_bytes(length)


if __name__ == "__main__":
    fuzz(target, "attestation")
