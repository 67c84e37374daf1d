"""The schemas of what callers can prove beside who they are."""

from __future__ import annotations

from gateway.config.evidence import DPOP, WAY
from gateway.identity.dpop import DpopRules
from gateway.identity.jwks import ALGORITHMS
from gateway.policy.schemas.parts import Schema, choice, exactly, flag, integer, mapping, several, some, table, text


def dpop_schema() -> Schema:
    """Make the schema of proofs of possession."""
    usual = DpopRules()
    properties = {
        "algorithms": some(choice(sorted(ALGORITHMS)), "The signatures that count.", ["ES256"]),
        "age": integer("How old a proof may be, in seconds.", 1, 600, usual.age),
        "leeway": integer("How far clocks may differ, in seconds.", 0, 60, usual.leeway),
        "required": flag("true: a token that is bound to nothing is refused.", default=False),
        "nonce": flag("true: a proof must hold a nonce that the gateway gave.", default=False),
    }
    return mapping(exactly(DPOP, properties), (), "Tokens that count only in their holders' hands (RFC 9449).")


def assurance_schema() -> Schema:
    """Make the schema of the levels of assurance."""
    properties = {
        "acr": some(text(), "One of these authentication contexts.", ["urn:example:loa:3"]),
        "amr": some(text(), "All of these authentication methods (RFC 8176).", [["hwk", "mfa"]]),
    }
    way = mapping(exactly(WAY, properties), (), "A way to this level.", minProperties=1)
    told = "Levels, by the names that policies use; the first that the token reaches counts."
    return table({}, several(way, "A way to this level, or several."), told)
