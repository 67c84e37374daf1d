"""What goes over the socket between the gateway's workers and the sequencer of their log.

    worker to sequencer:  length of the payload, 4 bytes | payload (`audit.entry.encode`)
    sequencer to worker:  counter, 8 bytes | length of the reason, 2 bytes | reason

Numbers are big-endian. Answers come in the order of the entries; a reason, in UTF-8, means that the entry is not in the
log. Before all that the gateway that started the sequencer sends it an `Order`, and it answers with `Opened`; each is
JSON with its length before it, in 4 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import msgspec

from gateway.audit.upkeep import Which
from gateway.errors import NotRecorded
from gateway.storage.ledger import LogSettings
from gateway.storage.recovery import Recovered

SOCKET = "socket"
"""The name of the socket in the log's folder."""

LENGTH = struct.Struct(">I")
_ANSWER = struct.Struct(">QH")


class Order(msgspec.Struct, frozen=True):
    """What a gateway tells its sequencer: where the log is, how it is kept, and the time.

    `keys` is the keyring's folder; private keys go this way only where they are in no folder. `lost` are keys that get
    successors, `reason` says why.
    """

    folder: str
    settings: LogSettings
    now: int
    keys: str = ""
    entry_key: bytes = b""
    checkpoint_key: bytes = b""
    lost: tuple[Which, ...] = ()
    reason: str = ""


class Rotate(msgspec.Struct, frozen=True, tag="rotate"):
    """Asks for a key's successor."""

    which: Which
    now: int
    lost: bool = False
    reason: str = ""


class Roll(msgspec.Struct, frozen=True, tag="roll"):
    """Asks for a new journal file, so that the ones before it go as soon as everything in them is published."""


class Probe(msgspec.Struct, frozen=True, tag="probe"):
    """Asks whether the log can be written, without an entry."""


Errand = Rotate | Roll | Probe
"""What is asked of the sequencer beside recording: a payload of this and a first byte that no entry has."""

ERRAND = b"!"
"""The first byte of an errand."""
_ERRANDS = msgspec.json.Decoder(Errand)


def asked(errand: Errand) -> bytes:
    """Give the payload that asks for something."""
    return ERRAND + msgspec.json.encode(errand)


def errand_in(payload: bytes) -> Errand | None:
    """Read what a payload asks for; None where it is an entry. `ValueError` where it is neither."""
    return _ERRANDS.decode(payload[1:]) if payload[:1] == ERRAND else None


class Opened(msgspec.Struct, frozen=True):
    """How that went: what was found, or the name of the error of `gateway.errors` and its text."""

    recovered: Recovered | None = None
    error: str = ""
    text: str = ""


def message(payload: bytes) -> bytes:
    """Frame a payload."""
    return LENGTH.pack(len(payload)) + payload


def messages(buffer: bytearray) -> list[bytes]:
    """Take the whole payloads from the front of a buffer."""
    found, at = [], 0
    with memoryview(buffer) as view:
        while len(view) >= at + LENGTH.size:
            end = at + LENGTH.size + LENGTH.unpack_from(view, at)[0]
            if len(view) < end:
                break
            found.append(bytes(view[at + LENGTH.size : end]))
            at = end
    del buffer[:at]
    return found


def answers(results: Iterable[int | NotRecorded]) -> bytes:
    """Frame what came of entries."""
    return b"".join(_answer(result) for result in results)


def _answer(result: int | NotRecorded) -> bytes:
    if isinstance(result, int):
        return _ANSWER.pack(result, 0)
    said = str(result).encode()[:1000] or b"?"
    return _ANSWER.pack(0, len(said)) + said


def results(buffer: bytearray) -> Iterator[int | NotRecorded]:
    """Take the whole answers from the front of a buffer."""
    at = 0
    while len(buffer) >= at + _ANSWER.size:
        counter, length = _ANSWER.unpack_from(buffer, at)
        end = at + _ANSWER.size + length
        if len(buffer) < end:
            break
        yield NotRecorded(buffer[at + _ANSWER.size : end].decode()) if length else counter
        at = end
    del buffer[:at]
