"""Names of flows and traces: UUID version 7 (RFC 9562 section 5.7) and W3C Trace Context."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_EACH = 68  # hexadecimal digits for one flow
_FLOWS_AT_ONCE = 64
_NO_TRACE = "0" * 32
_NO_PARENT = "0" * 16


@dataclass(frozen=True, slots=True)
class Ids:
    """The names of one flow. `traceparent` is for the system behind; `continued`: the client began the trace."""

    flow: str
    trace: str
    traceparent: str
    continued: bool


class Namer:
    """Names flows. Random bytes are drawn for many flows at once: asking the kernel costs more than all the rest."""

    def __init__(self, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """Take where random bytes come from."""
        self._random = random
        self._stock = ""
        self._at = 0

    def name(self, now: int, traceparent: str | None) -> Ids:
        """Name a flow that begins `now` (nanoseconds since the epoch), within the client's trace if that is valid."""
        if self._at == len(self._stock):
            self._stock = self._random(_FLOWS_AT_ONCE * _EACH // 2).hex()
            self._at = 0
        chance = self._stock[self._at : self._at + _EACH]
        self._at += _EACH
        return _ids(now, traceparent, chance)


def _ids(now: int, traceparent: str | None, chance: str) -> Ids:
    flow = _uuid7(now // 1_000_000, chance[:20])
    trace, flags = _read(traceparent)
    continued = bool(trace)
    trace = trace or chance[20:52]
    return Ids(flow, trace, f"00-{trace}-{chance[52:68]}-{flags}", continued)


def _uuid7(milliseconds: int, chance: str) -> str:
    when = f"{milliseconds & 0xFFFFFFFFFFFF:012x}"
    variant = "89ab"[int(chance[3], 16) & 3]
    return f"{when[:8]}-{when[8:]}-7{chance[:3]}-{variant}{chance[4:7]}-{chance[7:19]}"


def _read(traceparent: str | None) -> tuple[str, str]:
    """Give trace id and flags; "" where there is no valid one (Trace Context section 3.2.2)."""
    if traceparent is None:
        return "", "00"
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return "", "00"
    version, trace, parent, flags, more = match.groups()
    if version == "ff" or trace == _NO_TRACE or parent == _NO_PARENT or (version == "00" and more):
        return "", "00"
    return trace, f"{int(flags, 16) & 1:02x}"
