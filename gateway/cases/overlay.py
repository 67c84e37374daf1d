"""Laying what a case says over the defaults, and what a row says over its case: key by key, before anything is read."""

from __future__ import annotations

from gateway.yamlsource import Leaf, Node, Table

_DEEP = frozenset({
    "flow", "operator", "headers", "customers", "attributes", "tokens", "response", "expect", "forwarded", "observed",
    "fields", "records",
})  # fmt: skip
"""Mappings that are laid over each other key by key; any other value gives way as a whole."""

_BODY = frozenset({"body", "file"})
_WITH_BODY = frozenset({"flow", "response", "expect", "forwarded"})


def overlay(base: Table | None, over: Table | None, inside: str = "") -> Table | None:
    """Give what `over` says, and what `base` says besides. A `file` gives way to a `body`, and the other way round."""
    if base is None or over is None:
        return base if over is None else over
    entries: dict[str, tuple[Leaf, Node]] = {key.text: (key, value) for key, value in base.entries}
    if inside in _WITH_BODY and any(key.text in _BODY for key, _ in over.entries):
        entries = {name: entry for name, entry in entries.items() if name not in _BODY}
    for key, value in over.entries:
        before = entries.get(key.text)
        below = before[1] if before else None
        if isinstance(below, Table) and isinstance(value, Table) and (key.text in _DEEP or inside == "customers"):
            entries[key.text] = (key, overlay(below, value, key.text) or value)
        else:
            entries[key.text] = (key, value)
    return Table(over.source, over.line, over.column, over.end, tuple(entries.values()))
