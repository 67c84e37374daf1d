"""The timestamps that lie beside a log (`timestamps/N.tsr`, each over the head `N.checkpoint`), checked with roots."""

from __future__ import annotations

from gateway.audit.reading import Files
from gateway.audit.timestamp import Stamped, check_timestamp
from gateway.errors import BrokenLog

FOLDER, ANSWER, HEAD = "timestamps", ".tsr", ".checkpoint"


def stamps(files: Files, roots: bytes) -> list[tuple[int, Stamped]]:
    """Give the size of each head that was stamped, and what the authority says; raises `BrokenLog`, `NoTimestamps`.

    That the heads are the log's is for `gateway.audit.verify`, which holds all of them against its entries.
    """
    names = [name.removesuffix(ANSWER) for name in files.list(FOLDER) if name.endswith(ANSWER)]
    found = []
    for size in sorted(int(name) for name in names if name.isdecimal()):
        answer, note = files.read(f"{FOLDER}/{size}{ANSWER}"), files.read(f"{FOLDER}/{size}{HEAD}")
        if answer is None or note is None:
            raise BrokenLog(f"{FOLDER}/{size}{HEAD}: missing: what was stamped is not there")
        found.append((size, check_timestamp(answer, note, roots, f"{FOLDER}/{size}{ANSWER}")))
    return found
