"""Pieces that the schemas share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from gateway.catalog.classes import CLASSES
from gateway.catalog.load import VERSION
from gateway.catalog.names import PATTERN

Schema = dict[str, Any]
S = TypeVar("S", Schema, str)


def text(description: str = "", pattern: str = r"\S", examples: Iterable[str] = ()) -> Schema:
    """Describe text that is not empty."""
    return described({"type": "string", "pattern": pattern}, description, examples)


def name(description: str, examples: Iterable[str] = ()) -> Schema:
    """Describe a name that the officer gives."""
    return text(description, PATTERN, examples)


def choice(among: Iterable[str], description: str = "") -> Schema:
    """Describe one of a few texts."""
    return described({"enum": list(among)}, description)


def words(among: Iterable[str], told: Mapping[str, str], description: str = "", default: str | None = None) -> Schema:
    """Describe one of a few texts, each with what it means: editors show it beside the word."""
    each = [{"const": word, "description": meaning} for word, meaning in exactly(among, told).items()]
    return described({"oneOf": each} if default is None else {"oneOf": each, "default": default}, description)


def flag(description: str, *, default: bool | None = None) -> Schema:
    """Describe true or false."""
    return described({"type": "boolean"} if default is None else {"type": "boolean", "default": default}, description)


def integer(description: str, minimum: int, maximum: int | None = None, default: int | None = None) -> Schema:
    """Describe a whole number within bounds, both included."""
    bounds = {"minimum": minimum, "maximum": maximum, "default": default}
    given = {key: value for key, value in bounds.items() if value is not None}
    return described({"type": "integer", **given}, description)


def some(item: Schema, description: str = "", examples: Iterable[object] = ()) -> Schema:
    """Describe one thing, or a list of them in which nothing stands twice."""
    several_ = {"type": "array", "items": item, "minItems": 1, "uniqueItems": True}
    return described({"anyOf": [item, several_]}, description, examples)


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


def described(schema: Schema, description: str, examples: Iterable[object] = ()) -> Schema:
    """Add a description and examples, where there are any."""
    told = {"description": description, "examples": list(examples)}
    return {**schema, **{key: value for key, value in told.items() if value}}


def titled(title: str, schema: Schema) -> Schema:
    """Add a title: what an editor calls the thing."""
    return {"title": title, **schema}


def exactly(keys: Iterable[str], schemas: Mapping[str, S]) -> dict[str, S]:
    """Give what belongs to each of the loader's keys; ValueError where one has nothing, or something has no key."""
    wanted = tuple(keys)
    if set(wanted) != set(schemas):
        raise ValueError(f"the loader and the schema differ in {sorted(set(wanted) ^ set(schemas))}")
    return {key: schemas[key] for key in wanted}


def document(title: str, kind: str, body: Schema, parts: Mapping[str, Schema], *, classes: bool = True) -> Schema:
    """Make a whole schema; `classes` adds the taxonomy to its parts."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:sovgate:schema:{kind}:{VERSION}",
        "title": title,
        **body,
        "$defs": {**({"class": class_()} if classes else {}), **parts},
    }


def class_() -> Schema:
    """Describe a class of the taxonomy."""
    told = "What a field is: a Fides data category, or business.*; a parent covers its children."
    return titled("Class", described(choice(sorted(CLASSES)), told, ["user.contact.email", "business.price"]))


def version() -> Schema:
    """Describe the version of a file's syntax."""
    return described({"const": VERSION}, f"The version of this file's syntax: {VERSION}.")
