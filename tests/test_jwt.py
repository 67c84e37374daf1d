"""Tokens: those that count, those that must not, and what is learned from them."""

import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from crafted_tokens import (
    CLAIMS,
    NOW,
    NOW_SECONDS,
    RULES,
    SECOND,
    b64,
    craft,
    key_set,
    key_set_bytes,
    private_key,
    public_jwk,
    sha256,
    sign,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt

from gateway.errors import NotAuthenticated
from gateway.flow import Operator, Purpose
from gateway.identity.bearer import presented
from gateway.identity.identified import Identified
from gateway.identity.jwks import ALGORITHMS, KeySet, read_key_set
from gateway.identity.jwt import JwtRules, verify
from gateway.identity.verifier import Verifier

KEYS = key_set("ed25519", "ES256", "ES384", "ES512", "ed448", "rsa")
SIGNERS = [
    ("EdDSA", "ed25519"),
    ("EdDSA", "ed448"),
    ("Ed25519", "ed25519"),
    ("Ed448", "ed448"),
    ("ES256", "ES256"),
    ("ES384", "ES384"),
    ("ES512", "ES512"),
    ("RS256", "rsa"),
    ("PS256", "rsa"),
]


def refusal(token, keys=KEYS, rules=RULES, now=NOW):
    """Tell how a token is refused, and that the words of it say nothing of the token."""
    with pytest.raises(NotAuthenticated) as caught:
        verify(token, keys, rules, now)
    assert "u-17" not in str(caught.value)
    return caught.value.refusal


@pytest.mark.parametrize(("alg", "name"), SIGNERS)
def test_a_good_token_tells_who_calls_and_what_for(alg, name):
    token = craft(alg, name)
    assert verify(token, KEYS, RULES, NOW) == Identified(
        Operator("crm", "u-17", "sales", "human", "high", "jwt", (("jwt", sha256(token)),), acr="high"),
        Purpose("order-fulfilment", "claim"),
        (NOW_SECONDS + 300 + RULES.leeway) * SECOND,
    )


def test_a_token_that_another_library_made_is_understood():
    for alg, kty, parameter in (("RS256", "RSA", 2048), ("ES256", "EC", "P-256"), ("Ed25519", "OKP", "Ed25519")):
        key = jose_jwk.import_key(jose_jwk.generate_key(kty, parameter, {"kid": "k1"}).as_dict(private=True), kty)
        token = jose_jwt.encode({"alg": alg, "kid": "k1"}, CLAIMS, key, algorithms=[alg])
        keys = read_key_set(key_set_bytes(key.as_dict(private=False)), "keys.json")
        assert verify(token, keys, RULES, NOW).operator.subject == "u-17", alg


def test_a_token_with_the_least_of_claims():
    found = verify(
        craft(payload={key: CLAIMS[key] for key in ("iss", "aud", "exp", "sovgate_system")}), KEYS, RULES, NOW
    )
    assert (found.operator.system, found.operator.subject, found.operator.role, found.purpose) == (
        "crm",
        "",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": NOW_SECONDS - 31}, "identity-expired"),
        ({"exp": NOW_SECONDS - 30}, "identity-expired"),
        ({"nbf": NOW_SECONDS + 31}, "identity-expired"),
        ({"iat": NOW_SECONDS + 31}, "identity-expired"),
        ({"exp": None}, "identity-invalid"),
        ({"exp": str(NOW_SECONDS + 300)}, "identity-invalid"),
        ({"exp": True}, "identity-invalid"),
        ({"exp": [NOW_SECONDS + 300]}, "identity-invalid"),
        ({"exp": -1}, "identity-invalid"),
        ({"exp": 10**300}, "identity-invalid"),
        ({"nbf": "now"}, "identity-invalid"),
        ({"iat": {}}, "identity-invalid"),
        ({"iss": "https://issuer.example/"}, "identity-invalid"),
        ({"iss": ["https://issuer.example"]}, "identity-invalid"),
        ({"iss": None}, "identity-invalid"),
        ({"aud": "another"}, "identity-invalid"),
        ({"aud": []}, "identity-invalid"),
        ({"aud": None}, "identity-invalid"),
        ({"aud": ["sovgate", 7]}, "identity-invalid"),
        ({"aud": {"sovgate": 1}}, "identity-invalid"),
        ({"sovgate_system": "warehouse"}, "identity-unknown-system"),
        ({"sovgate_system": None}, "identity-unknown-system"),
        ({"sovgate_system": ["crm"]}, "identity-unknown-system"),
        ({"sub": 17}, "identity-invalid"),
        ({"role": {"name": "sales"}}, "identity-invalid"),
        ({"role": [1]}, "identity-invalid"),
        ({"purpose": "Order Fulfilment"}, "identity-invalid"),
        ({"purpose": "order-fulfilment\n"}, "identity-invalid"),
        ({"purpose": ""}, "identity-invalid"),
        ({"cnf": {"jkt": "x"}}, "identity-invalid"),
        ({"cnf": {"x5t#S256": "AAAA"}}, "identity-invalid"),
        ({"cnf": {"x5t#S256": b64(bytes(32)), "jkt": "x"}}, "identity-invalid"),
        ({"cnf": []}, "identity-invalid"),
        ({"cnf": 7}, "identity-invalid"),
        ({"cnf": {"x5t#S256": 7}}, "identity-invalid"),
    ],
)
def test_claims_that_refuse_a_token(claims, expected):
    assert refusal(craft(**claims)) == expected


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW_SECONDS - 29},
        {"exp": NOW_SECONDS + 0.5},
        {"nbf": NOW_SECONDS + 30},
        {"iat": NOW_SECONDS + 30},
        {"aud": ["other", "sovgate"]},
        {"role": ["sales"]},
        {"purpose": None},
        {"crit": ["exp"]},
    ],
)
def test_claims_that_are_still_fine(claims):
    assert verify(craft(**claims), KEYS, RULES, NOW).operator.system == "crm"


def test_of_several_roles_none_counts():
    assert verify(craft(role=["sales", "admin"]), KEYS, RULES, NOW).operator.role is None


def test_a_client_id_can_name_the_system():
    rules = replace(RULES, system_claim="azp")
    assert verify(craft(azp="salesforce-client"), KEYS, rules, NOW).operator.system == "crm"
    assert refusal(craft(), rules=rules) == "identity-unknown-system"


def hmac_token(secret):
    signed = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'rsa'}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def tampered():
    header, _, signature = craft().split(".")
    return f"{header}.{b64(json.dumps(CLAIMS | {'role': 'admin'}).encode())}.{signature}"


def stray_bits():
    """Spell the same signature another way: the last character of 64 bytes has four bits to spare."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = craft()
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def foreign(alg, name, **header):
    """Sign with a key that isn't in the set, under the name of one that is."""
    return craft(alg, name, header={"alg": alg, "kid": "ed25519"} | header)


DUPLICATED_PAYLOAD = json.dumps(CLAIMS).encode()[:-1] + b', "role": "admin"}'
PEM = private_key("rsa").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
ATTACKS = {
    "alg none": craft(header={"alg": "none"}).rpartition(".")[0] + ".",
    "alg none with a signature": craft(header={"alg": "none", "kid": "ed25519"}),
    "alg NoNe": craft(header={"alg": "NoNe", "kid": "ed25519"}),
    "no alg": craft(header={"kid": "ed25519"}),
    "alg a number": craft(header={"alg": 1, "kid": "ed25519"}),
    "alg a list": craft(header={"alg": ["EdDSA"], "kid": "ed25519"}),
    "HS256 with the public key as the secret": hmac_token(PEM),
    "HS256 with the key set as the secret": hmac_token(key_set_bytes(public_jwk("rsa"))),
    "signed by another key": foreign("EdDSA", "ed25519-other"),
    "signed by another key that it brings along": foreign("EdDSA", "ed25519-other", jwk=public_jwk("ed25519-other")),
    "keys from an address of its own": foreign("EdDSA", "ed25519-other", jku="https://evil.example/keys"),
    "certificates of its own": foreign("EdDSA", "ed25519-other", x5u="https://evil.example/c", x5c=["AAAA"]),
    "a key for another algorithm": craft("PS256", "rsa", header={"alg": "EdDSA", "kid": "rsa"}),
    "a curve for another algorithm": craft("Ed448", "ed25519"),
    "an algorithm that isn't allowed": craft("RS384", "rsa"),
    "no kid and a choice of keys": craft(header={"alg": "EdDSA"}),
    "an unknown kid": craft(header={"alg": "EdDSA", "kid": "missing"}),
    "a kid that is a path": craft(header={"alg": "EdDSA", "kid": "../../../../dev/null"}),
    "a kid that is a query": craft(header={"alg": "EdDSA", "kid": "x' UNION SELECT 'ed25519"}),
    "a kid that is a number": craft(header={"alg": "EdDSA", "kid": 7}),
    "a kid that is empty": craft(header={"alg": "EdDSA", "kid": ""}),
    "critical extensions": craft(header={"alg": "EdDSA", "kid": "ed25519", "crit": ["exp"]}),
    "empty critical extensions": craft(header={"alg": "EdDSA", "kid": "ed25519", "crit": []}),
    "alg given twice": craft(header=b'{"alg":"none","alg":"EdDSA","kid":"ed25519"}'),
    "a claim given twice": craft(payload=DUPLICATED_PAYLOAD),
    "a claim given twice, escaped": craft(
        payload=DUPLICATED_PAYLOAD.replace(b'"role": "admin', b'"\\u0072ole": "admin')
    ),
    "exp is NaN": craft(payload=json.dumps(CLAIMS | {"exp": float("nan")}).encode()),
    "exp is Infinity": craft(payload=json.dumps(CLAIMS | {"exp": float("inf")}).encode()),
    "exp is beyond a double": craft(payload=json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "1e999").encode()),
    "a payload that is a list": craft(payload=[CLAIMS]),
    "a payload that is a text": craft(payload="crm"),
    "a payload that is empty": craft(payload=b""),
    "a payload in UTF-16": craft(payload=json.dumps(CLAIMS).encode("utf-16")),
    "a payload with a lone surrogate": craft(payload=json.dumps(CLAIMS | {"sub": "\ud800"}).encode()),
    "a payload with more behind it": craft(payload=json.dumps(CLAIMS).encode() + b"{}"),
    "a payload nested absurdly": craft(payload=b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}"),
    "a header that is no object": craft(header=b'"EdDSA"'),
    "too long": craft(padding="x" * 6200),
    "huge": "e" * 10_000_000,
    "truncated": craft()[:-1],
    "a signature of zero": craft("ES256", "ES256").rpartition(".")[0] + "." + b64(bytes(64)),
    "a signature of nothing": craft("ES256", "ES256").rpartition(".")[0] + ".",
    "a signature of the group's order": craft("ES256", "ES256").rpartition(".")[0] + "." + b64(b"\xff" * 64),
    "a signature in DER": craft("ES256", "ES256").rpartition(".")[0] + "." + b64(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
    "a claim changed": tampered(),
    "the signature spelled otherwise": stray_bits(),
    "padding": craft() + "=",
    "a line break": craft() + "\n",
    "five parts": craft() + ".a.b",
    "two parts": craft().rpartition(".")[0],
    "nothing": "",
    "dots": "..",
    "not ASCII": craft() + "é",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused(attack):
    assert refusal(ATTACKS[attack]) == "identity-invalid"
    with pytest.raises(NotAuthenticated):
        Verifier(KEYS, RULES).identify(ATTACKS[attack], NOW)


def test_only_an_unknown_kid_asks_for_new_keys():
    asking = set()
    for attack, token in ATTACKS.items():
        with pytest.raises(NotAuthenticated) as caught:
            verify(token, KEYS, RULES, NOW)
        if caught.value.unknown_key:
            asking.add(attack)
    assert asking == {"an unknown kid", "a kid that is a path", "a kid that is a query", "a kid that is empty"}


def test_without_a_kid_a_single_fitting_key_is_enough():
    token = craft("ES256", "ES256", header={"alg": "ES256"})
    assert verify(token, KEYS, RULES, NOW).operator.system == "crm"
    assert verify(token, key_set("ES256", "ed25519", "rsa"), RULES, NOW).operator.system == "crm"


def test_a_key_that_names_its_algorithm_serves_no_other():
    keys = read_key_set(key_set_bytes(public_jwk("rsa", alg="PS256")), "keys.json")
    assert verify(craft("PS256", "rsa"), keys, RULES, NOW).operator.system == "crm"
    assert refusal(craft("RS256", "rsa"), keys) == "identity-invalid"


@pytest.mark.parametrize("written", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_of_token_can_be_required(written):
    rules = replace(RULES, type="at+jwt")
    header = {"alg": "EdDSA", "kid": "ed25519"}
    assert verify(craft(header=header | {"typ": written}), KEYS, rules, NOW).operator.system == "crm"
    for typ in ({}, {"typ": "JWT"}, {"typ": 7}):
        assert refusal(craft(header=header | typ), rules=rules) == "identity-invalid"


@pytest.mark.parametrize(
    "change",
    [
        {"algorithms": frozenset({"none"})},
        {"algorithms": frozenset({"RS256", "HS256"})},
        {"algorithms": frozenset({"ES256K"})},
        {"algorithms": frozenset()},
        {"issuers": frozenset()},
        {"audiences": frozenset()},
        {"systems": {}},
        {"leeway": -1},
    ],
)
def test_rules_that_would_accept_too_much_can_not_be_made(change):
    with pytest.raises(ValueError, match=r"must|not negative"):
        replace(RULES, **change)


def test_no_algorithm_that_can_be_allowed_is_symmetric():
    assert not any(name.startswith("HS") or name.lower() == "none" for name in ALGORITHMS)
    assert JwtRules(frozenset({"i"}), frozenset({"a"}), ALGORITHMS, {"crm": "crm"}).leeway == 30


GOOD = craft()


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_token_with_any_character_changed_is_refused(at, by):
    changed = GOOD[:at] + chr((ord(GOOD[at]) + by) % 256) + GOOD[at + 1 :]
    assert refusal(changed) == "identity-invalid"


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,30}\.[A-Za-z0-9_-]{0,30}\.[A-Za-z0-9_-]{0,30}"))
def test_any_text_is_refused_and_never_fails(text):
    assert refusal(text) == "identity-invalid"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([*CLAIMS, "cnf", "crit"]), json_values)
def test_any_value_of_any_claim_is_read_or_refused(name, value):
    try:
        found = verify(craft(**{name: value}), KEYS, RULES, NOW)
    except NotAuthenticated as error:
        assert error.refusal.startswith("identity-")  # noqa: PT017 - either way is fine, nothing else is
    else:
        assert found.operator.system in {"crm", "tms"}


@given(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "b64", "zip"]), json_values)
def test_any_value_in_the_header_is_read_or_refused(name, value):
    header = {"alg": "EdDSA", "kid": "ed25519"} | {name: value}
    try:
        assert verify(craft(header=header), KEYS, RULES, NOW).operator.system == "crm"
    except NotAuthenticated as error:
        assert error.refusal == "identity-invalid"  # noqa: PT017 - as above


def test_a_verifier_remembers_until_the_token_ends():
    verifier = Verifier(KEYS, RULES)
    token = craft()
    found = verifier.identify(token, NOW)
    assert verifier.identify(token, found.expires - 1) is found
    with pytest.raises(NotAuthenticated) as caught:
        verifier.identify(token, found.expires)
    assert caught.value.refusal == "identity-expired"


def test_a_verifier_forgets_when_the_keys_change():
    verifier = Verifier(KEYS, RULES)
    token = craft()
    found = verifier.identify(token, NOW)
    verifier.replace(key_set("ed25519", "ES256", "ES384", "ES512", "ed448", "rsa"))
    assert verifier.identify(token, NOW) == found
    verifier.replace(KeySet())
    with pytest.raises(NotAuthenticated) as caught:
        verifier.identify(token, NOW)
    assert caught.value.unknown_key


def test_a_verifier_remembers_only_so_many_and_no_token_itself():
    verifier = Verifier(KEYS, RULES, capacity=3)
    tokens = [craft(jti=str(number)) for number in range(7)]
    for token in tokens:
        verifier.identify(token, NOW)
    assert list(verifier._known) == [hashlib.sha256(token.encode()).digest() for token in tokens[-3:]]


@pytest.mark.parametrize(
    ("headers", "name", "expected"),
    [
        ((("Authorization", "Bearer a.b.c"),), "authorization", "a.b.c"),
        ((("AUTHORIZATION", "bearer  a.b.c "),), "Authorization", "a.b.c"),
        ((("X-Sovgate-Token", "a.b.c"), ("Authorization", "Basic eA==")), "x-sovgate-token", "a.b.c"),
        ((("X-Sovgate-Token", "Bearer a.b.c"),), "X-Sovgate-Token", "a.b.c"),
        ((("Authorization", "Basic eA=="),), "authorization", None),
        ((), "authorization", None),
    ],
)
def test_where_a_request_carries_its_token(headers, name, expected):
    assert presented(headers, name) == (expected and ("bearer", expected))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("Authorization", "Bearer a"), ("authorization", "Bearer a")), "ambiguous-request"),
        ((("Authorization", "Bearer a, Bearer b"),), "identity-invalid"),
        ((("Authorization", "Bearer"),), "identity-invalid"),
        ((("Authorization", "Bearer a b"),), "identity-invalid"),
    ],
)
def test_a_header_that_can_not_be_one_token_is_refused(headers, expected):
    with pytest.raises(NotAuthenticated) as caught:
        presented(headers)
    assert caught.value.refusal == expected


def test_the_crafted_tokens_differ_from_good_ones_only_where_they_should():
    header, payload, signature = GOOD.split(".")
    assert signature == b64(sign("EdDSA", "ed25519", f"{header}.{payload}".encode()))
