"""What is said of customers' keys: never a key, and nothing that acts on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
import orjson

from gateway.cli.key_desk import PATIENCE, Desk, known
from gateway.cli.times import shown_time
from gateway.custody.rows import CustomerRow, RecipientRow, Request, VersionRow
from gateway.yamlsource.node import shown

_HEAD = ("version", "kind", "state", "purpose", "made", "used", "thumbprint")


def say(form: str, text: str, said: Mapping[str, Any]) -> None:
    """Say what was done, for people or for programs."""
    click.echo(orjson.dumps(said).decode() if form == "json" else shown(text))


def say_all(form: str, rows: Iterable[CustomerRow]) -> None:
    """List customers as they come, however many there are: a line each, or one JSON array."""
    if form != "json":
        for row in rows:
            click.echo(_line(row))
        return
    between = "["
    for row in rows:
        click.echo(between + orjson.dumps(_said(row)).decode(), nl=False)
        between = ",\n"
    click.echo("[]" if between == "[" else "]")


def say_one(here: Desk, form: str, customer: str) -> None:
    """Say everything of one customer's keys that is no secret."""
    row, versions, recipients = known(lambda: here.smith.look(customer))
    uses = here.smith.chest.vault.uses(row.handle)
    told = [_version(one, uses.get(one.version, 0)) for one in versions] + [_version(one, None) for one in recipients]
    seconds = here.settings.keys.custody.cache_seconds
    if form == "json":
        tokens = here.smith.chest.vault.count(row.handle)
        click.echo(orjson.dumps({**_said(row), "versions": told, "tokens": tokens, "cache_seconds": seconds}).decode())
        return
    click.echo(_line(row))
    table = [
        (str(one["version"]), one["kind"], one["state"], shown(one["purpose"] or "(no purpose)"),
         shown_time(one["created"]), "" if one["uses"] is None else str(one["uses"]), one["thumbprint"])
        for one in told
    ]  # fmt: skip
    for line in _aligned([_HEAD, *table]):
        click.echo(f"  {line}")
    click.echo(f"a gateway asks {row.provider} for them again after {seconds:g} seconds at most")


def say_waiting(form: str, waiting: Sequence[Request]) -> None:
    """List what waits for a second person."""
    if form == "json":
        said = [
            {"number": w.number, "action": w.action, "customer": w.customer, "asked_by": w.asked_by, "at": w.at}
            for w in waiting
        ]
        click.echo(orjson.dumps(said).decode())
        return
    for one in waiting:
        asked = f"asked by {one.asked_by}, {shown_time(one.at)}"
        click.echo(shown(f"{one.number:>4}  {one.action:<7}  {one.customer}  {asked}"))
    if not waiting:
        click.echo("nothing waits for a second person")


def say_waits(form: str, asked: Request, by: str) -> None:
    """Say that something waits for a second person, and what they have to type."""
    whose = "you asked" if asked.asked_by == by else f"{asked.asked_by} asked"
    text = (
        f"{asked.action} {asked.customer}: nothing is done yet: {whose} for it, and a second person has to agree "
        f"within {PATIENCE} days: sovgate keys approve {asked.number}"
    )
    say(form, text, {"action": asked.action, "customer": asked.customer, "waits": asked.number})


def _line(row: CustomerRow) -> str:
    """Say whose keys these are, in one line; what is destroyed has no name any more."""
    if row.wrapped is None:
        return f"{row.handle}  destroyed  {shown_time(row.created)}"
    return shown(f"{row.handle}  {row.state:<9}  {row.provider}:{row.wrapped.kek}  {row.customer}")


def _said(row: CustomerRow) -> dict[str, Any]:
    return {
        "handle": row.handle,
        "customer": row.customer,
        "state": row.state,
        "provider": row.provider,
        "wrapped_by": row.wrapped.kek if row.wrapped else None,
        "created" if row.wrapped else "destroyed": row.created,
    }


def _version(one: VersionRow | RecipientRow, uses: int | None) -> dict[str, Any]:
    """Say what a version is; what is sealed for a public key isn't counted."""
    return {
        "version": one.version,
        "kind": one.kind if isinstance(one, VersionRow) else f"seal/{one.form}",
        "purpose": one.purpose if isinstance(one, VersionRow) else None,
        "state": one.state,
        "thumbprint": one.thumbprint,
        "created": one.created,
        "uses": uses,
    }


def _aligned(table: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table)
