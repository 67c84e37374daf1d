"""What was checked, printed in one of the forms that other programs read; `text` and `json` are each verb's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import orjson

from gateway import __version__
from gateway.cli.forms.finding import Checked
from gateway.cli.forms.github import github
from gateway.cli.forms.junit import junit
from gateway.cli.forms.sarif import Explained, sarif

PROGRAMS = ("junit", "sarif", "github")
"""The forms that `emit` writes."""

_NOTHING: Mapping[str, Explained] = {}


def emit(form: str, checked: Iterable[Checked], suite: str, rules: Mapping[str, Explained] = _NOTHING) -> None:
    """Print in one of `PROGRAMS`. `suite` names the whole, such as `sovgate check`; `rules` explain codes to SARIF."""
    if form == "sarif":
        say(sarif(checked, version=__version__, rules=rules))
    elif form == "github":
        workspace = os.environ.get("GITHUB_WORKSPACE")  # annotations name files from here, wherever the step runs
        say(github(checked, root=Path(workspace) if workspace else None))
    elif form == "junit":
        say(junit(checked, suite))
    else:
        raise ValueError(f"no such form: {form}")


def say_json(data: object) -> None:
    """Print data as indented JSON."""
    say(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n")


def say(written: str) -> None:
    """Print to standard output as UTF-8, whatever the terminal's encoding is: files of these forms are UTF-8."""
    click.echo(written.encode("utf-8", "replace"), nl=False)
