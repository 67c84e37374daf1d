"""Making changes: what a grant or a revocation says, from a consent as declared and the passport so far."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.passport.event import Change, Event

LONGEST_NAME = 256
"""Characters of a customer's name; longer ones can't have a passport."""

_DAY = 86_400_000_000_000


def grant(
    customer: str, consent: str, version: int, days: int | None, *, at: int, until: int | None, by: str
) -> Change:
    """Make a grant of wording `version`, valid for `days` (None: no end) and no longer than `until`.

    Times are in nanoseconds since the epoch. Raises `ValueError` for a name that can't be one, and for a grant that
    would end before it begins.
    """
    ends = [end for end in (None if days is None else at + days * _DAY, until) if end is not None]
    end = min(ends, default=None)
    if end is not None and end <= at:
        raise ValueError("the grant would end before it begins")
    check_names(customer, consent, by)
    return Change(action="grant", customer=customer, consent=consent, version=version, at=at, until=end, by=by)


def revoke(events: Sequence[Event], customer: str, consent: str, *, at: int, by: str) -> Change:
    """Make a revocation; one of a consent that was never granted is recorded as well: the customer said no."""
    check_names(customer, consent, by)
    versions = [event.version for event in events if event.consent == consent and event.action == "grant"]
    version = versions[-1] if versions else 0
    return Change(action="revoke", customer=customer, consent=consent, version=version, at=at, until=None, by=by)


def check_names(*names: str) -> None:
    """Refuse what is no name: nothing at all, too long, or not text (lone surrogates)."""
    for name in names:
        if not 0 < len(name) <= LONGEST_NAME:
            raise ValueError(f"a name has 1 to {LONGEST_NAME} characters")
        name.encode()  # UnicodeEncodeError is a ValueError
