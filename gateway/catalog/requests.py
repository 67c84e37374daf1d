"""How an operation is recognised, as officers write it: `GET /api/orders/{order}`, or a mapping that narrows it."""

from __future__ import annotations

import re

from gateway.catalog.model import RequestPattern
from gateway.catalog.selectors import read_selector
from gateway.catalog.template import parse
from gateway.yamlsource import Leaf, Node, Reader

METHOD = "[A-Z][A-Z-]*"
HEADER = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""RFC 9110 section 5.6.2: what a header may be called."""

_KEYS = ("method", "path", "headers", "body")


def read_request(reader: Reader, node: Node | None) -> RequestPattern | None:
    """Read a request's pattern; None, recorded, if something is wrong with it."""
    if node is None:
        return None
    if isinstance(node, Leaf):
        return _line(reader, node)
    section = reader.section(node, _KEYS, required=("method", "path"))
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
        reader.fault(node, "a request is a method and a path", "write it like GET /api/orders/{order}")
        return None
    good = _check_method(reader, node, method)
    return RequestPattern(method, path) if _check_path(reader, node, path) and good else None


def _check_method(reader: Reader, node: Node, method: str | None) -> bool:
    if method is None:
        return False
    if not re.fullmatch(METHOD, method):
        hint = f"write {method.upper()}" if re.fullmatch(METHOD, method.upper()) else ""
        reader.fault(node, f'"{method[:100]}" is no method', hint or "write it like GET /api/orders/{order}")
        return False
    if method in {"CONNECT", "TRACE"}:
        reader.fault(node, f"the method {method} is never passed")
        return False
    return True


def _check_path(reader: Reader, node: Node, path: str | None) -> bool:
    if path is None:
        return False
    try:
        parse(path)
    except ValueError as error:
        reader.fault(node, str(error))
        return False
    return True


def _header(reader: Reader, key: Leaf) -> bool:
    if re.fullmatch(HEADER, key.text):
        return True
    reader.fault(key, f'"{key.text[:100]}" is no name of a header')
    return False


def _value(reader: Reader, key: Leaf, node: Node) -> tuple[str, str | int]:
    """Read what a value of the body must be: text or a whole number."""
    read_selector(reader, key, key.text, singular=True)
    value = reader.scalar(node)
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        reader.fault(node, "a request is told by text or a whole number")
        value = ""
    return key.text, "" if value is None else value
