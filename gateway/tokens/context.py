"""What a token is bound to: a digest of tenant, customer, field and purpose."""

from __future__ import annotations

from hashlib import sha256

from gateway.crypto import b64url

LENGTH = 16
"""Characters of a context: base64url of 12 bytes."""


def context(tenant: str, customer: str, field: str, purpose: str | None) -> str:
    """Give the context: base64url of the first 12 bytes of SHA-256 over the four, each with its length before it.

    No purpose differs from an empty one.
    """
    digest = sha256()
    for part in (tenant, customer, field, purpose):
        raw = b"\xff" if part is None else len(part.encode()).to_bytes(5, "big") + part.encode()
        digest.update(raw)
    return b64url(digest.digest()[:12]).decode()
