"""`keys`: how customers' keys are kept, and what protects them."""

from __future__ import annotations

from gateway.config.settings import KeysSettings
from gateway.config.source import Source
from gateway.custody.file_provider import Secret
from gateway.custody.settings import CustodySettings
from gateway.errors import FaultyCustody
from gateway.faults import Fault
from gateway.yamlsource import Section

KEYS = ("tenant", "passphrase", "cache_seconds", "capacity", "rotate_days", "rotate_uses", "approve")
PASSPHRASE = ("environment", "file")
VARIABLE = "SOVGATE_KEYS_PASSPHRASE"
"""Where the passphrase stands unless the file says otherwise."""
APPROVE = ("destroy", "export")
MOST_USES = 2**31
LONGEST_CACHE = 86_400


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
        ),
        secret=_secret(source, section.section("passphrase", PASSPHRASE)),
        approvals=frozenset(word for word in words if word is not None),
    )


def _secret(source: Source, section: Section) -> Secret | None:
    """Read what protects the keys; None where there is nothing."""
    at = source.at(section.get("file") or section.get("environment"))
    try:
        if "file" in section:
            return Secret.read(source.path(section, "file").read_text("utf-8"))
        name = section.text("environment", VARIABLE)
        text = source.environment.get(name, "")
        if not text and "environment" in section:
            message, hint = f"the environment has no {name}", "set it where the gateway is started"
            source.reader.fault(at, message, hint, code=Fault.NOT_IN_ENVIRONMENT)
        return Secret.read(text) if text else None
    except (OSError, UnicodeDecodeError):
        message, hint = (
            "the file of the passphrase can't be read",
            "the gateway, and nobody else, must be able to read it",
        )
        source.reader.fault(at, message, hint, code=Fault.KEYS_SECRET)
    except FaultyCustody as error:
        source.reader.fault(at, str(error), "make one: openssl rand -base64 32", code=Fault.KEYS_SECRET)
    return None
