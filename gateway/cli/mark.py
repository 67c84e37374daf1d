"""`sovgate mark`: mark a file outside a flow, and record it like any export."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Literal, get_args

import click
import orjson
from msgspec.structs import replace

from gateway.audit.entry import Actor, Body, Decided, Entry, Mark
from gateway.cli import options
from gateway.cli.account import account
from gateway.cli.house import GateKeys, now, open_keys, record
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.workers import hire
from gateway.config import Settings, load
from gateway.errors import NotRecorded, Unreadable
from gateway.flow import Purpose
from gateway.formats.documents import kind_of
from gateway.watermark.document import mark
from gateway.watermark.plan import REASONS, Marked, Placement, Plan, Visible, unmarkable
from gateway.watermark.text.template import Words

_TEMPLATE = "{customer} / {recipient} / {date} / {mark}"
_MOST = 512 << 20  # bytes of a file


@dataclass(frozen=True, slots=True)
class _Export:
    """What is marked, for whom, and how."""

    source: Path
    target: Path
    customer: str
    recipient: str
    purpose: str
    plan: Plan


@click.command("mark")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--customer", required=True, help="Whose data it is.")
@click.option("--recipient", required=True, help="Who gets it.")
@click.option("--purpose", default="", help="What for.")
@click.option("--visible", default=_TEMPLATE, show_default=True, help="The words that are seen.")
@click.option("--placement", type=click.Choice(get_args(Placement)), default="tiled", show_default=True)
@click.option("--opacity", type=click.FloatRange(0.05, 1), default=Visible("").opacity, show_default=True)
@click.option("--colour", default="", help="#rrggbb.  [default: dark with a light rim]")
@click.option("--hidden/--no-hidden", default=True, show_default=True, help="A mark that survives screenshots.")
@click.option("--forbid", multiple=True, type=click.Choice(["print", "copy", "annotate"]), help="In a PDF; repeatable.")
@click.option("--view-only", is_flag=True, help="Replace the pages of a PDF by marked pictures.")
@click.option("--bilevel", is_flag=True, help="Let the hidden mark thicken and thin strokes in scans of two colours.")
@click.option("--attachments", type=click.Choice(["remove", "mark", "refuse"]), default="remove", show_default=True)
@click.option("--signed", type=click.Choice(["refuse", "drop"]), default="refuse", show_default=True)
@click.option("--pdfa", type=click.Choice(["drop", "keep", "refuse"]), default="drop", show_default=True)
@options.output
@options.config
def command(
    source: Path,
    target: Path,
    customer: str,
    recipient: str,
    purpose: str,
    visible: str,
    placement: Placement,
    opacity: float,
    colour: str,
    hidden: bool,
    forbid: tuple[str, ...],
    view_only: bool,
    bilevel: bool,
    attachments: Literal["remove", "mark", "refuse"],
    signed: Literal["refuse", "drop"],
    pdfa: Literal["drop", "keep", "refuse"],
    form: str,
    config_file: Path,
) -> None:
    """Mark the file IN (a PDF or a picture) for a recipient, write it to OUT, and record it in the audit log.

    OUT appears once the entry is durable; a file that is there already stays as it is. Exit 0: done. 1: the file can't
    be marked, and the log says so. 2: it could not be tried.
    """
    settings = load(config_file, os.environ, secrets=False)
    keys = open_keys(settings)
    if target.exists():
        raise click.UsageError(f"{target}: is there already")
    today = datetime.now(UTC).strftime("%Y-%m-%d %H:%MZ")
    words = Words(customer, recipient, today, purpose or "-")
    plan = Plan(
        (Visible(words.fill(visible), placement, opacity, colour),),
        frozenset(forbid),
        secrets.token_bytes(32),
        keys.keyring.marks if hidden else b"",
        view_only=view_only,
        bilevel=bilevel,
        attachments=attachments,
        signed=signed,
        pdfa=pdfa,
    )
    export = _Export(source, target, customer, recipient, purpose, plan)
    try:
        marked = asyncio.run(_export(export, settings, keys))
    except Unreadable as error:
        _say(form, {"ok": False, "file": str(source), "reason": str(error)}, f"{source}: {_why(error)}")
        sys.exit(NO)
    except NotRecorded as error:
        click.echo(f"{target}: not written, because it could not be recorded: {error}", err=True)
        sys.exit(COULD_NOT)
    said = {"ok": True, "file": str(target), "marks": list(marked.codes), "lost": list(marked.notes)}
    lost = f"\n  lost: {', '.join(marked.notes)}" if marked.notes else ""
    more = f" to {marked.codes[-1]}" if len(marked.codes) > 1 else ""
    _say(form, said, f"{target}: {len(marked.codes)} marked, {marked.codes[0]}{more}{lost}")


async def _export(export: _Export, settings: Settings, keys: GateKeys) -> Marked:
    """Mark, write beside the target, record, and only then give the file its name."""
    body, before = _read(export.source)
    entry = Entry(
        kind="mark",
        time=now(),
        operator=Actor(keys.pseudonyms.operator(account()), kind="human", authenticated="account"),
        recipient=keys.pseudonyms.operator(export.recipient),
        purpose=Purpose(export.purpose, "command") if export.purpose else None,
        decided=(Decided(customers=(keys.pseudonyms.customer(export.customer),), records=1),),
        body=before,
        verdict="allow",
    )
    try:
        marked = await _marked(body, export.plan, settings)
    except Unreadable as error:
        await record(settings, keys, replace(entry, verdict="refuse", refusal=error.refusal, why=error.word))
        raise
    draft = export.target.with_name(f".{export.target.name}.{os.getpid()}")
    try:
        _write(draft, marked.body)
        after = sha256(marked.body).hexdigest()
        done = replace(
            entry,
            body=replace(before, after=after, after_size=len(marked.body)),
            marks=tuple(Mark(code, page) for page, code in enumerate(marked.codes, start=1)),
            lost=marked.notes,
        )
        await record(settings, keys, done)
        os.link(draft, export.target)  # fails where a file came in between, and never writes over one
    finally:
        draft.unlink(missing_ok=True)
    return marked


async def _marked(body: bytes | None, plan: Plan, settings: Settings) -> Marked:
    """Mark in a worker process, as the gateway does."""
    if body is None:
        raise unmarkable("too-large")
    kind = kind_of(body)
    if kind is None:
        raise unmarkable("format")
    sandbox = hire(settings.marks)
    await sandbox.start()
    try:
        return await sandbox.run(mark, kind, body, plan)
    finally:
        await sandbox.close()


def _read(path: Path) -> tuple[bytes | None, Body]:
    """Give the bytes of a file, None where they are too many to be marked, and what its entry says of them."""
    with path.open("rb") as file:
        size = path.stat().st_size
        if size > _MOST:
            return None, Body(file_digest(file, "sha256").hexdigest(), size)
        body = file.read()
    return body, Body(sha256(body).hexdigest(), len(body))


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, durably."""
    with suppress(FileNotFoundError):
        path.unlink()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(file)


def _why(error: Unreadable) -> str:
    return f"can't be marked: {REASONS.get(str(error), str(error))}"


def _say(form: str, said: dict[str, object], text: str) -> None:
    if form == "json":
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(text, err=not said["ok"])
