"""The draft of one system: what ends at each path becomes operations, what they carry becomes messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.discover.clashfree import clear
from gateway.discover.draft import Draft, DraftOperation
from gateway.discover.group import Group
from gateway.discover.heads import head
from gateway.discover.messages import Carrying, Messages, notes
from gateway.discover.naming import Route, distinct, operation, route
from gateway.discover.outline import Purse, Told
from gateway.discover.pool import Use
from gateway.discover.segments import Step
from gateway.discover.write import within

MOST_OPERATIONS = 2000

_LEGS = ("body", "response", "errors")


@dataclass(slots=True)
class Seen:
    """One operation as it was seen: its template, its method, what tells it apart, and what it carried."""

    steps: tuple[Step, ...]
    method: str
    told: Told
    group: Group


def assemble(
    system: str, seen: Iterable[Seen], purse: Purse, *, used: Iterable[str] = (), taken: Iterable[str] = ()
) -> Draft:
    """Draft a system's operations and messages; `used` and `taken` are names of those that exist already."""
    every = sorted(_settled(seen), key=lambda one: -one.group.count)
    kept = sorted(every[:MOST_OPERATIONS], key=_order)
    messages = Messages(purse, taken)
    routed = [(one, route(one.steps)) for one in kept]
    legs = [{leg: messages.take(_use(one, way, leg), getattr(one.group, leg)) for leg in _LEGS} for one, way in routed]
    names = set(used)
    drafted: dict[int, DraftOperation] = {}
    for at in sorted(range(len(kept)), key=lambda at: len(kept[at].steps)):  # short paths get the short names
        drafted[at] = _operation(*routed[at], legs[at], messages, names)
        names.add(drafted[at].name)
    left = len(every) - len(kept)
    told = (
        (f"{left} operations that were seen least are left out: a draft has at most {MOST_OPERATIONS}",) if left else ()
    )
    operations = clear([drafted[at] for at in range(len(kept))])
    found = [message for message in messages.all() if message.name]
    carried = within(found, (name for draft in operations for name in (draft.body, draft.response, draft.errors)))
    exchanges = sum(one.group.count for one in kept)
    return Draft(system, operations, tuple(m for m in found if m.name in carried), exchanges, notes=told)


def _operation(one: Seen, way: Route, legs: dict[str, Carrying], messages: Messages, used: set[str]) -> DraftOperation:
    group = one.group
    if group.batch:
        name = distinct("batch", way, used)
        calls = "each request in it is an operation of its own; policies must allow this one as well"
        return DraftOperation(name, one.method, way.path, count=group.count, notes=(calls,), batch=group.batch)
    named = {leg: messages.name(carrying) for leg, carrying in legs.items()}
    response = legs["response"].carried
    name = distinct(operation(one.method, way, one.told, listed=bool(response and response.listed)), way, used)
    told = [note for leg in _LEGS for note in notes(leg, getattr(group, leg), named=named[leg] is not None)]
    if group.unanswered:
        told.append(f"{group.unanswered} of {group.count} answers are not in the capture: what they carry is not known")
    if group.declared:
        told.insert(0, "named by a document" + ("" if group.count else ", not seen in the traffic"))
    body = named["body"]
    tells = one.told if body is not None or all(at == "header" for at, _ in one.told) else ()
    answered = group.response.format if named["response"] else ""
    labelled = head(group, one.steps, way, one.told, answered)
    return DraftOperation(
        name, one.method, way.path, tells, body, named["response"], named["errors"], group.count,
        (*told, *labelled.notes), head=labelled.labels, open_query=labelled.open,
    )  # fmt: skip


def _use(one: Seen, way: Route, leg: str) -> Use:
    return Use(one.group, way, leg, one.told, partial=leg == "body" and one.method in {"PATCH", "MERGE"})


def _settled(seen: Iterable[Seen]) -> Iterable[Seen]:
    """Leave HEAD to GET where both were seen, and methods apart where bodies tell nothing."""
    every = list(seen)
    got = {one.steps for one in every if one.method == "GET"}
    return [one for one in every if one.method != "HEAD" or one.steps not in got]


def _order(one: Seen) -> tuple[object, ...]:
    methods: Sequence[str] = ("GET", "HEAD", "POST", "PUT", "PATCH", "MERGE", "DELETE")
    at = methods.index(one.method) if one.method in methods else len(methods)
    path = tuple(step if isinstance(step, str) else f"{step.prefix}~{step.suffix}" for step in one.steps)
    return (path, at, one.method, one.told)
