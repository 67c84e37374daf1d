"""The schema of `identity`."""

from __future__ import annotations

from gateway.config.identity import CLAIMS, IDENTITY, JWT, NAMES, PROOFS
from gateway.config.schema_evidence import assurance_schema, device_schema, dpop_schema, webauthn_schema
from gateway.config.schema_parts import URL, header
from gateway.identity.jwks import ALGORITHMS
from gateway.policy.schemas.parts import Schema, choice, exactly, integer, mapping, some, table, text


def identity_schema() -> Schema:
    """Make the schema of how callers prove who they are."""
    claims = {
        "system": "Which system calls.",
        "subject": "Who acts.",
        "role": "Their role.",
        "kind": "Whether they are a human or an agent.",
        "assurance": "How they proved who they are.",
        "purpose": "What for.",
        "device": "Which device they use; it is taken as claimed.",
    }
    jwt = {
        "header": header("Where the token stands.", "Authorization"),
        "issuer": some(text(), "The `iss` that tokens must have.", ["https://login.example.com"]),
        "audience": some(text(), "The `aud` that tokens must have.", ["sovgate"]),
        "algorithms": some(choice(sorted(ALGORITHMS)), "The signatures that count; asymmetric ones only.", ["ES256"]),
        "keys_file": text("The issuer's public keys: a JWK Set, relative to this file.", examples=["keys.json"]),
        "keys_url": text("Where the issuer's public keys are fetched.", URL, ["https://login.example.com/jwks.json"]),
        "systems": _named("Systems, by the values of the system claim; each by its own name where it is left out."),
        "claims": mapping(
            {key: text(told) for key, told in exactly(CLAIMS, claims).items()}, (), "Which claim says what."
        ),
        "leeway": integer("How far clocks may differ, in seconds.", 0, 600, 30),
        "type": text("The `typ` that tokens must have.", examples=["at+jwt"]),
        "dpop": dpop_schema(),
        "assurance": assurance_schema(),
    }
    mtls = {
        "uris": _named("Systems, by the URIs of their certificates."),
        "dns": _named("Systems, by the host names of their certificates."),
        "common_names": _named("Systems, by the common names of certificates without alternative names."),
    }
    one_place = [{"required": ["keys_file"]}, {"required": ["keys_url"]}]
    tokens = mapping(
        exactly(JWT, jwt), ("issuer", "audience", "algorithms"), "Signed tokens (RFC 7519).", oneOf=one_place
    )
    everyone = {"system": text("The system that everybody is taken for.", examples=["crm"])}
    properties = {
        "jwt": tokens,
        "mtls": mapping(exactly(NAMES, mtls), (), "Client certificates."),
        "urls": some(text(), "The gateway's own addresses, as callers know them.", ["https://gateway.example.com"]),
        "webauthn": webauthn_schema(),
        "device": device_schema(),
        "development": mapping(everyone, ("system",), "No proof at all: for this machine alone, and alone."),
    }
    return mapping(
        exactly(IDENTITY, properties),
        (),
        "How callers prove who they are.",
        anyOf=[{"required": [key]} for key in PROOFS],
        **{"if": {"required": ["development"]}, "then": {"maxProperties": 1}},
    )


def _named(description: str) -> Schema:
    return table({}, text("The system's name in its catalogue."), description)
