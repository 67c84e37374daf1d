"""Changes as a part of the HTML report: tables, the gravest first; everything escaped by `html_parts`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.dryrun import against_words as words
from gateway.dryrun.changes import Changes, FieldChange, FlowChange, MarkChange, Named, ObservedChange
from gateway.dryrun.html_parts import NONE, Html, code, element, table
from gateway.dryrun.words import number

_MOST = 500


def fragment(changes: Changes) -> Html:
    """Give what changes, without a heading of its own: the report has one."""
    exposed, *fields = words.FIELDS
    lost, *marks = words.MARKS
    more = f"{number(changes.left_out)} more, of kinds that there was no room for." if changes.left_out else ""
    return Html("".join((
        element("p", _folders(changes), class_="soft"),
        element("p", words.verdict(changes), class_=f"lead {'refuse' if changes.exposed else 'pass'}"),
        _fields(exposed, changes.of("exposed")),
        _marks(lost, changes.marked("lost")),
        *(_flows(kind, changes.ended(kind[0])) for kind in words.FLOWS),
        *(_fields(kind, changes.of(kind[0])) for kind in fields),
        *(_marks(kind, changes.marked(kind[0])) for kind in marks),
        _observed(changes.observed),
        element("p", more) if more else NONE,
    )))  # fmt: skip


def _folders(changes: Changes) -> Html:
    return Html(f"Was: {code(changes.old_folder or 'the old policies')}. Is: {code(changes.new_folder or 'the new')}.")


def _fields(kind: tuple[str, str, str], changes: Sequence[FieldChange]) -> Html:
    rows = (
        (
            code(words.place(one)), words.where(one), code(words.classes(one.old, one.new)),
            _said(words.side(one.old), one.old.rules), _said(words.side(one.new), one.new.rules),
            number(one.places), number(one.flows), words.first(one), code(words.at(one.because)),
        )
        for one in changes[:_MOST]
    )  # fmt: skip
    headings = ("place", "operation", "class", "was", "is", "values", "flows", "first", "see")
    return _table(kind, headings, rows, (5, 6), len(changes))


def _flows(kind: tuple[str, str, str], changes: Sequence[FlowChange]) -> Html:
    rows = (
        (
            code(words.operation(one.old, one.new)),
            _said(words.ending(one.old, one.old_leg), one.old.rules),
            _said(words.ending(one.new, one.new_leg), one.new.rules),
            number(one.flows), words.first(one), code(words.at(one.because)),
        )
        for one in changes[:_MOST]
    )  # fmt: skip
    return _table(kind, ("operation", "was", "is", "flows", "first", "see"), rows, (3,), len(changes))


def _marks(kind: tuple[str, str, str], changes: Sequence[MarkChange]) -> Html:
    rows = (
        (
            one.what, code(one.operation), _said("", one.old), _said("", one.new),
            number(one.flows), words.first(one), code(words.at(one.because)),
        )
        for one in changes[:_MOST]
    )  # fmt: skip
    return _table(kind, ("what", "operation", "was by", "is by", "flows", "first", "see"), rows, (4,), len(changes))


def _observed(changes: Sequence[ObservedChange]) -> Html:
    rows = (
        (
            code(one.rule), one.effect, one.old, one.new,
            number(one.flows), words.first(one), code(words.at(one.because)),
        )
        for one in changes[:_MOST]
    )  # fmt: skip
    headings = ("rule", "effect", "was", "is", "flows", "first", "see")
    return _table(("", *words.OBSERVED), headings, rows, (4,), len(changes))


def _said(told: str, rules: Iterable[Named]) -> Html:
    """Say what a set does, and by which rules; where they are written is in their names and under `see`."""
    by = Html(", ".join(code(rule.name) for rule in rules))
    lines = [element("span", told)] if told else []
    return Html("<br>".join([*lines, *([by] if by else [])]))


def _table(
    kind: tuple[str, str, str],
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Sequence[int],
    count: int,
) -> Html:
    _, title, meaning = kind
    found = table(f"{meaning[0].upper()}{meaning[1:]}.", headings, rows, right, max(0, count - _MOST))
    return Html(element("h3", title) + found) if found else NONE
