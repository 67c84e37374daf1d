"""`sovgate serve`: run the gateway. Here everything is put together."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import click

from gateway import __version__
from gateway.cli import capturing, options
from gateway.cli.callers import Callers
from gateway.cli.house import (
    CUSTODY,
    GateKeys,
    PassportFacts,
    demand_keys,
    load_policies,
    now,
    open_custody,
    open_journal,
    open_keys,
    open_passports,
)
from gateway.cli.key_log import tell
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.undumped import undumped
from gateway.cli.workers import hire
from gateway.config import Settings, load
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
from gateway.proxy.counted import Counted
from gateway.proxy.drive import Doors
from gateway.proxy.lifecycle import Gateway, Running, run, serve_until_told
from gateway.proxy.logs import AccessLog, Log, make_log, tame_libraries, tame_loop
from gateway.proxy.metrics import Metrics
from gateway.proxy.witness import Witness
from gateway.regime import establish
from gateway.steps.edit import Editor
from gateway.storage.journal import Journal
from gateway.storage.passports import Passports

_TELLING = 10.0
"""Seconds that the start waits until the log knows of changes of keys that it was never told of."""


@click.command("serve")
@options.config
@click.option("--listen", metavar="HOST:PORT", help="Listen here, whatever the configuration says.")
@click.option("--admin", metavar="HOST:PORT", help="The same for the admin port.")
@capturing.flags
def command(
    config_file: Path,
    listen: str | None,
    admin: str | None,
    capture: Path | None,
    capture_key: Path | None,
    capture_mib: int | None,
    capture_minutes: int | None,
) -> None:
    """Run the gateway until SIGTERM or SIGINT. SIGHUP, or a change in the policies' folder, loads the policies anew."""
    kept_in = undumped()
    overrides = {key: value for key, value in (("listen", listen), ("admin", admin)) if value}
    settings = load(config_file, os.environ, overrides)
    settings = capturing.with_flags(settings, capture, capture_key, capture_mib, capture_minutes)
    try:
        policies = load_policies(settings.policies)
        finished = run(lambda: _serve(settings, policies, kept_in=kept_in))
    except OSError as error:
        click.echo(f"can't start: {error.strerror or error}", err=True)
        sys.exit(COULD_NOT)
    sys.exit(0 if finished else NO)


@dataclass(slots=True)
class _House:
    """The gate in force, replaced whole at a reload; flows that began keep theirs."""

    settings: Settings
    gate: Gate
    passports: Passports
    callers: Callers
    journal: Journal
    metrics: Metrics
    log: Log
    witness: Witness | None = None
    good: bool = True

    async def handle(self, flow: Flow, send: Send) -> Response:
        """Let the gate in force handle a flow, with a witness where what crosses is captured."""
        if self.witness is not None:
            return await self.witness.handle(self.gate.handle, flow, send)
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
            policies = load_policies(self.settings.policies)
            regime = establish(policies)
            if isinstance(self.gate.ports.custody, NoCustody):
                demand_keys(policies)
            self.callers.renew(policies)
        except FaultyFiles as error:
            self.good = False
            self.metrics.reloaded(successful=False, at=time.time())
            # Places and messages are the officer's own words about files, never a customer's data.
            told = [f"{problem.place}: {problem.message}" for problem in error.problems[:50]]
            self.log.error("reload-refused", problems=told)  # noqa: TRY400 - the problems say it all
            return
        self.gate = replace(self.gate, regime=regime)
        self.passports.declare(policies.consents)
        self.good = True
        self.metrics.reloaded(successful=True, at=time.time())
        self.log.info("reloaded", policies=policies.digest, catalogue=policies.catalogue_digest)

    def state(self) -> tuple[bool, Mapping[str, object]]:
        """Tell whether traffic should come. Broken new policies don't stop it: the last good ones are in force."""
        policies = self.gate.regime.policies
        details = {
            "policies": {
                "digest": policies.digest,
                "count": len(policies.policies),
                "last_reload": "taken" if self.good else "refused",
            },
            "audit": {
                "entries": self.journal.entries,
                "published": self.journal.published,
                "failing": self.journal.failing,
            },
            "keys": {
                "tenant": self.settings.keys.custody.tenant,
                "cache_seconds": self.settings.keys.custody.cache_seconds,
                "provider": self.settings.keys.custody.default,
            }
            if isinstance(self.gate.ports.custody, Keeper)
            else None,
        }
        return not self.journal.failing, details


async def _serve(settings: Settings, policies: PolicySet, *, kept_in: bool) -> bool:
    """Open everything, run, close everything in the other order."""
    log = make_log(sys.stderr.buffer)
    tame_libraries(log)
    tame_loop(asyncio.get_running_loop(), log)
    if not kept_in:
        log.warning("memory-can-be-dumped")
    metrics, access = Metrics(__version__), AccessLog(log)
    async with AsyncExitStack() as stack:
        keys = open_keys(settings)
        passports = open_passports(settings, policies, keys)
        stack.callback(passports.close)
        custody = open_custody(settings, policies, metrics.provider_called)
        if isinstance(custody, Keeper):
            custody.start()
            stack.push_async_callback(custody.close)
        journal = open_journal(settings, keys)
        stack.push_async_callback(journal.close)
        if isinstance(custody, Keeper):
            await _tell(settings, custody, journal, keys, log)
        sandbox = hire(settings.marks, settings.marks.workers)
        await sandbox.start()
        stack.push_async_callback(sandbox.close)
        ports = Ports(
            facts=PassportFacts(passports),
            append=Counted(journal.append, metrics, access),
            offload=sandbox.run,
            clock=now,
            random=secrets.token_bytes,
            names=keys.pseudonyms,
            custody=custody,
            alarm=access.failed,
            marks=keys.keyring.marks,
            addresses=RouteAddresses(settings.proxy.routes, metrics),
        )
        witness = capturing.open_witness(settings, policies, metrics, log, stack.callback)
        watch = witness.watch if witness is not None else None
        gate = Gate(establish(policies), ports, Editor(), settings.bodies, watch)
        metrics.reloaded(successful=True, at=time.time())
        callers = Callers(settings)
        doorkeeper = await callers.open(policies, stack)
        house = _House(settings, gate, passports, callers, journal, metrics, log, witness)
        doors = Doors(doorkeeper.identify, house.handle, house.refuse, house.streams)
        running = Running(house.state, house.reload, (settings.policies,))
        settle()
        return await serve_until_told(Gateway(settings.proxy, doors, running, metrics, log, access), _started)


async def _tell(settings: Settings, custody: Keeper, journal: Journal, keys: GateKeys, log: Log) -> None:
    """Tell the log what people did with keys and what it doesn't know of: they were cut off in between."""
    folder = settings.state / CUSTODY
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


def _started(data: tuple[str, int], admin: tuple[str, int] | None) -> None:
    """Say where the gateway listens: the one line on standard output."""
    told = f"sovgate {__version__} listens on {data[0]}:{data[1]}"
    click.echo(told + (f", admin on {admin[0]}:{admin[1]}" if admin else ""))
