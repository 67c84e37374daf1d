"""Tokens, remembered: a client shows the same one a thousand times, and its signature is checked once."""

from __future__ import annotations

import hashlib

from gateway.errors import NotAuthenticated
from gateway.identity.identified import Identified
from gateway.identity.jwks import KeySet
from gateway.identity.jwt import JwtRules, verify


class Verifier:
    """Checks tokens against the keys in force. Remembers what verified, by the token's digest, never the token."""

    def __init__(self, keys: KeySet, rules: JwtRules, capacity: int = 10_000) -> None:
        """Start with `keys`; remember at most `capacity` tokens."""
        self._keys = keys
        self._rules = rules
        self._capacity = capacity
        self._known: dict[bytes, Identified] = {}

    @property
    def keys(self) -> KeySet:
        """The keys in force."""
        return self._keys

    def replace(self, keys: KeySet) -> None:
        """Put other keys in force; what older keys proved counts no more."""
        if keys != self._keys:
            self._keys = keys
            self._known = {}

    def identify(self, token: str, now: int) -> Identified:
        """Give who a token proves to call at `now` (nanoseconds since the epoch); raises `NotAuthenticated`."""
        try:
            digest = hashlib.sha256(token.encode("ascii")).digest()
        except UnicodeEncodeError:
            raise NotAuthenticated("identity-invalid", "the token is not a signed JWT") from None
        known = self._known.get(digest)
        if known is not None and now < known.expires:
            return known
        identified = verify(token, self._keys, self._rules, now)  # an expired one is told so here
        if len(self._known) >= self._capacity:
            del self._known[next(iter(self._known))]  # the one known longest
        self._known[digest] = identified
        return identified
