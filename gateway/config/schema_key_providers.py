"""The schema of `keys.providers`."""

from __future__ import annotations

from gateway.catalog.names import PATTERN
from gateway.config.key_providers import ADDRESS, ARN, FILE, KMS, MOUNT, PKCS11, SECRET, TRANSIT_KEY, VAULT
from gateway.config.schema_parts import PEM
from gateway.policy.schemas.parts import Schema, exactly, mapping, some, table, text

_OLDER = "Keys that unwrap what they wrapped, and wrap nothing any more."


def providers_schema() -> Schema:
    """Make the schema of what wraps customers' keys beside the file."""
    kinds = {"pkcs11": _pkcs11(), "aws-kms": _kms(), "vault": _vault()}
    one = mapping(kinds, (), "One provider: exactly one kind.", minProperties=1, maxProperties=1)
    names = {"type": "string", "pattern": PATTERN, "not": {"const": FILE}}
    return table(names, one, "What can wrap customers' keys beside the file, by names that also stand in metrics.")


def secret_schema(description: str) -> Schema:
    """Make the schema of where a secret stands."""
    properties = {
        "environment": text("The environment variable that holds it."),
        "file": text("The file that holds it, relative to this one; read whenever it is needed."),
    }
    return mapping(exactly(SECRET, properties), (), description, minProperties=1, maxProperties=1)


def _pkcs11() -> Schema:
    properties = {
        "library": text("The token's PKCS#11 library.", examples=["/usr/lib/softhsm/libsofthsm2.so"]),
        "token": text("The token's label."),
        "key": text("The label of its AES key."),
        "older": some(text(), _OLDER),
        "pin": secret_schema("The PIN of its user."),
    }
    return mapping(
        exactly(PKCS11, properties), ("library", "token", "key", "pin"), "A hardware security module, or a smart card."
    )


def _kms() -> Schema:
    arn = f"^{ARN}$"
    properties = {
        "key": text("The ARN of a symmetric key.", arn, ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab"]),
        "older": some(text(pattern=arn), _OLDER),
        "endpoint": text("Where the service is, if not where the ARN says.", f"^{ADDRESS}$"),
        "profile": text("A profile of the AWS configuration files."),
    }
    return mapping(exactly(KMS, properties), ("key",), "AWS Key Management Service.")


def _vault() -> Schema:
    name = f"^{TRANSIT_KEY}$"
    properties = {
        "url": text("The server's address.", f"^{ADDRESS}$", ["https://vault.example.com:8200"]),
        "key": text("The name of a key of the transit engine.", name),
        "older": some(text(pattern=name), _OLDER),
        "token": secret_schema("What the gateway shows the server; a file is read anew each time."),
        "mount": text("Where the engine is mounted.", f"^{MOUNT}$", ["transit"]),
        "namespace": text("The namespace, where there are some.", f"^{MOUNT}$"),
        "ca": text(f"Who issued the server's certificate; the machine's own store where it is left out. {PEM}"),
    }
    return mapping(exactly(VAULT, properties), ("url", "key", "token"), "The transit engine of Vault or OpenBao.")
