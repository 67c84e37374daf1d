"""What a case calls places of a message: a selector (`$.customer.email`), a JSON Pointer, a class, `#query/email`."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.cases.outcome import Reading
from gateway.cases.places import Location, Spotted, pointer
from gateway.catalog.classes import CLASSES, covers, suggestions
from gateway.catalog.selectors import read_selector
from gateway.errors import Unreadable
from gateway.faults import Fault
from gateway.formats.registry import FORMATS
from gateway.formats.selector import Selector, parse
from gateway.yamlsource import Leaf, Reader, suggest

_MOST = 8


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Some places. Of `selector` (RFC 9535), `steps` (of a pointer) and `class_` one is given; `text` is as written.

    Where none is, the text is the pointer of a place outside of the body: `#query/email`.
    """

    text: str
    selector: Selector | None = None
    steps: tuple[str, ...] | None = None
    class_: str = ""

    def __str__(self) -> str:
        """Give it as written."""
        return self.text

    def find(self, reading: Reading, customer: str | None) -> list[Spotted]:
        """Give the values there, in the order of the body; those of one customer's records only, where one is named.

        Selectors and pointers begin at the body, or at each record of the customer. One that leads to an object or a
        list means every value in it.
        """
        if not (self.class_ or self.steps is not None or self.selector):
            return [one for one in reading.outside if one.location[0] == self.text]
        roots = ((),) if customer is None else reading.records(customer)
        if self.class_:
            every = (*reading.outside, *reading.places)
            within = [one for one in every if customer is None or one.record.facts.customer == customer]
            return [one for one in within if any(covers(self.class_, class_) for class_ in one.classes)]
        if self.steps is not None:
            return [one for one in reading.places if any(_leads(root, self.steps, one.location) for root in roots)]
        ends = {end for root in roots for end in self._ends(reading.at(root), root)}
        return [one for one in reading.places if any(one.location[:size] in ends for size in _sizes(one.location))]

    def nearest(self, reading: Reading) -> str:
        """Give a hint for places that aren't there: what was probably meant, or what is there."""
        if self.class_:
            known = sorted({class_ for one in reading.places for class_ in one.classes})
            return suggest(self.class_, known) or f"there are: {', '.join(known[:_MOST])}"
        places = reading.outside if self.text.startswith("#") else reading.places
        shown = dict.fromkeys(_selector(one.location) if self.selector else pointer(one.location) for one in places)
        return suggest(self.text, shown.keys()) or f"there are: {', '.join([*shown][:_MOST])}" if shown else ""

    def _ends(self, value: object, root: Location) -> list[Location]:
        assert self.selector is not None
        try:
            return [(*root, *location) for location in self.selector.locate(value)]
        except Unreadable:
            return []


def read_whereabouts(reader: Reader, key: Leaf) -> Whereabouts | None:
    """Read what places are called; None, recorded, if it is no way to call any."""
    text = key.text
    if text.startswith("$"):
        faults = len(reader.problems)
        warnings = len(reader.warnings)
        read_selector(reader, key, text, FORMATS["json"])
        del reader.warnings[warnings:]  # a slow selector costs nothing in a case
        return Whereabouts(text, selector=parse(text)) if len(reader.problems) == faults else None
    if text.startswith("/"):
        return Whereabouts(text, steps=tuple(map(_unescaped, text[1:].split("/"))))
    if text.startswith(("#path/", "#query/", "#header/")):
        return Whereabouts(text)
    if text in CLASSES:
        return Whereabouts(text, class_=text)
    hint = (
        suggestions(text)
        if "." in text
        else "write a selector such as $.customer.email, or a class such as user.contact"
    )
    reader.fault(key, f'"{text[:100]}" is neither a selector nor a class', hint, code=Fault.NO_PLACE)
    return None


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _leads(root: Location, steps: tuple[str, ...], location: Location) -> bool:
    """Tell whether a pointer below a root leads to a place, or to an object or list around it; `*` is any step."""
    below = location[len(root) :]
    if location[: len(root)] != root or len(below) < len(steps):
        return False
    return all(step in {"*", str(actual)} for step, actual in zip(steps, below, strict=False))


def _sizes(location: Location) -> range:
    return range(len(location) + 1)


def _selector(location: Location) -> str:
    """Write a location as a selector, the indexes as [*]."""
    return "$" + "".join("[*]" if isinstance(step, int) else f".{step}" for step in location)
