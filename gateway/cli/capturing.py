"""Capturing, wired: flags over the configuration, the sealed folder, the capturer beside the gate, who is told."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import click

from gateway.capture.seal import key_id
from gateway.config import CaptureSettings, Settings
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.policy.model import PolicySet
from gateway.proxy.capturer import Capturer
from gateway.proxy.logs import Log
from gateway.proxy.metrics import Metrics
from gateway.storage.capture_folder import CaptureFolder
from gateway.storage.capture_keys import read_recipient
from gateway.yamlsource.suggest import suggest

_MIB = 1024 * 1024
_PATH = click.Path(path_type=Path)


def flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that say whether and how much is captured."""
    options = (
        click.option("--capture", metavar="DIR", type=_PATH, help="Keep what crosses in sealed files in this folder."),
        click.option(
            "--capture-key", metavar="FILE", type=_PATH, help="The X25519 public key (PEM) they are sealed for."
        ),
        click.option("--capture-mib", type=click.IntRange(min=1), help="Stop at so many MiB in the folder."),
        click.option("--capture-minutes", type=click.IntRange(min=1), help="Stop after so many minutes."),
    )
    for option in reversed(options):
        command = option(command)
    return command


class Flags(NamedTuple):
    """What the flags say; None where one is not given."""

    folder: Path | None = None
    key: Path | None = None
    mib: int | None = None
    minutes: int | None = None


def with_flags(
    settings: Settings, folder: Path | None, key: Path | None, mib: int | None, minutes: int | None
) -> Settings:
    """Let flags beat the file. Raises `click.UsageError` for flags that don't say enough."""
    if not any((folder, key, mib, minutes)):
        return settings
    found = settings.capture
    if found is not None:
        found = replace(found, folder=folder or found.folder, key=key or found.key)
    elif folder is not None and key is not None:
        found = CaptureSettings(folder, key)
    else:
        raise click.UsageError("--capture DIR and --capture-key FILE go together")
    bounds = found.bounds
    size = bounds.size if mib is None else mib * _MIB
    seconds = bounds.seconds if minutes is None else 60.0 * min(minutes, 10**9)
    return replace(settings, capture=replace(found, bounds=replace(bounds, size=size, seconds=seconds)))


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the metrics and the log what becomes of a capture."""

    metrics: Metrics
    log: Log

    def kept(self, size: int) -> None:
        """Count."""
        self.metrics.captured(size)

    def dropped(self) -> None:
        """Count."""
        self.metrics.capture_dropped()

    def stopped(self, reason: str) -> None:
        """Say so."""
        self.metrics.capturing(active=False)
        write = self.log.info if reason in {"time", "closed"} else self.log.warning
        write("capture-stopped", reason=reason)


def open_capturer(
    settings: Settings, policies: PolicySet, metrics: Metrics, log: Log, defer: Callable[[Callable[[], None]], object]
) -> Capturer | None:
    """Begin to capture, if that is asked for, and say so in the log; `defer` takes what is to be done at the end.

    Raises `FaultyFiles`, `FaultyKeyring` or `OSError`.
    """
    asked = settings.capture
    if asked is None:
        return None
    _known(asked.operations, policies, settings)
    recipient = read_recipient(asked.key)
    folder = CaptureFolder(asked.folder, recipient, asked.bounds, Teller(metrics, log), secrets.token_bytes)
    metrics.capturing(active=True)
    log.warning(  # whoever reads the log should know that data is being kept
        "capture-started",
        key=key_id(recipient),
        mib=asked.bounds.size // _MIB,
        minutes=asked.bounds.seconds / 60,
        systems=sorted(asked.systems),
        operations=sorted(asked.operations),
    )
    folder.start()
    defer(folder.close)
    return Capturer(folder.offer, asked.systems, asked.operations)


def _known(operations: frozenset[str], policies: PolicySet, settings: Settings) -> None:
    """Refuse operations that no catalogue names: their capture would stay empty without a word."""
    known = {
        operation.name for catalogue in policies.catalogues.values() for operation in catalogue.operations.values()
    }
    unknown = sorted(operations - known)
    if unknown:
        place = Place(str(settings.policies), 1, 1)
        message = 'capture.operations: no catalogue names "{}"'
        raise FaultyFiles(
            Problem(place, message.format(name), suggest(name, known), code=Fault.UNKNOWN_WORD) for name in unknown
        )
