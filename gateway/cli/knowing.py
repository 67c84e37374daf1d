"""What customers agreed to, for flows that are only tried: from a file, from the passports, or as it was recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.audit.pseudonym import Pseudonyms
from gateway.cli.assuming import Asked
from gateway.cli.house import KEYS, PASSPORTS, GateKeys, now, open_passports
from gateway.config import Settings
from gateway.dryrun import customers
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.flow import CustomerFacts
from gateway.policy.model import PolicySet
from gateway.storage.keyring import Keyring
from gateway.workbench import Known
from gateway.yamlsource import Reader


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Where facts of customers come from. `known` is None where each capture's own record of them counts."""

    known: Known | None
    told: str


AS_RECORDED = Knowledge(None, "as the captures recorded them; where they recorded nothing, nobody agreed to anything")


@contextmanager
def knowledge(
    asked: Asked, settings: Settings | None, policies: PolicySet, others: Collection[str] = ()
) -> Iterator[Knowledge]:
    """Open what the options name; `others` are consents that a policy set beside `policies` declares.

    Raises `FaultyFiles`, `FaultyKeyring`, `FactsUnavailable`, and `click.UsageError` for options that don't fit.
    """
    if asked.customers is not None and asked.passports:
        raise click.UsageError("--customers and --passports exclude each other")
    if asked.customers is not None:
        yield Knowledge(_listed(asked.customers, {*policies.consents, *others}), f"as {asked.customers} lists them")
    elif asked.passports:
        with _passports(settings, policies) as known:
            yield Knowledge(known, "as the gateway's passports have them now")
    else:
        yield AS_RECORDED


def _listed(path: Path, declared: Collection[str]) -> Known:
    """Read a file of customers."""
    try:
        data = path.read_bytes()
    except OSError as error:
        place, message = Place(str(path), 1, 1), f"can't be read: {error.strerror}"
        raise FaultyFiles([Problem(place, message, code=Fault.UNREADABLE)]) from None
    reader = Reader()
    known = customers.read(reader, str(path), data, declared)
    reader.finish()
    return known


@contextmanager
def _passports(settings: Settings | None, policies: PolicySet) -> Iterator[Known]:
    """Open the passports to look into them; nothing is made, nothing is written."""
    if settings is None:
        raise click.UsageError("--passports needs the gateway's configuration: name it with -c")
    file = settings.state / PASSPORTS
    if not file.is_file():
        raise click.UsageError(f"--passports: there are none yet: {file}")
    keyring = Keyring.open(settings.state / KEYS, make=False)
    passports = open_passports(settings, policies, GateKeys(keyring, Pseudonyms(keyring.pseudonyms)))
    at = now()

    def known(customer: str) -> CustomerFacts:
        return passports.facts((customer,), at)[customer]

    try:
        yield known
    finally:
        passports.close()
