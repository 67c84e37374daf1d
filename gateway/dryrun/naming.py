"""Which names of members a report may show: those that look like names of fields, and not like values of a map.

An object can be a map whose keys are somebody's data: `{"ann@example.com": 3}`, `{"C-017": {...}, "C-018": {...}}`.
Of the two mistakes, hiding a field's name as `?` and showing a customer's, this makes the first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

HIDDEN = "?"
_FIELD = re.compile(r"(?=.{1,48}\Z)[@$_#]?[A-Za-z]+(?:[._-]{1,2}[A-Za-z]+)*_?")
_NUMBERED = re.compile(r"(?=.{1,48}\Z)[@$_#]?[A-Za-z]{3,}(?:[_-][A-Za-z]+)*[_-]?\d{1,2}")  # line1, address_2
_DOTTED_HOST = re.compile(r"[^@].*\.")
_OTHER_SCRIPT = re.compile(r"[^\W\d_]{1,16}")
_RARE, _ENOUGH, _OFTEN = 2, 4, 0.5


def looks_like_a_field(name: str) -> bool:
    """Tell whether a name is written as names of fields are, in ASCII: no digits but one or two at its end, no host."""
    if _FIELD.fullmatch(name):
        return not _DOTTED_HOST.match(name)
    return _NUMBERED.fullmatch(name) is not None


def is_map(shapes: Iterable[Collection[str]]) -> bool:
    """Tell whether an object whose members are objects (with these names) holds one kind of thing, as maps do."""
    seen: set[frozenset[str]] = set()
    for names in shapes:
        shape = frozenset(names)
        if shape and shape in seen:
            return True
        seen.add(shape)
    return False


def shown(counts: Mapping[str, int], objects: int) -> dict[str, str]:
    """Give, for each name that was seen in one place, what may be shown for it.

    `counts` tell in how many of the `objects` seen there it stood. Several names that came once or twice each, where
    many objects were seen, are keys of a map. Names that begin with a capital are shown where they came more often;
    names in other scripts, where most objects have them: both could be somebody's.
    """
    rare = {name for name, count in counts.items() if count <= _RARE}
    mapped = rare if len(rare) > _RARE and objects >= _ENOUGH else {name for name in rare if name[:1].isupper()}
    return {
        name: name if name not in mapped and (looks_like_a_field(name) or _common(name, count, objects)) else HIDDEN
        for name, count in counts.items()
    }


def _common(name: str, count: int, objects: int) -> bool:
    """Tell whether a name in another script stands in most of many objects, as a field's does."""
    often = objects >= _ENOUGH and count >= objects * _OFTEN
    return often and not name.isascii() and _OTHER_SCRIPT.fullmatch(name) is not None
