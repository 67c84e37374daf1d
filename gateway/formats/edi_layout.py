"""What a catalogue says of an EDI message, compiled: its fields, its loops, and the qualifiers that it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.formats.document import Spot
from gateway.formats.edi_rules import Rules
from gateway.formats.edi_selector import Selector, parse
from gateway.formats.format import Option, Shape

OPTIONS: Mapping[str, Option] = {
    "loops": Option(
        "names",
        "Which segments are in a loop, by the tag that begins it, as in {N1: N2 N3 N4 PER}; any other ends it.",
    ),
    "counts": Option(
        "choice",
        "Whether a body whose counts of segments, messages or groups are wrong is refused (check) or not (keep).",
        default="check",
        choices=("check", "keep"),
    ),
}

_CODE = re.compile(r"[A-Za-z0-9]{1,3}")
_SERVICE_CODE = re.compile(r"[A-Za-z0-9]{1,3}|[A-Z]{6}")  # of six letters are types of messages: ORDERS
_NUMBER = re.compile(r"[A-Za-z0-9]{1,3}|[0-9]{1,6}")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A compiled message. `fields` are of records, `envelope` of what is around them.

    `tested` has the values that selectors ask for, by tag, element and component; `tags` are those that they name.
    `counted` tells that wrong counts are refused.
    """

    rules: Rules
    fields: tuple[Selector, ...]
    customer: Selector | None
    records: Selector | None
    envelope: tuple[Selector, ...]
    loops: Mapping[str, frozenset[str]]
    tested: Mapping[tuple[str, int, int], frozenset[str]]
    tags: frozenset[str]
    counted: bool

    def spot(self, found: Spot, element: int, component: int, *, inside: bool) -> Spot:
        """Give the fields that cover a leaf; `found` are those that found its segment, inside of records or around."""
        fields = self.fields if inside else self.envelope
        return tuple(index for index in found if fields[index].covers(element, component))

    def stays(self, tag: str, element: int, component: int, value: str) -> bool:
        """Tell whether a place that no field names is no data: control data, a qualifier, a number of a hierarchy."""
        if element in self.rules.service.get(tag, ()):
            return self.rules.shaped(tag, element, value)
        if element in self.rules.codes.get(tag, ()):
            return bool(_SERVICE_CODE.fullmatch(value))
        if element in self.rules.trees.get(tag, ()):
            return bool(_NUMBER.fullmatch(value))
        asked = self.tested.get((tag, element, component))
        if asked is None:
            return False
        return value in asked or (all(map(_is_code, asked)) and _is_code(value))


def layout(shape: Shape, rules: Rules) -> Layout:
    """Compile a message. ValueError says what doesn't go together."""
    fields = tuple(parse(text, rules) for text in shape.fields)
    around = tuple(parse(text, rules) for text in shape.envelope)
    customer = parse(shape.customer, rules) if shape.customer else None
    records = parse(shape.records, rules) if shape.records else None
    if records is not None and records.element is not None:
        raise ValueError("records are segments with their loops; their selector names no element")
    if records is not None and records.tag in rules.stops:
        raise ValueError(f"no record begins with {records.tag}")
    used = [one for one in (*fields, *around, customer, records) if one is not None]
    loops = {tag: _members(tag, text, rules) for tag, text in (shape.options.get("loops") or {}).items()}
    tags = frozenset(step.tag for one in used for step in one.steps)
    counted = shape.options.get("counts") != "keep"
    return Layout(rules, fields, customer, records, around, loops, _tested(used), tags, counted)


def _members(tag: str, text: str, rules: Rules) -> frozenset[str]:
    members = text.split()
    wrong = next((one for one in (tag, *members) if not re.fullmatch(rules.tag, one)), None)
    if wrong is not None or not members:
        raise ValueError(f"a loop is the tag that begins it, and the tags in it: {{{rules.loop}}}")
    if tag in members or tag in rules.envelopes or tag in rules.stops:
        raise ValueError(f"{tag} is no loop that can be told by its segments")
    return frozenset(members)


def _tested(selectors: Iterable[Selector]) -> dict[tuple[str, int, int], frozenset[str]]:
    found: dict[tuple[str, int, int], frozenset[str]] = {}
    for step in (step for selector in selectors for step in selector.steps):
        for test in step.tests:
            key = (step.tag, test.element, test.component)
            found[key] = found.get(key, frozenset()) | test.values
    return found


def _is_code(value: str) -> bool:
    """Tell whether a value is like the codes of qualifiers."""
    return bool(_CODE.fullmatch(value))
