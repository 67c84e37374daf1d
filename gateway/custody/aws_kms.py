"""AWS KMS: `Encrypt` and `Decrypt` with a symmetric key, bound to an encryption context.

botocore finds the credentials and signs (Signature Version 4); the calls are our own, because botocore's bound neither
the size of an answer nor the time that a call takes as a whole, and its log has whole answers in it.
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from threading import Lock
from typing import Any, TypeVar

import msgspec

from gateway.custody.calls import Answer, Calls
from gateway.custody.provider import Wrapped
from gateway.custody.services import KmsSettings
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable

_OK = 200
_MOST = 6144  # KMS: a CiphertextBlob has 6144 bytes at most
_GONE = frozenset(
    {
        "AccessDeniedException", "DisabledException", "IncorrectKeyException", "InvalidCiphertextException",
        "InvalidKeyUsageException", "KMSInvalidStateException", "NotFoundException",
    }
)  # fmt: skip
"""Answers that are a no. All others (throttling, credentials that ran out, its own errors) may be another one later."""


class _Sealed(msgspec.Struct, frozen=True):
    CiphertextBlob: str
    KeyId: str


class _Opened(msgspec.Struct, frozen=True):
    Plaintext: str
    KeyId: str


D = TypeVar("D", _Sealed, _Opened)


class _Fault(msgspec.Struct, frozen=True):
    type: str = msgspec.field(name="__type")


class Kms:
    """Seals and opens with keys of KMS."""

    def __init__(self, settings: KmsSettings, seconds: float) -> None:
        """Prepare; nothing is asked yet. Raises `FaultyCustody` where botocore is absent, or knows no such profile."""
        self._settings = settings
        _, partition, _, self._region, *_ = settings.key.split(":")
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        self._url = settings.endpoint or f"https://kms.{self._region}.{domain}"
        self._session = _session(settings.profile, seconds)
        self._calls = Calls(seconds)
        self._lock = Lock()
        self._credentials: Any = None

    def current(self) -> str:
        """Name the key; KMS keeps its versions to itself."""
        return self._settings.key

    def seal(self, data: bytearray, context: bytes) -> Wrapped:
        """Let KMS encrypt."""
        asked = {
            "KeyId": self._settings.key,
            "Plaintext": b64encode(data).decode(),
            "EncryptionContext": _context(context),
        }
        told = self._asked("Encrypt", asked, _Sealed)
        sealed = _bytes(told.CiphertextBlob)
        if told.KeyId != self._settings.key or not 0 < len(sealed) <= _MOST:
            raise KeysUnavailable("answered wrongly")
        return Wrapped(told.KeyId, sealed)

    def open(self, sealed: Wrapped, context: bytes) -> bytearray:
        """Let KMS decrypt, with the one key that is named: whatever the store says, no other one is asked."""
        if sealed.kek not in {self._settings.key, *self._settings.older}:
            raise KeysUnavailable("a customer's key needs a key of KMS that the configuration does not name")
        asked = {
            "KeyId": sealed.kek,
            "CiphertextBlob": b64encode(sealed.data).decode(),
            "EncryptionContext": _context(context),
        }
        told = self._asked("Decrypt", asked, _Opened)
        if told.KeyId != sealed.kek:
            raise KeysUnavailable("answered wrongly")
        return bytearray(_bytes(told.Plaintext))

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()

    def _asked(self, action: str, asked: Mapping[str, object], kind: type[D]) -> D:
        """Ask, and read the answer as what it should be."""
        body = msgspec.json.encode(asked)
        answer = self._calls.post(self._url + "/", self._signed(action, body), body)
        if answer.status != _OK:
            raise _refused(answer)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, ValueError):
            raise KeysUnavailable("answered wrongly") from None

    def _signed(self, action: str, body: bytes) -> dict[str, str]:
        """Give the headers of a call, signed. Raises `KeysUnavailable` where there are no credentials now."""
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - an extra
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - an extra

        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"TrentService.{action}"}
        request = AWSRequest(method="POST", url=self._url + "/", data=body, headers=headers)
        found = self._found()
        if found is None:
            raise KeysUnavailable("no credentials of AWS are found")
        SigV4Auth(found, "kms", self._region).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}

    def _found(self) -> Any:
        """Give the credentials as they are now; None where there are none. They are fetched anew in time."""
        try:
            with self._lock:
                if self._credentials is None:
                    self._credentials = self._session.get_credentials()
                return None if self._credentials is None else self._credentials.get_frozen_credentials()
        except Exception:  # noqa: BLE001 - botocore raises whatever its sources of credentials do
            raise KeysUnavailable("the credentials of AWS can't be had") from None


def _session(profile: str, seconds: float) -> Any:
    """Give botocore's session: it finds credentials, within bounds, and says nothing. Raises `FaultyCustody`."""
    try:
        from botocore.config import Config  # noqa: PLC0415 - an extra
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra
        from botocore.session import Session as New  # noqa: PLC0415 - an extra
    except ImportError:
        raise FaultyCustody("keys in AWS KMS need a package: pip install 'sovgate[aws]'") from None
    _hush()
    session = New(profile=profile or None)
    try:
        session.full_config  # noqa: B018 - reads the files
        if profile:
            session.get_scoped_config()
    except BotoCoreError:
        raise FaultyCustody(f'the AWS configuration files can\'t be read, or have no profile "{profile}"') from None
    session.set_default_client_config(
        Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
    )
    return session


def _hush() -> None:
    """Let botocore log nothing, whatever level others set: it would write credentials and what it signs."""
    for name in ("botocore", "urllib3"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())


def _context(context: bytes) -> dict[str, str]:
    """Give the encryption context. AWS logs it in clear, so it must say nothing: a customer's handle doesn't."""
    return {"sovgate": context.decode("ascii")}


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise KeysUnavailable("answered wrongly") from None


def _refused(answer: Answer) -> KeysUnavailable:
    """Tell whether a refusal is for good. The service's own words aren't passed on."""
    try:
        told = msgspec.json.decode(answer.body, type=_Fault).type.rpartition("#")[2]
    except (msgspec.DecodeError, ValueError):
        return KeysUnavailable(f"answered {answer.status}, and not as KMS would")
    if told in _GONE:
        return KeyGone(f"its key is gone, or disabled, or may not be used, or never wrapped this ({told})")
    return KeysUnavailable(f"answered {answer.status}")
