"""The schemas of conditions: in a scope, beside a rule, and in `unless`."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.flow import Leg
from gateway.policy.schemas.parts import (
    Schema,
    described,
    exactly,
    mapping,
    name,
    reference,
    several,
    some,
    text,
    titled,
    words,
)
from gateway.policy.situation import OPERATOR
from gateway.policy.when import SOURCES, UNLESS
from gateway.policy.windows import CLOCK, DAYS
from gateway.policy.windows import KEYS as WINDOW

_LEGS = {"request": "What is asked, on its way to the system.", "response": "What the system answers."}
_SOURCES = {
    "claim": "A claim of the caller's signed token. It counts unless something else is written.",
    "header": "A header of the request, which anyone who calls could write.",
}
OPERATOR_WORDS = {
    "kind": {"human": "A person.", "agent": "A program that acts on its own."},
    "holder": {"attested": "The caller proved to hold the key that the token or certificate is bound to."},
    "presence": {
        "attested": "Their authenticator signed for this very request (WebAuthn), and the signature was checked.",
        "claimed": "The issuer of the token says so.",
    },
    "device": {
        "attested": "The device signed what it is (EAT, or a quote of its TPM), and the signature was checked.",
        "claimed": "The issuer of the token says which it is.",
    },
    "boot": {"secure": "An attested device says that it started with software that its maker signed."},
    "debug": {
        "enabled": "An attested device says that somebody may look into it by debugging.",
        "disabled": "An attested device says that nobody may.",
    },
}
OPERATOR_TOLD = {
    "role": "Roles, as the caller's token has them.",
    "kind": "A person, or a program.",
    "assurance": "How surely it is known who they are, by the levels of the configuration, or as the token says it.",
    "holder": "That nobody else can use their token.",
    "presence": "That they themselves are there.",
    "device": "That their device is known.",
    "boot": "How their device started.",
    "debug": "Whether their device is open to debugging.",
}
_DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip


def conditions() -> dict[str, Schema]:
    """Make the schemas of all conditions, by their keys; they refer to `condition_parts`."""
    return {
        "from": some(name(""), "Which systems ask, by the names of their catalogues.", ["crm", ["crm", "tms"]]),
        "to": some(name(""), "Which systems are asked, by the names of their catalogues.", ["erp"]),
        "operations": some(
            text(),
            "Which operations: by name, with their system, or with * for any part.",
            ["list-orders", "erp.list-orders", ["read-*", "erp.invoice"]],
        ),
        "purposes": some(text(), "What for.", ["order-fulfilment"]),
        "purpose_from": some(words(SOURCES, _SOURCES), "Where a purpose must stand to count here; a claim by default."),
        "leg": words(tuple(Leg), _LEGS, "Only the request, or only the response; both where it is left out."),
        "operator": reference("operator", "Who acts; all that is written must be proven."),
        "customer": reference("customer", "Whose data: attributes such as region and tier."),
        "time": several(reference("window"), "When: within one of these windows."),
        "network": some(text(), "From which networks.", ["10.20.0.0/16", ["10.20.0.0/16", "2001:db8::/32"]]),
        "consent": name("A consent of consents.yaml; it exempts where this record's customer granted it.", ["contact"]),
        "region": some(text(), "The customer's region; short for customer: {region: ...}.", ["eu-central"]),
    }


def condition_parts() -> dict[str, Schema]:
    """Make what conditions refer to."""
    examples: dict[str, list[object]] = {"role": ["sales", ["sales", "support"]], "assurance": ["high"]}
    operator = {
        name: some(text() if among is None else words(among, OPERATOR_WORDS[name]), told, examples.get(name, ()))
        for name, told in OPERATOR_TOLD.items()
        for among in (OPERATOR[name],)
    }
    customer = {
        "type": "object",
        "additionalProperties": some(text(), "The values that it may have.", ["gold"]),
        "minProperties": 1,
    }
    described_ = described(customer, "Attributes of the customer, by their names.", [{"region": "eu-central"}])
    return {
        "operator": titled("Operator", mapping(exactly(OPERATOR, operator), (), "Who acts.", minProperties=1)),
        "customer": titled("Customer", described_),
        "window": titled("Time window", _window()),
    }


def unless() -> Schema:
    """Make the schema of an exception: everything in it must hold."""
    every = pick(conditions(), UNLESS)
    told = "What exempts from this rule; all that is written must hold, and what can't be told exempts from nothing."
    return titled("Exception", mapping(every, (), told, minProperties=1))


def pick(schemas: dict[str, Schema], keys: Iterable[str]) -> dict[str, Schema]:
    """Give the schemas of some keys, in the keys' order."""
    return {key: schemas[key] for key in keys if key in schemas}


def _window() -> Schema:
    properties = {
        "days": some(words(DAYS, _DAYS), "On which days it begins; every day where it is left out.", [["mon", "tue"]]),
        "from": text("From when; midnight where it is left out.", CLOCK, ["08:00"]),
        "until": text("Until when; at or before `from`, it ends on the next day.", CLOCK, ["18:00", "24:00"]),
        "zone": text("The time zone that days and times are meant in.", examples=["Europe/Berlin", "Asia/Shanghai"]),
    }
    needs = {"from": ["until"], "until": ["from"]}
    return mapping(exactly(WINDOW, properties), ("zone",), "A time window, every week.", dependentRequired=needs)
