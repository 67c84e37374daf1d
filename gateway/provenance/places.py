"""Whose network an address is in, and in which country, by databases in MaxMind's format: a guess, with its date."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import maxminddb
from maxminddb import InvalidDatabaseError

_COUNTRY = re.compile(r"[A-Z]{2}")
_NUMBER = re.compile(r"(?:AS)?([0-9]{1,10})")
_REMEMBERED = 4096
_TRIED = ("1.1.1.1", "8.8.8.8", "81.2.69.142", "203.0.113.7", "2001:4860:4860::8888", "2a02:d600::1", "::1")
_BETWEEN = bytes(16)  # what stands between a database's tree and its data


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of an address; `dated` is when the oldest database that told it was built."""

    asn: int | None = None
    country: str = ""
    dated: str = ""


NOWHERE = Place()


class Places:
    """Looks addresses up; the answers are remembered. Make it with `read_places`."""

    def __init__(self, databases: Iterable[tuple[maxminddb.Reader, str]]) -> None:
        """Take the databases, each with its date."""
        self._databases = tuple(databases)
        self._known: dict[str, Place] = {}

    def find(self, address: str) -> Place:
        """Give what is known of an address; nothing where a database fails."""
        found = self._known.get(address)
        if found is None:
            found = self._find(address)
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[address] = found
        return found

    def _find(self, address: str) -> Place:
        asn, country, dates = None, "", []
        for reader, dated in self._databases:
            try:
                record = reader.get(address)
            except Exception:  # noqa: BLE001 - a database that is damaged inside tells nothing; no request ends for it
                record = None
            if isinstance(record, Mapping):
                number, code = _number(record), _country(record)
                asn, country = asn if asn is not None else number, country or code
                dates += [dated] if number is not None or code else []
        return Place(asn, country, min(dates)) if dates else NOWHERE


def read_places(files: Iterable[tuple[str, bytes]]) -> Places:
    """Read databases, by name. Raises `ValueError` that names the first that can't be used."""
    return Places([_read(name, data) for name, data in files])


def _read(name: str, data: bytes) -> tuple[maxminddb.Reader, str]:
    try:
        reader = maxminddb.open_database(io.BytesIO(data), maxminddb.MODE_FD)
        told = reader.metadata()
        tree = told.node_count * told.record_size // 4
        if data[tree : tree + len(_BETWEEN)] != _BETWEEN or told.ip_version not in (4, 6):
            raise InvalidDatabaseError("it is cut short")  # noqa: TRY301 - one way to refuse
        for address in _TRIED:
            if told.ip_version == 6 or ":" not in address:  # noqa: PLR2004 - IPv6
                reader.get(address)
        dated = datetime.fromtimestamp(told.build_epoch, UTC).date().isoformat()
    except Exception:  # noqa: BLE001 - what the library raises for foreign bytes is its affair
        raise ValueError(name) from None
    return reader, dated


def _number(record: Mapping[str, Any]) -> int | None:
    """Find the number of the network (autonomous system)."""
    told = record.get("autonomous_system_number", record.get("asn"))
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    found = _NUMBER.fullmatch(told) if isinstance(told, str) else None
    return int(found[1]) if found else None


def _country(record: Mapping[str, Any]) -> str:
    """Find the country's code (ISO 3166-1)."""
    told = record.get("country", record.get("country_code", record.get("registered_country")))
    code = told.get("iso_code") if isinstance(told, Mapping) else told
    return code if isinstance(code, str) and _COUNTRY.fullmatch(code) else ""
