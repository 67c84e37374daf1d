"""The places of a leg with what each met: fields, classes, rules, and how several treatments became one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.dryrun.changes import Named
from gateway.dryrun.leaves import Cell, Leaves, Shown
from gateway.dryrun.origin import fields_of, rules_of
from gateway.dryrun.together import Path
from gateway.flow import Leg
from gateway.formats.document import Spot
from gateway.policy.decision import Held, Reason
from gateway.policy.explain import Account
from gateway.policy.readback import Form
from gateway.steps.sight import Sight
from gateway.treatments.lattice import join_all
from gateway.treatments.words import told
from gateway.workbench.values import Value, values

if TYPE_CHECKING:
    from gateway.dryrun.explain import Group

_ARRIVES = {
    Shown.SAME: "as it came",
    Shown.CHANGED: "changed",
    Shown.VEILED: "masked whole",
    Shown.GONE: "not at all",
    Shown.WIPED: "redacted",
}


@dataclass(frozen=True, slots=True, eq=False)
class FieldStory:
    """A place of a leg and what its values met; `paths` lead to them in the body (the first thousand of `values`).

    `accounts` are of the protections for its classes, in force or not. `join` says how several treatments became one.
    `forms` are those in which this caller may have read such values (requests only); `made` those that the values
    written here look like.
    """

    pointer: str
    classes: tuple[str, ...]
    fields: tuple[Named, ...]
    treatment: str
    arrives: str
    rules: tuple[Named, ...]
    values: int
    paths: tuple[Path, ...]
    group: int
    accounts: tuple[Account, ...]
    join: str = ""
    forms: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


_MOST_PATHS = 1000

_Alike = tuple[int, Spot, str, tuple[str, ...], str]
"""What values are told together: of one decision (in requests, one record), spot and message, at one way, alike."""


def fields_in(sight: Sight, leaves: Leaves | None, groups: Sequence[Group], folder: str) -> Iterator[FieldStory]:
    """Tell of every place of a leg, in the order of the body."""
    if leaves is None:
        return
    found: dict[_Alike, list[Path]] = {}
    cells: dict[_Alike, Cell] = {}
    counts: Counter[_Alike] = Counter()
    for path, leaf in leaves:
        if leaf.cell is None:
            continue
        record = leaf.cell.record
        whose = id(record.decision) if sight.leg is Leg.RESPONSE else id(leaf.cell)
        key = (whose, leaf.cell.spot, leaf.cell.plan.name, leaf.cell.way(path), _ARRIVES[leaf.at(path)])
        cells.setdefault(key, leaf.cell)
        counts[key] += 1
        if counts[key] <= _MOST_PATHS:
            found.setdefault(key, []).append(path)
    written = values(sight) if sight.leg is Leg.REQUEST else ()  # for the guard of requests alone
    for key, paths in found.items():
        cell, way, arrives = cells[key], key[3], key[4]
        number = next(n for n, one in enumerate(groups) if one.decision is cell.record.decision)
        count = counts[key]
        yield _story(sight, cell, way, arrives, paths, count, groups[number], number, written, folder)


def _story(
    sight: Sight, cell: Cell, way: tuple[str, ...], arrives: str, paths: list[Path], count: int,
    group: Group, number: int, written: Sequence[Value], folder: str,
) -> FieldStory:  # fmt: skip
    """Tell of one place."""
    classes = frozenset(cell.classes)
    forms = _forms(sight, cell)
    here = [value for value in written if _made(value, cell, way)] if forms else []
    made = (form for form in forms if any(form[0].could_have_made(value.old) for value in here))
    revealed = bool(cell.fate.reveals) and cell.fate.treatment is None and arrives == _ARRIVES[Shown.CHANGED]
    return FieldStory(
        pointer="".join("/" + part.replace("~", "~0").replace("/", "~1") for part in way),
        classes=cell.classes,
        fields=fields_of(cell, sight, folder),
        treatment="reveal" if revealed else told(cell.fate.treatment),
        arrives=arrives,
        rules=rules_of(cell, sight, folder),
        values=count,
        paths=tuple(paths),
        group=number,
        accounts=tuple(one for one in group.accounts if cell.spot and selects(one, classes)),
        join=joined([one for one in group.accounts if cell.spot and protects(one, classes)]),
        forms=tuple(f"{told(treatment)} ({write_back})" for treatment, write_back in forms),
        made=tuple(dict.fromkeys(told(treatment) for treatment, _ in made)),
    )


def selects(account: Account, classes: frozenset[str]) -> bool:
    """Tell whether a rule is a protection that is written for any of these classes."""
    rule = account.rule
    return rule.kind == "protect" and Held(rule, Reason(rule.id, rule.place), frozenset()).protects(classes)


def protects(account: Account, classes: frozenset[str]) -> bool:
    """Tell whether a protection is in force for a place of these classes: no consent takes them out of it."""
    return account.rule.kind == "protect" and account.in_force and bool(account.held and account.held.protects(classes))


def joined(in_force: Sequence[Account]) -> str:
    """Say how several treatments became one; "" where they are alike."""
    treatments = list(dict.fromkeys(one.rule.treatment for one in in_force if one.rule.treatment is not None))
    if len(treatments) < 2:  # noqa: PLR2004 - one needs no join
        return ""
    result = join_all(treatments)
    names = " and ".join(map(told, treatments))
    if result in treatments:
        return f"{names}: {told(result)} hides what the others hide"
    if any(type(one) is type(result) for one in treatments):
        return f"{names}: only what all of them show is shown, {told(result)}"
    return f"{names} can't be had together, and neither hides all that the other hides: so it is {told(result)}"


def _forms(sight: Sight, cell: Cell) -> tuple[Form, ...]:
    """Give the forms in which this caller may have read what it now writes."""
    if sight.leg is not Leg.REQUEST:
        return ()
    labels = cell.record.labels
    forms = sight.hearing.forms(cell.record.facts.customer, frozenset(cell.classes)) if cell.spot else ()
    return (*forms, *(() if cell.spot else labels.hidden_forms))


def _made(value: Value, cell: Cell, way: tuple[str, ...]) -> bool:
    """Tell whether a value is one of a cell's, at one of its ways."""
    if value.record is not cell.record or value.spot != cell.spot or len(way) > len(value.location):
        return False
    return all(part in {"*", "?"} or part == step for part, step in zip(way, value.location, strict=False))
