"""What a treatment can be told in a policy file: the loader, the JSON Schema and the docs all read it from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from gateway.formats.document import Scalar


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `minimum` and `maximum` bound an integer's value or a text's length; `choices` a choice.

    `scalar` is a text, a number, true or false. An option that is not `required` may be left out for its `default`.
    """

    type: Literal["integer", "text", "choice", "scalar"]
    help: str
    default: Scalar = None
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()

    def check(self, name: str, value: object) -> Scalar:
        """Give the value as the treatment takes it; ValueError says in an officer's words what is wrong with it."""
        if self.type == "integer":
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"{name} must be a whole number")
            self._bound(name, value, "must be")
            return value
        if self.type == "text":
            if not isinstance(value, str):
                raise ValueError(f"{name} must be text; put it in quotes")
            self._bound(name, len(value), "must have a length of")
            return value
        if self.type == "choice":
            if not isinstance(value, str) or value not in self.choices:
                raise ValueError(f"{name} must be one of {', '.join(self.choices)}")
            return value
        if isinstance(value, float):
            value = Decimal(repr(value))
            if not value.is_finite():
                raise ValueError(f"{name} must be a number that JSON can write")
        if not isinstance(value, str | int | Decimal):
            raise ValueError(f"{name} must be text, a number, true or false")  # noqa: TRY004 - one kind for all faults
        return value

    def _bound(self, name: str, size: int, verb: str) -> None:
        if self.minimum is not None and size < self.minimum:
            raise ValueError(f"{name} {verb} {self.minimum} or more")
        if self.maximum is not None and size > self.maximum:
            raise ValueError(f"{name} {verb} {self.maximum} or less")


def check_all(treatment: str, known: Mapping[str, Option], given: Mapping[str, object]) -> dict[str, Any]:
    """Check every option given; ValueError names the first that is unknown, missing or wrong."""
    for name in given:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes no options"
            raise ValueError(f"{treatment} has no option {name!r}; {takes}")
    for name, option in known.items():
        if option.required and name not in given:
            raise ValueError(f"{treatment} needs the option {name!r}: {option.help}")
    return {name: known[name].check(name, value) for name, value in given.items()}
