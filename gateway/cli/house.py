"""The parts that several verbs open: keys, passports, policies, the log. Wired here, and nowhere else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway import __version__
from gateway.audit.entry import Entry
from gateway.audit.pseudonym import Pseudonyms
from gateway.cli.naming import within
from gateway.config import Settings
from gateway.config.key_providers import FILE
from gateway.crypto import JwsSigner
from gateway.custody.aws_kms import Kms
from gateway.custody.file_provider import FileProvider
from gateway.custody.keeper import Keeper
from gateway.custody.opening import NoCustody, open_keeper
from gateway.custody.outside import OutsideProvider, Service, Watch
from gateway.custody.pkcs11_token import Token
from gateway.custody.provider import Provider
from gateway.custody.services import KmsSettings, Pkcs11Settings, ServiceSettings, TransitSettings
from gateway.custody.vault_transit import Transit
from gateway.errors import FaultyFiles, NotRecorded
from gateway.flow import CustomerFacts
from gateway.policy.keyed import VARIABLE, unprotected
from gateway.policy.load import load
from gateway.policy.model import PolicySet
from gateway.storage.folder import Folder
from gateway.storage.journal import Journal, LogSettings
from gateway.storage.keyring import Keyring
from gateway.storage.passports import Passports
from gateway.storage.policy_folder import read_folder
from gateway.storage.public_keys import EverUsed, PublicKeys

AUDIT, CUSTODY, KEYS, PASSPORTS = "audit", "custody", "keys", "passports.sqlite"
"""Names below the state folder."""

AUDIT_PATIENCE = 10.0
"""Seconds that the log may say nothing while entries wait."""


@dataclass(frozen=True, slots=True)
class GateKeys:
    """The gateway's own keys, and the pseudonyms that are made with them."""

    keyring: Keyring
    pseudonyms: Pseudonyms


@dataclass(frozen=True, slots=True)
class PassportFacts:
    """The facts port of the gate over the passports' file."""

    passports: Passports

    async def __call__(self, customers: Iterable[str], now: int, /) -> Mapping[str | None, CustomerFacts]:
        """Look customers up; what is warm costs no I/O."""
        return self.passports.facts(customers, now)


def served_log(settings: Settings) -> Path | None:
    """Give the folder of the log whose public part is served; None where it is not to be."""
    return settings.state / AUDIT if settings.audit.serve else None


def open_keys(settings: Settings) -> GateKeys:
    """Open the keyring, or make it at the first start, when there is no log yet. Raises `FaultyKeyring`."""
    begun = Folder(settings.state / AUDIT).read("log.vkey") is not None
    keyring = Keyring.open(settings.state / KEYS, random=secrets.token_bytes, make=not begun)
    return GateKeys(keyring, Pseudonyms(keyring.pseudonyms))


def open_passports(settings: Settings, policies: PolicySet, keys: GateKeys) -> Passports:
    """Open the passports' file, or make it. Raises `FactsUnavailable`."""
    ever = EverUsed(settings.state / AUDIT)
    return Passports(settings.state / PASSPORTS, JwsSigner.of(keys.keyring.entries), policies.consents, older_keys=ever)


def open_custody(settings: Settings, policies: PolicySet, watch: Watch | None = None) -> Keeper | NoCustody:
    """Open customers' keys. Raises `FaultyCustody`; `FaultyFiles` where policies need some and nothing protects them.

    `watch` is told of each call to a provider that is somewhere else.
    """
    providers = open_providers(settings, watch)
    if not providers:
        demand_keys(policies)
        return NoCustody()
    return open_keeper(settings.state / CUSTODY, providers, settings.keys.custody, now)


def demand_keys(policies: PolicySet) -> None:
    """Raise `FaultyFiles` for rules that need customers' keys, where none are kept."""
    told = unprotected(policies, f"set {VARIABLE}, or `keys: {{passphrase: ...}}` in the configuration")
    if told:
        raise FaultyFiles(told)


def open_providers(settings: Settings, watch: Watch | None = None) -> dict[str, Provider]:
    """Open what wraps customers' keys; nothing where the usual one isn't there. Raises `FaultyCustody`.

    None of those that are somewhere else is asked yet: one customer's own may be down while all others' work.
    """
    keys = settings.keys
    if not keys.kept:
        return {}
    found: dict[str, Provider] = {}
    if keys.secret is not None:
        path = settings.state / CUSTODY / "kek.json"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found[FILE] = FileProvider(path, keys.secret, secrets.token_bytes)
    for name, told in keys.providers.items():
        found[name] = OutsideProvider(name, _service(told, keys.custody.call_seconds), secrets.token_bytes, watch)
    return found


def _service(told: ServiceSettings, seconds: float) -> Service:
    """Open a service, each call to which takes `seconds` at most. Raises `FaultyCustody`."""
    match told:
        case Pkcs11Settings():
            return Token(told, seconds, secrets.token_bytes)
        case KmsSettings():
            return Kms(told, seconds)
        case TransitSettings():
            return Transit(told, seconds)


def open_journal(settings: Settings, keys: GateKeys) -> Journal:
    """Open the audit log."""
    return Journal.open(
        settings.state / AUDIT,
        keys=settings.state / KEYS,
        settings=log_settings(settings, keys.keyring.entries.public_key()),
        clock=now,
    )


def log_settings(settings: Settings, key: Ed25519PublicKey) -> LogSettings:
    """Say how the log is kept; the instance's name is made from the first key of its entries, so that it stays."""
    first = next(iter(PublicKeys.read(settings.state / AUDIT).entries), key)
    instance = sha256(first.public_bytes_raw()).hexdigest()[:16]
    return LogSettings(settings.audit.origin, instance, __version__, settings.audit.publish_seconds)


def joined_journal(settings: Settings, keys: GateKeys) -> Journal:
    """Reach the log through the gateway where one runs, else open it."""
    try:
        return Journal.join(settings.state / AUDIT)
    except NotRecorded:
        return open_journal(settings, keys)


async def record(settings: Settings, keys: GateKeys, entry: Entry) -> int:
    """Record one entry: through the gateway where one runs, else in the log itself. Raises `NotRecorded`."""
    journal = joined_journal(settings, keys)
    try:
        return await journal.append(entry)
    finally:
        await journal.close()


def load_policies(folder: Path) -> PolicySet:
    """Load the policies as they stand. Raises `FaultyFiles`, the places with the folder before them."""
    return load_files(folder, read_folder(folder))


def load_files(folder: Path, files: Mapping[str, bytes]) -> PolicySet:
    """Load the policies whose files were read from `folder`. Raises `FaultyFiles`, as `load_policies` does."""
    try:
        return load(files)
    except FaultyFiles as error:
        raise FaultyFiles(within(folder, error.problems)) from None


def now() -> int:
    """Tell the time in nanoseconds since the epoch."""
    return time.time_ns()
