"""The classes that fields can have: the Fides taxonomy, and our own `business.*`. A parent covers its children."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from gateway.yamlsource.suggest import suggest


def _keys(name: str) -> Iterator[str]:
    """Read a list of keys that ships with the package: one a line, # begins a comment."""
    for line in files("gateway.catalog").joinpath(name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


CLASSES: frozenset[str] = frozenset((*_keys("fides.txt"), *_keys("business.txt")))
"""Every class that a catalogue or a policy may name."""


def known(class_: str) -> bool:
    """Tell whether the taxonomy has this class."""
    return class_ in CLASSES


def covers(parent: str, child: str) -> bool:
    """Tell whether a rule about `parent` reaches a field of class `child`: the class itself, or one below it."""
    return child == parent or child.startswith(f"{parent}.")


def suggestions(class_: str) -> str:
    """Give the hint for a class that the taxonomy doesn't have."""
    ending = sorted((key for key in CLASSES if key.endswith(f".{class_.lower()}")), key=lambda key: (len(key), key))
    if ending:
        return f'did you mean "{ending[0]}"?'
    nearest = suggest(class_, CLASSES)
    if nearest:
        return nearest
    root = class_.split(".", 1)[0]
    below = sorted(key for key in CLASSES if key.startswith(f"{root}.") and key.count(".") == 1)
    return f"there are, each with more below it: {', '.join(below or sorted(c for c in CLASSES if '.' not in c))}"
