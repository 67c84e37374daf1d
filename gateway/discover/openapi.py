"""OpenAPI 3.0 and 3.1, and Swagger 2, in JSON or YAML: the operations that a document names, and their bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from gateway.catalog.template import parse
from gateway.discover.declared import MOST_BYTES, Declared, Offer
from gateway.discover.group import Bodies, Group
from gateway.discover.outline import Purse
from gateway.discover.schema import Schemas
from gateway.discover.segments import Hole, Step
from gateway.errors import BadDocument
from gateway.formats.documents import MARKABLE

_METHODS = ("get", "put", "post", "delete", "patch", "head")
_DEEPEST = 100
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_VARIABLE = re.compile(r"\{[^{}/]{1,100}\}")
_OTHERS = {"xml": "xml", "csv": "csv", "html": "html", "form": "form", "multipart": "multipart"}


def read(name: str, data: bytes) -> Declared:
    """Read a document; raises `BadDocument` where it is none."""
    document = _parsed(name, data)
    version = str(document.get("openapi") or document.get("swagger") or "")
    if not version.startswith(("3.", "2")) or not isinstance(document.get("paths"), Mapping):
        raise _faulty(name, "this is no OpenAPI 3 or Swagger 2 document")
    schemas, base = Schemas(document, Purse()), _base(document)
    found = Declared()
    literals: set[str] = set()
    for path, item in document["paths"].items():
        steps = _steps(f"{base}{path}")
        if steps is None:
            found.notes = (*found.notes, "a path of the document can't be written as a template: left out")
            continue
        literals |= {at if isinstance(at, str) else at.prefix.partition("(")[0] for at in steps} - {""}
        operations = schemas.resolve(item)
        for method in _METHODS:
            if isinstance(operations.get(method), Mapping):
                found.offers.append(Offer(steps, method.upper(), _group(operations[method], operations, schemas)))
    found.literals = frozenset(literals)
    return found


def _parsed(name: str, data: bytes) -> Mapping[str, Any]:
    if len(data) > MOST_BYTES:
        raise _faulty(name, f"the document is larger than {MOST_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip()[:1] == "{" else _yaml(name, text)
    except UnicodeDecodeError:
        raise _faulty(name, "not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise _faulty(name, "not JSON") from None
    except yaml.YAMLError:
        raise _faulty(name, "not YAML") from None
    if not isinstance(document, Mapping):
        raise _faulty(name, "this is no OpenAPI 3 or Swagger 2 document")
    return document


def _yaml(name: str, text: str) -> object:
    """Read YAML as texts, lists and mappings. Aliases, which can make a small file huge, are refused."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise _faulty(name, "aliases (*name) are not read: write them out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _faulty(name, f"nested more than {_DEEPEST} deep")
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - the base loader makes nothing but texts, lists and mappings


def _base(document: Mapping[str, Any]) -> str:
    """Give the path that stands before all others: Swagger's basePath, or that of OpenAPI's first server."""
    if isinstance(document.get("basePath"), str):
        return str(document["basePath"]).rstrip("/")
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else {}
    try:
        return urlsplit(str(first.get("url") or "")).path.rstrip("/")
    except ValueError:
        return ""


def _steps(path: str) -> tuple[Step, ...] | None:
    """Read a path's segments; None where a template can't say it."""
    steps: list[Step] = []
    for text in path.removeprefix("/").split("/"):
        found = list(_VARIABLE.finditer(text))
        if not found:
            steps.append(text)
        elif len(found) == 1:
            steps.append(Hole(text[: found[0].start()], text[found[0].end() :]))
        else:  # a template has one variable a segment: the whole of it varies
            steps.append(Hole())
    try:
        parse(
            "/"
            + "/".join(at if isinstance(at, str) else f"{at.prefix}{{v{i}}}{at.suffix}" for i, at in enumerate(steps))
        )
    except ValueError:
        return None
    return tuple(steps)


def _group(operation: Mapping[str, Any], item: Mapping[str, Any], schemas: Schemas) -> Group:
    group = Group(declared=True)
    body = schemas.resolve(operation.get("requestBody"))
    _content(group.body, body.get("content"), schemas)
    for parameters in (item.get("parameters"), operation.get("parameters")):
        for one in parameters if isinstance(parameters, list) else ():
            parameter = schemas.resolve(one)
            if parameter.get("in") == "body":  # Swagger 2
                _json(group.body, parameter.get("schema"), schemas)
    responses = operation.get("responses")
    for status, one in (responses if isinstance(responses, Mapping) else {}).items():
        response = schemas.resolve(one)
        leg = group.response if str(status)[:1] in {"2", "d"} else group.errors
        if str(status)[:1] == "d" and group.response.kinds:
            leg = group.errors
        _content(leg, response.get("content"), schemas)
        if "schema" in response:  # Swagger 2
            _json(leg, response["schema"], schemas)
    return group


def _content(leg: Bodies, content: object, schemas: Schemas) -> None:
    """Take the media types of a body."""
    for kind, media in (content if isinstance(content, Mapping) else {}).items():
        lowered = str(kind).lower()
        if "json" in lowered:
            _json(leg, schemas.resolve(media).get("schema"), schemas)
        else:
            format_ = next(_formats(lowered), "binary")
            leg.kinds[format_] += 1
            schema = schemas.resolve(media).get("schema")
            if format_ in {"form", "multipart"} and schema is not None:
                leg.of(format_).absorb(schemas.outline(schema))


def _json(leg: Bodies, schema: object, schemas: Schemas) -> None:
    leg.kinds["json"] += 1
    leg.of("json").absorb(schemas.outline(schema))


def _formats(kind: str) -> Iterator[str]:
    yield from (format_ for format_ in MARKABLE if format_ in kind)
    yield from (named for part, named in _OTHERS.items() if part in kind)


def _faulty(name: str, message: str) -> BadDocument:
    return BadDocument(f"{name}: {message}")
