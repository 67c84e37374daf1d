"""An XML body as names and values. The gate's own reader has found it sound before: no document type, no entities."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from gateway.discover.outline import Purse, Several
from gateway.discover.shown import Show, show
from gateway.discover.views.view import typed
from gateway.discover.words import known, personal, words
from gateway.errors import Unreadable
from gateway.formats.xml_tag import HINTS, SOAPS, XML, XSI

TEXT = "text()"
STAR = "*"
_MOST_PREFIXES = 200
_SHORT = 2
_USUAL = frozenset({"cac", "cbc", "ubl", "b2m", "b2mml", "tns", "wsse", "wsa", "xsd", "rsm", "ram", "udt"})
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]{0,7}", re.ASCII)
_RESERVED = frozenset({"xml", "xsi", "soap", "xmlns"})
QUALIFIERS = {"PARVW": re.compile("A[GPU]|B[AK]|EK|LF|R[EGS]|S[BP]|VE|W[EK]|Z[MR]"), "QUALF": re.compile("0[0-9]{2}"),
              "IDDAT": re.compile("0[0-9]{2}")}  # fmt: skip
"""Elements of IDocs that say what a segment means, with the codes that SAP has for them."""
_STRUCTURE = frozenset({
    (XML, "lang"), (XML, "space"), (XSI, "nil"), (XSI, "type"), *HINTS,
    *((uri, name) for uri in SOAPS for name in ("mustUnderstand", "relay", "encodingStyle")),
    ("http://schemas.xmlsoap.org/soap/encoding/", "arrayType"),
})  # fmt: skip
"""Attributes that say how to read an element: they need no label."""


@dataclass(slots=True)
class _Node:
    name: str
    attributes: dict[str, str]
    text: list[str] = field(default_factory=list)
    children: dict[str, list[Any]] = field(default_factory=dict)


def build(body: bytes, purse: Purse) -> tuple[str, object, bool]:
    """Give the root's name and what it holds, and whether there are comments or instructions in the body."""
    builder = _Builder(purse)
    parser = expat.ParserCreate("utf-8", "}")
    parser.buffer_text = True
    parser.StartNamespaceDeclHandler = builder.declared
    parser.StartElementHandler = builder.opened
    parser.EndElementHandler = builder.closed
    parser.CharacterDataHandler = builder.text
    parser.CommentHandler = builder.aside
    parser.ProcessingInstructionHandler = lambda target, data: builder.aside(f"{target} {data}")
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise Unreadable("body-malformed", "not well-formed XML") from None
    return builder.root, builder.value, builder.asides


class _Builder:
    def __init__(self, purse: Purse) -> None:
        self.root = ""
        self.value: object = None
        self.asides = False
        self._purse = purse
        self._open: list[_Node] = []

    def declared(self, prefix: str | None, uri: str) -> None:
        """Take down a namespace, under a prefix of its own."""
        known = self._purse.prefixes
        if uri in known or len(known) >= _MOST_PREFIXES or not uri:
            return
        used = {*known.values(), *_RESERVED}
        if uri in SOAPS:
            known[uri] = "soap"
        elif uri in {XML, XSI}:
            known[uri] = "xsi" if uri == XSI else "xml"
        elif prefix and _PREFIX.fullmatch(prefix) and prefix not in used and _plain(prefix):
            known[uri] = prefix
        else:
            known[uri] = next(f"n{number}" for number in range(1, _MOST_PREFIXES + 2) if f"n{number}" not in used)

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        held = {}
        for attribute, value in attributes.items():
            uri, _, local = attribute.rpartition("}")
            if (uri, local) not in _STRUCTURE:
                held[f"@{self._key(uri, local)}"] = value
        self._open.append(_Node(self._key(*_split(name)), held))

    def closed(self, _name: str) -> None:
        """End an element: what it holds goes to the one around it."""
        node = self._open.pop()
        value = _value(node)
        if not self._open:
            self.root, self.value = node.name, value
            return
        self._open[-1].children.setdefault(_qualified(node.name, value), []).append(value)

    def text(self, text: str) -> None:
        """Take text."""
        self._open[-1].text.append(text)

    def aside(self, text: str) -> None:
        """Take a comment or an instruction."""
        self.asides = self.asides or bool(text.strip())

    def _key(self, uri: str, local: str) -> str:
        if show(local) is Show.ODD:
            return STAR
        if not uri:
            return local
        prefix = "xml" if uri == XML else self._purse.prefixes.get(uri)
        return STAR if prefix is None else f"{prefix}:{local}"


def _plain(prefix: str) -> bool:
    """Tell whether a body's own prefix may be shown: a short one, or a known word, and nobody's name."""
    pieces = words(prefix)
    return not any(map(personal, pieces)) and (len(prefix) <= _SHORT or all(map(known, pieces)) or prefix in _USUAL)


def _split(name: str) -> tuple[str, str]:
    uri, _, local = name.rpartition("}")
    return uri, local


def _value(node: _Node) -> object:
    text = "".join(node.text)
    said = typed(text.strip(" \t\r\n"))
    if not node.children and not node.attributes:
        return said or None
    made: dict[str, object] = {name: typed(value) for name, value in node.attributes.items()}
    for name, values in node.children.items():
        made[name] = Several(values)
    if said:
        made[TEXT] = said
    return made


def _qualified(name: str, value: object) -> str:
    """Name a segment of an IDoc with the qualifier that says what it means: E1EDKA1[PARVW='AG']."""
    if not name.isupper() or not isinstance(value, dict):
        return name
    for qualifier, codes in QUALIFIERS.items():
        found = value.get(qualifier)
        if isinstance(found, Several) and len(found) == 1 and isinstance(found[0], str) and codes.fullmatch(found[0]):
            return f"{name}[{qualifier}='{found[0]}']"
    return name
