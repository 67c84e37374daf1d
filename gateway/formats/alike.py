"""Names that some readers take for one: ASP.NET and Go read members without case, others cut brackets and blanks off.

Where a name says whose data it is, or what is to be done, a second one that looks like it makes that anyone's guess.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache


def alike(name: str, wanted: str) -> bool:
    """Tell whether some reader takes a name for another: `Customer`, ` customer`, `customer[]` for `customer`."""
    if name == wanted:
        return True
    name, wanted = folded(name), folded(wanted)
    return name == wanted or name.startswith(f"{wanted}[")


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """Give a name without case, width, and blanks around it."""
    return unicodedata.normalize("NFKC", name).strip().casefold()
