"""`keys`: how customers' keys are kept, and what protects them."""

from __future__ import annotations

import os

from gateway.config.key_providers import read_default, read_holders, read_providers
from gateway.config.settings import KeysSettings
from gateway.config.source import Source
from gateway.custody.file_provider import Secret
from gateway.custody.settings import CustodySettings
from gateway.errors import FaultyCustody
from gateway.faults import Fault
from gateway.policy.keyed import VARIABLE
from gateway.yamlsource import Section

KEYS = (
    "tenant", "passphrase", "provider", "provider_seconds", "providers", "customers", "cache_seconds", "capacity",
    "rotate_days", "rotate_uses", "approve",
)  # fmt: skip
PASSPHRASE = ("environment", "file")
APPROVE = ("destroy", "export")
MOST_USES = 2**31
LONGEST_CACHE = 86_400
LONGEST_CALL = 60

_MAKE = "make one: openssl rand -base64 32"
_MODE = "chmod o= it; `defaultMode: 0440` for a Secret of Kubernetes"
_ANYBODY = 0o007
_LONGEST = 65_536
_ELSEWHERE = "a passphrase that is elsewhere"
"""Stands for the passphrase where it is only checked that one is named."""


def read_keys(source: Source) -> KeysSettings:
    """Read it; what is left out is as usual."""
    section, usual = source.top.section("keys", KEYS), CustodySettings()
    words = (source.reader.choice(node, APPROVE, "approve") for node in section.listing("approve"))
    return KeysSettings(
        custody=CustodySettings(
            tenant=section.text("tenant", usual.tenant),
            cache_seconds=float(
                section.integer("cache_seconds", int(usual.cache_seconds), minimum=1, maximum=LONGEST_CACHE)
            ),
            capacity=section.integer("capacity", usual.capacity, minimum=100),
            rotate_days=section.integer("rotate_days", usual.rotate_days, minimum=0),
            rotate_uses=section.integer("rotate_uses", usual.rotate_uses, minimum=1, maximum=MOST_USES),
            provider_seconds=float(
                section.integer("provider_seconds", int(usual.provider_seconds), minimum=1, maximum=LONGEST_CALL)
            ),
            default=read_default(section),
            holders=read_holders(source, section),
        ),
        providers=read_providers(source, section),
        secret=_secret(source, section.section("passphrase", PASSPHRASE)),
        approvals=frozenset(word for word in words if word is not None),
    )


def _secret(source: Source, section: Section) -> Secret | None:
    """Read what protects the keys; None where there is nothing."""
    if "file" in section and "environment" in section:
        message, hint = "the passphrase stands in exactly one place", "write `file` or `environment`"
        source.reader.fault(source.at(section.get("file")), message, hint, code=Fault.KEYS_SECRET)
    at = source.at(section.get("file") or section.get("environment"))
    try:
        text = _from_file(source, section) if "file" in section else _from_environment(source, section)
        return Secret.read(text) if text is not None else None
    except UnicodeDecodeError:
        source.reader.fault(at, "the passphrase is not UTF-8 text", _MAKE, code=Fault.KEYS_SECRET)
    except OSError as error:
        message, hint = f"can't be read: {error.strerror}", "the gateway, and nobody else, must be able to read it"
        source.reader.fault(at, message, hint, code=Fault.KEYS_SECRET)
    except FaultyCustody as error:
        source.reader.fault(at, str(error), _MAKE, code=Fault.KEYS_SECRET)
    return None


def _from_file(source: Source, section: Section) -> str:
    """Read the file of the passphrase; where secrets needn't be there, it needn't either."""
    path = source.path(section, "file")
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _ANYBODY:
                message = "anybody on this machine may read or change the file of the passphrase"
                source.reader.fault(source.at(section.get("file")), message, _MODE, code=Fault.KEYS_SECRET)
            return file.read(_LONGEST).decode("utf-8")
    except (FileNotFoundError, PermissionError):
        if source.secrets:
            raise
        return _ELSEWHERE


def _from_environment(source: Source, section: Section) -> str | None:
    """Look into the environment; None where nothing is there, and nothing was said of it."""
    name = section.text("environment", VARIABLE)
    text = source.environment.get(name, "")
    if text or "environment" not in section:
        return text or None
    if source.secrets:
        message, hint = f"the environment has no {name}", "set it where the gateway is started"
        source.reader.fault(source.at(section.get("environment")), message, hint, code=Fault.NOT_IN_ENVIRONMENT)
    return _ELSEWHERE
