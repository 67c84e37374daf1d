"""Where a customer may be named around a body: in the path, in the query, in a header."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.discover.customers import IDS, SURE
from gateway.discover.draft import Suggestion
from gateway.discover.group import Group
from gateway.discover.proposal import Confidence
from gateway.discover.words import record_of, words


def outside(group: Group, variables: Sequence[tuple[str, str]]) -> tuple[Suggestion, ...]:
    """Give the places around the body; `variables` are the path's, each with the literal segment before it."""
    found = []
    for variable, before in reversed(variables):
        record = record_of(before)
        if record in {"customer", "party"}:
            sure = Confidence.HIGH if record in SURE else Confidence.MEDIUM
            found.append(Suggestion("path", variable, sure, f'the path names it after "{before}"'))
    for kind, counts in (
        ("response-header", group.response_headers), ("query", group.query), ("request-header", group.request_headers)
    ):  # fmt: skip
        for name, count in sorted(counts.items()):
            whole = count >= group.count and record_of(name) in SURE and bool(IDS & set(words(name)))
            sure = Confidence.HIGH if whole and kind == "response-header" else Confidence.MEDIUM
            found.append(Suggestion(kind, name, sure, f"{count} of {group.count} exchanges have it"))
    return tuple(found)
