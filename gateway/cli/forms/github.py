"""Workflow commands of GitHub Actions: each finding becomes an annotation at its line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.cli.forms.clean import clean, relative
from gateway.cli.forms.finding import Checked, Finding, Level

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def github(checked: Iterable[Checked], *, root: Path | None = None) -> str:
    """Write one command a line. `root` is the folder that files are named from (None: the working directory)."""
    base = root or Path.cwd()
    return "".join(f"{_command(one, finding, base)}\n" for one in checked for finding in one.findings)


def _command(one: Checked, finding: Finding, base: Path) -> str:
    """Write one finding; what has no place in a file is named by what was looked at."""
    place, message, properties = finding.place, finding.message, {}
    if place is None:
        message = f"{one.group} {one.name}: {message}".lstrip()
    else:
        properties = {
            "file": relative(place.file, base),
            "line": str(place.line),
            "col": str(place.column),
            "endColumn": str(place.column + max(place.width, 1)),
        }
    if finding.code:
        properties["title"] = finding.code
    if finding.also:
        message += f"\n{relative(finding.also.place.file, base)}:{finding.also.place.line}: {finding.also.what}"
    if finding.hint:
        message += f"\nhint: {finding.hint}"
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.level]}{' ' if written else ''}{written}::{_data(message)}"


def _data(text: str) -> str:
    """Escape a message: a line break would end the command, and what follows could be another one."""
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property, which commas and colons end as well."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
