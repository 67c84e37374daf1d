"""Why rules hold or don't: each condition of each rule, found true, false or unknown by the code that decides.

Nothing is decided here. A rule is in force if the decision says so; its parts are asked one by one, through the same
`find` and `exempts` that ask them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.flow import ANYONE, CustomerFacts
from gateway.policy.compile import RuleBook
from gateway.policy.conditions import Circumstances, Truth, asks_customer, exempts, find
from gateway.policy.decide import hold
from gateway.policy.decision import Held
from gateway.policy.model import ABOUT_FIELDS, GRANTS, Rule
from gateway.policy.situation import Situation
from gateway.policy.wanted import Part, parts


@dataclass(frozen=True, slots=True)
class Answer:
    """One part of a rule's conditions and whether it holds.

    `where` is `scope` (of the policy), `rule`, or `unless`. `note` says why it is unknown, or which way a consent
    fails; never a value. `waits`: no record is there yet, so it is asked again for each record of the answer.
    """

    where: str
    part: Part
    truth: Truth
    note: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """One rule before one question. `held` is None where it does not hold; `concerns` tells if it reaches the message.

    `answers` has every written part. `exempted`: its `unless` takes it out of force, as a whole.
    """

    rule: Rule
    answers: tuple[Answer, ...]
    held: Held | None
    concerns: bool
    exempted: bool
    waits: bool

    @property
    def in_force(self) -> bool:
        """Tell whether the rule has a say; one that only observes has none."""
        return self.held is not None and self.concerns and self.rule.enforced

    @property
    def against(self) -> tuple[Answer, ...]:
        """Give the parts that keep the rule from holding: what would have to be otherwise for it to hold.

        A grant needs certainty: what is unknown keeps it from holding. A restriction gives way only to what is certain.
        """
        if self.exempted:
            return tuple(one for one in self.answers if one.where == "unless")
        grant = self.rule.kind in GRANTS
        return tuple(
            one
            for one in self.answers
            if one.where != "unless"
            and not one.waits
            and (one.truth is Truth.FALSE or (grant and one.truth is Truth.UNKNOWN))
        )

    @property
    def missing(self) -> tuple[Answer, ...]:
        """Give the parts of `unless` that don't certainly hold: with them, the rule would give way."""
        return tuple(one for one in self.answers if one.where == "unless" and one.truth is not Truth.TRUE)


def accounts(
    book: RuleBook, situation: Situation, customer: CustomerFacts, classes: frozenset[str], now: int | None
) -> tuple[Account, ...]:
    """Give an account of every rule before one question, asked as `decide` is; in the order of their ids."""
    around = book.circumstances(situation, customer, now)
    rules = sorted((rule for policy in book.policies.policies for rule in policy.rules), key=lambda r: (r.id, r.place))
    return tuple(_account(rule, around, book, classes) for rule in rules)


def _account(rule: Rule, around: Circumstances, book: RuleBook, classes: frozenset[str]) -> Account:
    """Ask one rule, as a whole and part by part."""
    held = hold(rule, around, book)
    exemption = exempts(rule.unless, around, book.policies.consents)
    waits = around.customer is ANYONE and asks_customer(rule) and rule.kind in {"allow", "deny", "reveal"}
    return Account(
        rule=rule,
        answers=tuple(_answers(rule, around, book, waits=waits)),
        held=held,
        concerns=held is not None and (rule.kind in ABOUT_FIELDS or held.concerns(classes)),
        exempted=exemption.certain and not exemption.classes,
        waits=waits,
    )


def _answers(rule: Rule, around: Circumstances, book: RuleBook, *, waits: bool) -> Iterator[Answer]:
    """Ask each part by itself."""
    for where, condition in (("scope", rule.scope), ("rule", rule.when), ("unless", rule.unless)):
        for part in parts(condition) if condition is not None else ():
            if part.key == "consent":
                yield _consent(where, part, around, book)
                continue
            finding = find(part.condition, around)
            about_customer = waits and part.key.startswith("customer.")
            yield Answer(where, part, finding.truth, finding.note, about_customer)


def _consent(where: str, part: Part, around: Circumstances, book: RuleBook) -> Answer:
    """Ask for a consent alone."""
    found = exempts(part.condition, around, book.policies.consents)
    if found.certain:
        return Answer(where, part, Truth.TRUE, found.note)
    # What is false is told as a fact about the consent; all else about it is unknown.
    return Answer(where, part, Truth.FALSE if found.note.startswith("consent") else Truth.UNKNOWN, found.note)
