"""`sovgate keys`: customers' own keys. Nothing here prints a key; what was done is in the audit log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

from gateway.cli import options
from gateway.cli.key_desk import Desk, desk, known
from gateway.cli.key_files import new_file, read_file, read_key, write_keys
from gateway.cli.key_words import say, say_all, say_one, say_waiting, say_waits
from gateway.cli.key_wrapping import rewrap_all
from gateway.cli.main import NO
from gateway.cli.undumped import undumped
from gateway.custody.file_provider import FileProvider, Secret
from gateway.custody.smith import Smith
from gateway.errors import FaultyCustody, SovgateError
from gateway.steps.read import is_customer
from gateway.yamlsource.node import shown


class _Customer(click.ParamType[str]):
    """A customer's id, as messages may have it."""

    name = "customer"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the id, if a message could name it: anything else would be a slip."""
        if not is_customer(value):
            self.fail("no message could name this customer", param, ctx)
        return value


_customer = click.argument("customer", type=_Customer())
_purpose = click.option("--purpose", default=None, help="For this purpose.  [default: for flows without one]")
_yes = click.option("--yes", is_flag=True, help="Don't ask.")
_target = click.Path(path_type=Path, dir_okay=False)


@click.group("keys")
def command() -> None:
    """Create, import, rotate, revoke, destroy and hand out customers' own keys. Changes are in force at once.

    Exit 0: done. 1: not done: there are no such keys, or it waits for a second person. 2: it could not be tried.
    """
    undumped()


@command.command("list")
@click.argument("customer", type=_Customer(), required=False)
@options.output
@options.config
def list_(customer: str | None, form: str, config_file: Path) -> None:
    """List customers with keys, or the versions of CUSTOMER's; never a key itself."""
    with desk(config_file, changes=False) as here:
        if customer is None:
            say_all(form, here.smith.customers())
        else:
            say_one(here, form, customer)


@command.command("create")
@_customer
@_purpose
@options.output
@options.config
def create(customer: str, purpose: str | None, form: str, config_file: Path) -> None:
    """Give CUSTOMER keys, also after theirs were destroyed; others get theirs when they are first needed."""
    with desk(config_file) as here:
        made = known(lambda: here.smith.create(customer, purpose))
        here.done()
    text = f"{customer}: {_keys(len(made))} made" if made else f"{customer}: has all keys for that purpose"
    say(form, text, {"action": "created", "customer": customer, "purpose": purpose, "thumbprints": made})


@command.command("import")
@_customer
@click.option("--key", "secret", type=click.File("rb"), help="A key of 32 bytes to encrypt with: JWK (oct) or base64.")
@click.option("--public", type=click.File("rb"), help="A public key to seal for: JWK or PEM.")
@click.option(
    "--form",
    "sealed",
    type=click.Choice(["hpke", "jwe"]),
    default="hpke",
    show_default=True,
    help="What --public is for.",
)
@_purpose
@options.output
@options.config
def import_(
    customer: str,
    secret: BinaryIO | None,
    public: BinaryIO | None,
    sealed: str,
    purpose: str | None,
    form: str,
    config_file: Path,
) -> None:
    """Take a key that CUSTOMER brings: the one to encrypt with, or the public one to seal for (`-` reads stdin)."""
    if (secret is None) == (public is None):
        raise click.UsageError("name one file: --key or --public")
    if public is not None and purpose is not None:
        raise click.UsageError("a public key is for all purposes: leave --purpose out")
    with desk(config_file) as here:
        if secret is not None:
            key = read_key(secret)
            made = known(lambda: here.smith.bring(customer, purpose, key))
        else:
            assert public is not None
            data = read_file(public)
            made = known(lambda: here.smith.register(customer, data, "jwe" if sealed == "jwe" else "hpke"))
        here.done()
    said = {"action": "imported", "customer": customer, "purpose": purpose, "thumbprints": made}
    say(form, f"{customer}: imported {', '.join(made)}", said)


@command.command("rotate")
@click.argument("customer", type=_Customer(), required=False)
@_purpose
@click.option("--all-purposes", is_flag=True, help="For every purpose that there are keys for.")
@click.option("--wrapping", is_flag=True, help="The key that wraps customers' keys, and wrap them all anew.")
@options.output
@options.config
def rotate(
    customer: str | None, purpose: str | None, all_purposes: bool, wrapping: bool, form: str, config_file: Path
) -> None:
    """Make new versions of CUSTOMER's keys; what the older ones encrypted still opens. Pseudonyms stay."""
    if (customer is None) != wrapping:
        raise click.UsageError("name a customer, or --wrapping")
    if sum((purpose is not None, all_purposes, wrapping)) > 1:
        raise click.UsageError("only one of --purpose, --all-purposes and --wrapping")
    with desk(config_file) as here:
        if customer is None:
            rewrap_all(here, form)
            return
        made = known(lambda: here.smith.rotate(customer, purpose, all_purposes=all_purposes))
        here.done()
    said = {"action": "rotated", "customer": customer, "purpose": purpose, "thumbprints": made}
    say(form, f"{customer}: {len(made)} new versions", said)


@command.command("passphrase")
@click.option("--new", type=click.File("rb"), required=True, help="The file that holds the new one; `-` reads stdin.")
@options.config
def passphrase(new: BinaryIO, config_file: Path) -> None:
    """Protect the wrapping keys by a new passphrase, or a new key; then put it where the configuration says."""
    try:
        secret = Secret.read(read_file(new).decode())
    except UnicodeDecodeError:
        raise click.UsageError(f"{new.name}: not UTF-8 text") from None
    with desk(config_file) as here:
        provider = here.smith.chest.providers.get(FileProvider.name)
        if not isinstance(provider, FileProvider):
            raise FaultyCustody("no passphrase protects customers' keys here")
        provider.protect(secret)
    click.echo("the passphrase is another one now: put it in place of the old one, before a gateway is started")


@command.command("revoke")
@_customer
@click.argument("version", type=click.IntRange(min=1))
@_yes
@options.output
@options.config
def revoke(customer: str, version: int, yes: bool, form: str, config_file: Path) -> None:
    """Let one VERSION of CUSTOMER's keys neither make nor open anything, for good; the others stay."""
    with desk(config_file) as here:
        known(lambda: here.smith.look(customer))
        _sure(yes, customer, f"what version {version} encrypted won't open any more, for good")
        lost = known(lambda: here.smith.revoke(customer, version))
        here.done()
    said = {"action": "revoked", "customer": customer, "version": version, "thumbprints": lost}
    say(form, f"{customer}: version {version} is revoked", said)


@command.command("destroy")
@_customer
@_yes
@options.output
@options.config
def destroy(customer: str, yes: bool, form: str, config_file: Path) -> None:
    """Destroy everything of CUSTOMER: nothing that was encrypted for them opens any more. There is no way back."""
    with desk(config_file) as here:
        _sure(yes, customer, _at_stake(here, customer))
        asked = here.agreed("destroy", customer)
        if asked is not None:
            say_waits(form, asked, here.smith.by)
            sys.exit(NO)
        _destroy(here, here.smith, customer, form)


@command.command("export")
@_customer
@click.option("--to", "target", type=_target, required=True, help="The file to write.")
@options.output
@options.config
def export(customer: str, target: Path, form: str, config_file: Path) -> None:
    """Write the keys with which CUSTOMER opens what was encrypted for them: a JWK Set, for nobody else's eyes."""
    with desk(config_file) as here:
        known(lambda: here.smith.look(customer))
        asked = here.agreed("export", customer)
        if asked is not None:
            say_waits(form, asked, here.smith.by)
            sys.exit(NO)
        _export(here, here.smith, customer, target, form)


@command.command("approve")
@click.argument("number", type=int, required=False)
@click.option("--to", "target", type=_target, help="The file to write, for an export.")
@click.option("--drop", is_flag=True, help="Don't do it: forget that it was asked for. One person is enough for that.")
@_yes
@options.output
@options.config
def approve(number: int | None, target: Path | None, drop: bool, yes: bool, form: str, config_file: Path) -> None:
    """Agree to what another person asked for, and do it; without NUMBER, list what waits."""
    with desk(config_file) as here:
        there = {one.number: one for one in here.waiting()}
        if number is None:
            say_waiting(form, list(there.values()))
            return
        asked = there.get(number)
        if asked is None:
            _no(f"nothing waits under the number {number}")
        elif drop:
            known(lambda: here.take(number))
            said = {"action": "dropped", "customer": asked.customer, "number": number}
            say(form, f"{asked.action} {asked.customer}: dropped", said)
        elif asked.asked_by == here.smith.by:
            _no(f"it takes a second person: {asked.asked_by} asked for this")
        elif asked.action == "destroy":
            _sure(yes, asked.customer, _at_stake(here, asked.customer))
            known(lambda: here.take(number))
            _destroy(here, here.both(asked), asked.customer, form)
        elif target is None:
            raise click.UsageError("name the file to write: --to")
        else:
            known(lambda: here.smith.look(asked.customer))
            _export(here, here.both(asked), asked.customer, target, form, number)


def _destroy(here: Desk, smith: Smith, customer: str, form: str) -> None:
    lost = known(lambda: smith.destroy(customer))
    here.drop(customer)
    here.done()
    said = {"action": "destroyed", "customer": customer, "thumbprints": lost}
    say(form, f"{customer}: destroyed; nothing of theirs opens any more", said)


def _export(here: Desk, smith: Smith, customer: str, target: Path, form: str, number: int | None = None) -> None:
    """Write keys to a file; that they were handed out is in the audit log first, or they aren't."""
    with new_file(target) as file:
        if number is not None:
            known(lambda: here.take(number))
        handed = known(lambda: smith.hand_out(customer))
        try:
            here.tell()
        except SovgateError as error:
            raise FaultyCustody(f"nothing is handed out, since the audit log can't be told: {error}") from None
        count = write_keys(file, smith.keys(customer))
    said = {"action": "exported", "customer": customer, "file": str(target), "thumbprints": handed}
    say(form, f"{customer}: {_keys(count)} in {target}", said)


def _at_stake(here: Desk, customer: str) -> str:
    """Say what a destruction takes away, for good."""
    row, versions, recipients = known(lambda: here.smith.look(customer))
    tokens = here.smith.chest.vault.count(row.handle)
    return (
        f"this destroys {_keys(len(versions) + len(recipients))} and {tokens} tokens of the vault; what was encrypted "
        "for them won't open any more, here or anywhere, for good"
    )


def _sure(yes: bool, customer: str, stake: str) -> None:
    """Have somebody type the customer's name, or exit."""
    if yes:
        return
    click.echo(shown(f"{customer}: {stake}."), err=True)
    if click.prompt("Type the customer's name to go on", err=True) != customer:
        _no("nothing was done")


def _no(message: str) -> None:
    click.echo(shown(message), err=True)
    sys.exit(NO)


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"
