"""What a case calls places of a message: a selector (`$.customer.email`), a JSON Pointer, a class, `#query/email`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gateway.cases.outcome import Reading
from gateway.cases.places import pointer
from gateway.catalog.classes import CLASSES, covers, suggestions
from gateway.catalog.selectors import read_selector
from gateway.errors import Unreadable
from gateway.faults import Fault
from gateway.formats.registry import FORMATS
from gateway.formats.selector import Selector, parse
from gateway.workbench.values import Location, Value, is_name
from gateway.yamlsource import Leaf, Reader, suggest

_MOST = 8


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Some places. `text` is as written.

    `selector` (RFC 9535), `steps` (of a pointer) and `class_` say what else it may be than a selector of the catalogue
    in the words of another format, or the pointer of a place outside of the body: `#query/email`.
    """

    text: str
    selector: Selector | None = None
    steps: tuple[str, ...] | None = None
    class_: str = ""

    def __str__(self) -> str:
        """Give it as written."""
        return self.text

    def find(self, reading: Reading, customer: str | None) -> list[Value]:
        """Give the values there, in the order of the body; those of one customer's records only, where one is named.

        A selector as the catalogue writes it means the values that it covers; in a JSON body selectors and pointers
        begin at the body, or at each record of the customer. One that leads to an object or a list means every value
        in it.
        """
        if self.text.startswith("#") and (outside := [one for one in reading.outside if one.location[0] == self.text]):
            return outside
        own = [one for one in reading.places if customer is None or reading.belongs(one, customer)]
        labelled = [one for one in own if _in_other_words(one) and self.text in reading.selectors(one)]
        roots = ((),) if customer is None else reading.records(customer)
        plain = [one for one in own if not is_name(one)]
        if self.class_:
            every = (*reading.outside, *reading.places)
            within = [one for one in every if customer is None or reading.whose(one, customer)]
            return labelled or [one for one in within if any(covers(self.class_, class_) for class_ in one.classes)]
        if self.steps is not None:
            found = [one for one in plain if any(self._leads(reading, one, root) for root in roots)]
            return found or labelled
        ends = {end for root in (reading.lines if customer is None else roots) for end in self._ends(reading, root)}
        found = [one for one in plain if any(one.location[:size] in ends for size in _sizes(one.location))]
        return found or labelled

    def nearest(self, reading: Reading) -> str:
        """Give a hint for places that aren't there: what was probably meant, or what is there."""
        if self.class_:
            known = sorted({class_ for one in reading.places for class_ in one.classes})
            return suggest(self.class_, known) or f"there are: {', '.join(known[:_MOST])}"
        places = reading.outside if self.text.startswith("#") else reading.places
        shown = dict.fromkeys(self._called(reading, one) for one in places)
        return suggest(self.text, shown.keys()) or f"there are: {', '.join([*shown][:_MOST])}" if shown else ""

    def _called(self, reading: Reading, one: Value) -> str:
        """Name a place in the words that are used here."""
        if self.steps is None and _in_other_words(one) and (written := reading.selectors(one)):
            return min(written)
        return _selector(one.location) if self.selector else pointer(one.location)

    def _ends(self, reading: Reading, root: Location) -> list[Location]:
        if self.selector is None or reading.value is None:
            return []
        try:
            return [(*root, *location) for location in self.selector.locate(reading.at(root))]
        except Unreadable:
            return []

    def _leads(self, reading: Reading, one: Value, root: Location) -> bool:
        """Tell whether the pointer leads to a value, or to an object or list around it."""
        assert self.steps is not None
        outermost = [*one.around][-1]
        if outermost.within is None or outermost.within.exact:
            return _leads(root, self.steps, one.location)
        return _leads((), self.steps, one.location) or _leads((), self.steps, reading.beneath(one))


def read_whereabouts(reader: Reader, key: Leaf, selectors: Collection[str] = ()) -> Whereabouts | None:
    """Read what places are called; None, recorded, if it is no way to call any.

    `selectors` are those of the catalogues in the words of other formats than JSON, and of names.
    """
    text = key.text
    if text.startswith("$") and not (text.endswith(" (name)") and text in selectors):
        faults = len(reader.problems)
        warnings = len(reader.warnings)
        read_selector(reader, key, text, FORMATS["json"])
        del reader.warnings[warnings:]  # a slow selector costs nothing in a case
        return Whereabouts(text, selector=parse(text)) if len(reader.problems) == faults else None
    if text.startswith("/"):
        return Whereabouts(text, steps=tuple(map(_unescaped, text[1:].split("/"))))
    if text.startswith(("#path/", "#query/", "#header/")) or (text in selectors and text not in CLASSES):
        return Whereabouts(text)
    if text in CLASSES:
        return Whereabouts(text, class_=text)
    hint = suggest(text, selectors) or (
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


def _in_other_words(one: Value) -> bool:
    """Tell whether the catalogue's selector of a value isn't one of the body: another format's, or of what is held."""
    if one.within is None:
        return False
    return one.within.holder is not None or not one.within.exact or one.location == () or is_name(one)
