"""Step 5: decisions become edits, the plain callables that a format applies; and what a refused edit is called.

A keyed treatment gets the record's owner with the keys that were lent for this leg. Where a policy reveals, a token is
turned back first. On a request leg each labelled value is then held against what this caller may have read there: a
value that the gateway itself made is never written over the truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.flow import Leg
from gateway.formats.document import Edit, Edits, Refused, Scalar, Signal, Spot, Whole
from gateway.policy.decide import Decision
from gateway.policy.memo import Memo
from gateway.policy.readback import Form
from gateway.regime import Labels
from gateway.steps.judge import Hearing
from gateway.steps.owner import Owner, field_of
from gateway.steps.record import Record
from gateway.steps.reveal import revealing
from gateway.treatments.contract import Subject, Treatment
from gateway.treatments.many import all_treated, only_texts, traces
from gateway.treatments.registry import build

_NOBODY = Subject(None)
_UNMISTAKABLE = frozenset({"mask", "pseudonymise", "redact"})
"""Treatments whose texts nobody writes by chance; a year or a rounded number may well be meant."""
_FIRST = (
    "denied", "customer-unknown", "keys-missing", "token-refused", "hidden-field-queried", "masked-write-back",
    "treatment-misfit", "unlisted-field",
)  # fmt: skip
"""Where places are refused for several reasons, the first of these is told."""
_REFUSE: Edit = Edit(lambda _value, _owner: Signal.REFUSE, Whole.REFUSE)
_REMOVE: Edit = Edit(lambda _value, _owner: Signal.REMOVE, Whole.REMOVE)


NO_EDITS = Edits(lambda _spot: None)
"""For legs that have no body to edit."""


@dataclass(frozen=True, slots=True, eq=False)
class Editor:
    """Makes edits, and remembers them: what is decided alike shares what formats compiled."""

    known: Memo[tuple[object, ...], Edits] = field(default_factory=lambda: Memo(4096))

    def edits(self, hearing: Hearing, customer: str | None, decision: Decision, labels: Labels) -> Edits:
        """Bind a decision to the labels of a record, or of the frame around records."""
        situation = hearing.situation
        key: tuple[object, ...] = (decision, labels)
        if situation.leg is Leg.REQUEST:  # there it also counts who may have read what of whom
            key += (situation.source, situation.target, hearing.alike_in(customer, decision))
        found = self.known.get(key)
        if found is not None:
            return found
        made = (
            self._request(hearing, customer, decision, labels)
            if situation.leg is Leg.REQUEST
            else self._response(decision, labels)
        )
        return self.known.put(key, made)

    def _response(self, decision: Decision, labels: Labels) -> Edits:
        """Bind a decision on what goes back to the caller: what is revealed, then the treatments."""

        def of(spot: Spot) -> Edit | None:
            classes = labels.at(spot)
            treatment = decision.treated(classes).treatment
            edit = None if treatment is None else _bound(treatment, classes)
            return revealing(edit, classes, Leg.RESPONSE) if decision.revealed(classes) else edit

        return Edits(of, _unlisted(labels))

    def _request(self, hearing: Hearing, customer: str | None, decision: Decision, labels: Labels) -> Edits:
        """Bind a decision on what is written: what is revealed, then the guard, then the treatments."""

        def of(spot: Spot) -> Edit | None:
            classes = labels.at(spot)
            treatment = decision.treated(classes).treatment
            edit = None if treatment is None else _bound(treatment, classes)
            guarded = _guarded(edit, hearing.forms(customer, classes), labels.hidden_forms)
            return revealing(guarded, classes, Leg.REQUEST) if decision.revealed(classes) else guarded

        word = labels.unlisted_on(Leg.REQUEST)
        if word != "keep":
            return Edits(of, _REFUSE if word == "refuse" else _REMOVE)
        # What is kept unread may be anything that this caller reads: here only what can't be mistaken is refused.
        texts = tuple(form for form in hearing.forms(customer, labels.shown) if form[0].NAME in _UNMISTAKABLE)
        return Edits(of, _guarded(None, labels.hidden_forms, texts))


def refusal_of(
    refused: Iterable[Refused], judged: Sequence[Record], leg: Leg, keyless: Collection[str] = frozenset()
) -> str:
    """Name the refusal that refused places stand for, in whatever order they were found; "" where there are none.

    `keyless` are the customers who have no keys that may be used.
    """
    return min((_refusal(one, judged, leg, keyless) for one in refused), key=_FIRST.index, default="")


def _refusal(refused: Refused, judged: Sequence[Record], leg: Leg, keyless: Collection[str]) -> str:
    """Name the refusal that one place stands for."""
    if refused.why:
        return refused.why
    alike = [record for record in judged if record.edits is refused.edits]
    record = alike[0]
    labels = record.labels
    if not refused.spot:
        # Unlisted values that are kept in requests are refused only for looking like what the gateway itself put there.
        return "masked-write-back" if labels.unlisted_on(leg) == "keep" else "unlisted-field"
    classes = labels.at(refused.spot)
    treatment = record.decision.treated(classes).treatment
    if treatment is not None and treatment.NAME == "refuse":
        return "denied"
    if treatment is not None and treatment.KEYED:
        if record.facts.customer is None:
            return "customer-unknown"
        if leg is Leg.RESPONSE or any(one.facts.customer in keyless for one in alike):
            return "keys-missing"
    if leg is Leg.RESPONSE:
        return "treatment-misfit"
    return "token-refused" if record.decision.revealed(classes) else "masked-write-back"


def _bound(treatment: Treatment, classes: frozenset[str]) -> Edit:
    """Bind a treatment to what a place is and, record by record, to the owner."""
    if not treatment.KEYED:
        return _keyless(treatment)
    field_ = field_of(classes)

    def keyed(value: Scalar, owner: Owner | None) -> Scalar | Signal:
        return Signal.REFUSE if owner is None else treatment.apply(value, owner.subject(field_))

    return Edit(keyed, treatment.WHOLE)


def _keyless(treatment: Treatment) -> Edit:
    """Bind a treatment that is the same for everyone."""
    return Edit(
        lambda value, _owner: treatment.apply(value, _NOBODY), treatment.WHOLE, many=all_treated(treatment, _NOBODY)
    )


def _guarded(edit: Edit | None, forms: tuple[Form, ...], texts: tuple[Form, ...]) -> Edit | None:
    """Refuse or drop what looks like a form that the gateway made; let the rest through to the treatment.

    `texts` are forms that the place may have been shown in under another name: they are looked for in texts alone, of
    more than one character, since null, a number or a `*` says too little by itself.
    """
    if not forms and not texts:
        return edit

    made = [(treatment.could_have_made, write_back) for treatment, write_back in forms]
    telling = _telling(tuple(treatment for treatment, _ in (*forms, *texts)))

    def guard(value: Scalar, owner: Owner | None) -> Scalar | Signal:
        if type(value) is str and telling is not None and telling(value) is None:  # nearly every value
            return value if edit is None else edit.value(value, owner)
        meets = {write_back for could_have_made, write_back in made if could_have_made(value)}
        if texts and isinstance(value, str) and len(value) > 1:
            meets |= {"refuse" for treatment, _ in texts if treatment.could_have_made(value)}
        if meets:
            return Signal.DROP if meets == {"drop"} else Signal.REFUSE
        return value if edit is None else edit.value(value, owner)

    def guard_all(values: Sequence[Scalar]) -> Sequence[Scalar | Signal]:
        if telling is None or not only_texts(values) or telling("\0".join(values)) is not None:
            return [guard(value, None) for value in values]
        return values if edit is None or edit.many is None else edit.many(values)

    hollow = {write_back for treatment, write_back in forms if treatment.WHOLE is Whole.EMPTY}
    meets_hollow = Signal.DROP if hollow == {"drop"} else Signal.REFUSE
    return Edit(
        guard,
        Whole.DESCEND if edit is None else edit.whole,
        meets_hollow if hollow else None,
        many=guard_all if edit is None or edit.many is not None else None,
    )


@lru_cache(maxsize=256)
def _telling(treatments: tuple[Treatment, ...]) -> Callable[[str], object] | None:
    """Give what finds, in a text or in many, whether any of these may have made one; None: only they can tell."""
    found = [traces(treatment) for treatment in treatments]
    texts = {text for one in found if one is not None for text in one}
    return None if None in found else re.compile("|".join(map(re.escape, sorted(texts))) or "(?!)").search


def _unlisted(labels: Labels) -> Edit | None:
    """Give the edit of places in responses that no field names."""
    word = labels.unlisted_on(Leg.RESPONSE)
    if word == "refuse":
        return _REFUSE
    if word == "keep":
        return None
    return _keyless(build(word, {}))
