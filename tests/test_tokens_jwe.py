"""Encrypted values: opened by others' JOSE libraries, and by us only where everything is right."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwcrypto.jwe
import jwcrypto.jwk
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe as joserfc_jwe
from joserfc.jwk import OctKey
from tokens_kit import ANNA, BORIS, FIELD, PURPOSE, data_key, handle, key_set, lent

from gateway.tokens import jwe
from gateway.tokens.context import context
from gateway.tokens.keyset import DataKey, KeySet, thumbprint
from gateway.tokens.kid import Kid
from gateway.tokens.shapes import is_encrypted

KEY = data_key()
KID = Kid(handle(ANNA), 1, "context-16-chars")
FIRST = jwe.head(KID)
NONCE = bytes(range(12))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def made(text: str = '"anna@example.com"') -> str:
    return jwe.make(KEY.cipher, FIRST, NONCE, text)


def versions(*keys: DataKey) -> KeySet:
    return KeySet("sovgate", ANNA, handle(ANNA), keys)


def opened(token: str) -> str | None:
    return jwe.open_with(KEY.cipher, FIRST, token)


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_says_how_it_was_made_and_under_which_key():
    header = json.loads(decoded(made().split(".")[0]))
    assert header == {"alg": "dir", "enc": "A256GCM", "cty": "json", "kid": f"{handle(ANNA)}.1.context-16-chars"}
    assert jwe.kid_of(made()) == KID


@given(texts)
def test_whatever_is_encrypted_opens_as_it_was(text):
    assert opened(made(text)) == text
    assert is_encrypted(made(text))


@given(texts)
def test_joserfc_opens_it_with_the_customers_key(text):
    key = OctKey.import_key(bytes(KEY.key))
    assert joserfc_jwe.decrypt_compact(made(text), key, algorithms=["dir", "A256GCM"]).plaintext == text.encode()


@given(texts.filter(bool))  # jwcrypto takes an empty text for a failure; JSON has none
def test_jwcrypto_opens_it_with_the_customers_key(text):
    key = jwcrypto.jwk.JWK(kty="oct", k=encoded(KEY.key))
    token = jwcrypto.jwe.JWE()
    token.deserialize(made(text), key)
    assert token.payload == text.encode()
    assert key.thumbprint() == KEY.thumbprint == thumbprint(KEY.key)


def test_half_a_surrogate_pair_becomes_its_escape_which_means_the_same_in_json():
    assert json.loads(opened(made('"\ud83d!"'))) == "\ud83d!"


def test_the_direct_encryption_of_rfc_7520_section_5_6_comes_out_letter_by_letter():
    """That example's key has 128 bits; the key alone decides, all else is the same."""
    key = decoded("XctOhJAkA-pD9Lh7ZgW_2A")
    first = "eyJhbGciOiJkaXIiLCJraWQiOiI3N2M3ZTJiOC02ZTEzLTQ1Y2YtODY3Mi02MTdiNWI0NTI0M2EiLCJlbmMiOiJBMTI4R0NNIn0"
    text = (
        "You can trust us to stick with you through thick and thin\N{EN DASH}to the bitter end. And you can trust us "
        "to keep any secret of yours\N{EN DASH}closer than you keep it yourself. But you cannot trust us to let you "
        "face trouble alone, and go off without a word. We are your friends, Frodo."
    ).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    body = (
        "JW_i_f52hww_ELQPGaYyeAB6HYGcR559l9TYnSovc23XJoBcW29rHP8yZOZG7YhLpT1bjFuvZPjQS-m0IFtVcXkZXdH_lr_FrdYt9HRUYksh"
        "trMmIUAyGmUnd9zMDB2n0cRDIHAzFVeJUDxkUwVAE7_YGRPdcqMyiBoCO-FBdE-Nceb4h3-FtBP-c_BIwCPTjb9o0SbdcdREEMJMyZBH8ySW"
        "MVi1gPD9yxi-aQpGbSv_F9N4IZAxscj5g-NJsUPbjk29-s7LJAGb15wEBtXphVCgyy53CoIKLHHeJHXex45Uz9aKZSRSInZI-wjsY0yu3cT4"
        "_aQ3i1o-tiE-F8Ios61EKgyIQ4CWao8PFMj8TTnp"
    )
    token = f"{first}..refa467QzzKx6QAB.{body}.vbb32Xvllea2OtmHAdccRQ"
    assert jwe.make(AESGCM(key), first, decoded("refa467QzzKx6QAB"), text) == token
    assert jwe.open_with(AESGCM(key), first, token) == text


def test_the_content_encryption_of_rfc_7516_appendix_a_1_opens():
    """There the key comes wrapped by RSA; here it is taken as it is."""
    key = bytes.fromhex("b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc")
    first = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ"
    rest = (
        "..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A"
        ".XFBoMYUZodetZdvTiFvSkQ"
    )
    said = "The true sign of intelligence is not knowledge but imagination."
    assert jwe.open_with(AESGCM(key), first, first + rest) == said


@given(st.data())
def test_a_token_with_any_one_letter_changed_does_not_open(data):
    token = made()
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from(LETTERS + ".=+/ \n\x00é\ud800").filter(lambda one: one != token[at]))
    assert opened(token[:at] + letter + token[at + 1 :]) is None


@given(st.data())
def test_a_token_with_any_one_bit_changed_does_not_open(data):
    parts = made().split(".")
    which = data.draw(st.sampled_from([0, 2, 3, 4]))
    raw = bytearray(decoded(parts[which]))
    at = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[at // 8] ^= 1 << at % 8
    parts[which] = encoded(raw)
    assert opened(".".join(parts)) is None


@pytest.mark.parametrize("text", ["", "1", "12", "123", '"1234"'])
def test_there_is_one_way_to_write_a_token_and_no_second(text):
    """Base64 has spare bits at the end of a part, padding, and letters that lenient readers skip or take for others."""
    token = made(text)
    others = []
    for at, part in enumerate(token.split(".")):
        parts = token.split(".")
        for last in LETTERS:
            parts[at] = part[:-1] + last if part else last
            others.append(".".join(parts))
        for odd in (part + "=", part + "==", part + "A", part + "\n", " " + part, part.replace("-", "+"), part[:-1]):
            parts[at] = odd
            others.append(".".join(parts))
    assert {opened(other) for other in others if other != token} == {None}


@given(st.permutations(range(5)))
def test_parts_in_another_order_do_not_open(order):
    parts = made().split(".")
    if order != sorted(order):
        assert opened(".".join(parts[at] for at in order)) is None


def test_parts_of_two_tokens_do_not_open_together():
    one, two = (jwe.make(KEY.cipher, FIRST, bytes([n] * 12), '"anna"').split(".") for n in (1, 2))
    for which in (2, 3, 4):
        assert opened(".".join(two[at] if at == which else part for at, part in enumerate(one))) is None


@given(st.integers(0, len(made()) - 1))
def test_a_token_cut_short_does_not_open(length):
    assert opened(made()[:length]) is None
    assert not is_encrypted(made()[:length])


@given(st.text(max_size=200))
def test_nothing_that_anyone_writes_raises(text):
    for token in (text, jwe.START + text, FIRST + text, f"{FIRST}..{text}", text + made(), made() + text):
        assert token == made() or opened(token) is None
        jwe.kid_of(token)
        is_encrypted(token)


HEADERS = {
    "another algorithm": '{"alg":"A256KW","enc":"A256GCM","cty":"json","kid":"%s"}',
    "none": '{"alg":"none","enc":"A256GCM","cty":"json","kid":"%s"}',
    "another content encryption": '{"alg":"dir","enc":"A128CBC-HS256","cty":"json","kid":"%s"}',
    "compressed": '{"alg":"dir","enc":"A256GCM","cty":"json","kid":"%s","zip":"DEF"}',
    "critical": '{"alg":"dir","enc":"A256GCM","cty":"json","kid":"%s","crit":["b64"],"b64":false}',
    "a key of its own": '{"alg":"dir","enc":"A256GCM","cty":"json","kid":"%s","jwk":{"kty":"oct","k":"AAAA"}}',
    "a key from elsewhere": '{"alg":"dir","enc":"A256GCM","cty":"json","kid":"%s","jku":"https://evil.example"}',
    "members in another order": '{"enc":"A256GCM","alg":"dir","cty":"json","kid":"%s"}',
    "spaces": '{"alg": "dir","enc":"A256GCM","cty":"json","kid":"%s"}',
    "escapes": '{"alg":"d\\u0069r","enc":"A256GCM","cty":"json","kid":"%s"}',
    "a member twice": '{"alg":"dir","enc":"A256GCM","cty":"json","kid":"%s","alg":"dir"}',
    "no type of content": '{"alg":"dir","enc":"A256GCM","kid":"%s"}',
    "no name of a key": '{"alg":"dir","enc":"A256GCM","cty":"json"}',
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_token_made_by_hand_with_the_right_key_and_another_header_does_not_open(header):
    header = header.replace("%s", str(KID))
    token = jwe.make(KEY.cipher, encoded(header.encode()), NONCE, '"anna"')
    assert joserfc_or_none(token) in {None, b'"anna"'}
    assert opened(token) is None
    assert jwe.kid_of(token) is None
    assert lent().reveal(token, FIELD) is None


def joserfc_or_none(token):
    """Others take some of these: that they are well made is what makes them a test."""
    try:
        return joserfc_jwe.decrypt_compact(
            token, OctKey.import_key(bytes(KEY.key)), algorithms=["dir", "A256GCM"]
        ).plaintext
    except Exception:  # noqa: BLE001 - whatever theirs raises
        return None


@pytest.mark.parametrize("plaintext", [b"\xff\xfe", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_encrypted_by_whoever_has_the_key_do_not_open(plaintext):
    sealed = KEY.cipher.encrypt(NONCE, plaintext, FIRST.encode())
    assert opened(f"{FIRST}..{encoded(NONCE)}.{encoded(sealed[:-16])}.{encoded(sealed[-16:])}") is None


@pytest.mark.parametrize("field", ["user.name", "", FIELD + "+user.name", FIELD.upper()])
def test_a_token_moved_to_another_field_is_not_turned_back(field):
    keys = lent()
    token = keys.encrypt('"anna@example.com"', FIELD)
    assert keys.reveal(token, FIELD) == '"anna@example.com"'
    assert keys.reveal(token, field) is None


@pytest.mark.parametrize(("customer", "purpose"), [(ANNA, PURPOSE), (BORIS, PURPOSE), (ANNA, None), (ANNA, "")])
def test_a_token_is_bound_to_tenant_customer_field_and_purpose(customer, purpose):
    token = lent(key_set(customer, purpose=purpose), purpose).encrypt("1", FIELD)
    assert jwe.kid_of(token) == Kid(handle(customer), 1, context("sovgate", customer, FIELD, purpose))


@pytest.mark.parametrize("purpose", [None, "", "marketing"])
def test_a_token_presented_for_another_purpose_is_not_turned_back(purpose):
    everything = key_set(ANNA, *key_set(purpose=purpose).keys)
    token = lent(everything).encrypt('"anna@example.com"', FIELD)
    assert lent(everything, purpose).reveal(token, FIELD) is None


def test_a_token_presented_for_another_customer_is_not_turned_back_even_with_the_same_key():
    token = lent().encrypt('"anna@example.com"', FIELD)
    assert lent(key_set(BORIS)).reveal(token, FIELD) is None
    stolen = key_set(BORIS)
    for key, other in zip(stolen.keys, key_set(ANNA).keys, strict=True):
        key.key[:] = other.key
    assert lent(stolen).reveal(token, FIELD) is None


def test_a_token_that_names_another_version_is_not_turned_back():
    first, second = data_key(1), data_key(9)
    second.key[:] = first.key
    token = lent().encrypt('"anna@example.com"', FIELD)
    _, rest = token.split("..")
    kid = jwe.kid_of(token)
    forged = f"{jwe.head(Kid(kid.handle, 9, kid.context))}..{rest}"
    assert lent(key_set(ANNA, second)).reveal(forged, FIELD) is None


def test_older_versions_open_and_the_current_one_makes():
    token = lent().encrypt('"anna"', FIELD)
    keys = lent(versions(data_key(1, state="older"), data_key(4)))
    assert keys.reveal(token, FIELD) == '"anna"'
    assert jwe.kid_of(keys.encrypt('"anna"', FIELD)).version == 4


def test_a_revoked_version_opens_nothing():
    token = lent().encrypt('"anna"', FIELD)
    assert lent(versions(data_key(1, state="revoked"), data_key(4))).reveal(token, FIELD) is None


def test_a_value_encrypted_twice_makes_two_tokens_and_nothing_shows_that_it_is_one():
    keys = lent()
    one, two = keys.encrypt('"anna"', FIELD), keys.encrypt('"anna"', FIELD)
    assert one != two
    assert one.split(".")[0] == two.split(".")[0]
    assert PURPOSE not in str(decoded(one.split(".")[0]))
