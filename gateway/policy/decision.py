"""What a decision is: allowed or not, what each class meets, which marks are due, and the reasons for all of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.catalog.classes import covers
from gateway.errors import Place
from gateway.policy.model import Rule, Watermark
from gateway.treatments.contract import Treatment
from gateway.treatments.lattice import KEEP, join_all


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """A rule that had a say, where it is written, and if it hangs on something unknown or missing, a note on that.

    Notes are free of values: "purpose not trusted", "role unknown", "consent missing".
    """

    rule: str
    place: Place
    note: str = ""


@dataclass(frozen=True, slots=True)
class Treated:
    """What a field meets: `treatment` (None: it is kept), and `refuse` or `drop` for its treated form written back."""

    treatment: Treatment | None
    write_back: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that was found to hold; `exempt` are classes that a consent takes out of it."""

    rule: Rule
    reason: Reason
    exempt: frozenset[str]

    def protects(self, classes: frozenset[str]) -> bool:
        """Tell whether a protection reaches a field: through any of its classes that isn't exempt."""
        if not classes:
            return not self.rule.classes
        return any(_selects(self.rule.classes, c) and not _under(self.exempt, c) for c in classes)

    def concerns(self, classes: frozenset[str]) -> bool:
        """Tell whether a rule about whole messages reaches one with fields of these classes.

        A consent that is limited to some classes exempts a message only if it covers every class in it.
        """
        selected = not self.rule.classes or any(_selects(self.rule.classes, c) for c in classes)
        exempt = bool(self.exempt and classes) and all(_under(self.exempt, c) for c in classes)
        return selected and not exempt


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The verdict on one leg, for one customer's data. Two that are alike are mostly one object: compare by identity.

    `observed` is the decision as it would be with rules in observe mode enforced; None where there are none here.
    """

    grants: tuple[Reason, ...]
    denials: tuple[Reason, ...]
    watermarks: tuple[tuple[Reason, Watermark], ...]
    protections: tuple[Held, ...]
    reveals: tuple[Held, ...] = ()
    observed: Decision | None = None
    _treated: dict[frozenset[str], Treated] = field(default_factory=dict, repr=False)
    _keyed: list[bool] = field(default_factory=list, repr=False)

    @property
    def allowed(self) -> bool:
        """Tell whether some grant holds and no denial does."""
        return bool(self.grants) and not self.denials

    def treated(self, classes: frozenset[str]) -> Treated:
        """Give what a field of these classes meets: every protection that reaches it, joined."""
        found = self._treated.get(classes)
        if found is None:
            found = self._treated[classes] = self._treat(classes)
        return found

    @property
    def keyed(self) -> bool:
        """Tell whether some treatment needs the customer's own keys."""
        if not self._keyed:
            treatments = (one.rule.treatment for one in self.protections)
            self._keyed.append(any(one is not None and one.KEYED for one in treatments))
        return self._keyed[0]

    def revealed(self, classes: frozenset[str]) -> tuple[Reason, ...]:
        """Give the rules by which tokens at a place of these classes are turned back: each class needs one."""
        found = [[one.reason for one in self.reveals if _selects(one.rule.classes, c)] for c in classes]
        return tuple(dict.fromkeys(reason for reasons in found for reason in reasons)) if all(found) else ()

    def _treat(self, classes: frozenset[str]) -> Treated:
        """Join what reaches a field."""
        held = [one for one in self.protections if one.protects(classes)]
        treatment = join_all(one.rule.treatment for one in held if one.rule.treatment is not None)
        return Treated(
            treatment=None if treatment == KEEP else treatment,
            write_back="drop" if held and all(one.rule.write_back == "drop" for one in held) else "refuse",
            reasons=tuple(one.reason for one in held),
        )


def _selects(selected: frozenset[str], class_: str) -> bool:
    """Tell whether a rule's classes select a class; none written selects any."""
    return not selected or _under(selected, class_)


def _under(parents: frozenset[str], class_: str) -> bool:
    """Tell whether a class is one of some classes, or under one."""
    return any(covers(parent, class_) for parent in parents)
