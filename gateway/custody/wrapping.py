"""Keys under keys: AES-256-GCM (NIST SP 800-38D) with a random nonce, bound to what the key is for.

A wrapping key wraps few keys (a customer's some dozens, a tenant's one for each customer and rewrap), so that a random
nonce is far from repeating: 2^32 of them are the limit of SP 800-38D section 8.3.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import KeysUnavailable

KEY = 32
_NONCE = 12
_TAG = 16
LENGTH = _NONCE + KEY + _TAG
"""Bytes of a wrapped key."""
_SOURCE = "/dev/urandom"


def fresh() -> bytearray:
    """Make a key of 32 random bytes. `os.urandom` would leave a copy of it in memory, which nobody can wipe."""
    key = bytearray(KEY)
    try:
        with open(_SOURCE, "rb", buffering=0) as source:  # noqa: PTH123 - a device
            got = source.readinto(key)
    except OSError:
        got = 0
    if got != KEY:
        raise KeysUnavailable("the system gives no random bytes")
    return key


def wrap(under: bytearray, key: bytearray, context: bytes, random: Callable[[int], bytes]) -> bytes:
    """Wrap a key of 32 bytes: nonce, ciphertext, tag."""
    nonce = random(_NONCE)
    return nonce + AESGCM(under).encrypt(nonce, key, context)


def unwrap(under: bytearray, wrapped: bytes, context: bytes) -> bytearray:
    """Give the key; `ValueError` where it was wrapped otherwise, or changed. No copy of it is left in memory."""
    if len(wrapped) != LENGTH:
        raise ValueError("not a wrapped key")
    key = bytearray(KEY)
    try:
        AESGCM(under).decrypt_into(wrapped[:_NONCE], wrapped[_NONCE:], context, key)
    except InvalidTag:
        raise ValueError("wrapped under another key, or for something else") from None
    return key


def wipe(*keys: bytearray) -> None:
    """Zero keys."""
    for key in keys:
        key[:] = bytes(len(key))
