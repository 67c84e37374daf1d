"""`sovgate witness`: a witness of logs, run on another host and by somebody else than whom it watches."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from pathlib import Path

import click

from gateway import __version__
from gateway.cli.main import COULD_NOT, NO
from gateway.config.attested import read_served
from gateway.proxy.lifecycle import run
from gateway.proxy.logs import make_log, tame_libraries
from gateway.witness.heads import Heads
from gateway.witness.running import serve_witness
from gateway.witness.settings import ServedSettings

_config = click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default="witness.yaml",
    show_default=True,
    help="What the witness is told.",
)


@click.group("witness")
def command() -> None:
    """Witness logs: cosign their heads, and never two that contradict each other."""


@command.command("serve")
@_config
@click.option("--listen", metavar="HOST:PORT", help="Listen here, whatever the configuration says.")
def serve(config_file: Path, listen: str | None) -> None:
    """Answer `POST /add-checkpoint` (C2SP tlog-witness) until SIGTERM or SIGINT.

    The key is made at the first start. The first line that is printed is its verifier key: tell it to those whose logs
    are witnessed, and to everyone who checks them.
    """
    settings = read_served(config_file, os.environ, {"listen": listen} if listen else {})
    with closing(Heads.open(settings.state, settings.name)) as heads:
        click.echo(heads.cosigner.verifier_key())
        try:
            finished = run(lambda: _serve(settings, heads))
        except OSError as error:
            click.echo(f"can't start: {error.strerror or error}", err=True)
            sys.exit(COULD_NOT)
    sys.exit(0 if finished else NO)


@command.command("key")
@_config
def key(config_file: Path) -> None:
    """Print the witness's verifier key; it is made where there is none yet."""
    settings = read_served(config_file, os.environ, {})
    with closing(Heads.open(settings.state, settings.name)) as heads:
        click.echo(heads.cosigner.verifier_key())


async def _serve(settings: ServedSettings, heads: Heads) -> bool:
    log = make_log(sys.stderr.buffer)
    tame_libraries(log)
    return await serve_witness(settings, heads, log, time.time, _started)


def _started(address: tuple[str, int]) -> None:
    """Say where the witness listens."""
    click.echo(f"sovgate {__version__} witness listens on {address[0]}:{address[1]}")
    sys.stdout.flush()
