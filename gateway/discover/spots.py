"""The places of a message that need a label: which members are named, and where a wildcard must stand for their names.

An object whose members' names could be data (ids, people, dates, or simply too many) is a map: `$.by_id.*`. Names that
could be data are in no selector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from zlib import crc32

from gateway.discover.detectors import look
from gateway.discover.outline import Outline
from gateway.discover.shown import Show, show
from gateway.discover.words import singular, spoken, words
from gateway.formats.selector import ANY, Step

_SHORTHAND = re.compile(r"[A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff][\w\u0080-\ud7ff\ue000-\U0010ffff]*", re.ASCII)
_MANY = 8
_KEY_WORDS = frozenset({"by", "map", "index", "lookup", "per", "dict", "values", "entries"})


@dataclass(frozen=True, slots=True, eq=False)
class Spotted:
    """A place that needs a label: its steps from the record; `around` are the names above it, the nearest first.

    `whole`: all that lies below is labelled with it. `always`: it was there whenever the object around it was.
    `several`: a record may have it more than once, without an index.
    """

    steps: tuple[Step, ...]
    place: Outline
    around: tuple[str, ...]
    whole: bool = False
    always: bool = True
    several: bool = False

    @property
    def name(self) -> str:
        """Give the last name on the way; "" where a wildcard stands last."""
        names = [step for step in self.steps if step is not ANY]
        last = self.steps[-1] if self.steps else ANY
        if isinstance(last, str):
            return spoken(last)
        return singular(spoken(str(names[-1]))) if names else ""


def written(steps: Sequence[Step]) -> str:
    """Write a selector of RFC 9535."""
    return "$" + "".join(map(_step, steps))


def spots(place: Outline) -> Iterator[Spotted]:
    """Give every place at and below a tidied record that holds values."""
    yield from _spots(place, (), (), always=True)


def maps(place: Outline, steps: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str, str]]:
    """Give the objects of a tidied record that have names which aren't shown; what these look like, and their class."""
    if place.rest is not None:
        findings = look(place.keys.sample) if place.keys is not None else ()
        sure = next((finding.detector for finding in findings if finding.enough and not finding.detector.asks), None)
        yield steps, sure.told if sure else "ids or other values", sure.class_ if sure else "user.unique_id"
        yield from maps(place.rest, (*steps, ANY))
    for name, inner in place.members.items():
        yield from maps(inner, (*steps, name))
    if place.elements is not None:
        yield from maps(place.elements, (*steps, ANY))


def tidy(
    place: Outline,
    name: str = "",
    echoes: AbstractSet[int] = frozenset(),
    *,
    maps: bool = True,
    lone: bool = True,
) -> None:
    """Settle, here and below, which objects are maps; members whose names are never shown are united in `rest`.

    `maps`: names of members may be keys, as in JSON. `lone`: one that is written otherwise than all others may be data.
    """
    if maps and place.members and not place.crowded and _is_map(place, name, echoes):
        place.crowd()
    for member in hidden(place, echoes, lone=lone):
        _unname(place, member)
    for member, inner in place.members.items():
        tidy(inner, member, echoes, maps=maps, lone=lone)
    for below in (place.rest, place.elements):
        if below is not None:
            tidy(below, singular(name), echoes, maps=maps, lone=lone)


def hidden(place: Outline, echoes: AbstractSet[int], *, lone: bool = True) -> list[str]:
    """Give the members of a place whose names mustn't be shown."""
    styles = {_style(member) for member in place.members if show(spoken(member)) is Show.KNOWN}
    return [
        member for member in place.members if _could_be_data(member, echoes) or (lone and _stands_alone(member, styles))
    ]


def _could_be_data(name: str, echoes: AbstractSet[int]) -> bool:
    """Tell whether a name mustn't be shown: by its looks, or because answers hold it as a value."""
    shown = show(spoken(name))
    return shown is Show.ODD or (shown is Show.PLAIN and crc32(spoken(name).encode("utf-8", "surrogatepass")) in echoes)


def _stands_alone(name: str, styles: AbstractSet[str]) -> bool:
    """Tell whether a name is written as people's names are, and no known one beside it is: `Smithson`, `deLaCruz`."""
    style = _style(name)
    return style in {"Name", "mixedName"} and style not in styles and show(spoken(name)) is Show.PLAIN


def _style(name: str) -> str:
    said = spoken(name)
    if said.isupper() or said.islower():
        return "all alike"
    return "Name" if said[:1].isupper() else "mixedName"


def _unname(place: Outline, member: str) -> None:
    inner = place.members.pop(member)
    keys = Outline()
    keys.keys = place.keys
    keys.members = {member: inner}
    keys.rest = place.rest
    keys.crowd()
    place.keys, place.rest = keys.keys, keys.rest


def _is_map(place: Outline, name: str, echoes: AbstractSet[int]) -> bool:
    """Tell whether the names of an object's members are keys."""
    odd = sum(_could_be_data(member, echoes) for member in place.members)
    named = sum(show(spoken(member)) is Show.KNOWN for member in place.members)
    count = len(place.members)
    if 2 * odd > count:
        return True
    if 2 * named >= count or not _alike(list(place.members.values())):
        return False
    varying = place.objects > 1 and 2 * sum(inner.seen for inner in place.members.values()) < place.objects * count
    pieces = words(name)
    holder = bool(pieces) and (singular(pieces[-1]) != pieces[-1] or not _KEY_WORDS.isdisjoint(pieces))
    return count >= _MANY or (varying and count > 2) or holder  # noqa: PLR2004 - of two, one may be optional


def _alike(places: Sequence[Outline]) -> bool:
    """Tell whether members hold the same kind of thing: scalars of a kind, or objects that share members."""
    kinds = {kind for place in places for kind in place.kinds}
    if len(kinds) > 1:
        return False
    if kinds != {"object"}:
        return True
    sets = [set(place.members) for place in places if place.objects]
    shared, all_ = set.intersection(*sets), set.union(*sets)
    return not all_ or 2 * len(shared) >= len(all_) or all(place.crowded for place in places)


def _spots(
    place: Outline, steps: tuple[Step, ...], around: tuple[str, ...], *, always: bool, several: bool = False
) -> Iterator[Spotted]:
    if place.cut:
        yield Spotted(steps, place, around, whole=True, always=always, several=several)
        return
    if place.scalars or not (place.members or place.rest is not None or place.elements is not None):
        # Nothing but null, or empty lists and objects: what comes there one day has its label already.
        yield Spotted(steps, place, around, always=always, several=several)
    above = _above(steps, around)
    for member, inner in place.members.items():
        there = always and inner.seen >= place.objects
        yield from _spots(inner, (*steps, member), above, always=there, several=several or inner.several)
    if place.rest is not None and place.members:
        yield Spotted((*steps, ANY), place.rest, above, whole=True, always=False, several=True)
    elif place.rest is not None:
        yield from _spots(place.rest, (*steps, ANY), above, always=False, several=True)
    if place.elements is not None:
        yield from _spots(place.elements, (*steps, ANY), above, always=False, several=True)


def _above(steps: tuple[Step, ...], around: tuple[str, ...]) -> tuple[str, ...]:
    last = steps[-1] if steps else ANY
    return (spoken(last), *around) if isinstance(last, str) else around


def _step(step: Step) -> str:
    if step is ANY:
        return "[*]"
    if isinstance(step, int):
        return f"[{step}]"
    if _SHORTHAND.fullmatch(str(step)):
        return f".{step}"
    escaped = str(step).replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"
