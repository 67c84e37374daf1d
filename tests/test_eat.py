"""What devices sign about themselves (RFC 9711): what counts, what must not, and for whom and how long."""

import base64
from dataclasses import replace

import cbor2
import pytest
from attested_kit import ANN, NONCES, UEID, anchors, certificate, certified, cwt, der, desk, jwt, wanted
from crafted_tokens import NOW, NOW_SECONDS, SECOND, b64
from hypothesis import given
from hypothesis import strategies as st

from gateway.attestation.chain import Anchors
from gateway.attestation.device import DeviceRules, Devices
from gateway.errors import NotAuthenticated
from gateway.flow import Device

LEAF = certificate()


def refusal(value, checks=None, operator=ANN, now=NOW):
    with pytest.raises(NotAuthenticated) as caught:
        (checks or desk()).check(value, operator, now)
    return caught.value.refusal


GOOD = {
    "a JWT by a key that is known": jwt(),
    "another algorithm": jwt("ed25519-verifier", "EdDSA"),
    "a JWT by a certified key": certified(LEAF),
    "a chain with one between": certified(
        certificate("ES256-device", "ES256-between"), certificate("ES256-between", ca=True)
    ),
    "a CWT by a key that is known": cwt(),
    "a CWT by EdDSA": cwt("ed25519-verifier", -8),
    "a CWT by a certified key": cwt("ES256-device", others={33: der(LEAF)[0]}),
    "a CWT with a list of certificates": cwt("ES256-device", others={33: der(LEAF)}),
    "a CWT without its own tag": cwt(tags=(18,)),
    "a CWT without any tag": cwt(tags=()),
    "several nonces": jwt(eat_nonce=["another-one", b64(wanted())]),
    "no time of its own": jwt(iat=None),
}


@pytest.mark.parametrize("value", GOOD.values(), ids=GOOD)
def test_a_device_is_known_by_what_it_signs(value):
    operator = desk().check(value, ANN, NOW)
    assert operator.device == Device("attested", "eat", UEID.hex(), "", "secure", "disabled")
    assert [kind for kind, _ in operator.evidence] == ["jwt", "eat"]


def test_what_a_token_does_not_say_is_not_known():
    device = desk().check(jwt(ueid=None, oemboot=None, dbgstat=None), ANN, NOW).device
    assert (device.evidence, device.name, device.boot, device.debug) == ("attested", "", None, None)
    assert desk().check(jwt(oemboot=False), ANN, NOW).device.boot is None
    assert desk().check(jwt(dbgstat="enabled"), ANN, NOW).device.debug == "enabled"
    assert desk().check(cwt(dbgstat=0), ANN, NOW).device.debug == "enabled"


def test_profiles_are_those_that_the_configuration_names():
    checks = desk(profiles=frozenset({"https://maker.example/profile"}))
    assert checks.check(jwt(eat_profile="https://maker.example/profile"), ANN, NOW).device.profile
    assert refusal(jwt(), checks) == "device-invalid"
    assert refusal(jwt(eat_profile="other"), checks) == "device-invalid"


BROKEN = {
    "nothing": "",
    "no evidence": "eat+jwt",
    "another kind": "eat " + jwt().split(" ")[1],
    "a quote where none counts": "tpm e30",
    "no JWT": "eat+jwt x.y",
    "no CWT": "eat+cwt AAAA",
    "CBOR cut short": cwt()[:-8],
    "no base64": "eat+cwt ****",
    "not even text": "eat+cwt \xff",
    "huge": "eat+jwt " + "x" * 33_000,
    "a type of another purpose": jwt(header={"typ": "at+jwt"}),
    "a type that is none": jwt(header={"typ": 7}),
    "none": jwt(header={"alg": "none"}),
    "a secret's algorithm": jwt(header={"alg": "HS256"}),
    "an algorithm that is not allowed": jwt(header={"alg": "ES384"}),
    "critical headers": jwt(header={"crit": ["x"]}),
    "an unknown key": jwt("ES256-thief"),
    "another's name": jwt("ES256-thief", header={"kid": "ES256-verifier"}),
    "a name that is a number": jwt(header={"kid": 7}),
    "a foreign certificate": certified(certificate("ES256-device", "ES256-foreign")),
    "a foreign one with its anchor": certified(
        certificate("ES256-device", "ES256-foreign"), certificate("ES256-foreign", "ES256-foreign", ca=True)
    ),
    "one between that may not certify": certified(
        certificate("ES256-device", "ES256-between"), certificate("ES256-between")
    ),
    "a certificate that is over": certified(certificate(days=0)),
    "a certificate of another key": jwt(
        "ES256-thief", header={"kid": None, "x5c": [base64.b64encode(der(LEAF)[0]).decode()]}
    ),
    "a certificate that is none": jwt(header={"x5c": ["AAAA"]}),
    "certificates that are no list": jwt(header={"x5c": "AAAA"}),
    "too many certificates": certified(*[LEAF] * 6),
    "a ueid that is too short": jwt(ueid=b"\x01u"),
    "a ueid of another kind": jwt(ueid=b"\x09" + b"u" * 16),
    "a ueid that is a number": jwt(ueid=7),
    "a profile that is a list": jwt(eat_profile=["x"]),
    "a state of debugging that is unknown": jwt(dbgstat="off"),
    "a state of debugging beyond all": cwt(dbgstat=5),
    "a boot that is a word": jwt(oemboot="yes"),
    "too old": jwt(iat=NOW_SECONDS - 631),
    "from the future": jwt(iat=NOW_SECONDS + 31),
    "over": jwt(exp=NOW_SECONDS - 31),
    "not yet": jwt(nbf=NOW_SECONDS + 31),
    "a time that is a word": jwt(iat="now"),
    "a time that is true": cwt(iat=True),
    "a CWT whose algorithm is not protected": cwt(protected={}, others={1: -7, 4: b"ES256-verifier"}),
    "a CWT with critical headers": cwt(protected={1: -7, 2: [99]}),
    "a CWT with a header twice": cwt(others={1: -7, 4: b"ES256-verifier"}),
    "a CWT of an unknown algorithm": cwt(alg=-65535),
    "a CWT whose chain is none": cwt(others={33: 7}),
    "a CWT under another tag": cwt(tags=(61, 98)),
    "a CWT under another's tag": cwt(tags=(62, 18)),
    "a CWT whose name is no text": cwt(others={4: b"\xff"}),
}


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN)
def test_what_can_not_be_trusted_is_refused(value):
    assert refusal(value) == "device-invalid"


@given(st.sampled_from([jwt(), cwt(), certified(LEAF)]), st.integers(8, 600), st.integers(0, 6))
def test_no_bit_of_an_attestation_can_be_changed(value, at, bit):
    at = 8 + at % (len(value) - 8)
    assert refusal(value[:at] + chr(ord(value[at]) ^ (1 << bit)) + value[at + 1 :]) == "device-invalid"


@given(st.binary(max_size=80))
def test_any_bytes_are_refused(data):
    assert refusal(f"eat+cwt {b64(data)}") == "device-invalid"
    token = [cbor2.dumps({1: -7}), {4: b"ES256-verifier"}, data, b"s" * 64]
    assert refusal(f"eat+cwt {b64(cbor2.dumps(token))}") == "device-invalid"


def test_an_attestation_is_for_a_nonce_of_ours_and_for_its_caller():
    for value in (
        "?",
        jwt(eat_nonce=None),
        jwt(eat_nonce=b"x" * 32),
        jwt(eat_nonce=7),
        jwt(eat_nonce=[[]]),
        cwt(eat_nonce="x"),
    ):
        with pytest.raises(NotAuthenticated) as caught:
            desk().check(value, ANN, NOW)
        assert (caught.value.refusal, caught.value.headers) == ("nonce-needed", (("Sovgate-Nonce", NONCES.now(NOW)),))
    thief = replace(ANN, evidence=(("jwt", "ab" * 32),))
    assert refusal(jwt(), operator=thief) == "nonce-needed"
    nobody = replace(ANN, evidence=())
    assert refusal(jwt(), operator=nobody) == "nonce-needed"


def test_an_attestation_counts_as_long_as_its_nonce_and_no_longer():
    checks = desk()
    old = jwt(iat=None)
    assert checks.check(old, ANN, NOW + 299 * SECOND).device
    assert refusal(old, checks, now=NOW + 601 * SECOND) == "nonce-needed"
    assert checks.check(jwt(iat=None, eat_nonce=wanted(NOW + 601 * SECOND)), ANN, NOW + 601 * SECOND).device


def test_an_attestation_is_remembered_for_a_while(monkeypatch):
    checks = desk()
    value = jwt(exp=NOW_SECONDS)
    checks.check(value, ANN, NOW)
    monkeypatch.setattr("gateway.attestation.device.read_jwt", None)
    assert checks.check(value, ANN, NOW + 29 * SECOND).device
    with pytest.raises(TypeError):
        checks.check(value, ANN, NOW + 30 * SECOND)


def test_without_rules_no_attestation_counts():
    assert refusal(jwt(), Devices(DeviceRules(), NONCES)) == "device-invalid"


def test_anchors_that_are_none_are_refused():
    with pytest.raises(ValueError, match="chain"):
        Anchors(()).verified(der(LEAF), NOW)
    assert anchors().verified(der(LEAF), NOW) == LEAF
