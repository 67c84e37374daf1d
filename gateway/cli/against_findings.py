"""What changes between two policy sets, for programs that read findings: each at the line that made it so."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.cli.forms.finding import Checked, Finding, Level
from gateway.dryrun import against_words as words
from gateway.dryrun.changes import Changes, FieldChange

_FIELD_LEVELS = {"exposed": Level.ERROR, "hidden": Level.NOTE, "otherwise": Level.WARNING}
_MARK_LEVELS = {"lost": Level.ERROR, "gained": Level.NOTE, "otherwise": Level.WARNING}
_FLOW_LEVELS = {"allowed": Level.WARNING, "refused": Level.WARNING, "otherwise": Level.NOTE}


def findings(changes: Changes) -> Iterator[Checked]:
    """Give every change. What the answer is no for (newly exposed, marks lost) is an error."""
    for kind, title, _ in words.FIELDS:
        for field in changes.of(kind):
            yield Checked("changes", f"{words.where(field)}: {words.place(field)}", (_field(kind, title, field),))
    for kind, title, _ in words.MARKS:
        for mark in changes.marked(kind):
            told = f"{title.lower()}: {mark.what} of {mark.operation}, {words.met(mark)}"
            finding = Finding(_MARK_LEVELS[kind], f"marks-{_word(kind)}", told, mark.because)
            yield Checked("changes", f"{mark.operation}: {mark.what}", (finding,))
    for kind, title, _ in words.FLOWS:
        for flow in changes.ended(kind):
            operation = words.operation(flow.old, flow.new)
            ends = f"{words.ending(flow.old, flow.old_leg)} -> {words.ending(flow.new, flow.new_leg)}"
            told = f"{title.lower()}: {operation}, {ends}, {words.met(flow)}"
            code = "refused-otherwise" if kind == "otherwise" else f"newly-{kind}"
            yield Checked("changes", f"{operation}: {ends}", (Finding(_FLOW_LEVELS[kind], code, told, flow.because),))
    for one in changes.observed:
        told = f"{one.rule}, {one.effect}: {one.old} -> {one.new}, {words.met(one)}"
        yield Checked("changes", one.rule, (Finding(Level.NOTE, "observed-otherwise", told, one.because),))
    if changes.left_out:
        told = f"{changes.left_out:,} more changes, of kinds that there was no room for"
        level = Level.ERROR if changes.left_out_exposed else Level.WARNING
        yield Checked("changes", "left out", (Finding(level, "changes-left-out", told),))
    if not changes.any:
        yield Checked("changes", words.verdict(changes))


def _field(kind: str, title: str, change: FieldChange) -> Finding:
    """Tell of one place."""
    told = (
        f"{title.lower()}: {words.place(change)} ({words.classes(change.old, change.new)}) in {words.where(change)}: "
        f"{words.side(change.old)} -> {words.side(change.new)}, {words.met(change)}"
    )
    was = "; ".join(words.rules(change.old.rules))
    code = "treated-otherwise" if kind == "otherwise" else f"newly-{kind}"
    return Finding(_FIELD_LEVELS[kind], code, told, change.because, f"it was for {was}" if was else "")


def _word(kind: str) -> str:
    return "changed" if kind == "otherwise" else kind
