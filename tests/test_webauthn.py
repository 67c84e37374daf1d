"""Assertions of authenticators: what counts as an operator's presence, and what must not."""

import base64
import hashlib
import json
from dataclasses import replace

import cbor2
import pytest
import webauthn
from authenticator import ORIGIN, RP, Authenticator, challenge, envelope
from crafted_tokens import NOW, NOW_SECONDS, SECOND, b64
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticatorData, CollectedClientData
from hypothesis import given
from hypothesis import strategies as st

from gateway.attestation.credentials import read_credentials
from gateway.attestation.webauthn import AssertionRules, Assertions
from gateway.errors import FaultyFiles, NotAuthenticated
from gateway.flow import Operator
from gateway.identity.replay import MemoryReplay
from gateway.identity.urls import OwnUrls
from gateway.storage.proofs import SharedProofs

GATEWAY, TARGET = "https://gateway.example.com", "/erp/api/orders?$top=5"
URL = GATEWAY + TARGET
ANN = Operator("crm", "ann", authenticated="jwt")
NAMES = ["ES256-authenticator", "ed25519-authenticator", "rsa-authenticator"]


def written(one, **more):
    said = {"id": b64(one.id), "operator": "ann", "rp": RP, "origins": [ORIGIN], "key": b64(one.cose)} | more
    return f"version: 1\ncredentials:\n  - {json.dumps(said)}\n".encode()


class Counted:
    """Counters in memory."""

    def __init__(self):
        self.last = {}

    def advance(self, credential, count, least):
        last = max(least, self.last.get(credential, 0))
        if count <= last:
            return count == last == 0
        self.last[credential] = count
        return True


def desk(one, *, clock=lambda: NOW, counters=None, rules=None, **more):
    credentials = read_credentials("credentials.yaml", written(one, **more))
    replay = MemoryReplay(clock)
    return Assertions(rules or AssertionRules(), OwnUrls([GATEWAY]), credentials, replay, counters or Counted())


def refusal(checks, value, operator=ANN, method="GET", target=TARGET, now=NOW):
    with pytest.raises(NotAuthenticated) as caught:
        checks.check(value, operator, method, target, now)
    assert "ann" not in str(caught.value)
    return caught.value.refusal


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["cose", "pem"])
def test_an_operator_who_is_there_is_known_to_be(name, form):
    one = Authenticator(name)
    checks = desk(one, key=one.pem) if form == "pem" else desk(one)
    value = one.assertion("GET", URL, b"body")
    found = checks.check(value, ANN, "GET", TARGET, NOW)
    assert (found.operator.presence, found.operator.authenticated) == ("attested", "jwt+webauthn")
    assert found.operator.evidence == (("webauthn", hashlib.sha256(value.encode()).hexdigest()),)
    assert found.body == hashlib.sha256(b"body").digest()


@pytest.mark.parametrize("name", NAMES)
def test_what_our_authenticator_signs_others_take_as_well(name):
    one = Authenticator(name)
    wanted = challenge("GET", URL)
    verified = webauthn.verify_authentication_response(
        credential=one.answer(wanted),
        expected_challenge=wanted,
        expected_rp_id=RP,
        expected_origin=ORIGIN,
        credential_public_key=one.cose,
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    assert (verified.new_sign_count, verified.user_verified) == (1, True)


def test_what_others_write_is_understood():
    one = Authenticator()
    client = CollectedClientData.create("webauthn.get", challenge("GET", URL), ORIGIN)
    data = AuthenticatorData.create(hashlib.sha256(RP.encode()).digest(), 0x05, 7)
    response = {
        "clientDataJSON": b64(bytes(client)),
        "authenticatorData": b64(bytes(data)),
        "signature": b64(one._sign(bytes(data) + client.hash)),
    }
    signed = bytes(data) + client.hash
    CoseKey.parse(cbor2.loads(one.cose)).verify(signed, one._sign(signed))
    flow = {"digest": b64(hashlib.sha256(b"").digest()), "time": NOW_SECONDS, "salt": b64(b"s" * 16)}
    value = envelope({"id": b64(one.id), "response": response}, flow)
    assert desk(one).check(value, ANN, "GET", TARGET, NOW).operator.presence == "attested"


ONE = Authenticator()
GOOD = json.loads(base64.urlsafe_b64decode(ONE.assertion("GET", URL) + "=="))
FLOW = GOOD["flow"]


def changed(**more):
    """The good assertion with members replaced."""
    return b64(json.dumps({**GOOD, **more}).encode())


def response(**more):
    return changed(response={**GOOD["response"], **more})


def fresh(**client):
    return Authenticator().assertion("GET", URL, **client)


BROKEN = {
    "nothing": "",
    "no base64": "{}",
    "no JSON": b64(b"x"),
    "no object": b64(b"[]"),
    "no response": changed(response=None),
    "no flow": changed(flow=None),
    "a flow that is a text": changed(flow="x"),
    "another type of credential": changed(type="password"),
    "an id that is a number": changed(id=7),
    "an unknown authenticator": changed(id=b64(b"credential-2")),
    "no signature": response(signature=""),
    "another signature": response(
        signature=Authenticator("ES256-thief").answer(challenge("GET", URL))["response"]["signature"]
    ),
    "a user handle that is none": response(userHandle=7),
    "a registration": fresh(type="webauthn.create"),
    "another origin": fresh(origin="https://evil.example.com"),
    "an origin that is a list": fresh(origin=[ORIGIN]),
    "within another page": fresh(crossOrigin=True),
    "with another page on top": fresh(topOrigin="https://evil.example.com"),
    "a challenge of a server": fresh(challenge=b64(b"c" * 32)),
    "no challenge": fresh(challenge=None),
    "another method": Authenticator().assertion("POST", URL),
    "another address": Authenticator().assertion("GET", URL + "&x"),
    "another host": Authenticator().assertion("GET", "https://evil.example.com" + TARGET),
    "another body": changed(flow={**FLOW, "digest": b64(hashlib.sha256(b"other").digest())}),
    "a digest that is none": changed(flow={**FLOW, "digest": "AAAA"}),
    "another time": changed(flow={**FLOW, "time": NOW_SECONDS + 1}),
    "a time that is a text": changed(flow={**FLOW, "time": "now"}),
    "a time that is true": changed(flow={**FLOW, "time": True}),
    "a short salt": Authenticator().assertion("GET", URL, salt=b"s" * 15),
    "a huge salt": Authenticator().assertion("GET", URL, salt=b"s" * 65),
    "too old": Authenticator().assertion("GET", URL, made=NOW_SECONDS - 65),
    "from the future": Authenticator().assertion("GET", URL, made=NOW_SECONDS + 6),
    "another relying party": Authenticator(rp="evil.example.com").assertion("GET", URL),
    "nobody there": Authenticator(flags=0x04).assertion("GET", URL),
    "nobody verified": Authenticator(flags=0x01).assertion("GET", URL),
    "backed up and not eligible": Authenticator(flags=0x15).assertion("GET", URL),
    "reserved flags": Authenticator(flags=0x25).assertion("GET", URL),
    "an attested key in it": Authenticator(flags=0x45).assertion("GET", URL),
    "extensions announced and none there": Authenticator(flags=0x85).assertion("GET", URL),
    "something there that was not announced": Authenticator(extensions=b"\xa0").assertion("GET", URL),
    "broken extensions": Authenticator(flags=0x85, extensions=b"\xa1").assertion("GET", URL),
    "extensions that are no map": Authenticator(flags=0x85, extensions=b"\x01").assertion("GET", URL),
    "data that is too short": response(authenticatorData=b64(b"x" * 36)),
    "huge": changed(filler="f" * 12_000),
}


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN)
def test_a_broken_assertion_is_refused(value):
    assert refusal(desk(ONE), value) == "proof-invalid"


@given(st.data())
def test_no_bit_of_what_is_signed_can_be_changed(data):
    member = data.draw(st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
    raw = bytearray(base64.urlsafe_b64decode(GOOD["response"][member] + "=="))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert refusal(desk(ONE), response(**{member: b64(bytes(raw))})) == "proof-invalid"


def test_extensions_and_backups_are_fine():
    one = Authenticator(flags=0x9D, extensions=b"\xa1\x63abc\xf5")
    assert desk(one).check(one.assertion("GET", URL), ANN, "GET", TARGET, NOW).operator.presence == "attested"


def test_presence_without_verification_counts_where_the_officers_say_so():
    one = Authenticator(flags=0x01)
    checks = desk(one, rules=AssertionRules(verified=False))
    assert checks.check(one.assertion("GET", URL), ANN, "GET", TARGET, NOW).operator.presence == "attested"


def test_an_authenticator_is_one_operators():
    value = fresh()
    assert refusal(desk(ONE), value, replace(ANN, subject="bob")) == "proof-invalid"
    assert refusal(desk(ONE), value, replace(ANN, subject="")) == "proof-invalid"
    assert refusal(desk(ONE, system="tms"), value) == "proof-invalid"
    assert desk(ONE, system="crm").check(value, ANN, "GET", TARGET, NOW).operator.presence == "attested"


def test_an_assertion_counts_once():
    one = Authenticator(counts=False)
    checks = desk(one)
    value = one.assertion("GET", URL)
    assert checks.check(value, ANN, "GET", TARGET, NOW).operator.presence == "attested"
    assert refusal(checks, value) == "proof-replayed"
    again = one.assertion("GET", URL, salt=b"t" * 16)
    assert checks.check(again, ANN, "GET", TARGET, NOW).operator.presence == "attested"


def test_an_authenticator_that_counts_backwards_may_be_a_copy(tmp_path):
    one = Authenticator(count=6)
    shared = SharedProofs(tmp_path / "proofs.sqlite", lambda: NOW)
    checks = desk(one, counters=shared, counter=5)
    assert checks.check(one.assertion("GET", URL), ANN, "GET", TARGET, NOW).operator.presence == "attested"
    shared.close()
    shared = SharedProofs(tmp_path / "proofs.sqlite", lambda: NOW)
    checks = desk(one, counters=shared, counter=5)
    for count in (6, 5, -1):  # the next are 7 again, 6, and none at all
        copy = Authenticator(count=count)
        assert refusal(checks, copy.assertion("GET", URL, salt=bytes([count & 255]) * 16)) == "proof-invalid", count
    assert checks.check(one.assertion("GET", URL, salt=b"x" * 16), ANN, "GET", TARGET, NOW)
    shared.close()


def test_the_clocks_may_differ_by_the_leeway():
    early, late = fresh(made=NOW_SECONDS + 5), fresh(made=NOW_SECONDS)
    assert desk(ONE).check(early, ANN, "GET", TARGET, NOW)
    assert desk(ONE).check(late, ANN, "GET", TARGET, NOW + 65 * SECOND - 1)
    assert refusal(desk(ONE), late, now=NOW + 65 * SECOND) == "proof-invalid"


FAULTS = {
    "no id": {"id": "=="},
    "a long id": {"id": b64(b"x" * 1024)},
    "no key": {"key": "x"},
    "a private key": {"key": b64(cbor2.dumps({1: 1, 3: -8, -1: 6, -2: b"x" * 32, -4: b"d" * 32}))},
    "a key for no algorithm": {"key": b64(cbor2.dumps({1: 1, -1: 6, -2: b"x" * 32}))},
    "a key of another algorithm": {"key": b64(cbor2.dumps({1: 1, 3: -7, -1: 6, -2: b"x" * 32}))},
    "PEM that is none": {"key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"},
    "a counter below zero": {"counter": -1},
    "an unknown member": {"ids": "x"},
}


@pytest.mark.parametrize("more", FAULTS.values(), ids=FAULTS)
def test_a_broken_file_of_credentials_is_refused_with_its_place(more):
    with pytest.raises(FaultyFiles) as caught:
        read_credentials("credentials.yaml", written(ONE, **more))
    assert all(problem.place.line == 3 for problem in caught.value.problems)


def test_an_id_stands_once():
    twice = written(ONE) + written(ONE).split(b"credentials:\n")[1]
    with pytest.raises(FaultyFiles, match="stands twice"):
        read_credentials("credentials.yaml", twice)
