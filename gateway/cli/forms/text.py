"""Findings as a compiler prints them: the place, what is wrong, the line with the place underlined, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TextIO

import click

from gateway.cli.forms.clean import clean
from gateway.cli.forms.finding import Finding, Level

_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "cyan"}


def coloured(stream: TextIO) -> bool:
    """Tell whether a stream shows colours: a terminal does, unless NO_COLOR is set to anything, or it is a dumb one."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def text(findings: Iterable[Finding], *, colour: bool = False) -> str:
    """Write findings in the order given, an empty line between them, a newline at the end; "" where there are none."""
    return "\n".join("".join(f"{line}\n" for line in _lines(finding, colour=colour)) for finding in findings)


def counted(findings: Iterable[Finding]) -> str:
    """Count findings in words: `2 errors, 1 warning`; "" where there are none."""
    levels = [finding.level for finding in findings]
    counts = ((levels.count(level), level.value) for level in Level)
    return ", ".join(plural(count, word) for count, word in counts if count)


def plural(count: int, word: str) -> str:
    """Write a count with its word: `1 error`, `2 errors`, `2 policies`."""
    if count == 1:
        return f"{count} {word}"
    return f"{count:,} {word[:-1]}ies" if word.endswith("y") else f"{count:,} {word}s"


def _lines(finding: Finding, *, colour: bool) -> Iterator[str]:
    """Write one finding."""
    shade, place = _COLOURS[finding.level], finding.place
    paint = click.style if colour else _plain
    first, *more = clean(finding.message).splitlines() or [""]
    where = paint(f"{clean(str(place))}:", bold=True) + " " if place else ""
    code = f" [{clean(finding.code)}]" if finding.code else ""
    yield f"{where}{paint(f'{finding.level.value}:', fg=shade, bold=True)} {first}{code}"
    yield from (f"    {line}" for line in more)
    if place and place.text:
        yield f"    {clean(place.text)}"
        yield f"    {paint(place.underline, fg=shade, bold=True)}"
    if finding.also:
        yield f"    {paint(f'{clean(str(finding.also.place))}:', bold=True)} {clean(finding.also.what)}"
        if finding.also.place.text:
            yield f"    {clean(finding.also.place.text)}"
            yield f"    {paint(finding.also.place.underline, fg='cyan')}"
    if finding.hint:
        yield f"    {paint('hint:', bold=True)} {clean(finding.hint)}"


def _plain(words: str, **_: object) -> str:
    """Stand for `click.style` where no colour shows."""
    return words
