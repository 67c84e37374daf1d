"""The gateway of one process, put together: what `sovgate serve` runs alone, and each of its workers as well."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from gateway import __version__
from gateway.cli import capturing
from gateway.cli.attesting import attended
from gateway.cli.callers import Callers
from gateway.cli.house import (
    CUSTODY,
    GateKeys,
    PassportFacts,
    demand_keys,
    load_policies,
    now,
    open_custody,
    open_passports,
)
from gateway.cli.key_log import tell
from gateway.cli.locating import open_whereabouts
from gateway.cli.workers import hire
from gateway.config import Settings
from gateway.custody.keeper import KEYS, VAULT, Keeper
from gateway.custody.opening import NoCustody
from gateway.custody.store import KeyStore
from gateway.custody.vault_file import VaultFile
from gateway.errors import FaultyFiles, KeysUnavailable, NotRecorded
from gateway.flow import Flow, Response
from gateway.gate import Gate
from gateway.policy.model import PolicySet
from gateway.ports import Ports, Send
from gateway.proxy.addresses import RouteAddresses
from gateway.proxy.capturer import Capturer
from gateway.proxy.counted import Counted
from gateway.proxy.drive import Doors
from gateway.proxy.identify import Doorkeeper
from gateway.proxy.logs import AccessLog, Log
from gateway.proxy.metrics import Metrics
from gateway.proxy.whereabouts import Whereabouts
from gateway.regime import establish
from gateway.steps.edit import Editor
from gateway.storage.journal import Journal
from gateway.storage.passports import Passports

_TELLING = 10.0
"""Seconds that the start waits until the log knows of changes of keys that it was never told of."""


@dataclass(frozen=True, slots=True)
class Said:
    """Where a gateway says how it is doing."""

    log: Log
    access: AccessLog
    metrics: Metrics

    @classmethod
    def to(cls, log: Log) -> Said:
        """Begin."""
        return cls(log, AccessLog(log), Metrics(__version__))

    def refused(self, error: FaultyFiles) -> None:
        """Say that a reload was refused, and why."""
        self.metrics.reloaded(successful=False, at=time.time())
        self.log.error("reload-refused", problems=told(error))


def told(error: FaultyFiles) -> list[str]:
    """Give places and messages: the officer's own words about files, never a customer's data."""
    return [f"{problem.place}: {problem.message}" for problem in error.problems[:50]]


@dataclass(slots=True)
class House:
    """The gate in force, replaced whole at a reload; flows that began keep theirs."""

    settings: Settings
    gate: Gate
    passports: Passports
    callers: Callers
    journal: Journal
    said: Said
    doorkeeper: Doorkeeper
    whereabouts: Whereabouts
    capturer: Capturer | None = None
    good: bool = True
    unattested: Callable[[], str] = str
    """Says why new flows are refused for want of witnesses or timestamps; empty while they aren't."""

    async def handle(self, flow: Flow, send: Send) -> Response:
        """Let the gate in force handle a flow, with a capturer beside it where what crosses is captured."""
        if self.capturer is not None:
            return await self.capturer.handle(self.gate.handle, flow, send)
        return await self.gate.handle(flow, send)

    async def refuse(self, flow: Flow, refusal: str) -> Response:
        """Let the gate in force record a refusal."""
        return await self.gate.refuse(flow, refusal)

    def streams(self, flow: Flow) -> bool:
        """Tell whether a request's body may come in pieces."""
        return self.gate.streams(flow)

    async def reload(self) -> None:
        """Put the policies in force as they stand now, or keep the last good ones and say why."""
        try:
            take = self.judge(load_policies(self.settings.policies))
        except FaultyFiles as error:
            self.good = False
            self.said.refused(error)
            return
        take()

    def judge(self, policies: PolicySet) -> Callable[[], None]:
        """See whether policies can be put in force, and give what does it. Raises `FaultyFiles`."""
        regime = establish(policies)
        if isinstance(self.gate.ports.custody, NoCustody):
            demand_keys(policies)
        renew = self.callers.read(policies)

        def take() -> None:
            renew()
            self.gate = replace(self.gate, regime=regime)
            self.passports.declare(policies.consents)
            self.good = True
            self.said.metrics.reloaded(successful=True, at=time.time())
            self.said.log.info("reloaded", policies=policies.digest, catalogue=policies.catalogue_digest)

        return take

    @property
    def doors(self) -> Doors:
        """Give what the proxy asks."""
        return Doors(self.doorkeeper.identify, self.handle, self.refuse, self.streams, self.whereabouts.locate)

    @property
    def digest(self) -> str:
        """Tell which policies are in force."""
        return self.gate.regime.policies.digest

    def state(self) -> tuple[bool, Mapping[str, object]]:
        """Tell whether traffic should come. Broken new policies don't stop it: the last good ones are in force."""
        policies, unattested = self.gate.regime.policies, self.unattested()
        details = {
            "policies": {
                "digest": policies.digest,
                "count": len(policies.policies),
                "last_reload": "taken" if self.good else "refused",
            },
            "audit": {
                "entries": self.journal.entries,
                "published": self.journal.published,
                "failing": self.journal.failing or unattested,
            },
            "keys": {
                "tenant": self.settings.keys.custody.tenant,
                "cache_seconds": self.settings.keys.custody.cache_seconds,
                "provider": self.settings.keys.custody.default,
            }
            if isinstance(self.gate.ports.custody, Keeper)
            else None,
        }
        return not (self.journal.failing or unattested), details


async def open_house(
    settings: Settings, policies: PolicySet, keys: GateKeys, journal: Journal, said: Said, stack: AsyncExitStack,
    *, first: bool = True,
) -> House:  # fmt: skip
    """Open everything that a gateway needs beside its log; `stack` closes it in the other order.

    The `first` of several tells the log what it doesn't know of yet.
    """
    metrics, access, log = said.metrics, said.access, said.log
    passports = open_passports(settings, policies, keys)
    stack.callback(passports.close)
    custody = open_custody(settings, policies, metrics.provider_called)
    if isinstance(custody, Keeper):
        custody.start()
        stack.push_async_callback(custody.close)
        if first:
            await _tell(settings, custody, journal, keys, log)
    sandbox = hire(settings.marks, settings.marks.workers)
    await sandbox.start()
    stack.push_async_callback(sandbox.close)
    append, unattested = attended(settings, journal.append)
    ports = Ports(
        facts=PassportFacts(passports),
        append=Counted(append, metrics, access),
        offload=sandbox.run,
        clock=now,
        random=secrets.token_bytes,
        names=keys.pseudonyms,
        custody=custody,
        alarm=access.failed,
        marks=keys.keyring.marks,
        addresses=RouteAddresses(settings.proxy.routes, metrics),
    )
    capturer = capturing.open_capturer(settings, policies, metrics, log, stack.callback)
    watch = capturer.watch if capturer is not None else None
    gate = Gate(establish(policies), ports, Editor(), settings.bodies, watch)
    metrics.reloaded(successful=True, at=time.time())
    callers = Callers(settings)
    doorkeeper = await callers.open(policies, stack, keys.keyring.pseudonyms)
    whereabouts = await open_whereabouts(settings.network, keys.pseudonyms.address, log, stack)
    return House(
        settings, gate, passports, callers, journal, said, doorkeeper, whereabouts, capturer, unattested=unattested
    )


async def _tell(settings: Settings, custody: Keeper, journal: Journal, keys: GateKeys, log: Log) -> None:
    """Tell the log what people did with keys and what it doesn't know of: they were cut off in between."""
    folder: Path = settings.state / CUSTODY
    try:
        with closing(KeyStore(folder / KEYS)) as store, closing(VaultFile(folder / VAULT)) as vault:
            async with asyncio.timeout(_TELLING):
                await tell(store, vault, custody.handle, keys.pseudonyms, journal.append)
    except (TimeoutError, KeysUnavailable, NotRecorded) as error:  # told at the next start, or by `sovgate keys`
        log.error("keys-not-told", error=type(error).__name__)  # noqa: TRY400 - the kind says it all


def settle() -> None:
    """Take what was loaded at the start out of the garbage collector's rounds: it stays, and there is a lot of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
