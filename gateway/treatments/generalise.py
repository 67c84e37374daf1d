"""generalise: a value made coarser: a date its month, a number its band, a postcode its prefix, an IP its network."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import ClassVar

from gateway.formats.document import Scalar, Whole
from gateway.treatments.contract import Subject
from gateway.treatments.graphemes import graphemes
from gateway.treatments.options import Option
from gateway.treatments.redact import REDACTED, Redact

_DATES = ("day", "month", "year")  # from fine to coarse
_DATE = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<dash>-?)(?P<month>[0-9]{2})(?:(?P=dash)(?P<day>[0-9]{2})"
    r"(?:[Tt ][0-9]{2}:?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]{1,12})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)
_MADE_DATE = {
    "day": re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}|[0-9]{4}(-?[0-9]{2})?"),
    "month": re.compile(r"[0-9]{4}(-?[0-9]{2})?"),
    "year": re.compile(r"[0-9]{4}"),
}
_TICKS = re.compile(r"/Date\((?P<ticks>-?[0-9]{1,17})(?P<offset>[+-][0-9]{1,4})?\)/")  # OData 2.0, JSON: Edm.DateTime
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_LONGEST = 60  # no date, number or address is longer; what is, need not be looked at
_FAR = 30  # a number with a larger exponent is no amount: redacted rather than expanded


@dataclass(frozen=True, slots=True)
class Generalise:
    """Make a value coarser: `into` says how, and what it does not fit is redacted.

    `day`, `month`, `year`: ISO 8601 dates and times, cut ("1988-04-12" to "1988-04"); dates of OData 2.0
    (`/Date(582336000000)/`) stay such, of the first moment of the day, month or year. `band`: numbers (and texts that
    are numbers), down to a multiple of `band` (157 to 100). `prefix`: the first `keep` characters, at least one is cut.
    `network`: an IPv4 address to its /24, an IPv6 address to its /48, the rest zero. An address is generalised to its
    city by labelling its parts: the street apart from the city.
    """

    into: str
    band: int | None = None
    keep: int | None = None

    NAME: ClassVar[str] = "generalise"
    KEYED: ClassVar[bool] = False
    WHOLE: ClassVar[Whole] = Whole.DESCEND
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "into": Option(
            "choice", "what remains", required=True, choices=("day", "month", "year", "band", "prefix", "network")
        ),
        "band": Option("integer", "with `into: band`: how wide a band is", minimum=2, maximum=10**12),
        "keep": Option("integer", "with `into: prefix`: how many characters remain", minimum=1, maximum=1000),
    }

    def __post_init__(self) -> None:
        """Insist that exactly the number which `into` needs is given."""
        for name, number in (("band", self.band), ("keep", self.keep)):
            needed = self.into == {"band": "band", "keep": "prefix"}[name]
            if needed and number is None:
                raise ValueError(f"`into: {self.into}` needs the option {name!r}")
            if not needed and number is not None:
                raise ValueError(f"the option {name!r} means nothing with `into: {self.into}`")

    def apply(self, value: Scalar, subject: Subject) -> Scalar:
        """Give the coarser value; what does not parse as what it should be is redacted; null stays null."""
        if value is None:
            return None
        coarse = self._coarse(value)
        return Redact().apply(value, subject) if coarse is None else coarse

    def _coarse(self, value: Scalar) -> Scalar:
        if self.band is not None:
            return _band(value, self.band)
        if not isinstance(value, str):
            return None
        if self.keep is not None:
            characters = graphemes(value)
            return "".join(characters[: min(self.keep, len(characters) - 1)]) or None
        if len(value) > _LONGEST:
            return None
        return _network(value) if self.into == "network" else _date(value, self.into)

    def could_have_made(self, value: Scalar) -> bool:
        """Recognise coarse values, what stands for redacted ones, and null, which a redacted number becomes."""
        if value is None or value == REDACTED:
            return True
        if self.band is not None:
            return _band(value, self.band) == value
        if not isinstance(value, str):
            return False
        if self.keep is not None:
            return 0 < len(graphemes(value)) <= self.keep
        if self.into == "network":
            return len(value) <= _LONGEST and _network(value) == value
        if len(value) <= _LONGEST and _TICKS.fullmatch(value):
            return _ticks(value, self.into) == value
        return _MADE_DATE[self.into].fullmatch(value) is not None

    def join(self, other: Generalise) -> Generalise | Redact:
        """Take the coarser of one family; two families share nothing that both would show: redact."""
        if self.into in _DATES and other.into in _DATES:
            return max(self, other, key=lambda treatment: _DATES.index(treatment.into))
        if self.band is not None and other.band is not None:
            return Generalise("band", band=math.lcm(self.band, other.band))
        if self.keep is not None and other.keep is not None:
            return Generalise("prefix", keep=min(self.keep, other.keep))
        return self if self == other else Redact()


def _date(text: str, to: str) -> str | None:
    """Cut an ISO 8601 date or time after its year, month or day; None if it is none. Coarser ones stay as they are."""
    found = _DATE.fullmatch(text)
    if found is None:
        return _ticks(text, to)
    year, dash, month, day = found["year"], found["dash"] or "", found["month"], found["day"]
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if to == "year" or month is None:
        return year
    if to == "month" or day is None:
        return f"{year}{dash}{month}"
    return f"{year}{dash}{month}{dash}{day}"


def _ticks(text: str, to: str) -> str | None:
    """Go back to the first moment of the day, month or year, as its own offset (in minutes) counts; None if none."""
    found = _TICKS.fullmatch(text)
    if found is None:
        return None
    try:
        offset = timedelta(minutes=int(found["offset"] or 0))
        here = _EPOCH + timedelta(milliseconds=int(found["ticks"])) + offset
        first = here.replace(hour=0, minute=0, second=0, microsecond=0)
        first = first.replace(day=first.day if to == "day" else 1, month=1 if to == "year" else first.month)
        ticks = (first - offset - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError:
        return None
    return f"/Date({ticks}{found['offset'] or ''})/"


def _band(value: Scalar, band: int) -> Scalar:
    """Go down to a multiple of the band, in the value's own type; None if it is no number of an ordinary size."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value // band * band
    if isinstance(value, str):
        return str(math.floor(Decimal(value)) // band * band) if _NUMBER.fullmatch(value) else None
    if not isinstance(value, Decimal) or value.adjusted() > _FAR or len(value.as_tuple().digits) > 2 * _FAR:
        return None
    return Decimal(math.floor(value) // band * band)


def _network(text: str) -> str | None:
    """Zero the host part of an IP address; None if it is none, or names a zone (RFC 4007)."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return str(IPv4Network((int(address), 24), strict=False).network_address)
    assert isinstance(address, IPv6Address)
    return None if address.scope_id else str(IPv6Network((int(address), 48), strict=False).network_address)
