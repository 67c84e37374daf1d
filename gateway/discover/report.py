"""What was found, for programs, and in a few lines for people. No value of anyone's data is in either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from gateway.capture.faults import UNUSABLE
from gateway.discover.draft import Discovery, Draft, DraftMessage, DraftOperation, Suggestion
from gateway.discover.leftout import LEFT_OUT
from gateway.discover.proposal import Proposal
from gateway.discover.write import personal, undecided

_MOST_TOLD = 20


def as_json(found: Discovery) -> dict[str, object]:
    """Give everything for programs."""
    return {
        "exchanges": found.exchanges,
        "left_out": [_counted(reason, count, LEFT_OUT) for reason, count in found.left_out.items()],
        "unusable": [_counted(reason, count, UNUSABLE) for reason, count in found.unusable.items()],
        "systems": [
            {
                "system": draft.system,
                "exchanges": draft.exchanges,
                "operations": [_operation(operation) for operation in draft.operations],
                "messages": [_message(message, amends=message.name in draft.amends) for message in draft.messages],
                "notes": list(draft.notes),
            }
            for draft in found.drafts
        ],
    }


def summary(found: Discovery) -> Iterator[str]:
    """Give a few lines: what was drafted, what was left out, and what somebody has to decide."""
    yield f"{_of(found.exchanges, 'exchange')} read"
    for reason, count in sorted(found.left_out.items()):
        yield f"  left out: {count}: {LEFT_OUT[reason]}"
    for reason, count in sorted(found.unusable.items()):
        yield f"  not usable: {count}, because {UNUSABLE.get(reason, reason)}"
    for draft in found.drafts:
        yield from _draft(draft)


def _draft(draft: Draft) -> Iterator[str]:
    fields = sum(len(message.fields) for message in draft.messages)
    counts = ((len(draft.operations), "operation"), (len(draft.messages), "message"), (fields, "field"))
    yield f"{draft.system}: {', '.join(_of(count, thing) for count, thing in counts)}"
    open_ = undecided(draft)
    if open_:
        yield f"  to be decided: {_of(len(open_), 'field')}"
        yield from (f"    {message}: {field.selector}" for message, field in open_[:_MOST_TOLD])
        if len(open_) > _MOST_TOLD:
            yield f"    and {len(open_) - _MOST_TOLD} more, each with # review in the draft"
    held = {field.contains for message in draft.messages for field in message.fields}  # their holder's customer counts
    without = [
        one.name
        for one in draft.messages
        if one.customer is None and not one.each and one.name not in held and _of_somebody(one, draft)
    ]
    if without:
        yield f"  whose records these are is not settled: {', '.join(without[:_MOST_TOLD])}"
    classes = personal(draft)
    if classes:
        yield f"  a first policy should decide on: {', '.join(classes)}"


def _of(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _of_somebody(message: DraftMessage, draft: Draft) -> bool:
    """Tell whether a message holds more than what systems tell each other."""
    named = [field.proposal.class_ for field in message.fields]
    return message.name not in draft.amends and not all(class_.startswith("system") for class_ in named)


def _counted(reason: str, count: int, told: dict[str, str]) -> dict[str, object]:
    return {"reason": reason, "count": count, "told": told.get(reason, reason)}


def _operation(operation: DraftOperation) -> dict[str, object]:
    return {
        "name": operation.name,
        "method": operation.method,
        "path": operation.path,
        "told_by": [{"at": at, "value": value} for at, value in operation.told],
        "body": operation.body,
        "response": operation.response,
        "errors": operation.errors,
        "exchanges": operation.count,
        "batch": operation.batch or None,
        "labels": [
            {"kind": one.kind, "name": one.name, "language": one.language or None, **_proposal(one.proposal)}
            for one in operation.head
        ],
        "notes": list(operation.notes),
    }


def _message(message: DraftMessage, *, amends: bool) -> dict[str, object]:
    return {
        "name": message.name,
        "format": message.format,
        "options": dict(message.options),
        "amends": amends,
        "records": message.records,
        "each": message.each,
        "customer": _suggestion(message.customer),
        "suggestions": [_suggestion(one) for one in message.suggestions],
        "class": None if message.class_ is None else _proposal(message.class_),
        "fields": [
            {
                "selector": field.selector,
                "contains": field.contains or None,
                "encoded": field.encoded if field.contains else None,
                **_proposal(field.proposal),
                "always": field.always,
            }
            for field in message.fields
        ],
        "notes": list(message.notes),
    }


def _suggestion(suggestion: Suggestion | None) -> dict[str, object] | None:
    return None if suggestion is None else asdict(suggestion)


def _proposal(proposal: Proposal) -> dict[str, object]:
    return {
        "class": proposal.class_,
        "confidence": proposal.confidence.value,
        "review": proposal.review,
        "secret": proposal.secret,
        "reasons": [
            {
                "class": reason.class_,
                "told": reason.told,
                "detector": reason.detector or None,
                "fitting": reason.fitting,
                "looked_at": reason.looked_at,
            }
            for reason in proposal.reasons
        ],
        "doubts": list(proposal.doubts),
    }
