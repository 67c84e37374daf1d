"""Times as captures write them: ISO 8601 in its usual shapes, with and without a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_TIME = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)?)?\s*"
    r"(?P<zone>[Zz]|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?\s*",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000


def nanoseconds(written: str) -> tuple[int | None, bool]:
    """Give nanoseconds since the epoch, None for what is no time; and whether the zone was missing, and UTC taken."""
    found = _TIME.fullmatch(written)
    if found is None:
        return None, False
    year, month, day, hour, minute, second = (int(found[group] or 0) for group in range(1, 7))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)  # 60 is a leap second
    except ValueError:
        return None, False
    if found["sign"]:
        offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
        since = moment - _EPOCH - (offset if found["sign"] == "+" else -offset)
    else:
        since = moment - _EPOCH
    fraction = int((found[7] or "0").ljust(9, "0")[:9])
    return since // timedelta(seconds=1) * _SECOND + fraction, not found["zone"]
