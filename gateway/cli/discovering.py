"""What `discover` is told beside captures: names and addresses of systems, documents, the catalogue that exists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.catalog.names import PATTERN
from gateway.cli.house import load_policies
from gateway.discover import odata, openapi
from gateway.discover.declared import MOST_BYTES, Declared, Reader
from gateway.discover.existing import Existing
from gateway.dryrun.sites import Site, Sites
from gateway.errors import BadDocument


def sites_of(systems: Sequence[str]) -> tuple[str, Sites]:
    """Read `--system NAME` and `--system NAME=ADDRESS`: the name without an address, "" for none; and the addresses."""
    alone, sites = "", []
    for written in systems:
        name, equals, address = written.partition("=")
        if not re.fullmatch(PATTERN, name):
            raise click.UsageError(
                "--system: a name is lower-case letters and digits, joined by hyphens or underscores"
            )
        if not equals and alone:
            raise click.UsageError("--system: one name alone; give the others an address, NAME=ADDRESS")
        if not equals:
            alone = name
            continue
        try:
            sites.append(Site.of(name, address))
        except ValueError as error:
            raise click.UsageError(f"--system: {error}") from None
    return alone, Sites.of(sites)


def documents(openapis: Sequence[Path], metadata: Sequence[Path]) -> list[Declared]:
    """Read documents about systems. Raises `BadDocument`."""
    return [*(_read(path, openapi.read) for path in openapis), *(_read(path, odata.read) for path in metadata)]


def existing_in(folder: Path | None) -> Existing | None:
    """Load the catalogues of a folder of policies. Raises `FaultyFiles`."""
    return None if folder is None else Existing(dict(load_policies(folder).catalogues))


def _read(path: Path, reader: Reader) -> Declared:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadDocument(f"{path}: {error.strerror}") from None
    return reader(str(path), data)
