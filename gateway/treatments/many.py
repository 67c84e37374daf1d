"""What treatments know of many texts at once: a column costs less as a whole than value by value, and becomes the same.

A table has thousands of values in a portion, and most of what they meet is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

from gateway.formats.document import Scalar, Signal
from gateway.tokens import jwe, sealed, shapes
from gateway.treatments.contract import Subject, Treatment
from gateway.treatments.encrypt import Encrypt
from gateway.treatments.keep import Keep
from gateway.treatments.mask import Mask
from gateway.treatments.pseudonymise import PREFIX, Pseudonymise
from gateway.treatments.redact import REDACTED, Redact
from gateway.treatments.refuse import Refuse
from gateway.treatments.remove import Remove
from gateway.treatments.seal import Seal
from gateway.treatments.tokenise import Tokenise

_ONLY_TEXTS = {str}


def all_treated(treatment: Treatment, subject: Subject) -> Callable[[Sequence[Scalar]], list[Scalar | Signal]]:
    """Give what treats each of many values as `apply` does with this subject."""
    apply = treatment.apply

    def each(values: Sequence[Scalar]) -> list[Scalar | Signal]:
        return [apply(value, subject) for value in values]

    def masked(values: Sequence[Scalar]) -> list[Scalar | Signal]:
        assert isinstance(treatment, Mask)
        if only_texts(values) and "".join(values).isascii():
            return list[Scalar | Signal](treatment.of_plain(values))
        return each(values)

    return masked if isinstance(treatment, Mask) else each


def traces(treatment: Treatment) -> tuple[str, ...] | None:
    """Give texts of which each text that it could have made holds one (but the empty text); None: there are none such.

    Where none of them stands in any of many texts, none need be looked at by itself.
    """
    match treatment:
        case Mask():
            return (treatment.character,)
        case Redact():
            return (treatment.constant if isinstance(treatment.constant, str) else REDACTED,)
        case Pseudonymise():
            return (PREFIX,)
        case Encrypt():
            return (jwe.START,)
        case Seal():
            return sealed.START_JWE, sealed.START_HPKE
        case Tokenise():
            return shapes.STARTS
        case Keep() | Remove() | Refuse():
            return ()
        case _:
            return None


def only_texts(values: Sequence[Scalar]) -> TypeGuard[Sequence[str]]:
    """Tell whether values are texts, all of them."""
    return set(map(type, values)) == _ONLY_TEXTS
