"""Golden bodies: files that hold what should go on, written anew when it should be otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from gateway.cases.answers import BodyIs
from gateway.cases.difference import differences
from gateway.cases.model import Expectation
from gateway.cases.outcome import Outcome
from gateway.cases.requests import RequestMeets
from gateway.cases.run import Result
from gateway.cases.standin import with_stand_ins
from gateway.errors import Problem
from gateway.faults import Fault
from gateway.workbench.values import parse

_INDENT = 2
_SAME_LINES = "the same lines in other bytes"


@dataclass(frozen=True, slots=True)
class Golden:
    """One golden file that is to be written: what it will hold, and in words what changes."""

    file: str
    data: bytes
    changes: tuple[str, ...]


@dataclass(slots=True)
class Goldens:
    """Collects the golden files of results. Bodies that are written out in a case are left to their author."""

    files: dict[str, Golden] = field(default_factory=dict)
    seen: dict[str, bytes] = field(default_factory=dict)

    def take(self, result: Result) -> Result:
        """Take what a result says its golden files should hold; what only they were wrong about is no failure then."""
        if result.outcome is None:
            return result
        told = list(self._every(result.case.expected, result.outcome))
        return Result(result.case, tuple(dict.fromkeys(told)), result.doubts, result.outcome, result.seconds)

    def _every(self, expectations: Iterable[Expectation], outcome: Outcome) -> Iterator[Problem]:
        for expected in expectations:
            part = expected.within(outcome) if isinstance(expected, RequestMeets) else None
            if isinstance(expected, RequestMeets) and part is not None:
                yield from self._every(expected.expected, part)
            elif isinstance(expected, BodyIs) and expected.body.file and outcome.passed(expected.leg):
                yield from self._take(expected, outcome)
            else:
                yield from expected.check(outcome)

    def write(self, write: Callable[[str, bytes], None]) -> tuple[Golden, ...]:
        """Write what changed; `write` takes a name relative to the policies' folder. Gives what was written.

        Raises OSError, with that name, for what can't be written.
        """
        for golden in self.files.values():
            try:
                write(golden.file, golden.data)
            except OSError as error:
                raise OSError(error.errno or 0, error.strerror or str(error), golden.file) from None
        return tuple(self.files.values())

    def _take(self, expected: BodyIs, outcome: Outcome) -> Iterator[Problem]:
        file, found = expected.body.file, outcome.body(expected.leg)
        if expected.body.json:
            found = with_stand_ins(found)
        before = self.seen.setdefault(file, found)
        if before != found:
            message = f"another case expects {file} to hold something else"
            yield Problem(expected.place, message, "give each case a file of its own", code=Fault.TWO_GOLDENS)
            return
        old = expected.body.data
        if old == found:
            return
        was, now = _value(old), _value(found)
        if not expected.body.json or now is None:
            told = ("it is new",) if old is None else tuple(expected.differing(outcome)) or (_SAME_LINES,)
            self.files[file] = Golden(file, found, told)
            return
        changes = ("it is new",) if was is None else tuple(words for _, words in differences(was[0], now[0]))
        if changes:
            self.files[file] = Golden(file, msgspec.json.format(found, indent=_INDENT) + b"\n", changes)


def _value(data: bytes | None) -> tuple[object] | None:
    """Parse JSON; None where there is none."""
    try:
        return None if data is None else (parse(data),)
    except (ValueError, RecursionError):
        return None
