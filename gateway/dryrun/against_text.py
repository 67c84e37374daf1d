"""Changes as plain text, for a terminal or a log: the gravest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.dryrun import against_words as words
from gateway.dryrun.changes import Changes, FieldChange, FlowChange, MarkChange, Named, ObservedChange
from gateway.yamlsource.node import shown

Paint = Callable[[str], str]
"""Makes a heading stand out on a terminal."""

_MOST = 200


def text(changes: Changes, heading: Paint = str) -> str:
    """Write what changes. Long parts are cut, and say so: the JSON form has everything that was counted."""
    return "\n".join(_lines(changes, heading)) + "\n"


def _lines(changes: Changes, heading: Paint) -> Iterator[str]:
    yield words.verdict(changes)
    exposed, *fields = words.FIELDS
    lost, *marks = words.MARKS
    parts: list[tuple[tuple[str, str, str], list[list[str]]]] = [
        (exposed, [*map(_field, changes.of("exposed"))]),
        (lost, [*map(_mark, changes.marked("lost"))]),
        *((kind, [*map(_flow, changes.ended(kind[0]))]) for kind in words.FLOWS),
        *((kind, [*map(_field, changes.of(kind[0]))]) for kind in fields),
        *((kind, [*map(_mark, changes.marked(kind[0]))]) for kind in marks),
        (("", *words.OBSERVED), [*map(_observed, changes.observed)]),
    ]
    for (_, title, meaning), told in parts:
        if told:
            yield from ("", f"{heading(title)}: {meaning}")
            for first, *more in told[:_MOST]:
                yield f"  {shown(first)}"
                yield from (f"      {shown(line)}" for line in more if line)
            if len(told) > _MOST:
                yield f"  and {len(told) - _MOST:,} more: -o json has all of them"
    if changes.left_out:
        yield from ("", f"{changes.left_out:,} more changes were met, of kinds that there was no room for.")


def _field(change: FieldChange) -> list[str]:
    return [
        f"{words.place(change)}   {words.classes(change.old, change.new)}",
        words.where(change),
        f"was  {words.side(change.old)}",
        *_by(change.old.rules),
        f"is   {words.side(change.new)}",
        *_by(change.new.rules),
        _look(change),
        words.met(change),
    ]


def _flow(change: FlowChange) -> list[str]:
    return [
        words.operation(change.old, change.new),
        f"was  {words.ending(change.old, change.old_leg)}",
        *_by(change.old.rules),
        f"is   {words.ending(change.new, change.new_leg)}",
        *_by(change.new.rules),
        _look(change),
        words.met(change),
    ]


def _mark(change: MarkChange) -> list[str]:
    was, is_ = ([f"{when}  by {rule}" for rule in words.rules(rules)] for when, rules in _both(change))
    return [f"{change.what}   {change.operation}", *was, *is_, _look(change), words.met(change)]


def _both(change: MarkChange) -> tuple[tuple[str, tuple[Named, ...]], tuple[str, tuple[Named, ...]]]:
    return ("was", change.old), ("is ", change.new)


def _observed(change: ObservedChange) -> list[str]:
    return [f"{change.rule}: {change.effect}   {change.old} -> {change.new}", _look(change), words.met(change)]


def _by(rules: tuple[Named, ...]) -> list[str]:
    return [f"     by {rule}" for rule in words.rules(rules)]


def _look(change: FieldChange | FlowChange | MarkChange | ObservedChange) -> str:
    return f"see  {words.at(change.because)}" if change.because else ""
