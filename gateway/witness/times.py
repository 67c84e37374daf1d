"""When those outside last attested a head of the log: by their clocks, not by ours."""

from __future__ import annotations

from gateway.audit.cosignature import cosignatures
from gateway.audit.timestamp import check_timestamp
from gateway.witness.kept import Kept
from gateway.witness.settings import TimestampSettings, WitnessSettings
from gateway.witness.stamping import trusted


def cosigned_at(kept: Kept, witnesses: WitnessSettings) -> float:
    """Give since when a quorum has cosigned the newest head that is (seconds since the epoch); 0 where none has."""
    head = kept.cosigned()
    lines = cosignatures(head.note, [one.key for one in witnesses.asked]) if head is not None else ()
    times = sorted((line.time for line in lines), reverse=True)[: witnesses.quorum]
    return float(times[-1]) if times and len(times) == witnesses.quorum else 0.0


def stamped_at(kept: Kept, size: int, timestamps: TimestampSettings) -> float:
    """Give the time of the stamp over the head of `size` entries; 0 where there is none. Raises `BrokenLog`."""
    found = kept.stamp(size)
    if found is None:
        return 0.0
    return check_timestamp(found[1], found[0], trusted(timestamps), f"timestamps/{size}.tsr").time.timestamp()


def attested_at(kept: Kept, witnesses: WitnessSettings, timestamps: TimestampSettings | None) -> float | None:
    """Give the latest time that anybody outside attested; None where nobody is asked. Raises `BrokenLog`."""
    if not witnesses.asked and timestamps is None:
        return None
    sizes = kept.stamped() if timestamps is not None else []
    stamped = stamped_at(kept, sizes[-1], timestamps) if timestamps is not None and sizes else 0.0
    return max(stamped, cosigned_at(kept, witnesses))
