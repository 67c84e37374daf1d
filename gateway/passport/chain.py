"""The events of one passport, each holding the hash of the one before: written here, and verified here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gateway.crypto import JwsSigner
from gateway.errors import BrokenPassport
from gateway.passport.event import Change, Event, Keys, check_signature, read_event, sign_event


def head(events: Sequence[bytes]) -> str:
    """Give the head of a passport: the SHA-256 hex of its last event, "" where it has none."""
    return hashlib.sha256(events[-1]).hexdigest() if events else ""


def append(events: Sequence[bytes], change: Change, signer: JwsSigner) -> bytes:
    """Give the event that follows `events` (verified by the caller) and says `change`."""
    event = Event(
        action=change.action,
        customer=change.customer,
        consent=change.consent,
        version=change.version,
        at=change.at,
        until=change.until,
        by=change.by,
        previous=head(events),
        sequence=len(events) + 1,
    )
    return sign_event(event, signer)


def verify(
    events: Sequence[bytes], keys: Keys, *, customer: str | None = None, expected_head: str | None = None
) -> tuple[Event, ...]:
    """Check every link and every signature of a passport and give its events; raises `BrokenPassport`.

    `customer`: whose it must be. `expected_head`: the head remembered elsewhere (an audit entry, an export); only with
    it are missing last events noticed.
    """
    for number, raw in enumerate(events, 1):
        _signed(number, raw, keys)
    return _linked(events, customer, expected_head)


def verify_quickly(events: Sequence[bytes], keys: Keys, customer: str) -> tuple[Event, ...]:
    """Check every link and the last signature, which covers all before it through their hashes.

    Enough for reading one's own store; `verify` is for strangers and before anything is appended.
    """
    if events:
        _signed(len(events), events[-1], keys)
    return _linked(events, customer, None)


def _signed(number: int, raw: bytes, keys: Keys) -> None:
    """Check one signature."""
    try:
        check_signature(raw, keys)
    except ValueError as error:
        raise BrokenPassport(f"event {number} of the passport: {error}") from None


def _linked(events: Sequence[bytes], customer: str | None, expected_head: str | None) -> tuple[Event, ...]:
    """Read the events and check that each follows the one before, all of one customer."""
    found: list[Event] = []
    previous, owner = "", customer
    for number, raw in enumerate(events, 1):
        try:
            event = read_event(raw)
        except ValueError as error:
            raise BrokenPassport(f"event {number} of the passport: {error}") from None
        if event.sequence != number or event.previous != previous:
            raise BrokenPassport(f"event {number} of the passport does not follow the one before")
        owner = event.customer if owner is None else owner
        if event.customer != owner:
            raise BrokenPassport(f"event {number} of the passport is another customer's")
        found.append(event)
        previous = hashlib.sha256(raw).hexdigest()
    if expected_head is not None and previous != expected_head:
        raise BrokenPassport("the passport does not end where it should: events are missing, or it is another one")
    return tuple(found)
