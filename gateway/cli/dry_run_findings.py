"""A dry run as findings: each operation and each rule was looked at, and this was found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from gateway.catalog.model import Operation
from gateway.cli.forms.finding import Checked, Finding, Level
from gateway.dryrun.report import Report
from gateway.dryrun.words import NO_OPERATION, WHOLE, counted
from gateway.errors import Place
from gateway.policy.model import PolicySet

FAIL_ON = ("refused", "unlisted", "unmatched-rule")
"""What can be asked to make the answer no."""


def failing(report: Report, fail_on: Collection[str]) -> bool:
    """Tell whether something was found that the answer is to be no for."""
    found = {
        "refused": report.refused > 0,
        "unlisted": bool(report.unnamed_operations.rows or report.unnamed_fields.rows),
        "unmatched-rule": bool(report.idle),
    }
    return any(found[what] for what in fail_on)


def findings(report: Report, policies: PolicySet, folder: Path, fail_on: Collection[str]) -> Iterator[Checked]:
    """Give what was looked at. What the answer is no for is an error, all else a warning or a note."""

    def level(what: str, otherwise: Level) -> Level:
        return Level.ERROR if what in fail_on else otherwise

    places = _Places(policies, folder)
    found: dict[str, list[Finding]] = {row.operation: [] for row in report.operations.rows}
    for refusal in report.refusals.rows:
        about = ", ".join(refusal.rules) or ", ".join(place or WHOLE for place in refusal.places)
        told = f"{counted(refusal.count, 'flow')} refused on the {refusal.leg}: {refusal.title} ({refusal.refusal})"
        finding = Finding(
            level("refused", Level.WARNING),
            "refused",
            told + (f": {about}" if about else ""),
            places.operation(refusal.operation),
            f"the first is {refusal.first}",
        )
        found.setdefault(refusal.operation, []).append(finding)
    for asked in report.unnamed_operations.rows:
        told = f"no catalogue names {asked.method} {asked.template}, asked {counted(asked.count, 'time')}"
        finding = Finding(
            level("unlisted", Level.WARNING),
            "unnamed-operation",
            told,
            places.catalogue(asked.system),
            f"the first is {asked.first}",
        )
        found.setdefault("", []).append(finding)
    for field in report.unnamed_fields.rows:
        told = f"no field names {field.pointer or WHOLE} in the {field.leg}, met {counted(field.count, 'time')}"
        finding = Finding(
            level("unlisted", Level.NOTE),
            "unnamed-field",
            f"{told}: {field.treatment}",
            places.message(field.operation, field.leg),
            "label it in the catalogue",
        )
        found.setdefault(field.operation, []).append(finding)
    for operation, some in found.items():
        yield Checked("operations", operation or NO_OPERATION, tuple(some))
    for rule in report.rules:
        idle = Finding(level("unmatched-rule", Level.WARNING), "unmatched-rule", f"{rule.rule}: {rule.why}", rule.place)
        yield Checked("rules", rule.rule, (idle,) if rule.why else ())


class _Places:
    """Where things are written, the folder before the file."""

    def __init__(self, policies: PolicySet, folder: Path) -> None:
        self._folder = folder
        self._catalogues = policies.catalogues

    def catalogue(self, system: str) -> Place | None:
        """Give the place of a system's catalogue."""
        found = self._catalogues.get(system)
        return self._within(found.place) if found else None

    def operation(self, name: str) -> Place | None:
        """Give the place of an operation."""
        found = self._find(name)
        return self._within(found.place) if found else None

    def message(self, operation: str, leg: str) -> Place | None:
        """Give the place of the message that an operation's leg carries."""
        found = self._find(operation)
        if found is None:
            return None
        name = found.body if leg == "request" else found.response
        message = self._catalogues[operation.partition(".")[0]].messages.get(name or "")
        return self._within(message.place if message else found.place)

    def _find(self, name: str) -> Operation | None:
        catalogue = self._catalogues.get(name.partition(".")[0])
        operations = catalogue.operations.values() if catalogue else ()
        return next((operation for operation in operations if operation.name == name), None)

    def _within(self, place: Place) -> Place:
        return replace(place, file=str(self._folder / place.file))
