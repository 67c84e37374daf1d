"""Reading bodies of a known shape in one pass, and proving them sound by writing them again.

Every scalar stays raw text; objects become structs that know the members seen before. Written again, the result must
be the body, byte by byte. That proves what the decoder does not tell: that no key was there twice and no member unknown
(either would be lost), that nothing was spaced or escaped. A body that fails is no error: it is read the slow way,
which is right for any body, and teaches the shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from gateway.errors import Unreadable
from gateway.formats.json_shape import ArrayShape, ObjectShape, Shape, learn

_ENCODER = msgspec.json.Encoder()
_PARSER = msgspec.json.Decoder()

_MOST_PLACES = 1000
_MOST_LESSONS = 16
_PATIENCE = 8
"""After so many bodies in a row that did not fit, only one in so many is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One member of an object: its name in the body, the struct's attribute for it, its mould or None for a leaf."""

    name: str
    attribute: str
    get: Callable[[Any], Any]
    mould: Mould | None


@dataclass(frozen=True, slots=True, eq=False)
class Mould:
    """A shape made ready: `type` is what msgspec decodes into, `kind` the class of what it makes, `depth` its nesting.

    An object has `members`; an array has an `element` mould, or None where its elements are leaves.
    """

    type: Any
    kind: type
    depth: int
    array: bool = False
    members: tuple[Member, ...] = ()
    element: Mould | None = None


def mould(shape: Shape | None, most: list[int] | None = None) -> Mould | None:
    """Make a shape ready, None for a leaf. ValueError where it is too large, or has names that msgspec can't take."""
    left = [_MOST_PLACES] if most is None else most
    left[0] -= 1
    if left[0] < 0:
        raise ValueError("too many places for one shape")
    if isinstance(shape, ArrayShape):
        element = mould(shape.element, left)
        kind: Any = list[Raw] if element is None else list[element.type | None]  # type: ignore[name-defined] # made here
        return Mould(kind, list, 1 + (element.depth if element else 0), array=True, element=element)
    if isinstance(shape, ObjectShape):
        members = tuple(
            Member(name, f"m{number}", attrgetter(f"m{number}"), mould(inner, left))
            for number, (name, inner) in enumerate(shape.members)
        )
        fields = [
            (member.attribute, member.mould.type | None | msgspec.UnsetType if member.mould else Raw, UNSET)
            for member in members
        ]
        names = {member.attribute: member.name for member in members}
        kind = msgspec.defstruct("Moulded", fields, rename=names, gc=False)
        depth = max((member.mould.depth for member in members if member.mould), default=0)
        return Mould(kind, kind, 1 + depth, members=members)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """A body in its mould: structs, lists, None for null, and raw text for scalars."""

    value: Any
    mould: Mould


@dataclass(slots=True, eq=False)
class Caster:
    """What has been learned of one message's bodies. A lesson replaces the mould; bodies in hand keep their own."""

    shape: Shape | None = None
    mould: Mould | None = None
    decoder: msgspec.json.Decoder[Any] | None = None
    lessons: int = 0
    misses: int = 0
    seen: int = field(default=0)

    def cast(self, body: bytes, max_depth: int) -> Cast | None:
        """Read a body of the known shape; None where it does not fit. Raises `Unreadable` for broken JSON."""
        ready, decoder = self.mould, self.decoder
        self.seen += 1
        if ready is None or decoder is None or ready.depth > max_depth:
            return None
        if self.misses >= _PATIENCE and self.seen % _PATIENCE:
            return None
        try:
            value = decoder.decode(body)
        except msgspec.ValidationError:
            value = None
        except msgspec.DecodeError:
            raise Unreadable("body-not-json", "the body is not valid JSON") from None
        except RecursionError:
            raise Unreadable("body-too-deep", f"the body is nested more than {max_depth} levels deep") from None
        if value is None or _ENCODER.encode(value) != body or not _closed(ready, value, body):
            self.misses += 1
            return None
        self.misses = 0
        return Cast(value, ready)

    def teach(self, body: bytes) -> None:
        """Learn from a body that did not fit, and is known to be sound."""
        if self.lessons >= _MOST_LESSONS:
            return
        try:
            shape = learn(self.shape, _PARSER.decode(body))
            if shape == self.shape:
                return  # it does not fit for how it is written, not for what it is
            ready = mould(shape)
        except (msgspec.ValidationError, ValueError, RecursionError):
            self.lessons = _MOST_LESSONS
            return
        self.shape = shape
        self.lessons += 1
        self.mould, self.decoder = ready, msgspec.json.Decoder(ready.type) if ready else None


def _closed(ready: Mould, value: Any, body: bytes) -> bool:
    """Tell whether every leaf is a scalar: only then has every object been proven."""
    objects, arrays = _count(ready, [value])
    if body.count(b"{") == objects and body.count(b"[") == arrays:
        return True
    return not any(bytes(memoryview(raw)[:1]) in b"{[" for raw in _leaves(ready, [value]))


def _count(ready: Mould, values: Sequence[Any]) -> tuple[int, int]:
    """Count the objects and arrays in values of one mould."""
    objects, arrays = (0, len(values)) if ready.array else (len(values), 0)
    for inner, found in _below(ready, values):
        if inner is not None:
            more = _count(inner, found)
            objects, arrays = objects + more[0], arrays + more[1]
    return objects, arrays


def _leaves(ready: Mould, values: Sequence[Any]) -> Iterator[Raw]:
    """Give the raw text of every leaf."""
    for inner, found in _below(ready, values, leaves=True):
        yield from found if inner is None else _leaves(inner, found)


def _below(ready: Mould, values: Sequence[Any], *, leaves: bool = False) -> Iterator[tuple[Mould | None, list[Any]]]:
    """Give what stands right below all values of one mould, place by place; leaves only where asked for."""
    if ready.array:
        if ready.element or leaves:
            together = chain.from_iterable(values)
            yield ready.element, [inner for inner in together if inner is not None]
        return
    for member in ready.members:
        if member.mould or leaves:
            found = map(member.get, values)
            yield member.mould, [inner for inner in found if inner is not UNSET and inner is not None]
