"""The schemas of what callers can prove beside who they are."""

from __future__ import annotations

from gateway.attestation.webauthn import AssertionRules
from gateway.config.devices import ASSERTION, DEVICE, DEVICE_HEADER, EAT, EAT_USUAL, REGISTERS, TPM, WEBAUTHN
from gateway.config.evidence import DPOP, WAY
from gateway.config.schema_parts import header
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


def webauthn_schema() -> Schema:
    """Make the schema of assertions of authenticators."""
    usual = AssertionRules()
    properties = {
        "header": header("Where the assertion stands.", ASSERTION),
        "credentials_file": text("The authenticators that are registered.", examples=["authenticators.yaml"]),
        "age": integer("How old an assertion may be, in seconds.", 1, 600, usual.age),
        "leeway": integer("How far clocks may differ, in seconds.", 0, 60, usual.leeway),
        "verified": flag(
            "true: the authenticator must have checked who it is, not only that somebody is there.", default=True
        ),
    }
    told = "That an operator is there in person, for this very request (WebAuthn)."
    return mapping(exactly(WEBAUTHN, properties), ("credentials_file",), told)


def device_schema() -> Schema:
    """Make the schema of attestations of devices."""
    anchors = "Whose certificates count: certificates in PEM, relative to this file."
    eat = {
        "algorithms": some(choice(sorted(ALGORITHMS)), "The signatures that count.", ["ES256"]),
        "keys_file": text("Whose tokens count: a JWK Set, relative to this file.", examples=["devices.json"]),
        "anchors_file": text(anchors, examples=["makers.pem"]),
        "profiles": some(text(), "The profiles that count; any where it is left out."),
        "age": integer("How old a token may be, in seconds.", 1, 86_400, EAT_USUAL.age),
        "leeway": integer("How far clocks may differ, in seconds.", 0, 600, EAT_USUAL.leeway),
    }
    digests = some(text(pattern="^[0-9a-f]{64,128}$"), "The digests that count, in hexadecimal digits.")
    tpm = {
        "keys": table({}, text("A public key in PEM, relative to this file."), "Attestation keys, by name."),
        "anchors_file": text(anchors, examples=["tpm-makers.pem"]),
        "registers": table({"pattern": f"^{REGISTERS}$"}, digests, "What machines may have measured, by selection."),
    }
    some_anchor = {"anyOf": [{"required": ["keys_file"]}, {"required": ["anchors_file"]}]}
    some_key = {"anyOf": [{"required": ["keys"]}, {"required": ["anchors_file"]}]}
    properties = {
        "header": header("Where the attestation stands.", DEVICE_HEADER),
        "eat": mapping(exactly(EAT, eat), (), "Entity attestation tokens (RFC 9711).", **some_anchor),
        "tpm": mapping(exactly(TPM, tpm), (), "Quotes of a TPM 2.0.", **some_key),
    }
    either = [{"required": ["eat"]}, {"required": ["tpm"]}]
    return mapping(exactly(DEVICE, properties), (), "With what operators act.", anyOf=either)
