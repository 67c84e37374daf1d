"""Form bodies, `application/x-www-form-urlencoded` (WHATWG URL section 5): pairs of names and values.

Promise: pairs that no edit changes stay byte-identical, their escapes, order and empty pairs included; a value that an
edit changes is escaped anew as browsers do, under its name as it was written. A pair that no field names goes with its
name where its edit would change it.

A selector is a name, with `*` for any text without brackets: `email`, `order[lines][*][sku]`, `tags[*]` (`tags[]` too).
The whole body is the one record. A value may hold a message, JSON above all.

Refused, since servers don't agree on them: `;` between pairs; names with control characters in them, or with blanks
or a byte order mark around them; a field `_method` that nobody labelled; any charset but UTF-8, told by the content
type or a field `_charset_`; bad escapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote_plus, unquote_to_bytes

from gateway.errors import Unreadable
from gateway.formats.alike import alike
from gateway.formats.document import Edits, Owner, Signal, Spot, Written
from gateway.formats.format import Lists, Option, SelectsSeveral, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.patterns import Patterns
from gateway.formats.tally import Tally, text_of

_TYPE = "application/x-www-form-urlencoded"
_SAFE = "*-._"
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BEGINS = re.compile(rb"[^=&\x00-\x20<{\[]+=")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_ODD_NAME = re.compile(r"[\x00-\x1f\x7f]|^[\s\ufeff]|\s$")
_MOST_PAIRS = 100_000
_METHODS = frozenset({"_method", "_httpmethod"})  # of Rails, Symfony, Laravel and their like, where no field names them
_CHARSET, _UTF8 = "_charset_", frozenset({"", "utf-8", "utf8", "us-ascii"})


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair: as it was written, and what it says."""

    raw: bytes
    name: str
    value: str


class Form:
    """See above."""

    NAME: ClassVar[str] = "form"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "none"
    EXAMPLE: ClassVar[str] = "email or order[lines][*][sku]"
    HELP: ClassVar[str] = "A form as browsers post it: its fields are labelled by their names."
    TEXT: ClassVar[bool] = False  # bytes are escaped, not characters: a charset around them would change nothing
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, "a form", frozenset({_TYPE}), lambda body: bool(_BEGINS.match(body)))
        if media.charset not in _UTF8:
            raise Unreadable("body-encoding", "the form is in another charset than UTF-8")

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a name."""
        if not _NAME.fullmatch(selector) or selector.startswith(("$.", "$[", "/")):
            raise ValueError("a field of a form is selected by its name")
        if singular and "*" in selector:
            raise SelectsSeveral("this name can stand for several; here it must be one")
        return True

    def layout(self, shape: Shape) -> Patterns:
        """Compile the names. ValueError for records: a form has none."""
        if shape.records is not None:
            raise ValueError("a form is one record; it has no list of them")
        return Patterns.of(shape, _pattern)

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: a form is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> FormDocument:
        """Read a body. Raises `Unreadable`: body-malformed, body-encoding, body-ambiguous, body-too-large."""
        if body.count(b"&") >= min(limits.values, _MOST_PAIRS):
            raise Unreadable("body-too-large", "too many pairs in the form")
        if b";" in body:
            raise Unreadable("body-ambiguous", "a form with ; in it can be read in two ways")
        if _BAD_ESCAPE.search(body) or _CONTROL.search(body):
            raise Unreadable("body-malformed", "not a form as it is sent")
        pairs = tuple(map(_pair, body.split(b"&")))
        if any(_ODD_NAME.search(pair.name) for pair in pairs):
            raise Unreadable("body-ambiguous", "a name in the form that servers read in different ways")
        if any(pair.name.lower() in _METHODS and not layout.spot(pair.name) for pair in pairs):
            raise Unreadable("body-ambiguous", "a field by which a server may read another method")
        if any(pair.name == _CHARSET and pair.value.lower() not in _UTF8 for pair in pairs):
            raise Unreadable("body-encoding", "the form is in another charset than UTF-8")
        return FormDocument(body, layout, pairs)


@dataclass(frozen=True, slots=True, eq=False)
class FormDocument:
    """A form that was read."""

    body: bytes
    layout: Patterns
    pairs: tuple[Pair, ...]

    @property
    def customers(self) -> Sequence[str | None]:
        """Give the customer, where exactly one is named. Raises `Unreadable` where there are two."""
        name = self.layout.customer
        found = {pair.value for pair in self.pairs if pair.raw and alike(pair.name, name)} if name else set()
        if len(found) > 1:
            raise Unreadable("body-ambiguous", "the form names two customers")
        return [next(iter(found), None) or None]

    def lookup(self, selector: str) -> str | int | None:
        """Give the value under a name that is there once."""
        found = [pair for pair in self.pairs if pair.raw and alike(pair.name, selector)]
        return found[0].value if [pair.name for pair in found] == [selector] else None

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,  # noqa: ARG002 - a Document's form; nothing is around the record
        owners: Sequence[Owner] | None = None,
    ) -> Written:
        """Treat each value."""
        owner = (self.customers if owners is None else owners)[0]
        edits, tally, made, same, spots = records[0], Tally(), list[bytes](), True, dict[str, Spot]()
        for pair in self.pairs:
            if not pair.raw or pair.name == _CHARSET:  # says what is so in any case: nobody's value
                made.append(pair.raw)
                continue
            spot = spots.get(pair.name)
            if spot is None:
                spot = spots[pair.name] = self.layout.spot(pair.name)
            where = self.layout.pointer(spot)
            new = tally.treat(edits, spot, where, pair.value, owner)
            if new is pair.value:
                made.append(pair.raw)
                continue
            same = False
            known = spot or pair.name == self.layout.customer
            if known and not isinstance(new, Signal):  # a name that nobody knows could be the value: it goes with it
                made.append(pair.raw.partition(b"=")[0] + b"=" + quote_plus(text_of(new), safe=_SAFE).encode())
        return tally.written(self.body if same else b"&".join(made))


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("[^\\[\\]]*".join(map(re.escape, name.split("*"))))


def _pair(raw: bytes) -> Pair:
    name, _, value = raw.partition(b"=")
    return Pair(raw, _plain(name), _plain(value))


def _plain(escaped: bytes) -> str:
    if b"%" not in escaped and b"+" not in escaped and escaped.isascii():
        return escaped.decode()
    try:
        return unquote_to_bytes(escaped.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "the form is not UTF-8") from None
