"""What a place of a message meets: in fact, and as a case wants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.formats.document import Scalar, Signal
from gateway.policy.decision import Reason
from gateway.policy.treated import options
from gateway.steps.sight import Sight
from gateway.tokens.shapes import could_be_token
from gateway.treatments.contract import Treatment
from gateway.treatments.registry import build
from gateway.workbench.survey import Seen, fate
from gateway.workbench.values import Value

LEFT_OUT = "drop"
"""What a value meets that is left out of a request because the gateway hid it from this caller (`write_back: drop`)."""


@dataclass(frozen=True, slots=True)
class Met:
    """What a place meets: `name` is a treatment's, or `drop`; `reasons` are the rules for it, `note` says what else."""

    name: str
    treatment: Treatment | None
    rules: tuple[str, ...]
    reasons: tuple[Reason, ...]
    note: str = ""

    def __str__(self) -> str:
        """Write it as a policy would."""
        return self.name if self.treatment is None else described(self.treatment)


@dataclass(frozen=True, slots=True)
class Want:
    """What a case wants a place to meet: a treatment by its `name` (None: any) with some options, or what it becomes.

    `becomes` is a tuple of the one value, () where none is wanted.
    """

    name: str | None
    options: Mapping[str, Scalar] = field(default_factory=dict, hash=False)
    becomes: tuple[Scalar, ...] = ()

    def fits(self, met: Met) -> bool:
        """Tell whether a place meets the treatment that is wanted, with the options that are written."""
        if self.name is not None and self.name != met.name:
            return False
        return all(_same(getattr(met.treatment, key, None), value) for key, value in self.options.items())

    def __str__(self) -> str:
        """Write it as the case does."""
        given = ", ".join(f"{key}: {value}" for key, value in self.options.items())
        return (self.name or "any treatment") + (f" ({given})" if given else "")


def meets(place: Value, sight: Sight, *, observed: bool = False) -> Met:
    """Tell what a place meets; `observed`: if the rules in observe mode were enforced."""
    decision = place.record.decision
    if observed and decision.observed is not None:
        decision = decision.observed
    fated = fate(Seen("", place.spot, decision, place.record.labels, 1), sight)
    if not observed and place.after is Signal.DROP:
        return Met(LEFT_OUT, None, fated.rules, fated.reasons, "it is written back as the gateway showed it")
    reveals = fated.reveals if could_be_token(place.old) else ()
    if reveals and place.after is Signal.REFUSE and not observed:
        rules = tuple(reason.rule for reason in reveals)
        return Met(
            "refuse", None, rules, reveals, "it is a token, and doesn't open for this customer, field and purpose"
        )
    if reveals and fated.treatment is None and place.after != place.old:
        return Met("reveal", None, tuple(reason.rule for reason in reveals), reveals)
    if not observed and place.after is Signal.REFUSE and fated.name != "refuse":
        keyed = fated.treatment is not None and fated.treatment.KEYED and place.record.facts.customer is None
        note = "its customer can't be found" if keyed else "it is written back as the gateway showed it"
        return Met("refuse", None, fated.rules, fated.reasons, note)
    return Met(fated.name, fated.treatment, fated.rules, fated.reasons)


def described(treatment: Treatment) -> str:
    """Write a treatment with the options that it could not do without."""
    given = {
        key: getattr(treatment, key)
        for key, option in options(treatment.NAME).items()
        if getattr(treatment, key) != option.default
    }
    shown = ", ".join(f"{key}: {value}" for key, value in _needed(treatment, given).items())
    return treatment.NAME + (f" ({shown})" if shown else "")


def _needed(treatment: Treatment, given: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    """Leave out what follows from the rest: a mask that shows four characters hides texts of four anyway."""
    kept = dict(given)
    for key in given:
        rest = {name: value for name, value in kept.items() if name != key}
        try:
            if build(treatment.NAME, rest) == treatment:
                kept = rest
        except ValueError:
            continue
    return kept


def _same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)
