"""What gateway.yaml says, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.attestation.webauthn import AssertionRules
from gateway.custody.file_provider import Secret
from gateway.custody.services import ServiceSettings
from gateway.custody.settings import CustodySettings
from gateway.formats.limits import BodyLimits
from gateway.identity.assurance import Level
from gateway.identity.dpop import DpopRules
from gateway.identity.mtls import CertificateRules
from gateway.provenance.forwarded import Trust
from gateway.proxy.settings import ProxySettings
from gateway.storage.capture_folder import Bounds
from gateway.storage.pruning import Retention
from gateway.witness.settings import TimestampSettings, WitnessSettings


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """Where tokens come in, what they must say, and where the issuer's keys are: a JWKS file or a URL.

    `systems` maps values of the system claim to systems; None: each system goes by its own name.
    """

    header: str
    issuers: frozenset[str]
    audiences: frozenset[str]
    algorithms: frozenset[str]
    keys_file: Path | None = None
    keys_url: str = ""
    systems: Mapping[str, str] | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    leeway: int = 30
    type: str | None = None
    levels: tuple[Level, ...] = ()
    dpop: DpopRules | None = None


@dataclass(frozen=True, slots=True)
class AssertionSettings:
    """Where assertions of authenticators come in, the file of those that are registered, and which count."""

    header: str
    credentials: Path
    rules: AssertionRules = field(default_factory=AssertionRules)


@dataclass(frozen=True, slots=True)
class EatSettings:
    """Which attestation tokens count: by keys of a JWKS file, or by certificates of a PEM file."""

    algorithms: frozenset[str]
    keys: Path | None = None
    anchors: Path | None = None
    profiles: frozenset[str] = frozenset()
    age: int = 600
    leeway: int = 30


@dataclass(frozen=True, slots=True)
class TpmSettings:
    """Which quotes count: by keys in PEM files, by name, or by certificates of a PEM file; with which registers."""

    keys: Mapping[str, Path] = field(default_factory=dict)
    anchors: Path | None = None
    registers: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """Where attestations of devices come in, and which count."""

    header: str
    eat: EatSettings | None = None
    tpm: TpmSettings | None = None


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Whose word counts on where requests come from, databases of networks, and how addresses are recorded."""

    trust: Trust | None = None
    databases: tuple[Path, ...] = ()
    addresses: str = "shortened"


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The log's `origin` (the name in its checkpoints), and how often in seconds tiles and checkpoint are published.

    `witness` and `timestamps` say who outside attests its heads; `retention` how long bodies are kept (None: for ever),
    which is seen to every `prune_hours`. `serve`: the admin port gives out the log's public part.
    """

    origin: str = "sovgate"
    publish_seconds: float = 1.0
    witness: WitnessSettings = field(default_factory=WitnessSettings)
    timestamps: TimestampSettings | None = None
    retention: Retention | None = None
    prune_hours: float = 24.0
    serve: bool = False


@dataclass(frozen=True, slots=True)
class MarkSettings:
    """The worker processes that open documents: how many, seconds a document may take, bytes of memory of each.

    `fonts` are files that marks are set in before the fonts that come along are asked.
    """

    workers: int = 2
    seconds: float = 30.0
    memory: int = 1024 * 1024 * 1024
    fonts: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """What crosses is kept in `folder`, sealed for `key` (X25519, PEM), within bounds; empty sets mean all."""

    folder: Path
    key: Path
    bounds: Bounds = field(default_factory=Bounds)
    systems: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KeysSettings:
    """How customers' keys are kept: what protects the wrapping keys, other `providers`, what two must agree on."""

    custody: CustodySettings = field(default_factory=CustodySettings)
    secret: Secret | None = None
    providers: Mapping[str, ServiceSettings] = field(default_factory=dict)
    approvals: frozenset[str] = frozenset()

    @property
    def kept(self) -> bool:
        """Tell whether customers' keys are kept at all: what wraps everybody's has to be there."""
        return self.secret is not None or self.custody.default in self.providers


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the file says."""

    proxy: ProxySettings
    policies: Path
    state: Path
    jwt: JwtSettings | None = None
    mtls: CertificateRules | None = None
    development: str = ""
    urls: tuple[str, ...] = ()
    assertions: AssertionSettings | None = None
    device: DeviceSettings | None = None
    network: NetworkSettings = NetworkSettings()
    purpose_header: str | None = None
    audit: AuditSettings = AuditSettings()
    marks: MarkSettings = MarkSettings()
    bodies: BodyLimits = field(default_factory=BodyLimits)
    capture: CaptureSettings | None = None
    keys: KeysSettings = field(default_factory=KeysSettings)
    workers: int = 1
