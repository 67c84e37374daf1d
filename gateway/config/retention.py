"""`audit.retention`: how long the log keeps the bodies of its entries."""

from __future__ import annotations

from gateway.storage.pruning import Retention
from gateway.yamlsource import Section

RETENTION = ("days", "kinds", "operations", "every_hours")
KINDS = ("consent", "key", "mark", "start")
LONGEST = 36_500
HOURS = 24


def read_retention(audit: Section) -> tuple[Retention | None, float]:
    """Read for how many days bodies are kept, and every how many hours that is seen to; None: for ever."""
    section = audit.section("retention", RETENTION, ("days",))
    every = float(section.integer("every_hours", HOURS, minimum=1, maximum=24 * 31))
    if section.node is None:
        return None, every
    days = section.integer("days", LONGEST, minimum=1, maximum=LONGEST)
    kinds = section.section("kinds", KINDS)
    longer = {kind: kinds.integer(kind, days, minimum=1, maximum=LONGEST) for kind in kinds.members}
    operations: dict[str, int] = {}
    for leaf, node in section.entries("operations"):
        name, value = section.reader.text(leaf), section.reader.integer(node, minimum=1, maximum=LONGEST)
        if name is not None and value is not None:
            operations[name] = value
    return Retention(days, longer, operations), every
