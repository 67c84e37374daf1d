"""One segment of a path: a word of the interface, or a value that a variable must stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.catalog.template import parse
from gateway.discover.detectors import datum
from gateway.discover.shown import Show, all_known, digits, mostly_known, show
from gateway.discover.words import known, personal, records_named, singular, words

_VERSION = re.compile(r"v?[0-9]{1,3}(?:[._][0-9]{1,2}){0,2}", re.ASCII)
_PREFIXED = re.compile(r"v[0-9]{1,2}(?:[._][0-9]{1,2}){0,2}", re.ASCII)
_BEFORE_VERSIONS = frozenset(
    {"api", "rest", "version", "versions", "services", "service", "data", "odata", "odata4", "v"}
)
_KEYED = re.compile(r"([A-Za-z_$][\w.$-]{0,80})\((.*)\)", re.ASCII | re.DOTALL)
_ENDING = re.compile(r"(.+)\.([a-z][a-z0-9]{0,4})", re.ASCII | re.DOTALL)
_WORD = re.compile(r"[A-Za-z_$~@.][\w.$~:@+-]{0,63}", re.ASCII)
_ENDINGS = frozenset({
    "json", "xml", "pdf", "png", "jpg", "jpeg", "csv", "txt", "html", "htm", "xlsx", "xls", "docx", "zip", "tiff",
    "tif", "gif", "webp", "svg", "step", "stp", "dxf", "dwg", "php", "asp", "aspx", "jsp", "do", "svc", "asmx",
    "js", "css", "map", "ico", "woff", "woff2", "ttf", "edi", "yaml", "yml", "md", "odata", "gz",
})  # fmt: skip
_MOST_DIGITS = 3
_LOOKUP = frozenset({"by", "search", "find", "lookup", "filter", "name", "key", "id", "code", "email", "phone", "for"})


@dataclass(frozen=True, slots=True)
class Hole:
    """A segment with a variable between literal ends."""

    prefix: str = ""
    suffix: str = ""


Step = str | Hole
"""A segment of a template while it is being found: literal text, or a variable."""

ANYTHING = Hole()


def step(text: str, before: str) -> Step:
    """Judge one decoded segment by its shape; `before` is the segment before it, "" where that is none or varies."""
    if text == "":
        return ""
    keyed = _KEYED.fullmatch(text)
    if keyed is not None:
        return _keyed(keyed[1], keyed[2])
    if before.lower() in _BEFORE_VERSIONS and _VERSION.fullmatch(text):
        return text
    if _PREFIXED.fullmatch(text):
        return ANYTHING if takes_values(before) else text
    ending = _ENDING.fullmatch(text)
    if ending is not None and ending[2] in _ENDINGS:
        return text if _literal(ending[1]) else Hole("", f".{ending[2]}")
    return text if _literal(text) else ANYTHING


def takes_values(text: str) -> bool:
    """Tell whether values are likely to follow a literal segment: it names records, or a way to look them up."""
    pieces = words(text)
    if not pieces:
        return False
    return bool(records_named(text)) or singular(pieces[-1]) != pieces[-1] or pieces[-1] in _LOOKUP


def surely_literal(text: str) -> bool:
    """Tell whether a segment is made of known words alone, so that it is shown wherever it stands."""
    return text == "" or _VERSION.fullmatch(text) is not None or all_known(without_ending(text))


def without_ending(text: str) -> str:
    """Give a segment without the ending of a file."""
    ending = _ENDING.fullmatch(text)
    return ending[1] if ending is not None and ending[2] in _ENDINGS else text


def likely_literal(text: str) -> bool:
    """Tell whether a segment has a known word in it."""
    return mostly_known(text) and not any(map(personal, words(text)))


def _keyed(name: str, key: str) -> Step:
    """Read an OData key (OData URL Conventions section 4.3): `Orders(7)`, `Orders('7')`, `Items(Order='7',Item=10)`."""
    if show(name) is Show.ODD or not key:
        return ANYTHING
    quoted = len(key) > 2 and key[0] == key[-1] == "'" and "'" not in key[1:-1]  # noqa: PLR2004 - two quotes
    return Hole(f"{name}('", "')") if quoted else Hole(f"{name}(", ")")


def _literal(text: str) -> bool:
    """Tell whether a text could be a word of the interface at all."""
    if not text.isascii():
        return all_known(text) and _writable(text)
    if not _WORD.fullmatch(text) or digits(text) > _MOST_DIGITS or show(text.lstrip(".")) is Show.ODD:
        return False
    if any(char.isdigit() for char in text):
        # K1, SO00012 and INV-7 are ids; oauth2 and API_SALES_ORDER_SRV_0001 are words with a number.
        letters = [word for word in words(text) if not word.isdigit() and len(word) > 1]
        if not letters or not all(map(known, letters)):
            return False
    return not datum(text) and not any(map(personal, words(text))) and _writable(text)


def _writable(text: str) -> bool:
    """Tell whether a template can hold the text."""
    try:
        parse(f"/{text}")
    except ValueError:
        return False
    return True
