"""Entity Attestation Tokens (RFC 9711): what a device signs about itself, as a JWT or as a CWT."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any

from gateway.attestation.cbor import Tagged, decode
from gateway.attestation.chain import Anchors, key_of
from gateway.attestation.cose import read_sign1
from gateway.crypto import b64url
from gateway.errors import NotAuthenticated
from gateway.flow import ATTESTED, Device
from gateway.identity.jwks import KeySet, PublicKey
from gateway.identity.jws import signed_by
from gateway.identity.replay import SECOND
from gateway.identity.strict import base64url, json_object

_CWT = 61
_CLAIMS = {
    4: "exp",
    5: "nbf",
    6: "iat",
    10: "eat_nonce",
    256: "ueid",
    262: "oemboot",
    263: "dbgstat",
    265: "eat_profile",
}
"""The claims that are looked at, by their numbers in a CWT (RFC 9711 section 10.2, RFC 8392)."""
_DEBUG = ("enabled", "disabled", "disabled-since-boot", "disabled-permanently", "disabled-fully-and-permanently")
_TYPES = (None, "jwt", "eat+jwt")
_UEID = range(7, 34)  # bytes, section 4.2.1
_KINDS = (1, 2, 3)
_LATEST = 253_402_300_799
_MOST_NONCES = 10


@dataclass(frozen=True, slots=True)
class EatRules:
    """Whose tokens count: signed by one of `keys`, or by a certificate that leads to one of `anchors`.

    `profiles` are those that count, empty: any. `age` and `leeway` are in seconds.
    """

    algorithms: frozenset[str]
    keys: KeySet = field(default_factory=KeySet)
    anchors: Anchors = field(default_factory=lambda: Anchors(()))
    profiles: frozenset[str] = frozenset()
    age: int = 600
    leeway: int = 30


@dataclass(frozen=True, slots=True)
class Attested:
    """What was proven of a device, and until when (nanoseconds since the epoch). `nonce` is the one of ours in it."""

    device: Device
    until: int
    nonce: str


def read_jwt(token: str, rules: EatRules, wanted: Mapping[str, bytes], now: int) -> Attested:
    """Verify an EAT in its JSON form. `wanted` are the values that it must hold one of, by our nonces.

    Raises `NotAuthenticated`: `device-invalid`, or `nonce-needed` where all is well but its age.
    """
    try:
        head, payload, last = token.split(".")
        header, claims, signature = json_object(base64url(head)), json_object(base64url(payload)), base64url(last)
        chain = [base64.b64decode(one, validate=True) for one in _texts(header.get("x5c", []))]
    except (ValueError, AttributeError):
        raise invalid("the attestation is not a signed token") from None
    kind, algorithm, kid = header.get("typ"), header.get("alg"), header.get("kid")
    if not isinstance(kind, str | None) or (kind and kind.lower().removeprefix("application/")) not in _TYPES:
        raise invalid("the attestation is of another type")
    if "crit" in header or not isinstance(algorithm, str) or not isinstance(kid, str | None):
        raise invalid("the attestation's header is not understood")
    key = _key(rules, algorithm, kid, chain, now)
    if not signed_by(key, algorithm, f"{head}.{payload}".encode(), signature):
        raise invalid("the attestation's signature does not verify")
    texts = {nonce: b64url(value).decode() for nonce, value in wanted.items()}
    return _judged(claims, rules, texts, now)


def read_cwt(data: bytes, rules: EatRules, wanted: Mapping[str, bytes], now: int) -> Attested:
    """Verify an EAT in its CBOR form, as `read_jwt` does the other."""
    try:
        token = decode(data)
        message = read_sign1(token.value if isinstance(token, Tagged) and token.tag == _CWT else token)
        claims = decode(message.payload)
        kid = message.key_id.decode() if message.key_id is not None else None
        if not isinstance(claims, dict):
            raise ValueError("no claims")  # noqa: TRY301, TRY004 - one way to refuse what is no token
    except ValueError:
        raise invalid("the attestation is not a signed token") from None
    key = _key(rules, message.algorithm, kid, message.chain, now)
    if not signed_by(key, message.algorithm, message.signed, message.signature):
        raise invalid("the attestation's signature does not verify")
    named = {name: claims[number] for number, name in _CLAIMS.items() if number in claims}
    return _judged(named, rules, dict(wanted), now)


def _key(rules: EatRules, algorithm: str, kid: str | None, chain: Any, now: int) -> PublicKey:
    """Find the key: certified by an anchor where a chain came, else one of those known by name."""
    if algorithm not in rules.algorithms:
        raise invalid("the attestation's algorithm is not allowed")
    if not chain:
        try:
            return rules.keys.find(kid, algorithm)
        except NotAuthenticated:
            raise invalid("the attestation is by nobody whom the configuration names") from None
    try:
        key, fitting = key_of(rules.anchors.verified(chain, now))
    except ValueError:
        raise invalid("the attestation's certificates lead to nobody whom the configuration names") from None
    if algorithm not in fitting:
        raise invalid("the attestation's key does not fit its algorithm")
    return key


def _judged(claims: Mapping[str, Any], rules: EatRules, wanted: Mapping[str, str | bytes], now: int) -> Attested:
    """Check what a token says; the nonce last, so that only a good one is asked to come again."""
    until = _times(claims, rules, now)
    profile = claims.get("eat_profile")
    profile = profile.hex() if isinstance(profile, bytes) else profile
    if not isinstance(profile, str | None) or (rules.profiles and profile not in rules.profiles):
        raise invalid("the attestation follows another profile")
    boot, debug = claims.get("oemboot"), _debug(claims.get("dbgstat"))
    if not isinstance(boot, bool | None):
        raise invalid("a claim of the attestation can't be read")
    device = Device(
        ATTESTED,
        "eat",
        _ueid(claims.get("ueid")),
        profile if rules.profiles and profile is not None else "",
        "secure" if boot else None,
        debug,
    )
    given = claims.get("eat_nonce")
    for one in (given if isinstance(given, list) else [given])[:_MOST_NONCES]:
        for nonce, value in wanted.items():
            if type(one) is type(value) and compare_digest(_raw(one), _raw(value)):
                return Attested(device, until, nonce)
    raise NotAuthenticated("nonce-needed", "the attestation is for no nonce that counts for this caller")


def _times(claims: Mapping[str, Any], rules: EatRules, now: int) -> int:
    """Check `iat`, `exp` and `nbf`; give until when the token can count."""
    read: dict[str, int] = {}
    for name in ("iat", "exp", "nbf"):
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
            raise invalid("a time in the attestation is not a time")
        read[name] = int(value * SECOND)
    leeway, age = rules.leeway * SECOND, rules.age * SECOND
    until = min(read.get("exp", now + age) + leeway, read.get("iat", now) + age + leeway)
    if max(read.get("iat", 0), read.get("nbf", 0)) > now + leeway or now >= until:
        raise invalid("the attestation is too old, or from the future")
    return until


def _debug(value: Any) -> str | None:
    """Read `dbgstat` (section 4.2.9): a word in JSON, a number in CBOR."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(_DEBUG):
        value = _DEBUG[value]
    if value not in _DEBUG:
        raise invalid("a claim of the attestation can't be read")
    return "enabled" if value == _DEBUG[0] else "disabled"


def _ueid(value: Any) -> str:
    """Read `ueid` (section 4.2.1) as hexadecimal digits."""
    if value is None:
        return ""
    try:
        data = base64url(value) if isinstance(value, str) else value
    except ValueError:
        data = None
    if not isinstance(data, bytes) or len(data) not in _UEID or data[0] not in _KINDS:
        raise invalid("a claim of the attestation can't be read")
    return data.hex()


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("no list of texts")
    return value


def _raw(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def invalid(message: str) -> NotAuthenticated:
    """Make the refusal of an attestation that can't be trusted."""
    return NotAuthenticated("device-invalid", message)
