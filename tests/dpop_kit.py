"""Proofs of possession made by hand, so that a test can break any part of them."""

from __future__ import annotations

import base64
import hashlib
import json

from crafted_tokens import NOW, NOW_SECONDS, b64, craft, key_set, public_jwk, sign

from gateway.identity.dpop import Dpop, DpopRules, thumbprint
from gateway.identity.jwt import verify
from gateway.identity.replay import MemoryReplay, Nonces
from gateway.identity.urls import OwnUrls

URL = "https://gateway.example.com"
TARGET = "/erp/api/orders?$top=5"
ALGORITHMS = frozenset({"ES256", "EdDSA", "RS256", "PS256"})


def bare_jwk(name, **members):
    """A public key as a proof carries it."""
    return {key: value for key, value in public_jwk(name).items() if key != "kid"} | members


def ath(token):
    return b64(hashlib.sha256(token.encode()).digest())


def proof(token, name="ES256-holder", alg="ES256", *, header=None, drop=(), **claims):
    head = {"typ": "dpop+jwt", "alg": alg, "jwk": bare_jwk(name)} | (header or {})
    head = {key: value for key, value in head.items() if value is not None}
    said = {"jti": "j-1", "htm": "GET", "htu": URL + "/erp/api/orders", "iat": NOW_SECONDS, "ath": ath(token)} | claims
    said = {key: value for key, value in said.items() if key not in drop}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
    return f"{signed}.{b64(sign(alg, name, signed.encode()))}"


def bound(name="ES256-holder", **claims):
    """An access token that is bound to a key."""
    return craft(cnf={"jkt": thumbprint(bare_jwk(name))}, **claims)


def identified(token, rules):
    return verify(token, key_set("ed25519"), rules, NOW)


def desk(*, clock=lambda: NOW, capacity=1000, replay=None, **rules):
    """What checks proofs, with a memory and a clock of the test's."""
    rules = DpopRules(**{"algorithms": ALGORITHMS} | rules)
    return Dpop(rules, OwnUrls([URL]), replay or MemoryReplay(clock, capacity), Nonces(b"n" * 32))


def padded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
