"""Pieces that the schemas share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.catalog.classes import CLASSES
from gateway.catalog.load import VERSION
from gateway.catalog.names import PATTERN

Schema = dict[str, Any]


def text(description: str = "", pattern: str = r"\S") -> Schema:
    """Describe text that is not empty."""
    return described({"type": "string", "pattern": pattern}, description)


def name(description: str) -> Schema:
    """Describe a name that the officer gives."""
    return text(description, PATTERN)


def choice(among: Iterable[str], description: str = "") -> Schema:
    """Describe one of a few texts."""
    return described({"enum": list(among)}, description)


def flag(description: str) -> Schema:
    """Describe true or false."""
    return described({"type": "boolean"}, description)


def integer(description: str, minimum: int, maximum: int | None = None) -> Schema:
    """Describe a whole number within bounds, both included."""
    bounds = {"minimum": minimum} if maximum is None else {"minimum": minimum, "maximum": maximum}
    return described({"type": "integer", **bounds}, description)


def some(item: Schema, description: str = "") -> Schema:
    """Describe one thing, or a list of them in which nothing stands twice."""
    return described(
        {"anyOf": [item, {"type": "array", "items": item, "minItems": 1, "uniqueItems": True}]}, description
    )


def several(item: Schema, description: str) -> Schema:
    """Describe one mapping, or a list of them."""
    return described({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}, description)


def mapping(
    properties: Mapping[str, Schema], required: Iterable[str] = (), description: str = "", **more: Any
) -> Schema:
    """Describe a mapping with known keys."""
    schema = {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}
    needed = list(required)
    return described({**schema, "required": needed} if needed else schema, description)


def table(keys: Schema, values: Schema, description: str) -> Schema:
    """Describe a mapping whose keys are free."""
    return described({"type": "object", "propertyNames": keys, "additionalProperties": values}, description)


def reference(part: str, description: str = "") -> Schema:
    """Refer to a part that is defined once in the same schema."""
    return described({"$ref": f"#/$defs/{part}"}, description)


def described(schema: Schema, description: str) -> Schema:
    """Add a description, where there is one."""
    return {**schema, "description": description} if description else schema


def document(title: str, kind: str, body: Schema, parts: Mapping[str, Schema]) -> Schema:
    """Make a whole schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:sovgate:schema:{kind}:{VERSION}",
        "title": title,
        **body,
        "$defs": {"class": class_(), **parts},
    }


def class_() -> Schema:
    """Describe a class of the taxonomy."""
    return choice(
        sorted(CLASSES), "What a field is: a Fides data category, or business.*; a parent covers its children."
    )


def version() -> Schema:
    """Describe the version of a file's syntax."""
    return {"const": VERSION, "description": "The version of this file's syntax."}
