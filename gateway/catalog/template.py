"""Path templates: literal segments, and segments with a variable between literal ends: `/orders('{order}')/lines`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BRACES = re.compile(r"[{}]")
_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_LITERAL = re.compile(r"[^\x00-\x20\x7f\\%?#;]*")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. Without a variable, `prefix` is its whole text; with one, a value of one character or more."""

    prefix: str
    variable: str | None = None
    suffix: str = ""

    def take(self, text: str) -> str | None:
        """Give what the variable holds in a segment of a request; None where the segment doesn't fit."""
        size = len(self.prefix) + len(self.suffix)
        if len(text) <= size or not text.startswith(self.prefix) or not text.endswith(self.suffix):
            return None
        return text[len(self.prefix) : len(text) - len(self.suffix)]

    def fits(self, other: Segment) -> bool:
        """Tell whether every text that fits `other` fits here."""
        if self.variable is None:
            return self.prefix == other.prefix and other.variable is None
        if other.variable is None:
            return self.take(other.prefix) is not None
        return other.prefix.startswith(self.prefix) and other.suffix.endswith(self.suffix)

    def meets(self, other: Segment) -> bool:
        """Tell whether some text fits both."""
        if self.variable is None or other.variable is None:
            return self.fits(other) or other.fits(self)
        prefixes = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        return prefixes and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))


Template = tuple[Segment, ...]


def parse(path: str) -> Template:
    """Read a template; ValueError says in an officer's words what is wrong."""
    if not path.startswith("/"):
        raise ValueError("a path begins with /")
    if "?" in path:
        raise ValueError("a path ends before the ?: the query is no part of the operation")
    template = tuple(_segment(text) for text in path[1:].split("/"))
    if any(segment == Segment("") for segment in template[:-1]):
        raise ValueError("a path has no empty segments")
    names = list(variables(template))
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the variable {{{name}}} stands twice in this path")
    return template


def variables(template: Template) -> Iterator[str]:
    """Give the names of a template's variables, in order."""
    return (segment.variable for segment in template if segment.variable is not None)


def fits(wide: Template, narrow: Template) -> bool:
    """Tell whether every path that fits `narrow` fits `wide`."""
    return len(wide) == len(narrow) and all(w.fits(n) for w, n in zip(wide, narrow, strict=True))


def meet(one: Template, other: Template) -> bool:
    """Tell whether some path fits both."""
    return len(one) == len(other) and all(a.meets(b) for a, b in zip(one, other, strict=True))


def shared(one: Template, other: Template) -> Template | None:
    """Give the template of exactly the paths that fit both, where two that meet have one."""
    both = []
    for a, b in zip(one, other, strict=True):
        if not (a.fits(b) or b.fits(a)):
            return None
        both.append(b if a.fits(b) else a)
    return tuple(both)


def written(template: Template) -> str:
    """Give the template as text."""
    return "".join(f"/{s.prefix}{'' if s.variable is None else f'{{{s.variable}}}'}{s.suffix}" for s in template)


def _segment(text: str) -> Segment:
    found = list(_VARIABLE.finditer(text))
    if len(found) > 1:
        raise ValueError("a segment of a path has at most one {variable}")
    prefix, suffix = (text[: found[0].start()], text[found[0].end() :]) if found else (text, "")
    if _BRACES.search(prefix + suffix):
        raise ValueError("a variable is written {name}, with letters, digits, - and _")
    if not _LITERAL.fullmatch(prefix + suffix):
        raise ValueError("a path has no spaces, %, ;, # or \\; write characters as they are once decoded")
    if text and not text.strip(". "):
        raise ValueError("a path has no dot segments")
    return Segment(prefix, found[0][1] if found else None, suffix)
