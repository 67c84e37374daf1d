"""Chains of certificates from a signer to an anchor that the configuration names (RFC 5280)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from gateway.identity.jwks import CURVE_ALGORITHMS, RSA_ALGORITHMS, PublicKey

_LONGEST = 5  # certificates that a signer may send
_LARGEST = 8192  # bytes of each
_NANOSECONDS = 1_000_000_000
_SHORTEST_RSA, _LONGEST_RSA = 2048, 8192
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


class Anchors:
    """Whom to trust: certificates of those who certify devices."""

    def __init__(self, certificates: Sequence[x509.Certificate]) -> None:
        """Take the certificates; with none of them, no chain counts."""
        self._store = Store(list(certificates)) if certificates else None

    def verified(self, chain: Sequence[bytes], now: int) -> x509.Certificate:
        """Give the first of a chain (DER), certified by one of ours at `now` (nanoseconds). Raises `ValueError`."""
        if self._store is None or not 0 < len(chain) <= _LONGEST or any(len(one) > _LARGEST for one in chain):
            raise ValueError("no chain that can be checked")
        certificates = [x509.load_der_x509_certificate(one) for one in chain]
        verifier = (
            PolicyBuilder()
            .store(self._store)
            .time(datetime.fromtimestamp(now / _NANOSECONDS, UTC))
            .max_chain_depth(_LONGEST)
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
            .build_client_verifier()
        )
        try:
            verifier.verify(certificates[0], certificates[1:])
        except VerificationError:
            raise ValueError("no chain to an anchor") from None
        return certificates[0]


def read_anchors(pem: bytes) -> Anchors:
    """Read certificates in PEM; raises `ValueError` where there is none."""
    return Anchors(x509.load_pem_x509_certificates(pem))


def key_of(certificate: x509.Certificate) -> tuple[PublicKey, frozenset[str]]:
    """Give a certificate's key and the JWS algorithms that it fits; raises `ValueError` for a weak or foreign one."""
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        raise ValueError("a key that is not used here") from None
    match key:
        case RSAPublicKey() if _SHORTEST_RSA <= key.key_size <= _LONGEST_RSA:
            return key, RSA_ALGORITHMS
        case EllipticCurvePublicKey() if key.curve.name in _CURVES:
            return key, CURVE_ALGORITHMS[_CURVES[key.curve.name]]
        case Ed25519PublicKey():
            return key, CURVE_ALGORITHMS["Ed25519"]
    raise ValueError("a key that is not used here")
