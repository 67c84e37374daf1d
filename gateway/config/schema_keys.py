"""The schema of `keys`."""

from __future__ import annotations

from gateway.config.keys import APPROVE, KEYS, LONGEST_CACHE, LONGEST_CALL, MOST_USES, PASSPHRASE
from gateway.config.schema_key_providers import providers_schema
from gateway.custody.settings import CustodySettings
from gateway.policy.keyed import VARIABLE
from gateway.policy.schemas.parts import Schema, choice, exactly, integer, mapping, some, table, text


def keys_schema() -> Schema:
    """Make the schema of how customers' keys are kept."""
    usual = CustodySettings()
    passphrase = {
        "environment": text(f"The environment variable that holds it; {VARIABLE} where nothing is said."),
        "file": text("The file that holds it, relative to this one."),
    }
    cached = "How long a key stays in memory, and so the longest that a customer who takes it away has to wait."
    properties = {
        "tenant": text("What all tokens are bound to; it can't be changed later.", examples=[usual.tenant]),
        "passphrase": mapping(exactly(PASSPHRASE, passphrase), (), "What protects the file of wrapping keys."),
        "provider": text("What wraps the keys of customers who have nothing of their own.", examples=[usual.default]),
        "provider_seconds": integer(
            "How long a provider may take. In seconds.", 1, LONGEST_CALL, int(usual.provider_seconds)
        ),
        "providers": providers_schema(),
        "customers": table({}, text("The provider's name."), "Customers whose keys a provider of their own wraps."),
        "cache_seconds": integer(f"{cached} In seconds.", 1, LONGEST_CACHE, int(usual.cache_seconds)),
        "capacity": integer("How many customers' keys are in memory at the same time.", 100, None, usual.capacity),
        "rotate_days": integer("Days after which a key is replaced; 0: never.", 0, None, usual.rotate_days),
        "rotate_uses": integer("Uses after which a key is replaced.", 1, MOST_USES, usual.rotate_uses),
        "approve": some(choice(APPROVE), "What takes a second person's agreement.", ["destroy"]),
    }
    return mapping(exactly(KEYS, properties), (), "Customers' own keys.")
