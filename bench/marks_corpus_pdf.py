"""Marks every PDF of a folder in the sandbox and looks at the outcome: marked and right, or refused with a reason.

`python bench/marks_corpus_pdf.py FOLDER ...`; `--read N` reads the hidden mark of every Nth file back (slow).
Pages must show what they showed, with the stamps emptied, and their marks above it; nothing may crash, hang or be lost.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

import marks_look

from gateway.errors import Unreadable
from gateway.sandbox import Sandbox
from gateway.watermark.document import mark
from gateway.watermark.plan import Plan, Visible

KEY = b"the hidden mark: 32 bytes of key"
SEEN = Plan((Visible("ACME GmbH / crm / 2026-11-23 / {mark}"),), frozenset(), bytes(range(32)))
BOTH = Plan(SEEN.visible, frozenset(), SEEN.secret, hidden=KEY)
SLOW = 5.0  # seconds that a refusal may take
WRONG = frozenset({"timeout", "crash", "failed"})
MOST = 20 << 20  # bytes of a file


async def outcome(sandbox: Sandbox, looking: Sandbox, body: bytes, *, read: bool) -> tuple[str, list[str]]:
    """Give what came of a file, in a word, and what is wrong with it."""
    start = perf_counter()
    try:
        marked = await sandbox.run(mark, "pdf", body, SEEN)
    except Unreadable as refused:
        slow = perf_counter() - start > SLOW
        return str(refused), [f"refused as {refused}"] if str(refused) in WRONG else ["slow"] if slow else []
    wrong = await _looked(looking, marks_look.faults, body, marked.body, list(marked.codes))
    try:
        both = await sandbox.run(mark, "pdf", body, BOTH)
    except Unreadable as refused:
        return "marked", [*wrong, f"with the hidden mark refused as {refused}"]
    if len(both.codes) != len(marked.codes):
        wrong.append("pages lost with the hidden mark")
    if read:
        wrong += await _looked(looking, marks_look.hidden_faults, both.body, list(both.codes), KEY)
    return "marked" + "".join(f" ({note})" for note in both.notes), wrong


async def _looked(looking: Sandbox, function: object, *arguments: object) -> list[str]:
    try:
        return await looking.run(function, *arguments)  # type: ignore[arg-type,return-value]  # one of two, both alike
    except Unreadable as refused:
        return [f"not compared: looking at it ended in {refused}"]


async def run(folders: list[Path], every: int) -> int:
    """Print a line for each file that something is wrong with, and the counts."""
    sandbox = Sandbox(workers=1, seconds=30)
    looking = Sandbox(workers=1, seconds=120, memory=3 << 30, preload=("marks_look",))
    await sandbox.start()
    await looking.start()
    counts: Counter[str] = Counter()
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() == ".pdf")
    failed = 0
    for at, path in enumerate(path for path in files if path.is_file() and path.stat().st_size <= MOST):
        came, wrong = await outcome(sandbox, looking, path.read_bytes(), read=bool(every) and at % every == 0)
        counts[came] += 1
        failed += any(
            not fault.startswith(("not compared", "the renderer", "page")) or "shows" in fault for fault in wrong
        )
        for fault in wrong:
            print(f"{path}: {came}: {fault}", flush=True)
    await sandbox.close()
    await looking.close()
    for came, count in counts.most_common():
        print(f"{count:6} {came}")
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
