"""What ships with the package to be read: what a code means, its words and its page; and the JSON Schemas."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

import click

from gateway.cli.forms.finding import Finding
from gateway.cli.forms.sarif import Explained
from gateway.faults import Fault
from gateway.yamlsource.suggest import suggest

_FAULTS = {fault.value: fault for fault in Fault}
_SCHEMA = ".schema.json"
_SCHEMAS = ("gateway.policy.schemas", "gateway.config")


def explained(code: str) -> str:
    """Say in a line what a code means; "" for a code that is none of ours."""
    return _FAULTS[code].means if code in _FAULTS else ""


def page(code: str) -> str:
    """Give the page of a code, as Markdown. Raises `click.UsageError` for a code that there is none of."""
    name = code.upper()
    if name not in _FAULTS:
        raise click.UsageError(f'there is no code "{code}"; {suggest(name, _FAULTS) or "codes are like SG101"}')
    return _page(name) or f"# {name}: {_FAULTS[name].means}\n"


def rules(findings: Iterable[Finding]) -> dict[str, Explained]:
    """Explain the codes of findings, those that are ours."""
    found = {finding.code for finding in findings} & _FAULTS.keys()
    return {code: Explained(_FAULTS[code].means, _page(code)) for code in sorted(found)}


def schema(name: str) -> str:
    """Give the JSON Schema of a kind of file. Raises `click.UsageError` for a kind that there is none of."""
    found = {
        file.name.removesuffix(_SCHEMA): file
        for package in _SCHEMAS
        for file in files(package).iterdir()
        if file.name.endswith(_SCHEMA)
    }
    if name not in found:
        raise click.UsageError(f'there is no schema "{name}"; there are: {", ".join(sorted(found))}')
    return found[name].read_text(encoding="utf-8")


def _page(code: str) -> str:
    """Give a page; "" where an installation came without it, since the code itself says the most."""
    try:
        return files("gateway.cli").joinpath("checks", f"{code}.md").read_text(encoding="utf-8")
    except OSError:
        return ""
