"""How one JSON message is read: its labels, its records and where a record names its customer; compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json import JSONDecoder

from msgspec import Raw

from gateway.formats.document import Edits, Spot
from gateway.formats.json_plan import Plan, memoised, plan
from gateway.formats.json_table import Former, names_of
from gateway.formats.json_trie import RECORD, Label, Node, build
from gateway.formats.names import Known
from gateway.formats.selector import ANY, Selector, Step

_KNOWN = Known()
_EXACT_DIGITS = 15  # whole numbers of so many digits are exact as doubles


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A compiled message. `labels` are the fields with plain selectors, `searches` those that must find their places.

    `fields` is the tree of the labels under a record; `envelope` that of the labels around the records, with the way to
    them, and None where the whole body is the one record. `former` learns how its bodies look, where that is of use.
    `called` are the fields that label the name of the record itself, as a member of a map; `by_name` tells that this
    name is its customer. `known` are the names that may stay though nobody labelled them.
    """

    labels: tuple[Label, ...]
    searches: tuple[tuple[int, Selector], ...]
    fields: Node
    envelope: Node | None
    records: tuple[Step, ...] | None
    customer: tuple[Step, ...] | None
    former: Former | None
    called: Spot = ()
    by_name: bool = False
    known: Known = _KNOWN

    def plan(self, record: Raw, edits: Edits) -> Plan | None:
        """Give what edits do to a record: compiled once, or anew where selectors must find their places in it first."""
        if self.searches:
            return plan(self._search(record), edits, self.known)
        return memoised(self.fields, edits, self.known)

    def plan_name(self, edits: Edits) -> Plan | None:
        """Give what edits do to the name of a record, where a field labels it."""
        key = (Layout, self.called)
        if key not in edits.memo:
            edit, pointer = edits.of(self.called), f"{self.fields.pointer.rpartition('/')[0]}/?"
            edits.memo[key] = None if edit is None else Plan(edits, self.called, pointer, edit)
        made = edits.memo[key]
        assert made is None or isinstance(made, Plan)
        return made

    def plan_around(self, edits: Edits) -> Plan | None:
        """Give what edits do around the records."""
        return None if self.envelope is None else memoised(self.envelope, edits, self.known)

    def _search(self, record: Raw) -> Node:
        value = _PARSER.decode(bytes(record).decode())
        found = [
            Label(index, place, selector.names) for index, selector in self.searches for place in selector.locate(value)
        ]
        return build([*self.labels, *found], self.fields.pointer)


def _whole_number(text: str) -> int | float:
    """Read a whole number as the library reads those in filters: beyond 2^53, as the nearest double (RFC 7493)."""
    return int(text) if len(text) <= _EXACT_DIGITS else float(text)


_PARSER = JSONDecoder(parse_int=_whole_number)


@dataclass(frozen=True, slots=True)
class Names:
    """What a catalogue says of names: which fields, by index, label the names of members, in records and around them.

    `by_name`: the name of a record is its customer. `listed`: the names that may stay, None where it doesn't say.
    """

    fields: frozenset[int] = frozenset()
    envelope: frozenset[int] = frozenset()
    by_name: bool = False
    listed: frozenset[str] | None = None


_NO_NAMES = Names()


def layout(
    fields: Sequence[Selector],
    customer: Selector | None,
    records: Selector | None = None,
    envelope: Sequence[Selector] = (),
    names: Names = _NO_NAMES,
) -> Layout:
    """Compile a message's selectors: `fields` and `customer` from each record, the others from the body.

    ValueError says why they can't be used: a customer that may be many, records or envelope fields that are not plain
    (names, indexes from 0 and wildcards), envelope fields that reach into the records.
    """
    if customer is not None and not customer.singular:
        raise ValueError(f"the customer {customer.text} can find several values; name one member: $.a.b")
    for selector in (*([records] if records else ()), *envelope):
        if not selector.hot:
            raise ValueError(f"{selector.text} must name members, indexes from 0 and [*] only, around records")
    called = tuple(index for index in sorted(names.fields) if not fields[index].steps)
    in_map = records is not None and records.steps[-1:] == (ANY,)
    if names.by_name and not in_map:
        raise ValueError("a record has a name only where `records` leads to the members of a map: $.customers.*")
    labels = tuple(
        Label(index, selector.steps, called=index in names.fields)
        for index, selector in enumerate(fields)
        if selector.hot and index not in called
    )
    around = None
    pointer = ""
    if records is not None:
        around = build(
            [
                Label(RECORD, records.steps),
                *(
                    Label(index, selector.steps, called=index in names.envelope)
                    for index, selector in enumerate(envelope)
                ),
            ]
        )
        for node in _records(around):
            if node.cover or not node.end:
                raise ValueError("a field of the list's envelope reaches into its records; label it in the record")
            pointer = node.pointer
    searches = tuple((index, selector) for index, selector in enumerate(fields) if not selector.hot)
    return Layout(
        labels=labels,
        searches=searches,
        fields=build(labels, pointer),
        envelope=around,
        records=records.steps if records else None,
        customer=customer.steps if customer else None,
        former=None if searches or not labels or called or names.by_name else _former(records, customer),
        called=called if in_map else (),
        by_name=names.by_name,
        known=Known(names.listed, customer.names if customer else frozenset()),
    )


def _former(records: Selector | None, customer: Selector | None) -> Former | None:
    """Make ready to learn, where records and their customer are found by names alone."""
    names = names_of(records.steps if records else None)
    way = tuple(step for step in customer.steps if isinstance(step, str)) if customer else ()
    if names is False or (customer and len(way) != len(customer.steps)):
        return None
    return Former(names, way, cuts={way: False} if way else {})


def _records(node: Node) -> Iterator[Node]:
    """Give the places of records in an envelope's tree."""
    if node.record:
        yield node
    for child in (*node.names.values(), node.member, *node.indexes.values()):
        if child is not None:
            yield from _records(child)
