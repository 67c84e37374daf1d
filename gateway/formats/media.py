"""Content types (RFC 9110 section 8.3), read strictly: what two readers could take for different things is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

UNTYPED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Types that say nothing: the body's first bytes settle what it is."""

UNCLEAR = "?"
"""A kind, charset or boundary that is no name: two readers might see different ones."""

_TOKEN = "[!#$%&'*+.^_`|~0-9a-z-]+"  # RFC 9110 section 5.6.2, in lower case  # noqa: S105 - no secret
_KIND = re.compile(f"{_TOKEN}/{_TOKEN}")
_SMUGGLED = re.compile(r";[ \t]*(?:charset|boundary)", re.IGNORECASE)
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*(?:({_TOKEN}[*]?)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^";,\s]*))?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MediaType:
    """A content type: `kind` ("" where none is said) and `charset` in lower case, all parameters by lower-case name."""

    kind: str = ""
    charset: str = ""
    parameters: dict[str, str] = field(default_factory=dict, hash=False)


@lru_cache(maxsize=256)
def parse(content_type: str | None) -> MediaType:
    """Read a content type. What can't be read, or could be read in two ways, is `UNCLEAR`: no format takes it."""
    text = (content_type or "").strip(" \t")
    if not text:
        return MediaType()
    head = text.partition(";")[0].strip(" \t").lower()
    if not text.isprintable() or (head and not _KIND.fullmatch(head)):
        return MediaType(UNCLEAR)
    found: dict[str, str] = {}
    at = len(text.partition(";")[0])
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None or match.end() == at:
            return MediaType(UNCLEAR)
        at = match.end()
        if match[1] is None:
            continue
        name, value = match[1].lower(), _unquoted(match[2])
        if name == "boundary" and (name in found or "\\" in match[2]):  # some readers take the first, some no escapes
            found[name] = UNCLEAR
        elif found.setdefault(name, value) != value or _SMUGGLED.search(value):
            found["charset" if name == "charset" or _SMUGGLED.search(value) else "boundary"] = UNCLEAR
        elif name.startswith("charset") and name != "charset":  # charset*=, charset*0= (RFC 2231): nobody needs them
            found["charset"] = UNCLEAR
    return MediaType(head, found.get("charset", "").strip(" '").lower(), found)


def _unquoted(value: str) -> str:
    """Take a quoted string's quotes and escapes off (RFC 9110 section 5.6.4)."""
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
