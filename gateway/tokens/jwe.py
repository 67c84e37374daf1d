"""Encrypted values: compact JWE (RFC 7516 section 7.1), `dir` and `A256GCM` (RFC 7518 sections 4.5, 5.3).

There is one header, with the members in one order, and of it a token may say the `kid` alone. So nothing in a token
chooses an algorithm, and whatever isn't exactly as it would be made here is no token.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.crypto import b64url, b64url_decode
from gateway.tokens.kid import PATTERN, Kid

_HEADER = '{"alg":"dir","enc":"A256GCM","cty":"json","kid":"%s"}'
_READ_HEADER = re.compile(_HEADER.replace("{", r"\{").replace("%s", f"({PATTERN})").encode())

START = b64url(_HEADER[:48].encode()).decode()
"""How every token begins: 64 characters, the header as far as it is the same for all."""

_LONGEST_HEAD = 128
_PARTS = re.compile(r"\.\.[\w-]{16}\.[\w-]*\.[\w-]{21}[AQgw]", re.ASCII)  # 16 bytes leave four last letters
_LAST: tuple[str | None, ...] = (None, "", "AQgw", "AEIMQUYcgkosw048")
"""The letters that may end base64url, by its length modulo 4 (None: any): others would write the same bytes again."""

_PADDING = (b"", b"", b"==", b"=")
_TAG, _TAG_LETTERS = 16, 22
_AROUND = 2 + 16 + 1 + 1 + _TAG_LETTERS  # what stands around the ciphertext: dots, nonce, tag
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def head(kid: Kid) -> str:
    """Give a token's first part."""
    return b64url((_HEADER % kid).encode()).decode()


def kid_of(token: str) -> Kid | None:
    """Give the key that a token names; None unless its header is one of ours. Proves nothing."""
    first = token[:_LONGEST_HEAD].partition(".")[0]
    try:
        found = _READ_HEADER.fullmatch(b64url_decode(first.encode()))
    except ValueError:
        return None
    return None if found is None else Kid.read(found[1].decode())


def is_whole(token: str) -> bool:
    """Tell whether a token has the form of ours from end to end. Proves nothing."""
    return kid_of(token) is not None and has_parts(token)


def has_parts(token: str) -> bool:
    """Tell whether an empty key, a nonce, a ciphertext and a tag follow a token's header."""
    return _follows(token, token.find("."))


def make(cipher: AESGCM, first: str, nonce: bytes, text: str) -> str:
    """Encrypt a text. `first` is `head`'s; `nonce`, 12 bytes, must never have been used with this key.

    Half a surrogate pair, which UTF-8 can't write, becomes its escape: in JSON's texts it means the same.
    """
    sealed = cipher.encrypt(nonce, text.encode("utf-8", "backslashreplace"), first.encode())
    # `b64url` for all parts at once: this runs for every value. Dots are no base64 and stay.
    parts = b".".join((b".", b2a_base64(nonce), b2a_base64(sealed[:-_TAG]), b2a_base64(sealed[-_TAG:])))
    return first + parts.translate(_URL_SAFE, b"=\n").decode()


def open_with(cipher: AESGCM, first: str, token: str) -> str | None:
    """Decrypt a token that begins with `first`, `head`'s for this key and context; None unless everything is right."""
    if not token.startswith(first) or not _follows(token, len(first)):
        return None
    parts = token[len(first) :].encode().translate(_STANDARD)
    body, tag = parts[19:-23], parts[-22:]
    sealed = a2b_base64(body + _PADDING[len(body) % 4]) + a2b_base64(tag + b"==")
    try:
        return cipher.decrypt(a2b_base64(parts[2:18]), sealed, first.encode()).decode()
    except (InvalidTag, UnicodeDecodeError):  # the customer, who has the key, can encrypt what is no text
        return None


def _follows(token: str, at: int) -> bool:
    """Tell whether nonce, ciphertext and tag stand after the header, each in base64url's only form of it."""
    if _PARTS.fullmatch(token, at) is None:
        return False
    last = _LAST[(len(token) - at - _AROUND) % 4]
    return last is None or token[-_TAG_LETTERS - 2] in last
