"""What `sovgate check` looks at, and what it finds: folders of policies with their cases, and a configuration."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.cli.forms.finding import Checked, Finding, Level
from gateway.cli.naming import within
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.policy.doubts import notes
from gateway.policy.keyed import VARIABLE, unprotected
from gateway.policy.load import Kind, kind_of, load
from gateway.policy.model import PolicySet
from gateway.regime import establish

_NOWHERE = Place("", 1, 1)
_UNREADABLE = frozenset({Fault.UNREADABLE, Fault.NO_FILES, Fault.TOO_MANY_FILES})


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a folder, or in a configuration (`name`). `policies` is None where they can't be put in force.

    `files` are all files that were looked at; `findings` are in the order of their places; `cases` counts policy cases,
    None where they could not be looked at.
    """

    name: str
    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    policies: PolicySet | None = None
    cases: int | None = 0

    @property
    def failed(self) -> bool:
        """Tell whether an error was found."""
        return any(finding.level is Level.ERROR for finding in self.findings)

    def of(self, level: Level) -> tuple[Finding, ...]:
        """Give the findings of a level."""
        return tuple(finding for finding in self.findings if finding.level is level)

    def strictly(self) -> Report:
        """Count warnings as errors."""
        raised = (replace(f, level=Level.ERROR) if f.level is Level.WARNING else f for f in self.findings)
        return replace(self, findings=tuple(raised))

    def checked(self) -> Iterator[Checked]:
        """Give each file with what was found in it."""
        found: dict[str, list[Finding]] = defaultdict(list, {file: [] for file in self.files})
        for finding in self.findings:
            found[finding.place.file if finding.place else self.name].append(finding)
        yield from (Checked(self.name, file, tuple(findings)) for file, findings in found.items())


@dataclass(frozen=True, slots=True)
class Configured:
    """What was found in a configuration, the policies' folder that it names, and whether it keeps customers' keys."""

    report: Report
    policies: Path | None = None
    keeps_keys: bool = True


def check_folder(folder: Path, files: Mapping[str, bytes], *, keeps_keys: bool = True) -> Report:
    """Check the files of a folder as the gateway would load them, and the cases among them.

    `keeps_keys` is False where they are for a gateway that keeps no keys of customers.
    """
    errors: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
    policies: PolicySet | None = None
    remarks: Iterable[Problem] = ()
    cases: int | None = None if any(_is_case(name) for name in files) else 0
    try:
        loaded = load(files)
        doubts, remarks = loaded.warnings, notes(loaded)
        if not keeps_keys:
            doubts = (*doubts, *unprotected(loaded, f"set {VARIABLE} there, or write `keys` in the configuration"))
        establish(loaded)
        policies = loaded
    except FaultyFiles as error:
        errors, doubts = error.problems, doubts or error.warnings
    if policies is not None and cases is None:
        cases, faults, suspicions = _check_cases(folder, files, policies)
        errors, doubts = (*errors, *faults), (*doubts, *suspicions)
    findings = [
        Finding.of(problem, level)
        for level, problems in ((Level.ERROR, errors), (Level.WARNING, doubts), (Level.NOTE, remarks))
        for problem in within(folder, problems)
    ]
    return Report(str(folder), tuple(str(folder / name) for name in files), _sorted(findings), policies, cases)


def check_config(file: Path) -> Configured:
    """Check a configuration; secrets needn't be in the environment, nor files of passphrases be there.

    Raises `FaultyFiles` where it can't be read.
    """
    from gateway.config import load as load_config  # noqa: PLC0415 - it takes a server along, which few checks need

    try:
        settings = load_config(file, _Anything(), secrets=False)
    except FaultyFiles as error:
        if could_not_run(error):
            raise
        findings = [Finding.of(problem, Level.ERROR) for problem in error.problems]
        findings += [Finding.of(problem, Level.WARNING) for problem in error.warnings]
        return Configured(Report(str(file), (str(file),), _sorted(findings)))
    return Configured(Report(str(file), (str(file),), ()), settings.policies, settings.keys.kept)


def could_not_run(error: FaultyFiles) -> bool:
    """Tell whether files couldn't be read at all: then there is no answer, not even a no."""
    return any(problem.code in _UNREADABLE for problem in error.problems)


class _Anything(dict[str, str]):
    """An environment that has whatever it is asked for."""

    def get(self, key: str, default: object = None, /) -> str:  # noqa: ARG002 - a Mapping's
        """Give a value that any header may hold; but what protects keys where nothing is said is there, or it isn't."""
        return os.environ.get(VARIABLE, "") if key == VARIABLE else "-"

    def __missing__(self, key: str) -> str:
        return "-"


def _check_cases(
    folder: Path, files: Mapping[str, bytes], policies: PolicySet
) -> tuple[int, tuple[Problem, ...], tuple[Problem, ...]]:
    """Count the cases, and give their faults and doubts; the bodies that they keep in files are looked for."""
    from gateway.cases import load as load_cases  # noqa: PLC0415 - only where there are cases
    from gateway.cases.attached import AttachedFiles  # noqa: PLC0415 - the same

    try:
        suites = load_cases(files, policies, AttachedFiles(folder))
    except FaultyFiles as error:
        return 0, error.problems, error.warnings
    doubts = tuple(problem for suite in suites for problem in suite.warnings)
    return sum(len(suite.cases) for suite in suites), (), doubts


def _is_case(name: str) -> bool:
    return kind_of(name) is Kind.OTHER and name.startswith("tests/")


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put findings file by file, and line by line."""
    return tuple(sorted(findings, key=lambda finding: (finding.place is None, finding.place or _NOWHERE)))
