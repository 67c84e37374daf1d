"""The schema of consents.yaml."""

from __future__ import annotations

from gateway.policy.consents import LONGEST
from gateway.policy.schemas.parts import Schema, document, integer, mapping, name, reference, some, table, text, version


def consents_schema() -> Schema:
    """Make the schema of `consents.yaml`."""
    properties = {
        "wording": text("What the customer agrees to, word for word."),
        "version": integer("The version of the wording.", 1),
        "purposes": some(text(), "For what it counts; any purpose where it is left out."),
        "classes": some(reference("class"), "For which data it counts; any where it is left out."),
        "recipients": some(name(""), "For which systems it counts; any where it is left out."),
        "days": integer("How long a grant holds; without end where it is left out.", 1, LONGEST),
    }
    consents = table(name(""), mapping(properties, ("wording",), "One consent."), "The consents, by name.")
    body = mapping(
        {"version": version(), "consents": consents}, ("version", "consents"), "What customers can agree to."
    )
    return document("Sovgate consents", "consents", body, {})
