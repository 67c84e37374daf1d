"""Which consents are in force: the last event about each says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.passport.event import Event

NEVER = 2**63 - 1
"""What lies after every time, in nanoseconds since the epoch."""


def in_force(events: Iterable[Event], now: int, versions: Mapping[str, int]) -> frozenset[str]:
    """Give the names of the consents in force at `now` (nanoseconds since the epoch).

    `versions` holds the version of the wording of each declared consent: one that isn't declared doesn't count, and one
    granted under an older wording must be granted again. A grant counts from its `at` and before its `until`; a
    revocation at once, whatever the clock of the one who recorded it said.
    """
    return frozenset(
        name
        for name, event in _last(events).items()
        if event.action == "grant"
        and name in versions
        and event.version >= versions[name]
        and event.at <= now < (NEVER if event.until is None else event.until)
    )


def next_change(events: Iterable[Event], now: int) -> int:
    """Tell until when `in_force` stays what it is at `now`, if nothing is appended: the next beginning or end."""
    times = [
        time
        for event in _last(events).values()
        if event.action == "grant"
        for time in (event.at, event.until)
        if time is not None and time > now
    ]
    return min(times, default=NEVER)


def _last(events: Iterable[Event]) -> dict[str, Event]:
    """Give the last event about each consent."""
    return {event.consent: event for event in events}
