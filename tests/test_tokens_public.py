"""Customers' public keys: taken where they are sound, refused with the reason where they aren't."""

import json

import jwcrypto.jwk
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.tokens import public

X25519 = X25519PrivateKey.from_private_bytes(bytes(range(32)))
P256 = ec.derive_private_key(0x5EA1, ec.SECP256R1())
BOTH = pytest.mark.parametrize("private", [X25519, P256], ids=["X25519", "P-256"])


def pem(key) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key, **changes) -> bytes:
    members = {**jwcrypto.jwk.JWK.from_pem(pem(key)).export_public(as_dict=True), **changes}
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


@BOTH
def test_a_key_is_the_same_from_jwk_and_from_pem(private):
    assert public.read(jwk(private), "jwe") == public.read(pem(private), "jwe") == private.public_key()


@BOTH
def test_the_thumbprint_is_that_of_jwcrypto(private):
    assert public.thumbprint(private.public_key()) == jwcrypto.jwk.JWK.from_pem(pem(private)).thumbprint()


def test_the_members_that_make_a_key_are_in_lexicographic_order():
    assert list(public.members(P256.public_key())) == ["crv", "kty", "x", "y"]
    assert list(public.members(X25519.public_key())) == ["crv", "kty", "x"]


PRIVATE = "a private key: give the public one, and keep this one where nobody else gets it"
NEITHER = "neither an X25519 nor a P-256 key"
REFUSED = {
    "P-256 for HPKE": (pem(P256), "hpke", "HPKE needs an X25519 key"),
    "a private JWK": (jwk(X25519, d="AAAA"), "hpke", PRIVATE),
    "a private PEM": (X25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "hpke", PRIVATE),
    "a symmetric key": (b'{"kty":"oct","k":"AAAA"}', "jwe", PRIVATE),
    "for signatures": (jwk(X25519, use="sig"), "jwe", "a key for signatures: `use` must be `enc`"),
    "Ed25519 as JWK": (jwk(ed25519.Ed25519PrivateKey.generate()), "jwe", NEITHER),
    "Ed25519 as PEM": (pem(ed25519.Ed25519PrivateKey.generate()), "jwe", NEITHER),
    "RSA": (pem(rsa.generate_private_key(65537, 2048)), "jwe", NEITHER),
    "P-384": (pem(ec.generate_private_key(ec.SECP384R1())), "jwe", NEITHER),
    "another curve's name": (jwk(P256, crv="P-384"), "jwe", NEITHER),
    "a name that is no text": (jwk(P256, crv=["P-256"]), "jwe", NEITHER),
    "not on the curve": (jwk(P256, y="A" * 43), "jwe", "not a point of P-256"),
    "too short": (jwk(X25519, x="AAAA"), "jwe", "`x` isn't 32 bytes in base64url"),
    "spare bits": (jwk(X25519, x="A" * 42 + "B"), "jwe", "`x` isn't 32 bytes in base64url"),
    "padded": (jwk(X25519, x="A" * 43 + "="), "jwe", "`x` isn't 32 bytes in base64url"),
    "letters from elsewhere": (jwk(X25519, x="é" * 43), "jwe", "`x` isn't 32 bytes in base64url"),
    "no coordinate": (jwk(P256, y=None), "jwe", "`y` isn't 32 bytes in base64url"),
    "a number as coordinate": (jwk(P256, x=5), "jwe", "`x` isn't 32 bytes in base64url"),
    "of low order": (jwk(X25519, x="A" * 43), "hpke", "an X25519 key of low order: it keeps nothing secret"),
    "a list": (b"[1]", "jwe", "not a JWK: no object"),
    "nothing": (b"", "jwe", "neither PEM nor a JWK"),
    "bytes": (b"\xff\xfe\x00", "jwe", "neither PEM nor a JWK"),
    "deep": (b"[" * 8000, "jwe", "neither PEM nor a JWK"),
    "a broken PEM": (pem(X25519)[:60], "jwe", "not a public key in PEM"),
    "endless": (b" " * 10_000 + pem(X25519), "jwe", "too long for a public key"),
}


@pytest.mark.parametrize(("data", "form", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_will_not_do_is_refused_with_the_reason(data, form, reason):
    with pytest.raises(ValueError, match=r"\w") as caught:
        public.read(data, form)
    assert str(caught.value) == reason


LOW_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("point", LOW_ORDER)
def test_no_point_of_low_order_is_taken(point):
    key = X25519PublicKey.from_public_bytes(bytes.fromhex(point))
    data = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="low order"):
        public.read(data, "hpke")


@given(st.binary(max_size=200))
def test_whatever_bytes_come_nothing_but_value_error_is_raised(data):
    for start in (b"", b"{", b"-----BEGIN PUBLIC KEY-----\n", b'{"kty":"OKP","crv":"X25519","x":"'):
        try:
            public.read(start + data, "jwe")
        except ValueError:
            continue
