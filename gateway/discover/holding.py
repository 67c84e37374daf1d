"""What values hold: JSON, XML or an interchange in a text, and documents, archives and the like in base64."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.discover import bodies
from gateway.discover.bodies import LIMITS, Body
from gateway.discover.group import Bodies
from gateway.discover.outline import Outline, Purse
from gateway.errors import Unreadable
from gateway.formats import embedded
from gateway.formats.documents import MARKABLE
from gateway.formats.parts import Part
from gateway.formats.registry import FORMATS

_TEXT = re.compile(r"\s*(?:[\[{]|<\?xml\b|<[A-Za-z_][\w.-]*(?::[\w.-]+)?[\s/>]|UN[AB].|ISA.)", re.DOTALL)
_HTML = re.compile(
    r"\s*</?(?:html|p|div|span|b|i|u|a|br|ul|ol|li|table|h[1-6]|strong|em|font|img|pre|body|head)\b", re.IGNORECASE
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{4,76}(?:[A-Za-z0-9+/_-]|\r?\n)*={0,2}\s*", re.ASCII)
_SHORTEST = 12
_MAGIC = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"PK\x03\x04", b"{", b"[", b"<", b"UNA", b"UNB", b"ISA")
_GZIP, _ZLIB = b"\x1f\x8b", (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_STRUCTURED = frozenset({"json", "xml", "soap", "xmlrpc", "edifact", "x12", "zip", "xlsx", *MARKABLE})


@dataclass(frozen=True, slots=True)
class Held:
    """A message that a value holds: how it does (`formats.embedded.CODINGS`), and what it is."""

    coding: str
    body: Body

    def into(self, place: Outline, purse: Purse, *, echo: bool) -> None:
        """Let a place learn what the value holds."""
        known = place.held.setdefault(self.coding, Bodies())
        known.add(self.body, purse, echo=echo)


def look(value: str | Part, purse: Purse) -> Held | None:
    """Tell what a value holds; None where it is only itself."""
    if isinstance(value, Part):
        found = bodies.told(value.media, value.body, LIMITS, purse)
        return Held("text", found) if found.kind in FORMATS else None
    if _TEXT.match(value) and not _HTML.match(value):
        found = bodies.told("", value.encode("utf-8", "surrogatepass"), LIMITS, purse)
        return Held("text", found) if _counts(found) else None
    if len(value) < _SHORTEST or not _BASE64.fullmatch(value):
        return None
    return _encoded(value, purse)


def _encoded(value: str, purse: Purse) -> Held | None:
    coding = "base64url" if "-" in value or "_" in value else "base64"
    try:
        plain = embedded.take(value, coding, LIMITS.size, LIMITS.ratio).body
        packing = "gzip" if plain.startswith(_GZIP) else "deflate" if plain.startswith(_ZLIB) else ""
        if packing and coding == "base64":
            coding = f"base64+{packing}"
            plain = embedded.take(value, coding, LIMITS.size, LIMITS.ratio).body
    except Unreadable:
        return None
    if not plain.lstrip().startswith(_MAGIC):
        return None
    found = bodies.told("", plain, LIMITS, purse)
    return Held(coding, found) if _counts(found) else None


def _counts(found: Body) -> bool:
    """Tell whether it is a message, and not a text that only looks like one."""
    if found.kind == "json":
        return isinstance(found.value, dict | list) and bool(found.value)
    return found.kind in _STRUCTURED
