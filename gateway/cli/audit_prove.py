"""`sovgate audit prove` and `verify-proof`: entries with all that shows them to be in the log."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.audit.bundle import Bundle, Proven, Trusted, Within
from gateway.audit.cosignature import WitnessKey
from gateway.audit.gather import Gathering, TooNew
from gateway.audit.reading import Files
from gateway.audit.show import Filter, published_size, show
from gateway.audit.timestamp import Stamped
from gateway.cli import options
from gateway.cli.audit_certificate import NO_CERTIFICATE, check_bag
from gateway.cli.audit_gathering import Attesters, Staged, checked, explained
from gateway.cli.audit_wanted import code, log
from gateway.cli.evidence.told import listed
from gateway.cli.house import AUDIT
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.times import shown_time
from gateway.config import load
from gateway.errors import BrokenLog, NoTimestamps
from gateway.storage.folder import Folder
from gateway.storage.parcel import Archive, Exists, parcel

MOST = 1000
"""Entries of one bundle; more are for `sovgate audit export`."""

_SHOWN = 20

witness = click.option("--witness", "witness", metavar="VKEY", multiple=True, help="A witness's verifier key.")
roots = click.option(
    "--roots", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="An authority's certificates (PEM)."
)


@click.command("prove")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--index", type=click.IntRange(0), help="The entry of this number.")
@click.option("--flow", help="The entries of a flow.")
@click.option("--mark", help="The entries that issued this mark.")
@log
@witness
@roots
@options.config
def prove(out: Path, index: int | None, flow: str | None, mark: str | None, folder: Path | None, **given: Any) -> None:
    """Write a proof bundle to OUT, a new folder or a .zip: it shows that entries are in the log, to anyone, offline.

    Exit 0: it is written. 1: no entry fits, or the log is broken. 2: it could not be written.
    """
    if sum(one is not None for one in (index, flow, mark)) != 1:
        raise click.UsageError("name the entries by one of --index, --flow and --mark")
    settings = load(given["config_file"], os.environ, secrets=False) if folder is None else None
    place = folder or (settings.state / AUDIT if settings else Path())
    files, attesters = Folder(place), Attesters.of(settings, given["witness"], given["roots"])
    try:
        indexes = [index] if index is not None else _found(files, Filter(flow=flow, mark=code(mark)))
        if not indexes:
            click.echo(f"{place}: no entry fits", err=True)
            sys.exit(NO)
        _write(out, files, indexes, attesters)
    except (TooNew, NoTimestamps, Exists) as error:
        click.echo(str(error), err=True)
        sys.exit(COULD_NOT)
    except BrokenLog as error:
        click.echo(f"{place}: {error}", err=True)
        sys.exit(NO)
    click.echo(f"{out}: proves entries {listed(indexes)}")


def _found(files: Files, wanted: Filter) -> list[int]:
    """Find the entries. Raises `BrokenLog`."""
    found, removed = list[int](), list[int]()
    for entry in show(files, wanted, published_size(files), removed.append):
        found.append(entry.index)
        if len(found) > MOST:
            raise click.UsageError(f"more than {MOST} entries fit: that is for sovgate audit export")
    if removed:
        click.echo(f"{sum(removed)} entries were not searched: their bodies are gone", err=True)
    return found


def _write(out: Path, files: Files, indexes: list[int], attesters: Attesters) -> None:
    """Gather, check, and only then write. Raises `BrokenLog`, `OSError`."""
    gathering, staged = Gathering.of(files, attesters.witnesses, indexes[-1]), Staged()
    staged.files |= gathering.keys(attesters.lines, attesters.roots)
    for index in indexes:
        staged.files |= gathering.entry(index, stamps=attesters.roots is not None)
    entries, proven = checked(staged, attesters)
    more = {"entries": listed(indexes)}
    staged.files |= explained("proof.txt", staged, gathering, attesters, (entries[0], proven), more)
    with parcel(out) as put:
        for path, data in staged.files.items():
            put.put(path, data)


@click.command("verify-proof")
@click.argument("bundle", type=click.Path(path_type=Path, exists=True))
@click.option("--vkey", multiple=True, help="The checkpoints' verifier key, got another way than the bundle.")
@click.option("--jwks", type=click.File("rb"), help="The entries' public keys, got another way than the bundle.")
@witness
@roots
@options.output
def verify_proof(bundle: Path, vkey: tuple[str, ...], jwks: Any, form: str, **given: Any) -> None:
    """Check what `prove` or `export` wrote, offline and without the log.

    Exit 0: all of it holds. 1: something doesn't. 2: it can't be read.
    """
    trusted = _trusted(vkey, jwks, **given)
    try:
        packed = Folder(bundle) if bundle.is_dir() else Archive(bundle)
        is_bag = packed.read("bagit.txt") is not None
        certified = check_bag(packed, trusted) if is_bag else None
        one = Bundle(Within(packed, "data") if is_bag else packed, trusted)
        entries = [(entry.index, entry.stamped) for entry in one.entries()]
        _say(bundle, one.proven(), entries, form, certified)
    except BrokenLog as error:
        if form == "json":
            click.echo(orjson.dumps({"ok": False, "wrong": str(error)}, option=orjson.OPT_INDENT_2).decode())
        else:
            click.echo(f"{bundle}: DOES NOT HOLD: {error}", err=True)
        sys.exit(NO)
    except (ValueError, NoTimestamps) as error:
        click.echo(f"{bundle}: {error}", err=True)
        sys.exit(COULD_NOT)


def _trusted(vkey: tuple[str, ...], jwks: Any, **given: Any) -> Trusted:
    """Read the keys that came another way."""
    keys = tuple(map(WitnessKey.read, given["witness"])) if given["witness"] else None
    certificates = given["roots"].read_bytes() if given["roots"] else None
    return Trusted("\n".join(vkey) or None, jwks.read() if jwks else None, keys, certificates)


def _say(
    place: Path, proven: Proven, entries: list[tuple[int, Stamped | None]], form: str, certified: bool | None
) -> None:
    """Tell what is proven, and what isn't; `certified` is None for what is no package."""
    notes = [*proven.notes, NO_CERTIFICATE] if certified is False else list(proven.notes)
    if form == "json":
        said = {
            "ok": True,
            "origin": proven.head.origin,
            "size": proven.head.size,
            "root": proven.head.root.hex(),
            "cosigned": [{"witness": one.name, "time": one.time} for one in proven.cosigned],
            "entries": [
                {"index": index, "stamped": stamped and {"time": stamped.time, "authority": stamped.authority}}
                for index, stamped in entries
            ],
            "certified": certified,
            "notes": notes,
        }
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    head = proven.head
    click.echo(f"{place}: holds: {proven.entries} entries of the log {head.origin}, which had {head.size}")
    for one in proven.cosigned:
        click.echo(f"  cosigned by {one.name} at {shown_time(one.time * 10**9)}")
    for index, stamped in entries[:_SHOWN]:
        when = f", there by {stamped.time:%Y-%m-%d %H:%M:%S} UTC says {stamped.authority}" if stamped else ""
        click.echo(f"  entry {index}{when}")
    if len(entries) > _SHOWN:
        click.echo(f"  and {len(entries) - _SHOWN} more")
    if certified:
        click.echo("  certified by a key of the log")
    for note in notes:
        click.echo(f"  note: {note}")
