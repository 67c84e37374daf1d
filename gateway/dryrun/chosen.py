"""Which places `--field` means: a JSON Pointer with concrete indexes or `*`, or a selector as the catalogue has it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from gateway.dryrun.story import FieldStory
from gateway.dryrun.together import Path
from gateway.formats.selector import ANY, parse

Chosen = Callable[[FieldStory], FieldStory | None]
"""Give the part of a place's story that was asked for, None where it is another place."""


def chosen(text: str, selectors: Collection[str] = ()) -> Chosen:
    """Read what was asked for. Raises ValueError, with words for people, for what is neither pointer nor selector.

    `selectors` are those of the catalogue that met something, in the words of any format.

    A pointer (RFC 6901) means what stands there and all below; `*` is any name or index, `?` any name, as in reports. A
    selector means the fields that have it in the catalogue, or what it selects in the whole body.
    """
    if text.startswith("$") and not (text in selectors and text.endswith(" (name)")):
        return _selected(text)
    if text.startswith("#"):  # outside of the body
        return lambda field: field if field.pointer == text or field.pointer.startswith(f"{text}/") else None
    if text in selectors:  # in the words of another format, or of names
        return lambda field: field if any(one.name == text for one in field.fields) else None
    if text and not text.startswith("/"):
        raise ValueError("a field is a JSON Pointer such as /customer/email, or a selector such as $.customer.email")
    wanted = tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])
    return lambda field: _narrowed(field, wanted)


def _selected(text: str) -> Chosen:
    selector = parse(text)
    way = tuple("*" if step is ANY else str(step) for step in selector.steps)

    def found(field: FieldStory) -> FieldStory | None:
        if any(one.name == text for one in field.fields):
            return field
        return _narrowed(field, way) if selector.steps else None

    return found


def _narrowed(field: FieldStory, wanted: tuple[str, ...]) -> FieldStory | None:
    """Keep the values at or below a way; None where there are none."""
    paths = tuple(path for path in field.paths if _leads(wanted, path))
    if not paths:
        return None
    return field if len(paths) == len(field.paths) else replace(field, paths=paths, values=len(paths))


def _leads(wanted: tuple[str, ...], path: Path) -> bool:
    return len(wanted) <= len(path) and all(
        part in {"*", "?"} or part == str(step) for part, step in zip(wanted, path, strict=False)
    )
