"""The schema of `audit.retention`."""

from __future__ import annotations

from gateway.config.retention import HOURS, KINDS, LONGEST, RETENTION
from gateway.policy.schemas.parts import Schema, exactly, integer, mapping, table


def retention_schema() -> Schema:
    """Make the schema of how long bodies are kept."""
    kinds = {kind: integer(f"Days for entries about a {kind}.", 1, LONGEST) for kind in KINDS}
    properties = {
        "days": integer("For how many days the bodies of entries are kept.", 1, LONGEST),
        "kinds": mapping(exactly(KINDS, kinds), (), "Kinds of entries that are kept longer."),
        "operations": table({}, integer("Days.", 1, LONGEST), "Operations whose entries are kept longer."),
        "every_hours": integer("Every how many hours what is over is removed.", 1, 24 * 31, HOURS),
    }
    told = "How long the log keeps what entries say; their hashes, and all proofs, stay. For ever where it is left out."
    return mapping(exactly(RETENTION, properties), ("days",), told)
