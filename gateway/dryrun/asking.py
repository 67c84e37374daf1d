"""Conditions in words: what a rule asked for, what was found, and what would have to be otherwise."""

from __future__ import annotations

from gateway.policy.conditions import Truth
from gateway.policy.explain import Account, Answer
from gateway.policy.situation import OPERATOR, Situation

_WOULD = {
    "from": "the caller were {}",
    "to": "the system asked were {}",
    "operations": "the operation were {}",
    "leg": "it were about the {} leg",
    "purposes": "the purpose were {}",
    "time": "the time were {}",
    "network": "the request came from {}",
    "consent": "the customer agreed to {}",
}
_OTHERWISE = {
    "from": "the caller were another than {}",
    "to": "the system asked were another than {}",
    "operations": "the operation were another than {}",
    "leg": "it were not about the {} leg",
    "purposes": "the purpose were another than {}",
    "time": "the time were another than {}",
    "network": "the request came from elsewhere than {}",
}
_MOST = 4
_WORDS = {Truth.TRUE: "holds", Truth.FALSE: "fails", Truth.UNKNOWN: "unknown"}


def state(answer: Answer) -> str:
    """Say whether a part holds."""
    return "asked again for each record" if answer.waits else _WORDS[answer.truth]


def asked(answer: Answer) -> str:
    """Say what a part asks for, as officers write it."""
    before = "" if answer.where == "rule" else f"{answer.where} "
    return f"{before}{answer.part.key}: {_listed(answer.part.wanted, ', ')}"


def _listed(words: tuple[str, ...], between: str) -> str:
    """List words, of a long list the first ones."""
    more = [f"{len(words) - _MOST} more"] if len(words) > _MOST + 1 else []
    return between.join([*words[: _MOST if more else None], *more])


def found(answer: Answer, situation: Situation) -> str:
    """Say what was found instead; customers' attributes and addresses are never told."""
    if answer.truth is Truth.TRUE:
        return ""
    if answer.note == "purpose not trusted" and situation.purpose is not None:
        trusted = " or ".join(sorted(answer.part.condition.purpose_from)) or "nothing"
        return f"purpose not trusted: it was said in a {situation.purpose.source}, and the rule trusts a {trusted}"
    if answer.note:
        return answer.note
    actual = _actual(answer.part.key, situation)
    return f"it is {actual}" if actual else ""


def _actual(key: str, situation: Situation) -> str:
    """Give what a flow has there, where it is no one's data."""
    return {
        "from": situation.source,
        "to": situation.target,
        "operations": situation.operation,
        "leg": situation.leg.value,
        "purposes": situation.purpose.name if situation.purpose else "",
        **{f"operator.{name}": getattr(situation, name) or "" for name in OPERATOR},
    }.get(key, "")


def would(answer: Answer) -> str:
    """Say what would make a part hold."""
    if answer.note == "purpose not trusted":
        trusted = " or ".join(sorted(answer.part.condition.purpose_from))
        return f"the purpose were said in a {trusted}"
    if answer.note.startswith("consent not for"):
        return f"the consent {', '.join(answer.part.wanted)} were meant for it ({answer.note})"
    return _told(_WOULD, answer, "{} were {}")


def otherwise(answer: Answer) -> str:
    """Say what would make a part fail for certain."""
    return _told(_OTHERWISE, answer, "{} were another than {}")


def _told(words: dict[str, str], answer: Answer, general: str) -> str:
    key, wanted = answer.part.key, _listed(answer.part.wanted, " or ")
    known = words.get(key)
    if known is not None:
        return known.format(wanted)
    who, _, attribute = key.partition(".")
    return general.format(f"the {who}'s {attribute}" if attribute else key, wanted)


def near(account: Account) -> bool:
    """Tell whether only one thing keeps a rule from being in force."""
    return not account.in_force and account.rule.enforced and (len(account.against) == 1 or account.exempted)


def why_not(account: Account) -> str:
    """Say why a rule is not in force; "" for one that is."""
    if account.in_force:
        return ""
    if account.held is not None and account.concerns:
        return "its policy only observes"
    if account.held is not None:
        return "no field of the message has its classes" if not account.held.exempt else "a consent exempts its classes"
    if account.exempted:
        return "its `unless` holds"
    if account.waits and not account.against:
        return "no record is there yet: it is asked for each record of the answer"
    return "; ".join(f"{asked(answer)} {state(answer)}" for answer in account.against)
