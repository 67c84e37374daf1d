"""Expectations about what the caller gets and what the system is asked: status, headers, whole bodies, watermarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from gateway.cases.bodies import Body
from gateway.cases.difference import differences
from gateway.cases.outcome import Outcome
from gateway.cases.texts import line_differences, text_of
from gateway.errors import Place, Problem
from gateway.faults import Fault
from gateway.flow import Leg, header
from gateway.workbench.values import parse

_MOST = 10
"""So many differences of two bodies are told one by one."""


@dataclass(frozen=True, slots=True)
class StatusIs:
    """The caller gets this status."""

    place: Place
    status: int

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell another status."""
        released = outcome.trial.released
        if released is not None and released.status != self.status:
            refused = f" (refused: {outcome.trial.refusal})" if outcome.trial.refusal else ""
            message = f"expected the status {self.status}, but the caller gets {released.status}{refused}"
            yield Problem(self.place, message, code=Fault.OTHER_ANSWER)


@dataclass(frozen=True, slots=True)
class HeaderIs:
    """A header goes on with this value; None: it does not go on."""

    place: Place
    leg: Leg
    name: str
    value: str | None

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell another value, or that it is or isn't there."""
        message = outcome.trial.forwarded if self.leg is Leg.REQUEST else outcome.trial.released
        if message is None:
            return  # that the leg did not pass is told already
        found = header(message.headers, self.name)
        if found != self.value:
            expected = "not to be there" if self.value is None else f'to be "{self.value}"'
            told = "it is not there" if found is None else f'it is "{found}"'
            yield Problem(
                self.place, f"expected the header {self.name} {expected}, but {told}", code=Fault.OTHER_ANSWER
            )


@dataclass(frozen=True, slots=True)
class BodyIs:
    """The whole body that goes on; compared as JSON values, line by line where it is a text, or byte by byte."""

    place: Place
    leg: Leg
    body: Body

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell each place that differs."""
        if not outcome.passed(self.leg):
            return  # that the leg did not pass is told already
        if self.body.data is None:
            message = f"there is no file {self.body.file} to compare with"
            yield Problem(self.place, message, "`--update-golden` writes it", code=Fault.NO_BODY_FILE)
        elif self.body.json and (self.body.text is None or not outcome.is_text(self.leg)):
            yield from self._compared(outcome.text(self.leg))
        else:
            yield from self._told(self.differing(outcome))

    def differing(self, outcome: Outcome) -> list[str]:
        """Give in words what differs in a body that isn't JSON: lines of a text, otherwise how long it is."""
        found, expected = outcome.body(self.leg), self.body.data or b""
        if self.body.text is None and found == expected:
            return []
        new = text_of(outcome.text(self.leg))
        old = text_of(expected) if self.body.text is None else self.body.text
        if old is None and new is not None:  # in the charset of what was found
            old = text_of(outcome.text(self.leg, expected))
        if old is None or new is None:
            return [f"another body: {_sized(expected)} expected, {_sized(found)} found"]
        return list(line_differences(old, new, ends=self.body.text is None))

    def _told(self, differing: list[str]) -> Iterator[Problem]:
        of = f"{self.body.file}: " if self.body.file else ""
        for words in differing[:_MOST]:
            yield Problem(self.place, f"{of}{words}", code=Fault.OTHER_BODY)
        if len(differing) > _MOST:
            yield Problem(self.place, f"{of}{len(differing) - _MOST} more lines differ", code=Fault.OTHER_BODY)

    def _compared(self, found: bytes) -> Iterator[Problem]:
        try:
            value = parse(found)
        except (ValueError, RecursionError):
            told = "is no JSON" if found else "is empty"
            yield Problem(self.place, f"expected a JSON body, but it {told}", code=Fault.OTHER_BODY)
            return
        differing = list(differences(parse(self.body.data or b"null"), value))
        of = f"{self.body.file}: " if self.body.file else ""
        for location, words in differing[:_MOST]:
            yield Problem(self.body.at(location), f"{of}{words}", code=Fault.OTHER_BODY)
        if len(differing) > _MOST:
            yield Problem(self.place, f"{of}{len(differing) - _MOST} more places differ", code=Fault.OTHER_BODY)


def _sized(data: bytes) -> str:
    return f"{len(data):,} bytes (SHA-256 {sha256(data).hexdigest()[:12]})"
