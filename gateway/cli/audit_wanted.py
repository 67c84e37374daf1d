"""Which entries are asked for: the options that the verbs of `sovgate audit` share, and what they look for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from gateway.audit.entry import Kind
from gateway.audit.show import Filter
from gateway.cli.house import open_keys
from gateway.cli.times import TIME, nanoseconds
from gateway.config import Settings
from gateway.watermark.mark import check as normalised

log = click.option(
    "--log",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The log's folder.  [default: the config's]",
)

_FILTERS = (
    click.option("--mark", help="The code on a marked page."),
    click.option("--flow", help="A flow's id, as refusals and access logs name it."),
    click.option("--customer", help="A customer's id: looked up by its pseudonym."),
    click.option("--operator", help="An operator's id: looked up by its pseudonym."),
    click.option("--operation", help="An operation, such as erp.read-order."),
    click.option("--class", "class_", help="A class of field; those below it count."),
    click.option("--kind", type=click.Choice(get_args(Kind)), help="What an entry tells of."),
    click.option("--verdict", type=click.Choice(["allow", "refuse"]), help="What was decided."),
    click.option("--since", type=TIME, help="From this time on (UTC)."),
    click.option("--until", type=TIME, help="Before this time (UTC)."),
)


def filters(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that say which entries are meant; `wanted` reads them."""
    for option in reversed(_FILTERS):
        verb = option(verb)
    return verb


def names_people(asked: dict[str, Any]) -> bool:
    """Tell whether somebody is asked for by an id, so that `wanted` needs the gateway's keys, and so its config."""
    return bool(asked["customer"] or asked["operator"])


def wanted(asked: dict[str, Any], settings: Settings | None) -> Filter:
    """Give what to look for. Opens the gateway's keys where somebody is named by an id: raises `FaultyKeyring`.

    A mark whose check character doesn't fit is a misuse: it was mistyped.
    """
    keys = open_keys(settings) if settings and names_people(asked) else None
    return Filter(
        flow=asked["flow"],
        customer=keys.pseudonyms.customer(asked["customer"]) if keys and asked["customer"] else None,
        operator=keys.pseudonyms.operator(asked["operator"]) if keys and asked["operator"] else None,
        operation=asked["operation"],
        class_=asked["class_"],
        mark=code(asked["mark"]),
        kind=asked["kind"],
        verdict=asked["verdict"],
        since=nanoseconds(asked["since"]),
        until=nanoseconds(asked["until"]),
    )


def code(mark: str | None) -> str | None:
    """Normalise a typed code; its check character tells a typo."""
    if mark is None:
        return None
    found = normalised(mark)
    if found is None:
        raise click.UsageError("this is no mark: its check character doesn't fit; is it mistyped?")
    return found
