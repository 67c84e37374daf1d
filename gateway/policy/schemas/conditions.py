"""The schemas of conditions: in a scope, beside a rule, and in `unless`."""

from __future__ import annotations

from gateway.flow import Leg
from gateway.policy.schemas.parts import Schema, choice, described, mapping, name, several, some, text
from gateway.policy.when import KINDS, OPERATOR, SOURCES, UNLESS
from gateway.policy.windows import CLOCK, DAYS


def conditions() -> dict[str, Schema]:
    """Make the schemas of all conditions, by their keys."""
    texts = some(text())
    operator = {key: some(choice(KINDS)) if key == "kind" else texts for key in OPERATOR}
    customer = {"type": "object", "additionalProperties": texts, "minProperties": 1}
    return {
        "from": some(name(""), "Which systems ask."),
        "to": some(name(""), "Which systems are asked."),
        "operations": some(text(), "Which operations: list-orders, erp.list-orders, or with * for any part."),
        "purposes": some(text(), "What for."),
        "purpose_from": some(
            choice(SOURCES), "Where a purpose must stand to be trusted; in a signed claim by default."
        ),
        "leg": choice(tuple(Leg), "Only the request, or only the response."),
        "operator": mapping(operator, description="Who acts.", minProperties=1),
        "customer": described(customer, "Whose data: attributes such as region and tier."),
        "time": several(_window(), "When."),
        "network": some(text(), "From which networks: 10.20.0.0/16."),
        "consent": name("A consent of consents.yaml that the customer granted."),
        "region": some(text(), "The customer's region."),
    }


def unless() -> Schema:
    """Make the schema of an exception: everything in it must hold."""
    every = conditions()
    return mapping({key: every[key] for key in UNLESS}, description="What exempts from the rule.", minProperties=1)


def _window() -> Schema:
    properties = {
        "days": some(choice(DAYS), "On which days it begins; every day where it is left out."),
        "from": text('From when, such as "08:00".', CLOCK),
        "until": text('Until when, such as "18:00"; before `from`, it ends on the next day.', CLOCK),
        "zone": text("The time zone, such as Europe/Berlin."),
    }
    needs = {"from": ["until"], "until": ["from"]}
    return mapping(properties, ("zone",), "A time window.", dependentRequired=needs)
