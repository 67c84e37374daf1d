"""`sovgate init`: a working directory for a new deployment, from a few answers."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.cli.main import COULD_NOT
from gateway.cli.starter import QUESTIONS, Answers, Question, Starter, check_together, checked, plan

_SECRET = "keys.passphrase"  # noqa: S105 - its file, for its owner alone; gateway.yaml.template names it
_LARGEST = 16 * 1024 * 1024

F = TypeVar("F")


def _options(command: F) -> F:
    """Give the command one option for each question."""
    for question in reversed(QUESTIONS):
        told = f"{question.asks}, such as {question.proposed}."
        add: Any = click.option(f"--{question.name}", default=None, help=told)
        command = add(command)
    return command


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@_options
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Start from this catalogue, such as one that `sovgate discover` drafted.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: take what is proposed for whatever no option answers.")
@click.option("--force", is_flag=True, help="Work in a folder that isn't empty. No file that is there is changed.")
def command(folder: Path, catalog: Path | None, yes: bool, force: bool, **given: str | None) -> None:
    """Write a first configuration, catalogue, policy and case into DIR (default: here), ready to check, test and serve.

    What no option answers is asked. Exit 0: written. 2: it could not be, and nothing was overwritten.
    """
    _check_folder(folder, force=force)
    drafted = None if catalog is None else (str(catalog), _text(catalog))
    answers = _answers(given, drafted=drafted is not None, ask=not yes)
    try:
        if drafted is None:
            check_together(answers)
        starter = plan(answers, drafted)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    starter = replace(starter, files={**starter.files, _SECRET: f"{secrets.token_urlsafe(32)}\n"})
    try:
        written = _write(folder, starter.files)
    except OSError as error:
        click.echo(f"can't write {error.filename}: {error.strerror}", err=True)
        sys.exit(COULD_NOT)
    _tell(folder, starter, written)


def _check_folder(folder: Path, *, force: bool) -> None:
    """Make sure that nothing of anybody's is in the way."""
    try:
        used = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise click.UsageError(f"{folder} can't be used: {error.strerror}") from None
    if used and not force:
        raise click.UsageError(
            f"{folder} is not empty; name another folder, or add what is missing with --force (it overwrites nothing)"
        )


def _text(path: Path) -> str:
    """Read the drafted catalogue."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise click.UsageError(f"{path} is larger than {_LARGEST} bytes: no catalogue")
        return data.decode("utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is not UTF-8 text") from None


def _answers(given: Mapping[str, str | None], *, drafted: bool, ask: bool) -> Answers:
    """Take what options answer, ask for the rest, or take what is proposed."""
    answered: dict[str, str] = {}
    unanswered, wrong = [], list[str]()
    for question in QUESTIONS:
        text = given[question.name]
        if drafted and question.of_catalogue:
            if text is not None:
                wrong.append(f"the catalogue says it already: leave --{question.name} out")
        elif text is None:
            unanswered.append(question)
        else:
            try:
                answered[question.name] = checked(question, text)
            except ValueError as error:
                wrong.append(f"--{question.name}: {error}")
    if wrong:
        raise click.UsageError("\n".join(wrong))
    if ask and unanswered and not sys.stdin.isatty():
        options = ", ".join(f"--{question.name}" for question in unanswered)
        raise click.UsageError(f"there is no terminal to ask on: give {options}, or --yes to take what is proposed")
    for question in unanswered:
        answered[question.name] = _ask(question) if ask else question.proposed
    return Answers(**answered)


def _ask(question: Question) -> str:
    """Ask until the answer is good."""
    answer: str = click.prompt(question.asks, default=question.proposed, value_proc=partial(_good, question))
    return answer


def _good(question: Question, text: str) -> str:
    """Give the answer as it will be written; click asks again where there is something wrong with it."""
    try:
        return checked(question, text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _write(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write what isn't there yet, and give its names. Never overwrites: each file is created or left alone."""
    written = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if name == _SECRET else 0o666
        try:
            with open(path, "x", encoding="utf-8", newline="\n", opener=partial(os.open, mode=mode)) as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
        except FileExistsError:
            continue
        written.append(name)
    return written


def _tell(folder: Path, starter: Starter, written: list[str]) -> None:
    """Say what was written, and what comes next."""
    for name in starter.files:
        click.echo(f"{'wrote' if name in written else 'kept '}  {folder / name}")
    if starter.refused:
        others = ", ".join(starter.refused)
        click.echo(f"\nThe first policy lets pass what only reads. Refused until you decide otherwise: {others}.")
    here = "" if folder == Path() else f"  cd {shlex.quote(str(folder))}\n"
    click.echo(f"\nNext:\n{here}  sovgate check\n  sovgate test\n  sovgate serve")
    click.echo(
        f"and in another terminal:\n  {starter.curl}\n\n"
        "It is in development mode: callers prove nothing, and it listens on this machine only.\n"
        f"{folder / 'README.md'} says what to do before real data passes."
    )
