"""Quotes of TPMs: as real ones write them, and broken in every way."""

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from attested_kit import ANN, ATTESTATION_KEY, NONCES, anchors, certificate, der, wanted
from crafted_tokens import NOW, b64, private_key
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st
from tpm_kit import attest, signature

from gateway.attestation.device import DeviceRules, Devices
from gateway.attestation.quote import TpmRules, verify_quote
from gateway.attestation.tpm import read_quote, read_signature
from gateway.errors import NotAuthenticated

RECORDED = json.loads((Path(__file__).parent / "cases" / "tpm-quotes.json").read_text())


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one["scheme"])
def test_what_a_tpm_wrote_is_read_and_verified(one):
    quote = read_quote(raw(one["quote"]))
    assert (quote.selection, quote.extra.hex()) == (one["selection"], one["extra"])
    assert (len(quote.digest), quote.safe) == (32, True)
    rules = TpmRules(
        {"pc": load_pem_public_key(one["key"].encode())}, registers={quote.selection: {quote.digest.hex()}}
    )
    data = json.dumps({"quote": one["quote"], "signature": one["signature"], "key": "pc"}).encode()
    found = verify_quote(data, rules, {"n": quote.extra}, NOW)
    assert (found.device.how, found.device.boot, found.device.measured) == ("tpm", "secure", quote.digest.hex())


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one["scheme"])
@given(data=st.data())
def test_no_bit_of_a_quote_can_be_changed(one, data):
    member = data.draw(st.sampled_from(["quote", "signature"]))
    changed = bytearray(raw(one[member]))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    rules = TpmRules({"pc": load_pem_public_key(one["key"].encode())})
    said = {"quote": one["quote"], "signature": one["signature"], "key": "pc", member: b64(bytes(changed))}
    with pytest.raises(NotAuthenticated) as caught:
        verify_quote(json.dumps(said).encode(), rules, {"n": b"\xaa" * 32}, NOW)
    assert caught.value.refusal == "device-invalid"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_structure_or_refused(data):
    for read in (read_quote, read_signature):
        with pytest.raises(ValueError, match=r"\w"):
            read(data)


KEY = "ES256-tpm"
EXTRA = wanted()


def signed(quote, name=KEY):
    r, s = decode_dss_signature(private_key(name).sign(quote, ec.ECDSA(SHA256())))
    return signature(0x0018, 0x000B, r.to_bytes(32), s.to_bytes(32))


def header(attested, mark=None, **more):
    mark = signed(attested) if mark is None else mark
    said = {"quote": b64(attested), "signature": b64(mark), "key": "pc"} | more
    return "tpm " + b64(json.dumps({key: value for key, value in said.items() if value is not None}).encode())


def desk(**more):
    rules = TpmRules(
        {"pc": private_key(KEY).public_key(), "other": private_key("rsa-tpm").public_key()}, anchors(), **more
    )
    return Devices(DeviceRules(tpm=rules), NONCES)


def refusal(value, checks=None, operator=ANN):
    with pytest.raises(NotAuthenticated) as caught:
        (checks or desk()).check(value, operator, NOW)
    return caught.value.refusal


def test_a_machine_is_known_by_its_tpm():
    value = header(attest(EXTRA))
    operator = desk().check(value, ANN, NOW)
    assert (operator.device.evidence, operator.device.how, operator.device.boot) == ("attested", "tpm", None)
    assert operator.device.measured == (b"d" * 32).hex()
    assert operator.evidence[-1] == ("tpm", hashlib.sha256(value.encode()).hexdigest())


def test_a_machine_that_started_as_it_should_started_securely():
    registers = {"sha256:0,7": frozenset({(b"d" * 32).hex()})}
    assert desk(registers=registers).check(header(attest(EXTRA)), ANN, NOW).device.boot == "secure"
    assert refusal(header(attest(EXTRA, digest=b"e" * 32)), desk(registers=registers)) == "device-invalid"
    assert refusal(header(attest(EXTRA, registers=(0,))), desk(registers=registers)) == "device-invalid"


def test_a_quote_is_for_a_nonce_of_ours_and_for_its_caller():
    assert refusal(header(attest(b"x" * 32))) == "nonce-needed"
    assert refusal(header(attest(b""))) == "nonce-needed"
    assert refusal(header(attest(EXTRA)), operator=replace(ANN, evidence=(("jwt", "ab"),))) == "nonce-needed"


def certified(*chain):
    return header(
        attest(EXTRA),
        signed(attest(EXTRA), "ES256-ak"),
        key=None,
        x5c=[base64.b64encode(one).decode() for one in der(*chain)],
    )


def test_a_certified_key_must_be_certified_for_attesting():
    good = certificate("ES256-ak", usage=(ATTESTATION_KEY,))
    assert desk().check(certified(good), ANN, NOW).device.evidence == "attested"
    assert refusal(certified(certificate("ES256-ak"))) == "device-invalid"
    assert refusal(certified(certificate("ES256-ak", "ES256-foreign", usage=(ATTESTATION_KEY,)))) == "device-invalid"
    assert refusal(certified(certificate("ES256-tpm", usage=(ATTESTATION_KEY,)))) == "device-invalid"


PSS = private_key("rsa-tpm").sign(attest(EXTRA), padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
BROKEN = {
    "no JSON": "tpm AAAA",
    "no quote": header(attest(EXTRA), quote=None),
    "a key that is unknown": header(attest(EXTRA), key="none"),
    "a key that is a list": header(attest(EXTRA), key=["pc"]),
    "another's signature": header(attest(EXTRA), signed(attest(EXTRA), "ES256-thief")),
    "another's scheme": header(attest(EXTRA), signature(0x0016, 0x000B, PSS)),
    "a scheme that is not its value's": header(attest(EXTRA), signature(0x0014, 0x000B, PSS), key="other"),
    "a scheme that is unknown": header(attest(EXTRA), signature(0x0005, 0x000B, b"x" * 32)),
    "SHA-1": header(attest(EXTRA), signature(0x0018, 0x0004, b"r" * 32, b"s" * 32)),
    "zeros": header(attest(EXTRA), signature(0x0018, 0x000B, b"", b"")),
    "a signature and more": header(attest(EXTRA), signed(attest(EXTRA)) + b"x"),
    "no magic": header(attest(EXTRA, magic=0)),
    "a certification of a key": header(attest(EXTRA, type=0x8017)),
    "a quote and more": header(attest(EXTRA, tail=b"x")),
    "a name that is too long": header(attest(EXTRA, signer=b"s" * 69)),
    "a nonce that is too long": header(attest(b"x" * 67)),
    "a digest that is too long": header(attest(EXTRA, digest=b"d" * 65)),
    "no registers": header(attest(EXTRA, banks=())),
    "too many banks": header(attest(EXTRA, banks=((0x000B, (0,)),) * 17)),
    "an unknown bank": header(attest(EXTRA, banks=((0x0099, (0,)),))),
    "neither safe nor unsafe": header(attest(EXTRA, clock=(1, 2, 3, 2))),
    "certificates that are none": header(attest(EXTRA), x5c=["AAAA"]),
    "certificates that are no list": header(attest(EXTRA), x5c=7),
}


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN)
def test_a_broken_quote_is_refused(value):
    assert refusal(value) == "device-invalid"


def test_every_scheme_of_rsa_counts():
    mark = signature(0x0014, 0x000B, private_key("rsa-tpm").sign(attest(EXTRA), padding.PKCS1v15(), SHA256()))
    assert desk().check(header(attest(EXTRA), mark, key="other"), ANN, NOW).device.how == "tpm"
    assert (
        desk().check(header(attest(EXTRA), signature(0x0016, 0x000B, PSS), key="other"), ANN, NOW).device.how == "tpm"
    )
