"""A flow's story for programs. Members may be added; what is here keeps its name and meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.dryrun.advice import advice
from gateway.dryrun.asking import found, why_not
from gateway.dryrun.changes import Named
from gateway.dryrun.explain import Group, LegStory, Story
from gateway.dryrun.marks_words import marks_data
from gateway.dryrun.origin import within
from gateway.dryrun.story import FieldStory, protects
from gateway.errors import Place
from gateway.policy.explain import Account, Answer
from gateway.policy.situation import Situation
from gateway.treatments.words import told


def as_dict(
    story: Story, name: str, fields: Sequence[tuple[LegStory, FieldStory]] | None, *, ids: bool
) -> dict[str, Any]:
    """Give a story as JSON can hold it; arguments as `explain_text.text` has them.

    A place in a file is `{"file", "line", "column", "text"}`, where `text` is the line. `truth` is `true`, `false` or
    `unknown`; `in_force` tells whether a rule had a say. Customers are numbers, or ids where `ids` says so.
    """
    writer = _Writer(story, ids=ids)
    return {
        "flow": name,
        "request": story.asked,
        "from": story.from_,
        "to": story.to,
        "purpose": story.purpose,
        "operation": _named(story.operation),
        "nearly": [
            {
                "operation": one.operation.name,
                "why": one.why,
                "place": _place(within(story.folder, one.operation.place)),
            }
            for one in story.nearby
        ],
        "verdict": "refuse" if story.refusal else "allow",
        "refusal": story.refusal,
        "refused_leg": story.leg.value if story.leg else None,
        "answered": story.answered,
        "would_be_allowed_if": [{"what": words, "rule": _named(rule)} for words, rule in advice(story)],
        "legs": [writer.leg(leg, fields) for leg in story.legs],
    }


class _Writer:
    """Writes the parts of one story."""

    def __init__(self, story: Story, *, ids: bool) -> None:
        self.story = story
        self.ids = ids

    def leg(self, leg: LegStory, chosen: Sequence[tuple[LegStory, FieldStory]] | None) -> dict[str, Any]:
        """Give one leg, with all of its places or with those that were asked for."""
        fields = leg.fields if chosen is None else [field for one, field in chosen if one is leg]
        return {
            "leg": leg.leg.value,
            "message": _named(leg.message),
            "passes": leg.passes,
            "refusal": leg.refusal,
            "refused_places": [{"pointer": pointer, "refusal": refusal} for pointer, refusal in leg.refused],
            "decisions": [self.group(group, leg.situation) for group in leg.groups],
            "marks": marks_data(leg.marking) if leg.marking is not None else None,
            "fields": [self.field(field, leg, full=chosen is not None) for field in fields],
        }

    def group(self, group: Group, situation: Situation) -> dict[str, Any]:
        """Give the records that were decided alike, with the rules about whole messages."""
        return {
            "customers": [self.story.ids[number] if self.ids else number for number in group.customers],
            "records": group.records,
            "frame": group.frame,
            "allowed": group.decision.allowed,
            "rules": [self.account(one, situation) for one in group.accounts if one.rule.kind != "protect"],
        }

    def field(self, field: FieldStory, leg: LegStory, *, full: bool) -> dict[str, Any]:
        """Give one place; `full`: with every rule that is written for its classes."""
        said = {
            "pointer": field.pointer,
            "classes": list(field.classes),
            "fields": [_named(one) for one in field.fields],
            "treatment": field.treatment,
            "arrives": field.arrives,
            "values": field.values,
            "decision": field.group,
            "rules": [_named(one) for one in field.rules],
        }
        if not full:
            return said
        classes = frozenset(field.classes)
        accounts = [self.account(one, leg.situation) | {"protects": protects(one, classes)} for one in field.accounts]
        return said | {
            "join": field.join,
            "guarded": list(field.forms),
            "looks_like": list(field.made),
            "account": accounts,
        }

    def account(self, account: Account, situation: Situation) -> dict[str, Any]:
        """Give one rule with each of its conditions."""
        rule = account.rule
        return {
            "rule": rule.id,
            "kind": rule.kind,
            "place": _place(within(self.story.folder, rule.place)),
            "treatment": told(rule.treatment) if rule.treatment else None,
            "in_force": account.in_force,
            "observe": not rule.enforced,
            "why_not": why_not(account),
            "conditions": [_answer(one, situation) for one in account.answers],
        }


def _answer(answer: Answer, situation: Situation) -> dict[str, Any]:
    return {
        "where": answer.where,
        "key": answer.part.key,
        "wanted": list(answer.part.wanted),
        "truth": answer.truth.value,
        "note": found(answer, situation),
        "waits": answer.waits,
    }


def _named(one: Named | None) -> dict[str, Any] | None:
    return None if one is None else {"name": one.name, "place": _place(one.place)}


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column, "text": place.text.strip()}
