"""`keys.providers` and `keys.customers`: what wraps customers' keys beside the file, and whose."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from gateway.catalog.names import is_name
from gateway.config.source import Source
from gateway.custody.services import KmsSettings, Pkcs11Settings, SecretSource, ServiceSettings, TransitSettings
from gateway.faults import Fault
from gateway.yamlsource import Leaf, Node, Section, Table

FILE = "file"
"""The provider that is always there, if something protects it."""

KINDS = ("pkcs11", "aws-kms", "vault")
PKCS11 = ("library", "token", "key", "older", "pin")
KMS = ("key", "older", "endpoint", "profile")
VAULT = ("url", "key", "older", "token", "mount", "namespace", "ca")
SECRET = ("environment", "file")

ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+"
TRANSIT_KEY = r"[A-Za-z0-9_](([A-Za-z0-9_.-])*[A-Za-z0-9_])?"  # as the engine's own rule for names has it
MOUNT = r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*"
ADDRESS = r"(https://[^/?#@\s]+|http://(localhost|127(\.[0-9]+){3}|\[::1\])(:[0-9]+)?)(/[^?#\s]*)?"
"""Where a service is: TLS, unless it is on this machine, such as an agent."""


def read_providers(source: Source, section: Section) -> dict[str, ServiceSettings]:
    """Read every provider."""
    found: dict[str, ServiceSettings] = {}
    for name, node in section.entries("providers"):
        if is_name(source.reader, name, name.text) and name.text == FILE:
            message = "the file is a provider of its own, with `keys: {passphrase: ...}`"
            source.reader.fault(name, message, "give this one another name", code=Fault.BAD_PROVIDER)
        one = _provider(source, node)
        if one is not None:
            found[name.text] = one
    return found


def read_default(section: Section) -> str:
    """Read who wraps the keys of customers who have nobody of their own."""
    return section.choice("provider", _names(section), FILE, kind="provider of keys", code=Fault.UNKNOWN_PROVIDER)


def read_holders(source: Source, section: Section) -> dict[str, str]:
    """Read who wraps whose keys, customers by their ids."""
    known = _names(section)
    read = source.reader
    told = {
        customer.text: read.choice(node, known, "provider of keys", code=Fault.UNKNOWN_PROVIDER)
        for customer, node in section.entries("customers")
    }
    return {customer: name for customer, name in told.items() if name is not None}


def _names(section: Section) -> tuple[str, ...]:
    return (FILE, *(name.text for name, _ in section.entries("providers")))


def _provider(source: Source, node: Node) -> ServiceSettings | None:
    """Read one provider: exactly one kind, with what it asks for."""
    kinds = source.reader.section(node, KINDS)
    if len(kinds.members) > 1 or (isinstance(node, Table) and not node.entries):
        message, hint = "a provider is of exactly one kind", f"one of: {', '.join(KINDS)}"
        source.reader.fault(node, message, hint, code=Fault.BAD_PROVIDER)
    if len(kinds.members) != 1:
        return None
    (kind,) = kinds.members
    return _READERS[kind](source, kinds)


def _pkcs11(source: Source, kinds: Section) -> ServiceSettings:
    section = kinds.section("pkcs11", PKCS11, ("library", "token", "key", "pin"))
    return Pkcs11Settings(
        library=source.path(section, "library"),
        token=section.text("token"),
        key=section.text("key"),
        pin=_secret(source, section, "pin"),
        older=section.texts("older"),
    )


def _kms(source: Source, kinds: Section) -> ServiceSettings:
    section = kinds.section("aws-kms", KMS, ("key",))
    hint = "arn:aws:kms:REGION:ACCOUNT:key/ID; an alias can be moved to another key unseen"
    for node in (*_one(section, "key"), *section.listing("older")):
        _written(source, node, ARN, "the ARN of a key of KMS", hint)
    return KmsSettings(
        key=section.text("key"),
        older=section.texts("older"),
        endpoint=_address(source, section, "endpoint"),
        profile=section.text("profile", ""),
    )


def _vault(source: Source, kinds: Section) -> ServiceSettings:
    section = kinds.section("vault", VAULT, ("url", "key", "token"))
    hint = "letters, digits, _, - and . between them"
    for node in (*_one(section, "key"), *section.listing("older")):
        _written(source, node, TRANSIT_KEY, "the name of a key of the transit engine", hint)
    for node in _one(section, "mount"):
        _written(source, node, MOUNT, "where an engine is mounted", 'for example "transit"')
    for node in _one(section, "namespace"):
        _written(source, node, MOUNT, "a namespace", 'for example "eu/crm"')
    return TransitSettings(
        url=_address(source, section, "url"),
        key=section.text("key"),
        token=_secret(source, section, "token"),
        older=section.texts("older"),
        mount=section.text("mount", "transit"),
        namespace=section.text("namespace", ""),
        ca=source.path_if(section, "ca"),
    )


_READERS: Mapping[str, Callable[[Source, Section], ServiceSettings]] = {
    "pkcs11": _pkcs11, "aws-kms": _kms, "vault": _vault,
}  # fmt: skip


def _one(section: Section, key: str) -> tuple[Node, ...]:
    node = section.get(key)
    return () if node is None else (node,)


def _secret(source: Source, section: Section, key: str) -> SecretSource:
    """Read where a secret stands: in the environment or in a file, and in one of them."""
    if key not in section:
        return SecretSource()
    node = section.get(key)
    found = section.section(key, SECRET)
    if len(found.members) > 1 or (isinstance(node, Table) and not node.entries):
        message, hint = "a secret stands in exactly one place", f"write one of: {', '.join(SECRET)}"
        source.reader.fault(source.at(node), message, hint, code=Fault.BAD_PROVIDER)
    if "file" in found:
        return SecretSource(file=source.path(found, "file"))
    name = found.text("environment")
    value = source.environment.get(name, "")
    if name and not value and source.secrets:
        message, hint = f"the environment has no {name}", "set it where the gateway is started"
        source.reader.fault(source.at(found.get("environment")), message, hint, code=Fault.NOT_IN_ENVIRONMENT)
    return SecretSource(value=value)


def _address(source: Source, section: Section, key: str) -> str:
    """Read where a service is; "" if it isn't said."""
    for node in _one(section, key):
        hint = 'for example "https://vault.example.com:8200"; http:// is for this machine alone'
        if _written(source, node, ADDRESS, "the address of a service of keys", hint):
            try:
                urlsplit(section.text(key)).port  # noqa: B018 - raises for a port that is none
            except ValueError:
                source.reader.fault(node, "no address has this port", hint, code=Fault.BAD_PROVIDER)
    return section.text(key, "").rstrip("/")


def _written(source: Source, node: Node, pattern: str, what: str, hint: str) -> bool:
    """Check how something is written; what is no text at all is told when it is read."""
    if not isinstance(node, Leaf) or not node.text or re.fullmatch(pattern, node.text):
        return isinstance(node, Leaf)
    source.reader.fault(node, f"this is not {what}", hint, code=Fault.BAD_PROVIDER)
    return False
