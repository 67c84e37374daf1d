"""Assertions of authenticators (Web Authentication Level 3, section 7.2): that an operator is there, for this request.

The challenge is no random number of ours but a digest of the request itself, so that what was signed is what is asked:

    SHA-256("sovgate assertion 1" LF method LF address LF base64url(SHA-256(body)) LF seconds LF salt)

with the address as the caller knows it, its query included, the seconds since the epoch when it was made, and a salt of
the caller's. It counts for a short while, and once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.attestation.cbor import decode
from gateway.attestation.credentials import Credential
from gateway.crypto import b64url
from gateway.errors import NotAuthenticated
from gateway.flow import ATTESTED, Operator
from gateway.identity.replay import SECOND, Replay
from gateway.identity.strict import base64url, json_object
from gateway.identity.urls import OwnUrls

_LONGEST = 12_288  # characters of the header
_LATEST = 253_402_300_799
_SALT = range(16, 65)  # bytes
_FIXED = 37  # bytes of authenticator data before extensions: rpIdHash, flags, counter
_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED, _EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_RESERVED = 0x22


class Counters(Protocol):
    """The signature counters of authenticators, durable and common to all processes of a gateway."""

    def advance(self, credential: bytes, count: int, least: int) -> bool:
        """Move a counter up to `count`; False where it isn't higher than before, or than `least`. 0 after 0 is fine."""
        ...


@dataclass(frozen=True, slots=True)
class AssertionRules:
    """How many seconds old an assertion may be (`age`), how far clocks may differ (`leeway`).

    `verified`: the authenticator must have checked who it is (biometry, a PIN), not only that somebody is there.
    """

    age: int = 60
    leeway: int = 5
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Asserted:
    """What an assertion proves: the operator with it, and the digest (SHA-256) that the request's body must have."""

    operator: Operator
    body: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Assertions:
    """Checks assertions of registered authenticators."""

    rules: AssertionRules
    urls: OwnUrls
    credentials: Mapping[bytes, Credential]
    replay: Replay
    counters: Counters

    def check(self, value: str, operator: Operator, method: str, target: str, now: int) -> Asserted:
        """Check the assertion that came with an operator's request. The steps are those of section 7.2.

        `value` is base64url of the JSON of an authentication response (section 5.1), with a member `flow` beside it
        that tells the body's digest, the time and the salt. Raises `NotAuthenticated`, without a word of it.
        """
        if len(value) > _LONGEST:
            raise _invalid("the assertion is too long")
        try:
            given = json_object(base64url(value))
            response, flow = given["response"], given["flow"]
            id_, signature = base64url(given["id"]), base64url(response["signature"])
            data, client = base64url(response["authenticatorData"]), base64url(response["clientDataJSON"])
            body, salt = base64url(flow["digest"]), base64url(flow["salt"])
            said, made = json_object(client), flow["time"]
            if given.get("type", "public-key") != "public-key":
                raise ValueError("another type")  # noqa: TRY301 - one way to refuse what is no assertion
        except (KeyError, TypeError, AttributeError, ValueError):
            raise _invalid("the assertion can't be read") from None
        # 5. to 7. the credential, and whose it is
        credential = self._credential(id_, operator, response.get("userHandle"))
        # 10. to 13. what the browser says, 14. and that it is this request
        until = self._check_time(made, now)
        self._check_client(said, credential)
        challenge = said.get("challenge")
        wanted = [_challenge(method, url, body, made, salt) for url in self.urls.whole(target)]
        if len(body) != SHA256.digest_size or len(salt) not in _SALT or not isinstance(challenge, str):
            raise _invalid("the assertion is for no request")
        if not any([compare_digest(challenge.encode(), one) for one in wanted]):  # noqa: C419 - each, whichever fits
            raise _invalid("the assertion is for another request")
        # 15. to 20. what the authenticator says
        count = self._check_authenticator(data, credential)
        # 21. the signature
        if not _signed(credential, data + hashlib.sha256(client).digest(), signature):
            raise _invalid("the assertion's signature does not verify")
        # once, and 22. no authenticator counts backwards
        if self.replay.seen(hashlib.sha256(b"assertion" + id_ + challenge.encode()).digest(), until):
            raise NotAuthenticated("proof-replayed", "the assertion was used before")
        if not self.counters.advance(credential.id, count, credential.counter):
            raise _invalid("the authenticator's counter went back: it may have been copied")
        evidence = ("webauthn", hashlib.sha256(value.encode()).hexdigest())
        known = replace(
            operator,
            authenticated=f"{operator.authenticated}+webauthn",
            evidence=(*operator.evidence, evidence),
            presence=ATTESTED,
        )
        return Asserted(known, body)

    def _credential(self, id_: bytes, operator: Operator, handle: object) -> Credential:
        credential = self.credentials.get(id_)
        if credential is None:
            raise _invalid("the authenticator is not registered")
        whose = compare_digest(credential.operator.encode(), operator.subject.encode())
        if not whose or credential.system not in ("", operator.system):
            raise _invalid("the authenticator is another operator's")
        if not isinstance(handle, str | None):
            raise _invalid("the assertion can't be read")
        return credential

    def _check_time(self, made: object, now: int) -> int:
        """Check when an assertion was made; give until when it could count."""
        if isinstance(made, bool) or not isinstance(made, int) or not 0 <= made <= _LATEST:
            raise _invalid("the assertion does not say when it was made")
        leeway = self.rules.leeway * SECOND
        until = made * SECOND + self.rules.age * SECOND + leeway
        if not made * SECOND - leeway <= now < until:
            raise _invalid("the assertion is too old, or from the future")
        return until

    def _check_client(self, said: dict[str, Any], credential: Credential) -> None:
        """Check what the browser says: the type, the origin, and that no other page embedded it."""
        if said.get("type") != "webauthn.get":
            raise _invalid("what was signed is no assertion")
        origin = said.get("origin")
        if not isinstance(origin, str) or origin not in credential.origins:
            raise _invalid("the assertion is from another origin")
        if said.get("crossOrigin", False) is not False or "topOrigin" in said:
            raise _invalid("the assertion was made within another origin's page")

    def _check_authenticator(self, data: bytes, credential: Credential) -> int:
        """Check the authenticator data (section 6.1); give the counter."""
        if len(data) < _FIXED:
            raise _invalid("the authenticator's data is too short")
        flags, count = data[32], int.from_bytes(data[33:_FIXED])
        if not compare_digest(data[:32], hashlib.sha256(credential.rp.encode()).digest()):
            raise _invalid("the assertion is for another relying party")
        if not flags & _PRESENT or (self.rules.verified and not flags & _VERIFIED):
            raise _invalid("the authenticator did not check that the operator is there")
        if flags & _BACKED_UP and not flags & _ELIGIBLE:
            raise _invalid("the authenticator contradicts itself")
        if flags & (_ATTESTED | _RESERVED) or bool(flags & _EXTENDED) != (len(data) > _FIXED):
            raise _invalid("the authenticator's data holds what it should not")
        if flags & _EXTENDED:
            try:
                extensions = decode(data[_FIXED:])
            except ValueError:
                extensions = None
            if not isinstance(extensions, dict):
                raise _invalid("the authenticator's extensions can't be read")
        return count


def _challenge(method: str, url: str, body: bytes, made: int, salt: bytes) -> bytes:
    """Give the challenge that a request has, in base64url."""
    lines = (b"sovgate assertion 1", method.encode(), url.encode(), b64url(body), b"%d" % made, b64url(salt))
    return b64url(hashlib.sha256(b"\n".join(lines)).digest())


def _signed(credential: Credential, signed: bytes, signature: bytes) -> bool:
    """Check a signature in the form that authenticators write (section 6.5.5)."""
    key = credential.key
    try:
        match credential.algorithm, key:
            case "ES256", EllipticCurvePublicKey():
                key.verify(signature, signed, ECDSA(SHA256()))
            case "EdDSA", Ed25519PublicKey():
                key.verify(signature, signed)
            case "RS256", RSAPublicKey():
                key.verify(signature, signed, PKCS1v15(), SHA256())
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _invalid(message: str) -> NotAuthenticated:
    return NotAuthenticated("proof-invalid", message)
