"""What `sovgate test` does with a folder: loads its policies and cases, runs these, and adds up what they reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from gateway.cases import Case, load
from gateway.cases.attached import AttachedFiles
from gateway.cases.coverage import Coverage, Share
from gateway.cases.golden import Golden, Goldens
from gateway.cases.run import Result, Runner
from gateway.cli.forms.finding import Checked, Finding, Level
from gateway.cli.forms.text import plural
from gateway.cli.naming import within
from gateway.cli.workers import hire
from gateway.config.settings import MarkSettings
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.policy.load import load as load_policies
from gateway.sandbox import Sandbox
from gateway.storage.policy_folder import read_folder

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a run: cases whose names fit `only`, at least `coverage` percent, golden files `update`d."""

    only: str | None = None
    coverage: float | None = None
    update: bool = False

    def takes(self, case: Case) -> bool:
        """Tell whether a case is to be run: by a part of its name, or of its file's; `*` stands for anything."""
        if self.only is None:
            return True
        pattern = self.only.lower()
        return any(
            fnmatchcase(name.lower(), pattern if "*" in pattern else f"*{_literal(pattern)}*") for name in _names(case)
        )


@dataclass(frozen=True, slots=True)
class FolderRun:
    """A folder after its run. `faults`: it could not run. `shares` are () where only some cases were run."""

    folder: Path
    faults: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
    results: tuple[Result, ...] = ()
    files: tuple[str, ...] = ()
    shares: tuple[Share, ...] = ()
    missed: tuple[Problem, ...] = ()
    low: str = ""
    goldens: tuple[Golden, ...] = ()

    @property
    def failed(self) -> bool:
        """Tell whether a case failed, or too little was reached."""
        return bool(self.low) or any(result.failures for result in self.results)

    def checked(self) -> Iterator[Checked]:
        """Give the faults, each case and the coverage, as things that were looked at."""
        loading = (*self._found(self.faults, Level.ERROR), *self._found(self.doubts, Level.WARNING))
        if loading:
            yield Checked(str(self.folder), "loading", loading)
        for result, file in zip(self.results, self.files, strict=True):
            found = (*self._found(result.failures, Level.ERROR), *self._found(result.doubts, Level.WARNING))
            yield Checked(str(self.folder / file), result.case.name, found, result.seconds)
        if self.shares:
            short = (Finding(Level.ERROR, Fault.COVERAGE_TOO_LOW, self.low),) if self.low else ()
            level = Level.WARNING if self.low else Level.NOTE
            yield Checked(str(self.folder), "coverage", (*short, *self._found(self.missed, level)))

    def _found(self, problems: Sequence[Problem], level: Level) -> tuple[Finding, ...]:
        return tuple(Finding.of(problem, level) for problem in within(self.folder, problems))


class Documents:
    """Opens documents in worker processes, started when the first one comes."""

    def __init__(self, stack: AsyncExitStack, marks: MarkSettings | None = None) -> None:
        """Take what closes them in the end, and how documents are marked."""
        self._stack, self._marks = stack, marks or MarkSettings()
        self._sandbox: Sandbox | None = None

    async def __call__(self, function: Callable[..., T], /, *arguments: object) -> T:
        """Give what a function makes of a document."""
        if self._sandbox is None:
            self._sandbox = hire(self._marks)
            await self._sandbox.start()
            self._stack.push_async_callback(self._sandbox.close)
        return await self._sandbox.run(function, *arguments)


async def run_folder(folder: Path, wanted: Wanted, marks: MarkSettings | None = None) -> FolderRun:
    """Run the cases of a folder. What keeps them from running is in `faults`; only unforeseen errors are raised.

    `marks` is how documents are marked: as they are where no configuration says otherwise, if it is None.
    """
    attached = AttachedFiles(folder)
    try:
        files = read_folder(folder)
    except FaultyFiles as error:
        return FolderRun(folder, faults=tuple(_below(folder, problem) for problem in error.problems))
    try:
        policies = load_policies(files)
        suites = load(files, policies, attached)
        found = [(case, suite.file) for suite in suites for case in suite.cases]
        cases = [(case, file) for case, file in found if wanted.takes(case)]
        if not cases:
            return FolderRun(folder, faults=(_nothing(wanted if found else Wanted()),))
        doubts = tuple(doubt for suite in suites for doubt in suite.warnings)
        async with AsyncExitStack() as stack:
            runner, coverage, goldens = Runner(policies, Documents(stack, marks)), Coverage(policies), Goldens()
            results = []
            for case, _ in cases:
                result = await runner.run(case)
                if result.outcome is not None:
                    coverage.add(result.outcome)
                results.append(goldens.take(result) if wanted.update else result)
    except FaultyFiles as error:
        return FolderRun(folder, faults=error.problems, doubts=error.warnings)
    try:
        written = goldens.write(attached.write)
    except OSError as error:
        told = f"can't be written: {error.strerror or error}"
        return FolderRun(folder, (Problem(Place(error.filename or "", 1, 1), told, code=Fault.NOT_WRITTEN),), doubts)
    whole = wanted.only is None
    return FolderRun(
        folder=folder,
        doubts=doubts,
        results=tuple(results),
        files=tuple(file for _, file in cases),
        shares=coverage.shares() if whole else (),
        missed=coverage.missed() if whole else (),
        low=_low(coverage.shares(), wanted.coverage) if whole else "",
        goldens=written,
    )


def _nothing(wanted: Wanted) -> Problem:
    """Tell that there is nothing to run: a run without a case would prove nothing."""
    if wanted.only is not None:
        return Problem(Place("tests", 1, 1), f'no case has "{wanted.only}" in its name', code=Fault.NO_CASES)
    hint = "write the first one: docs/testing.md"
    return Problem(Place("tests", 1, 1), "there are no cases to run", hint, code=Fault.NO_CASES)


def _low(shares: Sequence[Share], least: float | None) -> str:
    """Tell what is reached less than it should be; "" where everything is."""
    low = [share for share in shares if least is not None and share.percent < least]
    told = ", ".join(f"{share.reached} of {plural(share.all, share.kind[:-1])} ({share.percent:.1f}%)" for share in low)
    return f"the cases reach {told}; {least:g}% is asked for" if low else ""


def _below(folder: Path, problem: Problem) -> Problem:
    """Name the file of a problem as from its folder."""
    path = Path(problem.place.file)
    name = path.relative_to(folder) if path.is_relative_to(folder) else path
    return replace(problem, place=replace(problem.place, file=str(name)))


def _names(case: Case) -> tuple[str, ...]:
    return case.name, case.suite, f"{case.suite}: {case.name}"


def _literal(pattern: str) -> str:
    """Let brackets and question marks stand for themselves."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
