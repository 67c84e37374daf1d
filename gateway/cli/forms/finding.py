"""What `check`, `test` and `dry-run` report, before it is printed in any form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import Place, Problem, Second


class Level(StrEnum):
    """How bad it is: errors make the answer no."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell. `code` is stable (`SG012`, or a word such as `newly-exposed`); no value of anyone's data.

    `also` is a second place that has to do with it, such as the first of two things with one name.
    """

    level: Level
    code: str
    message: str
    place: Place | None = None
    hint: str = ""
    also: Second | None = None

    @classmethod
    def of(cls, problem: Problem, level: Level) -> Finding:
        """Take a fault of a written file."""
        return cls(level, problem.code, problem.message, problem.place, problem.hint, problem.also)


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at, with what was found: a file, a policy case, a captured flow. No errors: it passed.

    `group` and `name` are what JUnit calls class name and name; `seconds` how long it took.
    """

    group: str
    name: str
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Tell whether an error was found."""
        return any(finding.level is Level.ERROR for finding in self.findings)
