"""`sovgate audit`: verify the log from its files and public keys alone, and find entries in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import Progress

from gateway.audit.show import Filter, Shown, published_size
from gateway.audit.show import show as find
from gateway.audit.signatures import EntryKeys, NoteKey
from gateway.audit.verify import Verified
from gateway.audit.verify import verify as check
from gateway.cli import options
from gateway.cli.house import AUDIT, open_keys
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.times import TIME, nanoseconds, shown_time
from gateway.config import Settings, load
from gateway.errors import BrokenLog
from gateway.storage.folder import Folder
from gateway.watermark.mark import check as normalised

log = click.option(
    "--log",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The log's folder.  [default: the config's]",
)


@click.group("audit")
def command() -> None:
    """Verify and search the audit log."""


@command.command("verify")
@log
@click.option("--vkey", help="The checkpoints' verifier key, got from elsewhere than the log.")
@click.option("--jwks", type=click.File("rb"), help="The entries' public keys, got from elsewhere than the log.")
@click.option("--remembered", type=click.File("rb"), help="A checkpoint kept from earlier: the log must contain it.")
@options.output
@options.config
def verify(folder: Path | None, vkey: str | None, jwks: Any, remembered: Any, form: str, config_file: Path) -> None:
    """Verify every signature, number, link, tile and checkpoint, and name the first thing that is wrong.

    Exit 0: the log is sound. 1: it is broken, or there is none. 2: it or the keys can't be read.
    """
    place = folder or load(config_file, os.environ, secrets=False).state / AUDIT
    trusted = jwks.read() if jwks else None
    _usable("--vkey", NoteKey.read, vkey)
    _usable("--jwks", EntryKeys, trusted)
    screen = Console(stderr=True)
    try:
        with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
            task = progress.add_task("verifying", total=None)
            verified = check(
                Folder(place),
                vkey=vkey,
                jwks=trusted,
                remembered=remembered.read() if remembered else None,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except BrokenLog as error:
        _say_broken(error, place, form)
        sys.exit(NO)
    _say_sound(verified, place, form)


@command.command("show")
@log
@click.option("--mark", help="The code on a marked page.")
@click.option("--flow", help="A flow's id, as refusals and access logs name it.")
@click.option("--customer", help="A customer's id: looked up by its pseudonym.")
@click.option("--operator", help="An operator's id: looked up by its pseudonym.")
@click.option("--operation", help="An operation, such as erp.read-order.")
@click.option("--class", "class_", help="A class of field; those below it count.")
@click.option("--kind", type=click.Choice(["start", "intent", "piece", "outcome", "refusal", "mark", "consent", "key"]))
@click.option("--since", type=TIME, help="From this time on (UTC).")
@click.option("--until", type=TIME, help="Before this time (UTC).")
@options.output
@options.config
def show(folder: Path | None, form: str, config_file: Path, **asked: Any) -> None:
    """Show the entries that fit. Exit 0: some do. 1: none does."""
    settings = (
        load(config_file, os.environ, secrets=False)
        if folder is None or asked["customer"] or asked["operator"]
        else None
    )
    asked["mark"] = _code(asked["mark"])
    place = folder or (settings.state / AUDIT if settings else Path())
    try:
        found = _show(Folder(place), settings, form, asked)
    except BrokenLog as error:
        click.echo(f"{place}: {error}", err=True)
        sys.exit(COULD_NOT)
    sys.exit(0 if found else NO)


def _show(files: Folder, settings: Settings | None, form: str, asked: dict[str, Any]) -> int:
    """Print the entries that fit, and count them. Raises `BrokenLog`."""
    published = published_size(files)  # first of all: where there is no log there are no keys to look names up with
    keys = open_keys(settings) if settings and (asked["customer"] or asked["operator"]) else None
    wanted = Filter(
        flow=asked["flow"],
        customer=keys.pseudonyms.customer(asked["customer"]) if keys and asked["customer"] else None,
        operator=keys.pseudonyms.operator(asked["operator"]) if keys and asked["operator"] else None,
        operation=asked["operation"],
        class_=asked["class_"],
        mark=asked["mark"],
        kind=asked["kind"],
        since=nanoseconds(asked["since"]),
        until=nanoseconds(asked["until"]),
    )
    found = 0
    for entry in find(files, wanted, published):
        found += 1
        click.echo(orjson.dumps(entry.payload).decode() if form == "json" else _line(entry))
    return found


def _usable(option: str, read: Callable[[Any], object], given: str | bytes | None) -> None:
    """Make sure that a key can be read at all: that it can't says nothing of the log."""
    try:
        if given is not None:
            read(given)
    except BrokenLog as error:
        raise click.UsageError(f"{option}: {error}") from None


def _code(mark: str | None) -> str | None:
    """Normalise a typed code; its check character tells a typo."""
    if mark is None:
        return None
    code = normalised(mark)
    if code is None:
        raise click.UsageError("this is no mark: its check character doesn't fit; is it mistyped?")
    return code


def _line(entry: Shown) -> str:
    """Show an entry in a few lines: who, whose, what, under which rules."""
    said = entry.payload
    time = shown_time(said["time"])
    way = f"{said['from']} -> {said['to']}" if said.get("to") else ""
    parts = [str(entry.index), time, said["kind"], way, said.get("operation", ""), said.get("verdict", "")]
    lines = ["  ".join(part for part in (*parts, said.get("refusal", "")) if part)]
    if leg := said.get("leg"):
        lines.append(f"    {_piece(leg, said)}")
    if said.get("flow"):
        lines.append(f"    flow {said['flow']}  operator {said.get('operator', {}).get('pseudonym', '-')}")
    if consent := said.get("consent"):
        lines.append(f"    {consent['customer']} {consent['action']} {consent['name']}")
    if key := said.get("key"):
        lines.append(f"    {_change(key)}")
    for decision in said.get("decided", ()):
        customers = decision.get("customers", ())
        shown = ", ".join(customers[:3]) + (f" and {len(customers) - 3} more" if len(customers) > 3 else "")  # noqa: PLR2004 - a line's worth
        lines.append(f"    {decision.get('records', 0)} records of {shown or 'nobody named'}")
        lines += [
            f"      {field['pointer'] or '(whole)'}  {', '.join(field.get('classes', ('unlisted',)))}"
            f"  {field.get('treatment', '')} x{field.get('count', 0)}  by {', '.join(field.get('rules', ()))}"
            for field in decision.get("fields", ())
        ]
    lines += [f"    {_used(use)}" for use in said.get("keys", ())]
    if said.get("marks"):
        lines.append("    marks " + ", ".join(f"{mark['code']} (page {mark.get('page', 1)})" for mark in said["marks"]))
    return "\n".join(lines)


def _change(key: dict[str, Any]) -> str:
    """Say what happened to a customer's keys, by whose hand."""
    versions = key.get("thumbprints", ())
    purpose = f" for {key['purpose']}" if "purpose" in key else ""
    which = f": {len(versions)} versions{purpose}" if versions else ""
    approved = f", approved by {key['approved']}" if "approved" in key else ""
    return f"keys of {key.get('customer', 'all customers')} {key['action']}{which}, by {key.get('by', '-')}{approved}"


def _used(use: dict[str, Any]) -> str:
    """Say what was done with a customer's keys."""
    did = ((use.get("made", 0), "made"), (use.get("opened", 0), "opened"), (use.get("refused", 0), "not opened"))
    told = ", ".join(f"{count} {what}" for count, what in did if count) or "used"
    return f"keys of {use['customer']}: {told}, {len(use.get('keys', ()))} versions"


def _piece(leg: str, said: dict[str, Any]) -> str:
    """Say which part of a body in pieces an entry tells of."""
    if "pieces" in said:
        return f"end of the {leg}, after {said['pieces']} pieces"
    return f"piece {said['piece']} of the {leg}" if said.get("piece") else f"head of the {leg}"


def _say_sound(verified: Verified, place: Path, form: str) -> None:
    """Tell that a log is sound, and what this doesn't prove."""
    if form == "json":
        said = {
            "ok": True,
            "log": str(place),
            "entries": verified.entries,
            "published": verified.published,
            "torn": verified.torn,
            "dangling": [one.flow for one in verified.dangling],
            "notes": list(verified.notes),
        }
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(f"{place}: sound: {verified.entries} entries, {verified.published} under the signed checkpoint")
    for one in verified.dangling:
        gone = f"; {one.pieces} pieces of its answer were recorded" if one.pieces else ""
        click.echo(f"  dangling: flow {one.flow} was forwarded (entry {one.counter}) and has no outcome{gone}")
    for note in verified.notes:
        click.echo(f"  note: {note}")


def _say_broken(error: BrokenLog, place: Path, form: str) -> None:
    """Name what is wrong first."""
    if form == "json":
        said = {"ok": False, "log": str(place), "wrong": str(error)}
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(f"{place}: BROKEN: {error}", err=True)
