"""Keys and tokens made by hand, so that a test can break any part of them."""

import base64
import hashlib
import json
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway.identity.jwks import KeySet, read_key_set
from gateway.identity.jwt import JwtRules

SECOND = 1_000_000_000
NOW_SECONDS = 1_790_000_000
NOW = NOW_SECONDS * SECOND

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
CLAIMS = {
    "iss": "https://issuer.example",
    "aud": "sovgate",
    "exp": NOW_SECONDS + 300,
    "nbf": NOW_SECONDS - 10,
    "iat": NOW_SECONDS - 10,
    "sub": "u-17",
    "sovgate_system": "crm",
    "role": "sales",
    "kind": "human",
    "acr": "high",
    "purpose": "order-fulfilment",
}
RULES = JwtRules(
    issuers=frozenset({"https://issuer.example"}),
    audiences=frozenset({"sovgate"}),
    algorithms=frozenset({"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"}),
    systems={"crm": "crm", "salesforce-client": "crm", "tms": "tms"},
)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@cache
def private_key(name):
    """One key a name: `rsa...`, `ES256...`, `ed25519...`, `ed448...`."""
    if name.startswith("rsa1024"):
        return rsa.generate_private_key(65537, 1024)
    if name.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    if name.startswith("ES"):
        return ec.generate_private_key(CURVES[name[:5]])
    return ed448.Ed448PrivateKey.generate() if name.startswith("ed448") else ed25519.Ed25519PrivateKey.generate()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def public_jwk(name, **members):
    key = private_key(name).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        jwk = {"kty": "RSA", "n": number(key.public_numbers().n), "e": number(key.public_numbers().e)}
    elif isinstance(key, ec.EllipticCurvePublicKey):
        size = (key.key_size + 7) // 8
        numbers = key.public_numbers()
        crv = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[name[:5]]
        jwk = {"kty": "EC", "crv": crv, "x": b64(numbers.x.to_bytes(size)), "y": b64(numbers.y.to_bytes(size))}
    else:
        crv = "Ed448" if name.startswith("ed448") else "Ed25519"
        jwk = {"kty": "OKP", "crv": crv, "x": b64(key.public_bytes_raw())}
    return {"kid": name} | jwk | members


def key_set_bytes(*jwks):
    return json.dumps({"keys": list(jwks)}).encode()


def key_set(*names) -> KeySet:
    return read_key_set(key_set_bytes(*map(public_jwk, names)), "keys.json")


def sign(alg, name, signed):
    key = private_key(name)
    if alg.startswith("Ed"):
        return key.sign(signed)
    if alg.startswith("RS"):
        return key.sign(signed, padding.PKCS1v15(), HASHES[alg[2:]])
    if alg.startswith("PS"):
        digest = HASHES[alg[2:]]
        return key.sign(signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    size = (key.key_size + 7) // 8
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(HASHES[alg[2:]])))
    return r.to_bytes(size) + s.to_bytes(size)


def craft(alg="EdDSA", name="ed25519", *, header=None, payload=None, drop=(), **claims):
    """Make a signed token; `header` and `payload` replace what is signed, whatever they are (bytes, str, dict)."""
    if header is None:
        header = {"alg": alg, "kid": name}
    if payload is None:
        payload = {key: value for key, value in (CLAIMS | claims).items() if key not in drop}
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = ".".join(map(b64, parts))
    return f"{signed}.{b64(sign(alg, name, signed.encode()))}"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
