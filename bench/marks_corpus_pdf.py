"""Marks every PDF of a folder in the sandbox and looks at the outcome: marked and right, or refused with a reason.

`python bench/marks_corpus_pdf.py FOLDER ...`; `--read N` reads the hidden mark of every Nth file back (slow);
`--done FILE` remembers what came of each file, so that the next run goes on where this one was stopped;
`--mutants N` damages files in N ways and marks those instead; `--quick` looks at one page and the visible mark alone,
for folders of thousands.
Pages must show what they showed, with the stamps emptied, and their marks above it; a marked file can be marked again;
nothing may crash, hang or be lost. Refused files that a viewer shows are named: some are faults, most are rules.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Self

import marks_look
from marks_mutants import mutant

from gateway.errors import Unreadable
from gateway.sandbox import Sandbox
from gateway.watermark.plan import Plan, Visible

KEY = b"the hidden mark: 32 bytes of key"
SEEN = Plan((Visible("ACME GmbH / crm / 2026-11-23 / {mark}"),), frozenset(), bytes(range(32)))
BOTH = Plan(SEEN.visible, frozenset(), SEEN.secret, hidden=KEY)
SLOW = 5.0  # seconds of processor time that a refusal may take
WRONG = frozenset({"timeout", "crash", "failed"})
SAID = frozenset({"broken", "format", "no-pages", "covered", "too-large", "nested", "too-many-objects"})
MOST = 20 << 20  # bytes of a file


class Corpus:
    """Marks files in one sandbox and looks at what came of them in another."""

    def __init__(self, pages: int, *, quick: bool) -> None:
        self._pages, self._quick = (1 if quick else pages), quick
        self._marking = Sandbox(workers=1, seconds=60, preload=("gateway.watermark.pdf.marking", "marks_look"))
        self._looking = Sandbox(workers=1, seconds=120, memory=3 << 30, preload=("marks_look",))

    async def __aenter__(self) -> Self:
        await self._marking.start()
        await self._looking.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._marking.close()
        await self._looking.close()

    async def outcome(self, body: bytes, *, read: bool) -> tuple[str, list[str]]:
        """Give what came of a file, in a word, and what is wrong with it."""
        # 1. Marked for the eye: what it showed is what it shows, under the mark.
        seen = await self._marked(body, SEEN)
        if seen.refused:
            return seen.refused, await self._about(body, seen)
        wrong = await self._looked(marks_look.faults, body, seen.body, list(seen.codes), self._pages)
        # 2. With the hidden mark: no page less, no picture spoilt, and it can be read.
        both = await self._marked(body, BOTH)
        if both.refused:
            return "marked", [*wrong, f"with the hidden mark refused as {both.refused}"]
        if len(both.codes) != len(seen.codes):
            wrong.append("pages lost with the hidden mark")
        came = "marked" + "".join(f" ({note})" for note in both.notes)
        if self._quick:
            return came, wrong
        wrong += await self._looked(marks_look.picture_faults, body, both.body, self._pages)
        if read:
            wrong += await self._looked(marks_look.hidden_faults, both.body, list(both.codes), KEY)
        # 3. Marked once more, as what went through two gateways is.
        again = await self._marked(seen.body, SEEN)
        if again.refused:
            wrong.append(f"once marked, refused as {again.refused}")
        else:
            twice = await self._looked(marks_look.faults, seen.body, again.body, list(again.codes), 1)
            wrong += [f"marked again: {fault}" for fault in twice]
        return came, wrong

    async def _marked(self, body: bytes, plan: Plan) -> marks_look.Came:
        try:
            return await self._marking.run(marks_look.timed, "pdf", body, plan)
        except Unreadable as refused:
            return marks_look.Came(str(refused), 0)

    async def _about(self, body: bytes, came: marks_look.Came) -> list[str]:
        """Give what is wrong with a refusal, or may be."""
        if came.refused in WRONG:
            return [f"refused as {came.refused}"]
        slow = [f"refused after {came.seconds:.1f} seconds"] if came.seconds > SLOW else []
        if came.refused not in SAID:
            return slow
        try:
            shown = await self._looking.run(marks_look.shows, body)
        except Unreadable:
            shown = 0
        return slow + [f"note: refused, and a viewer shows {shown} of its pages"] * (shown > 0)

    async def _looked(self, function: object, *arguments: object) -> list[str]:
        try:
            return await self._looking.run(function, *arguments)  # type: ignore[arg-type]  # all alike
        except Unreadable as refused:
            return [f"not compared: looking at it ended in {refused}"]


def is_fault(remark: str) -> bool:
    """Tell what is our fault from what the renderer can't do."""
    return not remark.startswith("note:") and "not compared" not in remark and "the renderer" not in remark


def files(folders: list[Path], mutants: int) -> Iterator[tuple[str, bytes]]:
    """Give the name and the bytes of each file, or of so many damaged forms of them."""
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() == ".pdf")
    paths = [path for path in paths if path.is_file() and 0 < path.stat().st_size <= MOST]
    if not mutants:
        yield from ((str(path), path.read_bytes()) for path in paths)
        return
    chance = Random(mutants)
    for number in range(mutants):
        path = chance.choice(paths)
        how, body = mutant(path.read_bytes(), Random(number))
        yield f"{path} #{number} {how}", body


def _known(done: Path | None) -> dict[str, tuple[str, list[str]]]:
    if done is None or not done.exists():
        return {}
    return {name: (came, wrong) for name, came, wrong in map(json.loads, done.read_text().splitlines())}


def _remember(done: Path, outcome: list[object]) -> None:
    with done.open("a") as notes:
        notes.write(json.dumps(outcome) + "\n")


async def run(folders: list[Path], *, every: int, mutants: int, pages: int, quick: bool, done: Path | None) -> int:
    """Print a line for each file that something is wrong with, and the counts."""
    known = _known(done)
    counts: Counter[str] = Counter()
    failed = 0
    async with Corpus(pages, quick=quick) as corpus:
        for at, (name, body) in enumerate(files(folders, mutants)):
            if name not in known:
                came, wrong = await corpus.outcome(body, read=bool(every) and at % every == 0)
                known[name] = came, wrong
                if done:
                    _remember(done, [name, came, wrong])
                for fault in wrong:
                    print(f"{name}: {came}: {fault}", flush=True)
            came, wrong = known[name]
            counts[came] += 1
            failed += any(map(is_fault, wrong))
    for came, count in counts.most_common():
        print(f"{count:6} {came}")
    print(f"{failed:6} files with a fault, of {sum(counts.values())}")
    return int(failed > 0)


def main() -> int:
    """Read the arguments."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="+", type=Path)
    options.add_argument("--read", type=int, default=0, metavar="N", help="read the hidden mark of every Nth file back")
    options.add_argument("--pages", type=int, default=12, metavar="N", help="look at so many pages of each (12)")
    options.add_argument("--mutants", type=int, default=0, metavar="N", help="mark so many damaged files")
    options.add_argument("--quick", action="store_true", help="look less closely")
    options.add_argument("--done", type=Path, metavar="FILE", help="where to go on from, and to remember what was done")
    chosen = options.parse_args()
    return asyncio.run(
        run(
            chosen.folders,
            every=chosen.read,
            mutants=chosen.mutants,
            pages=chosen.pages,
            quick=chosen.quick,
            done=chosen.done,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
