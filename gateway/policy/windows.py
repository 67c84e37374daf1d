"""Time windows as officers write them: `{days: [mon, tue], from: "08:00", until: "18:00", zone: Europe/Berlin}`."""

from __future__ import annotations

import re
from datetime import time
from zoneinfo import ZoneInfo, available_timezones

from gateway.faults import Fault
from gateway.policy.model import Window
from gateway.yamlsource import Reader, Section, suggest

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
KEYS = ("days", "from", "until", "zone")

_MIDNIGHT = time(0, 0)


def read_windows(section: Section) -> tuple[Window, ...]:
    """Read the `time` of a condition: a window, or a list of them."""
    reader = section.reader
    return tuple(_window(reader, window) for window in section.sections("time", KEYS, required=("zone",)))


def _window(reader: Reader, section: Section) -> Window:
    """Read one window. Without days it is every day; without times, the whole day: midnight to midnight."""
    days = [reader.choice(node, DAYS, "day") for node in section.listing("days")]
    if ("from" in section) != ("until" in section) and section.node is not None:
        hint = 'until the end of the day is until: "24:00"'
        reader.fault(section.node, "`from` and `until` belong together", hint, code=Fault.HALF_A_WINDOW)
    return Window(
        days=frozenset(DAYS.index(day) for day in days if day is not None) if days else frozenset(range(len(DAYS))),
        since=_clock(section, "from"),
        until=_clock(section, "until"),
        zone=_zone(section),
    )


def _clock(section: Section, key: str) -> time:
    text = section.text(key, None)
    if text is None:
        return _MIDNIGHT
    if not re.fullmatch(CLOCK, text):
        message, hint = f'"{text[:100]}" is no time of day', 'write it like "08:00"'
        section.reader.fault(section.members[key], message, hint, code=Fault.BAD_TIME)
        return _MIDNIGHT
    return _MIDNIGHT if text == "24:00" else time.fromisoformat(text)


def _zone(section: Section) -> str:
    """Read the name of a time zone of the IANA data base."""
    name = section.text("zone")
    if not name:
        return ""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such zone, an odd path, an unreadable file
        hint = suggest(name, available_timezones()) or "write it like Europe/Berlin, Asia/Shanghai or UTC"
        message = f'unknown time zone "{name[:100]}"'
        section.reader.fault(section.members["zone"], message, hint, code=Fault.UNKNOWN_ZONE)
    return name
