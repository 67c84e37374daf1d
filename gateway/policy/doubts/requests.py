"""Requests that are not what they seem: queries that nobody reads, methods that are slips of the pen."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gateway.catalog.classes import covers
from gateway.catalog.model import Catalogue, Field, Operation
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.policy.doubts.world import World
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Rule

METHODS = frozenset({
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY",
    "MERGE", "SEARCH", "REPORT", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "LINK", "UNLINK",
    "PURGE", "CHECKIN", "CHECKOUT", "BIND", "UNBIND", "LIST",
})  # fmt: skip
"""Methods that systems have: the IANA registry's that are in use, OData 2.0's MERGE, and a few more."""

_NEAR = 0.6
_READS = frozenset({"GET", "HEAD"})
_ASKS = {
    "odata": ("$filter and its kin", "$filter"),
    "soql": ("queries in SOQL", "q"),
}
"""What each language asks by, and the parameter that a label names."""


def requests(world: World, written: Written) -> Iterator[Problem]:
    """Tell what is doubtful about requests."""
    hiding = tuple(rule for rule, _ in world.routed if rule.kind == "protect" and rule.classes and _hides(rule))
    allowed = {name for rule, reach in world.routed if rule.kind == "allow" for name in reach.operations}
    for catalogue in world.catalogues.values():
        speaks = _languages(catalogue)
        for operation in catalogue.operations.values():
            yield from _method(operation, written)
            if operation.name in allowed:
                yield from _unread(world, catalogue, operation, speaks, hiding, written)


def _method(operation: Operation, written: Written) -> Iterator[Problem]:
    """Tell a method that is nearly one that is known: no request would ever have it."""
    method = operation.request.method
    near = get_close_matches(method, METHODS, n=1, cutoff=_NEAR)
    if method not in METHODS and near:
        short = operation.name.partition(".")[2]
        place = written.top(operation.place, "operations", short, "request")
        text = f'"{method}" is no method that systems usually have: no request may ever be this operation'
        yield tell(Fault.NEAR_METHOD, place, text, f'did you mean "{near[0]}"?')


def _languages(catalogue: Catalogue) -> frozenset[str]:
    """Give the query languages that a system speaks, by what its catalogue says elsewhere."""
    found = {one.language for operation in catalogue.operations.values() for one in operation.head if one.language}
    if any(operation.batch == "odata" for operation in catalogue.operations.values()):
        found.add("odata")
    return frozenset(found)


def _unread(
    world: World,
    catalogue: Catalogue,
    operation: Operation,
    speaks: frozenset[str],
    hiding: tuple[Rule, ...],
    written: Written,
) -> Iterator[Problem]:
    """Tell an operation that answers queries, hides something in its answers, and lets any query pass."""
    if operation.request.method not in _READS or operation.unlisted_query is not None or operation.response is None:
        return
    if any(one.kind == "query" for one in operation.head):
        return
    language = _asked_in(catalogue, operation, speaks)
    hidden = next(_hidden(world, catalogue, operation, hiding), None) if language else None
    if hidden is None:
        return
    asks, parameter = _ASKS[language]
    short = operation.name.partition(".")[2]
    place = written.top(operation.place, "operations", short, "request")
    text = f"{asks} pass as they are: who doesn't see {hidden.selector} can ask about it, letter by letter"
    hint = f"label the query: query: {{{parameter}: {{language: {language}}}}}; or say unlisted_query: refuse"
    yield tell(Fault.QUERY_UNREAD, place, text, hint, Second("it is labelled here", hidden.place))


def _asked_in(catalogue: Catalogue, operation: Operation, speaks: frozenset[str]) -> str:
    """Tell in which language an operation may be asked; "" where nothing speaks for any."""
    message = catalogue.messages.get(operation.response or "")
    if message is None or message.format != "json":
        return ""
    fields = [field.selector for part in catalogue.within(message.name) for field in part.fields]
    marks = any("@odata." in text or "__metadata" in text or text.startswith("$.d.") for text in fields)
    records = message.records or ""
    if "soql" in speaks or "/query" in operation.request.path:
        return "soql" if records == "$.records[*]" and operation.request.path.endswith("/query") else ""
    listed = records.startswith(("$.value", "$.d"))
    odata = "odata" in speaks or marks or "odata" in operation.request.path.lower()
    return "odata" if listed and odata else ""


def _hidden(world: World, catalogue: Catalogue, operation: Operation, hiding: tuple[Rule, ...]) -> Iterator[Field]:
    """Give the fields of an answer that some rule hides from somebody."""
    rules = [rule for rule in hiding if (reach := world.reach(rule)) and operation.name in reach.operations
             and Leg.RESPONSE in reach.legs]  # fmt: skip
    for part in catalogue.within(operation.response or ""):
        for field in part.fields:
            if field.class_ and any(covers(class_, field.class_) for rule in rules for class_ in rule.classes):
                yield field


def _hides(rule: Rule) -> bool:
    return rule.treatment is not None and rule.treatment.NAME != "keep"
