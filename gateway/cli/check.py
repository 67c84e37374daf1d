"""`sovgate check`: load policies and catalogues, and report everything that is wrong or doubtful."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import orjson

from gateway.cli import options
from gateway.cli.house import within
from gateway.cli.main import NO
from gateway.errors import FaultyFiles, Problem
from gateway.policy.load import load
from gateway.policy.model import PolicySet
from gateway.regime import establish
from gateway.storage.policy_folder import read_folder


@click.command("check")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, file_okay=False))
@options.output
def command(folders: tuple[Path, ...], form: str) -> None:
    """Load the policies in each DIR (default: policies) and report every error and warning.

    Exit 0: they can be put in force. 1: they can't. 2: they can't be read.
    """
    reports = [_check(folder) for folder in folders or (Path("policies"),)]
    if form == "json":
        click.echo(orjson.dumps([_as_json(*report) for report in reports], option=orjson.OPT_INDENT_2).decode())
    else:
        for report in reports:
            _print(*report)
    sys.exit(NO if any(errors for _, _, errors in reports) else 0)


def _check(folder: Path) -> tuple[Path, PolicySet | None, tuple[Problem, ...]]:
    """Load one folder as the gateway would."""
    files = read_folder(folder)
    try:
        policies = load(files)
        establish(policies)
    except FaultyFiles as error:
        return folder, None, within(folder, error.problems)
    return folder, replace(policies, warnings=within(folder, policies.warnings)), ()


def _print(folder: Path, policies: PolicySet | None, errors: tuple[Problem, ...]) -> None:
    """Report as a compiler would."""
    warnings = policies.warnings if policies else ()
    for word, problems in (("error", errors), ("warning", warnings)):
        for problem in problems:
            click.echo(f"{word}: {problem}\n")
    if policies is None:
        click.echo(f"{folder}: {len(errors)} error{'s' * (len(errors) != 1)}; nothing can be put in force")
        return
    operations = sum(len(catalogue.operations) for catalogue in policies.catalogues.values())
    rules = sum(len(policy.rules) for policy in policies.policies)
    click.echo(
        f"{folder}: fine: {len(policies.catalogues)} systems, {operations} operations, "
        f"{len(policies.policies)} policies with {rules} rules, {len(policies.consents)} consents"
        + (f", {len(warnings)} warnings" if warnings else "")
    )


def _as_json(folder: Path, policies: PolicySet | None, errors: tuple[Problem, ...]) -> dict[str, object]:
    """Give the report for programs."""
    return {
        "folder": str(folder),
        "ok": policies is not None,
        "errors": [_problem(problem) for problem in errors],
        "warnings": [_problem(problem) for problem in (policies.warnings if policies else ())],
        "digest": policies.digest if policies else None,
    }


def _problem(problem: Problem) -> dict[str, object]:
    """Give one problem for programs."""
    place = problem.place
    return {
        "file": place.file, "line": place.line, "column": place.column, "text": place.text,
        "message": problem.message, "hint": problem.hint,
    }  # fmt: skip
