"""`sovgate serve`: run the gateway. Here everything is put together."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import click

from gateway import __version__
from gateway.cli import options
from gateway.cli.house import PassportFacts, load_policies, now, open_journal, open_keys, open_passports
from gateway.cli.main import COULD_NOT, NO
from gateway.config import JwtSettings, Settings, load
from gateway.errors import FaultyFiles, Place, Problem
from gateway.flow import Flow, Response
from gateway.gate import Gate
from gateway.identity.identified import Identified
from gateway.identity.jwks import KeySet, read_key_set
from gateway.identity.jwt import JwtRules
from gateway.identity.mtls import Certificates
from gateway.identity.verifier import Verifier
from gateway.policy.model import PolicySet
from gateway.ports import Ports, Send
from gateway.proxy.drive import Doors
from gateway.proxy.identify import Doorkeeper, Tokens
from gateway.proxy.keys_url import KeysUrl
from gateway.proxy.lifecycle import Gateway, Running, run, serve_until_told
from gateway.proxy.logs import AccessLog, Log, make_log, tame_libraries, tame_loop
from gateway.proxy.metrics import Metrics
from gateway.proxy.observe import Observed
from gateway.regime import establish
from gateway.sandbox import Sandbox
from gateway.steps.edit import Editor
from gateway.storage.journal import Journal
from gateway.storage.passports import Passports

JWT_CLAIMS = ("system", "subject", "role", "kind", "assurance", "purpose")


@click.command("serve")
@options.config
@click.option("--listen", metavar="HOST:PORT", help="Listen here, whatever the configuration says.")
@click.option("--admin", metavar="HOST:PORT", help="The same for the admin port.")
def command(config_file: Path, listen: str | None, admin: str | None) -> None:
    """Run the gateway until SIGTERM or SIGINT. SIGHUP, or a change in the policies' folder, loads the policies anew."""
    overrides = {key: value for key, value in (("listen", listen), ("admin", admin)) if value}
    settings = load(config_file, os.environ, overrides)
    try:
        policies = load_policies(settings.policies)
        finished = run(lambda: _serve(settings, policies))
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
    journal: Journal
    metrics: Metrics
    log: Log
    good: bool = True

    async def handle(self, flow: Flow, send: Send) -> Response:
        """Let the gate in force handle a flow."""
        return await self.gate.handle(flow, send)

    async def refuse(self, flow: Flow, refusal: str) -> Response:
        """Let the gate in force record a refusal."""
        return await self.gate.refuse(flow, refusal)

    async def reload(self) -> None:
        """Put the policies in force as they stand now, or keep the last good ones and say why."""
        try:
            policies = load_policies(self.settings.policies)
            regime = establish(policies)
        except FaultyFiles as error:
            self.good = False
            self.metrics.reloaded(successful=False, at=time.time())
            # Places and messages are the officer's own words about files, never a customer's data.
            places = [str(problem.place) for problem in error.problems[:50]]
            self.log.error("reload-refused", problems=places)  # noqa: TRY400 - the places say it all
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
        }
        return not self.journal.failing, details


async def _serve(settings: Settings, policies: PolicySet) -> bool:
    """Open everything, run, close everything in the other order."""
    log = make_log(sys.stderr.buffer)
    tame_libraries(log)
    tame_loop(asyncio.get_running_loop(), log)
    metrics, access = Metrics(__version__), AccessLog(log)
    async with AsyncExitStack() as stack:
        keys = open_keys(settings)
        passports = open_passports(settings, policies, keys)
        stack.callback(passports.close)
        journal = open_journal(settings, keys)
        stack.push_async_callback(journal.close)
        marks = settings.marks
        sandbox = Sandbox(workers=marks.workers, seconds=marks.seconds, memory=marks.memory)
        await sandbox.start()
        stack.push_async_callback(sandbox.close)
        ports = Ports(
            facts=PassportFacts(passports),
            append=Observed(journal.append, metrics, access),
            offload=sandbox.run,
            clock=now,
            random=secrets.token_bytes,
            keys=keys,
            alarm=access.failed,
        )
        gate = Gate(establish(policies), ports, Editor(keys), settings.bodies)
        house = _House(settings, gate, passports, journal, metrics, log)
        metrics.reloaded(successful=True, at=time.time())
        doorkeeper = await _doorkeeper(settings, policies, stack)
        doors = Doors(doorkeeper.identify, house.handle, house.refuse)
        running = Running(house.state, house.reload, (settings.policies,))
        settle()
        return await serve_until_told(Gateway(settings.proxy, doors, running, metrics, log, access), _started)


def settle() -> None:
    """Take what was loaded at the start out of the garbage collector's rounds: it stays, and there is a lot of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _started(data: tuple[str, int], admin: tuple[str, int] | None) -> None:
    """Say where the gateway listens: the one line on standard output."""
    told = f"sovgate {__version__} listens on {data[0]}:{data[1]}"
    click.echo(told + (f", admin on {admin[0]}:{admin[1]}" if admin else ""))


async def _doorkeeper(settings: Settings, policies: PolicySet, stack: AsyncExitStack) -> Doorkeeper:
    """Make ready what callers are identified with."""
    return Doorkeeper(
        clock=now,
        tokens=await _tokens(settings.jwt, policies, stack) if settings.jwt else None,
        header=settings.jwt.header if settings.jwt else "authorization",
        certificates=Certificates(settings.mtls) if settings.mtls else None,
        development=settings.development,
        purpose_header=settings.purpose_header,
    )


async def _tokens(jwt: JwtSettings, policies: PolicySet, stack: AsyncExitStack) -> Tokens:
    """Read the issuer's keys from their file, or begin to keep those of its URL."""
    rules = JwtRules(
        issuers=jwt.issuers,
        audiences=jwt.audiences,
        algorithms=jwt.algorithms,
        systems=jwt.systems if jwt.systems is not None else {name: name for name in policies.catalogues},
        leeway=jwt.leeway,
        type=jwt.type,
        **{f"{name}_claim": claim for name, claim in jwt.claims.items()},
    )
    if jwt.keys_file is not None:
        verifier = Verifier(_keys_in(jwt.keys_file), rules)

        async def identify(token: str, at: int) -> Identified:
            return verifier.identify(token, at)

        return identify
    session = await stack.enter_async_context(
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
    )
    keys_url = KeysUrl(jwt.keys_url, session, Verifier(KeySet(), rules))
    await keys_url.start()
    stack.push_async_callback(keys_url.close)
    return keys_url.identify


def _keys_in(path: Path) -> KeySet:
    """Read a JWKS file."""
    try:
        return read_key_set(path.read_bytes(), str(path))
    except OSError as error:
        raise FaultyFiles([Problem(Place(str(path), 1, 1), f"can't be read: {error.strerror}")]) from None
