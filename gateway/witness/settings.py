"""What a witness is told (`witness.yaml`), and what a log is told about those who attest its heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.audit.cosignature import WitnessKey
from gateway.audit.signatures import NoteKey
from gateway.proxy.settings import Listener

EVERY = 3600.0
"""Seconds from one timestamp to the next, unless something else is said."""


@dataclass(frozen=True, slots=True)
class ServedSettings:
    """A witness: its `name`, where it listens, where it remembers, and the public keys of each log by its origin."""

    name: str
    state: Path
    logs: Mapping[str, tuple[NoteKey, ...]]
    listener: Listener = field(default_factory=lambda: Listener(port=8090))


@dataclass(frozen=True, slots=True)
class AskedWitness:
    """A witness that the log asks: its submission prefix and its key."""

    url: str
    key: WitnessKey


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """Who must cosign the log's heads: `quorum` of `asked`, every so many seconds.

    Where `required`, flows are refused once the newest head that a quorum cosigned is more than `oldest` seconds old.
    """

    asked: tuple[AskedWitness, ...] = ()
    quorum: int = 1
    every: float = 10.0
    required: bool = False
    oldest: float = 120.0


@dataclass(frozen=True, slots=True)
class TimestampSettings:
    """Which authority stamps the log's heads with the time (RFC 3161), and how often, in seconds.

    `roots` is a PEM file of the certificates that its answers are checked against; the rest is as for witnesses.
    """

    url: str
    roots: Path
    every: float = EVERY
    required: bool = False
    oldest: float = 2 * EVERY
