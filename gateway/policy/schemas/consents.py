"""The schema of consents.yaml."""

from __future__ import annotations

from gateway.policy.consents import KEYS, LONGEST
from gateway.policy.schemas.parts import (
    Schema,
    described,
    document,
    exactly,
    integer,
    mapping,
    name,
    reference,
    some,
    table,
    text,
    titled,
    version,
)

_EXAMPLE = {"contact": {"wording": "Sales may see my e-mail address.", "classes": ["user.contact"], "days": 730}}


def consents_schema() -> Schema:
    """Make the schema of `consents.yaml`."""
    properties = {
        "wording": text("What the customer agrees to, word for word.", examples=["Sales may see my e-mail address."]),
        "version": integer("The version of the wording: raise it, and older grants count no more.", 1, default=1),
        "purposes": some(text(), "For what it counts; any purpose where it is left out.", ["order-fulfilment"]),
        "classes": some(reference("class"), "For which data it counts; any where it is left out."),
        "recipients": some(name(""), "For which systems it counts; any where it is left out.", ["crm"]),
        "days": integer("How many days a grant holds; without end where it is left out.", 1, LONGEST),
    }
    told = "One thing that customers can agree to."
    consent = titled("Consent", mapping(exactly(KEYS, properties), ("wording",), told))
    consents = table(name(""), reference("consent"), "The consents, by the names that rules call them by.")
    body = mapping(
        {"version": version(), "consents": described(consents, "", [_EXAMPLE])},
        ("version", "consents"),
        "What customers can agree to.",
    )
    return document("Sovgate consents", "consents", body, {"consent": consent})
