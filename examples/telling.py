"""How the examples talk: short headings, checks that are counted, tables that read well in a terminal and in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from textwrap import wrap

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH = 100
_SAME, _CHANGED, _GONE = " ", "~", "-"


def _console() -> Console:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    plain = Console(highlight=False)
    return plain if plain.is_terminal and plain.width < _WIDTH else Console(width=_WIDTH, highlight=False)


@dataclass(slots=True)
class Teller:
    """Prints, checks, and remembers whether everything held."""

    console: Console = field(default_factory=_console)
    held: int = 0
    failed: list[str] = field(default_factory=list)
    chapter: int = 0

    def title(self, text: str) -> None:
        self.console.print(Text(text, style="bold"))

    def heading(self, text: str) -> None:
        self.chapter += 1
        self.console.print(f"\n[bold cyan]{self.chapter}  {text}[/]\n")

    def say(self, text: str, style: str = "") -> None:
        """Print a line, or a few: long ones are wrapped under themselves."""
        inner = len(text) - len(text.lstrip()) + 3
        for line in wrap(text.strip(), self.console.width - inner - 2, break_on_hyphens=False) or [""]:
            self.console.print(Text(" " * inner + line, style=style))

    def command(self, *words: str) -> None:
        """Show a command as one would type it."""
        self.console.print(Text(f"   $ {' '.join(words)}", style="bold"))

    def check(self, sentence: str, *, holds: bool) -> None:
        """State what must hold, and whether it does."""
        if holds:
            self.held += 1
        else:
            self.failed.append(sentence)
        mark, style = ("✓", "green") if holds else ("✗ NOT SO:", "bold red")
        self.console.print(Text.assemble("   ", (mark, style), f" {sentence}"))

    def equal(self, sentence: str, expected: object, actual: object) -> None:
        """Check that two things are the same, and show both where they are not."""
        self.check(sentence, holds=expected == actual)
        if expected != actual:
            self.say(f"expected {str(expected)[:400]}", "red")
            self.say(f"but got  {str(actual)[:400]}", "red")

    def sides(self, left: str, right: str, rows: Iterable[tuple[str, str | None, str | None]]) -> None:
        """Show two answers side by side: place, text on the left, text on the right (None: not there)."""
        table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
        wide = (self.console.width - 35) // 2
        table.add_column("", width=2)
        for title, width in (("", 27), (left, wide), (right, wide)):
            table.add_column(title, width=width, no_wrap=True, overflow="ellipsis")
        for place, before, after in rows:
            sign = _SAME if before == after else _GONE if after is None else _CHANGED
            dim = "dim" if sign == _SAME else ""
            table.add_row(
                Text(sign.rjust(2), style="yellow"),
                Text(place, style=dim),
                Text(before or "", style=dim or "red"),
                Text("(removed)" if after is None else after, style=dim or "green"),
            )
        self.console.print(table)
        self.console.print()

    def verdict(self) -> int:
        """Say how it went; give the exit code."""
        if self.failed:
            self.console.print(
                Text(f"\n{len(self.failed)} of {self.held + len(self.failed)} checks failed:", "bold red")
            )
            for sentence in self.failed:
                self.console.print(Text(f"   ✗ {sentence}", "red"))
            return 1
        self.console.print(Text(f"\nAll {self.held} checks held.", "bold green"))
        return 0
