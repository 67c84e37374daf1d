"""How an operation is recognised, as officers write it: `GET /api/orders/{order}`, or a mapping that narrows it."""

from __future__ import annotations

import re

from gateway.catalog.model import RequestPattern
from gateway.catalog.template import parse
from gateway.errors import Place
from gateway.faults import Fault
from gateway.yamlsource import Leaf, Listing, Node, Reader

METHOD = "[A-Z][A-Z-]*"
HEADER = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""RFC 9110 section 5.6.2: what a header may be called."""

_LIKE = "write it like GET /api/orders/{order}"
KEYS = ("method", "path", "headers", "body")


def read_request(reader: Reader, node: Node | None) -> RequestPattern | None:
    """Read a request's pattern; None, recorded, if something is wrong with it."""
    if node is None:
        return None
    if isinstance(node, Leaf):
        return _line(reader, node)
    section = reader.section(node, KEYS, required=("method", "path"))
    before = len(reader.problems)
    method, path = section.get("method"), section.get("path")
    if method is not None:
        _check_method(reader, method, reader.text(method))
    if path is not None:
        _check_path(reader, path, reader.text(path))
    headers = {key.text: reader.text(value) or "" for key, value in section.entries("headers") if _header(reader, key)}
    body = dict(_value(reader, key, value) for key, value in section.entries("body"))
    if len(reader.problems) > before or method is None or path is None:
        return None
    return RequestPattern(section.text("method"), section.text("path"), headers, body)


def _line(reader: Reader, node: Leaf) -> RequestPattern | None:
    text = reader.text(node)
    if text is None:
        return None
    method, space, path = text.partition(" ")
    if not space:
        reader.fault(node, "a request is a method and a path", _LIKE, code=Fault.BAD_REQUEST)
        return None
    good = _check_method(reader, node.part(0, len(method)), method)
    return (
        RequestPattern(method, path)
        if _check_path(reader, node.part(len(method) + 1, len(text)), path) and good
        else None
    )


def bad_header(reader: Reader, at: Node, name: str) -> None:
    """Record a name that no header can have (RFC 9110 section 5.1)."""
    hint = "letters, digits and hyphens, such as X-Customer-Id"
    reader.fault(at, f'"{name[:100]}" is no name of a header', hint, code=Fault.BAD_HEADER)


def _check_method(reader: Reader, at: Node | Place, method: str | None) -> bool:
    if method is None:
        return False
    if not re.fullmatch(METHOD, method):
        hint = f"write {method.upper()}" if re.fullmatch(METHOD, method.upper()) else ""
        reader.fault(at, f'"{method[:100]}" is no method', hint or _LIKE, code=Fault.BAD_METHOD)
        return False
    if method in {"CONNECT", "TRACE"}:
        hint = "delete this operation: no flow can be one of it"
        reader.fault(at, f"the method {method} is never passed", hint, code=Fault.BAD_METHOD)
        return False
    return True


def _check_path(reader: Reader, at: Node | Place, path: str | None) -> bool:
    if path is None:
        return False
    try:
        parse(path)
    except ValueError as error:
        reader.fault(at, str(error), "write it like /api/orders/{order}", code=Fault.BAD_PATH)
        return False
    return True


def _header(reader: Reader, key: Leaf) -> bool:
    if re.fullmatch(HEADER, key.text):
        return True
    bad_header(reader, key, key.text)
    return False


def _value(reader: Reader, key: Leaf, node: Node) -> tuple[str, str | int | tuple[str | int, ...]]:
    """Read what a value of the body must be: text or a whole number, or one of several."""
    if isinstance(node, Listing):
        return key.text, tuple(_one(reader, item) for item in reader.listing(node))
    return key.text, _one(reader, node)


def _one(reader: Reader, node: Node) -> str | int:
    value = reader.scalar(node)
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        hint = "put it in quotes where the body has text"
        reader.fault(node, "a request is told by text or a whole number", hint, code=Fault.BODY_VALUE)
        value = ""
    return "" if value is None else value
