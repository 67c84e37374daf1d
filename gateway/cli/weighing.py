"""What checks the evidence that callers bring, wired: files of credentials, keys and anchors, read also at reloads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.attestation.chain import Anchors, read_anchors
from gateway.attestation.credentials import read_credentials
from gateway.attestation.device import DeviceRules, Devices
from gateway.attestation.eat import EatRules
from gateway.attestation.quote import TpmRules
from gateway.attestation.webauthn import Assertions
from gateway.config import Settings
from gateway.config.settings import AssertionSettings, DeviceSettings, EatSettings, TpmSettings
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.identity.jwks import KeySet, PublicKey, read_key_set
from gateway.identity.replay import Nonces
from gateway.identity.urls import OwnUrls
from gateway.proxy.evidence import Evidence
from gateway.storage.proofs import SharedProofs

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """Makes the checks. `proofs` is None where nothing that counts once is checked."""

    settings: Settings
    nonces: Nonces
    proofs: SharedProofs | None

    def read(self, evidence: Evidence) -> Callable[[], None]:
        """Read every file, and give what puts the checks in place. Raises `FaultyFiles`: nothing changes then."""
        assertions, device = self.settings.assertions, self.settings.device
        made = self._assertions(assertions) if assertions is not None else None
        devices = Devices(_devices(device), self.nonces) if device is not None else None

        def take() -> None:
            evidence.assertions, evidence.devices = made, devices
            evidence.assertion_header = assertions.header if assertions is not None else ""
            evidence.device_header = device.header if device is not None else ""

        return take

    def _assertions(self, told: AssertionSettings) -> Assertions:
        assert self.proofs is not None
        credentials = read_credentials(str(told.credentials), _bytes(told.credentials))
        return Assertions(told.rules, OwnUrls(self.settings.urls), credentials, self.proofs, self.proofs)


def _devices(told: DeviceSettings) -> DeviceRules:
    return DeviceRules(
        _eat(told.eat) if told.eat is not None else None,
        _tpm(told.tpm) if told.tpm is not None else None,
    )


def _eat(told: EatSettings) -> EatRules:
    keys = read_key_set(_bytes(told.keys), str(told.keys)) if told.keys is not None else KeySet()
    return EatRules(told.algorithms, keys, _anchors(told.anchors), told.profiles, told.age, told.leeway)


def _tpm(told: TpmSettings) -> TpmRules:
    keys = {name: _read(path, _public, "no public key in PEM") for name, path in told.keys.items()}
    return TpmRules(keys, _anchors(told.anchors), told.registers)


def _anchors(path: Path | None) -> Anchors:
    return Anchors(()) if path is None else _read(path, read_anchors, "no certificates in PEM")


def _public(pem: bytes) -> PublicKey:
    return load_pem_public_key(pem)  # type: ignore[return-value]  # a key of another kind fits no signature


def _read(path: Path, read: Callable[[bytes], T], complaint: str) -> T:
    data = _bytes(path)
    try:
        return read(data)
    except Exception:  # noqa: BLE001 - what libraries raise for foreign bytes is their affair
        raise FaultyFiles([Problem(Place(str(path), 1, 1), complaint, code=Fault.BAD_ANCHOR)]) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        place, message = Place(str(path), 1, 1), f"can't be read: {error.strerror}"
        raise FaultyFiles([Problem(place, message, code=Fault.UNREADABLE)]) from None
