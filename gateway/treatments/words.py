"""A treatment in the words of a policy file: `mask keep_last 4`, `redact`, `keep`."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal

from gateway.formats.document import Scalar
from gateway.treatments.contract import Treatment
from gateway.treatments.registry import TREATMENTS


def told(treatment: Treatment | None) -> str:
    """Give a treatment with the options that were set; None is `keep`. Texts stand in quotes, as JSON has them."""
    if treatment is None:
        return "keep"
    known = TREATMENTS[treatment.NAME].OPTIONS
    options = ((option, getattr(treatment, option)) for option in _names(treatment) if option in known)
    set_ = [f"{option} {_written(value)}" for option, value in options if value != known[option].default]
    return " ".join([treatment.NAME, *set_])


def _names(treatment: Treatment) -> list[str]:
    """Name the options in the order in which the treatment has them; what follows from the others is left out."""
    names = [field.name for field in fields(treatment)]  # type: ignore[arg-type] # every treatment is a dataclass
    if treatment.NAME == "mask" and _option(treatment, "hide_up_to") == _shown(treatment):
        names.remove("hide_up_to")
    return names


def _option(treatment: Treatment, name: str) -> int:
    return int(getattr(treatment, name))


def _shown(treatment: Treatment) -> int:
    """Count the characters that a mask shows: it never masks less than that as a whole."""
    return _option(treatment, "keep_first") + _option(treatment, "keep_last")


def _written(value: Scalar) -> str:
    """Write an option's value; names of ways (`into year`) are told from texts by having no quotes."""
    if isinstance(value, str) and not value.isalpha():
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | Decimal) else "null"
