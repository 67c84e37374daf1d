"""Where keys can be wrapped beside the file: what each kind of service has to be told, frozen.

Nothing here is a secret: secrets are named by where they stand, and read when they are needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import FaultyCustody

_LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret stands: a file that is read whenever it is needed, or a value from the environment."""

    file: Path | None = None
    value: str = field(default="", repr=False)

    def read(self) -> str:
        """Give the secret, without line feeds at its end. Raises `FaultyCustody`."""
        if self.file is None:
            return self.value
        try:
            with self.file.open(encoding="utf-8") as opened:
                text = opened.read(_LONGEST + 1).strip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise FaultyCustody(f"{self.file}: can't be read") from None
        if not text or len(text) > _LONGEST or not text.isprintable():
            raise FaultyCustody(f"{self.file}: empty, or no secret")
        return text


@dataclass(frozen=True, slots=True)
class Pkcs11Settings:
    """An AES key in a token: the `library` that speaks for it, the labels of `token` and `key`.

    `older` are labels of keys in the same token that unwrap what they wrapped.
    """

    library: Path
    token: str
    key: str
    pin: SecretSource
    older: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KmsSettings:
    """A symmetric key of AWS KMS by its ARN. `older` are ARNs of keys that unwrap what they wrapped.

    `endpoint` is where the service is reached if not where the ARN says (a VPC endpoint); `profile` names a profile of
    the AWS configuration files if not the usual chain of credentials.
    """

    key: str
    older: tuple[str, ...] = ()
    endpoint: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class TransitSettings:
    """A key of the transit engine of Vault or OpenBao. `older` are names of keys that unwrap what they wrapped.

    `url` is the server's address, `mount` where the engine is, `namespace` the namespace if there are some, `ca` who
    issued the server's certificate if not an authority that the machine trusts.
    """

    url: str
    key: str
    token: SecretSource
    older: tuple[str, ...] = ()
    mount: str = "transit"
    namespace: str = ""
    ca: Path | None = None


ServiceSettings = Pkcs11Settings | KmsSettings | TransitSettings
