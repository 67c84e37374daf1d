"""Sealed values: for the customer alone. They are made here; nothing here can open them.

Two forms. HPKE (RFC 9180: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM), as

    sl_handle.version.context.base64url(enc || ciphertext)

with everything before the last dot as `info` and no `aad`. And for who has a JOSE library only: compact JWE (RFC 7516)
with `ECDH-ES` (RFC 7518 section 4.6) on X25519 (RFC 8037) or P-256, and `A256GCM`.
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from gateway.crypto import b64url, b64url_decode
from gateway.tokens import jwe, public
from gateway.tokens.keyset import PublicKey
from gateway.tokens.kid import PATTERN, Kid

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

START_HPKE = "sl_"
_HEADER = '{"alg":"ECDH-ES","enc":"A256GCM","cty":"json","kid":"'
START_JWE = b64url(_HEADER[:51].encode()).decode()
"""How every sealed JWE begins: 68 characters."""

_HPKE = re.compile(rf"sl_({PATTERN})\.([\w-]+)", re.ASCII)
_LEAST = 32 + 16  # bytes of an encapsulated key and of a tag
_COORDINATE = r'"[A-Za-z0-9_-]{43}"'
_X25519 = rf'"crv":"X25519","kty":"OKP","x":{_COORDINATE}'
_P256 = rf'"crv":"P-256","kty":"EC","x":{_COORDINATE},"y":{_COORDINATE}'
_BOUND = r'"[A-Za-z0-9_-]{22}"'
_REST = rf'({PATTERN})","apu":{_BOUND},"apv":{_BOUND},"epk":{{(?:{_X25519}|{_P256})}}}}'
_READ_HEADER = re.compile(f"{re.escape(_HEADER)}{_REST}".encode())
_LONGEST_HEAD = 512
_BITS = 256


def hpke(key: X25519PublicKey, kid: Kid, text: str) -> str:
    """Seal a text with HPKE; the randomness is the library's."""
    info = f"{START_HPKE}{kid}"
    return f"{info}.{b64url(SUITE.encrypt(_utf8(text), key, info=info.encode())).decode()}"


def ecdh_es(key: PublicKey, kid: Kid, text: str) -> str:
    """Seal a text as a JWE; the randomness is the library's.

    `apu` is the customer's handle, `apv` the context: so the key that is agreed on is for this context alone.
    """
    if isinstance(key, X25519PublicKey):
        x25519 = X25519PrivateKey.generate()
        secret, ephemeral = x25519.exchange(key), public.members(x25519.public_key())
    else:
        p256 = generate_private_key(SECP256R1())
        secret, ephemeral = p256.exchange(ECDH(), key), public.members(p256.public_key())
    apu, apv = kid.handle.encode(), kid.context.encode()
    epk = ",".join(f'"{name}":"{value}"' for name, value in ephemeral.items())
    header = f'{_HEADER}{kid}","apu":"{_text(apu)}","apv":"{_text(apv)}","epk":{{{epk}}}}}'
    cipher = AESGCM(agreed(secret, b"A256GCM", apu, apv, _BITS))
    return jwe.make(cipher, _text(header.encode()), bytes(12), text)  # one nonce: the key is for this text alone


def agreed(secret: bytes, algorithm: bytes, apu: bytes, apv: bytes, bits: int) -> bytes:
    """Derive the key that two parties agree on: the Concat KDF as RFC 7518 section 4.6.2 fills it in."""
    parts = b"".join(len(part).to_bytes(4) + part for part in (algorithm, apu, apv))
    return ConcatKDFHash(SHA256(), bits // 8, otherinfo=parts + bits.to_bytes(4)).derive(secret)


def is_whole(text: str) -> bool:
    """Tell whether a text has the form of a sealed value from end to end."""
    if text.startswith(START_HPKE):
        found = _HPKE.fullmatch(text)
        try:
            return found is not None and len(b64url_decode(found[5].encode())) >= _LEAST
        except ValueError:
            return False
    return text.startswith(START_JWE) and kid_of(text) is not None and jwe.has_parts(text)


def kid_of(text: str) -> Kid | None:
    """Give the key that a sealed value names; None unless its beginning is one of ours. Proves nothing."""
    if text.startswith(START_HPKE):
        return Kid.read(text[len(START_HPKE) :].rpartition(".")[0])
    if not text.startswith(START_JWE):
        return None
    try:
        found = _READ_HEADER.fullmatch(b64url_decode(text[:_LONGEST_HEAD].partition(".")[0].encode()))
    except ValueError:
        return None
    return None if found is None else Kid.read(found[1].decode())


def _text(data: bytes) -> str:
    return b64url(data).decode()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
