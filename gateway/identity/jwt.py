"""JSON Web Tokens (RFC 7519, RFC 8725): a token, the issuer's keys and the time give who calls."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import NotAuthenticated
from gateway.flow import CLAIMED, NONE, Device, Operator, Purpose
from gateway.identity.assurance import WORD, Level, claims_presence, level_of
from gateway.identity.identified import Identified
from gateway.identity.jwks import ALGORITHMS, KeySet
from gateway.identity.jws import signed_by
from gateway.identity.purpose import is_purpose
from gateway.identity.strict import base64url, json_object

_LONGEST = 8192  # characters of a token
_LATEST = 253_402_300_799  # the end of the year 9999, in seconds since the epoch
_SECOND = 1_000_000_000
_SHA256_LENGTH = 32
_MOST_METHODS = 16


@dataclass(frozen=True, slots=True)
class JwtRules:
    """Which tokens count, and which of their claims say what.

    `systems` maps the values of the claim `system_claim` (a client id, for example) to systems; a value that isn't
    there is no system's. `leeway` is in seconds. `type` is the `typ` that the header must have (`at+jwt`, RFC 9068),
    None: any. `levels` give the assurance, the first that holds; without them it is what `assurance_claim` says.
    `device_claim` names the claim that says which device is used, "": none. Raises `ValueError` for rules that would
    accept what must never count: any issuer, any audience, `none`, HMAC.
    """

    issuers: frozenset[str]
    audiences: frozenset[str]
    algorithms: frozenset[str]
    systems: Mapping[str, str] = field(hash=False)
    system_claim: str = "sovgate_system"
    subject_claim: str = "sub"
    role_claim: str = "role"
    kind_claim: str = "kind"
    assurance_claim: str = "acr"
    device_claim: str = ""
    purpose_claim: str = "purpose"
    leeway: int = 30
    type: str | None = None
    levels: tuple[Level, ...] = ()

    def __post_init__(self) -> None:
        """Refuse rules that are no rules."""
        if not self.issuers or not self.audiences or not self.systems:
            raise ValueError("issuers, audiences and systems must each name something")
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError(f"algorithms must be among {', '.join(sorted(ALGORITHMS))}")
        if self.leeway < 0:
            raise ValueError("the leeway is in seconds, and not negative")


def verify(token: str, keys: KeySet, rules: JwtRules, now: int) -> Identified:
    """Give who a token proves to call at `now` (nanoseconds since the epoch).

    Raises `NotAuthenticated`, without a word of the token. Key material and addresses in the header (`jwk`, `jku`,
    `x5c`, `x5u`) are never used (RFC 8725 section 3.10).
    """
    # 1. read it, one way only
    header, claims, signed, signature = _read(token)
    # 2. the algorithm and the key are ours to choose; the header may only pick among them
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms:
        raise _invalid("the token's algorithm is not allowed")
    if "crit" in header:
        raise _invalid("the token has critical extensions, and none is understood")  # RFC 7515 section 4.1.11
    if rules.type is not None and _media_type(header.get("typ")) != _media_type(rules.type):
        raise _invalid("the token is of another type")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise _invalid("the token's key is not named by a text")
    key = keys.find(kid, algorithm)
    # 3. the signature
    if not signed_by(key, algorithm, signed, signature):
        raise _invalid("the token's signature does not verify")
    # 4. for us, from whom we trust, now
    _check_parties(claims, rules)
    expires = _check_times(claims, rules, now)
    # 5. who it is
    acr, amr = _methods(claims)
    said = _text(claims, rules.assurance_claim)
    device = _text(claims, rules.device_claim) if rules.device_claim else None
    operator = Operator(
        system=_system(claims, rules),
        subject=_text(claims, rules.subject_claim) or "",
        role=_text(claims, rules.role_claim),
        kind=_text(claims, rules.kind_claim),
        assurance=level_of(rules.levels, acr, amr) if rules.levels else said,
        authenticated="jwt",
        evidence=(("jwt", hashlib.sha256(token.encode()).hexdigest()),),
        acr=acr,
        amr=amr,
        presence=CLAIMED if claims_presence(amr) else NONE,
        device=Device(CLAIMED, "claim", device) if device else None,
    )
    certificate, thumbprint = _bound(claims)
    return Identified(operator, _purpose(claims, rules), expires, certificate, thumbprint)


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Take a compact JWS apart (RFC 7515 section 7.1): header, claims, the bytes that are signed, the signature."""
    if len(token) > _LONGEST:
        raise _invalid("the token is too long")
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature; five would be an encrypted token
        raise _invalid("the token is not a signed JWT")
    try:
        header, payload, signature = map(base64url, parts)
        return json_object(header), json_object(payload), f"{parts[0]}.{parts[1]}".encode(), signature
    except ValueError:
        raise _invalid("the token is not a signed JWT") from None


def _check_parties(claims: dict[str, Any], rules: JwtRules) -> None:
    """Check issuer and audience (RFC 7519 sections 4.1.1 and 4.1.3)."""
    issuer, audience = claims.get("iss"), claims.get("aud")
    if not isinstance(issuer, str) or issuer not in rules.issuers:
        raise _invalid("the token is from another issuer")
    audiences = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(one, str) for one in audiences) or rules.audiences.isdisjoint(audiences):
        raise _invalid("the token is for another audience")


def _check_times(claims: dict[str, Any], rules: JwtRules, now: int) -> int:
    """Check `exp` (required), `nbf` and `iat` against `now`; give when the token ends, the leeway included."""
    expires, not_before, issued = (_instant(claims, name) for name in ("exp", "nbf", "iat"))
    leeway = rules.leeway * _SECOND
    if expires is None:
        raise _invalid("the token has no end")
    if now >= expires + leeway:
        raise NotAuthenticated("identity-expired", "the token has expired")
    if any(instant is not None and instant > now + leeway for instant in (not_before, issued)):
        raise NotAuthenticated("identity-expired", "the token is not valid yet")
    return expires + leeway


def _instant(claims: dict[str, Any], name: str) -> int | None:
    """Read a NumericDate (RFC 7519 section 2) as nanoseconds; None where there is none."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise _invalid("a time in the token is not a time")
    return int(value * _SECOND)


def _system(claims: dict[str, Any], rules: JwtRules) -> str:
    """Find the calling system."""
    named = claims.get(rules.system_claim)
    system = rules.systems.get(named) if isinstance(named, str) else None
    if system is None:
        raise NotAuthenticated("identity-unknown-system", "the token names no system that is known here")
    return system


def _text(claims: dict[str, Any], name: str) -> str | None:
    """Read a claim that is a text, or a list of one. Several can't be weighed against each other: none counts."""
    value = claims.get(name)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = value[0] if len(value) == 1 else None
    if value is not None and not isinstance(value, str):
        raise _invalid("a claim of the token is not a text")
    return value


def _purpose(claims: dict[str, Any], rules: JwtRules) -> Purpose | None:
    """Read the claimed purpose."""
    name = _text(claims, rules.purpose_claim)
    if name is None:
        return None
    if not is_purpose(name):
        raise _invalid("the token's purpose is not the name of a purpose")
    return Purpose(name, "claim")


def _methods(claims: dict[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """Read `acr` and `amr` (OpenID Connect Core section 2, RFC 8176): words; what is none says nothing."""
    acr, amr = claims.get("acr"), claims.get("amr")
    words = [one for one in amr if isinstance(one, str) and WORD.fullmatch(one)] if isinstance(amr, list) else []
    known = acr if isinstance(acr, str) and WORD.fullmatch(acr) else None
    return known, tuple(sorted(set(words)))[:_MOST_METHODS]


def _bound(claims: dict[str, Any]) -> tuple[str, str]:
    """Read `cnf` (RFC 7800): the certificate (SHA-256 hex) and the key (thumbprint) that must come with the token.

    A token bound to anything else is refused: taking it as a mere bearer token would undo what its issuer meant (RFC
    9449 section 7.1).
    """
    confirmation = claims.get("cnf")
    if confirmation is None:
        return "", ""
    if not isinstance(confirmation, dict) or not confirmation or not confirmation.keys() <= {"x5t#S256", "jkt"}:
        raise _invalid("the token is bound to a key in a way that is not supported")
    try:
        digests = {name: base64url(value) for name, value in confirmation.items()}
    except (AttributeError, ValueError):
        digests = {"": b""}
    if any(len(digest) != _SHA256_LENGTH for digest in digests.values()):
        raise _invalid("the token is bound to a key in a way that is not supported")
    return digests.get("x5t#S256", b"").hex(), confirmation.get("jkt", "")


def _media_type(value: object) -> str | None:
    """Normalise `typ`: whatever its case, with or without `application/` (RFC 7515 section 4.1.9)."""
    return value.lower().removeprefix("application/") if isinstance(value, str) else None


def _invalid(message: str) -> NotAuthenticated:
    """Make the refusal of a token that can't be trusted."""
    return NotAuthenticated("identity-invalid", message)
