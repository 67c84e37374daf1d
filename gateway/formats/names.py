"""Names of members that nobody labelled: which of them may stay, since a name can be somebody's data as well.

Where a catalogue lists them, only those that it lists stay. Where it doesn't, a name stays that is written as names in
programs are. That is a net and no wall: it stops addresses, telephone numbers, dates, most ids, and whatever has a
space or is in another script; it does not stop a value that happens to be written like a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HIDDEN = "[redacted]"
"""What stands for a name that could not be treated in any other way."""

_ODATA = (
    "associationLink|bind|context|count|delta|deltaLink|editLink|etag|id|mediaContentType|mediaEditLink|mediaEtag"
    "|mediaReadLink|metadataEtag|navigationLink|nextLink|readLink|type"
)
_PLAIN = re.compile(rf"(?=.)(?:[@#]?[A-Za-z_$][\w$:/#-]{{0,63}})?(?:@odata\.(?:{_ODATA}))?", re.ASCII)
_DATA = re.compile(
    r"[0-9]{4}"  # a number, a year, a piece of a telephone number
    r"|[A-Za-z][:/#-][0-9]"  # C-017
    r"|(?:[0-9][^0-9]*){6}"  # an id of letters and digits
    r"|(?:^|[^0-9A-Za-z])[0-9a-f]*[0-9][0-9a-f]{7,}"  # one in hexadecimal
    r"|^pn_[\w-]{22}$",  # a pseudonym that is written back
    re.ASCII,
)
_NO_TITLE = re.compile(r"[@\uff20]|\d{5}|(?:\d\D*){8}")
_LONGEST_TITLE = 64
_NUMBERED = re.compile(r" \([1-9][0-9]{0,8}\)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """What a catalogue says of names in a message: `listed` are those that may stay, None where it doesn't say.

    `spelt` are names that stand in its selectors all the same, such as that of the customer.
    """

    listed: frozenset[str] | None = None
    spelt: frozenset[str] = frozenset()

    def stays(self, name: str) -> bool:
        """Tell whether a name that nobody labelled may stay."""
        return name in self.spelt or (plain(name) if self.listed is None else name in self.listed)


def plain(name: str) -> bool:
    """Tell whether a name is written as names in programs are: `internal_note`, `@odata.type`, `gs1:qty`."""
    return _PLAIN.fullmatch(name) is not None and _DATA.search(name) is None


def title(name: str) -> bool:
    """Tell whether the name of a column, written for people, may be just that: no address, number, date or id."""
    return len(name) <= _LONGEST_TITLE and _NO_TITLE.search(name) is None and together(name) != HIDDEN


def distinct(changed: Mapping[str, str], staying: Iterable[str]) -> dict[str, str]:
    """Tell new names apart, in their order: from those that stay, and from each other, by numbers behind them."""
    taken, counts, made = set(staying), dict[str, int](), dict[str, str]()
    for old, new in changed.items():
        name, count = new, counts.get(new, 1)
        while name in taken:
            count += 1
            name = f"{new} ({count})"
        counts[new] = count
        taken.add(name)
        made[old] = name
    return made


def together(name: str) -> str:
    """Give a name without the number that `distinct` may have put behind it."""
    return _NUMBERED.sub("", name)
