"""What a README says of the evidence that it lies beside: what is there, what it proves, and what it doesn't."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gateway import __version__
from gateway.audit.bundle import Proven, ProvenEntry
from gateway.audit.cosignature import WitnessKey
from gateway.audit.signatures import header_of

_SHOWN = 20


def places(
    proven: Proven, first: ProvenEntry, jws: bytes, signer: str, witnesses: Sequence[WitnessKey], stamp: int | None
) -> Mapping[str, str]:
    """Give what fills a README's places: `first` is the entry that it is explained by, `stamp` the stamped size."""
    head, more, commands = proven.head, list[str](), list[str]()
    cosigners = {one.name for one in proven.cosigned}
    for one in proven.cosigned:
        when = datetime.fromtimestamp(one.time, UTC).isoformat(sep=" ")
        more.append(f"{one.name} saw this head at {when}, and all that it had seen before is in it unchanged.")
    for key in witnesses:
        if key.name in cosigners:
            name = key.id.hex()
            commands.append(_openssl(name, f"head-{name}"))
    if first.stamped is not None and stamp is not None:
        when = first.stamped.time.isoformat(sep=" ")
        more.append(
            f"Entry {first.index} existed by {when}: so says the time-stamping authority {first.stamped.authority}."
        )
        commands.append(f"python3 check.py {first.index} timestamps")
        stamped = f"-in timestamps/{stamp}.tsr -data timestamps/{stamp}.checkpoint"
        commands.append(f"openssl ts -verify {stamped} -CAfile keys/timestamps.pem")
    missing = [
        *(["Whether others were shown the same log: no witness cosigned the head."] * (not proven.cosigned)),
        *(["When it was: the times are the gateway's own. No authority stamped it."] * (first.stamped is None)),
    ]
    stamps = "  timestamps/           heads that a time-stamping authority stamped (RFC 3161), and the paths to them\n"
    return {
        "version": __version__,
        "made": datetime.now(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00"),
        "origin": head.origin,
        "size": str(head.size),
        "root": b64encode(head.root).decode(),
        "index": str(first.index),
        "kid": str(header_of(jws.partition(b".")[0], "entry")["kid"]),
        "key": signer,
        "stamps_here": stamps if first.stamped is not None else "",
        "more_proven": "".join(f"  {number}. {line}\n" for number, line in enumerate(more, 3)),
        "not_proven": "".join(f"  - {line}\n" for line in missing),
        "more_commands": "".join(f"    $ {line}\n" for line in commands),
    }


def listed(indexes: Sequence[int]) -> str:
    """Name entries, a few of them if they are many."""
    shown = ", ".join(map(str, indexes[:_SHOWN]))
    return f"{shown} and {len(indexes) - _SHOWN} more" if len(indexes) > _SHOWN else shown


def _openssl(key: str, name: str) -> str:
    return f"openssl pkeyutl -verify -pubin -inkey keys/{key}.pem -rawin -in {name}.bin -sigfile {name}.sig"
