"""Names for operations, messages and variables, made of the words of paths alone: list-orders, read-order, {order}."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.catalog.names import PATTERN
from gateway.discover.outline import Told
from gateway.discover.segments import Hole, Step, without_ending
from gateway.discover.words import known, plural, record_of, singular, words

_NAME = re.compile(PATTERN)
_LONGEST = 48
_VERSIONS = re.compile(r"v?[0-9._]+")
_VERBS = {"PUT": "replace", "PATCH": "change", "MERGE": "change", "DELETE": "delete", "HEAD": "check", "POST": "create"}
_LISTING = frozenset({"list", "liebiao", "all", "列表", "liste", "listado", "index"})
"""Words at the end of a path that only say that it is a list."""

_DOING = frozenset({
    "search", "query", "export", "import", "cancel", "confirm", "approve", "reject", "close", "open", "submit",
    "send", "sync", "upload", "download", "validate", "calculate", "login", "logout", "release", "post", "run",
    "execute", "start", "stop", "count", "find", "lookup", "filter", "batch", "bulk", "rpc", "token", "revoke",
    "refresh", "convert", "copy", "merge", "assign", "transfer", "pay", "ship", "print", "preview", "register",
    "verify", "restart", "resume", "suspend", "chaxun", "xinzeng", "shanchu", "xiugai",
})  # fmt: skip
"""Words at the end of a path that say what is done."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path template in writing.

    `variables` are its variables, each with the literal before it; `subject` is the last literal,
    `above` the one before
    it; `open` tells that the path ends with a variable.
    """

    path: str
    variables: tuple[tuple[str, str], ...]
    subject: str
    above: str
    open: bool


def route(steps: Sequence[Step]) -> Route:
    """Write a template, naming each variable after the literal before it."""
    texts: list[str] = []
    variables: list[tuple[str, str]] = []
    literals: list[str] = []
    for at in steps:
        if isinstance(at, str):
            texts.append(at)
            if at and not _VERSIONS.fullmatch(at) and not (literals and at.lower() in _LISTING):
                literals.append(at)
            continue
        keyed = at.prefix.partition("(")[0]
        if keyed:
            literals.append(keyed)
        before = literals[-1] if literals else ""
        name = _unique(_variable(before), {name for name, _ in variables})
        variables.append((name, before))
        texts.append(f"{at.prefix}{{{name}}}{at.suffix}")
    subject, above = literals[-1] if literals else "", literals[-2] if len(literals) > 1 else ""
    ends = bool(steps) and isinstance(steps[-1], Hole)
    return Route("/" + "/".join(texts), tuple(variables), subject, above, ends)


def slug(text: str) -> str:
    """Give a text as the words of a name, known Han as the kind of record that it is; "" where nothing is left."""
    pieces = [word if word.isascii() else record_of(word) for word in words(without_ending(text))]
    while pieces and (not pieces[0] or not pieces[0][0].isalpha()):
        pieces.pop(0)
    name = ""
    for piece in filter(None, pieces):
        longer = f"{name}-{piece}" if name else piece
        if len(longer) > _LONGEST:
            break
        name = longer
    return name if _NAME.fullmatch(name) else ""


def one_of(text: str) -> str:
    """Give the singular of a text as a name: "order" of "orders", "sales-order" of "A_SalesOrders"."""
    pieces = slug(text).split("-")
    if len(pieces) > 1 and len(pieces[0]) == 1 and pieces[1][0].isalpha():
        pieces = pieces[1:]  # A_SalesOrder, as SAP calls entities of its API
    return "-".join([*pieces[:-1], singular(pieces[-1])]) if pieces[-1] else ""


def operation(method: str, route: Route, told: Told, *, listed: bool) -> str:
    """Name an operation by convention; not yet unique."""
    if told:
        return _of_told(told) or "call"
    subject = route.subject
    one = one_of(subject)
    doing = words(subject)[-1:] and words(subject)[-1] in _DOING and not route.open
    if method not in _VERBS and method != "GET":
        return slug(f"{method.lower()} {one}") or "operation"
    if doing:
        return slug(f"{subject} {one_of(route.above)}") or "operation"
    if method == "GET":
        if not one:
            return "read-root"
        return f"list-{many_of(subject)}" if listed and not route.open else f"read-{one}"
    return f"{_VERBS[method]}-{one or 'root'}"


def many_of(text: str) -> str:
    """Give the plural of a text as a name."""
    one = one_of(text)
    pieces = one.split("-")
    if pieces[-1].isdigit():
        return f"{one}-list"
    return "-".join([*pieces[:-1], plural(pieces[-1])]) if one else ""


def distinct(name: str, route: Route, used: set[str]) -> str:
    """Make a name that is taken another one: by what the path has above, else by a number."""
    above = next((before for _, before in reversed(route.variables) if before and before != route.subject), route.above)
    longer = f"{name}-of-{one_of(above)}" if one_of(above) else name
    return name if name not in used else _unique(longer, used)


_PREFIXES = frozenset({"api", "rest", "odata", "sap", "web", "data", "service", "erp", "crm", "mes", "tms", "version"})


def _unique(name: str, used: set[str]) -> str:
    if name not in used:
        return name
    return next(f"{name}-{count}" for count in range(2, len(used) + 3) if f"{name}-{count}" not in used)


def _variable(before: str) -> str:
    name = one_of(before)
    return "id" if name in _PREFIXES or not name else name


def _of_told(told: Told) -> str:
    values = [value for at, value in told if not (at == "$.method" and len(told) > 1)]
    if len(values) > 1:
        return slug(" ".join(values[-2:]))
    last = re.split(r"[/:#.]", values[0].rstrip("/"))
    parts = [part for part in last if part and any(map(known, words(part)))]
    return slug(" ".join(parts[-2:]) if told[0][0] != "header" else parts[-1] if parts else "")
