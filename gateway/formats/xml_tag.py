"""Tags of XML (XML 1.0 section 3.1, Namespaces in XML 1.0): names, attributes, declarations; read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats.xml_text import value_of

XML = "http://www.w3.org/XML/1998/namespace"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SOAPS = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_ENCODINGS = ("http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding")

Name = tuple[str, str]
"""An expanded name: the namespace ("" for none) and the local part."""

_SPACE = rb"[ \t\r\n]"
_QNAME = rb"""[^ \t\r\n/>=<"'&!?:]+(?::[^ \t\r\n/>=<"'&!?:]+)?"""
_ATTRIBUTE = _SPACE + rb"+(" + _QNAME + rb")" + _SPACE + rb"*=" + _SPACE + rb"""*("[^"<]*"|'[^'<]*')"""
_OPEN = re.compile(rb"(" + _QNAME + rb")((?:" + _ATTRIBUTE + rb")*+)" + _SPACE + rb"*+(/?)>")
_EACH = re.compile(_ATTRIBUTE)
_CLOSE = re.compile(rb"/(" + _QNAME + rb")" + _SPACE + rb"*+>")

_WORDS = re.compile(r"true|false|0|1")
_URIS = re.compile("|".join(map(re.escape, (*_ENCODINGS, *SOAPS, f"{SOAPS[1]}/encoding/none", ""))))
_TYPE = re.compile(r"\s*[\w.-]+(?::[\w.-]+)?\s*")
_STRUCTURE: dict[Name, re.Pattern[str]] = {
    (XML, "lang"): re.compile(r"(?:[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)?"),
    (XML, "space"): re.compile(r"default|preserve"),
    (XSI, "nil"): _WORDS,
    (XSI, "type"): _TYPE,
    **{(uri, name): _WORDS for uri in SOAPS for name in ("mustUnderstand", "relay")},
    **{(uri, "encodingStyle"): _URIS for uri in SOAPS},
    (_ENCODINGS[0], "arrayType"): re.compile(r"[\w.-]+:[\w.-]+(?:\[[0-9, ]*\])+"),
    (_ENCODINGS[1], "itemType"): _TYPE,
    (_ENCODINGS[1], "arraySize"): re.compile(r"[0-9* ]+"),
}
"""Attributes that say how to read an element, as long as they look like it: no value of anyone's."""

HINTS = frozenset({(XSI, "schemaLocation"), (XSI, "noNamespaceSchemaLocation")})
"""Attributes that only make sense untouched: instead of being changed they go."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute in the bytes of its tag: from `start` (white space before it included) to `end`, quotes at `at`."""

    name: Name
    start: int
    at: int
    end: int
    raw: bytes

    @property
    def value(self) -> str:
        """Give its value. Raises `Unreadable`."""
        return value_of(self.raw)

    @property
    def structural(self) -> bool:
        """Tell whether it only says how to read its element."""
        form = _STRUCTURE.get(self.name)
        return form is not None and form.fullmatch(self.value) is not None


@dataclass(frozen=True, slots=True)
class Opened:
    """A start tag: its size with the `>`, its name as written, the namespaces that it declares."""

    size: int
    raw: bytes
    empty: bool
    bare: bool
    declared: tuple[tuple[str, str], ...] = ()


def opened(piece: bytes) -> Opened:
    """Read a start tag at the start of what follows a `<`. Raises `Unreadable`."""
    found = _OPEN.match(piece)
    if found is None:
        raise Unreadable("body-malformed", "a tag that is no tag of XML")
    declared = _declared(found[2]) if b"xmlns" in found[2] else ()
    return Opened(found.end(), found[1], bool(found[5]), not found[2], declared)


def closed(piece: bytes) -> tuple[int, bytes]:
    """Give the size of an end tag and the name in it. Raises `Unreadable`."""
    found = _CLOSE.match(piece)
    if found is None:
        raise Unreadable("body-malformed", "a tag that is no tag of XML")
    return found.end(), found[1]


def attributes(tag: bytes, names: Mapping[str, str]) -> list[Attribute]:
    """Give the attributes of a start tag that `opened` took, without declarations. Raises `Unreadable`."""
    made = []
    for found in _EACH.finditer(tag):
        if not is_declaration(found[1]):
            name = expanded(found[1], names, default=False)
            made.append(Attribute(name, found.start(), found.start(2), found.end(), found[2][1:-1]))
    return made


def expanded(raw: bytes, names: Mapping[str, str], *, default: bool = True) -> Name:
    """Give a name in full; without a prefix, elements have the default namespace, attributes none."""
    prefix, colon, local = raw.decode().rpartition(":")
    if not colon:
        return (names.get("", "") if default else "", local)
    if prefix not in names:
        raise Unreadable("body-malformed", "a prefix that no namespace is declared for")
    return names[prefix], local


def is_declaration(raw: bytes) -> bool:
    """Tell whether an attribute declares a namespace."""
    return raw == b"xmlns" or raw.startswith(b"xmlns:")


def _declared(within: bytes) -> tuple[tuple[str, str], ...]:
    """Read declarations (Namespaces in XML 1.0 sections 2 and 3). Raises `Unreadable`."""
    made: dict[str, str] = {}
    for found in _EACH.finditer(within):
        if not is_declaration(found[1]):
            continue
        prefix, uri = found[1].decode()[6:], value_of(found[2][1:-1])
        reserved = prefix in {"xml", "xmlns"} or uri in {XML, "http://www.w3.org/2000/xmlns/"}
        if prefix in made or reserved or (prefix and not uri):
            raise Unreadable("body-malformed", "a declaration of a namespace that can't be one")
        made[prefix] = uri
    return tuple(made.items())
