"""Key sets: which keys are used, which are left out and why, and which make the whole set unusable."""

import json

import pytest
from crafted_tokens import b64, key_set, key_set_bytes, private_key, public_jwk
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FaultyFiles, NotAuthenticated
from gateway.identity.jwks import KeySet, read_key_set


def read(*jwks):
    return read_key_set(key_set_bytes(public_jwk("ed25519", kid="good"), *jwks), "keys.json")


@pytest.mark.parametrize(
    ("name", "algorithms"),
    [
        ("rsa", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("ES512", {"ES512"}),
        ("ed25519", {"EdDSA", "Ed25519"}),
        ("ed448", {"EdDSA", "Ed448"}),
    ],
)
def test_a_key_fits_the_algorithms_of_its_type(name, algorithms):
    (key,) = key_set(name).keys
    assert (key.kid, key.algorithms) == (name, algorithms)
    assert key.public == private_key(name).public_key()


@pytest.mark.parametrize(
    ("jwk", "why"),
    [
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "s"}, "symmetric"),
        ({"kty": "RSA1"}, "symmetric"),
        ({"kty": ["RSA"]}, "symmetric"),
        ({}, "symmetric"),
        ("a text", "not an object"),
        (None, "not an object"),
        (public_jwk("rsa1024"), "2048"),
        (public_jwk("rsa", use="enc"), "not for signatures"),
        (public_jwk("rsa", use=["sig"]), "not for signatures"),
        (public_jwk("rsa", key_ops=["encrypt"]), "not for signatures"),
        (public_jwk("rsa", key_ops="verify"), "not for signatures"),
        (public_jwk("rsa", key_ops=1), "not for signatures"),
        (public_jwk("rsa", alg="HS256"), "algorithm"),
        (public_jwk("rsa", alg="none"), "algorithm"),
        (public_jwk("rsa", alg="ES256"), "algorithm"),
        (public_jwk("rsa", alg=None), "algorithm"),
        (public_jwk("rsa", alg=["RS256"]), "algorithm"),
        (public_jwk("ES256", alg="ES384"), "algorithm"),
        (public_jwk("rsa", kid=7), "kid"),
        (public_jwk("rsa", n="not base64!"), "malformed"),
        (public_jwk("rsa", n=5), "malformed"),
        (public_jwk("rsa", e="AQ"), "malformed"),
        (public_jwk("rsa", e="Ag"), "malformed"),
        (public_jwk("ES256", crv="secp256k1"), "malformed"),
        (public_jwk("ES256", crv=["P-256"]), "malformed"),
        (public_jwk("ES256", x=b64(bytes(32)), y=b64(bytes(32))), "malformed"),
        (public_jwk("ES256", x=b64(bytes(31))), "malformed"),
        (public_jwk("ed25519", x=b64(bytes(31))), "malformed"),
        (public_jwk("ed25519", crv="X25519"), "malformed"),
        ({"kty": "EC", "crv": "P-256", "kid": "half"}, "malformed"),
        (public_jwk("ed25519-other", kid="good"), "same kid"),
    ],
)
def test_a_key_that_can_not_be_used_is_left_out_and_named(jwk, why):
    found = read(jwk)
    assert [key.kid for key in found.keys] == ["good"]
    (problem,) = found.problems
    assert problem.startswith("keys[1] is not used: ")
    assert why in problem


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth"])
def test_a_private_key_makes_the_whole_set_unusable(member):
    with pytest.raises(FaultyFiles, match=r"keys\[1\] is a private key"):
        read(public_jwk("rsa", **{member: "AQAB"}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [], "keys": []}',
        b'\xff\xfe{"keys": []}',
        b"<html>503</html>",
        key_set_bytes({"kty": "oct", "k": "AAAA"}),
        key_set_bytes(*[public_jwk("ed25519", kid=str(number)) for number in range(101)]),
    ],
)
def test_a_set_without_a_usable_key_is_an_error(data):
    with pytest.raises(FaultyFiles) as caught:
        read_key_set(data, "keys.json")
    (problem,) = caught.value.problems
    assert (problem.place.file, problem.place.line) == ("keys.json", 1)


def test_two_types_of_key_may_share_a_kid():
    keys = read(public_jwk("rsa", kid="good"))
    assert keys.find("good", "RS256") == private_key("rsa").public_key()
    assert keys.find("good", "EdDSA") == private_key("ed25519").public_key()


def test_an_empty_set_knows_nobody_and_asks_for_keys():
    for kid in ("any", None):
        with pytest.raises(NotAuthenticated) as caught:
            KeySet().find(kid, "EdDSA")
        assert caught.value.unknown_key


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(["rsa", "ES256", "ed25519"]),
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops", "kid", "d"]), json_values
    ),
)
def test_whatever_a_key_holds_it_is_read_left_out_or_refused(name, members):
    try:
        found = read(public_jwk(name) | members)
    except FaultyFiles as error:
        assert "private key" in str(error)  # noqa: PT017 - one of three good ends
    else:
        assert len(found.keys) + len(found.problems) == 2


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps({"keys": value}).encode()))
def test_whatever_the_bytes_are_they_are_refused_in_our_words(data):
    with pytest.raises(FaultyFiles):
        read_key_set(data, "keys.json")
