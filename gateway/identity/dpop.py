"""Demonstrating proof of possession (RFC 9449): a token counts only in the hands of whoever holds its key."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Any

from gateway.crypto import b64url
from gateway.errors import NotAuthenticated
from gateway.flow import ATTESTED, Headers
from gateway.identity.identified import Identified
from gateway.identity.jwks import ALGORITHMS, PublicKey, read_public
from gateway.identity.jws import signed_by
from gateway.identity.replay import SECOND, Nonces, Replay
from gateway.identity.strict import base64url, json_object
from gateway.identity.urls import OwnUrls

HEADER = "dpop"
_LONGEST = 8192  # characters of a proof
_LONGEST_JTI = 256
_LATEST = 253_402_300_799  # the end of the year 9999, in seconds since the epoch
_KNOWN_KEYS = 4096
_REQUIRED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}  # RFC 7638, 8037


@dataclass(frozen=True, slots=True)
class DpopRules:
    """Which proofs count: `algorithms`, how many seconds old one may be (`age`), how far clocks may differ (`leeway`).

    `required`: a token that is bound to nothing is refused. `nonce`: a proof must hold a number that we gave. Raises
    `ValueError` for rules that would let symmetric signatures or none count.
    """

    algorithms: frozenset[str] = frozenset({"ES256", "ES384", "EdDSA", "PS256"})
    age: int = 60
    leeway: int = 5
    required: bool = False
    nonce: bool = False

    def __post_init__(self) -> None:
        """Refuse rules that are no rules."""
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError(f"algorithms must be among {', '.join(sorted(ALGORITHMS))}")


@dataclass(frozen=True, slots=True)
class _Signer:
    """What the header of a proof says, once checked."""

    algorithm: str
    key: PublicKey
    thumbprint: str


class Dpop:
    """Checks the proofs of one gateway. What a header says of its key is remembered: it is the same every time."""

    def __init__(self, rules: DpopRules, urls: OwnUrls, replay: Replay, nonces: Nonces) -> None:
        """Take the rules, the gateway's own addresses, and what remembers proofs."""
        self.rules = rules
        self._urls = urls
        self._replay = replay
        self._nonces = nonces
        self._signers: OrderedDict[str, _Signer] = OrderedDict()
        self._algorithms = " ".join(sorted(rules.algorithms))

    def held(self, token: str, by: Identified, headers: Headers, method: str, target: str, now: int) -> Identified:
        """Give the identity of a token, presented by the scheme `DPoP`, that its holder proves to hold.

        The checks are those of section 4.3, in its numbers. Raises `NotAuthenticated`, without a word of the proof.
        """
        if not by.key:
            raise self._refused("a token that is bound to no key was presented as if it were")
        # 1. one proof
        proofs = [value for name, value in headers if name.lower().replace("_", "-") == HEADER]
        if len(proofs) != 1:
            raise self._refused("a request has one proof, and not none or several")
        # 2. a well-formed JWT
        proof = proofs[0].strip(" \t")
        if len(proof) > _LONGEST or proof.count(".") != 2:  # noqa: PLR2004 - header, claims, signature
            raise self._refused("the proof is not a signed JWT")
        head, payload, signed = proof.split(".")
        try:
            claims = json_object(base64url(payload))
            signature = base64url(signed)
        except ValueError:
            raise self._refused("the proof is not a signed JWT") from None
        # 4. to 7. its type, its algorithm, its key, its signature
        signer = self._signer(head)
        if not signed_by(signer.key, signer.algorithm, f"{head}.{payload}".encode(), signature):
            raise self._refused("the proof's signature does not verify")
        # 3. and 8. to 12.
        until = self._check(claims, token, method, target, now)
        if not compare_digest(signer.thumbprint, by.key):
            raise self._refused("the proof is by another key than the token's")
        # the last: nobody else can fill the memory
        if self._replay.seen(hashlib.sha256(f"{signer.thumbprint}.{claims['jti']}".encode()).digest(), until):
            raise self._refused("the proof was used before", "proof-replayed")
        evidence = ("dpop", hashlib.sha256(proof.encode()).hexdigest())
        operator = by.operator
        authenticated = operator.authenticated.replace("jwt", "jwt+dpop")
        return replace(
            by,
            operator=replace(
                operator, authenticated=authenticated, evidence=(*operator.evidence, evidence), holder=ATTESTED
            ),
        )

    def refused_bearer(self, message: str) -> NotAuthenticated:
        """Make the refusal of a token that its holder had to prove to hold (section 7.1)."""
        return self._refused(message, "identity-invalid", "invalid_token")

    def _signer(self, head: str) -> _Signer:
        """Read the header of a proof (section 4.2)."""
        known = self._signers.get(head)
        if known is not None:
            self._signers.move_to_end(head)
            return known
        try:
            header = json_object(base64url(head))
        except ValueError:
            raise self._refused("the proof is not a signed JWT") from None
        typ, algorithm, jwk = header.get("typ"), header.get("alg"), header.get("jwk")
        if not isinstance(typ, str) or typ.lower().removeprefix("application/") != "dpop+jwt":
            raise self._refused("the proof is of another type")
        if not isinstance(algorithm, str) or algorithm not in self.rules.algorithms:
            raise self._refused("the proof's algorithm is not allowed")
        if "crit" in header:
            raise self._refused("the proof has critical extensions, and none is understood")
        try:
            key, fitting = read_public(jwk)
        except ValueError:
            raise self._refused("the proof's key can't be used, or is a private one") from None
        if algorithm not in fitting:
            raise self._refused("the proof's key does not fit its algorithm")
        if len(self._signers) >= _KNOWN_KEYS:
            self._signers.popitem(last=False)
        signer = self._signers[head] = _Signer(algorithm, key, thumbprint(jwk))
        return signer

    def _check(self, claims: dict[str, Any], token: str, method: str, target: str, now: int) -> int:
        """Check what a proof says; give until when it could count."""
        jti, htm, htu, issued, ath = (claims.get(name) for name in ("jti", "htm", "htu", "iat", "ath"))
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
            raise self._refused("the proof has no id of its own")
        if htm != method:
            raise self._refused("the proof is for another method")
        if not isinstance(htu, str) or not self._urls.names(htu, target):
            raise self._refused("the proof is for another address")
        if isinstance(issued, bool) or not isinstance(issued, int | float) or not 0 <= issued <= _LATEST:
            raise self._refused("the proof does not say when it was made")
        made, leeway = int(issued * SECOND), self.rules.leeway * SECOND
        until = made + self.rules.age * SECOND + leeway
        if not made - leeway <= now < until:
            raise self._refused("the proof is too old, or from the future")
        digest = b64url(hashlib.sha256(token.encode()).digest()).decode()
        if not isinstance(ath, str) or not compare_digest(ath.encode(), digest.encode()):
            raise self._refused("the proof is for another token")
        if self.rules.nonce:
            nonce = claims.get("nonce")
            if not isinstance(nonce, str) or not self._nonces.counts(nonce, now):
                given = ("DPoP-Nonce", self._nonces.now(now))
                raise self._refused("the proof lacks a nonce that counts", "nonce-needed", "use_dpop_nonce", given)
        return until

    def _refused(
        self,
        message: str,
        refusal: str = "proof-invalid",
        error: str = "invalid_dpop_proof",
        *more: tuple[str, str],
    ) -> NotAuthenticated:
        """Make a refusal with its challenge (sections 7.1 and 9)."""
        challenge = ("WWW-Authenticate", f'DPoP error="{error}", algs="{self._algorithms}"')
        return NotAuthenticated(refusal, message, headers=(challenge, *more))


def thumbprint(jwk: Any) -> str:
    """Give the RFC 7638 thumbprint (SHA-256, base64url) of a JWK that was read before."""
    members = {name: jwk[name] for name in _REQUIRED[jwk["kty"]]}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return b64url(hashlib.sha256(canonical.encode()).digest()).decode()
