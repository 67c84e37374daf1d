"""What a proof of identity gives, and how two proofs of one request go together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hmac import compare_digest

from gateway.errors import NotAuthenticated
from gateway.flow import ATTESTED, Operator, Purpose

NEVER = 2**63 - 1
"""The `expires` of what has no end, in nanoseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Who calls, as proven. `purpose` is what a signed claim says, None where there is none.

    `expires` is in nanoseconds since the epoch: from then on the proof counts no more. `certificate` is the SHA-256 hex
    of the only client certificate that may present this token (RFC 8705 section 3), "" where any connection may; `key`
    is the thumbprint of the only key whose holder may (RFC 9449 section 6.1), "" where nobody has to prove that.
    """

    operator: Operator
    purpose: Purpose | None
    expires: int
    certificate: str = ""
    key: str = ""


def combine(token: Identified | None, certificate: Identified | None, shown: str = "") -> Identified:
    """Give one identity from what a request brought: a token, a certificate, or both naming the same system.

    Where both are given the token says who the operator is, and the evidence of both is kept. `shown` is the SHA-256
    hex of the certificate of the connection, whether or not it names a system: a token may be bound to it. Raises
    `NotAuthenticated`: with nothing, with proofs of two systems, and with a token that is bound to a certificate that
    isn't there.
    """
    if token is None:
        if certificate is None:
            raise NotAuthenticated("no-identity", "no token and no client certificate was given")
        return certificate
    operator, expires = token.operator, token.expires
    if certificate is not None:
        if operator.system != certificate.operator.system:
            raise NotAuthenticated("identity-invalid", "the token and the certificate name different systems")
        evidence, expires = operator.evidence + certificate.operator.evidence, min(expires, certificate.expires)
        operator = replace(operator, authenticated="jwt+mtls", evidence=evidence)
    if token.certificate:
        operator = _held(operator, token.certificate, shown)
    return replace(token, operator=operator, expires=expires)


def _held(operator: Operator, bound: str, shown: str) -> Operator:
    """Check that the certificate that a token is bound to is there (RFC 8705 section 3)."""
    if not shown and not any(kind == "x509" for kind, _ in operator.evidence):
        raise NotAuthenticated("identity-invalid", "the token is bound to a client certificate, and none was given")
    proven = ("x509", shown) if shown else next(one for one in operator.evidence if one[0] == "x509")
    if not compare_digest(proven[1], bound):
        raise NotAuthenticated("identity-invalid", "the token is bound to another client certificate")
    evidence = operator.evidence if proven in operator.evidence else (*operator.evidence, proven)
    return replace(operator, authenticated="jwt+mtls", evidence=evidence, holder=ATTESTED)


def unproven(system: str) -> Identified:
    """Give the identity of development mode, where every caller counts as `system`. Only for loopback listeners."""
    return Identified(Operator(system=system), None, NEVER)
