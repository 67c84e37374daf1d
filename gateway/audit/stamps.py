"""The timestamps that lie beside a log (`timestamps/N.tsr`, each over the head `N.checkpoint`), checked with roots."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.audit.reading import Files
from gateway.audit.signatures import Checkpoint
from gateway.audit.tampering import Kind, broken
from gateway.audit.timestamp import Stamped, check_timestamp
from gateway.errors import BrokenLog

FOLDER, ANSWER, HEAD = "timestamps", ".tsr", ".checkpoint"


def stamps(files: Files, roots: bytes) -> list[tuple[int, Stamped]]:
    """Give the size of each head that was stamped, and what the authority says; raises `BrokenLog`, `NoTimestamps`.

    That the heads are the log's, and of the sizes that they are named by, is for `gateway.audit.verify`.
    """
    found = []
    for size in sizes(files.list(FOLDER)):
        where, over = f"{FOLDER}/{size}{ANSWER}", f"{FOLDER}/{size}{HEAD}"
        answer, note = files.read(where), files.read(over)
        if answer is None or note is None:
            raise broken(Kind.FALSE_TIMESTAMP, over, "missing: what was stamped is not there")
        try:
            found.append((size, check_timestamp(answer, note, roots, where)))
        except BrokenLog as error:
            raise BrokenLog(str(error), kind=Kind.FALSE_TIMESTAMP, place=where) from None
    return found


def sizes(names: Iterable[str]) -> list[int]:
    """Give the sizes of the heads that have an answer among these files, in their order."""
    numbers = [name.removesuffix(ANSWER) for name in names if name.endswith(ANSWER)]
    return sorted(int(number) for number in numbers if number.isascii() and number.isdecimal())


def named_by_size(path: str, head: Checkpoint) -> None:
    """Make sure that a stamped head has the size in its name: another could make entries older than they are."""
    if path != f"{FOLDER}/{head.size}{HEAD}":
        what = f"it holds the head of {head.size} entries: a timestamp was put in the place of another's"
        raise broken(Kind.FALSE_TIMESTAMP, path, what)
