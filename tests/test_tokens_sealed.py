"""Sealed values: the customer opens them with what others wrote, and the gateway can't."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwcrypto.jwe
import jwcrypto.jwk
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hpke_open import hpke_open, key_and_nonce
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe as joserfc_jwe
from joserfc.jwk import ECKey, OKPKey
from tokens_kit import ANNA, FIELD, handle, key_set, lent

from gateway.tokens import public, sealed, shapes
from gateway.tokens.keyset import Recipient
from gateway.tokens.kid import Kid

X25519 = X25519PrivateKey.from_private_bytes(bytes(range(32)))
P256 = ec.derive_private_key(0x5EA1, ec.SECP256R1())
BOTH = pytest.mark.parametrize("private", [X25519, P256], ids=["X25519", "P-256"])
KID = Kid(handle(ANNA), 7, "context-16-chars")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
few = settings(max_examples=25, deadline=None)


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def pem(private) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@few
@given(texts)
def test_the_customer_opens_hpke_with_everything_before_the_last_dot_as_info(text):
    head, _, body = sealed.hpke(X25519.public_key(), KID, text).rpartition(".")
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    assert head == f"sl_{KID}"
    assert suite.decrypt(decoded(body), X25519, info=head.encode()) == text.encode()


@few
@given(texts)
def test_another_implementation_of_rfc_9180_opens_hpke(text):
    head, _, body = sealed.hpke(X25519.public_key(), KID, text).rpartition(".")
    assert hpke_open(decoded(body), X25519, head.encode()) == text.encode()


def test_that_implementation_gives_what_rfc_9180_appendix_a_1_1_gives():
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    )
    enc = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
    info = b"Ode on a Grecian Urn"
    key, nonce = key_and_nonce(enc, private, info, 0x0001)
    assert (key.hex(), nonce.hex()) == ("4531685d41d65f03dc48f6b8302c05b0", "56d890e5accaaf011cff4b7d")
    first = bytes.fromhex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a")
    assert hpke_open(enc + first, private, info, 0x0001, b"Count-0") == b"Beauty is truth, truth beauty"


@few
@given(st.data())
def test_hpke_with_anything_changed_does_not_open_for_the_customer_either(data):
    head, _, body = sealed.hpke(X25519.public_key(), KID, '"anna"').rpartition(".")
    raw = bytearray(decoded(body))
    at = data.draw(st.integers(0, 8 * len(raw) - 1).filter(lambda bit: bit != 255))  # X25519 ignores that one bit...
    raw[at // 8] ^= 1 << at % 8
    with pytest.raises((InvalidTag, ValueError)):
        hpke_open(bytes(raw), X25519, head.encode())
    place = data.draw(st.integers(0, len(head) - 1))
    with pytest.raises(InvalidTag):
        hpke_open(decoded(body), X25519, (head[:place] + "!" + head[place + 1 :]).encode())


def test_the_one_bit_that_x25519_ignores_is_bound_all_the_same():
    """... but HPKE's key schedule takes the encapsulated key as it was sent."""
    head, _, body = sealed.hpke(X25519.public_key(), KID, '"anna"').rpartition(".")
    raw = bytearray(decoded(body))
    raw[31] ^= 0x80
    with pytest.raises(InvalidTag):
        hpke_open(bytes(raw), X25519, head.encode())


@BOTH
def test_joserfc_opens_a_sealed_jwe(private):
    key = (OKPKey if private is X25519 else ECKey).import_key(pem(private))
    token = sealed.ecdh_es(private.public_key(), KID, '"anna@example.com"')
    found = joserfc_jwe.decrypt_compact(token, key, algorithms=["ECDH-ES", "A256GCM"])
    assert found.plaintext == b'"anna@example.com"'
    assert found.headers()["kid"] == str(KID)


@BOTH
def test_jwcrypto_opens_a_sealed_jwe(private):
    token = jwcrypto.jwe.JWE()
    token.deserialize(sealed.ecdh_es(private.public_key(), KID, '"anna@example.com"'), jwk(private))
    assert token.payload == b'"anna@example.com"'


def jwk(private) -> jwcrypto.jwk.JWK:
    return jwcrypto.jwk.JWK.from_pem(pem(private))


@BOTH
def test_a_sealed_jwe_names_the_customer_and_the_context_as_the_parties(private):
    header = json.loads(decoded(sealed.ecdh_es(private.public_key(), KID, "1").split(".")[0]))
    assert decoded(header["apu"]).decode() == KID.handle
    assert decoded(header["apv"]).decode() == KID.context
    assert sorted(header) == ["alg", "apu", "apv", "cty", "enc", "epk", "kid"]


@BOTH
def test_a_value_sealed_twice_has_two_ephemeral_keys(private):
    one, two = (sealed.ecdh_es(private.public_key(), KID, "1").split(".")[0] for _ in range(2))
    assert one != two
    assert sealed.hpke(X25519.public_key(), KID, "1") != sealed.hpke(X25519.public_key(), KID, "1")


def test_the_agreed_key_of_rfc_7518_appendix_c_comes_out():
    alice = ec.derive_private_key(
        int.from_bytes(decoded("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo")), ec.SECP256R1()
    )
    bob = public.read(
        b'{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",'
        b'"y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"}',
        "jwe",
    )
    key = sealed.agreed(alice.exchange(ec.ECDH(), bob), b"A128GCM", b"Alice", b"Bob", 128)
    assert urlsafe_b64encode(key).decode().rstrip("=") == "VqqN6vgjbSBcIijNcacQGg"


@pytest.mark.parametrize("form", ["hpke", "jwe"])
def test_the_gateway_cannot_open_what_it_sealed(form):
    keys = lent(key_set(ANNA, recipients=[recipient(form)]))
    token = keys.seal('"anna@example.com"', FIELD, form)
    assert shapes.is_sealed(token)
    assert keys.reveal(token, FIELD) is None
    for key in key_set().keys:
        with pytest.raises((InvalidTag, ValueError)):
            hpke_open(decoded(token.rpartition(".")[2]), X25519PrivateKey.from_private_bytes(bytes(key.key)), b"")


def recipient(form, version=7, private=X25519) -> Recipient:
    return Recipient(version, form, private.public_key(), public.thumbprint(private.public_key()))


def test_what_is_sealed_names_its_customer_version_and_context():
    keys = lent(key_set(ANNA, recipients=[recipient("hpke"), recipient("jwe", 8, P256)]))
    for form, version in (("hpke", 7), ("jwe", 8)):
        kid = shapes.kid_of(keys.seal("1", FIELD, form))
        assert (kid.handle, kid.version) == (handle(ANNA), version)
    assert keys.use().keys == tuple(sorted(public.thumbprint(key.public_key()) for key in (X25519, P256)))


def test_the_newest_key_is_sealed_for_and_a_revoked_one_never():
    given_ = [recipient("hpke", 4), recipient("hpke", 6), Recipient(9, "hpke", X25519.public_key(), "t", "revoked")]
    assert shapes.kid_of(lent(key_set(ANNA, recipients=given_)).seal("1", FIELD, "hpke")).version == 6


def test_nothing_is_sealed_for_who_gave_no_key_for_the_form():
    assert lent(key_set(ANNA, recipients=[recipient("hpke")])).seal("1", FIELD, "jwe") is None
    assert lent().seal("1", FIELD, "hpke") is None


@pytest.mark.parametrize("form", ["hpke", "jwe"])
@given(data=st.data())
def test_only_the_whole_form_is_taken_for_a_sealed_value(form, data):
    token = SEALED[form]
    at = data.draw(st.integers(0, len(token) - 1))
    assert not shapes.is_sealed(token[:at]) or (form == "hpke" and at >= SHORTEST)
    assert not shapes.is_sealed(f"{token[:at]}.{token[at:]}")
    assert not shapes.is_sealed(f"{token[:at]} {token[at:]}")


SHORTEST = len(f"sl_{KID}.") + 64  # an encapsulated key and a tag; beyond it HPKE's text doesn't show its length
SEALED = {
    "hpke": sealed.hpke(X25519.public_key(), KID, '"anna@example.com, and some more of it"'),
    "jwe": sealed.ecdh_es(P256.public_key(), KID, '"anna@example.com"'),
}


@few
@given(st.text(max_size=120))
def test_nothing_that_anyone_writes_raises(text):
    for start in ("", "sl_", sealed.START_JWE, f"sl_{KID}.", sealed.START_JWE[:40]):
        assert not shapes.is_sealed(start + text) or set(text) <= set(LETTERS)
        shapes.kid_of(start + text)
