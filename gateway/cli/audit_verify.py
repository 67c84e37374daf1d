"""`sovgate audit verify`: prove the log from its files and public keys alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import Progress

from gateway.audit.cosignature import WitnessKey
from gateway.audit.signatures import EntryKeys, NoteKey
from gateway.audit.stamps import stamps
from gateway.audit.tampering import LOOKS_LIKE, Kind
from gateway.audit.timestamp import Stamped
from gateway.audit.verify import Verified, Witnesses
from gateway.audit.verify import verify as check
from gateway.cli import options
from gateway.cli.audit_wanted import log
from gateway.cli.house import AUDIT
from gateway.cli.main import NO
from gateway.config import load
from gateway.errors import BrokenLog
from gateway.storage.folder import Folder


@click.command("verify")
@log
@click.option("--vkey", multiple=True, help="The checkpoints' verifier key, got from elsewhere than the log.")
@click.option("--jwks", type=click.File("rb"), help="The entries' public keys, got from elsewhere than the log.")
@click.option(
    "--remembered",
    type=click.File("rb"),
    multiple=True,
    help="A checkpoint kept from earlier: the log must contain it.",
)
@click.option("--witness", "witness", metavar="VKEY", multiple=True, help="The verifier key of a witness you trust.")
@click.option("--quorum", type=click.IntRange(1), help="How many witnesses must have cosigned.  [default: all]")
@click.option(
    "--accept-lost",
    "accepted",
    metavar="THUMBPRINT",
    multiple=True,
    help="A key of the log that took a lost one's place, by the operator's own word.",
)
@click.option("--roots", type=click.File("rb"), help="An authority's certificates (PEM): check the log's timestamps.")
@options.output
@options.config
def command(folder: Path | None, form: str, config_file: Path, **given: Any) -> None:
    """Verify every signature, number, link, tile and checkpoint, and name the first thing that is wrong.

    Exit 0: the log is sound. 1: it is broken, or there is none. 2: it or the keys can't be read.
    """
    place = folder or load(config_file, os.environ, secrets=False).state / AUDIT
    vkey = "\n".join(key.strip() for key in given["vkey"]) or None
    jwks = given["jwks"].read() if given["jwks"] else None
    _usable("--vkey", NoteKey.read_all, vkey)
    _usable("--jwks", EntryKeys, jwks)
    witnesses = _witnesses(given["witness"], given["quorum"])
    screen = Console(stderr=True)
    try:
        with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
            task = progress.add_task("verifying", total=None)
            verified = check(
                Folder(place),
                vkey=vkey,
                jwks=jwks,
                remembered=[kept.read() for kept in given["remembered"]],
                witnesses=witnesses,
                accepted=given["accepted"],
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
            stamped = stamps(Folder(place), given["roots"].read()) if given["roots"] else None
    except BrokenLog as error:
        _say_broken(error, place, form)
        sys.exit(NO)
    _say_sound(verified, stamped, place, form)


def _witnesses(given: Sequence[str], quorum: int | None) -> Witnesses | None:
    """Give the witnesses that must have cosigned, and how many of them."""
    for key in given:
        _usable("--witness", WitnessKey.read, key)
    keys = tuple({key.id: key for key in map(WitnessKey.read, given)}.values())
    if quorum is not None and quorum > len(keys):
        raise click.UsageError(f"--quorum: {quorum} of {len(keys)} witnesses can't be had: name them with --witness")
    return Witnesses(keys, quorum or len(keys)) if keys else None


def _usable(option: str, read: Callable[[Any], object], given: str | bytes | None) -> None:
    """Make sure that a key can be read at all: that it can't says nothing of the log."""
    try:
        if given is not None:
            read(given)
    except BrokenLog as error:
        raise click.UsageError(f"{option}: {error}") from None


def _say_sound(verified: Verified, stamped: list[tuple[int, Stamped]] | None, place: Path, form: str) -> None:
    """Tell that a log is sound, and what this doesn't prove."""
    if form == "json":
        said = {
            "ok": True,
            "log": str(place),
            "entries": verified.entries,
            "published": verified.published,
            "removed": verified.removed,
            "witnessed": verified.witnessed,
            "stamped": None if stamped is None else [_stamp(size, one) for size, one in stamped],
            "head": {"size": verified.head.size, "root": verified.head.root.hex(), "origin": verified.head.origin},
            "torn": verified.torn,
            "dangling": [one.flow for one in verified.dangling],
            "rotations": [asdict(one) for one in verified.rotations],
            "notes": list(verified.notes),
        }
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    witnessed = f", {verified.witnessed} cosigned by witnesses" if verified.witnessed is not None else ""
    signed = f"{verified.published} under the signed checkpoint{witnessed}"
    click.echo(f"{place}: sound: {verified.entries} entries, {signed}")
    if stamped is not None:
        newest = (
            f": {stamped[-1][0]} entries were there by {stamped[-1][1].time:%Y-%m-%d %H:%M:%S} UTC" if stamped else ""
        )
        click.echo(f"  timestamps: {len(stamped)}{newest}")
    for one in verified.dangling:
        gone = f"; {one.pieces} pieces of its answer were recorded" if one.pieces else ""
        click.echo(f"  dangling: flow {one.flow} was forwarded (entry {one.counter}) and has no outcome{gone}")
    if verified.torn:
        click.echo(f"  torn: {verified.torn} bytes after the last entry are of a write that was cut short")
    for note in verified.notes:
        click.echo(f"  note: {note}")


def _stamp(size: int, stamped: Stamped) -> dict[str, object]:
    return {"size": size, "time": stamped.time, "authority": stamped.authority}


def _say_broken(error: BrokenLog, place: Path, form: str) -> None:
    """Name what is wrong first, and what it looks like."""
    looks_like = LOOKS_LIKE.get(Kind(error.kind), "") if error.kind else ""
    if form == "json":
        said = {
            "ok": False,
            "log": str(place),
            "kind": error.kind,
            "place": error.place,
            "entry": error.entry,
            "wrong": str(error),
            "looks_like": looks_like,
        }
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(f"{place}: BROKEN: {error}", err=True)
    if looks_like:
        click.echo(f"  {error.kind}: {looks_like}", err=True)
