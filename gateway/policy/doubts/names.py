"""Maps whose names are somebody's data, and nobody said so."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.catalog.model import Catalogue, Message
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.formats.selector import ANY, Step, parse
from gateway.policy.doubts.world import World
from gateway.policy.doubts.written import Written, tell

_MAP = ".*"
"""How a wildcard is written where it means the members of a map; `[*]` means the elements of a list."""


def names(world: World, written: Written) -> Iterator[Problem]:  # noqa: ARG001 - the form of all checks
    """Tell wildcards over members whose names have no label, and customers named so."""
    for catalogue in world.catalogues.values():
        for message in catalogue.messages.values():
            if message.format in {"json", "ndjson"}:
                yield from _in_fields(message)
                yield from _of_records(catalogue, message)


def _in_fields(message: Message) -> Iterator[Problem]:
    """Tell each map once; where names are listed, no other passes."""
    if message.options.get("names") is not None:
        return
    labelled = [parse(field.selector).steps for field in message.fields if field.names]
    told: list[tuple[Step, ...]] = []
    for field in message.fields:
        selector = parse(field.selector)
        if field.names or not selector.hot or _MAP not in field.selector:
            continue
        for end, step in enumerate(selector.steps, 1):
            way = selector.steps[:end]
            if step is ANY and _written_as_map(field.selector, way) and way not in (*labelled, *told):
                told.append(way)
                text = "nobody said what the names are that this leads through: they pass if they look like a program's"
                hint = "label them beside it, and they are treated as their class says: {name: user.contact.email}"
                yield tell(Fault.UNNAMED_MAP, field.place, text, hint)


def _of_records(catalogue: Catalogue, message: Message) -> Iterator[Problem]:
    """Tell a record whose customer is its name, which has no class."""
    if message.customer is None or message.customer.kind != "name":
        return
    if not any(field.names and field.selector == "$" for field in message.fields):
        text = f'the customer of "{message.name}" is its name, and the name has no label'
        hint = "label it: $: {name: user.unique_id}"
        yield tell(
            Fault.UNNAMED_MAP, message.customer.place, text, hint, Second("the catalogue is here", catalogue.place)
        )


def _written_as_map(text: str, way: tuple[Step, ...]) -> bool:
    """Tell whether the last wildcard of a way is written as one over members."""
    wildcards = sum(step is ANY for step in way)
    for at, sign in _wildcards(text):
        wildcards -= 1
        if not wildcards:
            return sign == _MAP and at > 0
    return False


def _wildcards(text: str) -> Iterator[tuple[int, str]]:
    """Give the wildcards of a hot selector, as they are written, outside of names in quotes."""
    at, quote = 0, ""
    while at < len(text):
        one = text[at]
        if quote:
            at += one == "\\"
            quote = "" if one == quote else quote
        elif one in "'\"":
            quote = one
        elif one == "*":
            yield at, _MAP if text[:at].rstrip().endswith(".") else "[*]"
        at += 1
