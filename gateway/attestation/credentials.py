"""Authenticators that were registered for operators, as an officer keeps them: a file, and nothing secret in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.attestation.cose import read_key
from gateway.faults import Fault
from gateway.identity.jwks import PublicKey
from gateway.identity.strict import base64url
from gateway.yamlsource import Reader, Section

TOP = ("version", "credentials")
CREDENTIAL = ("id", "operator", "system", "rp", "origins", "key", "counter")
_LONGEST_ID = 1023  # bytes, WebAuthn section 5.1
_LARGEST_COUNTER = 2**32 - 1
_SHORTEST_RSA = 2048


@dataclass(frozen=True, slots=True)
class Credential:
    """An authenticator's public key, whose it is, and where it may be used.

    `operator` is the subject of their tokens, `system` the only one that they may call from ("": any), `rp` the relying
    party's id, `counter` the signature counter at registration.
    """

    id: bytes
    operator: str
    rp: str
    origins: frozenset[str]
    key: PublicKey
    algorithm: str
    system: str = ""
    counter: int = 0


def read_credentials(name: str, data: bytes) -> Mapping[bytes, Credential]:
    """Read the file; raises `FaultyFiles` with every fault."""
    reader = Reader()
    top = reader.section(reader.parse(name, data), TOP, TOP)
    top.integer("version", 1, minimum=1, maximum=1)
    found: dict[bytes, Credential] = {}
    for section in top.sections("credentials", CREDENTIAL, ("id", "operator", "rp", "origins", "key")):
        one = _credential(reader, section)
        if one is None:
            continue
        if one.id in found:
            reader.fault(section.members["id"], "this id stands twice", code=Fault.BAD_CREDENTIAL)
        found[one.id] = one
    reader.finish()
    return found


def _credential(reader: Reader, section: Section) -> Credential | None:
    try:
        id_ = base64url(section.text("id"))
    except ValueError:
        id_ = b""
    if not 0 < len(id_) <= _LONGEST_ID and "id" in section:
        hint = "the credential's id as the browser gives it, in base64url without padding"
        reader.fault(section.members["id"], "this is no id of a credential", hint, code=Fault.BAD_CREDENTIAL)
    counter = section.integer("counter", 0, minimum=0, maximum=_LARGEST_COUNTER)
    try:
        key, algorithm = _key(section.text("key"))
    except ValueError:
        hint = "a COSE key in base64url, or PEM; ES256, EdDSA or RS256; the public one"
        if "key" in section:
            reader.fault(section.members["key"], "this key can't be used", hint, code=Fault.BAD_CREDENTIAL)
        return None
    return Credential(
        id_,
        section.text("operator"),
        section.text("rp"),
        frozenset(section.texts("origins")),
        key,
        algorithm,
        section.text("system", ""),
        counter,
    )


def _key(text: str) -> tuple[PublicKey, str]:
    """Read a public key, in PEM or as a COSE key; raises `ValueError`."""
    if not text.lstrip().startswith("-----BEGIN PUBLIC KEY-----"):
        key, algorithm = read_key(base64url("".join(text.split())))
        if algorithm not in {"ES256", "EdDSA", "RS256"}:
            raise ValueError("an algorithm that is not used here")
        return key, algorithm
    try:
        pem = load_pem_public_key(text.encode())
    except Exception:  # noqa: BLE001 - what the library raises for foreign bytes is its affair
        raise ValueError("no public key in PEM") from None
    if isinstance(pem, EllipticCurvePublicKey) and isinstance(pem.curve, SECP256R1):
        return pem, "ES256"
    if isinstance(pem, Ed25519PublicKey):
        return pem, "EdDSA"
    if isinstance(pem, RSAPublicKey) and pem.key_size >= _SHORTEST_RSA:
        return pem, "RS256"
    raise ValueError("a key of another kind")
