"""What a proof of identity gives, and how two proofs of one request go together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.errors import NotAuthenticated
from gateway.flow import Operator, Purpose

NEVER = 2**63 - 1
"""The `expires` of what has no end, in nanoseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Who calls, as proven. `purpose` is what a signed claim says, None where there is none.

    `expires` is in nanoseconds since the epoch: from then on the proof counts no more. `certificate` is the SHA-256 hex
    of the only client certificate that may present this token (RFC 8705 section 3), "" where any connection may.
    """

    operator: Operator
    purpose: Purpose | None
    expires: int
    certificate: str = ""


def combine(token: Identified | None, certificate: Identified | None) -> Identified:
    """Give one identity from what a request brought: a token, a certificate, or both naming the same system.

    Where both are given the token says who the operator is, and the evidence of both is kept. Raises
    `NotAuthenticated`: with nothing, with proofs of two systems, and with a token that is bound to a certificate that
    isn't there.
    """
    if token is None:
        if certificate is None:
            raise NotAuthenticated("no-identity", "no token and no client certificate was given")
        return certificate
    if certificate is None:
        if token.certificate:
            raise NotAuthenticated("identity-invalid", "the token is bound to a client certificate, and none was given")
        return token
    if token.operator.system != certificate.operator.system:
        raise NotAuthenticated("identity-invalid", "the token and the certificate name different systems")
    evidence = certificate.operator.evidence
    if token.certificate and ("x509", token.certificate) not in evidence:
        raise NotAuthenticated("identity-invalid", "the token is bound to another client certificate")
    operator = replace(token.operator, authenticated="jwt+mtls", evidence=token.operator.evidence + evidence)
    return replace(token, operator=operator, expires=min(token.expires, certificate.expires))


def unproven(system: str) -> Identified:
    """Give the identity of development mode, where every caller counts as `system`. Only for loopback listeners."""
    return Identified(Operator(system=system), None, NEVER)
