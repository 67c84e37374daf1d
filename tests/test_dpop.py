"""Proof of possession (RFC 9449): what counts, what must not, and that nothing counts twice."""

import hashlib
import hmac

import pytest
from crafted_tokens import NOW, NOW_SECONDS, RULES, SECOND, b64, craft, private_key
from cryptography.hazmat.primitives import serialization
from dpop_kit import TARGET, URL, bare_jwk, bound, desk, identified, proof
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt
from test_mtls import certificate

from gateway.errors import NotAuthenticated
from gateway.identity.dpop import DpopRules, thumbprint
from gateway.identity.mtls import CertificateRules, Certificates
from gateway.identity.replay import MemoryReplay
from gateway.identity.urls import OwnUrls
from gateway.proxy.drive import Incoming
from gateway.proxy.identify import Doorkeeper
from gateway.storage.proofs import SharedProofs


def held(made, token=None, checks=None, *, method="GET", target=TARGET, now=NOW, headers=None):
    token = token or bound()
    headers = (("DPoP", made),) if headers is None else headers
    return (checks or desk()).held(token, identified(token, RULES), headers, method, target, now)


def refusal(made, token=None, checks=None, **more):
    """Tell how a proof is refused, and that the words of it say nothing of the proof."""
    with pytest.raises(NotAuthenticated) as caught:
        held(made, token, checks, **more)
    assert "eyJ" not in str(caught.value)
    assert 'DPoP error="' in dict(caught.value.headers)["WWW-Authenticate"]
    return caught.value.refusal


SIGNERS = [("ES256", "ES256-holder"), ("EdDSA", "ed25519-h"), ("RS256", "rsa-h"), ("PS256", "rsa-h")]


@pytest.mark.parametrize(("alg", "name"), SIGNERS)
def test_whoever_holds_the_key_of_a_token_is_known(alg, name):
    token = bound(name)
    made = proof(token, name, alg)
    operator = held(made, token).operator
    assert (operator.holder, operator.authenticated) == ("attested", "jwt+dpop")
    assert ("dpop", hashlib.sha256(made.encode()).hexdigest()) in operator.evidence


def test_a_proof_that_another_library_made_is_understood():
    key = jose_jwk.generate_key("EC", "P-256")
    token = craft(cnf={"jkt": key.thumbprint()})
    said = {"jti": "x", "htm": "GET", "htu": URL + "/erp/api/orders", "iat": NOW_SECONDS}
    said["ath"] = b64(hashlib.sha256(token.encode()).digest())
    made = jose_jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}, said, key)
    assert held(made, token).operator.holder == "attested"


_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"
    "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM"
    "QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJ"
    "zKnqDKgw"
)


def test_thumbprints_are_those_of_rfc_7638():
    jwk = {
        "kty": "RSA",
        "n": _N,
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


TOKEN = bound()
_PRIVATE = private_key("ES256-holder").private_numbers().private_value.to_bytes(32)
BROKEN = {
    "another type": proof(TOKEN, header={"typ": "JWT"}),
    "no type": proof(TOKEN, header={"typ": None}),
    "alg none": proof(TOKEN, header={"alg": "none"}),
    "an algorithm that is not allowed": proof(TOKEN, header={"alg": "ES384"}),
    "an algorithm of another key": proof(TOKEN, header={"alg": "EdDSA"}),
    "no key": proof(TOKEN, header={"jwk": None}),
    "a private key": proof(TOKEN, header={"jwk": bare_jwk("ES256-holder", d=b64(_PRIVATE))}),
    "a symmetric key": proof(TOKEN, header={"jwk": {"kty": "oct", "k": b64(b"k" * 32)}}),
    "a key that is no object": proof(TOKEN, header={"jwk": "key"}),
    "a key off its curve": proof(TOKEN, header={"jwk": bare_jwk("ES256-holder", x=b64(b"\1" * 32))}),
    "another's key": proof(TOKEN, "ES256-thief"),
    "a key that did not sign": proof(TOKEN, "ES256-thief", header={"jwk": bare_jwk("ES256-holder")}),
    "critical extensions": proof(TOKEN, header={"crit": ["b64"], "b64": False}),
    "another method": proof(TOKEN, htm="POST"),
    "the method in another case": proof(TOKEN, htm="get"),
    "another host": proof(TOKEN, htu="https://evil.example.com/erp/api/orders"),
    "another path": proof(TOKEN, htu=URL + "/erp/api/order"),
    "another scheme": proof(TOKEN, htu="http://gateway.example.com/erp/api/orders"),
    "another port": proof(TOKEN, htu="https://gateway.example.com:8443/erp/api/orders"),
    "a name in the address": proof(TOKEN, htu="https://a@gateway.example.com/erp/api/orders"),
    "an address that is none": proof(TOKEN, htu="https://[::1/erp"),
    "an address that is no text": proof(TOKEN, htu=7),
    "too old": proof(TOKEN, iat=NOW_SECONDS - 66),
    "from the future": proof(TOKEN, iat=NOW_SECONDS + 6),
    "a time that is none": proof(TOKEN, iat="now"),
    "a time that is true": proof(TOKEN, iat=True),
    "a time beyond all": proof(TOKEN, iat=1e300),
    "no time": proof(TOKEN, drop=["iat"]),
    "no id": proof(TOKEN, drop=["jti"]),
    "an empty id": proof(TOKEN, jti=""),
    "a huge id": proof(TOKEN, jti="j" * 257),
    "no token's digest": proof(TOKEN, drop=["ath"]),
    "another token's digest": proof("another"),
    "no JWT": "proof",
    "four parts": proof(TOKEN) + ".x",
    "no signature": proof(TOKEN).rpartition(".")[0] + ".",
    "padding": proof(TOKEN) + "=",
    "huge": proof(TOKEN, filler="f" * 9000),
    "claims that are no object": ".".join([proof(TOKEN).split(".")[0], b64(b"[]"), "AA"]),
    "a claim twice": ".".join([proof(TOKEN).split(".")[0], b64(b'{"jti":"a","jti":"b"}'), "AA"]),
    "empty": "",
}


@pytest.mark.parametrize("made", BROKEN.values(), ids=BROKEN)
def test_a_broken_proof_is_refused(made):
    assert refusal(made, TOKEN) == "proof-invalid"


def test_a_signature_with_the_public_key_as_a_secret_does_not_count():
    public = private_key("ES256-holder").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, claims, _ = proof(TOKEN, header={"alg": "HS256"}).split(".")
    forged = b64(hmac.digest(pem, f"{head}.{claims}".encode(), "sha256"))
    assert refusal(f"{head}.{claims}.{forged}", TOKEN) == "proof-invalid"


MANY = [(), (("DPoP", proof(TOKEN)), ("dpop", proof(TOKEN, jti="2"))), (("DPoP", proof(TOKEN) + ", x"),)]


@pytest.mark.parametrize("headers", MANY)
def test_a_request_has_one_proof(headers):
    assert refusal("x", TOKEN, headers=headers) == "proof-invalid"


def test_a_token_that_is_bound_to_nothing_proves_nothing_by_a_proof():
    token = craft()
    assert refusal(proof(token), token) == "proof-invalid"


def test_a_proof_counts_once():
    checks = desk()
    assert held(proof(TOKEN), TOKEN, checks).operator.subject == "u-17"
    assert refusal(proof(TOKEN), TOKEN, checks) == "proof-replayed"
    assert refusal(proof(TOKEN, htu=URL + "/erp/api/orders#x"), TOKEN, checks) == "proof-replayed"  # by its id
    assert held(proof(TOKEN, jti="j-2"), TOKEN, checks).operator.subject == "u-17"


def test_who_is_refused_for_another_reason_uses_nothing_up():
    checks = desk()
    assert refusal(proof(TOKEN), TOKEN, checks, method="POST") == "proof-invalid"
    assert held(proof(TOKEN), TOKEN, checks).operator.holder == "attested"


def test_a_memory_that_is_full_takes_no_other_proof_until_old_ones_can_not_count():
    now = [NOW]
    checks = desk(clock=lambda: now[0], capacity=2)
    held(proof(TOKEN, jti="1"), TOKEN, checks)
    held(proof(TOKEN, jti="2"), TOKEN, checks)
    with pytest.raises(NotAuthenticated) as caught:
        held(proof(TOKEN, jti="3"), TOKEN, checks)
    assert caught.value.refusal == "proofs-unavailable"
    now[0] = NOW + 70 * SECOND
    late = proof(TOKEN, jti="3", iat=NOW_SECONDS + 70)
    assert held(late, TOKEN, checks, now=now[0]).operator.holder == "attested"


def test_the_clocks_may_differ_by_the_leeway_and_no_more():
    for iat, counts in ((-64, True), (-65, False), (5, True), (6, False)):
        made = proof(TOKEN, iat=NOW_SECONDS + iat)
        assert (held(made, TOKEN) is not None) if counts else refusal(made, TOKEN) == "proof-invalid", iat


def test_a_gateway_that_asks_for_a_nonce_gives_one():
    checks = desk(nonce=True)
    with pytest.raises(NotAuthenticated) as caught:
        held(proof(TOKEN), TOKEN, checks)
    told = dict(caught.value.headers)
    assert (caught.value.refusal, "use_dpop_nonce" in told["WWW-Authenticate"]) == ("nonce-needed", True)
    made = proof(TOKEN, nonce=told["DPoP-Nonce"])
    assert held(made, TOKEN, checks).operator.holder == "attested"
    for other in ("x", 7, told["DPoP-Nonce"] + "0"):
        assert refusal(proof(TOKEN, nonce=other), TOKEN, checks) == "nonce-needed"
    later = proof(TOKEN, nonce=told["DPoP-Nonce"], iat=NOW_SECONDS + 601)
    assert refusal(later, TOKEN, checks, now=NOW + 601 * SECOND) == "nonce-needed"


def test_addresses_are_compared_as_they_are_meant():
    urls = OwnUrls(["https://Gateway.Example.com:443/", "https://crm.example.com/data"])
    same = [
        ("https://GATEWAY.example.com/erp/%7Eann?x=1#y", "/erp/~ann?z"),
        ("https://crm.example.com/data/erp", "/erp"),
    ]
    same += [("https://gateway.example.com:443/a%2fb", "/a%2Fb"), ("https://gateway.example.com", "/")]
    other = [
        ("https://gateway.example.com/a%2Fb", "/a/b"),
        ("https://crm.example.com/erp", "/erp"),
        ("//gateway.example.com/", "/"),
    ]
    other += [("https://gateway.example.com/a/../erp", "/erp"), ("https://gateway.example.com/\nerp", "/erp")]
    assert all(urls.names(url, target) for url, target in same)
    assert not any(urls.names(url, target) for url, target in other)


@given(st.text(max_size=40))
def test_whatever_an_address_is_it_is_compared_or_refused(text):
    assert OwnUrls([URL]).names(text, "/" + text) in {True, False}


@given(st.integers(0, 400), st.integers(0, 5))
def test_no_bit_of_a_proof_can_be_changed(at, bit):
    made = proof(TOKEN, jti="flip")
    at %= len(made)
    changed = made[:at] + chr(ord(made[at]) ^ (1 << bit)) + made[at + 1 :]
    assert refusal(changed, TOKEN) == "proof-invalid"


def test_rules_that_would_let_secrets_sign_are_no_rules():
    for algorithms in (frozenset(), frozenset({"HS256"}), frozenset({"none"})):
        with pytest.raises(ValueError, match="algorithms"):
            DpopRules(algorithms)


def keeper(dpop, **more):
    async def tokens(token, _now):
        return identified(token, RULES)

    return Doorkeeper(clock=lambda: NOW, tokens=tokens, dpop=dpop, **more)


async def came(dpop, *headers, certificate=None, **more):
    """Tell how a request is taken: its operator's holder and method, or the refusal."""
    try:
        caller = await keeper(dpop, **more).identify(Incoming(headers, certificate, "GET", TARGET))
    except NotAuthenticated as error:
        return error.refusal
    return caller.operator.holder, caller.operator.authenticated


async def test_no_token_can_be_used_for_less_than_it_is():
    free = craft()
    by_holder = (("Authorization", f"DPoP {TOKEN}"), ("DPoP", proof(TOKEN)))
    assert await came(desk(), *by_holder) == ("attested", "jwt+dpop")
    assert await came(desk(), ("Authorization", f"Bearer {TOKEN}"), ("DPoP", proof(TOKEN))) == "identity-invalid"
    assert await came(desk(), ("Authorization", f"Bearer {TOKEN}")) == "identity-invalid"
    assert await came(desk(), ("Authorization", f"Bearer {free}")) == ("none", "jwt")
    assert await came(desk(), ("Authorization", f"Bearer {free}"), ("DPoP", proof(free))) == "identity-invalid"
    assert await came(desk(), ("Authorization", f"Bearer {free}"), ("dpop", "x")) == "identity-invalid"
    assert await came(desk(), ("Authorization", f"DPoP {TOKEN}")) == "proof-invalid"
    assert await came(desk(), ("Authorization", f"DPoP {free}"), ("DPoP", proof(free))) == "proof-invalid"
    assert await came(desk(), ("Authorization", "DPoP"), ("DPoP", proof(TOKEN))) == "identity-invalid"
    assert await came(desk(required=True), ("Authorization", f"Bearer {free}")) == "identity-invalid"
    assert await came(desk(required=True), *by_holder) == ("attested", "jwt+dpop")
    assert await came(None, *by_holder) == "identity-invalid"
    assert await came(None, ("Authorization", f"Bearer {TOKEN}")) == "identity-invalid"
    assert await came(desk(), ("X-Token", f"DPoP {TOKEN}"), ("DPoP", proof(TOKEN)), header="X-Token")


async def test_a_token_can_be_bound_to_a_certificate_that_names_no_system():
    der = certificate()
    bound_to = craft(cnf={"x5t#S256": b64(hashlib.sha256(der).digest())})
    sent = ("Authorization", f"Bearer {bound_to}")
    assert await came(desk(required=True), sent, certificate=der) == ("attested", "jwt+mtls")
    assert await came(None, sent, certificate=der) == ("attested", "jwt+mtls")
    assert await came(desk(), sent, certificate=certificate(common=("other",))) == "identity-invalid"
    assert await came(desk(), sent) == "identity-invalid"
    known = Certificates(CertificateRules(common_names={"crm-client": "crm"}))
    assert await came(desk(), sent, certificate=der, certificates=known) == ("attested", "jwt+mtls")
    both = craft(cnf={"x5t#S256": b64(hashlib.sha256(der).digest()), "jkt": thumbprint(bare_jwk("ES256-holder"))})
    made = (("Authorization", f"DPoP {both}"), ("DPoP", proof(both)))
    assert await came(desk(), *made, certificate=der) == ("attested", "jwt+mtls")
    assert await came(desk(), *made) == "identity-invalid"
    assert await came(desk(), ("Authorization", f"Bearer {both}"), certificate=der) == "identity-invalid"


def shared(tmp_path, now=None, **more):
    return SharedProofs(tmp_path / "proofs.sqlite", now or (lambda: NOW), **more)


def test_what_one_process_has_seen_every_other_has(tmp_path):
    one, other = shared(tmp_path), shared(tmp_path)
    assert not held(proof(TOKEN), TOKEN, desk(replay=one)).operator.device
    assert refusal(proof(TOKEN), TOKEN, desk(replay=other)) == "proof-replayed"
    one.close()
    again = shared(tmp_path)
    assert refusal(proof(TOKEN), TOKEN, desk(replay=again)) == "proof-replayed"
    other.close()
    again.close()


MEMORIES = [lambda path, now: MemoryReplay(now, 3), lambda path, now: shared(path, now, capacity=3)]


@pytest.mark.parametrize("make", MEMORIES)
def test_every_memory_forgets_what_can_not_count_any_more(tmp_path, make):
    now = [NOW]
    memory = make(tmp_path, lambda: now[0])
    assert [memory.seen(b"a", NOW + 5), memory.seen(b"a", NOW + 5), memory.seen(b"b", NOW + 9)] == [False, True, False]
    now[0] = NOW + 5
    assert [memory.seen(b"a", NOW + 20), memory.seen(b"a", NOW + 20), memory.seen(b"b", NOW + 9)] == [False, True, True]
    getattr(memory, "close", lambda: None)()


def test_a_file_that_is_full_or_broken_lets_no_proof_count(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.storage.proofs._EVERY", 1)
    memory = shared(tmp_path, capacity=2)
    memory.seen(b"a", NOW + 9)
    memory.seen(b"b", NOW + 9)
    with pytest.raises(NotAuthenticated) as caught:
        memory.seen(b"c", NOW + 9)
    assert caught.value.refusal == "proofs-unavailable"
    memory._file.connection.execute("DROP TABLE used")
    with pytest.raises(NotAuthenticated) as caught:
        memory.seen(b"d", NOW + 9)
    assert caught.value.refusal == "proofs-unavailable"
    memory.close()


def test_a_lock_that_is_held_is_waited_for_once_and_then_refuses_at_once(tmp_path):
    memory, holder = shared(tmp_path), shared(tmp_path)
    waits = []
    memory._file.connection.set_trace_callback(lambda text: waits.append(text) if "busy_timeout" in text else None)
    holder._file.connection.execute("BEGIN IMMEDIATE")
    for ask in (lambda: memory.seen(b"a", NOW + 9), lambda: memory.advance(b"id", 1, 0)):
        for _ in range(3):
            with pytest.raises(NotAuthenticated) as caught:
                ask()
            assert caught.value.refusal == "proofs-unavailable"
    assert waits == ["PRAGMA busy_timeout = 0"]
    holder._file.connection.execute("ROLLBACK")
    assert [memory.seen(b"a", NOW + 9), memory.seen(b"a", NOW + 9), memory.advance(b"id", 1, 0)] == [False, True, True]
    assert waits == ["PRAGMA busy_timeout = 0", "PRAGMA busy_timeout = 50"]
    memory.close()
    holder.close()


def test_a_counter_only_goes_up(tmp_path):
    memory = shared(tmp_path)
    moves = [(5, 0), (5, 0), (4, 0), (6, 7), (8, 7), (9, 0)]
    assert [memory.advance(b"id", count, least) for count, least in moves] == [True, False, False, False, True, True]
    other = shared(tmp_path)
    assert [other.advance(b"id", 9, 0), other.advance(b"id", 10, 0)] == [False, True]
    memory.close()
    other.close()


def test_the_header_of_a_proof_is_read_once(monkeypatch):
    checks = desk()
    held(proof(TOKEN, jti="1"), TOKEN, checks)
    monkeypatch.setattr("gateway.identity.dpop.read_public", None)
    assert held(proof(TOKEN, jti="2"), TOKEN, checks).operator.holder == "attested"
    assert len(checks._signers) == 1
