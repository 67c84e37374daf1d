"""JSON Schemas (2020-12) of the files that officers write, for their editors.

They are made from the same key lists, classes and treatment options that the loader reads by, and shipped as files:
`python -m gateway.policy.schemas policy > gateway/policy/schemas/policy.schema.json` makes one anew (and
`python -m gateway.config.schema` that of the configuration). A schema sees one file, so names that stand in another
file, selectors and time zones are checked by the loader alone.
"""

from __future__ import annotations

import json
from importlib.resources import files

from gateway.policy.schemas.cases import cases_schema
from gateway.policy.schemas.catalogue import catalogue_schema
from gateway.policy.schemas.consents import consents_schema
from gateway.policy.schemas.names import NAMES
from gateway.policy.schemas.policy import policy_schema

__all__ = ["MADE", "NAMES", "made", "shipped"]

_MAKERS = {"catalogue": catalogue_schema, "policy": policy_schema, "consents": consents_schema, "cases": cases_schema}
MADE = tuple(_MAKERS)
"""Those that are made here; that of the configuration is made by `gateway.config.schema`, and ships beside them."""


def shipped(name: str) -> str:
    """Give a schema as it ships, by one of `NAMES`."""
    return files("gateway.policy.schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")


def made(name: str) -> str:
    """Make a schema from what the loader knows, by one of `MADE`."""
    return json.dumps(_MAKERS[name](), indent=2, ensure_ascii=False) + "\n"
