"""The device in a caller's hands: what it says of itself, in one header, fresh and for this caller."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace

from gateway.attestation.eat import Attested, EatRules, invalid, read_cwt, read_jwt
from gateway.attestation.quote import TpmRules, verify_quote
from gateway.errors import NotAuthenticated
from gateway.flow import Operator
from gateway.identity.replay import SECOND, Nonces
from gateway.identity.strict import base64url

NONCE_HEADER = "Sovgate-Nonce"
ASKING = "?"
_LONGEST = 32_768  # characters of the header
_REMEMBERED = 60 * SECOND


@dataclass(frozen=True, slots=True)
class DeviceRules:
    """What counts as an attestation; None: that kind doesn't."""

    eat: EatRules | None = None
    tpm: TpmRules | None = None


class Devices:
    """Checks attestations. One is remembered for a minute at most: a device shows the same one with every request."""

    def __init__(self, rules: DeviceRules, nonces: Nonces, capacity: int = 4096) -> None:
        """Take the rules, and what gives the nonces."""
        self._rules = rules
        self._nonces = nonces
        self._capacity = capacity
        self._known: OrderedDict[bytes, Attested] = OrderedDict()

    def check(self, value: str, operator: Operator, now: int) -> Operator:
        """Give the operator with the device that the header's value proves. Raises `NotAuthenticated`.

        The value is `eat+jwt`, `eat+cwt` or `tpm`, a space, and the evidence; `?` asks for a nonce.
        """
        holder = operator.evidence[0][1] if operator.evidence else ""
        digest = hashlib.sha256(f"{holder} {value}".encode()).digest()
        known = self._known.get(digest)
        if known is None or now >= known.until or not self._nonces.counts(known.nonce, now):
            known = self._verified(value, holder, now)
            if len(self._known) >= self._capacity:
                self._known.popitem(last=False)
            self._known[digest] = replace(known, until=min(known.until, now + _REMEMBERED))
        evidence = (known.device.how, hashlib.sha256(value.encode()).hexdigest())
        return replace(operator, device=known.device, evidence=(*operator.evidence, evidence))

    def _verified(self, value: str, holder: str, now: int) -> Attested:
        wanted = {nonce: bound(nonce, holder) for nonce in self._nonces.good(now)}
        try:
            return self._read(value, wanted, now)
        except NotAuthenticated as error:
            if error.refusal != "nonce-needed":
                raise
            told = ((NONCE_HEADER, self._nonces.now(now)),)
            raise NotAuthenticated(error.refusal, str(error), headers=told) from None

    def _read(self, value: str, wanted: dict[str, bytes], now: int) -> Attested:
        if value == ASKING:
            raise NotAuthenticated("nonce-needed", "the caller asks for a nonce")
        how, _, evidence = value.partition(" ")
        if len(value) > _LONGEST:
            raise invalid("the attestation is too long")
        try:
            match how:
                case "eat+jwt" if self._rules.eat is not None:
                    return read_jwt(evidence, self._rules.eat, wanted, now)
                case "eat+cwt" if self._rules.eat is not None:
                    return read_cwt(base64url(evidence), self._rules.eat, wanted, now)
                case "tpm" if self._rules.tpm is not None:
                    return verify_quote(base64url(evidence), self._rules.tpm, wanted, now)
        except ValueError:
            raise invalid("the attestation can't be read") from None
        raise invalid("attestations of this kind do not count here")


def bound(nonce: str, holder: str) -> bytes:
    """Give what an attestation must hold: a nonce of ours, bound to the caller.

    `holder` is the SHA-256 (hex) of their token, or of their client certificate where there is no token.
    """
    return hashlib.sha256(f"sovgate attestation 1\n{nonce}\n{holder}".encode()).digest()
