"""What attackers may do to a log: moves, and the form of the tables that say how each is named."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from audit_logs import CHECKPOINT_KEY, ENTRY_KEY, VKEY, payload
from tamper_kit import ORIGIN, PUBLISHED, again, check, journal, lay, note, signed, stored

from gateway.audit.frame import frame, header
from gateway.audit.note import NoteSigner
from gateway.audit.reading import journal_file
from gateway.audit.tampering import Kind
from gateway.crypto import b64url
from gateway.errors import BrokenLog

JOURNAL = f"journal/{0:020}"
BUNDLE, PARTIAL = "tile/entries/000", "tile/entries/001.p/44"
ROOT = b64encode(bytes(32)).decode()


@dataclass
class Case:
    """What is done, what it is called, where it is seen first; `given` goes to the verifier."""

    tamper: Callable[[Path], object]
    kind: Kind
    place: str
    entry: int | None = None
    given: dict[str, Any] = field(default_factory=dict)


def entries(change: Callable[[list[bytes]], list[bytes]], at: int = PUBLISHED) -> Callable[[Path], object]:
    """Change entries, and lay tiles and journal out anew so that all but the checkpoint fits."""
    return lambda place: lay(place, change(stored(place)), at)


def one(at: int, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return entries(lambda all_: [change(jws) if n == at else jws for n, jws in enumerate(all_)])


def edited(jws: bytes) -> bytes:
    head, _, signature = jws.split(b".")
    return b".".join((head, b64url(json.dumps({**payload(jws), "to": "mes"}).encode()), signature))


def as_if(jws: bytes, **said: object) -> bytes:
    return signed(json.dumps({**payload(jws), **said}).encode())


def part(jws: bytes, number: int, change: Callable[[bytes], bytes]) -> bytes:
    parts = jws.split(b".")
    parts[number] = change(parts[number])
    return b".".join(parts)


def malleable(signature: bytes) -> bytes:
    """Add the order of the group to the second half: careless verifiers take that too."""
    raw = b64decode(signature + b"==", altchars=b"-_")
    order = 2**252 + 27742317777372353535851937790883648493
    second = (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    return b64url(raw[:32] + second)


def write(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda place: (place / path).write_bytes(change((place / path).read_bytes()))


def swap(first: str, second: str) -> Callable[[Path], object]:
    def tamper(place: Path) -> None:
        kept = (place / first).read_bytes()
        shutil.copy(place / second, place / first)
        (place / second).write_bytes(kept)

    return tamper


def instead(path: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def tamper(place: Path) -> None:
        (place / path).unlink()
        make(place / path)

    return tamper


def checkpoint(make: Callable[[Path], bytes]) -> Callable[[Path], object]:
    return lambda place: (place / "checkpoint").write_bytes(make(place))


def head(size: int, root: bytes = b"\0" * 32, origin: str = ORIGIN) -> bytes:
    return NoteSigner(origin, CHECKPOINT_KEY).checkpoint(size, root)


def text(of: str) -> bytes:
    """Sign a checkpoint whose text is another than a checkpoint's."""
    signature = CHECKPOINT_KEY.sign(of.encode())
    id_ = bytes.fromhex(VKEY.split("+")[1])
    return of.encode() + f"\n\N{EM DASH} {ORIGIN} {b64encode(id_ + signature).decode()}\n".encode()


def rewritten(at: int, key: object = ENTRY_KEY) -> Callable[[list[bytes]], list[bytes]]:
    return lambda all_: again(all_, lambda n, said: {**said, "to": "mes"} if n == at else said, key)


def both_keys(at: int) -> Callable[[Path], object]:
    def tamper(place: Path) -> None:
        new = rewritten(at)(stored(place))
        lay(place, new, PUBLISHED, note(new[:PUBLISHED]))

    return tamper


def cut_back(size: int) -> Callable[[Path], object]:
    def tamper(place: Path) -> None:
        kept = stored(place)[:size]
        lay(place, kept, size, note(kept))

    return tamper


def stamped(name: object, note: bytes) -> Callable[[Path], object]:
    """Lay a head beside the log as if an authority had stamped it."""

    def tamper(place: Path) -> None:
        (place / "timestamps").mkdir(exist_ok=True)
        (place / f"timestamps/{name}.checkpoint").write_bytes(note)

    return tamper


def at_once(*tampers: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda place: [tamper(place) for tamper in tampers]


def damage(entry: int, place: Path) -> None:
    data = bytearray((place / JOURNAL).read_bytes())
    data[bytes(data).index(journal_file(f"{0:020}", bytes(data)).entries[entry])] ^= 1
    (place / JOURNAL).write_bytes(data)


def cut(entry: int, place: Path) -> None:
    data = (place / JOURNAL).read_bytes()
    (place / JOURNAL).write_bytes(data[: data.index(journal_file(f"{0:020}", data).entries[entry]) - 20])


def in_two(place: Path, keep: int) -> None:
    """Split the journal in two files, and cut the end off the first."""
    held = stored(place)
    journal(place, held[:keep])
    start = header(310, b"{}")
    (place / "journal" / f"{310:020}").write_bytes(start + b"".join(frame(jws, len(start)) for jws in held[310:]))


def in_batches(place: Path) -> None:
    """Lay the journal out as batches of one entry, as a quiet gateway writes it."""
    data = header(0, b'{"open":{}}')
    for jws in stored(place):
        data += frame(jws, len(data))
    (place / JOURNAL).write_bytes(data)


def gigantic(place: Path) -> None:
    start = len(header(0, b'{"open":{}}'))
    write(JOURNAL, lambda data: data[: start + 4] + b"\xff" * 4 + data[start + 8 :])(place)


def old_tiles_kept(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], object]:
    """Lay entries and journal out anew, and put the hash tiles back that were there."""

    def tamper(place: Path) -> None:
        shutil.copytree(place / "tile", place / "kept")
        entries(change)(place)
        for level in ("0", "1"):
            shutil.rmtree(place / "tile" / level)
            (place / "kept" / level).rename(place / "tile" / level)

    return tamper


def named(place: Path, case: Case) -> None:
    """Tamper, and make sure that the verifier names it as the case says."""
    case.tamper(place)
    with pytest.raises(BrokenLog) as caught:
        check(place, **case.given)
    found = caught.value
    assert (found.kind, found.place, found.entry) == (case.kind, case.place, case.entry), found
    assert found.place in str(found) or found.kind == Kind.TRUNCATED
    assert re.fullmatch(r"[ -~]+", str(found))
