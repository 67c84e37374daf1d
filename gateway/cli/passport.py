"""`sovgate passport`: what customers granted and revoked, in force on the next request."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from getpass import getuser
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from gateway.audit.entry import Consent, Entry
from gateway.audit.signatures import payload_of
from gateway.cli import options
from gateway.cli.house import GateKeys, load_policies, now, open_keys, open_passports, record
from gateway.cli.main import NO
from gateway.cli.times import TIME, nanoseconds, shown_time
from gateway.config import Settings, load
from gateway.errors import SovgateError
from gateway.policy.model import ConsentKind, PolicySet
from gateway.storage.passports import Passports

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the verbs need: the passports' file and the consents that can be given."""

    settings: Settings
    passports: Passports
    policies: PolicySet
    keys: GateKeys

    def record(self, consent: Consent) -> None:
        """Record a change in the audit log too, or exit: it is in force already, the passport itself is signed."""
        try:
            asyncio.run(record(self.settings, self.keys, Entry(kind="consent", time=now(), consent=consent)))
        except SovgateError as error:
            click.echo(f"in force, but not in the audit log: {error}", err=True)
            sys.exit(NO)

    def kind(self, name: str) -> ConsentKind:
        """Find a declared consent."""
        if name not in self.policies.consents:
            there = ", ".join(sorted(self.policies.consents)) or "none"
            raise click.UsageError(f'no consent is called "{name}"; there are: {there}')
        return self.policies.consents[name]

    def revocable(self, customer: str, name: str) -> None:
        """Make sure that a consent is declared or was once given: a misspelt one would leave the real one in force."""
        if name not in {_event(jws)["consent"] for jws in self.passports.history(customer)}:
            self.kind(name)


@click.group("passport")
def command() -> None:
    """Show, grant and revoke what customers agreed to. Changes are in force on the next request."""


@command.command("grant")
@click.argument("customer")
@click.argument("consent")
@click.option("--until", type=TIME, help="When the grant ends (UTC).")
@click.option("--by", default=None, help="Who takes the grant down.  [default: the account that runs this]")
@options.config
def grant(customer: str, consent: str, until: datetime | None, by: str | None, config_file: Path) -> None:
    """Record that CUSTOMER grants CONSENT, in the wording declared now."""
    with _desk(config_file) as desk:
        kind, end = desk.kind(consent), nanoseconds(until)
        head = _made(lambda: desk.passports.grant(customer, kind, at=now(), by=by or getuser(), until=end))
        desk.record(Consent(desk.keys.pseudonyms.customer(customer), consent, "granted", head))
    click.echo(f"{customer} grants {consent}; passport head {head}")


@command.command("revoke")
@click.argument("customer")
@click.argument("consent")
@click.option("--by", default=None, help="Who takes the revocation down.  [default: the account that runs this]")
@options.config
def revoke(customer: str, consent: str, by: str | None, config_file: Path) -> None:
    """Record that CUSTOMER revokes CONSENT; it ends at once."""
    with _desk(config_file) as desk:
        desk.revocable(customer, consent)
        head = _made(lambda: desk.passports.revoke(customer, consent, at=now(), by=by or getuser()))
        desk.record(Consent(desk.keys.pseudonyms.customer(customer), consent, "revoked", head))
    click.echo(f"{customer} revokes {consent}; passport head {head}")


@command.command("describe")
@click.argument("customer")
@click.argument("attributes", nargs=-1, metavar="NAME=VALUE ...")
@options.config
def describe(customer: str, attributes: tuple[str, ...], config_file: Path) -> None:
    """Set CUSTOMER's attributes, which rules ask for by `customer: {region: eu}`; those set before are replaced."""
    pairs = [attribute.partition("=") for attribute in attributes]
    if not all(name and mark and value for name, mark, value in pairs):
        raise click.UsageError("an attribute is NAME=VALUE, such as region=eu-central")
    said = {name: value for name, _, value in pairs}
    with _desk(config_file) as desk:
        _made(lambda: desk.passports.set_attributes(customer, said))
    click.echo(
        f"{customer}: " + (", ".join(f"{name}={value}" for name, value in sorted(said.items())) or "no attributes")
    )


@command.command("show")
@click.argument("customer")
@options.output
@options.config
def show(customer: str, form: str, config_file: Path) -> None:
    """Show CUSTOMER's passport: every grant and revocation, and what is in force now."""
    with _desk(config_file) as desk:
        history = [_event(jws) for jws in desk.passports.history(customer)]
        facts = desk.passports.facts((customer,), now())[customer]
    if form == "json":
        said = {"customer": customer, "head": facts.passport, "in_force": sorted(facts.consents), "events": history}
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    for event in history:
        ends = f" until {shown_time(event['until'])}" if event["until"] else ""
        what = f"{event['action']:<6}  {event['consent']} v{event['version']}{ends}"
        click.echo(f"{shown_time(event['at'])}  {what}, {event['by']}")
    click.echo(f"in force now: {', '.join(sorted(facts.consents)) or 'nothing'}")


def _event(jws: bytes) -> dict[str, Any]:
    """Decode an event; `Passports` verified the passport when it gave the facts."""
    event: dict[str, Any] = orjson.loads(payload_of(jws))
    return event


def _made(change: Callable[[], T]) -> T:
    """Make a change; a name that can't be is a usage error."""
    try:
        return change()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def _desk(config_file: Path) -> Iterator[_Desk]:
    """Open what the verbs need."""
    settings = load(config_file, os.environ, secrets=False)
    policies = load_policies(settings.policies)
    keys = open_keys(settings)
    passports = open_passports(settings, policies, keys)
    try:
        yield _Desk(settings, passports, policies, keys)
    finally:
        passports.close()
