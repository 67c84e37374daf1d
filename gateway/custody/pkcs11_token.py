"""An AES key in a PKCS#11 token: a hardware security module, or SoftHSM. The key never leaves it.

The token encrypts with AES-GCM (`CKM_AES_GCM`) and a random nonce. The key is looked for at each call, so that one that
was destroyed is gone at the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from gateway.custody import wrapping
from gateway.custody.pkcs11_library import Library, library
from gateway.custody.provider import Wrapped
from gateway.custody.services import Pkcs11Settings
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable

T = TypeVar("T")

_NONCE, _TAG = 12, 16
_LENGTH = _NONCE + wrapping.KEY + _TAG
_BOUND = b"sovgate/pkcs11/1|"
_PIN = "the token doesn't take the PIN, and isn't asked again with it"  # a few wrong ones lock a token


class Token:
    """Seals and opens with a key in a token."""

    def __init__(self, settings: Pkcs11Settings, seconds: float, random: Callable[[int], bytes]) -> None:
        """Load the library; the token isn't asked yet. Raises `FaultyCustody`."""
        self._settings = settings
        self._seconds = seconds
        self._random = random
        self._library: Library = library(settings.library, seconds)
        self._refused: str | None = None  # a PIN that the token doesn't take

    def current(self) -> str:
        """Name the key; it must be there."""
        return self._asked(self._settings.key, lambda _: self._settings.key)

    def seal(self, data: bytearray, context: bytes) -> Wrapped:
        """Let the token encrypt."""
        nonce = self._random(_NONCE)
        sealed = self._asked(self._settings.key, lambda key: _encrypt(key, bytes(data), nonce, context))
        if len(sealed) != wrapping.KEY + _TAG:
            raise KeysUnavailable("answered wrongly")
        return Wrapped(self._settings.key, nonce + sealed)

    def open(self, sealed: Wrapped, context: bytes) -> bytearray:
        """Let the token decrypt."""
        if sealed.kek not in {self._settings.key, *self._settings.older}:
            raise KeysUnavailable("a customer's key needs a key of the token that the configuration does not name")
        if len(sealed.data) != _LENGTH:
            raise KeyGone("a wrapped key was changed, or belongs to something else")
        nonce, data = sealed.data[:_NONCE], sealed.data[_NONCE:]
        return bytearray(self._asked(sealed.kek, lambda key: self._opened(key, data, nonce, context)))

    def close(self) -> None:
        """Close the session; others with the same token open theirs anew."""
        try:
            self._library.run(lambda: self._library.forget(self._settings.token), self._seconds)
        except KeysUnavailable:
            return

    def _asked(self, label: str, ask: Callable[[Any], T]) -> T:
        """Do something with a key, on the library's thread."""
        return self._library.run(lambda: self._tried(label, ask), self._seconds)

    def _tried(self, label: str, ask: Callable[[Any], T]) -> T:
        """Try, and once more with a new session, and once more with the library begun anew.

        A session may have ended, with its token or without; some libraries see a token that was put back only then.
        """
        import pkcs11  # noqa: PLC0415 - an extra

        for mend in (self._forget, self._library.begin_anew, None):
            try:
                return ask(self._key(label))
            except pkcs11.PKCS11Error as error:  # not kept: it holds a search that has to end before its session
                meant, answered = _meant(error), isinstance(error, pkcs11.NoSuchKey | pkcs11.MultipleObjectsReturned)
            if mend is None or (answered and mend != self._forget):
                break
            with suppress(pkcs11.PKCS11Error):  # what can't be mended fails again
                mend()
        raise meant

    def _forget(self) -> None:
        self._library.forget(self._settings.token)

    def _key(self, label: str) -> Any:
        """Find the key. Raises what python-pkcs11 does."""
        import pkcs11  # noqa: PLC0415 - an extra

        try:
            pin = self._settings.pin.read()
        except FaultyCustody:
            raise KeysUnavailable("the file of its PIN can't be used") from None
        if pin == self._refused:
            raise KeysUnavailable(_PIN)
        try:
            session = self._library.session(self._settings.token, pin)
        except _pins():
            self._refused = pin
            raise KeysUnavailable(_PIN) from None
        asked = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY, pkcs11.Attribute.LABEL: label}
        found = list(session.get_objects(asked))
        if len(found) != 1:
            raise pkcs11.MultipleObjectsReturned if found else pkcs11.NoSuchKey
        return found[0]

    def _opened(self, key: Any, data: bytes, nonce: bytes, context: bytes) -> bytes:
        """Decrypt. Tokens say all sorts of things of what doesn't fit: one that can do it otherwise has meant that."""
        import pkcs11  # noqa: PLC0415 - an extra

        try:
            return _decrypt(key, data, nonce, context)
        except (pkcs11.PKCS11Error, ValueError):
            nonce = self._random(_NONCE)
            if _decrypt(key, _encrypt(key, bytes(wrapping.KEY), nonce, context), nonce, context) == bytes(wrapping.KEY):
                raise KeyGone("a wrapped key was changed, or belongs to something else") from None
            raise


def _meant(error: Exception) -> KeysUnavailable:
    """Say in our words what the token says in its own."""
    import pkcs11  # noqa: PLC0415 - an extra

    if isinstance(error, pkcs11.NoSuchKey):
        return KeyGone("its key is gone")
    if isinstance(error, pkcs11.MultipleObjectsReturned):
        return KeysUnavailable("has several keys of that label")
    if isinstance(error, pkcs11.NoSuchToken | pkcs11.TokenNotPresent | pkcs11.DeviceRemoved):
        return KeysUnavailable("the token isn't there")
    return KeysUnavailable(f"the token failed: {type(error).__name__}")


def _pins() -> tuple[type[Exception], ...]:
    """Give what tokens say of a PIN that they don't take."""
    import pkcs11  # noqa: PLC0415 - an extra

    return pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinExpired, pkcs11.PinLocked


def _encrypt(key: Any, data: bytes, nonce: bytes, context: bytes) -> bytes:
    return _done(key, "encrypt", data, nonce, context)


def _decrypt(key: Any, data: bytes, nonce: bytes, context: bytes) -> bytes:
    return _done(key, "decrypt", data, nonce, context)


def _done(key: Any, what: str, data: bytes, nonce: bytes, context: bytes) -> bytes:
    """Let the token do it. Raises what python-pkcs11 does; `KeyGone` where the key isn't for that (any more)."""
    import pkcs11  # noqa: PLC0415 - an extra

    do = getattr(key, what, None)  # python-pkcs11 gives a key the methods that its attributes allow
    if do is None:
        raise KeyGone("its key may not be used any more")
    how = pkcs11.GCMParams(nonce, _BOUND + context, _TAG * 8)
    return bytes(do(data, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=how))
