"""Client certificates: the TLS layer checked the chain; here the certificate says which system it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.errors import NotAuthenticated
from gateway.flow import ATTESTED, Operator
from gateway.identity.identified import Identified

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CertificateRules:
    """Which name in a certificate is which system: exact names, no patterns.

    `uris` and `dns` are subject alternative names (a SPIFFE ID is a URI); `common_names` count only in certificates
    that have no alternative names (RFC 6125 section 6.4.4). DNS names compare without case.
    """

    uris: Mapping[str, str] = field(default_factory=dict, hash=False)
    dns: Mapping[str, str] = field(default_factory=dict, hash=False)
    common_names: Mapping[str, str] = field(default_factory=dict, hash=False)


def read_certificate(der: bytes, rules: CertificateRules, now: int) -> Identified:
    """Give the system that a certificate (DER) belongs to at `now` (nanoseconds since the epoch).

    The operator's subject is the name that matched. Raises `NotAuthenticated` for a certificate that is malformed, out
    of date, no system's, or more than one system's.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        since, until = (
            (instant - _EPOCH) // timedelta(microseconds=1) * 1000
            for instant in (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        )
        matches = _matches(certificate, rules)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise NotAuthenticated("identity-invalid", "the client certificate can't be read") from None
    if not since <= now < until:
        raise NotAuthenticated("identity-expired", "the client certificate has expired or is not valid yet")
    systems = {system for _, system in matches}
    if not systems:
        raise NotAuthenticated("identity-unknown-system", "the client certificate names no system that is known here")
    if len(systems) > 1:
        raise NotAuthenticated("identity-invalid", "the client certificate names more than one system")
    subject, system = matches[0]
    evidence = (("x509", hashlib.sha256(der).hexdigest()),)
    return Identified(Operator(system, subject, authenticated="mtls", evidence=evidence, holder=ATTESTED), None, until)


def _matches(certificate: x509.Certificate, rules: CertificateRules) -> list[tuple[str, str]]:
    """Give each name of the certificate that the rules know, with its system."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if len(common) != 1 or not isinstance(common[0], str):
            return []
        return [(common[0], rules.common_names[common[0]])] if common[0] in rules.common_names else []
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    dns = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    known = {name.lower(): system for name, system in rules.dns.items()}
    return [(uri, rules.uris[uri]) for uri in uris if uri in rules.uris] + [
        (name, known[name]) for name in dns if name in known
    ]


class Certificates:
    """Client certificates, remembered by their digests: a connection shows the same one with every request."""

    def __init__(self, rules: CertificateRules, capacity: int = 1_000) -> None:
        """Remember at most `capacity` certificates."""
        self._rules = rules
        self._capacity = capacity
        self._known: dict[bytes, Identified] = {}

    def identify(self, der: bytes, now: int) -> Identified:
        """Give the system of a certificate at `now`, as `read_certificate` does."""
        digest = hashlib.sha256(der).digest()
        known = self._known.get(digest)
        if known is not None and now < known.expires:
            return known
        identified = read_certificate(der, self._rules, now)
        if len(self._known) >= self._capacity:
            del self._known[next(iter(self._known))]
        self._known[digest] = identified
        return identified
