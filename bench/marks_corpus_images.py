"""Marks every picture of a folder in the sandbox and looks at the outcome: marked and right, or refused with a reason.

`python bench/marks_corpus_images.py FOLDER ...`; `--read N` reads the hidden mark of every Nth file back (slow).
Pictures must show what they showed, with the stamps emptied, and their marks above it, in as many frames of the same
size and time; nothing may crash, hang or take too long to refuse.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

import marks_look_images
from marks_look_images import KEY

from gateway.errors import Unreadable
from gateway.sandbox import Sandbox
from gateway.watermark.document import mark
from gateway.watermark.plan import Plan, Visible

KINDS = {
    **dict.fromkeys((".png", ".apng", ".svg"), "png"),
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".mpo"), "jpeg"),
    **dict.fromkeys((".avif", ".avifs", ".heic"), "avif"),
    **dict.fromkeys((".tif", ".tiff"), "tiff"),
    ".gif": "gif",
    ".webp": "webp",
}
SEEN = Plan((Visible("ACME GmbH / {mark}"),), frozenset(), bytes(range(32)))
BOTH = Plan(SEEN.visible, frozenset(), SEEN.secret, hidden=KEY)
SLOW = 5.0  # seconds that a refusal may take
WRONG = frozenset({"timeout", "crash", "failed"})
MOST = 40 << 20  # bytes of a file


async def outcome(sandbox: Sandbox, looking: Sandbox, kind: str, body: bytes, *, read: bool) -> tuple[str, list[str]]:
    """Give what came of a file, in a word, and what is wrong with it."""
    start = perf_counter()
    try:
        marked = await sandbox.run(mark, kind, body, SEEN)
    except Unreadable as refused:
        slow = perf_counter() - start > SLOW
        return str(refused), [f"refused as {refused}"] if str(refused) in WRONG else ["slow"] if slow else []
    came = "marked" + "".join(f" ({note})" for note in marked.notes)
    wrong = await _looked(looking, marks_look_images.faults, kind, body, marked.body, list(marked.codes))
    try:
        both = await sandbox.run(mark, kind, body, BOTH)
    except Unreadable as refused:
        small = str(refused) == "too-small"
        return came, [*wrong, *([] if small else [f"with the hidden mark refused as {refused}"])]
    if read:
        wrong += await _looked(looking, marks_look_images.hidden_faults, both.body, list(both.codes))
    return came, wrong


async def _looked(looking: Sandbox, function: object, *arguments: object) -> list[str]:
    try:
        return await looking.run(function, *arguments)  # type: ignore[arg-type,return-value]  # one of two, both alike
    except Unreadable as refused:
        return [f"not compared: looking at it ended in {refused}"]


async def run(folders: list[Path], every: int) -> int:
    """Print a line for each file that something is wrong with, and the counts."""
    sandbox = Sandbox(workers=1, seconds=60)  # others may use the machine
    looking = Sandbox(workers=1, seconds=120, memory=3 << 30, preload=("marks_look_images",))
    await sandbox.start()
    await looking.start()
    counts: Counter[tuple[str, str]] = Counter()
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in KINDS)
    failed = 0
    for at, path in enumerate(path for path in files if path.is_file() and path.stat().st_size <= MOST):
        kind = KINDS[path.suffix.lower()]
        came, wrong = await outcome(sandbox, looking, kind, path.read_bytes(), read=bool(every) and at % every == 0)
        counts[kind, came] += 1
        failed += any(not fault.startswith("not compared") for fault in wrong)
        for fault in wrong:
            print(f"{path}: {came}: {fault}", flush=True)
    await sandbox.close()
    await looking.close()
    for (kind, came), count in sorted(counts.items()):
        print(f"{count:6} {kind:5} {came}")
    print(f"{failed:6} files with a fault, of {sum(counts.values())}")
    return int(failed > 0)


def main() -> int:
    """Read the arguments."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="+", type=Path)
    options.add_argument("--read", type=int, default=0, metavar="N", help="read the hidden mark of every Nth file back")
    chosen = options.parse_args()
    return asyncio.run(run(chosen.folders, chosen.read))


if __name__ == "__main__":
    sys.exit(main())
