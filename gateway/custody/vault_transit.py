"""The transit engine of Vault or OpenBao: the server wraps, its keys stay with it.

What the server calls `context` derives a key of its own for each customer where its key was made with `derived`, and
is passed over otherwise. The gateway needs `update` on `encrypt/KEY` and `decrypt/KEY`, and must not have `create`:
with that the server would make a deleted key anew.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TypeVar

import msgspec

from gateway.custody.calls import Answer, Calls
from gateway.custody.provider import Wrapped
from gateway.custody.services import TransitSettings
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable

_OK, _BAD, _DENIED, _ABSENT = 200, 400, 403, 404
_GONE = re.compile(
    r"not found|deleted|too old|invalid ciphertext|unable to decrypt|could not decrypt|authentication failed"
)
_LATER = re.compile(r"too new")  # asked of a server that lags behind
_CIPHERTEXT = re.compile(r"[^:\s]{1,32}:v([0-9]{1,9}):[A-Za-z0-9+/=]+")
_MOST = 15_000


class _Encrypted(msgspec.Struct, frozen=True):
    ciphertext: str


class _Decrypted(msgspec.Struct, frozen=True):
    plaintext: str


D = TypeVar("D", _Encrypted, _Decrypted)


class _Errors(msgspec.Struct, frozen=True):
    errors: tuple[str, ...]


class Transit:
    """Seals and opens with keys of the transit engine."""

    def __init__(self, settings: TransitSettings, seconds: float) -> None:
        """Prepare; nothing is asked yet. Raises `FaultyCustody` where the authority's certificate can't be used."""
        self._settings = settings
        self._calls = Calls(seconds, settings.ca)

    def current(self) -> str:
        """Name the key and its newest version, as the server shows it on a value that means nothing."""
        return self.seal(bytearray(32), b"sovgate/current/1").kek

    def seal(self, data: bytearray, context: bytes) -> Wrapped:
        """Let the server encrypt."""
        asked = {"plaintext": b64encode(data).decode(), "context": b64encode(context).decode()}
        told = self._asked(f"encrypt/{self._settings.key}", asked, _Encrypted).ciphertext
        found = _CIPHERTEXT.fullmatch(told)
        if found is None or len(told) > _MOST:
            raise KeysUnavailable("answered wrongly")
        return Wrapped(f"{self._settings.key}:{found[1]}", told.encode())

    def open(self, sealed: Wrapped, context: bytes) -> bytearray:
        """Let the server decrypt."""
        key = sealed.kek.partition(":")[0]
        if key not in {self._settings.key, *self._settings.older}:
            raise KeysUnavailable("a customer's key needs a key of the server that the configuration does not name")
        try:
            ciphertext = sealed.data.decode("ascii")
        except UnicodeDecodeError:
            raise KeyGone("a wrapped key was changed, or belongs to something else") from None
        asked = {"ciphertext": ciphertext, "context": b64encode(context).decode()}
        told = self._asked(f"decrypt/{key}", asked, _Decrypted).plaintext
        try:
            return bytearray(b64decode(told, validate=True))
        except (NotBase64, ValueError):
            raise KeysUnavailable("answered wrongly") from None

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()

    def _asked(self, path: str, asked: dict[str, str], kind: type[D]) -> D:
        """Ask, and read the answer as what it should be."""
        url = f"{self._settings.url}/v1/{self._settings.mount}/{path}"
        answer = self._calls.post(url, self._headers(), msgspec.json.encode(asked))
        if answer.status != _OK:
            raise self._refused(answer)
        try:
            return msgspec.convert(msgspec.json.decode(answer.body)["data"], kind)
        except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError, ValueError):
            raise KeysUnavailable("answered wrongly") from None

    def _refused(self, answer: Answer) -> KeysUnavailable:
        """Tell whether a refusal is for good. The server's own words aren't passed on."""
        try:
            told = " ".join(msgspec.json.decode(answer.body, type=_Errors).errors)
        except (msgspec.DecodeError, ValueError):
            return KeysUnavailable(f"answered {answer.status}, and not as the server would")
        if answer.status == _BAD and _GONE.search(told) and not _LATER.search(told):
            return KeyGone("its key is gone, or disabled, or never wrapped this")
        if answer.status == _ABSENT:
            return KeyGone("there is no transit engine any more where its key was")
        if answer.status == _DENIED:
            return self._denied()
        return KeysUnavailable(f"answered {answer.status}")

    def _denied(self) -> KeysUnavailable:
        """Tell a key that was taken from us from a token that has run out: the server says 403 to both."""
        mine = self._calls.get(f"{self._settings.url}/v1/auth/token/lookup-self", self._headers())
        if mine.status == _OK:
            return KeyGone("its key may not be used any more")
        return KeysUnavailable("the gateway's token isn't accepted")

    def _headers(self) -> dict[str, str]:
        """Say who asks; the token's file is read anew, since whatever keeps it fresh writes it there."""
        try:
            token = self._settings.token.read()
        except FaultyCustody:
            raise KeysUnavailable("the file of its token can't be used") from None
        if not token.isascii() or not token.isprintable():
            raise KeysUnavailable("its token is none")
        headers = {"X-Vault-Token": token, "X-Vault-Request": "true", "Content-Type": "application/json"}
        if self._settings.namespace:
            headers["X-Vault-Namespace"] = self._settings.namespace
        return headers
