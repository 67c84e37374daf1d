"""Tricks on what is outside of bodies: paths, queries, header fields, and questions in query languages."""

from __future__ import annotations

import re
from random import Random
from urllib.parse import quote

Head = tuple[str, tuple[tuple[str, str], ...]]
"""A target, and header fields."""

_SPACES = ("%20", "+", "%09", "%0A", "%C2%A0", "%E2%80%8B", "%00", "%0D%0A")
_PADS = (*_SPACES, "/", "//", "/./", "/../", ";", ";a=b", "?", "%3F", "%2F", "%5C", "%2e%2e/", "'", "%27")
_IN_QUESTIONS = (" ", "\t", "\n", "\u00a0", "'", "''", "(", ")", ",", ";", "/", "--")
_WORDS = re.compile(r"\b(and|or|eq|ne|in|not|where|from|select)\b", re.IGNORECASE)
_NAMED = ("", "", "", "[]", "%5B%5D", "[x]", "%20", "+", ".", "%00", "%E2%80%8B", ";x", "#", "$", "!")


def asked_otherwise(random: Random, target: str, headers: tuple[tuple[str, str], ...], most: int = 3) -> Head:
    """Spell a target and its header fields otherwise, by a few tricks."""
    for _ in range(random.randint(1, most)):
        target, headers = random.choice(_TRICKS)(random, target, headers)
    return target, headers


def _escaped(random: Random, target: str, headers: tuple[tuple[str, str], ...]) -> Head:
    """Escape letters: once, twice, overlong, as IIS did."""
    share = random.choice((0.1, 0.5, 1.0))
    ways = (
        lambda one: f"%{ord(one):02x}",
        lambda one: f"%{ord(one):02X}",
        lambda one: f"%25{ord(one):02x}",
        lambda one: f"%u{ord(one):04x}",
        lambda one: f"%c1%{ord(one) & 0x3F | 0x80:02x}",
    )
    way = random.choice(ways)
    start = random.randint(0, len(target))
    changed = "".join(way(one) if one.isalnum() and random.random() < share else one for one in target[start:])
    return target[:start] + changed, headers


def _cased(random: Random, target: str, headers: tuple[tuple[str, str], ...]) -> Head:
    start = random.randint(0, len(target))
    return target[:start] + target[start:].swapcase(), headers


def _paired(random: Random, target: str, headers: tuple[tuple[str, str], ...]) -> Head:
    """Repeat a parameter under a name that looks like its own, or leave one out, or part them otherwise."""
    path, _, query = target.partition("?")
    pairs = query.split("&")
    at = random.randrange(len(pairs))
    name, _, value = pairs[at].partition("=")
    match random.randrange(5):
        case 0:
            pairs.insert(random.randint(0, len(pairs)), f"{name}{random.choice(_NAMED)}={value}")
        case 1:
            pairs.insert(random.randint(0, len(pairs)), f"{random.choice(_NAMED)}{name}={value}")
        case 2:
            pairs[at] = f"{name}=1;{name}={value}"
        case 3:
            pairs[at] = value
        case _:
            random.shuffle(pairs)
    return f"{path}?{random.choice('&&&;').join(pairs)}", headers


def _padded(random: Random, target: str, headers: tuple[tuple[str, str], ...]) -> Head:
    at = random.randint(1, len(target))
    return target[:at] + random.choice(_PADS) + target[at:], headers


def _alike(random: Random, target: str, headers: tuple[tuple[str, str], ...]) -> Head:
    """Write letters in full width, or as others that look the same."""
    start = random.randint(0, len(target))
    shift = 0xFEE0
    wide = "".join(
        quote(chr(ord(one) + shift)) if one.isalpha() and random.random() < 0.3 else one for one in target[start:]
    )
    return target[:start] + wide, headers


def _fields(random: Random, target: str, headers: tuple[tuple[str, str], ...]) -> Head:
    """Spell the name of a field otherwise, repeat it, fold it, or name it in Connection."""
    if not headers:
        return target, headers
    at = random.randrange(len(headers))
    name, value = headers[at]
    ways = (
        (name.swapcase(), value),
        (name.replace("-", "_"), value),
        (name, f"{value}\r\n {value}"),
        (name, f" \t{value} "),
        (name, f"=?utf-8?q?{value}?="),
        (name, f'"{value}"'),
        (name, value.encode("utf-8").decode("latin-1") + "\xff"),
        ("Connection", name),
    )
    more = random.choice(ways)
    if random.random() < 0.5:
        return target, (*headers[:at], more, *headers[at + 1 :])
    return target, (*headers, more)


_TRICKS = (_escaped, _escaped, _cased, _paired, _paired, _padded, _alike, _fields, _fields)

ODATA = (
    "startswith({0},'a')", "{0} eq 'a'", "'a' eq {0}", "not ({0} ne 'a')", "tolower({0}) eq 'a'", "{0} in ('a','b')",
    "length({0}) gt 3", "Id eq 1 or {0} eq 'a'", "(({0})) eq null", "concat({0},'x') eq 'ax'", "contains({0},'@')",
    "indexof({0},'a') ge 0", "substringof('a',{0})", "case({0} eq 'a':1,true:0) eq 1", "people/any(x:x/{0} eq 'a')",
)  # fmt: skip
"""Questions about a property, in OData."""
SOQL = (
    "SELECT Id FROM C WHERE {0} LIKE 'a%'", "SELECT Id FROM C ORDER BY {0}", "SELECT COUNT(Id) FROM C GROUP BY {0}",
    "SELECT Id FROM C WHERE NOT ({0} = 'a')", "SELECT Id FROM C WHERE Id IN (SELECT {0} FROM D)",
    "SELECT MIN({0}) x FROM C", "SELECT Id FROM C WHERE Id = '1' OR {0} != null", "SELECT {0} Id FROM C",
    "SELECT Id, (SELECT Id FROM People WHERE {0} = 'a') FROM C", "SELECT Id FROM C HAVING MAX({0}) > 'a'",
    "SELECT Id FROM C WHERE {0} IN ('a') WITH SECURITY_ENFORCED", "SELECT toLabel({0}) y FROM C",
)  # fmt: skip
"""Questions about a field, in SOQL."""
OPTIONS = ("$filter", "filter", "$FILTER", "$orderby", "orderby", "$apply", "$compute", "$expand", "$search")


def question(random: Random, field: str, templates: tuple[str, ...]) -> str:
    """Ask about a field, with tricks on how it is written."""
    ways = (
        field.swapcase(),
        field.title(),
        f"{field}/$value",
        f"ns.{field}",
        f"a/{field}",
        f"[{field}]",
        f'"{field}"',
        f"{field} ",
        f"/**/{field}",
        f"{field}--",
        "".join(f"\\u{ord(one):04x}" for one in field),
        field.replace("a", "\u0430"),
        field.replace("m", "\uff4d"),
    )
    text = random.choice(templates).format(random.choice((*ways, *[field] * 12)))
    for _ in range(random.randint(0, 2)):
        at = random.randint(0, len(text))
        match random.randrange(4):
            case 0:
                text = text[:at] + random.choice(_IN_QUESTIONS) + text[at:]
            case 1:
                text = text[:at] + text[at + 1 :]
            case 2:
                text = _WORDS.sub(lambda one: one[0].swapcase(), text)
            case _:
                text = f"{text} {random.choice(('and', 'or', ',', 'LIMIT 1', 'desc'))} {text}"
    return text
