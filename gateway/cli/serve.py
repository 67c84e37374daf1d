"""`sovgate serve`: run the gateway, in one process or in several."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import click

from gateway import __version__
from gateway.cli import capturing, options
from gateway.cli.attesting import start_rounds
from gateway.cli.house import load_policies, open_journal, open_keys, served_log
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.retaining import keep_pruning
from gateway.cli.serve_crew import Plan, serve_together
from gateway.cli.serve_house import Said, open_house, settle
from gateway.cli.undumped import undumped
from gateway.config import Settings, load
from gateway.policy.model import PolicySet
from gateway.proxy.crew import CanNotStart
from gateway.proxy.lifecycle import Gateway, Running, run, serve_until_told
from gateway.proxy.logs import make_log, tame_libraries, tame_loop


@click.command("serve")
@options.config
@click.option("--listen", metavar="HOST:PORT", help="Listen here, whatever the configuration says.")
@click.option("--admin", metavar="HOST:PORT", help="The same for the admin port.")
@click.option("--workers", metavar="N", type=click.IntRange(1, 64), help="Serve with N processes that share one log.")
@capturing.flags
def command(
    config_file: Path,
    listen: str | None,
    admin: str | None,
    workers: int | None,
    capture: Path | None,
    capture_key: Path | None,
    capture_mib: int | None,
    capture_minutes: int | None,
) -> None:
    """Run the gateway until SIGTERM or SIGINT. SIGHUP, or a change in the policies' folder, loads the policies anew."""
    kept_in = undumped()
    overrides = {key: value for key, value in (("listen", listen), ("admin", admin)) if value}
    settings = load(config_file, os.environ, overrides)
    flags = capturing.Flags(capture, capture_key, capture_mib, capture_minutes)
    settings = capturing.with_flags(settings, *flags)
    if workers is not None:
        settings = replace(settings, workers=workers)
    try:
        policies = load_policies(settings.policies)
        if settings.workers > 1:
            plan = Plan(str(config_file), config_file.read_bytes(), overrides, flags)
            finished = run(lambda: serve_together(settings, plan, _started, kept_in=kept_in))
        else:
            finished = run(lambda: _serve(settings, policies, kept_in=kept_in))
    except OSError as error:
        click.echo(f"can't start: {error.strerror or error}", err=True)
        sys.exit(COULD_NOT)
    except CanNotStart as error:
        click.echo(str(error), err=True)
        sys.exit(COULD_NOT)
    sys.exit(0 if finished else NO)


async def _serve(settings: Settings, policies: PolicySet, *, kept_in: bool) -> bool:
    """Open everything, run, close everything in the other order."""
    said = Said.to(make_log(sys.stderr.buffer))
    tame_libraries(said.log)
    tame_loop(asyncio.get_running_loop(), said.log)
    if not kept_in:
        said.log.warning("memory-can-be-dumped")
    async with AsyncExitStack() as stack:
        keys = open_keys(settings)
        journal = open_journal(settings, keys)
        stack.push_async_callback(journal.close)
        await start_rounds(settings, said.metrics.registry, said.log, stack)
        house = await open_house(settings, policies, keys, journal, said, stack)
        await keep_pruning(settings, journal, said.log, stack)
        running = Running(house.state, house.reload, (settings.policies,), served_log(settings))
        settle()
        gateway = Gateway(settings.proxy, house.doors, running, said.metrics, said.log, said.access)
        return await serve_until_told(gateway, _started)


def _started(data: tuple[str, int], admin: tuple[str, int] | None) -> None:
    """Say where the gateway listens: the one line on standard output."""
    told = f"sovgate {__version__} listens on {data[0]}:{data[1]}"
    click.echo(told + (f", admin on {admin[0]}:{admin[1]}" if admin else ""))
