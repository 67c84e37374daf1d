"""Following a plan through a body of any shape: opens only what the plan leads through, and leaves the rest as bytes.

A value here is the raw text as it arrived, or what an edit made of it: an untouched value is always the same object.
`Signal.REMOVE` stands for a member or element that goes, `Signal.DROP` for one that may go only as a member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw

from gateway.formats.alike import alike
from gateway.formats.document import Edit, Edits, Owner, Refused, Scalar, Signal, Spot, Whole
from gateway.formats.json_plan import Plan, below
from gateway.formats.json_value import NoScalarError, decode, encode
from gateway.formats.names import HIDDEN, distinct, together
from gateway.formats.selector import ANY, Step

OBJECT = msgspec.json.Decoder(dict[str, Raw])
ARRAY = msgspec.json.Decoder(list[Raw])

_MOST_REFUSED = 10

MISFIT = "treatment-misfit"
"""The refusal of a value that can't be treated."""

Value = Any
"""A `Raw`, or what an edit made: a scalar, a `Raw`, a dict or list of values, or a `Signal`."""


@dataclass(slots=True, eq=False)
class Walk:
    """One writing of one body: the record's owner, what was touched, what was refused.

    `opened` holds what was opened, `replaced` the records' new values and `renamed` their new names, by the identity of
    their raw text; `kept` keeps that text, so that no other takes its identity.
    """

    owner: Owner = None
    touched: dict[Plan, int] = field(default_factory=dict)
    refused: dict[tuple[Edits, Spot, str], Refused] = field(default_factory=dict)
    opened: dict[int, dict[str, Raw] | list[Raw]] = field(default_factory=dict)
    replaced: dict[int, Value] = field(default_factory=dict)
    renamed: dict[int, str | Signal] = field(default_factory=dict)
    kept: list[Raw] = field(default_factory=list)

    def treat(self, plan: Plan, raw: Raw) -> Value:
        """Give what the plan makes of a value."""
        if plan.record:
            return self.replaced.get(id(raw), raw)
        if plan.end:
            return self._whole(plan, raw) if plan.edit else raw
        inside = self.open(raw)
        if inside is None:
            return raw if plan.passage and _is_null(raw) else self.scalar(plan, raw)
        if plan.passage:
            if not (plan.objects if isinstance(inside, dict) else plan.arrays):
                return self._container(plan, raw, inside) if plan.edit and inside else raw
        elif plan.edit and plan.edit.whole is not Whole.DESCEND:
            self._look_for_refusals(plan, inside)
            return self._container(plan, raw, inside)
        return self._members(plan, raw, inside) if isinstance(inside, dict) else self._elements(plan, raw, inside)

    def hold(self, plan: Plan, raw: Raw) -> Value:
        """Treat what is no object's member: without it a list would be another list, so it can't be dropped."""
        new = self.treat(plan, raw)
        if new is Signal.DROP:
            self.refuse(plan)
            return raw
        return new

    def open(self, raw: Raw) -> dict[str, Raw] | list[Raw] | None:
        """Give an object's members or an array's elements; None for a scalar."""
        known = self.opened.get(id(raw))
        if known is not None:
            return known
        first = bytes(memoryview(raw)[:1])
        if first == b"{":
            return OBJECT.decode(raw)
        return ARRAY.decode(raw) if first == b"[" else None

    def find(self, raw: Raw, steps: Sequence[Step]) -> list[Raw]:
        """Give the values at the end of some steps, in the body's order; what was opened on the way stays open."""
        found = [raw]
        for step in steps:
            onward: list[Raw] = []
            for value in found:
                inside = self.open(value)
                if inside is None:
                    continue
                self.opened[id(value)] = inside
                self.kept.append(value)
                if step is ANY:
                    onward += inside.values() if isinstance(inside, dict) else inside
                elif isinstance(inside, dict):
                    if isinstance(step, str) and step in inside:
                        onward.append(inside[step])
                elif isinstance(step, int) and -len(inside) <= step < len(inside):
                    onward.append(inside[step])
            found = onward
        return found

    def alike(self, raw: Raw, steps: Sequence[Step]) -> list[Raw]:
        """Give what `find` gives, and what readers find who take one name for another."""
        found = [raw]
        for step in steps:
            onward: list[Raw] = []
            for value in found:
                inside = self.open(value)
                if isinstance(inside, dict) and isinstance(step, str):
                    onward += [member for name, member in inside.items() if alike(name, step)]
                elif inside is not None:
                    onward += self.find(value, (step,))
            found = onward
        return found

    def touch(self, plan: Plan, count: int = 1) -> None:
        """Count places that an edit changed."""
        self.touched[plan] = self.touched.get(plan, 0) + count

    def refuse(self, plan: Plan, why: str = "") -> None:
        """Note a place that an edit refused, or for `why`."""
        if len(self.refused) < _MOST_REFUSED:
            key = (plan.edits, plan.spot, plan.pointer)
            self.refused.setdefault(key, Refused(plan.pointer, plan.spot, plan.edits, why))

    def _members(self, plan: Plan, raw: Raw, inside: dict[str, Raw]) -> Value:
        """Treat the members of an object that the plan leads to; the order of the others, and theirs, stays."""
        names, other, called = plan.names, plan.member, plan.called
        made: dict[str, Value] | None = None
        renamed: dict[str, str] = {}
        for name in inside if other or called else names.keys() & inside.keys():
            child = names.get(name, other)
            old = inside[name]
            new = old if child is None else self.treat(child, old)
            if (called or self.renamed) and new is not Signal.REMOVE and new is not Signal.DROP:
                now = self._now_called(plan, name, child, old)
                if isinstance(now, Signal):
                    new = now
                elif now != name:
                    renamed[name] = now
            if new is not old:
                made = dict(inside) if made is None else made
                if new is Signal.REMOVE or new is Signal.DROP:
                    del made[name]
                else:
                    made[name] = new
        if renamed:
            made = inside if made is None else made
            told = distinct(renamed, made.keys() - renamed.keys())
            return {told.get(name, name): value for name, value in made.items()}
        return raw if made is None else made

    def _now_called(self, plan: Plan, name: str, child: Plan | None, raw: Raw) -> str | Signal:
        """Give what becomes of a member's name; that of a record may have been treated with it."""
        if child is not None and child.record and id(raw) in self.renamed:
            return self.renamed[id(raw)]
        return self.name(plan.called, name) if plan.called and plan.renames(name) else name

    def name(self, plan: Plan, name: str) -> str | Signal:
        """Treat the name of a member, and take down what becomes of it.

        One that a number tells apart from others is held against the edit without the number too: it may be one that
        was treated, and is written back.
        """
        edit, plain = _edit(plan), together(name)
        treat = edit.name or edit.value
        new = treat(name, self.owner)
        if plain != name and (guarded := treat(plain, self.owner)) in {Signal.REFUSE, Signal.DROP}:
            new = guarded
        if new is name:
            return name
        if new is Signal.REFUSE:
            self.refuse(plan)
            return name
        self.touch(plan)
        return new if isinstance(new, str | Signal) else HIDDEN

    def _elements(self, plan: Plan, raw: Raw, inside: list[Raw]) -> Value:
        """Treat the elements of an array that the plan leads to; removed ones close up."""
        indexes, other = plan.indexes, plan.element
        made: list[Value] = []
        same = True
        for index, old in enumerate(inside):
            child = indexes.get(index, other) if indexes else other
            new = old if child is None else self.hold(child, old)
            same = same and new is old
            if new is not Signal.REMOVE:
                made.append(new)
        return raw if same else made

    def _whole(self, plan: Plan, raw: Raw) -> Value:
        """Treat all that stands at a place, whatever it is."""
        inside = self.open(raw)
        return self.scalar(plan, raw) if inside is None else self._container(plan, raw, inside)

    def _container(self, plan: Plan, raw: Raw, inside: dict[str, Raw] | list[Raw]) -> Value:
        """Treat an object or array as a whole, or each scalar in it."""
        edit = _edit(plan)
        if not inside and edit.hollow is not None:
            return self.made(plan, raw, edit.hollow)
        if edit.whole is Whole.REFUSE:
            self.refuse(plan)
            return raw
        if edit.whole is Whole.DESCEND:
            all_ = below(plan)
            return self._members(all_, raw, inside) if isinstance(inside, dict) else self._elements(all_, raw, inside)
        if edit.whole is Whole.EMPTY:
            if not inside:
                return raw
            self.touch(plan)
            return Raw(b"{}" if isinstance(inside, dict) else b"[]")
        self.touch(plan)
        return Signal.REMOVE

    def scalar(self, plan: Plan, raw: Raw) -> Value:
        """Treat a scalar: the same text back where nothing changes."""
        if plan.edit is None:
            return raw
        try:
            old = decode(raw)
        except NoScalarError:
            self.refuse(plan, MISFIT)  # a number too long to be treated can't be let through either
            return raw
        new = plan.edit.value(old, self.owner)
        return raw if new is old else self.made(plan, raw, new)

    def made(self, plan: Plan, raw: Raw, new: Scalar | Signal) -> Value:
        """Take down what an edit made of a scalar, and give it as it is written: the old text where it refused."""
        if new is Signal.REFUSE:
            self.refuse(plan)
            return raw
        self.touch(plan)
        return encode(new) if isinstance(new, Decimal) else new

    def _look_for_refusals(self, plan: Plan, inside: dict[str, Raw] | list[Raw]) -> None:
        """Find what is refused inside of what is emptied or removed: hiding more must never undo a refusal."""
        if not any(child.refuses for child in plan.targets):
            return
        walk = Walk(self.owner, refused=self.refused, opened=self.opened)
        if isinstance(inside, dict):
            walk._members(plan, Raw(), inside)
        else:
            walk._elements(plan, Raw(), inside)


def _edit(plan: Plan) -> Edit:
    assert plan.edit is not None
    return plan.edit


def _is_null(raw: Raw) -> bool:
    return bytes(raw) == b"null"
