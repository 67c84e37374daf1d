"""Changes for programs. Members may be added; what is here keeps its name and meaning."""

from __future__ import annotations

from typing import Any

from gateway.dryrun.changes import Changes, FieldChange, FlowChange, MarkChange, Named, ObservedChange, Side
from gateway.dryrun.report import Where
from gateway.errors import Place
from gateway.flow import Leg


def as_dict(changes: Changes) -> dict[str, Any]:
    """Give the changes as JSON can hold them.

    `exposed` is what exit code 1 hangs on. A rule or field is `{"name", "place"}`, a place in a file `{"file", "line",
    "column"}`, an example the number of a flow, or `{"capture", "number"}`. Pointers have `*` for list indexes and `?`
    for names that no catalogue knows; "" is the whole body. No value is in here.
    """
    return {
        "old": changes.old_folder,
        "new": changes.new_folder,
        "flows": changes.flows,
        "same": changes.same,
        "exposed": changes.exposed,
        "newly_exposed": [_field(one) for one in changes.of("exposed")],
        "newly_hidden": [_field(one) for one in changes.of("hidden")],
        "treated_otherwise": [_field(one) for one in changes.of("otherwise")],
        "newly_allowed": [_flow(one) for one in changes.ended("allowed")],
        "newly_refused": [_flow(one) for one in changes.ended("refused")],
        "refused_otherwise": [_flow(one) for one in changes.ended("otherwise")],
        "marks_lost": [_mark(one) for one in changes.marked("lost")],
        "marks_gained": [_mark(one) for one in changes.marked("gained")],
        "marks_changed": [_mark(one) for one in changes.marked("otherwise")],
        "observed": [_observed(one) for one in changes.observed],
        "left_out": changes.left_out,
    }


def _field(one: FieldChange) -> dict[str, Any]:
    counts = {"flows": one.flows, "values": one.places, "example": _example(one.example)}
    sides = {"old": _side(one.old), "new": _side(one.new), "because": _place(one.because)}
    return {"leg": one.leg.value, "pointer": one.pointer, **sides, **counts}


def _flow(one: FlowChange) -> dict[str, Any]:
    return {
        "old": _ending(one.old, one.old_leg),
        "new": _ending(one.new, one.new_leg),
        "because": _place(one.because),
        "flows": one.flows,
        "example": _example(one.example),
    }


def _mark(one: MarkChange) -> dict[str, Any]:
    return {
        "what": one.what,
        "operation": one.operation,
        "old": [_named(rule) for rule in one.old],
        "new": [_named(rule) for rule in one.new],
        "because": _place(one.because),
        "flows": one.flows,
        "example": _example(one.example),
    }


def _observed(one: ObservedChange) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "effect": one.effect,
        "old": one.old,
        "new": one.new,
        "because": _place(one.because),
        "flows": one.flows,
        "example": _example(one.example),
    }


def _side(one: Side) -> dict[str, Any]:
    return {
        "operation": one.operation,
        "refusal": one.refusal,
        "classes": list(one.classes),
        "treatment": one.treatment,
        "note": one.note,
        "rules": [_named(rule) for rule in one.rules],
        "fields": [_named(field) for field in one.fields],
    }


def _ending(one: Side, leg: Leg | None) -> dict[str, Any]:
    rules = [_named(rule) for rule in one.rules]
    return {"operation": one.operation, "refusal": one.refusal, "leg": leg.value if leg else None, "rules": rules}


def _named(one: Named) -> dict[str, Any]:
    return {"name": one.name, "place": _place(one.place)}


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "line": place.line, "column": place.column}


def _example(example: int | Where) -> int | dict[str, Any]:
    return example if isinstance(example, int) else {"capture": example.capture, "number": example.number}
