"""`sovgate keys`: customers' own keys. Nothing here prints a key; what was done is in the audit log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.cli import options
from gateway.cli.key_desk import Desk, desk, known
from gateway.cli.key_files import read_key, write_keys
from gateway.cli.main import NO
from gateway.cli.times import shown_time
from gateway.custody.file_provider import FileProvider
from gateway.custody.store import CustomerRow
from gateway.errors import UnknownKey

purpose_option = click.option("--purpose", default=None, help="For this purpose.  [default: for flows without one]")


@click.group("keys")
def command() -> None:
    """Create, import, rotate, revoke and destroy customers' own keys. Changes are in force on the next request."""


@command.command("list")
@click.argument("customer", required=False)
@options.output
@options.config
def list_(customer: str | None, form: str, config_file: Path) -> None:
    """List customers with keys, or the versions of CUSTOMER's; never a key itself."""
    with desk(config_file) as here:
        said: list[dict[str, Any]] = [_versions(here, customer)] if customer else [_said(row) for row in here.smith.customers()]
    if form == "json":
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    for one in said:
        click.echo(
            f"{one['handle']}  {one['state']:<9}  {one['customer'] or '-'}  {one['provider']}:{one['wrapped_by']}"
        )
        for version in one.get("versions", ()):
            purpose = version["purpose"] or "(no purpose)"
            made = f"made {shown_time(version['created'])}, used {version['uses']}"
            click.echo(f"  {version['version']:>4}  {version['kind']:<9}  {version['state']:<7}  {purpose}  {made}")
            click.echo(f"        {version['thumbprint']}")


@command.command("create")
@click.argument("customer")
@purpose_option
@options.config
def create(customer: str, purpose: str | None, config_file: Path) -> None:
    """Give CUSTOMER keys, also after theirs were destroyed; others get theirs when they are first needed."""
    with desk(config_file) as here:
        made = known(lambda: here.smith.create(customer, purpose))
        here.done()
    click.echo(f"{customer}: {len(made)} keys made" if made else f"{customer}: has all keys for that purpose")


@command.command("import")
@click.argument("customer")
@click.option(
    "--key", "secret", type=click.Path(path_type=Path, dir_okay=False), help="A key of 32 bytes: JWK (oct) or base64."
)
@click.option("--public", type=click.Path(path_type=Path, dir_okay=False), help="A public key to seal for: JWK or PEM.")
@click.option(
    "--form", type=click.Choice(["hpke", "jwe"]), default="hpke", show_default=True, help="What --public is for."
)
@purpose_option
@options.config
def import_(
    customer: str, secret: Path | None, public: Path | None, form: str, purpose: str | None, config_file: Path
) -> None:
    """Take a key that CUSTOMER brings: the one to encrypt with, or the public one to seal for."""
    if (secret is None) == (public is None):
        raise click.UsageError("name one file: --key or --public")
    with desk(config_file) as here:
        if secret is not None:
            key = read_key(secret)
            made = known(lambda: here.smith.bring(customer, purpose, key))
        else:
            data = public.read_bytes() if public is not None else b""
            made = known(lambda: here.smith.register(customer, data, "jwe" if form == "jwe" else "hpke"))
        here.done()
    click.echo(f"{customer}: imported {made[0]}")


@command.command("rotate")
@click.argument("customer", required=False)
@purpose_option
@click.option("--all-purposes", is_flag=True, help="For every purpose that there are keys for.")
@click.option("--wrapping", is_flag=True, help="The key that wraps customers' keys, and wrap them all anew.")
@options.config
def rotate(customer: str | None, purpose: str | None, all_purposes: bool, wrapping: bool, config_file: Path) -> None:
    """Make new versions of CUSTOMER's keys; what the older ones encrypted still opens. Pseudonyms stay."""
    if (customer is None) != wrapping:
        raise click.UsageError("name a customer, or --wrapping")
    with desk(config_file) as here:
        if customer is None:
            _rewrap(here)
            return
        made = known(lambda: here.smith.rotate(customer, purpose, all_purposes=all_purposes))
        here.done()
    click.echo(f"{customer}: {len(made)} new versions")


@command.command("revoke")
@click.argument("customer")
@click.argument("version", type=int)
@options.config
def revoke(customer: str, version: int, config_file: Path) -> None:
    """Let one VERSION of CUSTOMER's keys neither make nor open anything, for good; the others stay."""
    with desk(config_file) as here:
        known(lambda: here.smith.revoke(customer, version))
        here.done()
    click.echo(f"{customer}: version {version} is revoked")


@command.command("destroy")
@click.argument("customer")
@click.option("--yes", is_flag=True, help="Don't ask.")
@options.config
def destroy(customer: str, yes: bool, config_file: Path) -> None:
    """Destroy everything of CUSTOMER: nothing that was encrypted for them opens any more. There is no way back."""
    with desk(config_file) as here:
        known(lambda: here.smith.look(customer))
        if not yes and click.prompt(f"This can't be undone. Type {customer} to go on") != customer:
            click.echo("nothing was done", err=True)
            sys.exit(NO)
        here.agreed("destroy", customer)
        known(lambda: here.smith.destroy(customer))
        here.done()
    click.echo(f"{customer}: destroyed; nothing of theirs opens any more")


@command.command("export")
@click.argument("customer")
@click.option(
    "--to", "target", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
@options.config
def export(customer: str, target: Path, config_file: Path) -> None:
    """Write the keys with which CUSTOMER opens what was encrypted for them: a JWK Set, for nobody else's eyes."""
    with desk(config_file) as here:
        here.agreed("export", customer)
        count = known(lambda: write_keys(target, here.smith.keys(customer)))
        known(lambda: here.smith.hand_out(customer))
        here.done()
    click.echo(f"{customer}: {count} keys in {target}")


@command.command("approve")
@click.argument("number", type=int, required=False)
@click.option(
    "--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="The file to write, for an export."
)
@options.config
def approve(number: int | None, target: Path | None, config_file: Path) -> None:
    """Agree to what another person asked for, and do it; without NUMBER, list what waits."""
    with desk(config_file) as here:
        waiting = {one.number: one for one in here.smith.chest.store.requests()}
        if number is None:
            for one in waiting.values():
                click.echo(
                    f"{one.number:>4}  {one.action}  {one.customer}  asked by {one.asked_by}, {shown_time(one.at)}"
                )
            return
        asked = waiting.get(number)
        if asked is None:
            raise UnknownKey(f"nothing waits under the number {number}")
        if asked.asked_by == here.smith.by:
            raise UnknownKey("it takes a second person: you asked for this yourself")
        both = here.by_both(asked)
        if asked.action == "destroy":
            known(lambda: both.destroy(asked.customer))
        elif target is None:
            raise click.UsageError("name the file to write: --to")
        else:
            known(lambda: write_keys(target, both.keys(asked.customer)))
            known(lambda: both.hand_out(asked.customer))
        with both.chest.store.writing():
            both.chest.store.answered(asked.number)
        here.done()
    click.echo(f"{asked.action} {asked.customer}: done, by two")


def _rewrap(here: Desk) -> None:
    """Make a new key that wraps, and wrap every customer's with it."""
    provider = here.smith.chest.provider(here.smith.chest.settings.default)
    if isinstance(provider, FileProvider):
        provider.rotate()
    count = 0
    for count in here.smith.rewrap(provider.name):
        if sys.stderr.isatty():
            click.echo(f"\r{count} customers", nl=False, err=True)
    if isinstance(provider, FileProvider):
        provider.retire(here.smith.chest.store.keks(provider.name))
    here.done()
    click.echo(f"{count} customers' keys are wrapped with {provider.name}:{provider.current()}")


def _said(row: CustomerRow) -> dict[str, Any]:
    return {
        "handle": row.handle,
        "customer": row.customer,
        "state": row.state,
        "provider": row.provider,
        "wrapped_by": row.wrapped.kek if row.wrapped else None,
        "created": row.created,
    }


def _versions(here: Desk, customer: str) -> dict[str, Any]:
    """Say everything of one customer's keys that is no secret."""
    row, versions, recipients = known(lambda: here.smith.look(customer))
    uses = here.smith.chest.vault.uses(row.handle)
    told = [
        {
            "version": one.version, "kind": one.kind, "purpose": one.purpose, "state": one.state,
            "thumbprint": one.thumbprint, "created": one.created, "uses": uses.get(one.version, 0),
        }
        for one in versions
    ] + [
        {
            "version": one.version, "kind": f"seal/{one.form}", "purpose": None, "state": one.state,
            "thumbprint": one.thumbprint, "created": one.created, "uses": None,
        }
        for one in recipients
    ]  # fmt: skip
    return {**_said(row), "versions": told}
