"""Quotes of TPMs, verified: which machine it is, and with what it started."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.attestation.chain import Anchors, key_of
from gateway.attestation.eat import Attested, invalid
from gateway.attestation.tpm import Signature, read_quote, read_signature
from gateway.errors import NotAuthenticated
from gateway.flow import ATTESTED, Device
from gateway.identity.jwks import PublicKey
from gateway.identity.replay import SECOND
from gateway.identity.strict import base64url, json_object

_ATTESTATION_KEY = x509.ObjectIdentifier("2.23.133.8.3")  # tcg-kp-AIKCertificate
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512(),
}  # fmt: skip
_COUNTS = 600 * SECOND


@dataclass(frozen=True, slots=True)
class TpmRules:
    """Whose quotes count: by one of the attestation `keys`, by name, or by one that leads to one of `anchors`.

    `registers` are the digests that count, by selection (`sha256:0,7`); empty: any, and nothing is known of the start.
    """

    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    anchors: Anchors = field(default_factory=lambda: Anchors(()))
    registers: Mapping[str, frozenset[str]] = field(default_factory=dict)


def verify_quote(data: bytes, rules: TpmRules, wanted: Mapping[str, bytes], now: int) -> Attested:
    """Verify a quote. `data` is JSON: `quote` (TPMS_ATTEST), `signature` (TPMT_SIGNATURE), and `key` or `x5c`.

    `wanted` are the values that it must hold one of, by our nonces. Raises `NotAuthenticated` as `eat.read_jwt` does.
    """
    try:
        given = json_object(data)
        attest = base64url(given["quote"])
        quote, signature = read_quote(attest), read_signature(base64url(given["signature"]))
        key = _key(given, rules, now)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise invalid("the quote can't be read, or is by nobody whom the configuration names") from None
    if not _signed(key, signature, attest):
        raise invalid("the quote's signature does not verify")
    measured = quote.digest.hex()
    if rules.registers and measured not in rules.registers.get(quote.selection, ()):
        raise invalid("the device started with other software than the configuration names")
    name = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    device = Device(ATTESTED, "tpm", name, boot="secure" if rules.registers else None, measured=measured)
    for nonce, value in wanted.items():
        if compare_digest(quote.extra, value):
            return Attested(device, now + _COUNTS, nonce)
    raise NotAuthenticated("nonce-needed", "the quote is for no nonce that counts for this caller")


def _key(given: dict[str, Any], rules: TpmRules, now: int) -> PublicKey:
    """Find the attestation key; raises `KeyError` or `ValueError`. A certified one must be certified as one."""
    if "x5c" not in given:
        return rules.keys[given["key"]]
    certificate = rules.anchors.verified([base64.b64decode(one, validate=True) for one in given["x5c"]], now)
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        raise ValueError("no attestation key") from None
    if _ATTESTATION_KEY not in usage:
        raise ValueError("no attestation key")
    return key_of(certificate)[0]


def _signed(key: PublicKey, signature: Signature, signed: bytes) -> bool:
    """Check a signature; one whose scheme is not its key's is none."""
    hash_ = _HASHES[signature.hash]
    try:
        match signature.scheme, key, signature.value:
            case "rsassa", RSAPublicKey(), bytes() as value:
                key.verify(value, signed, PKCS1v15(), hash_)
            case "rsapss", RSAPublicKey(), bytes() as value:
                key.verify(value, signed, PSS(MGF1(hash_), PSS.AUTO), hash_)
            case "ecdsa", EllipticCurvePublicKey(), (r, s):
                key.verify(encode_dss_signature(r, s), signed, ECDSA(hash_))
            case _:
                return False
    except InvalidSignature:
        return False
    return True
