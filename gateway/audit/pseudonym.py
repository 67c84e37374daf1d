"""Names for people in the log: the same person is the same pseudonym, and without the key nobody can tell whose."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

_MEMO = 50_000  # identifiers of a kind remembered at most; then the memory starts anew


@dataclass(frozen=True, slots=True, eq=False)
class Pseudonyms:
    """Gives `c_...` for customers, `o_...` for operators and `d_...` for devices.

    They are HMAC-SHA-256 under the log's key, cut to 128 bits.
    """

    key: bytes
    _customers: dict[str, str] = field(default_factory=dict)
    _operators: dict[str, str] = field(default_factory=dict)
    _devices: dict[str, str] = field(default_factory=dict)

    def customer(self, identifier: str) -> str:
        """Give the pseudonym of a customer."""
        return self._customers.get(identifier) or self._of(b"c", identifier, self._customers)

    def operator(self, identifier: str) -> str:
        """Give the pseudonym of an operator."""
        return self._operators.get(identifier) or self._of(b"o", identifier, self._operators)

    def device(self, identifier: str) -> str:
        """Give the pseudonym of a device."""
        return self._devices.get(identifier) or self._of(b"d", identifier, self._devices)

    def address(self, identifier: str) -> str:
        """Give the pseudonym of a network address."""
        return self._of(b"a", identifier, {})

    def _of(self, kind: bytes, identifier: str, known: dict[str, str]) -> str:
        digest = hmac.digest(self.key, kind + b"\0" + identifier.encode("utf-8", "surrogatepass"), "sha256")
        if len(known) >= _MEMO:
            known.clear()
        made = known[identifier] = f"{kind.decode()}_{urlsafe_b64encode(digest[:16]).rstrip(b'=').decode()}"
        return made
