"""JSON Schemas, as OpenAPI uses them, as outlines of bodies. Examples and defaults are never read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.discover.outline import LONGEST_NAME, MOST_MEMBERS, Outline, Purse

_DEEPEST = 10
_LONGEST_TITLE = 60


class Schemas:
    """Reads the schemas of one document; `#/...` references are followed within it, and nowhere else."""

    def __init__(self, document: Mapping[str, Any], purse: Purse) -> None:
        """Take the document; `purse` says how many places it may fill."""
        self._document = document
        self._purse = purse

    def outline(self, schema: object) -> Outline:
        """Give the outline of what a schema describes."""
        place = Outline()
        self._into(place, schema, frozenset(), 0)
        return place

    def resolve(self, thing: object) -> Mapping[str, Any]:
        """Follow references (RFC 6901 pointers into the document) to a mapping; {} where there is none."""
        for _ in range(_DEEPEST):
            if not isinstance(thing, Mapping):
                return {}
            reference = thing.get("$ref")
            if not isinstance(reference, str):
                return thing
            thing = self._at(reference)
        return {}

    def _at(self, reference: str) -> object:
        if not reference.startswith("#/"):
            return None
        found: object = self._document
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def _into(self, place: Outline, schema: object, above: frozenset[str], depth: int) -> None:
        if depth > _DEEPEST:
            place.cut = True
            return
        if not isinstance(schema, Mapping):
            return
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in above:  # a schema within itself is read once: below, nothing tells what is there
                place.cut = True
            else:
                self._into(place, self._at(reference), above | {reference}, depth)
            return
        for word in ("allOf", "anyOf", "oneOf"):
            parts = schema.get(word)
            for part in parts if isinstance(parts, list) else ():
                self._into(place, part, above, depth + 1)
        kinds = schema.get("type")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            self._kind(place, kind, schema, above, depth)

    def _kind(self, place: Outline, kind: object, schema: Mapping[str, Any], above: frozenset[str], depth: int) -> None:
        if kind == "object" or (kind is None and ("properties" in schema or "additionalProperties" in schema)):
            self._object(place, schema, above, depth)
        elif kind == "array" or (kind is None and "items" in schema):
            place.arrays = place.arrays or 1
            place.elements = place.elements or self._purse.open()
            if place.elements is not None:
                self._into(place.elements, schema.get("items"), above, depth + 1)
        elif kind == "string":
            place.strings = place.strings or 1
            place.declared = place.declared or str(schema.get("format") or "")[:20]
        elif kind == "integer":
            place.integers = place.integers or 1
        elif kind == "number":
            place.decimals = place.decimals or 1
        elif kind == "boolean":
            place.booleans = place.booleans or 1
        title = schema.get("title")
        if isinstance(title, str) and len(title) <= _LONGEST_TITLE and kind != "object":
            place.title = place.title or title

    def _object(self, place: Outline, schema: Mapping[str, Any], above: frozenset[str], depth: int) -> None:
        place.objects = place.objects or 1
        properties = schema.get("properties")
        for name, inner in (properties if isinstance(properties, Mapping) else {}).items():
            if not isinstance(name, str) or len(name) > LONGEST_NAME or len(place.members) >= MOST_MEMBERS:
                continue
            member = place.members.get(name) or self._purse.open()
            if member is None:
                place.cut = True
                continue
            place.members[name] = member
            self._into(member, inner, above, depth + 1)
        others = schema.get("additionalProperties")
        if isinstance(others, Mapping) and others and not place.members:
            place.rest = place.rest or self._purse.open()
            if place.rest is not None:
                place.crowded = True
                self._into(place.rest, others, above, depth + 1)
