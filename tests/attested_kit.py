"""Devices that attest themselves: tokens and certificates made by hand, so that a test can break any part of them."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import cbor2
from crafted_tokens import NOW, NOW_SECONDS, SECOND, b64, key_set, private_key, sign
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.attestation.chain import Anchors, read_anchors
from gateway.attestation.device import DeviceRules, Devices, bound
from gateway.attestation.eat import EatRules
from gateway.flow import Operator
from gateway.identity.replay import Nonces

NONCES = Nonces(b"n" * 32)
HOLDER = hashlib.sha256(b"token").hexdigest()
ANN = Operator("crm", "ann", authenticated="jwt", evidence=(("jwt", HOLDER),))
UEID = b"\x01" + b"u" * 16
BEGIN = datetime.fromtimestamp(NOW // SECOND, UTC) - timedelta(days=1)
ATTESTATION_KEY = x509.ObjectIdentifier("2.23.133.8.3")
NAMES = {10: "eat_nonce", 256: "ueid", 6: "iat", 4: "exp", 5: "nbf", 262: "oemboot", 263: "dbgstat", 265: "eat_profile"}


def wanted(now: int = NOW, holder: str = HOLDER) -> bytes:
    """What an attestation of now must hold."""
    return bound(NONCES.now(now), holder)


@cache
def certificate(
    name: str = "ES256-device",
    issuer: str = "ES256-maker",
    *,
    ca: bool = False,
    usage: tuple[x509.ObjectIdentifier, ...] = (),
    days: int = 90,
) -> x509.Certificate:
    """A certificate of the key `name`, by the key `issuer`."""

    def named(key: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, key)])

    public, by = private_key(name).public_key(), private_key(issuer)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(public)
        .serial_number(7)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + timedelta(days=days))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if ca:
        usages = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usages, critical=True)
    else:
        names = x509.SubjectAlternativeName([x509.DNSName("device.example")])
        builder = builder.add_extension(names, critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    return builder.sign(by, hashes.SHA256())


def der(*certificates: x509.Certificate) -> list[bytes]:
    return [one.public_bytes(Encoding.DER) for one in certificates]


def anchors() -> Anchors:
    """The maker of devices, whom the configuration names."""
    return read_anchors(certificate("ES256-maker", ca=True).public_bytes(Encoding.PEM))


def desk(**more: Any) -> Devices:
    rules = EatRules(frozenset({"ES256", "EdDSA"}), key_set("ES256-verifier", "ed25519-verifier"), anchors(), **more)
    return Devices(DeviceRules(rules), NONCES)


def claims(**more: Any) -> dict[str, Any]:
    said = {"eat_nonce": wanted(), "ueid": UEID, "iat": NOW_SECONDS, "oemboot": True, "dbgstat": 2} | more
    return {key: value for key, value in said.items() if value is not None}


def jwt(name: str = "ES256-verifier", alg: str = "ES256", header: dict[str, Any] | None = None, **more: Any) -> str:
    """An EAT in JSON."""
    said = claims(**{"dbgstat": "disabled-since-boot"} | more)
    said = {key: b64(value) if isinstance(value, bytes) else value for key, value in said.items()}
    head = {"typ": "eat+jwt", "alg": alg, "kid": name} | (header or {})
    head = {key: value for key, value in head.items() if value is not None}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
    return f"eat+jwt {signed}.{b64(sign(alg, name, signed.encode()))}"


def certified(*chain: x509.Certificate, name: str = "ES256-device", **more: Any) -> str:
    """An EAT in JSON, by a key that certificates vouch for."""
    x5c = [base64.b64encode(one).decode() for one in der(*chain)]
    return jwt(name, header={"kid": None, "x5c": x5c}, **more)


def cwt(
    name: str = "ES256-verifier",
    alg: int = -7,
    protected: dict[int, Any] | None = None,
    others: dict[int, Any] | None = None,
    tags: tuple[int, ...] = (61, 18),
    **more: Any,
) -> str:
    """An EAT in CBOR."""
    numbers = {text: number for number, text in NAMES.items()}
    payload = cbor2.dumps({numbers.get(key, key): value for key, value in claims(**more).items()})
    head = cbor2.dumps({1: alg} if protected is None else protected)
    jose = {-7: "ES256", -8: "EdDSA"}.get(alg, "ES256")
    signature = sign(jose, name, cbor2.dumps(["Signature1", head, b"", payload]))
    token: Any = [head, {4: name.encode()} if others is None else others, payload, signature]
    for tag in reversed(tags):
        token = cbor2.CBORTag(tag, token)
    return f"eat+cwt {b64(cbor2.dumps(token))}"
