"""Find entries: who saw which customer's which fields, when. Shows what is stored; `audit.verify` is what proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.audit.reading import Files, Gap, published_size, stored_entries
from gateway.audit.signatures import payload_of
from gateway.audit.tampering import Kind, broken

__all__ = ["Filter", "Shown", "fits", "published_size", "show"]


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; None means anything. A `flow` that is a batch stands for the requests in it as well.

    `customer` and `operator` are pseudonyms, `class_` covers the classes below it (`user.contact` finds
    `user.contact.email`), `since` and `until` are nanoseconds since the epoch (from, and before).
    """

    flow: str | None = None
    customer: str | None = None
    operator: str | None = None
    operation: str | None = None
    class_: str | None = None
    mark: str | None = None
    kind: str | None = None
    verdict: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as stored: its index, the file that holds it, its payload."""

    index: int
    path: str
    payload: dict[str, Any]


def show(files: Files, wanted: Filter, published: int, gap: Gap | None = None) -> Iterator[Shown]:
    """Give the entries that a filter asks for, in their order. `published` is the checkpoint's size (`published_size`).

    `gap` is told of entries whose bodies are gone; without it they raise `BrokenLog`, as whatever can't be read does.
    Entries are searched as bytes first, so that a long log is read quickly; only what may fit is decoded.
    """
    texts = (wanted.customer, wanted.operator, wanted.operation, wanted.mark, wanted.kind, wanted.verdict)
    needles = [orjson.dumps(text) for text in texts if text is not None]
    # without the closing quote: what is below a class fits too, and so do the requests of a flow that is a batch
    needles += [orjson.dumps(text)[:-1] for text in (wanted.flow, wanted.class_) if text is not None]
    for index, path, jws in stored_entries(files, published, gap=gap):
        try:
            payload = payload_of(jws)
            if all(needle in payload for needle in needles) and fits(said := orjson.loads(payload), wanted):
                yield Shown(index, path, said)
        except (ValueError, AttributeError, TypeError) as error:
            raise broken(Kind.MALFORMED_ENTRY, path, "it can't be read: the log was edited", index) from error


def fits(said: dict[str, Any], wanted: Filter) -> bool:
    """Tell whether a payload is what a filter asks for."""
    decided = said.get("decided", ())
    time = said.get("time", 0)
    return (
        (wanted.flow is None or _within(wanted.flow, str(said.get("flow", ""))))
        and wanted.operation in (None, said.get("operation"))
        and wanted.kind in (None, said.get("kind"))
        and wanted.verdict in (None, said.get("verdict"))
        and (wanted.operator is None or wanted.operator in _people(said))
        and (wanted.since is None or time >= wanted.since)
        and (wanted.until is None or time < wanted.until)
        and (wanted.mark is None or any(mark.get("code") == wanted.mark for mark in said.get("marks", ())))
        and (
            wanted.customer is None
            or said.get("consent", {}).get("customer") == wanted.customer
            or said.get("key", {}).get("customer") == wanted.customer
            or any(use.get("customer") == wanted.customer for use in said.get("keys", ()))
            or any(wanted.customer in decision.get("customers", ()) for decision in decided)
        )
        and (wanted.class_ is None or any(_covers(wanted.class_, decision) for decision in decided))
    )


def _people(said: dict[str, Any]) -> tuple[str | None, ...]:
    """Give who had a hand in what an entry tells of."""
    key = said.get("key", {})
    return said.get("operator", {}).get("pseudonym"), key.get("by"), key.get("approved")


def _within(flow: str, said: str) -> bool:
    """Tell whether an entry is of a flow, or of a request in the batch that the flow is."""
    return said == flow or said.startswith(f"{flow}.")


def _covers(class_: str, decision: dict[str, Any]) -> bool:
    classes = (said for field in decision.get("fields", ()) for said in field.get("classes", ()))
    return any(said == class_ or said.startswith(class_ + ".") for said in classes)
