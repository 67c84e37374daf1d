"""`$skiptoken` and `$deltatoken`: a service's own words, handed back to it. Some hold properties, and values of these.

A token says where the last page ended. Many services write a number, a key or something sealed; others name the
properties that they sort by, with the last values: ASP.NET (`Name-'Smith',Id-5`), CAP (JSON in base64), Dataverse (a
cookie in XML, escaped twice). Whoever makes such a token up asks for what follows a value of their choice, and so about
any property. So what a token names in one of these forms is asked by; in any other form it is looked through for
names, as they are, unescaped and out of base64, and only a field of the catalogue counts.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from gateway.formats.query_language import Named, Question, unreadable

_PAIR = r"[^\W\d][\w/.]*-(?:'(?:[^']|'')*'|[^,'<>\"{}]*)"
_PAIRS = re.compile(rf"{_PAIR}(?:,{_PAIR})*")
_NAME_OF_PAIR = re.compile(r"([^\W\d][\w/.]*)-(?:'(?:[^']|'')*'|[^,']*)(?:,|$)")
_COOKIE = re.compile(r"\s*<cookie\b.*", re.DOTALL | re.IGNORECASE)
_ELEMENT = re.compile(r"<([^\W\d][\w.-]*)")
_WORD = re.compile(r"[^\W\d]\w*")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_LAYERS, _WORDS = 8, 2000


def read(text: str) -> Question:
    """Read a token. Raises `Unreadable`: query-unreadable, where it names too much."""
    named: dict[Named, None] = {}
    for layer in _layers(text):
        asked = list(_asked(layer))
        found = asked or [Named((word,), "mentioned") for word in _WORD.findall(layer)]
        named.update(dict.fromkeys(found))
        if len(named) > _WORDS:
            raise unreadable("a token of a query names too much")
    return Question(tuple(named))


def _layers(text: str) -> Iterator[str]:
    """Give a text as it is, and what it holds once escapes and base64 are undone."""
    found, at = [text], 0
    while at < len(found) < _LAYERS:
        for inner in (unquote_plus(found[at]), _plain(found[at])):
            if inner and inner not in found:
                found.append(inner)
        at += 1
    return iter(found)


def _plain(text: str) -> str:
    """Give the text that base64 holds, in either alphabet; "" where it holds none."""
    if not _BASE64.fullmatch(text):
        return ""
    try:
        raw = base64.urlsafe_b64decode(
            text.rstrip("=").replace("+", "-").replace("/", "_") + "=" * (-len(text.rstrip("=")) % 4)
        )
        plain = raw.decode()
    except (binascii.Error, ValueError):
        return ""
    return plain if plain.isprintable() or plain.replace("\n", " ").isprintable() else ""


def _asked(text: str) -> Iterator[Named]:
    """Give the properties that a token in a form that is known pages by."""
    if _PAIRS.fullmatch(text):
        yield from (Named(tuple(name.split("/"))) for name in _NAME_OF_PAIR.findall(text))
    elif _COOKIE.fullmatch(text):
        yield from (Named((name,)) for name in _ELEMENT.findall(text) if name.lower() != "cookie")
    elif text.startswith(("{", "[")):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        yield from _cursor(value)


def _cursor(value: Any) -> Iterator[Named]:
    """Read what CAP writes: `{"r": rows, "c": [{"p": property, "v": value, "a": ascending}]}`."""
    columns = value.get("c") if isinstance(value, dict) else None
    for one in columns if isinstance(columns, list) else ():
        if isinstance(one, dict) and isinstance(one.get("p"), str):
            yield Named(tuple(re.split(r"[./]", one["p"])))
