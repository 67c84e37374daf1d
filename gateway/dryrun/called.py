"""Names of members as values by themselves, in a body in which numbers stand for values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_SIGN = "\ue000name\ue000"


class Called(str):
    """The step to the name of a member, beside what stands under it."""

    __slots__ = ()


def numbered(name: str, number: int) -> str:
    """Put a number behind a name."""
    return f"{name}{_SIGN}{number}"


def beside(body: Any, number: Callable[[str], int | None]) -> Any:
    """Let each number that stands behind a name stand beside the member instead; `number` reads it."""
    if isinstance(body, list):
        return [beside(inner, number) for inner in body]
    if not isinstance(body, dict):
        return body
    made: dict[str, Any] = {}
    for name, inner in body.items():
        own, sign, written = name.rpartition(_SIGN)
        if sign and (read := number(written)) is not None:
            made[Called(own + sign)] = read
        made[own if sign else name] = beside(inner, number)
    return made
